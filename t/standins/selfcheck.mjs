#!/usr/bin/env node
// Starts both stand-ins on free ports and runs whole code flows and the refusals against them. Prints TAP.

import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as jose from 'jose';

const here = path.dirname(fileURLToPath(import.meta.url));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'standins-'));
const children = [];
let count = 0;
let failed = 0;
const ok = (good, what, detail) => {
  count += 1;
  if (!good) failed += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${what}`);
  if (!good && detail !== undefined) console.log(`# ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`);
};
const is = (got, wanted, what) => ok(JSON.stringify(got) === JSON.stringify(wanted), what, { got, wanted });

async function startOne(script, config) {
  const file = path.join(dir, `${script}-${children.length}.json`);
  fs.writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, [path.join(here, script), file], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  child.stderr.on('data', (d) => { if (process.env.VERBOSE || !/NOTICE|WARNING/.test(d)) process.stderr.write(d); });
  return new Promise((done, refuse) => {
    let out = '';
    child.stdout.on('data', (d) => { out += d; const m = /^ready (\S+)$/m.exec(out); if (m) done({ issuer: m[1], origin: new URL(m[1]).origin, child }); });
    child.once('exit', (code) => refuse(new Error(`${script} ended with ${code}`)));
  });
}

const REDIRECT = 'http://localhost:9999/mynumber/verify/callback';
const b64u = (n) => crypto.randomBytes(n).toString('base64url');
const get = (url, headers = {}) => fetch(url, { headers, redirect: 'manual' });
const post = (url, value) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }).then(async (r) => ({ status: r.status, ...(await r.json()) }));

/** A relying party with its keys. */
async function party(id, alg) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg);
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: `${id}-key`, alg, use: 'sig' };
  return { id, alg, privateKey, client: { client_id: id, redirect_uris: [REDIRECT], jwks: { keys: [jwk] }, token_endpoint_auth_method: 'private_key_jwt' } };
}

function authorization(op, rp, change = {}) {
  const verifier = b64u(32);
  const params = {
    response_type: 'code', client_id: rp.id, redirect_uri: REDIRECT, scope: op.scope, state: b64u(16), nonce: b64u(16),
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...change,
  };
  for (const [k, v] of Object.entries(params)) if (v === undefined) delete params[k];
  return { verifier, params, url: `${op.issuer}${op.auth}?${new URLSearchParams(params)}` };
}

async function assertion(op, rp, change = {}) {
  const now = Math.floor(Date.now() / 1000);
  return new jose.SignJWT({ iss: rp.id, sub: rp.id, aud: `${op.issuer}${op.token}`, iat: now, exp: now + 60, jti: crypto.randomUUID(), ...change })
    .setProtectedHeader({ alg: rp.alg, kid: `${rp.id}-key` }).sign(rp.privateKey);
}

async function token(op, rp, flow, code, { change = {}, assert, query = '', secret } = {}) {
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, client_id: rp.id, code_verifier: flow.verifier, ...change };
  const headers = {};
  if (secret) {
    headers.authorization = `Basic ${Buffer.from(`${rp.id}:${secret}`).toString('base64')}`;
  } else {
    form.client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    form.client_assertion = assert ?? await assertion(op, rp);
  }
  const answer = await fetch(`${op.issuer}${op.token}${query}`, { method: 'POST', headers, body: new URLSearchParams(form) });
  return { status: answer.status, type: answer.headers.get('content-type'), ...(await answer.json().catch(() => ({}))) };
}

async function login(op, rp, headers, change) {
  const flow = authorization(op, rp, change);
  const answer = await get(flow.url, headers);
  const location = answer.headers.get('location');
  return { flow, status: answer.status, location, back: location ? new URL(location, op.origin).searchParams : new URLSearchParams() };
}

async function whole(op, rp, headers, change, options) {
  const { flow, back, location } = await login(op, rp, headers, change);
  if (!back.get('code')) return { location };
  const tokens = await token(op, rp, flow, back.get('code'), options);
  if (!tokens.id_token) return { back, flow, tokens };
  const keys = jose.createRemoteJWKSet(new URL(op.issuer + op.certs));
  const { payload, protectedHeader } = await jose.jwtVerify(tokens.id_token, keys, { issuer: op.issuer, audience: rp.id });
  const userinfo = await fetch(op.issuer + op.userinfo, { headers: { authorization: `Bearer ${tokens.access_token}` } }).then((r) => r.json());
  return { back, flow, tokens, payload, header: protectedHeader, userinfo };
}

