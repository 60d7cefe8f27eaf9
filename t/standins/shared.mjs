// What both stand-ins share: start-up, keys, a store, the control API, the record of what arrived, and the middleware
// that applies forged answers. The protocol itself is oidc-provider's.

import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

// Standard output carries the "ready" line alone; oidc-provider's notices go to standard error.
console.info = console.error;
console.log = console.error;
// As script/setup packs it: by itself it is 500 files, and reading them more than half of a start.
const packed = new URL('node_modules/.packed/oidc-provider.mjs', import.meta.url);
const { default: Provider, errors, interactionPolicy } = await import(fs.existsSync(packed) ? packed : 'oidc-provider');

import { caseNames, forgeAnswer, forgeCallback, forgedPublicKeys, forgeJwt, isCase, listCases } from './forge.mjs';

export { errors, interactionPolicy };
const LIMIT = 500; // how many requests of each kind are remembered

// ---- configuration ---------------------------------------------------------------------------------------------------

/** Reads the JSON file named on the command line ("-" is standard input) and the flags, which win. */
export function readConfig() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string' }, host: { type: 'string' }, unattended: { type: 'string' },
      test: { type: 'boolean' }, 'tls-key': { type: 'string' }, 'tls-cert': { type: 'string' },
      'issuer-base': { type: 'string' }, 'keys-file': { type: 'string' },
      client: { type: 'string', multiple: true }, // ID=REDIRECT_URI:JWKSFILE
    },
  });
  const [file] = positionals;
  const config = file ? JSON.parse(fs.readFileSync(file === '-' ? 0 : file, 'utf8')) : {};
  const base = file && file !== '-' ? path.dirname(path.resolve(file)) : process.cwd();
  for (const name of ['port', 'host', 'unattended', 'test']) if (values[name] !== undefined) config[name] = values[name];
  if (values['issuer-base']) config.issuerBase = values['issuer-base'];
  if (values['keys-file']) config.keysFile = values['keys-file'];
  if (values['tls-key']) config.tls = { key: values['tls-key'], cert: values['tls-cert'] };
  config.clients = [...(config.clients ?? []), ...(values.client ?? []).map((text) => {
    const [, id, uri, jwks] = /^([^=]+)=(.+):([^:]+)$/.exec(text) ?? fail(`--client ${text}: expected ID=REDIRECT_URI:JWKSFILE`);
    return { client_id: id, redirect_uris: [uri], jwks_file: jwks, token_endpoint_auth_method: 'private_key_jwt' };
  })];
  config.base = base;
  return config;
}

export function fail(message) {
  process.stderr.write(`${path.basename(process.argv[1])}: ${message}\n`);
  process.exit(2);
}

const readPem = (base, value) => (value.startsWith('-----') ? value : fs.readFileSync(path.resolve(base, value)));

// ---- keys ------------------------------------------------------------------------------------------------------------

function newKey(alg) {
  const pair = alg === 'ES256' ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }) : crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: crypto.randomBytes(16).toString('base64url') };
}

/** One key of each algorithm, the signing one first; kept in `file` where one is named, so that a restart changes nothing. */
function loadKeys(file, alg) {
  if (file && fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).keys;
  const keys = [newKey(alg), newKey(alg === 'ES256' ? 'RS256' : 'ES256')];
  saveKeys(file, keys);
  return keys;
}

function saveKeys(file, keys) {
  if (file) fs.writeFileSync(file, JSON.stringify({ keys }, null, 1), { mode: 0o600 });
}

// ---- store -----------------------------------------------------------------------------------------------------------

