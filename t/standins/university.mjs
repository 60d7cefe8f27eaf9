#!/usr/bin/env node
// A stand-in of a university's OpenID Connect sign-in, for tests and the demonstration. The protocol is
// oidc-provider's. Usage: node university.mjs [CONFIG.json] [--flags]; see README.md.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';

import { interactionPolicy, readBody, readConfig, sendHtml, start } from './shared.mjs';
import { button, choices, esc, form, hidden, inline, page } from './pages.mjs';

const config = readConfig();
const people = { ...JSON.parse(fs.readFileSync(new URL('accounts.json', import.meta.url), 'utf8')), ...config.accounts };
const WHAT = { ja: '大学のサインイン', en: 'a university sign-in' };
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
const MFA = 'https://refeds.org/profile/mfa';
// Like a tenant of Microsoft Entra ID: issuer /TENANT-ID/v2.0, subjects that differ per client and tell nothing, tid and oid, neither acr nor amr.
const tenant = config.entra && '11111111-2222-3333-4444-555555555555';
const acrValues = config.acrValues ?? [PASSWORD, MFA, 'phr', 'phrh'];
const profile = [...new Set(Object.values(people).flatMap((a) => Object.keys(a.claims)))].filter((c) => !['email', 'email_verified', 'tid', 'oid'].includes(c));

/** The level of a sign-in: what the control API says, else the first asked-for value, else a password. */
const level = (b, asked) => (b.acr === undefined ? asked?.split(' ').find((v) => acrValues.includes(v)) ?? PASSWORD : b.acr ?? undefined);

