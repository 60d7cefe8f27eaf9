// Answers that a relying party must refuse (or must bear), made from the true answers of the provider.
//
// A case is one row of CASES: where it works, what the relying party should do, what it is, and a function that
// alters the true answer. The ID token is signed again with the provider's real key unless the case says otherwise,
// so that nothing but the named fault is wrong with it.

import * as crypto from 'node:crypto';
import { gzipSync } from 'node:zlib';

const b64u = (data) => Buffer.from(data).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const HASH = { 256: 'sha256', 384: 'sha384', 512: 'sha512' };

/** Signs as the algorithm's name says; `der` gives the ASN.1 form of an ECDSA signature, which JOSE does not allow. */
function sign(alg, jwk, data, { der = false } = {}) {
  const key = crypto.createPrivateKey({ key: jwk, format: 'jwk' });
  return crypto.sign(HASH[alg.slice(2)], data, alg.startsWith('ES') ? { key, dsaEncoding: der ? 'der' : 'ieee-p1363' } : key);
}

const hmac = (secret, data) => crypto.createHmac('sha256', secret).update(data).digest();

const publicPart = ({ kty, crv, x, y, n, e, kid, alg, use = 'sig' }) => JSON.parse(JSON.stringify({ kty, use, kid, alg, crv, x, y, n, e }));

/** Keys that only forged tokens use; made at first need. */
const forgeKeys = new Map();
function forgeKey(name) {
  if (!forgeKeys.has(name)) {
    const make = {
      'P-384': () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }),
      'RSA-1024': () => crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }),
      'stranger-EC': () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      'stranger-RSA': () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
    }[name];
    const jwk = make().privateKey.export({ format: 'jwk' });
    forgeKeys.set(name, { ...jwk, use: 'sig', kid: `standin-forge-${name.toLowerCase()}`, alg: { 'P-384': 'ES384', 'stranger-EC': 'ES256' }[name] ?? 'RS256' });
  }
  return forgeKeys.get(name);
}
const stranger = ({ kty }) => forgeKey(`stranger-${kty}`);
const OCT = { kty: 'oct', use: 'sig', kid: 'standin-forge-oct', alg: 'HS256', k: b64u('a symmetric key that everybody can read here') };

/** One ID token on its way through a case. */
function open(jwt, keys) {
  const [h, p] = jwt.split('.');
  const header = JSON.parse(Buffer.from(h, 'base64url'));
  const payload = JSON.parse(Buffer.from(p, 'base64url'));
  const key = keys.find((k) => k.kid === header.kid) || keys[0];
  return {
    header, payload, key, keys,
    headerText: undefined, payloadText: undefined,
    encodeHeader: b64u, encodePayload: b64u,
    signature: (data) => sign(key.alg, key, data),
    finish: (text) => text,
  };
}

function close(t) {
  const input = `${t.encodeHeader(t.headerText ?? JSON.stringify(t.header))}.${t.encodePayload(t.payloadText ?? JSON.stringify(t.payload))}`;
  return t.finish(`${input}.${b64u(t.signature(Buffer.from(input)))}`);
}

const publicPem = (jwk) => crypto.createPublicKey({ key: publicPart(jwk), format: 'jwk' }).export({ type: 'spki', format: 'pem' });

/** A member given twice: the first as it was, the second another one. */
const twice = (object, member, second) => JSON.stringify(object).replace(/}$/, `,${JSON.stringify(member)}:${JSON.stringify(second)}}`);

const deep = (n) => '['.repeat(n) + ']'.repeat(n);
const OTHER = 'https://other.example.org';

let bomb;
const gzipBomb = (json) => {
  bomb ??= Buffer.alloc(8 * 1024 * 1024, ' '); // more would take us longer to pack, on a busy machine, than anybody waits for an answer
  return gzipSync(Buffer.concat([Buffer.from(json), bomb]));
};

const CASES = {};
const add = (where, rows) => Object.entries(rows).forEach(([name, [expect, what, make]]) => { CASES[name] = { where, expect, what, make }; });

