#include "flow/steps.h"

#include <apr_strings.h>
#include <string.h>
#include "base/civil.h"
#include "base/log.h"
#include "flow/flow_saml.h"
#include "lib/json.h"

static int is_our_issuer(mnv_ctx_t *ctx, const mnv_site_t *site, const char *issuer)
{
    const char *only = site->options->account.issuer;

    return only ? !strcmp(issuer, only) : site->federation && mnv_saml_is_issuer(ctx, site, issuer);
}

/* The right to link: both halves proved in this very session, recently, by the issuers that are configured now. */
static apr_status_t judge_right(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session)
{
    apr_time_t now = mnv_now(ctx);

    if (!session->account || !mnv_proof_is_fresh(session->account->proof_at, now)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_PROOF_SIGNIN, NULL);
    }
    if (!mnv_signin_may_link(site->options, session->account)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_SIGNIN_ACR, NULL);
    }
    if (!session->identity || !mnv_proof_is_fresh(session->identity->proof_at, now)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_PROOF_CARD, NULL);
    }
    if (!is_our_issuer(ctx, site, session->account->issuer)
        || !site->options->card.issuer || strcmp(session->identity->issuer, site->options->card.issuer)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_ISSUER, NULL);
    }
    return APR_SUCCESS;
}

/* A refusal that can be foreseen costs nobody a proof; the database still decides races.
 * @param replace id of the link that the person saw and wants replaced, NULL: none. Another one, made meanwhile, stays. @param old the link it names, NULL: none */
static apr_status_t judge_conflict(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, const char *replace, mnv_link_t **old)
{
    mnv_link_t *link;
    int is_taken;
    apr_status_t status = mnv_store_link_by_account(ctx, site->store, session->account, &link);

    *old = NULL;
    if (status == APR_SUCCESS && link && mnv_link_is_live(link, mnv_now(ctx)) && !mnv_link_has_identity(link, session->identity)) {
        if (!replace || strcmp(replace, link->id)) {
            return mnv_fail(ctx, MNV_FAIL_LINK_ACCOUNT_TAKEN, NULL);
        }
        *old = link;
    }
    if (status == APR_SUCCESS) {
        status = mnv_flow_identity_taken(ctx, site, session, &is_taken);
    }
    return status == APR_SUCCESS && is_taken ? mnv_fail(ctx, MNV_FAIL_LINK_IDENTITY_TAKEN, NULL) : status;
}

/* The same session under a new id: the halves stay, the right is gone. */
static apr_status_t succeed(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_session_t *from, mnv_succession_t *succession)
{
    mnv_session_t *to;
    apr_status_t status = mnv_session_renew(ctx, from, &to);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (from->account) {
        to->account = apr_pmemdup(ctx->pool, from->account, sizeof(*from->account));
        to->account->proof_at = 0;
    }
    if (from->identity) {
        to->identity = apr_pmemdup(ctx->pool, from->identity, sizeof(*from->identity));
        to->identity->proof_at = 0;
    }
    to->predecessor = from->id;
    to->succeeded_at = mnv_now(ctx);
    succession->from = from;
    succession->to = to;
    succession->browser = mnv_flow_browser(ctx, site, request);
    succession->lifetime = site->options->session.lifetime;
    return APR_SUCCESS;
}

/* The database has it; now the caches of this server and the browser. */
static apr_status_t succeeded(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_succession_t *succession, mnv_reply_t *reply)
{
    reply->raise_generation = 1;
    mnv_reply_forget(reply, succession->from->key);
    mnv_session_cookie(site, succession->to, reply);
    return mnv_store_generation_raise(ctx, site->store);
}

/* Pressed twice, or in another tab: these very halves are linked, and saying so is the truth. */
static apr_status_t find_done(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, int *done)
{
    mnv_link_t *link;
    apr_status_t status;

    *done = 0;
    if (!session->account || !session->identity) {
        return APR_SUCCESS;
    }
    status = mnv_store_link_by_account(ctx, site->store, session->account, &link);
    *done = status == APR_SUCCESS && link && mnv_link_is_live(link, mnv_now(ctx)) && mnv_link_has_account(link, session->account)
            && mnv_link_has_identity(link, session->identity);
    return status;
}

/* For MyNumberLinkNotify: enough to write to the account's owner, nothing of the card. */
static void notify(mnv_ctx_t *ctx, const mnv_site_t *site, const char *event, const mnv_account_t *account, mnv_reply_t *reply)
{
    mnv_json_t *json = mnv_json_object(ctx->pool);

    mnv_json_set_string(json, "event", event);
    mnv_json_set_string(json, "at", mnv_civil_rfc3339(ctx->pool, mnv_now(ctx)));
    mnv_json_set_string(json, "account", account->value);
    mnv_json_set_string(json, "account_issuer", account->issuer);
    mnv_json_set_string(json, "by", "self");
    mnv_json_set_string(json, "site", site->options->site.base_url);
    reply->notification = apr_pstrcat(ctx->pool, reply->notification ? reply->notification : "", reply->notification ? "\n" : "", mnv_json_print(ctx->pool, json), NULL);
}

