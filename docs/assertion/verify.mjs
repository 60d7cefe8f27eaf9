// Who is asking? By the assertion of mod_mynumber_verify, for a Node application.
//
// Needs jose (npm install jose). Run it: ISSUER=… AUDIENCE=… node verify.mjs PORT
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = process.env.ISSUER ?? 'https://portal.example.ac.jp' // MyNumberBaseURL
const audience = process.env.AUDIENCE ?? 'https://app.example.ac.jp' // what MyNumberAssertion says after aud=

// Keeps the keys, and asks again for one that it does not know: a roll-over needs nothing here.
const keys = createRemoteJWKSet(new URL(`${issuer}/mynumber/jwks.json`))

// The claims of a good assertion. Anything else throws.
export async function person(token) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['ES256'],
    issuer,
    audience,
    typ: 'mynumber-assertion+jwt',
    requiredClaims: ['sub', 'iat', 'exp', 'jti'],
  })
  return payload
}

createServer(async (request, response) => {
  let status = 200
  let answer
  try {
    answer = await person(request.headers['mynumber-assertion'] ?? '')
  } catch (problem) {
    status = 401
    answer = { problem: problem.message }
  }
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
}).listen(Number(process.argv[2]), '127.0.0.1')