const atHash = (text) => crypto.createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');

async function serviceChecks() {
  const es = await party('esparty', 'ES256');
  const rs = await party('rsparty', 'RS256');
  const op = { scope: 'openid name address birthdate gender', auth: '/protocol/openid-connect/auth', token: '/protocol/openid-connect/token', certs: '/protocol/openid-connect/certs', userinfo: '/protocol/openid-connect/userinfo' };
  Object.assign(op, await startOne('identification-service.mjs', { port: 0, test: true, unattended: 'adult', clients: [rs.client] }));
  ok(/\/api\/realms\/main$/.test(op.issuer), 'issuer has the path /api/realms/main');
  is((await post(`${op.origin}/standin/control`, { client: es.client })).status, 200, 'a client is added at run time');

  const found = await fetch(`${op.issuer}/.well-known/openid-configuration`).then((r) => r.json());
  is([found.issuer, found.token_endpoint, found.jwks_uri], [op.issuer, op.issuer + op.token, op.issuer + op.certs], 'discovery names the endpoints');
  is(found.token_endpoint_auth_methods_supported, ['private_key_jwt'], 'private_key_jwt alone');

  const subjects = [];
  for (const rp of [es, rs]) {
    const w = await whole(op, rp);
    ok(w.payload, `${rp.alg}: whole code flow`, w);
    if (!w.payload) continue;
    subjects.push(w.payload.sub);
    is(w.header.alg, 'ES256', `${rp.alg}: the ID token is ES256`);
    is([w.payload.aud, w.payload.nonce, w.payload.at_hash], [rp.id, w.flow.params.nonce, atHash(w.tokens.access_token)], `${rp.alg}: aud, nonce, at_hash`);
    is([w.back.get('state'), w.back.get('iss')], [w.flow.params.state, op.issuer], `${rp.alg}: state and iss come back`);
    ok(w.back.get('session_state'), `${rp.alg}: session_state comes back`);
    is(w.userinfo, { sub: w.payload.sub, name: '山田太郎', address: '東京都千代田区霞が関一丁目2番3号', birthdate: '19800401', gender: '1' }, `${rp.alg}: userinfo in the service's shapes`);
  }
  ok(subjects[0] !== subjects[1], 'subjects differ between clients');
  is((await whole(op, es)).payload.sub, subjects[0], 'the subject stays');
  const byHeader = async (id) => whole(op, es, { 'x-standin-person': id });
  is((await byHeader('kanji')).userinfo.name, '𠮷野葛󠄀美', 'X-Standin-Person chooses; 4-byte kanji and variation selector intact');
  is((await whole(op, es, { cookie: 'standin_person=foreign' })).userinfo.name, "O'CONNOR-NGUYEN MARIA THERESA", 'the cookie chooses');
  is((await byHeader('null')).userinfo.address, null, 'a null detail');
  is((await byHeader('empty')).userinfo.birthdate, '', 'an empty detail');
  is(Object.keys((await byHeader('omitted')).userinfo), ['sub'], 'details left out');
  ok((await byHeader('changed')).payload.sub !== (await byHeader('changed-after')).payload.sub, 'a changed subject');
  is((await login(op, es, { 'x-standin-person': 'lapsed' })).back.get('error'), 'access_denied', 'a lapsed certificate');
  is((await whole(op, es, {}, { scope: 'openid' })).userinfo.name, undefined, 'a detail that was not asked for does not come');
  is((await whole(op, es, {}, { acr_values: 'aal3 crl' })).payload.acr, 'aal3', 'acr when asked for');
  const minor = (await byHeader('minor')).userinfo.birthdate;
  is(Math.floor((Date.now() - Date.UTC(minor.slice(0, 4), minor.slice(4, 6) - 1, minor.slice(6))) / 31556952000), 17, 'the minor is 17');

  // refusals of the authorization request
  const refused = async (change, what, error = 'invalid_request') => {
    const l = await login(op, es, {}, change);
    is([l.back.get('error'), l.back.get('code')], [error, null], what);
  };
  const page = async (change, what) => {
    const l = await login(op, es, {}, change);
    is([l.status, l.location], [400, null], what);
  };
  await page({ state: 's'.repeat(256) }, 'state over 255 characters is refused on a page');
  ok((await login(op, es, {}, { state: 's'.repeat(255) })).back.get('code'), 'state of 255 characters passes');
  await page({ state: undefined }, 'no state is refused');
  await page({ state: '状態' }, 'state outside ASCII is refused');
  await refused({ nonce: undefined }, 'no nonce is refused');
  await refused({ nonce: 'n'.repeat(256) }, 'nonce over 255 characters is refused');
  await refused({ code_challenge: undefined, code_challenge_method: undefined }, 'no PKCE is refused');
  await refused({ code_challenge_method: 'plain' }, 'PKCE plain is refused');
  await refused({ scope: 'openid email' }, 'an unknown scope is refused', 'invalid_scope');
  ok(/[#&]error=unsupported_response_type/.test((await login(op, es, {}, { response_type: 'code id_token' })).location), 'another response_type is refused');
  await page({ redirect_uri: 'http://localhost:9999/other' }, 'an unknown redirect_uri is refused');

  // refusals of the token request
  const tokenRefused = async (what, options, status = 401) => {
    const { flow, back } = await login(op, es);
    is((await token(op, es, flow, back.get('code'), await options(flow))).status, status, what);
  };
  const now = Math.floor(Date.now() / 1000);
  await tokenRefused('assertion of two minutes is refused', async () => ({ assert: await assertion(op, es, { exp: now + 120 }) }));
  await tokenRefused('assertion with the issuer as aud is refused', async () => ({ assert: await assertion(op, es, { aud: op.issuer }) }));
  await tokenRefused('assertion with an array as aud is refused', async () => ({ assert: await assertion(op, es, { aud: [op.issuer + op.token] }) }));
  await tokenRefused('expired assertion is refused', async () => ({ assert: await assertion(op, es, { iat: now - 120, exp: now - 60 }) }));
  await tokenRefused('assertion without jti is refused', async () => ({ assert: await assertion(op, es, { jti: undefined }) }));
  const one = await assertion(op, es);
  const first = await login(op, es);
  is((await token(op, es, first.flow, first.back.get('code'), { assert: one })).status, 200, 'an assertion serves once');
  await tokenRefused('a reused jti is refused', async () => ({ assert: one }));
  await tokenRefused('parameters in the query are refused', async () => ({ query: '?grant_type=authorization_code' }), 400);
  await tokenRefused('a wrong verifier is refused', async () => ({ change: { code_verifier: b64u(32) } }), 400);
  await tokenRefused('HS256 assertion is refused', async () => ({ assert: await new jose.SignJWT({ iss: es.id, sub: es.id, aud: op.issuer + op.token, iat: now, exp: now + 60, jti: b64u(8) }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from('secret'.repeat(8))) }));
  await tokenRefused('client_secret_basic is refused', async () => ({ secret: 'secret' }));
  is((await token(op, es, first.flow, first.back.get('code'))).status, 400, 'a code serves once');

  // outcomes
  const outcome = async (o) => (await login(op, es, { 'x-standin-person': 'adult', 'x-standin-outcome': o })).location;
  ok(/[?&]error=access_denied/.test(await outcome('stop')), 'stop: error=access_denied');
  is(await outcome('stop-bare'), REDIRECT, 'stop-bare: nothing at all');
  ok(/callback\?state=[\w-]+$/.test(await outcome('stop-state-only')), 'stop-state-only: state alone');
  ok(/[?&]error=temporarily_unavailable/.test(await outcome('error:temporarily_unavailable')), 'error:CODE');

  await control(op, es);
  await forging(op, es);
  await servicePages(op, es);
  return { op, es };
}

async function control(op, rp) {
  is((await post(`${op.origin}/standin/control`, { person: 'adult2', outcome: 'allow' })).person, 'adult2', 'control sets the person');
  is((await whole(op, rp)).userinfo.name, '佐藤花子', 'and the next authorization is that person\'s');
  is((await post(`${op.origin}/standin/control`, { outcome: 'stop-bare' })).outcome, 'stop-bare', 'control sets the outcome');
  is((await login(op, rp)).location, REDIRECT, 'and the next authorization stops');
  is((await post(`${op.origin}/standin/control`, { nonsense: 1 })).status, 400, 'control refuses unknown settings');
  await post(`${op.origin}/standin/control`, { reset: true, clear: true });
  const w = await whole(op, rp);
  const seen = await fetch(`${op.origin}/standin/requests?state=${w.flow.params.state}`).then((r) => r.json());
  is([seen.authorizations.length, seen.tokens.length, seen.userinfo.length], [1, 1, 1], 'requests shows this flow');
  is([seen.tokens[0].form.code_verifier, seen.tokens[0].assertion.payload.sub], [w.flow.verifier, rp.id], 'with form fields and assertion');
  is([seen.counts.token, seen.counts.userinfo], [1, 1], 'and counts');
  const kid = (await whole(op, rp)).header.kid;
  const rotated = await post(`${op.origin}/standin/rotate`, {});
  is((await whole(op, rp)).header.kid, rotated.kid, 'rotate: a new key signs');
  ok(rotated.published.includes(kid), 'rotate: the old key stays published');
  ok(!(await post(`${op.origin}/standin/rotate`, { drop: true })).published.includes(kid), 'rotate with drop: it does not');
  await post(`${op.origin}/standin/control`, { discovery: false });
  is((await get(`${op.issuer}/.well-known/openid-configuration`)).status, 404, 'discovery can be switched off');
  await post(`${op.origin}/standin/control`, { discovery: true });
}

/** Every case gives another answer than the true one, and an ID token case fails (or passes) a strict verifier as it says. */
async function forging(op, rp) {
  const { cases } = await fetch(`${op.origin}/standin/cases`).then((r) => r.json());
  ok(cases.length > 100, `${cases.length} cases`);
  const keys = await fetch(op.issuer + op.certs).then((r) => r.json());
  const wrong = [];
  for (const c of cases) {
    if (c.where === 'logout-token' || /-(slow|drip|cut)$/.test(c.name)) continue;
    await post(`${op.origin}/standin/control`, { forge: c.name });
    try {
      const l = await login(op, rp);
      if (c.where === 'callback') continue;
      if (c.where === 'discovery') { await get(`${op.issuer}/.well-known/openid-configuration`).then((r) => r.text()).catch(() => {}); continue; }
      if (c.where === 'certs') { await get(op.issuer + op.certs).then((r) => r.text()); continue; }
      const tokens = await token(op, rp, l.flow, l.back.get('code')).catch((e) => ({ error: e }));
      if (c.where !== 'id-token') continue;
      const set = jose.createLocalJWKSet(keys);
      const verified = await jose.jwtVerify(tokens.id_token, set, { issuer: op.issuer, audience: rp.id, clockTolerance: 60, algorithms: ['ES256', 'RS256', 'ES384'] }).then(() => true, () => false);
      // jose checks signature and form, not the claims' meaning: only the cases about these can be judged here
      if (c.expect === 'refuse' && /^(alg|sig|crit|two|segments|jwk|kid-(unknown|of))/.test(c.name) && verified) wrong.push(`${c.name} passed`);
      if (c.expect === 'accept' && !verified) wrong.push(`${c.name} failed`);
    } catch (e) { wrong.push(`${c.name}: ${e.message}`); }
  }
  is(wrong, [], 'every case gives an answer, and a strict verifier sees the faults in form and signature');
  await post(`${op.origin}/standin/control`, { reset: true });
  const pinned = await login(op, rp, { 'x-standin-person': 'adult', 'x-standin-forge': 'nonce-other' });
  const plain = await login(op, rp);
  const nonce = async (l) => jose.decodeJwt((await token(op, rp, l.flow, l.back.get('code'))).id_token).nonce === l.flow.params.nonce;
  is([await nonce(plain), await nonce(pinned)], [true, false], 'a case chosen by header stays with its own flow');
}

/** A browser with cookies, enough for the pages. */
function browser(userAgent) {
  const jar = new Map();
  return async function go(url, form) {
    let method = form ? 'POST' : 'GET';
    let body = form && new URLSearchParams(form);
    for (let hops = 0; hops < 10; hops += 1) {
      const answer = await fetch(url, { method, body, redirect: 'manual', headers: { 'user-agent': userAgent, accept: 'text/html', cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') } });
      for (const line of answer.headers.getSetCookie?.() ?? (answer.headers.get('set-cookie') ?? '').split(/,(?=\s*[\w.]+=)/).filter(Boolean)) {
        const [, k, v] = /^\s*([^=]+)=([^;]*)/.exec(line);
        if (v) jar.set(k, v); else jar.delete(k);
      }
      const location = answer.headers.get('location');
      if (!location) return { url, status: answer.status, html: await answer.text() };
      url = new URL(location, url).href;
      if (url.startsWith(REDIRECT)) return { url, back: new URL(url).searchParams };
      method = 'GET';
      body = undefined;
    }
    throw new Error('too many redirects');
  };
}

async function servicePages(op, rp) {
  await post(`${op.origin}/standin/control`, { unattended: false });
  const phone = browser('Mozilla/5.0 (iPhone)');
  const flow = authorization(op, rp);
  let p = await phone(flow.url);
  ok(/代役/.test(p.html) && /stand-in/.test(p.html), 'phone: the page says that it is a stand-in');
  p = await phone(p.url, { do: 'person', person: 'kanji' });
  ok(/pin1/.test(p.html) && /pin2/.test(p.html) && /same/.test(p.html), 'phone: two PIN fields and "same PIN"');
  ok(/role="alert"/.test((await phone(p.url, { do: 'pin', pin1: '12', pin2: '1234' })).html), 'phone: a PIN of two digits is refused');
  p = await phone(p.url, { do: 'pin', pin1: '1234', same: '1' });
  p = await phone(p.url, { do: 'read' });
  ok(/𠮷野葛󠄀美/.test(p.html) && /Allow/.test(p.html), 'phone: the details are shown, with Allow and Stop');
  p = await phone(p.url, { do: 'allow' });
  is((await token(op, rp, flow, p.back?.get('code'))).status, 200, 'phone: Allow gives a code');
  p = await phone(authorization(op, rp).url);
  ok(p.html && !p.back, 'phone: the next authorization asks again');
  p = await phone(p.url, { do: 'stop' });
  is([p.back?.get('error'), p.back?.get('code')], ['access_denied', null], 'phone: Stop gives no code');
  await post(`${op.origin}/standin/control`, { stopShape: 'bare' });
  p = await phone(authorization(op, rp).url);
  is((await phone(p.url, { do: 'stop' })).url, REDIRECT, 'phone: Stop, bare');
  p = await phone(authorization(op, rp).url);
  p = await phone(p.url, { do: 'person', person: 'lapsed' });
  await phone(p.url, { do: 'pin', pin1: '1234', same: '1' });
  p = await phone(p.url, { do: 'read' });
  ok(/certificate on the card is not valid/.test(p.html), 'phone: a lapsed certificate is told');
  is((await phone(p.url, { do: 'failed' })).back?.get('error'), 'access_denied', 'phone: and goes back with an error');

  const pc = browser('Mozilla/5.0 (X11; Linux x86_64)');
  const handset = browser('Mozilla/5.0 (Android) Mobile');
  const pcFlow = authorization(op, rp);
  p = await pc(pcFlow.url);
  const link = (html) => /href="([^"]*\/standin\/phone\/[^"]+)"/.exec(html)?.[1];
  const old = link(p.html);
  p = await pc(p.url, { do: 'renew' });
  ok(link(p.html) && link(p.html) !== old, 'PC: the code can be renewed');
  is((await handset(old)).status, 410, 'PC: the old code is dead');
  const qr = link(p.html);
  await handset(qr, { do: 'person', person: 'adult2' });
  await handset(qr, { do: 'pin', pin1: '1234', pin2: '5678' });
  const number = /class="number">(\d{6})</.exec((await handset(qr, { do: 'read' })).html)?.[1];
  ok(number, 'PC: the phone shows six digits');
  ok(/role="alert"/.test((await pc(p.url, { do: 'number', number: number === '111111' ? '222222' : '111111' })).html), 'PC: a wrong number is refused');
  p = await pc(p.url, { do: 'number', number });
  ok(/佐藤花子/.test(p.html), 'PC: then Allow or Stop');
  p = await pc(p.url, { do: 'allow' });
  is((await token(op, rp, pcFlow, p.back?.get('code'))).status, 200, 'PC: Allow gives a code');
  await post(`${op.origin}/standin/control`, { reset: true });
}

async function universityChecks() {
  const rp = await party('portal', 'ES256');
  const op = { scope: 'openid profile email', auth: '/auth', token: '/token', certs: '/jwks', userinfo: '/me' };
  const basic = { id: 'basic client' };
  const secret = 'a secret of some length';
  Object.assign(op, await startOne('university.mjs', {
    port: 0, test: true, unattended: '0123456789',
    clients: [
      { ...rp.client, backchannel_logout_uri: 'http://localhost:9999/mynumber/backchannel-logout', backchannel_logout_session_required: true },
      { client_id: 'basicclient', client_secret: secret, redirect_uris: [REDIRECT], token_endpoint_auth_method: 'client_secret_basic' },
      { client_id: 'postclient', client_secret: secret, redirect_uris: [REDIRECT], token_endpoint_auth_method: 'client_secret_post' },
    ],
  }));
  basic.id = 'basicclient';
  const found = await fetch(`${op.issuer}/.well-known/openid-configuration`).then((r) => r.json());
  is(found.issuer, op.issuer, 'university: discovery');
  for (const [n, e] of [['auth', 'authorization_endpoint'], ['token', 'token_endpoint'], ['certs', 'jwks_uri'], ['userinfo', 'userinfo_endpoint']]) op[n] = found[e].slice(op.issuer.length);
  const w = await whole(op, rp);
  ok(w.payload, 'university: whole code flow, private_key_jwt', w);
  is([w.header.alg, w.payload.sub, w.payload.name, w.payload.eduPersonAffiliation], ['RS256', 'sub-0123456789', '山田 太郎', ['student', 'member']], 'university: RS256, claims in the ID token');
  ok(w.payload.sid, 'university: sid for clients with back-channel logout');
  is([w.userinfo.sub, w.userinfo.employee_id], ['sub-0123456789', '0123456789'], 'university: userinfo');
  ok((await whole(op, basic, {}, {}, { secret })).payload, 'university: client_secret_basic');
  const l = await login(op, { id: 'postclient' });
  const answer = await fetch(op.issuer + op.token, { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code: l.back.get('code'), redirect_uri: REDIRECT, client_id: 'postclient', client_secret: secret, code_verifier: l.flow.verifier }) });
  is(answer.status, 200, 'university: client_secret_post');
  is((await whole(op, rp, { 'x-standin-account': '9876543210' })).payload.name, '佐藤 花子', 'university: X-Standin-Account');
  is((await login(op, rp, { 'x-standin-account': '4444444444' })).back.get('error'), 'access_denied', 'university: a locked account');
  is((await whole(op, rp, {}, { acr_values: 'https://refeds.org/profile/mfa' })).payload.acr, 'https://refeds.org/profile/mfa', 'university: acr_values');
  await post(`${op.origin}/standin/control`, { acr: 'urn:low' });
  is((await whole(op, rp, {}, { acr_values: 'https://refeds.org/profile/mfa' })).payload.acr, 'urn:low', 'university: another acr than asked for');
  await post(`${op.origin}/standin/control`, { reset: true, forge: 'aud-other' });
  is(jose.decodeJwt((await (async () => { const x = await login(op, rp); return token(op, rp, x.flow, x.back.get('code')); })()).id_token).aud, 'someoneelse', 'university: forging');
  await post(`${op.origin}/standin/control`, { reset: true });
  ok((await whole(op, rp, {}, { prompt: 'login', max_age: '0' })).payload, 'university: prompt=login and max_age=0 without pages');
  const logout = await post(`${op.origin}/standin/logout-token`, { client_id: 'portal', account: '0123456789', sid: w.payload.sid });
  const set = jose.createRemoteJWKSet(new URL(op.issuer + op.certs));
  const lt = await jose.jwtVerify(logout.logout_token, set, { issuer: op.issuer, audience: 'portal' }).then((r) => r.payload, (e) => ({ e: e.message }));
  is([lt.sub, lt.sid, Object.keys(lt.events ?? {})], ['sub-0123456789', w.payload.sid, ['http://schemas.openid.net/event/backchannel-logout']], 'university: logout token');

  await post(`${op.origin}/standin/control`, { unattended: false });
  const go = browser('Mozilla/5.0 (X11; Linux x86_64)');
  const flow = authorization(op, rp);
  let p = await go(flow.url);
  ok(/代役/.test(p.html) && /1111111111/.test(p.html), 'university: the page offers accounts and says that it is a stand-in');
  p = await go(p.url, { do: 'signin', account: '1111111111' });
  const t = await token(op, rp, flow, p.back?.get('code'));
  is(t.id_token && jose.decodeJwt(t.id_token).name, '𠮷野 葛󠄀美', 'university: signing in on the page');
  ok((await go(authorization(op, rp).url)).back?.get('code'), 'university: the second time the session serves');
  p = await go(authorization(op, rp, { prompt: 'login' }).url);
  ok(p.html, 'university: prompt=login asks again');
  is((await go(p.url, { do: 'stop' })).back?.get('error'), 'access_denied', 'university: Stop');
}

try {
  await serviceChecks();
  await universityChecks();
} catch (e) {
  ok(false, `unexpected: ${e.stack.replace(/\n/g, '\n# ')}`);
}
for (const child of children) {
  child.removeAllListeners('exit');
  const end = new Promise((done) => { child.once('exit', (code, signal) => done(code ?? signal)); });
  child.kill('SIGTERM');
  is(await end, 0, 'ends at SIGTERM');
}
fs.rmSync(dir, { recursive: true, force: true });
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