static void tell_linked(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session)
{
    mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1605) "account %s was linked to identity %s",
            mnv_keyring_log_tag(ctx, site->keyring, session->account->issuer, session->account->value),
            mnv_keyring_log_tag(ctx, site->keyring, session->identity->issuer, session->identity->subject));
}

/* In one transaction: never without a link in between, never with two. */
static apr_status_t keep_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_succession_t *succession, mnv_replacement_t *links, mnv_reply_t *reply, mnv_link_outcome_e *outcome)
{
    int replaced = 0;
    apr_status_t status = links->old ? mnv_store_link_replace(ctx, site->store, links, succession, outcome, &replaced)
                                     : mnv_store_link_make(ctx, site->store, links->made, links->by, succession, outcome);

    if (status == APR_SUCCESS && replaced) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1609) "account %s was unlinked from identity %s, which another replaces",
                mnv_keyring_log_tag(ctx, site->keyring, links->old->account->issuer, links->old->account->value),
                mnv_keyring_log_tag(ctx, site->keyring, links->old->identity->issuer, links->old->identity->subject));
        notify(ctx, site, "unlinked", links->old->account, reply);
    }
    return status;
}

/* @param old the link that the new one replaces, NULL: none @param made 0: the very pair was linked by another request a moment ago, and nothing was done */
static apr_status_t make_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_succession_t *succession, const mnv_link_t *old, mnv_reply_t *reply, int *made)
{
    mnv_link_outcome_e outcome;
    mnv_replacement_t links = {old, NULL, "self"};
    mnv_link_t *link;
    apr_status_t status = mnv_link_make(ctx, succession->from, &site->options->link, &link);

    *made = 0;
    if (status == APR_SUCCESS) {
        links.made = link;
        status = keep_link(ctx, site, succession, &links, reply, &outcome);
    }
    if (APR_STATUS_IS_ENOENT(status)) {
        return mnv_fail(ctx, MNV_FAIL_SESSION_NONE, "it was ended meanwhile");
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    switch (outcome) {
    case MNV_LINK_ACCOUNT_TAKEN:
        return mnv_fail(ctx, MNV_FAIL_LINK_ACCOUNT_TAKEN, "another browser was faster");
    case MNV_LINK_IDENTITY_TAKEN:
        return mnv_fail(ctx, MNV_FAIL_LINK_IDENTITY_TAKEN, "another browser was faster");
    case MNV_LINK_MADE:
        *made = 1;
        tell_linked(ctx, site, succession->from);
        notify(ctx, site, "linked", succession->from->account, reply);
        break;
    case MNV_LINK_WAS_OURS:
        break;
    }
    return APR_SUCCESS;
}

/* Where both forms lead: on to the place, or back to the service page with a word about what was done. */
static void go_on(mnv_ctx_t *ctx, const mnv_site_t *site, const char *place, const char *notice, mnv_reply_t *reply)
{
    mnv_flow_linked_set(site, reply);
    mnv_reply_redirect(reply, place ? mnv_place_url(ctx->pool, site->options, place) : mnv_service_url(ctx->pool, site->options, notice, NULL));
}

/* A form that arrived: whose, and where its sender wants to go. */
typedef struct pressed_t {
    mnv_pressed_session_t who;
    const char *place;
    const char *replace; /* id of the link to replace, NULL: none */
} pressed_t;

static apr_status_t read_form(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, pressed_t *pressed)
{
    mnv_params_t *form;
    apr_status_t status = mnv_session_pressed(ctx, site, request, &pressed->who);

    if (status == APR_SUCCESS) {
        status = mnv_form_of(ctx, site, request, &pressed->who, &form);
    }
    if (status == APR_SUCCESS && mnv_params_one(form, "replace", &pressed->replace) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_FORM, "field \"replace\" occurs twice");
    }
    return status == APR_SUCCESS ? mnv_return_of(ctx, site->options, form, &pressed->place) : status;
}

static apr_status_t link_now(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const pressed_t *pressed, mnv_reply_t *reply, int *made)
{
    const mnv_session_t *session = pressed->who.session;
    mnv_succession_t succession;
    mnv_link_t *old;
    apr_status_t status = judge_right(ctx, site, session);

    if (status != APR_SUCCESS || (status = judge_conflict(ctx, site, session, pressed->replace, &old)) != APR_SUCCESS
        || (status = succeed(ctx, site, request, session, &succession)) != APR_SUCCESS
        || (status = make_link(ctx, site, &succession, old, reply, made)) != APR_SUCCESS) {
        return status;
    }
    return *made ? succeeded(ctx, site, &succession, reply) : APR_SUCCESS;
}

