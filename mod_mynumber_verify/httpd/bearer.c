#include "httpd/bearer.h"

#include <ap_provider.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>
#include "base/secret.h"
#include "httpd/bearer_library.h"
#include "httpd/record_cache.h"
#include "lib/crypt.h"
#include "lib/json.h"
#include "proto/bearer_token.h"
#include "proto/introspection.h"

/* Which visit. -------------------------------------------------------------- */

static int is_here(request_rec *r, const mod_mnv_request_t *request)
{
    return mod_mnv_dir_config(r)->bearer != MNV_BEARER_OFF && !request->own && mod_mnv_is_our_auth(r);
}

/* The credentials, where they are of a scheme for access tokens. */
static const char *credentials(const request_rec *r)
{
    const char *header = apr_table_get(r->headers_in, "Authorization");

    return header && (!ap_cstr_casecmpn(header, "Bearer", 6) || !ap_cstr_casecmpn(header, "DPoP", 4) || ap_strcasestr(header, ", bearer ")) ? header : NULL;
}

static mod_mnv_visit_t *visit_of(mod_mnv_visit_t *browser)
{
    mod_mnv_visit_t *visit = browser->bearer;

    if (!visit) {
        visit = browser->bearer = apr_pcalloc(browser->first->pool, sizeof(*visit));
        visit->first = browser->first;
        visit->browser = browser;
        visit->credentials = credentials(browser->first);
    }
    return visit;
}

void mod_mnv_bearer_choose(request_rec *r, mod_mnv_request_t *request)
{
    mod_mnv_visit_t *browser = request->visit->browser ? request->visit->browser : request->visit;

    request->visit = browser;
    if (is_here(r, request) && (visit_of(browser)->credentials || mod_mnv_dir_config(r)->bearer == MNV_BEARER_REQUIRED)) {
        request->visit = browser->bearer;
    }
}

/* The token in the request. -------------------------------------------------- */

static apr_status_t is_malformed(mod_mnv_visit_t *visit, const char *why)
{
    return mnv_fail(mod_mnv_visit_ctx(visit), MNV_FAIL_BEARER_REQUEST, "%s", why);
}

/* RFC 6750 2: one method, once. Two headers arrive as one with a comma, which is in no token: that is looked at where the token is a new one. */
static apr_status_t read_token(mod_mnv_visit_t *visit, const char **token)
{
    const char *args = visit->first->args, *at = visit->credentials;

    if (!ap_cstr_casecmpn(at, "DPoP", 4)) {
        return mnv_fail(mod_mnv_visit_ctx(visit), MNV_FAIL_BEARER_BOUND, "the scheme is DPoP");
    }
    if (ap_cstr_casecmpn(at, "Bearer ", 7)) {
        return is_malformed(visit, "not one header with one token");
    }
    if (args && (!strncmp(args, "access_token=", 13) || strstr(args, "&access_token="))) {
        return is_malformed(visit, "a token in the query too");
    }
    at += 7;
    *token = at + strspn(at, " ");
    return APR_SUCCESS;
}

/* The last token of a connection and its digest, as session_io.c has it of a cookie. */
typedef struct digested_t {
    const char *label;
    apr_size_t length;
    unsigned char digest[MNV_DIGEST_BYTES];
    char token[MNV_BEARER_LIMIT_BYTES];
} digested_t;

#define DIGESTED_KEY "mynumber-bearer"

/* What a token is accepted for stands in front of it: no session's cookie, and no token for another host, sent here, can be the same key of the cache. */
static int make_digest(apr_pool_t *pool, digested_t *last, const char *token)
{
    apr_size_t length = strlen(last->label);
    char *text = apr_palloc(pool, length + last->length);

    memcpy(text, last->label, length);
    memcpy(text + length, token, last->length);
    memcpy(last->token, token, last->length);
    return mnv_crypt_sha256(text, length + last->length, last->digest) == APR_SUCCESS;
}

/* @return APR_SUCCESS and visit->digest set, or a told failure */
static apr_status_t digest(mod_mnv_visit_t *visit, const char *label, const char *token)
{
    conn_rec *connection = visit->first->connection;
    const apr_size_t length = strlen(token);
    void *found = NULL;
    digested_t *last;

    (void)apr_pool_userdata_get(&found, DIGESTED_KEY, connection->pool);
    last = found;
    if (!last || last->label != label || last->length != length || !mnv_secret_equal(last->token, token, length)) { /* a proxy's connection carries many people */
        if (!mnv_bearer_is_token(token)) {
            return is_malformed(visit, "not one header with one token of a length that can be");
        }
        if (!last) {
            last = apr_palloc(connection->pool, sizeof(*last));
            (void)apr_pool_userdata_setn(last, DIGESTED_KEY, NULL, connection->pool);
        }
        last->label = label;
        last->length = length;
        if (!make_digest(visit->first->pool, last, token)) {
            last->label = NULL;
            return mnv_fail(mod_mnv_visit_ctx(visit), MNV_FAIL_CRYPTO, "bearer token");
        }
    }
    visit->digest = last->digest;
    return APR_SUCCESS;
}

