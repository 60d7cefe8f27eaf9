#include "httpd/gate.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>
#include "base/log.h"
#include "httpd/authz.h"
#include "httpd/bearer.h"
#include "httpd/external.h"
#include "httpd/our_host.h"
#include "httpd/reply_out.h"
#include "httpd/request_in.h"
#include "httpd/sector.h"
#include "httpd/session_io.h"
#include "out/pages.h"

/* A refusal on its way to an answer. */
typedef struct refusal_t {
    request_rec *r;
    mnv_ctx_t *ctx;
    const mod_mnv_server_config_t *conf;
    const mnv_site_t *site;       /* NULL: this process has none */
    mnv_request_t *request;
    unsigned cure;                /* one MOD_MNV_NEED_…; 0: nothing a person could do */
    const char *place;            /* where to come back to, checked; NULL: the service page */
} refusal_t;

/* Sub-requests build a part of somebody else's page, error documents explain a failure: neither may send a browser away or set cookies. */
static int is_bystander(request_rec *r)
{
    if (!r->main && !(r->prev && ap_is_HTTP_ERROR(r->prev->status))) {
        return 0;
    }
    mod_mnv_mark_private(r); /* a cache must not give the page without this part to those who may have it */
    return 1;
}

/* Answering. ---------------------------------------------------------------- */

static int send_reply(const refusal_t *refusal, const mnv_reply_t *reply)
{
    /* As ap_die() does: mod_headers' "Header always" (HSTS) holds for these answers too. */
    ap_run_insert_error_filter(refusal->r);
    mod_mnv_reply_out(refusal->r, refusal->request, reply);
    return DONE;
}

/* The page of the failure in ctx. */
static int send_page(const refusal_t *refusal, const char *cure_url)
{
    mnv_reply_t *reply = mnv_reply_make(refusal->r->pool);

    mnv_page_failure(refusal->ctx, &refusal->conf->options, refusal->request, cure_url, reply);
    if (mod_mnv_dir_config(refusal->r)->bearer != MNV_BEARER_OFF) {
        mod_mnv_bearer_answer(refusal->r, refusal->ctx, reply);
    }
    return send_reply(refusal, reply);
}

static void begin(refusal_t *refusal, request_rec *r)
{
    memset(refusal, 0, sizeof(*refusal));
    refusal->r = r;
    refusal->ctx = mod_mnv_visit_ctx(mod_mnv_request(r)->visit);
    refusal->conf = mod_mnv_server_config(r->server);
    refusal->site = mod_mnv_site(r->server);
    refusal->request = mod_mnv_request_in(r, "/", NULL);
    refusal->request->is_navigation &= !mod_mnv_bearer_is_visit(mod_mnv_request(r)->visit);
}

int mod_mnv_gate_failed(request_rec *r)
{
    const mnv_failure_t failure = mod_mnv_request(r)->visit->failure; /* told already, where it happened */
    refusal_t refusal;

    if (is_bystander(r)) {
        return mnv_failure_row(failure.what)->http_status;
    }
    begin(&refusal, r);
    refusal.ctx->failure = failure;
    return send_page(&refusal, NULL);
}

/* A program with a token, or without one where it needs one: it is told (RFC 6750 3.1), and where a person can cure it. */
static int refuse_bearer(request_rec *r)
{
    const mod_mnv_visit_t *visit = mod_mnv_request(r)->visit;
    refusal_t refusal;

    if (is_bystander(r)) {
        return visit->record ? HTTP_FORBIDDEN : HTTP_UNAUTHORIZED;
    }
    begin(&refusal, r);
    (void)mnv_fail(refusal.ctx, visit->record ? MNV_FAIL_BEARER_RULES : MNV_FAIL_BEARER_MISSING, NULL);
    return send_page(&refusal, NULL);
}

static int refuse_for_good(request_rec *r)
{
    refusal_t refusal;

    if (mod_mnv_bearer_is_visit(mod_mnv_request(r)->visit)) {
        return refuse_bearer(r);
    }
    if (is_bystander(r)) {
        return HTTP_FORBIDDEN;
    }
    begin(&refusal, r);
    (void)mnv_fail(refusal.ctx, mod_mnv_request(r)->why != MNV_OK ? mod_mnv_request(r)->why : MNV_FAIL_RULE_FORBIDDEN, NULL);
    return send_page(&refusal, NULL);
}

/* What cures. --------------------------------------------------------------- */