// ---- ID token ------------------------------------------------------------------------------------------------------
add('id-token', {
  'iss-other': ['refuse', 'iss is another issuer', (t) => { t.payload.iss = OTHER; }],
  'iss-slash': ['refuse', 'iss has a slash at its end', (t) => { t.payload.iss += '/'; }],
  'iss-missing': ['refuse', 'no iss', (t) => { delete t.payload.iss; }],
  'aud-other': ['refuse', 'aud is another client', (t) => { t.payload.aud = 'someoneelse'; }],
  'aud-missing': ['refuse', 'no aud', (t) => { delete t.payload.aud; }],
  'aud-empty-array': ['refuse', 'aud is []', (t) => { t.payload.aud = []; }],
  'aud-array-ok': ['accept', 'aud is an array with the client alone', (t) => { t.payload.aud = [t.payload.aud]; }],
  'aud-array-two-no-azp': ['refuse', 'aud has two members, no azp', (t) => { t.payload.aud = [t.payload.aud, 'someoneelse']; delete t.payload.azp; }],
  'aud-array-two-azp-ok': ['either', 'aud has two members, azp is the client', (t) => { t.payload.azp = t.payload.aud; t.payload.aud = [t.payload.aud, 'someoneelse']; }],
  'aud-array-two-azp-other': ['refuse', 'aud has two members, azp is the other', (t) => { t.payload.aud = [t.payload.aud, 'someoneelse']; t.payload.azp = 'someoneelse'; }],
  'aud-array-numbers': ['refuse', 'aud is [1, true, client]', (t) => { t.payload.aud = [1, true, t.payload.aud]; }],
  'azp-other': ['refuse', 'one aud, azp is another client', (t) => { t.payload.azp = 'someoneelse'; }],
  'exp-past': ['refuse', 'exp an hour ago', (t) => { t.payload.iat = now() - 7200; t.payload.exp = now() - 3600; }],
  'exp-within-skew': ['accept', 'exp 20 s ago (inside the default clock skew)', (t) => { t.payload.exp = now() - 20; }],
  'exp-missing': ['refuse', 'no exp', (t) => { delete t.payload.exp; }],
  'exp-string': ['refuse', 'exp is a string', (t) => { t.payload.exp = String(t.payload.exp); }],
  'exp-zero': ['refuse', 'exp is 0', (t) => { t.payload.exp = 0; }],
  'exp-negative': ['refuse', 'exp is -1', (t) => { t.payload.exp = -1; }],
  'exp-huge': ['refuse', 'exp is 1e300', (t) => { t.payloadText = JSON.stringify({ ...t.payload, exp: 0 }).replace('"exp":0', '"exp":1e300'); }],
  'iat-future': ['refuse', 'iat an hour ahead', (t) => { t.payload.iat = now() + 3600; t.payload.exp = now() + 7200; }],
  'iat-missing': ['refuse', 'no iat', (t) => { delete t.payload.iat; }],
  'iat-old': ['either', 'iat a day ago, exp ahead', (t) => { t.payload.iat = now() - 86400; }],
  'iat-string': ['refuse', 'iat is a string', (t) => { t.payload.iat = String(t.payload.iat); }],
  'nbf-future': ['refuse', 'nbf an hour ahead', (t) => { t.payload.nbf = now() + 3600; }],
  'nonce-missing': ['refuse', 'no nonce', (t) => { delete t.payload.nonce; }],
  'nonce-other': ['refuse', 'another nonce', (t) => { t.payload.nonce = `x${t.payload.nonce}`; }],
  'nonce-array': ['refuse', 'nonce is an array with the right one', (t) => { t.payload.nonce = [t.payload.nonce]; }],
  'nonce-prefix': ['refuse', 'nonce lacks its last character', (t) => { t.payload.nonce = String(t.payload.nonce).slice(0, -1); }],
  'at-hash-wrong': ['refuse', 'at_hash of another access token', (t) => { t.payload.at_hash = b64u(crypto.randomBytes(16)); }],
  'at-hash-missing': ['either', 'no at_hash', (t) => { delete t.payload.at_hash; }],
  'sub-missing': ['refuse', 'no sub', (t) => { delete t.payload.sub; }],
  'sub-empty': ['refuse', 'sub is ""', (t) => { t.payload.sub = ''; }],
  'sub-number': ['refuse', 'sub is a number', (t) => { t.payload.sub = 12345; }],
  'sub-long': ['refuse', 'sub has 256 characters', (t) => { t.payload.sub = 's'.repeat(256); }],
  'sub-255': ['either', 'sub has 255 characters (userinfo still has the true one)', (t) => { t.payload.sub = 's'.repeat(255); }],
  'sub-nul': ['refuse', 'a NUL inside sub', (t) => { t.payload.sub = `${t.payload.sub}\u0000x`; }],
  'sub-not-utf8': ['refuse', 'bytes in sub that are not UTF-8', (t) => {
    const text = Buffer.from(JSON.stringify({ ...t.payload, sub: '@@' }));
    const at = text.indexOf('@@');
    text[at] = 0xc3; text[at + 1] = 0x28;
    t.payloadText = text;
  }],
  'acr-missing': ['either', 'no acr (to be refused where an acr is demanded)', (t) => { delete t.payload.acr; }],
  'acr-other': ['either', 'acr "standin-low" (to be refused where another is demanded)', (t) => { t.payload.acr = 'standin-low'; }],
  'acr-array': ['either', 'acr is an array', (t) => { t.payload.acr = [t.payload.acr ?? 'aal3']; }],
  'auth-time-old': ['either', 'auth_time a day ago (to be refused where a fresh sign-in was demanded)', (t) => { t.payload.auth_time = now() - 86400; }],
  'alg-none': ['refuse', 'alg none, empty signature', (t) => { t.header = { alg: 'none', typ: 'JWT' }; t.signature = () => ''; }],
  'alg-none-mixed-case': ['refuse', 'alg "nOnE", empty signature', (t) => { t.header.alg = 'nOnE'; t.signature = () => ''; }],
  'alg-missing': ['refuse', 'no alg in the header', (t) => { delete t.header.alg; }],
  'alg-hs256-with-public-key': ['refuse', 'HS256, keyed with the public key as PEM', (t) => { t.header.alg = 'HS256'; t.signature = (d) => hmac(publicPem(t.key), d); }],
  'alg-hs256-with-public-key-x': ['refuse', 'HS256, keyed with the JWK\'s x (n for RSA), decoded', (t) => { t.header.alg = 'HS256'; t.signature = (d) => hmac(Buffer.from(t.key.x ?? t.key.n, 'base64url'), d); }],
  'alg-hs256-with-public-key-x-text': ['refuse', 'HS256, keyed with the JWK\'s x (n for RSA) as text', (t) => { t.header.alg = 'HS256'; t.signature = (d) => hmac(t.key.x ?? t.key.n, d); }],
  'alg-es384-header': ['refuse', 'header says ES384 (RS384), the signature is ES256 (RS256)', (t) => { t.header.alg = t.header.alg.replace('256', '384'); }],
  'alg-ps256-header': ['refuse', 'header says PS256', (t) => { t.header.alg = 'PS256'; }],
  'sig-flipped': ['refuse', 'one bit of the signature flipped', (t) => { const s = t.signature; t.signature = (d) => { const v = s(d); v[5] ^= 1; return v; }; }],
  'sig-der': ['refuse', 'ECDSA signature in DER (RSA: cut by a byte)', (t) => { t.signature = (d) => (t.key.kty === 'EC' ? sign(t.key.alg, t.key, d, { der: true }) : sign(t.key.alg, t.key, d).subarray(1)); }],
  'sig-empty': ['refuse', 'empty signature', (t) => { t.signature = () => ''; }],
  'sig-zero': ['refuse', 'signature of zero bytes (r = s = 0)', (t) => { const s = t.signature; t.signature = (d) => Buffer.alloc(s(d).length); }],
  'sig-long': ['refuse', 'a byte after the signature', (t) => { const s = t.signature; t.signature = (d) => Buffer.concat([s(d), Buffer.from([0])]); }],
  'sig-other-payload': ['refuse', 'sub changed after signing', (t) => {
    const true_ = { ...t.payload };
    t.payload.sub = `${t.payload.sub}x`;
    t.signature = () => sign(t.key.alg, t.key, Buffer.from(`${b64u(JSON.stringify(t.header))}.${b64u(JSON.stringify(true_))}`));
  }],
  'sig-stranger': ['refuse', 'signed by a key that is not published, under a published kid', (t) => { t.signature = (d) => sign(t.key.alg, stranger(t.key), d); }],
  'kid-unknown': ['refuse', 'kid that is not published, the true key', (t) => { t.header.kid = 'no-such-key'; }],
  'kid-missing': ['either', 'no kid', (t) => { delete t.header.kid; }],
  'kid-number': ['refuse', 'kid is a number', (t) => { t.header.kid = 1; }],
  'kid-long': ['refuse', 'kid of 10,000 characters', (t) => { t.header.kid = 'k'.repeat(10000); }],
  'kid-of-other-key': ['refuse', 'kid of another published key', (t) => { t.header.kid = (t.keys.find((k) => k.kid !== t.key.kid) ?? { kid: 'none' }).kid; }],
  'key-p384': ['refuse', 'signed with a published P-384 key, ES384', (t) => { const k = forgeKey('P-384'); t.header = { alg: 'ES384', kid: k.kid }; t.signature = (d) => sign('ES384', k, d); }],
  'key-rsa-1024': ['refuse', 'signed with a published RSA key of 1,024 bits', (t) => { const k = forgeKey('RSA-1024'); t.header = { alg: 'RS256', kid: k.kid }; t.signature = (d) => sign('RS256', k, d); }],
  'jwk-in-header': ['refuse', 'signed by a stranger\'s key, its public part in the header (jwk)', (t) => { const k = forgeKey('stranger-EC'); t.header = { alg: 'ES256', jwk: publicPart(k) }; t.signature = (d) => sign('ES256', k, d); }],
  'crit-unknown': ['refuse', 'crit names an extension nobody knows', (t) => { t.header.crit = ['standin']; t.header.standin = true; }],
  'crit-b64': ['refuse', 'crit b64:false', (t) => { t.header.crit = ['b64']; t.header.b64 = false; }],
  'dup-claim-sub': ['refuse', 'sub twice, the second another', (t) => { t.payloadText = twice(t.payload, 'sub', 'someone-else'); }],
  'dup-claim-nonce': ['refuse', 'nonce twice, the second another', (t) => { t.payloadText = twice(t.payload, 'nonce', 'other'); }],
  'dup-header-alg': ['refuse', 'alg twice: the true one, then none', (t) => { t.headerText = twice(t.header, 'alg', 'none'); }],
  'payload-junk': ['refuse', 'text after the claims\' JSON', (t) => { t.payloadText = `${JSON.stringify(t.payload)} x`; }],
  'payload-array': ['refuse', 'the claims are an array', (t) => { t.payloadText = JSON.stringify([t.payload]); }],
  'payload-deep': ['refuse', 'a claim of 10,000 nested arrays', (t) => { t.payloadText = JSON.stringify(t.payload).replace(/}$/, `,"x":${deep(10000)}}`); }],
  'two-dots': ['refuse', 'an empty segment: header..payload.signature', (t) => { t.finish = (j) => j.replace('.', '..'); }],
  'segments-two': ['refuse', 'no signature segment', (t) => { t.finish = (j) => j.slice(0, j.lastIndexOf('.')); }],
  'segments-four': ['refuse', 'a fourth segment', (t) => { t.finish = (j) => `${j}.AAAA`; }],
  'segments-five': ['refuse', 'five segments, as in JWE', (t) => { t.finish = (j) => `${j}.AAAA.AAAA`; }],
  'padding-in-base64': ['refuse', 'payload segment with = padding, signed so', (t) => {
    let text = JSON.stringify(t.payload);
    while (Buffer.byteLength(text) % 3 === 0) text += ' ';
    t.payloadText = text;
    t.encodePayload = (d) => Buffer.from(d).toString('base64').replace(/\+/g, '-').replace(/\//g, '_');
  }],
  'base64-plain': ['refuse', 'payload in the plain base64 alphabet (+ and /), signed so', (t) => {
    t.payloadText = JSON.stringify({ ...t.payload, x: '???>>>~~~' });
    t.encodePayload = (d) => Buffer.from(d).toString('base64').replace(/=/g, '');
    // shift the text until the alphabet's difference really shows
    while (!/[+/]/.test(t.encodePayload(t.payloadText))) t.payloadText = t.payloadText.replace(/}$/, ' ,"y":"?>~"}');
  }],
  'trailing-junk': ['refuse', 'characters outside base64url after the signature', (t) => { t.finish = (j) => `${j}!junk`; }],
  'trailing-newline': ['refuse', 'a line feed after the signature', (t) => { t.finish = (j) => `${j}\n`; }],
  'leading-space': ['refuse', 'a space before the token', (t) => { t.finish = (j) => ` ${j}`; }],
  'id-token-number': ['refuse', 'id_token is a number', (t) => { t.finish = () => 12345; }],
  'id-token-empty': ['refuse', 'id_token is ""', (t) => { t.finish = () => ''; }],
  'id-token-large': ['refuse', 'id_token with a claim of 2 MB', (t) => { t.payload.x = 'x'.repeat(2 * 1024 * 1024); }],
});

