#include "httpd/handoff.h"

#include <http_log.h>
#include <http_protocol.h>
#include <string.h>
#include "base/cookie.h"
#include "base/log.h"
#include "httpd/external.h"
#include "httpd/gate.h"
#include "httpd/sector.h"
#include "httpd/session_io.h"
#include "httpd/strip.h"

APLOG_USE_MODULE(mynumber_verify);

#define VARIABLE_PREFIX "MYNUMBER_"

/* Taking back. -------------------------------------------------------------- */

/* An internal redirect renames variables to REDIRECT_NAME, the next one to REDIRECT_REDIRECT_NAME. */
static int is_our_variable(const char *name)
{
    while (!strncmp(name, "REDIRECT_", 9)) {
        name += 9;
    }
    /* CGI and SSI turn our headers into HTTP_NAME, which an included page inherits. */
    return !strncmp(name, VARIABLE_PREFIX, sizeof(VARIABLE_PREFIX) - 1) || (!strncmp(name, "HTTP_", 5) && mod_mnv_is_identity_name(name + 5));
}

static int is_our_user(const request_rec *r)
{
    return r->ap_auth_type && !strcmp(r->ap_auth_type, MOD_MNV_AUTH_TYPE);
}

static int is_user_variable(const char *name)
{
    while (!strncmp(name, "REDIRECT_", 9)) {
        name += 9;
    }
    return !strcmp(name, "REMOTE_USER") || !strcmp(name, "AUTH_TYPE");
}

static void take_back(request_rec *r, int (*is_meant)(const char *name))
{
    const apr_array_header_t *elements = apr_table_elts(r->subprocess_env);
    int i = 0;

    while (i < elements->nelts) {
        const char *name = APR_ARRAY_IDX(elements, i, apr_table_entry_t).key;

        if (is_meant(name)) {
            apr_table_unset(r->subprocess_env, name);
        }
        else {
            i++;
        }
    }
}

/* The user we set is known to our own locations alone. A sub-request inherits the variables made of it (SSI) without having had an AuthType itself, and httpd makes a
 * REDIRECT_REMOTE_USER of the r->user of any request before. */
static void take_back_user(request_rec *r)
{
    request_rec *from;
    int is_known = 0;

    for (from = r; from; from = mod_mnv_parent(from)) {
        is_known |= is_our_user(from);
    }
    if (!is_known) {
        return;
    }
    take_back(r, is_user_variable);
    if (mod_mnv_is_our_auth(r)) {
        return;
    }
    if (is_our_user(r)) {
        r->user = NULL;
        r->ap_auth_type = NULL;
    }
    for (from = r->prev; from; from = from->prev) {
        if (is_our_user(from) && from->user) {
            mod_mnv_request(from)->hidden_user = from->user;
            from->user = NULL;
        }
    }
}

/* The access log tells who asked for the page, whatever answered. */
int mod_mnv_handoff_log(request_rec *r)
{
    for (; r->next; r = r->next) {
        mod_mnv_request_t *request = ap_get_module_config(r->request_config, &mynumber_verify_module);

        if (request && request->hidden_user) {
            r->user = request->hidden_user;
        }
    }
    return DECLINED;
}

/* Handing on. --------------------------------------------------------------- */

/* Let in without being known ("pass", or by another rule): said in words, so that no application has to guess it from what is not there. */
static const char *value_of_nobody(const mod_mnv_export_t *one, mnv_encoding_e encoding)
{
    if (one->slot != MNV_FACT_VERIFIED && one->slot != MNV_FACT_LINKED) {
        return NULL;
    }
    return encoding == MNV_ENCODING_BASE64URL ? "MA" : "0";
}

/* Within the loop of every request. @param knows mod_mnv_knows_account() */
static inline const char *value_of(request_rec *r, const mnv_record_t *record, const mod_mnv_export_t *one, int knows)
{
    if (one->slot == MNV_FACT_SUBJECT) { /* the provider's own is for nobody's eyes */
        return mod_mnv_subject(r);
    }
    return !knows && mod_mnv_is_of_account(one->slot) ? NULL : mnv_record_value(record, MNV_ENCODING_UTF8, one->slot);
}

const char *mod_mnv_value(request_rec *r, const mnv_record_t *record, const mod_mnv_export_t *one)
{
    return record ? value_of(r, record, one, mod_mnv_knows_account(r, record)) : value_of_nobody(one, MNV_ENCODING_UTF8);
}

/* ASCII, whatever the encoding. */
static void hand_on_assertion(request_rec *r, const mod_mnv_dir_config_t *dir)
{
    const char *assertion = mod_mnv_assertion(r);

    if (assertion && dir->pass & MNV_PASS_ENV) {
        apr_table_addn(r->subprocess_env, VARIABLE_PREFIX "ASSERTION", assertion);
    }
    if (assertion && dir->pass & MNV_PASS_HEADERS) {
        apr_table_addn(r->headers_in, dir->header_prefix->assertion, assertion);
    }
}

/* A back-end that takes no such line would answer 400 for itself, or drop it: refused here, where it can be told. */
static int refuse_too_long(request_rec *r, const mod_mnv_export_t *one, const char *text)
{
    mod_mnv_visit_t *visit = mod_mnv_request(r)->visit;
    mnv_ctx_t *ctx = mod_mnv_visit_ctx(visit);

    (void)mnv_fail(ctx, MNV_FAIL_SESSION_SIZE,
                   "\"%s\" of %" APR_SIZE_T_FMT " bytes is more than %d as a header: write MyNumberPass env or another MyNumberHeaderEncoding, or leave it out of MyNumberExport", one->header,
                   strlen(text), MNV_HEADER_VALUE_LIMIT_BYTES);
    visit->failure = ctx->failure;
    return mod_mnv_gate_failed(r);
}