/* The least of what is missing: a sign-in is quicker than a button on a page that needs two proofs, and that is quicker than a card. */
static unsigned least_cure(const refusal_t *refusal, unsigned missing)
{
    if (!missing && !refusal->r->user) { /* Require valid-user, Require user NAME */
        missing = mod_mnv_authz_entry(refusal->r);
    }
    return missing & (0 - missing); /* the lowest bit: they stand in that order */
}

/* A page is come back to at its own URL. What a script asked for is no place for a person: there it is the page that the script runs in. */
static const char *place_of(const refusal_t *refusal)
{
    request_rec *r = refusal->r;
    const char *url = r->method_number == M_GET && refusal->request->is_navigation ? mod_mnv_request(r)->visit->first->unparsed_uri
                                                                                    : apr_table_get(r->headers_in, "Referer");
    const char *place;

    if (!url || mnv_url_return(r->pool, url, refusal->conf->options.site.base_url, NULL, MNV_RETURN_LIMIT_BYTES, &place) != APR_SUCCESS) {
        return NULL;
    }
    return place;
}

static const char *cure_url(const refusal_t *refusal)
{
    const mnv_site_options_t *site = &refusal->conf->options.site;
    const char *step = refusal->cure == MOD_MNV_NEED_SIGNIN ? "/signin" : refusal->cure == MOD_MNV_NEED_CARD ? "/verify" : "/"; /* the service page offers both, and to link them */
    const char *url = apr_pstrcat(refusal->r->pool, site->base_url, site->path, step, NULL);

    return refusal->place ? mnv_url_add(refusal->r->pool, url, "return", refusal->place) : url;
}

/* Curing. --------------------------------------------------------------------- */

static int start_cure(const refusal_t *refusal)
{
    mnv_reply_t *reply = mnv_reply_make(refusal->r->pool);
    mnv_half_e half = refusal->cure == MOD_MNV_NEED_SIGNIN ? MNV_HALF_ACCOUNT : MNV_HALF_IDENTITY;
    mnv_aim_t aim = {half, refusal->place, 0, half == MNV_HALF_IDENTITY && mod_mnv_request(refusal->r)->is_step_up};

    if (mod_mnv_go_to_our_host(refusal->ctx, refusal->r, refusal->request, refusal->place, reply)) {
        return send_reply(refusal, reply);
    }
    if (refusal->cure == MOD_MNV_NEED_LINK) {
        mnv_reply_redirect(reply, cure_url(refusal));
        return send_reply(refusal, reply);
    }
    if (refusal->site && mnv_flow_has_just_arrived(refusal->site, refusal->request, half)) {
        mnv_log(refusal->ctx, MNV_LOG_WARNING, MNVLOGNO(1441) "the session made a moment ago did not come back: the browser refuses the cookie, or has another one of its name");
        return refuse_for_good(refusal->r);
    }
    /* Not after a person has held the card to the phone for nothing. */
    if (mod_mnv_database_ready(refusal->ctx, refusal->r->server) != APR_SUCCESS
        || mnv_flow_start(refusal->ctx, refusal->site, refusal->request, &aim, reply) != APR_SUCCESS) {
        return send_page(refusal, NULL);
    }
    return send_reply(refusal, reply);
}

/* Both ways in, as buttons on a page at the very URL that was asked for. */
static int offer_choice(const refusal_t *refusal)
{
    mnv_reply_t *reply = mnv_reply_make(refusal->r->pool);

    if (mod_mnv_go_to_our_host(refusal->ctx, refusal->r, refusal->request, refusal->place, reply)) {
        return send_reply(refusal, reply);
    }
    (void)mnv_fail(refusal->ctx, MNV_FAIL_RULE_CHOICE, NULL);
    mnv_page_choice(refusal->ctx, &refusal->conf->options, refusal->request, refusal->place, reply);
    return send_reply(refusal, reply);
}

/* Came in by card, which leads to no account. */
static int came_by_card(const refusal_t *refusal)
{
    int is_held = (mod_mnv_request(refusal->r)->visit->record->flags & MNV_IS_HELD) != 0;

    (void)mnv_fail(refusal->ctx, is_held ? MNV_FAIL_RULE_HELD : MNV_FAIL_RULE_UNLINKED, NULL);
    return send_page(refusal, cure_url(refusal));
}

