#!/usr/bin/env node
// A stand-in of Japan's Digital Identification service (the identity check with a My Number Card), for tests and
// the demonstration. The protocol is oidc-provider's; this file gives it the service's paths, limits, refusals,
// answers and pages. Usage: node identification-service.mjs [CONFIG.json] [--flags]; see README.md.

import * as crypto from 'node:crypto';
import * as fs from 'node:fs';

import { errors, interactionPolicy, readBody, readConfig, sendHtml, start } from './shared.mjs';
import { both, button, choices, esc, form, hidden, inline, page } from './pages.mjs';

const config = readConfig();
const people = { ...JSON.parse(fs.readFileSync(new URL('persons.json', import.meta.url), 'utf8')), ...config.persons };
const WHAT = { ja: 'デジタル認証サービス', en: 'the Digital Identification service' };
const SCOPES = ['openid', 'name', 'address', 'birthdate', 'gender', 'sign'];
const ITEMS = { name: ['氏名', 'Name'], address: ['住所', 'Address'], birthdate: ['生年月日', 'Date of birth'], gender: ['性別', 'Sex'] };

// ---- test persons ----------------------------------------------------------------------------------------------------

/** YYYYMMDD of a person whose age is given relative to today in Japan; without `days` the birthday is half a year away. */
function birthdate(value) {
  if (value === null || typeof value !== 'object') return value;
  const today = new Date(Date.now() + 9 * 3600 * 1000);
  const date = new Date(Date.UTC(today.getUTCFullYear() - value.age, today.getUTCMonth(), today.getUTCDate() - (value.days ?? 180)));
  return date.toISOString().slice(0, 10).replace(/-/g, '');
}

/** The details as the service gives them, or in the standard OpenID Connect shapes. Members left out stay left out. */
function details(person, shapes) {
  const given = {};
  for (const item of Object.keys(ITEMS)) if (item in person) given[item] = item === 'birthdate' ? birthdate(person[item]) : person[item];
  if (shapes !== 'standard') return given;
  if (typeof given.address === 'string') given.address = { formatted: given.address, country: 'JP' };
  if (typeof given.birthdate === 'string') given.birthdate = given.birthdate.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  if (typeof given.gender === 'string') given.gender = { 1: 'male', 2: 'female' }[given.gender] ?? (given.gender && 'other');
  return given;
}

// ---- what the service demands ------------------------------------------------------------------------------------------

const printable = (text) => typeof text === 'string' && /^[\x20-\x7e]{1,255}$/.test(text);

