#include "httpd/session_io.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>
#include <string.h>
#include "base/cookie.h"
#include "base/log.h"
#include "base/secret.h"
#include "httpd/bearer.h"
#include "httpd/record_cache.h"
#include "lib/crypt.h"

/* A session id: 32 bytes as base64url. */
#define ID_LENGTH 43
/* Nodes that share a cache do not agree to the microsecond. */
#define CLOCK_DIFFERENCE apr_time_from_sec(5)

request_rec *mod_mnv_parent(const request_rec *r)
{
    return r->prev ? r->prev : r->main;
}

mod_mnv_request_t *mod_mnv_request_make(request_rec *r)
{
    mod_mnv_request_t *request = apr_pcalloc(r->pool, sizeof(*request));
    request_rec *parent = mod_mnv_parent(r);

    if (parent) { /* httpd limits how deep these go (LimitInternalRecursion) */
        request->visit = mod_mnv_request(parent)->visit;
    }
    else {
        request->visit = &request->own_visit;
        request->visit->first = r;
    }
    ap_set_module_config(r->request_config, &mynumber_verify_module, request);
    return request;
}

mnv_ctx_t *mod_mnv_visit_ctx(mod_mnv_visit_t *visit)
{
    if (!visit->ctx) {
        visit->ctx = mod_mnv_ctx(visit->first);
    }
    return visit->ctx;
}

const char *mod_mnv_cookies(mod_mnv_visit_t *visit)
{
    if (visit->browser) { /* taken out of the request once, remembered once */
        visit = visit->browser;
    }
    if (!visit->has_cookies) {
        visit->has_cookies = 1;
        visit->cookies = apr_table_get(visit->first->headers_in, "Cookie");
    }
    return visit->cookies;
}

int mod_mnv_is_our_auth(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);

    if (request->auth_of != r->per_dir_config) { /* httpd evaluates an expression each time it is asked */
        const char *type = ap_auth_type(r);

        request->auth_of = r->per_dir_config;
        request->is_our_auth = type && !ap_cstr_casecmp(type, MOD_MNV_AUTH_TYPE);
        request->has_auth = type != NULL;
    }
    return request->is_our_auth;
}

/* Loading. ------------------------------------------------------------------ */

int mod_mnv_session_is_fresh(const mnv_record_t *record, const mod_mnv_server_config_t *conf, apr_time_t now)
{
    return now < record->fresh_until && now < record->expires_at && now + CLOCK_DIFFERENCE >= record->checked_at
           && now - record->seen_at < conf->options.session.inactivity && record->generation == mod_mnv_generation();
}

static int is_seen_long_ago(const mnv_record_t *record, const mod_mnv_server_config_t *conf, apr_time_t now)
{
    return now - record->seen_at > conf->options.session.inactivity / 10;
}

/* Only reached where MyNumberRecheck is long: a reload writes last-seen itself. A write that fails costs the person time, not the site safety: the session ends early. */
static void write_last_seen(mod_mnv_visit_t *visit, const char *id, const unsigned char *digest, apr_time_t now)
{
    request_rec *r = visit->first;
    mnv_ctx_t *ctx = mod_mnv_visit_ctx(visit);
    const mnv_site_t *site = mod_mnv_site(r->server);
    const char *key = mnv_session_key(r->pool, id, ID_LENGTH);
    mnv_record_t *record = apr_pmemdup(r->pool, visit->record, visit->record->size);

    if (site && key && mod_mnv_database_ready(ctx, r->server) == APR_SUCCESS) {
        (void)mnv_store_session_seen(ctx, site->store, key, now);
    }
    record->seen_at = now;
    visit->record = record;
    mod_mnv_record_put(r, digest, record);
}

apr_status_t mod_mnv_session_record(mod_mnv_visit_t *visit, const mnv_site_t *site, const mnv_session_t *session, mnv_record_source_t *source, mnv_record_t **record)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(visit->first->server);
    mnv_link_t *link;
    apr_status_t status = mnv_flow_link_of(visit->ctx, site, session, &link);

    if (status != APR_SUCCESS) {
        return status;
    }
    source->session = session;
    source->link = link;
    source->attributes = conf->options.signin.account_keep;
    source->assurance = conf->options.assurance;
    source->options = &conf->options.session;
    source->hold = conf->options.link.hold;
    source->site = conf->site_check;
    return mnv_record_make(visit->ctx, source, record);
}

/* The generation and the time are read before the database: what ends in between makes the record old at once here, and within MyNumberRecheck on other nodes however long the
 * database or this process takes. */