// ---- transport faults, the same for every JSON answer -----------------------------------------------------------------
const body = (ctx) => JSON.stringify(ctx.body);
function raw(ctx, text, type = 'application/json; charset=utf-8') { ctx.body = text; ctx.set('content-type', type); }
const faults = (of) => ({
  [`${of}-html`]: ['refuse', 'the true JSON as text/html', (ctx) => raw(ctx, body(ctx), 'text/html; charset=utf-8')],
  [`${of}-html-page`]: ['refuse', 'an HTML page with status 200', (ctx) => raw(ctx, '<!doctype html><title>Maintenance</title><p>Maintenance', 'text/html; charset=utf-8')],
  [`${of}-500`]: ['refuse', 'status 500', (ctx) => { ctx.status = 500; raw(ctx, '{"error":"server_error"}'); }],
  [`${of}-503`]: ['refuse', 'status 503 with Retry-After', (ctx) => { ctx.status = 503; ctx.set('retry-after', '120'); raw(ctx, '{"error":"temporarily_unavailable"}'); }],
  [`${of}-redirect-307`]: ['refuse', 'redirect 307 to another origin (which records what it gets)', (ctx, s) => { ctx.status = 307; ctx.set('location', s.trap); raw(ctx, ''); }],
  [`${of}-redirect-302`]: ['refuse', 'redirect 302 to another origin (which records what it gets)', (ctx, s) => { ctx.status = 302; ctx.set('location', s.trap); raw(ctx, ''); }],
  [`${of}-slow`]: ['refuse', 'never answers', (ctx) => new Promise((done) => { ctx.res.once('close', done); })],
  [`${of}-drip`]: ['refuse', 'a byte a second, without end', (ctx) => {
    ctx.respond = false;
    ctx.res.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => ctx.res.write(' '), 1000);
    return new Promise((done) => { ctx.res.once('close', () => { clearInterval(timer); done(); }); });
  }],
  [`${of}-cut`]: ['refuse', 'the connection closes in the middle of the body', (ctx) => {
    const text = body(ctx);
    ctx.respond = false;
    ctx.res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    ctx.res.write(text.slice(0, text.length >> 1), () => ctx.res.destroy());
  }],
  [`${of}-huge`]: ['refuse', 'the true JSON with 5 MB of another member', (ctx) => raw(ctx, JSON.stringify({ padding: 'x'.repeat(5 * 1024 * 1024), ...ctx.body }))],
  [`${of}-gzip-bomb`]: ['refuse', '8 MB of spaces behind the true JSON, gzip-encoded', (ctx) => { const z = gzipBomb(body(ctx)); ctx.set('content-encoding', 'gzip'); raw(ctx, z); }],
  [`${of}-json-deep`]: ['refuse', 'a member of 10,000 nested arrays', (ctx) => raw(ctx, body(ctx).replace(/}$/, `,"x":${deep(10000)}}`))],
  [`${of}-json-cut`]: ['refuse', 'the JSON without its last character', (ctx) => raw(ctx, body(ctx).slice(0, -1))],
  [`${of}-json-junk`]: ['refuse', 'text after the JSON', (ctx) => raw(ctx, `${body(ctx)}x`)],
  [`${of}-empty`]: ['refuse', 'status 200 with an empty body', (ctx) => raw(ctx, '')],
});