/* Was it done by another request of this browser? Whoever pressed twice may have lost the first answer, and the cookie with it. */
static apr_status_t tell_successor(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply, int *is_repeated)
{
    mnv_pressed_session_t now;
    apr_status_t status = mnv_session_pressed(ctx, site, request, &now);

    *is_repeated = status == APR_SUCCESS && now.is_repeated;
    if (*is_repeated) {
        mnv_session_cookie(site, now.session, reply);
    }
    return status;
}

apr_status_t mnv_step_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    pressed_t pressed;
    int done, is_repeated, made = 0;
    apr_status_t status = read_form(ctx, site, request, &pressed);

    if (status == APR_SUCCESS) {
        status = find_done(ctx, site, pressed.who.session, &done);
    }
    if (status == APR_SUCCESS && !done) {
        status = link_now(ctx, site, request, &pressed, reply, &made);
    }
    if (status == APR_SUCCESS && !made) { /* perhaps since the session was read */
        status = tell_successor(ctx, site, request, reply, &is_repeated);
    }
    if (status == APR_SUCCESS) {
        go_on(ctx, site, pressed.place, "linked", reply);
    }
    return status;
}

/* Sessions elsewhere that stood on this link end; this one keeps its halves. @param removed 0: it was gone, and nothing was done */
static apr_status_t remove_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_link_t *link, const mnv_succession_t *succession, int *removed)
{
    static const mnv_reason_t reason = {"self", "unlinked"};
    apr_status_t status = mnv_store_link_remove(ctx, site->store, link, &reason, succession, removed);

    if (APR_STATUS_IS_ENOENT(status)) {
        return mnv_fail(ctx, MNV_FAIL_SESSION_NONE, "it was ended meanwhile");
    }
    if (status == APR_SUCCESS && *removed) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1606) "account %s was unlinked from identity %s",
                mnv_keyring_log_tag(ctx, site->keyring, link->account->issuer, link->account->value),
                mnv_keyring_log_tag(ctx, site->keyring, link->identity->issuer, link->identity->subject));
    }
    return status;
}

/* The card may be lost: a recent account sign-in alone allows this. */
static apr_status_t unlink_now(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_session_t *session, mnv_reply_t *reply, int *removed)
{
    mnv_succession_t succession;
    mnv_link_t *link;
    apr_status_t status;

    if (!session->account || !mnv_proof_is_fresh(session->account->proof_at, mnv_now(ctx))) {
        return mnv_fail(ctx, MNV_FAIL_LINK_PROOF_SIGNIN, NULL);
    }
    status = mnv_store_link_by_account(ctx, site->store, session->account, &link);
    if (status != APR_SUCCESS || !link || (status = succeed(ctx, site, request, session, &succession)) != APR_SUCCESS
        || (status = remove_link(ctx, site, link, &succession, removed)) != APR_SUCCESS) {
        return status;
    }
    if (!*removed) {
        return APR_SUCCESS;
    }
    notify(ctx, site, "unlinked", link->account, reply);
    return succeeded(ctx, site, &succession, reply);
}

/* Pressed twice: the session that goes on since has no link any more. */
static apr_status_t find_undone(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pressed_session_t *who, int *undone)
{
    mnv_link_t *link = NULL;
    apr_status_t status = APR_SUCCESS;

    *undone = 0;
    if (who->is_repeated && who->session->account) {
        status = mnv_store_link_by_account(ctx, site->store, who->session->account, &link);
        *undone = status == APR_SUCCESS && !link;
    }
    return status;
}

apr_status_t mnv_step_unlink(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    pressed_t pressed;
    int undone, is_repeated, removed = 0;
    apr_status_t status = read_form(ctx, site, request, &pressed);

    if (status == APR_SUCCESS) {
        status = find_undone(ctx, site, &pressed.who, &undone);
    }
    if (status == APR_SUCCESS && !undone) {
        status = unlink_now(ctx, site, request, pressed.who.session, reply, &removed);
    }
    if (status == APR_SUCCESS && !removed) {
        status = tell_successor(ctx, site, request, reply, &is_repeated);
        if (status == APR_SUCCESS && !is_repeated && !undone) {
            return mnv_fail(ctx, MNV_FAIL_LINK_ABSENT, NULL);
        }
    }
    if (status == APR_SUCCESS) {
        go_on(ctx, site, pressed.place, "unlinked", reply);
    }
    return status;
}