/* A refusal that somebody could cure. */
static int refuse_as(request_rec *r, unsigned missing, mod_mnv_unauthenticated_e how)
{
    refusal_t refusal;

    if (mod_mnv_bearer_is_visit(mod_mnv_request(r)->visit)) {
        return refuse_bearer(r);
    }
    if (is_bystander(r)) {
        return how == MNV_UNAUTHENTICATED_403 ? HTTP_FORBIDDEN : HTTP_UNAUTHORIZED;
    }
    begin(&refusal, r);
    refusal.cure = least_cure(&refusal, missing);
    if (!refusal.cure || how == MNV_UNAUTHENTICATED_403) {
        return refuse_for_good(r);
    }
    refusal.place = place_of(&refusal);
    if (refusal.cure == MOD_MNV_NEED_ACCOUNT) {
        return came_by_card(&refusal);
    }
    if (refusal.request->is_navigation && r->method_number == M_GET && how == MNV_UNAUTHENTICATED_REDIRECT) {
        return refusal.cure == MOD_MNV_NEED_CHOICE ? offer_choice(&refusal) : start_cure(&refusal);
    }
    if (refusal.request->is_navigation && r->method_number != M_GET) {
        (void)mnv_fail(refusal.ctx, MNV_FAIL_RULE_POST, NULL);
    }
    else {
        (void)mnv_fail(refusal.ctx, MNV_FAIL_RULE_UNAUTHENTICATED, NULL);
    }
    return send_page(&refusal, cure_url(&refusal));
}

/* @return OK where the location lets everybody pass */
static int refuse(request_rec *r, unsigned missing)
{
    mod_mnv_unauthenticated_e how = mod_mnv_dir_config(r)->unauthenticated;

    return how == MNV_UNAUTHENTICATED_PASS && (missing || !r->user) ? OK : refuse_as(r, missing, how);
}

int mod_mnv_gate_sign_in(request_rec *r)
{
    mod_mnv_unauthenticated_e how = mod_mnv_dir_config(r)->unauthenticated;

    return refuse_as(r, MOD_MNV_NEED_SIGNIN, how == MNV_UNAUTHENTICATED_PASS ? MNV_UNAUTHENTICATED_REDIRECT : how);
}

/* Hooks. -------------------------------------------------------------------- */

static int ask_the_others(request_rec *r, mod_mnv_request_t *request)
{
    int status;

    request->missing = 0;
    request->is_step_up = 0;
    request->why = MNV_OK;
    request->is_inside = 1;
    status = ap_run_access_checker_ex(r);
    request->is_inside = 0;
    return status;
}

/* By card alone the user is a subject, which no "Require user" or "Require group" names. Refused for that, or for good? Somebody not known yet would tell: then the account is what is
 * missing. */
static int ask_without_subject(request_rec *r, mod_mnv_request_t *request)
{
    const mnv_record_t *record = request->visit->record;
    char *subject = r->user;
    int status;

    if (!subject || !record || mod_mnv_knows_account(r, record)) {
        return HTTP_FORBIDDEN;
    }
    r->user = NULL;
    status = ask_the_others(r, request);
    r->user = subject;
    if (status == DECLINED && !request->missing) {
        request->missing = mod_mnv_authz_account(r);
    }
    return status == DECLINED ? DECLINED : HTTP_FORBIDDEN;
}

/* What the rules said, as an answer. */
static int settle(request_rec *r, const mod_mnv_request_t *request, int is_ours, int status)
{
    if (request->has_asked && request->visit->state == MOD_MNV_SESSION_FAILED) {
        return mod_mnv_gate_failed(r);
    }
    if (status == DECLINED && (is_ours || request->missing)) {
        return refuse(r, request->missing);
    }
    if (status == HTTP_FORBIDDEN && (is_ours || request->ruled == r->per_dir_config)) {
        return refuse_for_good(r);
    }
    return status;
}

static int judge(request_rec *r, mod_mnv_request_t *request, int is_ours)
{
    int status;

    if (is_ours && !request->own) {
        if (mod_mnv_session(r)->state == MOD_MNV_SESSION_FAILED) {
            return mod_mnv_gate_failed(r);
        }
        mod_mnv_set_user(r);
    }
    status = ask_the_others(r, request);
    if (request->own) { /* only another rule (Require ip) may refuse here; "no user yet" is why people come */
        return status == DECLINED && is_ours ? OK : status;
    }
    if (status == HTTP_FORBIDDEN && is_ours) {
        status = ask_without_subject(r, request);
    }
    return settle(r, request, is_ours, status);
}

/* Before the other module has said who this is our rules wait for it (authz.c). What asked the session all the same (an expression, a rule behind a "not") decides nothing yet. */
static int ask_before(request_rec *r, mod_mnv_request_t *request)
{
    int had_asked = request->has_asked, status;

    request->has_asked = 0;
    status = ask_the_others(r, request);
    if (request->has_asked && (status == OK || status == HTTP_FORBIDDEN)) {
        request->is_forced = 1;
        status = OK;
    }
    request->has_asked |= had_asked;
    return status;
}