add('token', {
  ...faults('token'),
  'json-deep': ['refuse', 'token answer with a member of 10,000 nested arrays', (ctx) => raw(ctx, body(ctx).replace(/}$/, `,"x":${deep(10000)}}`))],
  'json-dup': ['refuse', 'token answer with id_token twice, the second another', (ctx) => raw(ctx, twice(ctx.body, 'id_token', 'eyJhbGciOiJub25lIn0.e30.'))],
  'token-type-other': ['refuse', 'token_type mac', (ctx) => { ctx.body = { ...ctx.body, token_type: 'mac' }; }],
  'token-type-missing': ['refuse', 'no token_type', (ctx) => { const { token_type, ...rest } = ctx.body; ctx.body = rest; }],
  'token-type-lower': ['accept', 'token_type "bearer"', (ctx) => { ctx.body = { ...ctx.body, token_type: 'bearer' }; }],
  'access-token-missing': ['refuse', 'no access_token', (ctx) => { const { access_token, ...rest } = ctx.body; ctx.body = rest; }],
  'access-token-crlf': ['refuse', 'CR LF and a header inside access_token', (ctx) => { ctx.body = { ...ctx.body, access_token: 'abc\r\nX-Injected: 1' }; }],
  'id-token-missing': ['refuse', 'no id_token', (ctx) => { const { id_token, ...rest } = ctx.body; ctx.body = rest; }],
  'token-400': ['refuse', 'invalid_grant', (ctx) => { ctx.status = 400; raw(ctx, '{"error":"invalid_grant","error_description":"Code not valid"}'); }],
  'token-401': ['refuse', 'invalid_client', (ctx) => { ctx.status = 401; raw(ctx, '{"error":"invalid_client","error_description":"<script>alert(1)</script>"}'); }],
  'token-array': ['refuse', 'the answer is an array', (ctx) => raw(ctx, JSON.stringify([ctx.body]))],
});

