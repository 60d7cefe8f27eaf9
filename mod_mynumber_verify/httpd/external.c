#include "httpd/external.h"

#include <string.h>
#include "base/base64url.h"
#include "base/cookie.h"
#include "flow/flow_external.h"
#include "httpd/gate.h"
#include "httpd/reply_out.h"
#include "lib/crypt.h"
#include "proto/vouched.h"

static int is_external(const request_rec *r)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);

    return conf->enabled && conf->options.signin.method == MNV_SIGNIN_EXTERNAL;
}

int mod_mnv_external_is_here(request_rec *r)
{
    return is_external(r) && !mod_mnv_request(r)->own && !mod_mnv_is_our_auth(r);
}

/* Never a header. The user that we set ourselves vouches for nothing. */
static void look(request_rec *r, mnv_vouched_t *vouched, mnv_external_t *found)
{
    int is_ours = r->ap_auth_type && !strcmp(r->ap_auth_type, MOD_MNV_AUTH_TYPE);

    vouched->is_authenticated = r->ap_auth_type && !is_ours;
    vouched->user = is_ours ? NULL : r->user;
    vouched->variables = r->subprocess_env;
    mnv_external_find(r->pool, vouched, &mod_mnv_server_config(r->server)->options.signin, found);
}

static int is_same(const request_rec *r, const mnv_record_t *record, const mnv_external_t *found)
{
    const char *account = mnv_record_value(record, MNV_ENCODING_UTF8, MNV_FACT_ACCOUNT), *issuer = mnv_record_value(record, MNV_ENCODING_UTF8, MNV_FACT_ACCOUNT_ISSUER);

    return found->value && account && issuer && !strcmp(found->value, account) && record->kind == mnv_record_kind(found->kind)
           && !strcmp(issuer, mod_mnv_server_config(r->server)->options.account.issuer);
}

/* For this request of the browser there is no session. */
static void leave_out(mod_mnv_visit_t *visit)
{
    visit->state = MOD_MNV_SESSION_NONE;
    visit->record = NULL;
}

static void drop(request_rec *r, mod_mnv_visit_t *visit, mnv_reply_t *reply)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    const mnv_site_t *site = mod_mnv_site(r->server);
    const char *cookies = mod_mnv_cookies(visit);

    if (site) {
        mnv_external_drop(mod_mnv_visit_ctx(visit), site, mnv_base64url_encode(r->pool, visit->digest, MNV_DIGEST_BYTES), reply);
    }
    visit->cookies = cookies ? mnv_cookie_strip(visit->first->pool, cookies, conf->cookies, 1) : NULL; /* the first is the session's */
    leave_out(visit);
}

static void drop_now(request_rec *r, mod_mnv_visit_t *visit)
{
    mnv_reply_t *reply = mnv_reply_make(r->pool);

    drop(r, visit, reply);
    mod_mnv_reply_effects(visit->first, reply);
}

static int has_account(const mod_mnv_visit_t *visit)
{
    return visit->state == MOD_MNV_SESSION_PRESENT && visit->record->flags & MNV_HAS_ACCOUNT;
}

void mod_mnv_external_compare(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    mod_mnv_visit_t *visit = mod_mnv_session_look(r);
    mnv_vouched_t vouched;
    mnv_external_t found;

    look(r, &vouched, &found);
    request->is_known = 1;
    request->is_somebody = found.is_somebody;
    request->is_unsure = found.number != 0; /* fixups may still set what is looked at first */
    if (found.is_somebody && !has_account(visit) && visit->state == MOD_MNV_SESSION_PRESENT) {
        leave_out(visit); /* a card says nothing of this account, nor does what the card is linked with */
    }
    else if (found.is_somebody && !request->is_unsure && has_account(visit) && !is_same(r, visit->record, &found)) {
        drop_now(r, visit);
    }
    request->is_provisional = visit->state == MOD_MNV_SESSION_PRESENT;
}

static int was_asked(const request_rec *r)
{
    const mod_mnv_request_t *request;

    for (; r; r = mod_mnv_parent(r)) {
        request = ap_get_module_config(r->request_config, &mynumber_verify_module);
        if (request && request->is_known) {
            return 1;
        }
    }
    return 0;
}

int mod_mnv_external_speaks(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    int is_asked = was_asked(r);

    if (!request->is_known) {
        mod_mnv_external_compare(r);
        request->is_known = request->is_unsure = 0; /* httpd has not asked it for this request, so that its fixups set nothing either */
    }
    return is_asked || request->is_somebody;
}

/* @return 0: no longer, now or since a sub-request (of mod_dir) has seen it first */
static int still_speaks(request_rec *r, mod_mnv_visit_t *visit, const mnv_external_t *found)
{
    if (visit->state == MOD_MNV_SESSION_PRESENT && !has_account(visit)) {
        leave_out(visit);
    }
    else if (has_account(visit) && !is_same(r, visit->record, found)) {
        drop_now(r, visit);
    }
    return visit->state == MOD_MNV_SESSION_PRESENT;
}

int mod_mnv_external_fixups(request_rec *r)
{
    mod_mnv_request_t *request;
    mod_mnv_visit_t *visit;
    mnv_vouched_t vouched;
    mnv_external_t found;

    if (!mod_mnv_external_is_here(r) || !(request = mod_mnv_request(r))->is_unsure) {
        return DECLINED;
    }
    request->is_unsure = 0;
    visit = request->visit;
    look(r, &vouched, &found);
    if (!request->is_provisional || !found.is_somebody || still_speaks(r, visit, &found)) {
        return DECLINED;
    }
    /* Rules were judged by that session, and other modules may have copied what it said. */
    return request->has_asked ? mod_mnv_gate_sign_in(r) : DECLINED;
}

int mod_mnv_external_force(request_rec *r)
{
    return is_external(r) && mod_mnv_request(r)->is_forced ? OK : DECLINED;
}

void mod_mnv_external_own(request_rec *r, mnv_request_t *request, mnv_reply_t *reply)
{
    mod_mnv_visit_t *visit;
    mnv_external_t found;

    if (!is_external(r)) {
        return;
    }
    look(r, &request->vouched, &found);
    if (!found.is_somebody) {
        return;
    }
    visit = mod_mnv_session_look(r);
    if (has_account(visit) && !is_same(r, visit->record, &found)) {
        drop(r, visit, reply);
        request->cookies = visit->cookies;
    }
}
