#include "flow/steps.h"

#include <string.h>
#include "base/log.h"

/* The right to link: both halves proved in this very session, recently, by the issuers that are configured now. */
static apr_status_t judge_right(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session)
{
    apr_time_t now = mnv_now(ctx);

    if (!session->account || !mnv_proof_is_fresh(session->account->proof_at, now)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_PROOF_SIGNIN, NULL);
    }
    if (!session->identity || !mnv_proof_is_fresh(session->identity->proof_at, now)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_PROOF_CARD, NULL);
    }
    if (!site->options->account.issuer || strcmp(session->account->issuer, site->options->account.issuer)
        || !site->options->card.issuer || strcmp(session->identity->issuer, site->options->card.issuer)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_ISSUER, NULL);
    }
    return APR_SUCCESS;
}

/* A refusal that can be foreseen costs nobody a proof; the database still decides races. */
static apr_status_t judge_conflict(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session)
{
    apr_array_header_t *links;
    mnv_link_t *link;
    int i;
    apr_status_t status = mnv_store_link_by_account(ctx, site->store, session->account, &link);

    if (status == APR_SUCCESS && link && mnv_link_is_live(link, mnv_now(ctx)) && !mnv_link_has_identity(link, session->identity)) {
        return mnv_fail(ctx, MNV_FAIL_LINK_ACCOUNT_TAKEN, NULL);
    }
    if (status != APR_SUCCESS || site->options->link.policy != MNV_POLICY_ONE_TO_ONE) {
        return status;
    }
    status = mnv_store_links_by_identity(ctx, site->store, session->identity, &links);
    for (i = 0; status == APR_SUCCESS && i < links->nelts; i++) {
        link = APR_ARRAY_IDX(links, i, mnv_link_t *);
        if (mnv_link_is_live(link, mnv_now(ctx)) && !mnv_link_has_account(link, session->account)) {
            return mnv_fail(ctx, MNV_FAIL_LINK_IDENTITY_TAKEN, NULL);
        }
    }
    return status;
}

/* The halves stay, the right is gone. The id stays too: it was new when each half arrived, and a browser that drops this answer (a double click, a broken
 * connection) must not be signed out by it. */
static apr_status_t use_up_proofs(mnv_ctx_t *ctx, const mnv_site_t *site, mnv_session_t *session, mnv_reply_t *reply)
{
    if (session->account) {
        session->account->proof_at = 0;
    }
    if (session->identity) {
        session->identity->proof_at = 0;
    }
    reply->raise_generation = 1;
    mnv_reply_forget(reply, session->key);
    return mnv_store_session_update(ctx, site->store, session);
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

static apr_status_t make_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session)
{
    mnv_link_outcome_e outcome;
    mnv_link_t *link;
    apr_status_t status = mnv_link_make(ctx, session, &site->options->link, &link);

    if (status == APR_SUCCESS) {
        status = mnv_store_link_make(ctx, site->store, link, "self", &outcome);
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
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1605) "account %s was linked to identity %s",
                mnv_keyring_log_tag(ctx, site->keyring, session->account->issuer, session->account->value),
                mnv_keyring_log_tag(ctx, site->keyring, session->identity->issuer, session->identity->subject));
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

apr_status_t mnv_step_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_session_t *session;
    mnv_params_t *form;
    const char *place;
    int done;
    apr_status_t status = mnv_flow_session(ctx, site, request->cookies, &session);

    if (status != APR_SUCCESS || (status = mnv_form_of(ctx, site, request, session, &form)) != APR_SUCCESS
        || (status = mnv_return_of(ctx, site->options, form, &place)) != APR_SUCCESS
        || (status = find_done(ctx, site, session, &done)) != APR_SUCCESS) {
        return status;
    }
    if (!done
        && ((status = judge_right(ctx, site, session)) != APR_SUCCESS || (status = judge_conflict(ctx, site, session)) != APR_SUCCESS
            || (status = use_up_proofs(ctx, site, session, reply)) != APR_SUCCESS || (status = make_link(ctx, site, session)) != APR_SUCCESS
            || (status = mnv_store_generation_raise(ctx, site->store)) != APR_SUCCESS)) {
        return status;
    }
    go_on(ctx, site, place, "linked", reply);
    return APR_SUCCESS;
}

/* Sessions elsewhere that stood on this link end; this one keeps its halves. */
static apr_status_t remove_link(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, const mnv_link_t *link)
{
    int removed;
    apr_status_t status = mnv_store_link_remove(ctx, site->store, link, "self", "unlinked", &removed);

    if (status == APR_SUCCESS && !removed) {
        return mnv_fail(ctx, MNV_FAIL_LINK_ABSENT, "it was removed a moment ago");
    }
    if (status == APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1606) "account %s was unlinked from identity %s",
                mnv_keyring_log_tag(ctx, site->keyring, link->account->issuer, link->account->value),
                mnv_keyring_log_tag(ctx, site->keyring, link->identity->issuer, link->identity->subject));
        status = mnv_store_sessions_delete(ctx, site->store, link->account, NULL, session->key);
    }
    if (status == APR_SUCCESS) {
        status = mnv_store_sessions_delete(ctx, site->store, NULL, link->identity, session->key);
    }
    return status;
}

/* The card may be lost: a recent account sign-in alone allows this. */
apr_status_t mnv_step_unlink(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_session_t *session;
    mnv_params_t *form;
    mnv_link_t *link;
    const char *place;
    apr_status_t status = mnv_flow_session(ctx, site, request->cookies, &session);

    if (status != APR_SUCCESS || (status = mnv_form_of(ctx, site, request, session, &form)) != APR_SUCCESS
        || (status = mnv_return_of(ctx, site->options, form, &place)) != APR_SUCCESS) {
        return status;
    }
    if (!session->account || !mnv_proof_is_fresh(session->account->proof_at, mnv_now(ctx))) {
        return mnv_fail(ctx, MNV_FAIL_LINK_PROOF_SIGNIN, NULL);
    }
    status = mnv_store_link_by_account(ctx, site->store, session->account, &link);
    if (status == APR_SUCCESS && !link) {
        return mnv_fail(ctx, MNV_FAIL_LINK_ABSENT, NULL);
    }
    if (status != APR_SUCCESS || (status = use_up_proofs(ctx, site, session, reply)) != APR_SUCCESS
        || (status = remove_link(ctx, site, session, link)) != APR_SUCCESS
        || (status = mnv_store_generation_raise(ctx, site->store)) != APR_SUCCESS) {
        return status;
    }
    go_on(ctx, site, place, "unlinked", reply);
    return APR_SUCCESS;
}