// ---- userinfo --------------------------------------------------------------------------------------------------------
const change = (members) => (ctx) => { ctx.body = { ...ctx.body, ...members }; };
add('userinfo', {
  ...faults('userinfo'),
  'userinfo-sub-other': ['refuse', 'another sub', change({ sub: 'someone-else' })],
  'userinfo-sub-missing': ['refuse', 'no sub', (ctx) => { const { sub, ...rest } = ctx.body; ctx.body = rest; }],
  'userinfo-sub-dup': ['refuse', 'sub twice, the second another', (ctx) => raw(ctx, twice(ctx.body, 'sub', 'someone-else'))],
  'userinfo-jwt': ['refuse', 'a signed JWT (application/jwt), not JSON', (ctx, s) => {
    const [key] = s.keys;
    const input = `${b64u(JSON.stringify({ alg: key.alg, kid: key.kid }))}.${b64u(body(ctx))}`;
    raw(ctx, `${input}.${b64u(sign(key.alg, key, Buffer.from(input)))}`, 'application/jwt');
  }],
  'userinfo-401': ['refuse', 'status 401, invalid_token', (ctx) => { ctx.status = 401; ctx.set('www-authenticate', 'Bearer error="invalid_token"'); raw(ctx, '{"error":"invalid_token"}'); }],
  'userinfo-array': ['refuse', 'the answer is an array', (ctx) => raw(ctx, JSON.stringify([ctx.body]))],
  'userinfo-name-number': ['either', 'name is a number (never to be shown as a name)', change({ name: 42 })],
  'userinfo-name-object': ['either', 'name is an object', change({ name: { formatted: 'x' } })],
  'userinfo-name-long': ['either', 'name of 100 KB', change({ name: '長'.repeat(Math.ceil(100 * 1024 / 3)) })],
  'userinfo-name-control-chars': ['either', 'CR, LF, NUL and a header in name (never to reach a header as they are)', change({ name: '山田\r\nMyNumber-Account: admin\u0000太郎' })],
  'userinfo-name-html': ['accept', 'markup in name (to be escaped)', change({ name: '<script>alert(1)</script>"\'&' })],
  'userinfo-name-bidi': ['either', 'bidirectional override in name', change({ name: '\u202e郎太田山' })],
  'userinfo-name-not-utf8': ['either', 'bytes in name that are not UTF-8', (ctx) => {
    const text = Buffer.from(JSON.stringify({ ...ctx.body, name: '@@' }));
    const at = text.indexOf('"@@"') + 1;
    text[at] = 0xc3; text[at + 1] = 0x28;
    raw(ctx, text);
  }],
  'userinfo-name-surrogate': ['either', 'half a surrogate pair in name (\\ud842)', (ctx) => raw(ctx, JSON.stringify({ ...ctx.body, name: '@@' }).replace('"@@"', '"\\ud842野"'))],
  'userinfo-birthdate-bad': ['either', 'birthdate 20010230, no day of the calendar', change({ birthdate: '20010230' })],
  'userinfo-birthdate-text': ['either', 'birthdate "昭和55年1月1日"', change({ birthdate: '昭和55年1月1日' })],
  'userinfo-birthdate-future': ['either', 'birthdate 29990101', change({ birthdate: '29990101' })],
  'userinfo-birthdate-number': ['either', 'birthdate is a number', change({ birthdate: 20010203 })],
  'userinfo-birthdate-standard': ['accept', 'birthdate in the OIDC form YYYY-MM-DD', change({ birthdate: '2001-02-03' })],
  'userinfo-gender-bad': ['either', 'gender "7"', change({ gender: '7' })],
  'userinfo-gender-number': ['either', 'gender is the number 1', change({ gender: 1 })],
  'userinfo-address-object': ['accept', 'address as the OIDC object', change({ address: { formatted: '東京都千代田区霞が関1-2-3', country: 'JP' } })],
  'userinfo-more': ['accept', 'name, address, birthdate and gender, whatever was asked for', change({ name: '余分太郎', address: '東京都千代田区永田町1-7-1', birthdate: '19700101', gender: '1' })],
  'userinfo-all-missing': ['accept', 'sub alone', (ctx) => { ctx.body = { sub: ctx.body.sub }; }],
});