function checkAuthorization(ctx) {
  const asked = ctx.method === 'POST' ? ctx.oidc.body : ctx.query;
  // a state that cannot be echoed is answered on the service's own page, not at the relying party
  if (!printable(asked.state)) throw onOwnPage(new errors.InvalidRequest('state: 1 to 255 printable ASCII characters are required'));
  if (!printable(asked.nonce)) throw new errors.InvalidRequest('nonce: 1 to 255 printable ASCII characters are required');
  if (typeof asked.redirect_uri !== 'string' || asked.redirect_uri.length > 255) throw onOwnPage(new errors.InvalidRequest('redirect_uri: required, at most 255 characters'));
  const scopes = String(asked.scope ?? '').split(' ').filter(Boolean);
  const unknown = scopes.filter((s) => !SCOPES.includes(s));
  if (unknown.length) throw new errors.InvalidScope('this scope is not offered', unknown.join(' '));
  if (!scopes.includes('openid')) throw new errors.InvalidScope('openid is required', 'openid');
  const id = asked.sign_transaction_id;
  if (id !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new errors.InvalidRequest('sign_transaction_id: a UUID is required');
}

function onOwnPage(error) {
  error.allow_redirect = false;
  return error;
}

const refuse = (detail) => { throw new errors.InvalidClientAuth(detail); };

/** Beyond what oidc-provider checks itself: a short life, one audience, everything in the form. */
function checkAssertion(ctx, claims, header, standin) {
  const now = Math.floor(Date.now() / 1000);
  if (!ctx.oidc.body?.client_id) refuse('client_id must be in the form');
  if (!Number.isInteger(claims.iat)) refuse('iat (integer) is required in the client_assertion JWT');
  if (!Number.isInteger(claims.exp)) refuse('exp (integer) is required in the client_assertion JWT');
  if (claims.iat > now + 10) refuse('iat is in the future');
  if (claims.exp > claims.iat + 60) refuse('exp is more than 60 seconds after iat');
  if (claims.aud !== `${standin.issuer}/protocol/openid-connect/token`) refuse('aud must be one string, the token endpoint');
}

// ---- oidc-provider's configuration -------------------------------------------------------------------------------------

const kind = {
  name: 'mnid',
  mountPath: '/api/realms/main',
  who: 'person',
  people,
  defaultAlg: 'ES256',
  clientId: /^[0-9a-zA-Z]{1,255}$/,
  forgets: true,

  clientDefaults: (client, standin) => ({
    grant_types: ['authorization_code'], response_types: ['code'], token_endpoint_auth_method: 'private_key_jwt',
    id_token_signed_response_alg: standin.config.signingAlg ?? 'ES256', subject_type: 'pairwise',
    // clients under test live on many ports: the sector is the client, and nobody fetches this
    sector_identifier_uri: `https://sector.invalid/${client.client_id}`,
  }),

  login: (ctx, b) => ({ acr: b.acr === undefined ? ctx.oidc.params.acr_values?.split(' ')[0] : b.acr ?? undefined, transient: true }),

  /** Every authorization asks for the card, unless it was decided without pages or has just been answered. */
  policy() {
    const { Prompt, Check, base } = interactionPolicy;
    const policy = base();
    policy.clear();
    policy.add(new Prompt({ name: 'login', requestable: false }, new Check('card', 'the card is asked for every time', 'login_required', (ctx) => !(ctx.standin?.done || ctx.oidc.result?.login))));
    return policy;
  },

  configuration: (standin) => ({
    routes: {
      authorization: '/protocol/openid-connect/auth', token: '/protocol/openid-connect/token',
      userinfo: '/protocol/openid-connect/userinfo', jwks: '/protocol/openid-connect/certs',
      end_session: '/protocol/openid-connect/logout',
    },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    responseTypes: ['code'],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'ES256'], idTokenSigningAlgValues: ['RS256', 'ES256'] },
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (ctx, accountId, client) => pairwise(accountId, client.clientId),
    sectorIdentifierUriValidate: () => false,
    pkce: { methods: ['S256'], required: () => true },
    scopes: SCOPES,
    claims: { openid: ['sub', 'acr'], name: ['name'], address: ['address'], birthdate: ['birthdate'], gender: ['gender'], sign: [] },
    acrValues: config.acrValues ?? ['aal3', 'crl'],
    clockTolerance: 5,
    ttl: { AuthorizationCode: 60, AccessToken: 300, IdToken: 300, Interaction: 1800, Session: 600, Grant: 900 },
    extraParams: {
      // checked at every authorization, with or without this parameter: the one place before the session is looked at
      async sign_transaction_id(ctx) { checkAuthorization(ctx); await standin.decide(ctx); },
    },
    assertJwtClientAuthClaimsAndHeader: (ctx, claims, header) => checkAssertion(ctx, claims, header, standin),
    async findAccount(ctx, accountId) {
      const found = standin.fromAccountId(accountId);
      if (!found) return undefined;
      return { accountId, claims: async (use) => ({ sub: accountId, ...(use === 'userinfo' ? details(found.person, config.shapes) : {}) }) };
    },
    async renderError(ctx, out) {
      ctx.type = 'html';
      ctx.body = page({
        ja: '受け付けられない要求です', en: 'The request was refused', what: WHAT,
        body: `<dl>${['error', 'error_description'].map((n) => `<dt><code>${n}</code></dt><dd>${esc(out[n])}</dd>`).join('')}</dl>`,
      });
    },
  }),

  middleware: () => [
    async function formOnly(ctx, next) {
      if (ctx.path === '/protocol/openid-connect/token' && ctx.querystring) {
        // read the body to its end so that a kept connection stays usable
        ctx.req.resume();
        ctx.status = 400;
        ctx.body = { error: 'invalid_request', error_description: 'parameters belong in the form, not in the query' };
        return;
      }
      await next();
    },
    async function plainJson(ctx, next) {
      await next();
      if (ctx.oidc?.route === 'jwks' && ctx.status === 200) ctx.type = 'application/json; charset=utf-8';
    },
  ],

  callback(url, ctx, standin) {
    if (url.searchParams.has('code') && config.sessionState !== false) url.searchParams.set('session_state', crypto.randomUUID());
    if (config.iss === false) url.searchParams.delete('iss');
  },

  pages,
};