/** oidc-provider's storage interface on a Map that outlives the provider object (which rotation replaces). */
function store() {
  const rows = new Map(); // "Model:id" -> {payload, until}
  const sessions = new Recent(50000); // a session's uid -> its id
  const live = (key) => {
    const row = rows.get(key);
    if (row && row.until < Date.now()) { rows.delete(key); return undefined; }
    return row?.payload;
  };
  setInterval(() => rows.forEach((row, key) => row.until < Date.now() && rows.delete(key)), 30000).unref();
  class Adapter {
    constructor(model) { this.model = model; }

    async upsert(id, payload, expiresIn) {
      if (this.model === 'Session') sessions.set(payload.uid, id);
      rows.set(`${this.model}:${id}`, { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
    }

    async find(id) { return live(`${this.model}:${id}`); }

    async findByUid(uid) { return this.find(sessions.get(uid)); }

    async findByUserCode() { return undefined; } // device codes are not offered

    async destroy(id) { rows.delete(`${this.model}:${id}`); }

    async consume(id) { const p = live(`${this.model}:${id}`); if (p) p.consumed = Math.floor(Date.now() / 1000); }

    async revokeByGrantId(grantId) { rows.forEach((row, key) => row.payload.grantId === grantId && rows.delete(key)); }
  }
  return { Adapter, rows };
}

/** A Map that forgets its oldest entries. */
class Recent extends Map {
  constructor(max) { super(); this.max = max; }

  set(key, value) {
    if (this.size >= this.max) this.delete(this.keys().next().value);
    return super.set(key, value);
  }
}

// ---- small HTTP helpers ------------------------------------------------------------------------------------------------

export async function readBody(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > 1024 * 1024) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function sendJson(res, status, value) {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  res.end(`${JSON.stringify(value, null, 1)}\n`);
}

export function sendHtml(res, status, html) {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  res.end(html);
}

export const cookies = (req) => Object.fromEntries((req.headers.cookie ?? '').split(/;\s*/).filter((c) => c.includes('='))
  .map((c) => { const at = c.indexOf('='); return [c.slice(0, at), safeDecode(c.slice(at + 1))]; }));

function safeDecode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

// ---- the stand-in ------------------------------------------------------------------------------------------------------

const OUTCOME = /^(allow|stop|stop-bare|stop-state-only|error:[A-Za-z0-9_.-]+)$/;
const STOP_SHAPES = ['error', 'state-only', 'bare'];

/**
 * Starts a stand-in. `kind` says what differs between the two:
 *   name, mountPath, who ("person" or "account"), people, defaultAlg,
 *   configuration(standin) -> oidc-provider configuration (issuer-independent), middleware(standin) -> Koa middleware list,
 *   pages(req, res, path, standin) -> true when it answered.
 */
export async function start(kind, config) {
  const test = !!config.test;
  const log = { authorizations: [], tokens: [], userinfo: [], traps: [], other: [] };
  const counts = { authorization: 0, token: 0, userinfo: 0, certs: 0, discovery: 0, trap: 0, logout: 0 };
  const { Adapter, rows } = store();
  const keysFile = config.keysFile && path.resolve(config.base ?? '.', config.keysFile);
  const alg = config.signingAlg ?? kind.defaultAlg;
  if (!['ES256', 'RS256'].includes(alg)) fail(`signingAlg ${alg}: expected ES256 or RS256`);

  const initial = () => ({
    unattended: !!config.unattended, [kind.who]: config.unattended || Object.keys(kind.people)[0],
    outcome: 'allow', forge: null, stopShape: config.stopShape ?? 'error', acr: undefined, generation: undefined,
    delay: 0, discovery: config.discovery !== false, sso: !!config.sso,
  });

  const standin = {
    kind, config, test, log, counts, rows,
    control: initial(),
    keys: loadKeys(keysFile, alg),
    flows: new Recent(20000), // grant id -> how this authorization is to behave
    journeys: new Recent(2000), // interaction uid -> the same, while a person is on the pages
  };
  if (standin.keys[0].alg !== alg) standin.keys.sort((a, b) => (a.alg === alg ? -1 : 0) - (b.alg === alg ? -1 : 0));

  standin.person = (id) => {
    const row = kind.people[id];
    return row?.same_as ? { ...kind.people[row.same_as], ...row } : row;
  };

  /** How one authorization is to behave: the control's state, then the cookie, then the header. */
  standin.behaviour = (req) => {
    const b = { ...standin.control };
    const jar = cookies(req);
    const take = (field, header, cookie) => {
      const value = req.headers[header] ?? jar[cookie];
      if (value !== undefined) b[field] = value;
      return value;
    };
    if (take(kind.who, `x-standin-${kind.who}`, `standin_${kind.who}`)) {
      b.unattended = true;
      b.outcome = 'allow';
    }
    if (take('outcome', 'x-standin-outcome', `standin_${kind.who}_outcome`)) b.unattended = true;
    // a case named by the browser stays with this flow; one set by the control API is looked up at each call
    if (test) b.pinned = take('forge', 'x-standin-forge', `standin_${kind.who}_forge`) !== undefined;
    return b;
  };

  /** The forging case in force for a token or userinfo call of this flow. */
  const forgeFor = (flow) => {
    if (!test) return null;
    return flow?.pinned ? flow.forge : standin.control.forge;
  };

  /** Decides an authorization without pages. Called from an extra parameter's check, before oidc-provider looks at the session. */
  standin.decide = async (ctx) => {
    const b = standin.behaviour(ctx.req);
    ctx.standin = b;
    if (b.delay) await new Promise((r) => { setTimeout(r, Math.min(b.delay, 60000)); });
    if (!b.unattended || ctx.oidc.prompts.has('none')) return;
    const id = b[kind.who];
    const person = standin.person(id);
    if (!person) throw new errors.InvalidRequest(`stand-in: no ${kind.who} "${id}"`);
    if (!OUTCOME.test(b.outcome)) throw new errors.InvalidRequest(`stand-in: no outcome "${b.outcome}"`);
    if (b.outcome.startsWith('stop')) {
      if (b.outcome !== 'stop') b.stopShape = b.outcome.slice('stop-'.length);
      b.stopped = true;
      throw new errors.AccessDenied('The person pressed Stop');
    }
    if (b.outcome.startsWith('error:')) throw custom(b.outcome.slice('error:'.length), 'stand-in: this outcome was asked for');
    if (person.error) throw custom(person.error.error, person.error.error_description);
    if (b.sso && ctx.oidc.session.accountId && !ctx.oidc.prompts.has('login') && ctx.oidc.params.max_age === undefined) return;
    ctx.oidc.session.loginAccount({ accountId: standin.accountId(id, b), ...kind.login(ctx, b, person) });
    b.done = true;
  };

  standin.accountId = (id, b) => {
    const person = standin.person(id);
    return JSON.stringify([person.same_as ?? id, Number(b.generation ?? person.generation ?? 1)]);
  };
  standin.fromAccountId = (text) => {
    try {
      const [id, generation] = JSON.parse(text);
      return standin.person(id) && { id, generation, person: standin.person(id) };
    } catch { return undefined; }
  };

  function custom(code, description) {
    const name = code.replace(/(?:^|_)([a-z])/g, (_, c) => c.toUpperCase());
    const err = errors[name] ? new errors[name](description) : new errors.CustomOIDCProviderError(code, description);
    err.allow_redirect = true;
    return err;
  }

  // -- the answer on its way out: record it, then forge it where that is asked for
  async function outward(ctx, next) {
    const started = Date.now();
    await next();
    const route = ctx.oidc?.route;
    if (route === 'authorization' || route === 'resume') callback(ctx, route);
    if (route === 'token') {
      const flow = standin.flows.get(ctx.oidc.entities.AuthorizationCode?.grantId);
      note('tokens', 'token', {
        time: started, status: ctx.status, query: ctx.querystring, form: ctx.oidc.body ?? null, client_id: ctx.oidc.client?.clientId,
        authorization: ctx.headers.authorization?.split(' ')[0], content_type: ctx.headers['content-type'],
        assertion: decodeAssertion(ctx.oidc.body?.client_assertion), flow: flow?.flow,
        ...(ctx.status === 200 ? {} : { answer: ctx.body, detail: ctx.standinError }),
      });
      if (ctx.status === 200) await forgeAnswer('token', forgeFor(flow), ctx, standin);
    }
    if (route === 'userinfo') {
      const flow = standin.flows.get(ctx.oidc.entities.AccessToken?.grantId);
      note('userinfo', 'userinfo', {
        time: started, method: ctx.method, status: ctx.status, query: ctx.querystring, client_id: ctx.oidc.entities.Client?.clientId,
        authorization: ctx.headers.authorization?.split(' ')[0], flow: flow?.flow, subject: ctx.body?.sub,
        ...(ctx.status === 200 ? {} : { answer: ctx.body, detail: ctx.standinError }),
      });
      await forgeAnswer('userinfo', forgeFor(flow), ctx, standin);
    }
    if (route === 'jwks' && ctx.method === 'GET') {
      counts.certs += 1;
      if (test) {
        const extra = forgedPublicKeys(standin.control.forge, config.forgeKeys);
        if (extra.length) ctx.body = { keys: [...ctx.body.keys, ...extra] };
        await forgeAnswer('certs', standin.control.forge, ctx, standin);
      }
    }
    if (route === 'discovery' && ctx.method === 'GET') {
      counts.discovery += 1;
      if (!standin.control.discovery) { ctx.status = 404; ctx.body = { error: 'Not Found' }; } else if (test) await forgeAnswer('discovery', standin.control.forge, ctx, standin);
    }
    if (route?.startsWith('end_session')) counts.logout += 1;
  }

  /** The redirect back to the relying party. */
  function callback(ctx, route) {
    const interaction = ctx.oidc.entities.Interaction;
    const b = ctx.standin ?? standin.journeys.get(interaction?.uid) ?? standin.behaviour(ctx.req);
    const params = ctx.oidc.params ?? ctx.query;
    const entry = {
      time: Date.now(), route, method: ctx.method, params: route === 'authorization' ? { ...(ctx.method === 'POST' ? ctx.oidc.body : ctx.query) } : { ...interaction?.params },
      user_agent: ctx.headers['user-agent'], status: ctx.status, [kind.who]: b[kind.who], flow: b.flow,
      ...(ctx.standinError ? { detail: ctx.standinError } : {}),
    };
    const uri = typeof params?.redirect_uri === 'string' ? params.redirect_uri : undefined;
    let location = ctx.response.get('location');
    if (uri && location?.startsWith(uri)) {
      const url = new URL(location);
      const stopped = b.stopped || interaction?.result?.standin?.stopped;
      if (stopped && b.stopShape !== 'error') {
        const bare = new URL(uri);
        if (b.stopShape === 'state-only' && params.state !== undefined) bare.searchParams.set('state', params.state);
        location = bare.href;
      } else {
        kind.callback?.(url, ctx, standin);
        location = test ? forgeCallback(b.pinned ? b.forge : standin.control.forge, url.href) : url.href;
      }
      ctx.set('location', location);
    }
    entry.location = location || undefined;
    note('authorizations', 'authorization', entry);
  }

  function note(list, count, entry) {
    counts[count] += 1;
    if (!test) return;
    log[list].push(entry);
    if (log[list].length > LIMIT) log[list].shift();
  }

  function decodeAssertion(jwt) {
    if (typeof jwt !== 'string') return undefined;
    try {
      const [h, p] = jwt.split('.').map((s) => (s ? Buffer.from(s, 'base64url').toString() : ''));
      return { header: JSON.parse(h), payload: JSON.parse(p) };
    } catch { return 'unreadable'; }
  }

  // -- the provider object; made anew when keys change
  const tls = config.tls && { key: readPem(config.base, config.tls.key), cert: readPem(config.base, config.tls.cert) };
  let answer = (req, res) => sendJson(res, 503, { error: 'starting' });
  const server = tls ? https.createServer(tls, (q, s) => answer(q, s)) : http.createServer((q, s) => answer(q, s));
  server.keepAliveTimeout = 75000;
  const host = config.host ?? '127.0.0.1';
  await new Promise((done, refuse) => { server.once('error', refuse); server.listen(Number(config.port ?? 0), host, done); }).catch((e) => fail(e.message));
  const { port } = server.address();
  const scheme = tls ? 'https' : 'http';
  const named = config.hostname ?? (['0.0.0.0', '::'].includes(host) ? 'localhost' : host);
  const origin = (config.issuerBase ?? `${scheme}://${named.includes(':') ? `[${named}]` : named}:{port}`).replace('{port}', port).replace(/\/$/, '');
  standin.origin = origin;
  standin.issuer = origin + kind.mountPath;
  standin.trap = config.trap ?? `${scheme}://${named === '127.0.0.1' ? 'localhost' : '127.0.0.1'}:${port}/standin/trap`;

  function build() {
    const provider = new Provider(standin.issuer, {
      adapter: Adapter,
      jwks: { keys: standin.keys.map((k) => ({ ...k })) },
      cookies: {
        keys: [standin.cookieKey ??= crypto.randomBytes(24).toString('base64url')],
        // cookies do not tell ports apart: two stand-ins on one host need names of their own
        names: { session: `${kind.name}_session`, interaction: `${kind.name}_interaction`, resume: `${kind.name}_resume` },
        long: { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true, path: kind.mountPath || '/' },
        short: { signed: true, httpOnly: true, sameSite: 'lax', overwrite: true },
      },
      interactions: { url: (ctx, interaction) => { if (ctx.standin) standin.journeys.set(interaction.uid, ctx.standin); return `/standin/interaction/${interaction.uid}`; }, policy: kind.policy() },
      // every authorization is a grant of its own: what was asked for is granted, the pages have asked
      async loadExistingGrant(ctx) {
        const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
        grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '));
        await grant.save();
        const b = ctx.standin ?? standin.journeys.get(ctx.oidc.entities.Interaction?.uid) ?? standin.behaviour(ctx.req);
        b.flow = grant.jti;
        standin.flows.set(grant.jti, b);
        return grant;
      },
      ...kind.configuration(standin),
    });
    provider.app.silent = true;
    provider.proxy = origin.startsWith('https:') && !tls;
    for (const event of ['grant.error', 'userinfo.error', 'authorization.error', 'end_session.error', 'server_error']) {
      provider.on(event, (ctx, err) => {
        ctx.standinError = err.error_detail ?? err.error_description ?? err.message;
        if (event === 'server_error') process.stderr.write(`${err.stack}\n`);
      });
    }
    provider.use(outward);
    for (const middleware of kind.middleware?.(standin) ?? []) provider.use(middleware);
    standin.provider = provider;
    standin.handle = provider.callback();
  }
  build();

  // -- clients
  standin.addClient = async (given) => {
    const { jwks_file: file, ...client } = given;
    if (file) client.jwks = JSON.parse(fs.readFileSync(path.resolve(config.base ?? '.', file), 'utf8'));
    if (client.jwks) client.jwks = { keys: client.jwks.keys.map(({ d, p, q, dp, dq, qi, ...pub }) => pub) };
    const old = rows.get(`Client:${client.client_id}`)?.payload;
    const merged = { ...kind.clientDefaults?.(client, standin), ...old, ...client };
    if (old) merged.redirect_uris = [...new Set([...(old.redirect_uris ?? []), ...(client.redirect_uris ?? [])])];
    if (!kind.clientId.test(merged.client_id ?? '')) throw new Error(`client_id "${merged.client_id}" is not ${kind.clientId}`);
    for (const uri of merged.redirect_uris ?? []) if (uri.length > 255) throw new Error('redirect_uri over 255 characters');
    await standin.provider.Client.validate(merged);
    rows.set(`Client:${merged.client_id}`, { payload: merged, until: Infinity });
    return merged.client_id;
  };
  for (const client of config.clients ?? []) await standin.addClient(client).catch((e) => fail(`client ${client.client_id}: ${e.error_description ?? e.message}`));

  // -- the control API
  const api = {
    async 'POST /standin/control'(req, res) {
      const given = JSON.parse(await readBody(req) || '{}');
      const { reset, clear, client, clients, ...rest } = given;
      if (rest[kind.who === 'account' ? 'person' : 'account'] !== undefined && rest[kind.who] === undefined) {
        rest[kind.who] = rest[kind.who === 'account' ? 'person' : 'account'];
      }
      delete rest[kind.who === 'account' ? 'person' : 'account'];
      if (typeof rest.unattended === 'string') { rest[kind.who] ??= rest.unattended; rest.unattended = true; }
      const known = Object.keys(initial());
      for (const name of Object.keys(rest)) if (!known.includes(name)) throw new Error(`no setting "${name}" (there are: ${known.join(', ')}, reset, clear, client, clients)`);
      if (rest[kind.who] !== undefined && !kind.people[rest[kind.who]]) throw new Error(`no ${kind.who} "${rest[kind.who]}" (there are: ${Object.keys(kind.people).join(', ')})`);
      if (rest.outcome !== undefined && !OUTCOME.test(rest.outcome)) throw new Error(`no outcome "${rest.outcome}"`);
      if (rest.stopShape !== undefined && !STOP_SHAPES.includes(rest.stopShape)) throw new Error(`no stopShape "${rest.stopShape}" (there are: ${STOP_SHAPES.join(', ')})`);
      if (rest.forge && !test) throw new Error('forging needs "test": true in the configuration');
      if (rest.forge && !isCase(rest.forge)) throw new Error(`no case "${rest.forge}" (GET /standin/cases lists ${caseNames.length})`);
      if ((client || clients) && !test) throw new Error('adding clients needs "test": true in the configuration');
      for (const c of [...(client ? [client] : []), ...(clients ?? [])]) await standin.addClient(c);
      if (reset) standin.control = initial();
      if (clear) clearLog();
      if ((rest[kind.who] !== undefined || rest.outcome !== undefined) && rest.unattended === undefined) rest.unattended = true;
      Object.assign(standin.control, rest);
      sendJson(res, 200, state());
    },
    'GET /standin/control': (req, res) => sendJson(res, 200, state()),
    'GET /standin/cases': (req, res) => sendJson(res, 200, { cases: listCases() }),
    'GET /standin/people': (req, res) => sendJson(res, 200, { [kind.who]: kind.people }),
    'GET /standin/requests': (req, res, url) => {
      const id = url.searchParams.get('client_id');
      const flow = url.searchParams.get('flow');
      const state_ = url.searchParams.get('state');
      const flowOfState = state_ && log.authorizations.filter((a) => a.params.state === state_).map((a) => a.flow).filter(Boolean);
      const keep = (e) => (!id || [e.client_id, e.params?.client_id].includes(id)) && (!flow || e.flow === flow)
        && (!state_ || e.params?.state === state_ || flowOfState.includes(e.flow));
      sendJson(res, 200, { counts, ...Object.fromEntries(Object.entries(log).map(([k, v]) => [k, v.filter(keep)])) });
    },
    'DELETE /standin/requests': (req, res) => { clearLog(); sendJson(res, 200, { counts }); },
    async 'POST /standin/rotate'(req, res) {
      const { drop = false, alg: newAlg = standin.keys[0].alg } = JSON.parse(await readBody(req) || '{}');
      if (!['ES256', 'RS256'].includes(newAlg)) throw new Error(`no algorithm "${newAlg}"`);
      if (newAlg !== standin.keys[0].alg) throw new Error('the algorithm is fixed at start: clients were registered with it');
      const key = newKey(newAlg);
      standin.keys = [key, ...standin.keys.filter((k) => !(drop && k.alg === newAlg))];
      saveKeys(keysFile, standin.keys);
      build();
      sendJson(res, 200, { kid: key.kid, published: standin.keys.map((k) => k.kid) });
    },
    async 'POST /standin/logout-token'(req, res) {
      const { client_id: id, account, person, sid, forge = null, send = false, jti } = JSON.parse(await readBody(req) || '{}');
      if (forge && !isCase(forge)) throw new Error(`no case "${forge}"`);
      const client = await standin.provider.Client.find(id);
      if (!client) throw new Error(`no client "${id}"`);
      const who = account ?? person;
      const token = new standin.provider.IdToken(who === undefined ? {} : { sub: standin.accountId(who, standin.control) }, { client, ctx: undefined });
      token.mask = { sub: null };
      token.set('events', { 'http://schemas.openid.net/event/backchannel-logout': {} });
      token.set('jti', jti ?? crypto.randomUUID());
      if (sid) token.set('sid', sid);
      const text = forgeJwt(forge, await token.issue({ use: 'logout' }), standin.keys);
      let sent;
      if (send) {
        sent = await fetch(client.backchannelLogoutUri, { method: 'POST', body: new URLSearchParams({ logout_token: text }), redirect: 'manual' })
          .then(async (r) => ({ status: r.status, body: await r.text() }), (e) => ({ error: String(e.cause ?? e) }));
      }
      sendJson(res, 200, { logout_token: text, sent });
    },
  };
  const testOnly = new Set(['GET /standin/requests', 'DELETE /standin/requests', 'POST /standin/rotate', 'POST /standin/logout-token']);

  function state() {
    return { kind: kind.name, issuer: standin.issuer, test, ...standin.control, forge: standin.control.forge, people: Object.keys(kind.people) };
  }

  function clearLog() {
    Object.values(log).forEach((list) => { list.length = 0; });
    Object.keys(counts).forEach((name) => { counts[name] = 0; });
  }

  /** The identification service asks for the card every time: no sign-in of it is remembered. */
  function forgetSession(req) {
    if (!req.headers.cookie) return;
    const kept = req.headers.cookie.split(/;\s*/).filter((c) => !c.startsWith(`${kind.name}_session`));
    if (kept.length) req.headers.cookie = kept.join('; '); else delete req.headers.cookie;
  }

  const fixedHost = new URL(origin).host;
  answer = async (req, res) => {
    try {
      const url = new URL(req.url, origin);
      const name = `${req.method} ${url.pathname}`;
      if (url.pathname === '/standin/trap') {
        const text = await readBody(req);
        note('traps', 'trap', { time: Date.now(), method: req.method, headers: req.headers, body: text });
        sendJson(res, 200, { access_token: 'trap', token_type: 'Bearer', keys: [] });
      } else if (Object.hasOwn(api, name)) {
        if ((testOnly.has(name) && !test) || (name === 'POST /standin/control' && !test && config.control !== true)) return sendJson(res, 403, { error: 'only in test mode' });
        await Promise.resolve(api[name](req, res, url)).catch((e) => sendJson(res, 400, { error: e.error_description ?? e.message }));
      } else if (req.url.startsWith(`${kind.mountPath}/`) || (kind.mountPath === '' && !url.pathname.startsWith('/standin/') && url.pathname !== '/')) {
        req.originalUrl = req.url;
        req.url = req.url.slice(kind.mountPath.length);
        req.headers.host = fixedHost; // the provider's own URLs are its issuer's, by whatever name it was called
        if (kind.forgets) forgetSession(req);
        if (standin.provider.proxy) req.headers['x-forwarded-proto'] = 'https';
        standin.handle(req, res);
      } else if (!await kind.pages(req, res, url, standin)) {
        sendHtml(res, 404, '<!doctype html><meta charset="utf-8"><title>404</title><p>ありません。/ Not found.');
      }
    } catch (e) {
      process.stderr.write(`${e.stack}\n`);
      if (!res.headersSent) sendJson(res, 500, { error: e.message });
    }
    return undefined;
  };

  const stop = () => process.exit(0);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`ready ${standin.issuer}\n`);
  return standin;
}