// ---- keys --------------------------------------------------------------------------------------------------------------
add('certs', {
  ...faults('certs'),
  'certs-empty': ['refuse', 'an empty key set', (ctx) => raw(ctx, '{"keys":[]}')],
  'certs-no-keys': ['refuse', '{}', (ctx) => raw(ctx, '{}')],
  'certs-oct-key': ['refuse', 'a symmetric key published, the ID token signed with it (HS256)', (ctx) => { ctx.body = { keys: [...ctx.body.keys, OCT] }; }],
  'certs-dup-kid': ['either', 'a stranger\'s key first, under the true key\'s kid', (ctx) => { const k = ctx.body.keys[0]; ctx.body = { keys: [{ ...publicPart(stranger(k)), kid: k.kid }, ...ctx.body.keys] }; }],
  'certs-bad-point': ['refuse', 'the EC key\'s point is not on the curve (RSA: n is 1)', (ctx) => { ctx.body = { keys: ctx.body.keys.map((k) => (k.kty === 'EC' ? { ...k, y: k.x } : { ...k, n: 'AQ' })) }; }],
  'certs-use-enc': ['refuse', 'the keys are marked use=enc', (ctx) => { ctx.body = { keys: ctx.body.keys.map((k) => ({ ...k, use: 'enc' })) }; }],
  'certs-strange-ok': ['accept', 'unknown kinds of keys and an encryption key beside the true ones', (ctx) => {
    ctx.body = { keys: [{ kty: 'FUTURE', kid: 'future', q: 1 }, { kty: 'OKP', crv: 'X448', kid: 'okp', use: 'enc', x: 'AAAA' }, 'text', { ...publicPart(forgeKey('stranger-EC')), use: 'enc', kid: 'enc', alg: 'ECDH-ES' }, ...ctx.body.keys] };
  }],
  'certs-no-alg-ok': ['accept', 'keys without alg and use', (ctx) => { ctx.body = { keys: ctx.body.keys.map(({ alg, use, ...k }) => k) }; }],
  'certs-many': ['either', '1,000 keys before the true ones', (ctx) => { const k = publicPart(forgeKey('stranger-EC')); ctx.body = { keys: [...Array.from({ length: 1000 }, (_, i) => ({ ...k, kid: `many-${i}` })), ...ctx.body.keys] }; }],
});
// certs-oct-key needs the token as well
CASES['certs-oct-key'].token = (t) => { t.header = { alg: 'HS256', kid: OCT.kid }; t.signature = (d) => hmac(Buffer.from(OCT.k, 'base64url'), d); };