/* Checking. ------------------------------------------------------------------ */

static const mod_mnv_bearer_library_t *library(void)
{
    return ap_lookup_provider(MOD_MNV_BEARER_GROUP, MOD_MNV_BEARER_NAME, MOD_MNV_BEARER_VERSION);
}

static int is_about_bearer(mnv_failure_e what)
{
    return what >= MNV_FAIL_BEARER_REQUEST && what <= MNV_FAIL_BEARER_REFUSED;
}

/* What is wrong was told in its own words, shared with sign-ins; the client gets the code that says whether the token is to blame, which stands in the log with it. */
static apr_status_t because(mnv_ctx_t *ctx, mnv_failure_e what)
{
    if (is_about_bearer(ctx->failure.what)) {
        return APR_EGENERAL;
    }
    return mnv_fail(ctx, what, "for what %s [ref %s] says", mnv_failure_code(ctx->failure.what, ctx->pool), ctx->failure.reference);
}

static apr_status_t verify(mnv_ctx_t *ctx, const mnv_json_t *jwk, const char *token)
{
    switch (library()->verify(mnv_json_print(ctx->pool, jwk), token)) {
    case MOD_MNV_BEARER_ACCEPTED:
        return APR_SUCCESS;
    case MOD_MNV_BEARER_REFUSED:
        return mnv_fail(ctx, MNV_FAIL_BEARER_REFUSED, "liboauth2 finds that its key did not sign it");
    default:
        return mnv_fail(ctx, MNV_FAIL_BEARER_UNCHECKED, "liboauth2 cannot use the key");
    }
}

/* Unknown kids are the token's fault, whoever sends them; all else is the provider's or ours. */
static apr_status_t find_key(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_jws_t *jws, mnv_json_t **jwk)
{
    mnv_jws_t sought = *jws;
    apr_status_t status;

    if (site->options->bearer.takes_any_kid) {
        sought.kid = NULL;
    }
    status = site->bearer_keys ? mnv_jwks_choose(ctx, &sought, site->bearer_keys, jwk) : mnv_provider_key(ctx, site->bearer, &sought, jwk);
    if (status == APR_SUCCESS) {
        mnv_json_set_string(*jwk, "kid", jws->kid);
    }
    return status == APR_SUCCESS ? status : because(ctx, ctx->failure.what == MNV_FAIL_JWS_KEY ? MNV_FAIL_BEARER_TOKEN : MNV_FAIL_BEARER_UNCHECKED);
}