/* Where no AuthType is set, a module may have said already who this is (MellonEnable, client certificates). */
static int judge_without_auth(request_rec *r, mod_mnv_request_t *request, int is_ours)
{
    if (!is_ours && mod_mnv_external_is_here(r)) {
        mod_mnv_external_compare(r);
    }
    return judge(r, request, is_ours);
}

int mod_mnv_gate_access(request_rec *r)
{
    mod_mnv_request_t *request;
    int status = DECLINED, is_ours;

    if (!mod_mnv_server_config(r->server)->enabled) {
        return DECLINED;
    }
    request = mod_mnv_request(r);
    if (request->is_inside) {
        return DECLINED;
    }
    is_ours = mod_mnv_is_our_auth(r);
    if (!request->has_auth || is_ours) { /* else another module says who this is: mod_mnv_gate_authz() */
        status = judge_without_auth(r, request, is_ours);
    }
    else if (mod_mnv_external_is_here(r)) {
        status = ask_before(r, request);
    }
    /* What others refuse they may explain in an error document of the same location, for which httpd asks no rule. */
    if (status == OK || status == DECLINED || (!is_ours && request->ruled != r->per_dir_config)) {
        request->admitted = r->per_dir_config;
    }
    return status;
}

/* Did the request that this one comes from pass the gate of the very same location? httpd asks no rule a second time then. */
static int is_admitted_already(request_rec *r, mod_mnv_request_t *request)
{
    request_rec *parent = mod_mnv_parent(r);
    const mod_mnv_request_t *before = parent ? mod_mnv_request(parent) : NULL;

    if (before && before->admitted == r->per_dir_config) {
        request->admitted = before->admitted;
        request->ruled = before->ruled;
    }
    return request->own || request->admitted == r->per_dir_config;
}

int mod_mnv_gate_again(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    int is_ours, status;

    if (is_admitted_already(r, request)) {
        return OK;
    }
    is_ours = mod_mnv_is_our_auth(r);
    if ((request->has_auth && !is_ours) || ap_satisfies(r) == SATISFY_ANY) {
        /* What httpd asked before it came to us stands; here we only learn whether there are rules of ours. */
        if (is_ours) {
            mod_mnv_set_user(r);
        }
        (void)ask_the_others(r, request);
    }
    else {
        status = judge(r, request, is_ours);
        if (status != OK && (is_ours || request->ruled == r->per_dir_config)) {
            return status == DECLINED ? HTTP_UNAUTHORIZED : status;
        }
    }
    request->admitted = r->per_dir_config;
    return OK;
}

/* mod_mnv_gate_access() never leaves an open question under our AuthType; this is for modules that force authentication all the same. */
int mod_mnv_gate_user(request_rec *r)
{
    if (!mod_mnv_server_config(r->server)->enabled || !mod_mnv_is_our_auth(r)) {
        return DECLINED;
    }
    if (mod_mnv_session(r)->state == MOD_MNV_SESSION_FAILED) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    mod_mnv_set_user(r);
    return r->user ? OK : HTTP_UNAUTHORIZED;
}

int mod_mnv_gate_authz(request_rec *r)
{
    mod_mnv_request_t *request;
    int status;

    if (!mod_mnv_server_config(r->server)->enabled) {
        return DECLINED;
    }
    request = mod_mnv_request(r);
    if (request->own || mod_mnv_is_our_auth(r)) {
        return DECLINED;
    }
    if (mod_mnv_external_is_here(r)) {
        mod_mnv_external_compare(r);
    }
    if (request->has_asked && request->visit->state == MOD_MNV_SESSION_FAILED) {
        return mod_mnv_gate_failed(r);
    }
    if (!request->missing && !request->is_postponed && !request->is_forced) {
        return DECLINED;
    }
    /* The other module's user is known by now. Asked as before authentication, mod_authz_core tells "could be cured" (DECLINED) from "never" (403), and logs no error for the
     * former; after authentication both are a 401. */
    status = ask_the_others(r, request);
    if (request->has_asked && request->visit->state == MOD_MNV_SESSION_FAILED) {
        return mod_mnv_gate_failed(r);
    }
    if (status == HTTP_FORBIDDEN && request->why != MNV_OK) {
        return refuse_for_good(r);
    }
    return status == DECLINED && request->missing ? refuse(r, request->missing) : DECLINED;
}