// ---- discovery -----------------------------------------------------------------------------------------------------------
add('discovery', {
  ...faults('discovery'),
  'discovery-404': ['refuse', 'status 404', (ctx) => { ctx.status = 404; raw(ctx, '{}'); }],
  'discovery-issuer-other': ['refuse', 'issuer is another', change({ issuer: OTHER })],
  'discovery-issuer-slash': ['refuse', 'issuer has a slash at its end', (ctx) => { ctx.body = { ...ctx.body, issuer: `${ctx.body.issuer}/` }; }],
  'discovery-endpoint-http': ['refuse', 'token endpoint by plain http on another host', change({ token_endpoint: 'http://other.example.org/token' })],
  'discovery-endpoint-missing': ['refuse', 'no token endpoint', (ctx) => { const { token_endpoint, ...rest } = ctx.body; ctx.body = rest; }],
  'discovery-endpoint-file': ['refuse', 'jwks_uri is a file: URL', change({ jwks_uri: 'file:///etc/passwd' })],
  'discovery-no-es256': ['either', 'the algorithm in use is not named', change({ id_token_signing_alg_values_supported: ['PS512'] })],
});

// ---- the browser's way back ------------------------------------------------------------------------------------------------
const query = (edit) => (url) => { edit(url.searchParams, url); };
add('callback', {
  'callback-iss-other': ['refuse', 'iss is another issuer', query((q) => q.set('iss', OTHER))],
  'callback-iss-missing': ['accept', 'no iss', query((q) => q.delete('iss'))],
  'callback-iss-dup': ['refuse', 'iss twice, the second another', query((q) => q.append('iss', OTHER))],
  'callback-state-dup': ['refuse', 'state twice, the second another', query((q) => q.append('state', 'other'))],
  'callback-state-same-dup': ['refuse', 'the same state twice', query((q) => q.append('state', q.get('state')))],
  'callback-state-other': ['refuse', 'another state', query((q) => q.set('state', 'other'))],
  'callback-state-missing': ['refuse', 'no state', query((q) => q.delete('state'))],
  'callback-state-long': ['refuse', 'state of 5,000 characters', query((q) => q.set('state', 's'.repeat(5000)))],
  'callback-code-dup': ['refuse', 'code twice, the second another', query((q) => q.append('code', 'other'))],
  'callback-code-and-error': ['refuse', 'code and error together', query((q) => q.set('error', 'access_denied'))],
  'callback-code-missing': ['refuse', 'neither code nor error', query((q) => q.delete('code'))],
  'callback-code-empty': ['refuse', 'code is empty', query((q) => q.set('code', ''))],
  'callback-code-other': ['refuse', 'a code that was never given out', query((q) => q.set('code', 'no-such-code'))],
  'callback-code-long': ['refuse', 'code of 5,000 characters', query((q) => q.set('code', 'c'.repeat(5000)))],
  'callback-error-html': ['refuse', 'error and error_description with markup and line feeds', query((q) => { q.delete('code'); q.set('error', 'access_denied<b>'); q.set('error_description', '<script>alert(1)</script>\r\nX: 1'); })],
  'callback-unknown-params': ['accept', 'parameters nobody knows', query((q) => { q.set('future', '1'); q.append('future', '2'); q.set('session_state', 'x'.repeat(100)); })],
  'callback-response-jwt': ['refuse', 'a response parameter (JARM) instead of code', query((q) => { q.delete('code'); q.set('response', 'eyJhbGciOiJub25lIn0.e30.'); })],
});