/* A JWT: everything that can be judged without a key comes first, so that what is not for us costs no call. */
static apr_status_t check_jwt(mnv_ctx_t *ctx, const mnv_site_t *site, const char *token, const mnv_json_t **claims, apr_time_t *ends_at)
{
    mnv_json_t *jwk;
    mnv_jws_t *jws;

    if (mnv_bearer_parse(ctx, token, &jws) != APR_SUCCESS || mnv_bearer_judge(ctx, jws->payload, site->options, 0, ends_at) != APR_SUCCESS) {
        return because(ctx, MNV_FAIL_BEARER_TOKEN);
    }
    if (find_key(ctx, site, jws, &jwk) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *claims = jws->payload;
    return verify(ctx, jwk, token);
}

static apr_status_t introspect(mnv_ctx_t *ctx, const mnv_site_t *site, const char *token, const mnv_json_t **claims, apr_time_t *ends_at)
{
    mnv_json_t *said;

    if (mnv_introspect(ctx, site->introspection, &site->options->bearer.introspection, token, &said) != APR_SUCCESS) {
        return because(ctx, MNV_FAIL_BEARER_UNCHECKED);
    }
    *claims = said;
    return mnv_bearer_judge(ctx, said, site->options, 1, ends_at) == APR_SUCCESS ? APR_SUCCESS : because(ctx, MNV_FAIL_BEARER_TOKEN);
}

static apr_status_t check(mnv_ctx_t *ctx, const mnv_site_t *site, const char *token, mnv_account_t **account)
{
    const mnv_json_t *claims = NULL;
    apr_time_t ends_at = 0;
    apr_status_t status;

    if ((site->bearer || site->bearer_keys) && (mnv_bearer_is_jwt(token) || !site->introspection)) {
        status = check_jwt(ctx, site, token, &claims, &ends_at);
    }
    else if (site->introspection) {
        status = introspect(ctx, site, token, &claims, &ends_at);
    }
    else {
        status = mnv_fail(ctx, MNV_FAIL_BEARER_UNCHECKED, "this process has no keys");
    }
    if (status == APR_SUCCESS && mnv_bearer_account(ctx, claims, site->options, account) != APR_SUCCESS) {
        status = because(ctx, MNV_FAIL_BEARER_TOKEN);
    }
    if (status == APR_SUCCESS) {
        (*account)->ends_at = ends_at;
    }
    return status;
}

/* Loading. --------------------------------------------------------------------- */

static void fail(mod_mnv_visit_t *visit, const mnv_ctx_t *ctx)
{
    visit->state = MOD_MNV_SESSION_FAILED;
    visit->failure = ctx->failure;
}

/* Checked anew whenever the record is old (MyNumberRecheck), as a session is looked up anew: what is revoked at the provider is noticed within that time where introspection is asked. */
static void reload(mod_mnv_visit_t *visit, const char *token)
{
    request_rec *r = visit->first;
    mnv_ctx_t *ctx = mod_mnv_visit_ctx(visit);
    const mnv_site_t *site = mod_mnv_site(r->server);
    mnv_record_source_t source = {0};
    mnv_session_t session = {0};
    mnv_record_t *record = NULL;
    apr_status_t status;

    source.generation = mod_mnv_generation();
    source.asked_at = mnv_now(ctx);
    status = site ? check(ctx, site, token, &session.account) : mnv_fail(ctx, MNV_FAIL_INTERNAL, "this process has no site for the host");
    if (status == APR_SUCCESS) {
        status = mod_mnv_database_ready(ctx, r->server);
    }
    if (status == APR_SUCCESS) {
        session.base_url = site->options->site.base_url;
        session.created = session.seen = source.asked_at;
        status = mod_mnv_session_record(visit, site, &session, &source, &record);
    }
    if (status != APR_SUCCESS) {
        fail(visit, ctx);
        return;
    }
    visit->state = MOD_MNV_SESSION_PRESENT;
    visit->record = record;
    mod_mnv_record_put(r, visit->digest, record);
}

void mod_mnv_bearer_load(mod_mnv_visit_t *visit)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(visit->first->server);
    const char *token = NULL;

    visit->state = MOD_MNV_SESSION_NONE;
    if (!conf->enabled || !visit->credentials) {
        return;
    }
    if (read_token(visit, &token) != APR_SUCCESS || digest(visit, conf->options.bearer.cache_label, token) != APR_SUCCESS) {
        fail(visit, visit->ctx);
        return;
    }
    visit->record = mod_mnv_record_get(visit->first, visit->digest);
    if (visit->record && mod_mnv_session_is_fresh(visit->record, conf, apr_time_now())) {
        visit->state = MOD_MNV_SESSION_PRESENT;
        return;
    }
    visit->record = NULL;
    reload(visit, token);
}

/* Answering. --------------------------------------------------------------------- */

static const char *error_of(mnv_failure_e what)
{
    switch (what) {
    case MNV_FAIL_BEARER_REQUEST:
        return "invalid_request";
    case MNV_FAIL_BEARER_TOKEN:
    case MNV_FAIL_BEARER_BOUND:
    case MNV_FAIL_BEARER_REFUSED:
        return "invalid_token";
    case MNV_FAIL_BEARER_RULES:
        return "insufficient_scope";
    default: /* nothing was sent (RFC 6750 3.1), or the token is not to blame */
        return NULL;
    }
}

void mod_mnv_bearer_answer(request_rec *r, const mnv_ctx_t *ctx, mnv_reply_t *reply)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    const mnv_failure_e what = ctx->failure.what;
    const char *error = error_of(what), *challenge;

    if (!error && reply->status != HTTP_UNAUTHORIZED) {
        return;
    }
    challenge = apr_pstrcat(r->pool, "Bearer realm=\"", conf->options.site.base_url, "\"", NULL);
    if (error) {
        challenge = apr_pstrcat(r->pool, challenge, ", error=\"", error, "\", error_description=\"", mnv_failure_row(what)->en, "\"", NULL);
    }
    reply->authenticate = mod_mnv_bearer_is_visit(mod_mnv_request(r)->visit) ? challenge : apr_pstrcat(r->pool, "MyNumber, ", challenge, NULL);
}