const kind = {
  name: 'univ',
  mountPath: config.mountPath ?? (tenant ? `/${tenant}/v2.0` : '/university'),
  who: 'account',
  people,
  defaultAlg: 'RS256',
  clientId: /^[\x21-\x7e]{1,255}$/,

  clientDefaults: (client, standin) => ({
    grant_types: ['authorization_code'], response_types: ['code'], token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: standin.config.signingAlg ?? 'RS256',
  }),

  login: (ctx, b) => {
    if (tenant) return {};
    const acr = level(b, ctx.oidc.params.acr_values);
    return { acr, amr: acr === PASSWORD ? ['pwd'] : ['pwd', 'mfa'] };
  },

  /** oidc-provider's own rules for asking again, except where the sign-in was just made without pages. */
  policy() {
    const policy = interactionPolicy.base();
    policy.remove('consent');
    for (const check of policy.get('login').checks) {
      const { check: asked } = check;
      check.check = async (ctx) => (ctx.standin?.done ? false : asked(ctx));
    }
    return policy;
  },

  configuration: (standin) => ({
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        async logoutSource(ctx, text) {
          ctx.body = page({ ja: 'サインアウトしますか', en: 'Sign out?', what: WHAT, body: `${text}<div class="row"><button type="submit" form="op.logoutForm" name="logout" value="yes">${inline('サインアウト', 'Sign out')}</button><button type="submit" form="op.logoutForm" class="plain">${inline('しない', 'Stay signed in')}</button></div>` });
        },
        async postLogoutSuccessSource(ctx) { ctx.body = page({ ja: 'サインアウトしました', en: 'You are signed out', what: WHAT, body: '' }); },
      },
    },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'ES256'], idTokenSigningAlgValues: ['RS256', 'ES256'] },
    pkce: { methods: ['S256'], required: () => config.pkce === true },
    scopes: ['openid', 'profile', 'email'],
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'tid', 'oid'], profile, email: ['email', 'email_verified'] },
    conformIdTokenClaims: config.idTokenClaims === false,
    acrValues,
    clockTolerance: 5,
    ttl: { AuthorizationCode: 60, AccessToken: 900, IdToken: 900, Interaction: 1800, Session: 8 * 3600, Grant: 8 * 3600 },
    extraParams: { async domain_hint(ctx) { await standin.decide(ctx); } },
    async findAccount(ctx, accountId) {
      const found = standin.fromAccountId(accountId);
      if (!found) return undefined;
      return { accountId, claims: async () => ({ sub: accountId, ...found.person.claims }) };
    },
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (ctx, accountId, client) => (tenant ? createHash('sha256').update(`${client.clientId} ${accountId}`).digest('base64url') : subject(accountId)),
    sectorIdentifierUriValidate: () => false,
    async renderError(ctx, out) {
      ctx.type = 'html';
      ctx.body = page({
        ja: 'サインインできません', en: 'Sign-in failed', what: WHAT,
        body: `<dl>${['error', 'error_description'].map((n) => `<dt><code>${n}</code></dt><dd>${esc(out[n])}</dd>`).join('')}</dl>`,
      });
    },
  }),

  async pages(req, res, url, standin) {
    const match = /^\/standin\/interaction\/([\w-]+)$/.exec(url.pathname);
    if (!match) return false;
    let interaction;
    try { interaction = await standin.provider.interactionDetails(req, res); } catch { /* expired, or another browser */ }
    if (interaction?.uid !== match[1]) {
      sendHtml(res, 400, page({ ja: '有効期限が切れました', en: 'This has expired', what: WHAT, body: '' }));
      return true;
    }
    const given = req.method === 'POST' ? Object.fromEntries(new URLSearchParams(await readBody(req))) : {};
    const b = standin.journeys.get(interaction.uid) ?? standin.control;
    const finish = (result) => standin.provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
    if (given.do === 'stop') {
      await finish({ error: 'access_denied', error_description: 'The person pressed Stop', standin: { stopped: true } });
    } else if (given.do === 'signin' && people[given.account]) {
      const person = standin.person(given.account);
      b.account = given.account;
      const asked = given.acr || interaction.params.acr_values;
      const acr = level(b, asked);
      await finish(person.error ?? { login: { accountId: standin.accountId(given.account, b), ...(tenant ? {} : { acr, amr: acr === PASSWORD ? ['pwd'] : ['pwd', 'mfa'] }) } });
    } else {
      const client = await standin.provider.Client.find(interaction.params.client_id);
      const asked = interaction.params.acr_values?.split(' ').find((v) => acrValues.includes(v)) ?? PASSWORD;
      sendHtml(res, 200, page({
        ja: '大学アカウントでサインイン', en: 'Sign in with your university account', what: WHAT,
        body: `<p>${inline(`「${esc(client.clientName ?? client.clientId)}」に進みます。`, `to continue to “${esc(client.clientName ?? client.clientId)}”`)}</p>
${form(`${hidden('do', 'signin')}<fieldset><legend>${inline('アカウントを選んでください', 'Choose an account')}</legend>${choices('account', people, interaction.params.login_hint in people ? interaction.params.login_hint : standin.control.account)}</fieldset>
<fieldset><legend>${inline('方法', 'Method')}</legend>${[[PASSWORD, 'パスワードだけ', 'password only'], [MFA, 'パスワードと多要素認証', 'password and a second factor']].map(([v, ja, en]) => `<label><input type="radio" name="acr" value="${esc(v)}"${v === asked ? ' checked' : ''}> ${inline(ja, en)}</label>`).join('')}</fieldset>
<button>${inline('サインイン', 'Sign in')}</button>`)}
<div class="row">${form(button('do', 'stop', '中止', 'Stop', 'plain'))}</div>`,
      }));
    }
    return true;
  },
};

/** The account's own id is the subject: readable in tests. A later generation is another subject. */
function subject(accountId) {
  const [id, generation] = JSON.parse(accountId);
  return generation === 1 ? `sub-${id}` : `sub-${id}-${generation}`;
}

const addSector = kind.clientDefaults;
kind.clientDefaults = (client, standin) => ({ ...addSector(client, standin), subject_type: 'pairwise', sector_identifier_uri: `https://sector.invalid/${encodeURIComponent(client.client_id)}` });

await start(kind, config);