// ---- logout tokens (only through POST /standin/logout-token) ------------------------------------------------------------------
add('logout-token', {
  'logout-nonce': ['refuse', 'a nonce in the logout token', (t) => { t.payload.nonce = 'n'; }],
  'logout-events-missing': ['refuse', 'no events', (t) => { delete t.payload.events; }],
  'logout-events-other': ['refuse', 'another event', (t) => { t.payload.events = { 'https://other.example.org/event': {} }; }],
  'logout-events-array': ['refuse', 'events is an array', (t) => { t.payload.events = ['http://schemas.openid.net/event/backchannel-logout']; }],
  'logout-event-no-object': ['refuse', 'the event is true, not an object', (t) => { t.payload.events = { 'http://schemas.openid.net/event/backchannel-logout': true }; }],
  'logout-typ-other': ['refuse', 'typ at+jwt', (t) => { t.header.typ = 'at+jwt'; }],
  'logout-typ-missing': ['accept', 'no typ', (t) => { delete t.header.typ; }],
  'logout-as-id-token': ['refuse', 'what an ID token holds: a nonce, and no events', (t) => { t.header.typ = undefined; t.payload.nonce = 'n'; delete t.payload.events; }],
  'logout-jti-missing': ['refuse', 'no jti', (t) => { delete t.payload.jti; }],
  'logout-no-subject': ['refuse', 'neither sub nor sid', (t) => { delete t.payload.sub; delete t.payload.sid; }],
  'logout-sid-only': ['accept', 'sid without sub', (t) => { delete t.payload.sub; }],
});

export const caseNames = Object.keys(CASES);
export const isCase = (name) => Object.hasOwn(CASES, name);
export const listCases = () => Object.entries(CASES).map(([name, { where, expect, what }]) => ({ name, where, expect, what }));

/** Alters an ID token (or logout token) as the case says; other cases leave it alone. */
export function forgeJwt(name, jwt, keys) {
  const row = CASES[name];
  const make = row?.token ?? (['id-token', 'logout-token'].includes(row?.where) ? row.make : undefined);
  if (!make) return jwt;
  const t = open(jwt, keys);
  make(t);
  return close(t);
}

/** Alters the answer in ctx if the case works on `where`; may wait for ever. `s` = {keys, trap}. */
export async function forgeAnswer(where, name, ctx, s) {
  const row = CASES[name];
  if (!row || ctx.status !== 200) return;
  if (where === 'token' && typeof ctx.body?.id_token === 'string') {
    const forged = forgeJwt(name, ctx.body.id_token, s.keys);
    if (forged !== ctx.body.id_token) ctx.body = { ...ctx.body, id_token: forged };
  }
  if (row.where === where) await row.make(ctx, s);
}

/** Alters the URL the browser is sent back to. */
export function forgeCallback(name, location) {
  const row = CASES[name];
  if (row?.where !== 'callback') return location;
  const url = new URL(location);
  row.make(url);
  return url.href;
}

/** Keys that a case needs published (key-p384, key-rsa-1024), or all of them. */
export function forgedPublicKeys(name, all = false) {
  const names = [...(all || name === 'key-p384' ? ['P-384'] : []), ...(all || name === 'key-rsa-1024' ? ['RSA-1024'] : [])];
  return names.map((n) => publicPart(forgeKey(n)));
}