/** A subject per relying party, in the form of a UUID; the same after a restart. */
function pairwise(accountId, clientId) {
  const h = crypto.createHmac('sha256', config.pairwiseSalt ?? 'stand-in').update(`${clientId}\n${accountId}`).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

// ---- the journey on the pages -------------------------------------------------------------------------------------------
// On a phone all steps are one browser's. On a PC the page shows a box (the real one: a QR code) whose link is opened on
// the phone; the number shown there is typed into the PC's page. One journey: {uid, token, device, step, person, …}.

const QR_LIFE = (config.qrSeconds ?? 300) * 1000;
const NUMBER_LIFE = (config.numberSeconds ?? 180) * 1000;
const journeys = new Map(); // uid -> journey
const byToken = new Map(); // token in the QR code -> journey
setInterval(() => journeys.forEach((j) => { if (j.created < Date.now() - 3600000) { journeys.delete(j.uid); byToken.delete(j.token); } }), 60000).unref();

function renewQr(j) {
  byToken.delete(j.token);
  j.token = crypto.randomBytes(16).toString('base64url');
  j.qrUntil = Date.now() + QR_LIFE;
  j.number = undefined;
  j.phoneStep = 'person';
  byToken.set(j.token, j);
}

function renewNumber(j) {
  j.number = String(crypto.randomInt(1000000)).padStart(6, '0');
  j.numberUntil = Date.now() + NUMBER_LIFE;
}

const isPhone = (req) => /iPhone|iPad|iPod|Android|Mobile/.test(req.headers['user-agent'] ?? '');

async function pages(req, res, url, standin) {
  const remote = /^\/standin\/phone\/([\w-]+)$/.exec(url.pathname);
  if (remote) { await phoneElsewhere(req, res, byToken.get(remote[1]), standin); return true; }
  const match = /^\/standin\/interaction\/([\w-]+)$/.exec(url.pathname);
  if (!match) return false;

  let interaction;
  try { interaction = await standin.provider.interactionDetails(req, res); } catch { /* expired, or another browser */ }
  if (interaction?.uid !== match[1]) { sendHtml(res, 400, expired()); return true; }
  const client = await standin.provider.Client.find(interaction.params.client_id);
  let j = journeys.get(interaction.uid);
  if (!j) {
    j = { uid: interaction.uid, created: Date.now(), step: 'person', device: isPhone(req) ? 'phone' : 'pc' };
    j.scopes = (interaction.params.scope ?? '').split(' ');
    j.client = client.clientName ?? client.clientId;
    j.acr = interaction.params.acr_values?.split(' ')[0];
    journeys.set(j.uid, j);
    renewQr(j);
  }
  const device = url.searchParams.get('device');
  if (device === 'pc' || device === 'phone') { j.device = device; j.step = 'person'; }

  const given = req.method === 'POST' ? Object.fromEntries(new URLSearchParams(await readBody(req))) : {};
  const finish = async (result) => {
    journeys.delete(j.uid);
    byToken.delete(j.token);
    await standin.provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
  };
  if (given.do === 'stop') {
    await finish({ error: 'access_denied', error_description: 'The person pressed Stop', standin: { stopped: true } });
    return true;
  }
  if (given.do === 'failed') {
    const person = standin.person(j.person);
    await finish(person?.error ?? { error: 'access_denied' });
    return true;
  }
  if (given.do === 'allow' && j.step === 'consent') {
    const b = standin.journeys.get(j.uid) ?? standin.control;
    await finish({ login: { accountId: standin.accountId(j.person, b), acr: b.acr === undefined ? j.acr : b.acr ?? undefined, remember: false } });
    return true;
  }
  const error = j.device === 'phone' ? stepPhone(j, given, 'step') : stepPc(j, given);
  if (req.method === 'POST' && !error) {
    res.writeHead(303, { location: url.pathname, 'content-length': 0 });
    res.end();
    return true;
  }
  sendHtml(res, 200, j.device === 'phone' || j.step !== 'person' ? phonePage(j, j.step, error, standin, true) : pcPage(j, error, standin));
  return true;
}

/** The phone's part when the page is open on a PC: no cookie, the token in the QR code is the key. */
async function phoneElsewhere(req, res, j, standin) {
  if (!j || j.qrUntil < Date.now()) { sendHtml(res, 410, expired()); return; }
  const given = req.method === 'POST' ? Object.fromEntries(new URLSearchParams(await readBody(req))) : {};
  const error = stepPhone(j, given, 'phoneStep');
  if (req.method === 'POST' && !error) {
    res.writeHead(303, { location: `/standin/phone/${j.token}`, 'content-length': 0 });
    res.end();
    return;
  }
  if (j.phoneStep === 'consent') { // read: show the number for the PC
    if (!j.number || j.numberUntil < Date.now()) renewNumber(j);
    sendHtml(res, 200, page({
      ja: 'パソコンの画面に番号を入力してください', en: 'Type this number into the page on your PC', what: WHAT,
      body: `<p class="number">${j.number}</p>${both('番号には有効期限があります。切れたらこのページを再読み込みすると新しい番号になります。', 'The number expires. Reload this page to get a new one.')}`,
    }));
    return;
  }
  sendHtml(res, 200, phonePage(j, j.phoneStep, error, standin, false));
}

/** One step on the phone; `where` names the member that holds the step. Returns an error's texts, or nothing. */
function stepPhone(j, given, where) {
  switch (given.do) {
    case 'person':
      if (!people[given.person]) return ['人を選んでください。', 'Choose a person.'];
      j.person = given.person;
      j[where] = 'pin';
      break;
    case 'pin': {
      const second = j.scopes.some((s) => s in ITEMS) && !given.same;
      if (![given.pin1, ...(second ? [given.pin2] : [])].every((p) => /^\d{4}$/.test(p ?? ''))) return ['暗証番号は4桁の数字です。', 'A PIN is four digits.'];
      if (given.pin1 === '0000' || (second && given.pin2 === '0000')) return ['暗証番号が違います（代役では 0000 が誤りの番号です）。', 'Wrong PIN (in this stand-in, 0000 is the wrong one).'];
      j[where] = 'reading';
      break;
    }
    case 'read':
      if (j[where] === 'reading') j[where] = people[j.person].error ? 'failed' : 'consent';
      break;
    case 'back':
      j[where] = 'person';
      break;
    default:
  }
  return undefined;
}

function stepPc(j, given) {
  if (given.do === 'renew') renewQr(j);
  if (given.do === 'number') {
    if (!j.number || given.number?.normalize('NFKC').replace(/\s/g, '') !== j.number) return ['番号が違います。', 'That is not the number shown on the phone.'];
    if (j.numberUntil < Date.now()) return ['番号の有効期限が切れました。スマートフォンの画面を再読み込みしてください。', 'The number has expired. Reload the page on the phone.'];
    j.step = 'consent';
  }
  if (j.phoneStep === 'failed' && given.do === undefined) j.step = 'failed';
  return undefined;
}

const errorBox = (error) => (error ? `<div class="error" role="alert">${both(...error)}</div>` : '');
const stopButton = () => form(button('do', 'stop', '中止する', 'Stop', 'plain'));

function expired() {
  return page({
    ja: '有効期限が切れました', en: 'This has expired', what: WHAT,
    body: both('元のサービスに戻り、もう一度始めてください。', 'Go back to the service you came from and start again.'),
  });
}

function pcPage(j, error, standin) {
  const old = j.qrUntil < Date.now();
  const link = `${standin.origin}/standin/phone/${j.token}`;
  return page({
    ja: 'スマートフォンで二次元コードを読み取ってください', en: 'Scan the QR code with your phone', what: WHAT,
    body: `${errorBox(error)}
<div class="qr" aria-label="QR code">${old ? both('有効期限切れ', 'Expired', 'strong') : `${inline('二次元コードの代わりのリンク', 'A link in place of the QR code')}<br><a href="${esc(link)}" target="_blank" rel="noopener">${esc(link)}</a>`}</div>
${form(button('do', 'renew', '二次元コードを更新', 'Renew the QR code', 'plain'))}
${form(`${both('スマートフォンに表示された6桁の番号', 'The 6-digit number shown on the phone', 'label')}
<input type="text" name="number" inputmode="numeric" autocomplete="off" maxlength="12" aria-label="番号 / number" required>
<div class="row">${button('do', 'number', '確認', 'Continue')}</div>`)}
${both('このページは閉じないでください。', 'Keep this page open.')}
<div class="row">${stopButton()}</div>
<p><a href="?device=phone">${inline('このブラウザーはスマートフォンです', 'This browser is on a phone')}</a></p>`,
  });
}

function phonePage(j, step, error, standin, mayStop) {
  const stop = mayStop ? `<div class="row">${stopButton()}</div>` : '';
  if (step === 'person') {
    return page({
      ja: '試験用の人を選んでください', en: 'Choose a test person', what: WHAT,
      body: `${errorBox(error)}${form(`${hidden('do', 'person')}<fieldset><legend>${inline('だれのカードですか', 'Whose card?')}</legend>${choices('person', people, j.person ?? standin.control.person)}</fieldset><button>${inline('アプリを開く', 'Open the app')}</button>`)}${stop}
${mayStop ? `<p><a href="?device=pc">${inline('パソコンの画面にする', 'Show the page for PCs')}</a></p>` : ''}`,
    });
  }
  if (step === 'pin') {
    const two = j.scopes.some((s) => s in ITEMS);
    const pin = (name) => `<input type="password" name="${name}" id="${name}" inputmode="numeric" maxlength="4" autocomplete="off">`;
    return page({
      ja: '暗証番号を入力してください', en: 'Enter the PIN', what: WHAT,
      body: `${errorBox(error)}${form(`${hidden('do', 'pin')}
<label for="pin1">${inline('利用者証明用電子証明書の暗証番号（4桁）', 'PIN for the user authentication certificate (4 digits)')}</label>${pin('pin1')}
${two ? `<label for="pin2">${inline('券面事項入力補助用の暗証番号（4桁）', 'PIN for card-information input support (4 digits)')}</label>${pin('pin2')}
<label><input type="checkbox" name="same" value="1"> ${inline('同じ暗証番号です', 'The PIN is the same')}</label>` : ''}
<div class="row"><button>${inline('次へ', 'Next')}</button></div>`)}
${both('代役です。本当の暗証番号は入力しないでください。4桁なら何でも通ります（0000 は「違う番号」）。', 'A stand-in: do not type your real PIN. Any four digits will do (0000 counts as wrong).')}${stop}`,
    });
  }
  if (step === 'reading') {
    return page({
      ja: 'カードを読み取っています', en: 'Reading the card', what: WHAT,
      body: `${both('カードをスマートフォンに当てたつもりで、ボタンを押してください。', 'Imagine holding the card to the phone, then press the button.')}
${form(`<div class="row">${button('do', 'read', '読み取り完了', 'The card was read')}</div>`)}${stop}`,
    });
  }
  if (step === 'failed') {
    return page({
      ja: '認証できませんでした', en: 'Authentication failed', what: WHAT,
      body: `<div class="error">${both('カードの電子証明書が有効ではありません。', 'The certificate on the card is not valid.')}</div>
${mayStop ? form(`<div class="row">${button('do', 'failed', '元のサービスに戻る', 'Back to the service')}</div>`) : both('パソコンの画面に戻り、再読み込みしてください。', 'Go back to the PC and reload the page there.')}`,
    });
  }
  const person = standin.person(j.person);
  const given = details(person, 'service');
  const asked = Object.keys(ITEMS).filter((i) => j.scopes.includes(i));
  return page({
    ja: '情報の提供に同意しますか', en: 'Allow the details to be given?', what: WHAT,
    body: `${both(`「${esc(j.client)}」に次の情報を渡します。`, `“${esc(j.client)}” will receive:`)}
<dl><dt>${inline('識別子', 'Identifier')}</dt><dd>${inline('このサービス専用の番号', 'a number for this service alone')}</dd>
${asked.map((i) => `<dt>${inline(...ITEMS[i])}</dt><dd>${given[i] ? esc(given[i]) : inline('（なし）', '(none)')}</dd>`).join('\n')}</dl>
${form(`<div class="row">${button('do', 'allow', '許可', 'Allow')}${button('do', 'stop', '中止', 'Stop', 'plain')}</div>`)}`,
  });
}

await start(kind, config);