/* @return OK, or the answer to a refusal */
static int hand_on(request_rec *r, const mnv_record_t *record, const mod_mnv_dir_config_t *dir)
{
    const apr_array_header_t *exports = mod_mnv_exports(r);
    const mod_mnv_export_t *one = (const mod_mnv_export_t *)exports->elts, *end = one + exports->nelts;
    const int knows = mod_mnv_knows_account(r, record);

    for (; one < end; one++) {
        const char *text = value_of(r, record, one, knows);

        if (!text) {
            continue;
        }
        if (dir->pass & MNV_PASS_ENV) {
            apr_table_addn(r->subprocess_env, one->variable, text);
        }
        if (dir->pass & MNV_PASS_HEADERS) {
            const char *encoded = mnv_record_is_same(record, dir->encoding, one->slot) ? text : mnv_record_value(record, dir->encoding, one->slot);

            if (!encoded) {
                return refuse_too_long(r, one, text);
            }
            apr_table_addn(r->headers_in, one->header, encoded);
        }
    }
    if (dir->assertion.is_on) {
        hand_on_assertion(r, dir);
    }
    return OK;
}

static void hand_on_nobody(request_rec *r, const mod_mnv_dir_config_t *dir)
{
    const apr_array_header_t *exports = mod_mnv_exports(r);
    const mod_mnv_export_t *one = (const mod_mnv_export_t *)exports->elts, *end = one + exports->nelts;

    for (; one < end; one++) {
        const char *text = value_of_nobody(one, MNV_ENCODING_UTF8);

        if (text && dir->pass & MNV_PASS_ENV) {
            apr_table_addn(r->subprocess_env, one->variable, text);
        }
        if (text && dir->pass & MNV_PASS_HEADERS) {
            apr_table_addn(r->headers_in, one->header, value_of_nobody(one, dir->encoding));
        }
    }
}

static int hand_over(request_rec *r, mod_mnv_request_t *request)
{
    const mod_mnv_dir_config_t *dir = mod_mnv_dir_config(r);
    mod_mnv_visit_t *visit;
    int status = OK;

    request->handed = r->per_dir_config;
    if (!request->own && (mod_mnv_is_our_auth(r) || request->ruled == r->per_dir_config)) {
        int is_silent = mod_mnv_external_is_here(r) && !mod_mnv_external_speaks(r);

        visit = mod_mnv_session(r);
        mod_mnv_mark_private(r);
        take_back(r, is_our_variable); /* SetEnvIf, RewriteRule [E=]: of one person everything comes from the session, or nothing */
        if (visit->record && !is_silent) {
            status = hand_on(r, visit->record, dir);
        }
        else if (visit->state != MOD_MNV_SESSION_FAILED) {
            hand_on_nobody(r, dir);
        }
        if (status == OK && request->sector_of == dir && !request->sector) { /* told; an application must not take the rest for all */
            return mod_mnv_gate_failed(r);
        }
    }
    if (request->has_asked && request->visit->state == MOD_MNV_SESSION_FAILED) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, MNVLOGNO(1460) "refused: the session could not be loaded");
        return HTTP_SERVICE_UNAVAILABLE;
    }
    return status == OK ? DECLINED : status;
}

/* An application that logs or leaks its cookies must not leak ours. */
static void strip_cookies(request_rec *r, mod_mnv_request_t *request, const mod_mnv_server_config_t *conf)
{
    const char *cookies = apr_table_get(r->headers_in, "Cookie"), *rest;

    if (!cookies || !conf->strip_cookies) {
        return;
    }
    (void)mod_mnv_cookies(request->visit); /* remembers them: the table may be the first request's own */
    rest = mnv_cookie_strip(r->pool, cookies, conf->cookies, conf->cookie_count);
    if (!rest) {
        apr_table_unset(r->headers_in, "Cookie");
    }
    else if (rest != cookies) {
        apr_table_setn(r->headers_in, "Cookie", rest);
    }
}

/* This request began at another location than the one that answers: nothing of what was handed on there stays, and the rules must have been asked here. */
static int begin_anew(request_rec *r)
{
    int status;

    take_back(r, is_our_variable);
    status = mod_mnv_gate_again(r);
    if (status == OK) {
        take_back_user(r);
    }
    return status;
}

int mod_mnv_handoff_fixups(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    int status;

    mod_mnv_strip(r);
    if (!conf->enabled) {
        return DECLINED;
    }
    if (r->prev || r->main || request->admitted != r->per_dir_config) {
        status = begin_anew(r);
        if (status != OK) {
            return status;
        }
    }
    strip_cookies(r, request, conf);
    return hand_over(r, request);
}

int mod_mnv_handoff_again(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    int status;

    if (request->visit->is_private) { /* ap_internal_fast_redirect() forgets it */
        r->no_cache = 1;
    }
    if (!request->handed || request->handed == r->per_dir_config) {
        return DECLINED;
    }
    request->is_stripped = 0;
    mod_mnv_strip(r);
    status = begin_anew(r);
    return status == OK ? hand_over(r, request) : status;
}