static void reload(mod_mnv_visit_t *visit, const unsigned char *digest)
{
    request_rec *r = visit->first;
    mnv_ctx_t *ctx = mod_mnv_visit_ctx(visit);
    const mnv_site_t *site = mod_mnv_site(r->server);
    mnv_record_source_t source = {0};
    mnv_session_t *session = NULL;
    mnv_record_t *record = NULL;
    apr_status_t status = mod_mnv_database_ready(ctx, r->server);

    source.generation = mod_mnv_generation();
    source.asked_at = mnv_now(ctx);
    if (status == APR_SUCCESS && !site) {
        status = mnv_fail(ctx, MNV_FAIL_INTERNAL, "this process has no site for the host");
    }
    if (status == APR_SUCCESS) {
        status = mnv_flow_session(ctx, site, mod_mnv_cookies(visit), &session);
    }
    if (status == APR_SUCCESS && session) {
        status = mod_mnv_session_record(visit, site, session, &source, &record);
    }
    if (status != APR_SUCCESS) {
        visit->state = MOD_MNV_SESSION_FAILED;
        visit->failure = ctx->failure;
        return;
    }
    if (!session) {
        visit->state = MOD_MNV_SESSION_NONE;
        return;
    }
    visit->state = MOD_MNV_SESSION_PRESENT;
    visit->record = record;
    mod_mnv_record_put(r, digest, record);
}

/* A browser sends the same cookie with every request of a connection, and the digest is the dearest part of a request that the cache answers. A pure function's last
 * value, in the connection's own memory, which one thread at a time works on (an HTTP/2 stream has a connection of its own). */
typedef struct digested_t {
    char id[ID_LENGTH];
    unsigned char digest[MNV_DIGEST_BYTES];
} digested_t;

/* @return NULL when the cryptographic library fails */
static const unsigned char *digest_of(conn_rec *connection, const char *id)
{
    digested_t *last = ap_get_module_config(connection->conn_config, &mynumber_verify_module);

    if (last && mnv_secret_equal(last->id, id, ID_LENGTH)) { /* a proxy's connection carries many people */
        return last->digest;
    }
    if (!last) {
        last = apr_palloc(connection->pool, sizeof(*last));
    }
    ap_set_module_config(connection->conn_config, &mynumber_verify_module, NULL);
    if (mnv_crypt_sha256(id, ID_LENGTH, last->digest) != APR_SUCCESS) {
        return NULL;
    }
    memcpy(last->id, id, ID_LENGTH);
    ap_set_module_config(connection->conn_config, &mynumber_verify_module, last);
    return last->digest;
}

static void load(mod_mnv_visit_t *visit)
{
    request_rec *r = visit->first;
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    const unsigned char *digest;
    const char *id, *cookies = mod_mnv_cookies(visit);
    apr_size_t length;
    apr_time_t now;

    visit->state = MOD_MNV_SESSION_NONE;
    if (!cookies || !conf->enabled) {
        return;
    }
    /* A second cookie of the name was tossed in by somebody else: which one is ours cannot be told. */
    if (mnv_cookie_find(cookies, mnv_session_cookie_name(&conf->options), &id, &length) != 1 || length != ID_LENGTH) {
        return;
    }
    digest = digest_of(r->connection, id);
    if (!digest) {
        mnv_ctx_t *ctx = mod_mnv_visit_ctx(visit);

        (void)mnv_fail(ctx, MNV_FAIL_CRYPTO, "session cookie");
        visit->state = MOD_MNV_SESSION_FAILED;
        visit->failure = ctx->failure;
        return;
    }
    visit->digest = digest;
    visit->record = mod_mnv_record_get(r, digest);
    now = apr_time_now();
    if (visit->record && mod_mnv_session_is_fresh(visit->record, conf, now)) {
        visit->state = MOD_MNV_SESSION_PRESENT;
        if (is_seen_long_ago(visit->record, conf, now)) {
            write_last_seen(visit, id, digest, now);
        }
        return;
    }
    visit->record = NULL;
    reload(visit, digest);
}

mod_mnv_visit_t *mod_mnv_session_look(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    mod_mnv_visit_t *visit;

    if (request->visit_of != r->per_dir_config) { /* asked several times for each */
        request->visit_of = r->per_dir_config;
        mod_mnv_bearer_choose(r, request);
    }
    visit = request->visit;
    if (visit->state == MOD_MNV_SESSION_UNASKED) {
        mod_mnv_bearer_is_visit(visit) ? mod_mnv_bearer_load(visit) : load(visit);
    }
    return visit;
}

mod_mnv_visit_t *mod_mnv_session(request_rec *r)
{
    mod_mnv_request(r)->has_asked = 1;
    return mod_mnv_session_look(r);
}

/* Who it is. ---------------------------------------------------------------- */

int mod_mnv_knows_account(const request_rec *r, const mnv_record_t *record)
{
    return record->flags & MNV_HAS_ACCOUNT || (record->flags & MNV_HAS_LINKED_ACCOUNT && mod_mnv_dir_config(r)->entry != MNV_ENTRY_ACCOUNT);
}

/* Of one person: neither mod_cache nor a proxy may give it to another, also where it says nothing of the person ("pass"). */
void mod_mnv_mark_private(request_rec *r)
{
    mod_mnv_visit_t *visit = mod_mnv_request(r)->visit;
    request_rec *up;

    for (up = r; up; up = mod_mnv_parent(up)) {
        up->no_cache = 1;
    }
    if (!visit->is_private) {
        visit->is_private = 1;
        /* err_headers_out outlives the application's own headers; a second Cache-Control adds to the first (RFC 9110 5.3) */
        apr_table_addn(visit->first->err_headers_out, "Cache-Control", "private");
    }
}
