#include "flow/steps.h"

#include <string.h>
#include "base/log.h"
#include "flow/halves.h"
#include "proto/userinfo.h"

apr_status_t mnv_step_verify(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    return mnv_half_start(ctx, site, request, MNV_HALF_IDENTITY, reply);
}

/* What nothing here can use is not kept, whatever the provider sends. */
static const char *kept(const mnv_options_t *options, const char *name, const char *value)
{
    int i;

    for (i = 0; options->details && i < options->details->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(options->details, i, const char *), name)) {
            return value;
        }
    }
    return options->details ? NULL : value;
}

static void forget_useless(const mnv_options_t *options, mnv_identity_t *identity)
{
    identity->name = kept(options, "name", identity->name);
    identity->birthdate = kept(options, "birthdate", identity->birthdate);
    identity->gender = kept(options, "gender", identity->gender);
    identity->address = kept(options, "address", identity->address);
}

/* The linked person proved it anew: the link keeps the newer details. */
static apr_status_t refresh_links(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_identity_t *identity)
{
    apr_array_header_t *links;
    apr_status_t status = mnv_store_links_by_identity(ctx, site->store, identity, &links);
    int i;

    for (i = 0; status == APR_SUCCESS && i < links->nelts; i++) {
        mnv_link_t *link = APR_ARRAY_IDX(links, i, mnv_link_t *);

        if (mnv_link_is_live(link, mnv_now(ctx))) {
            mnv_link_keep(ctx->pool, link, identity, &site->options->link);
            status = mnv_store_link_reverified(ctx, site->store, link);
        }
    }
    return status;
}

/* A card held again speaks for the linked person alone. Another's is refused, and the session keeps the identity it had. */
static apr_status_t judge_step_up(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_identity_t *identity)
{
    mnv_session_t *session;
    mnv_link_t *link = NULL;
    apr_status_t status = mnv_flow_session(ctx, site, request->cookies, &session);

    if (status == APR_SUCCESS && session && session->account) {
        status = mnv_store_link_by_account(ctx, site->store, session->account, &link);
    }
    if (status != APR_SUCCESS || !link || !mnv_link_is_live(link, mnv_now(ctx)) || mnv_link_has_identity(link, identity)) {
        return status;
    }
    mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1608) "account %s, linked to identity %s, was shown the card of identity %s",
            mnv_keyring_log_tag(ctx, site->keyring, session->account->issuer, session->account->value),
            mnv_keyring_log_tag(ctx, site->keyring, link->identity->issuer, link->identity->subject),
            mnv_keyring_log_tag(ctx, site->keyring, identity->issuer, identity->subject));
    status = mnv_store_link_refused(ctx, site->store, link, "another card");
    return status == APR_SUCCESS ? mnv_fail(ctx, MNV_FAIL_STEP_UP_ANOTHER, NULL) : status;
}

apr_status_t mnv_step_verify_callback(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_oidc_result_t result;
    mnv_identity_t *identity;
    apr_status_t status = mnv_oidc_finish(ctx, site, request, MNV_HALF_IDENTITY, &result, reply);

    if (status == APR_SUCCESS) {
        status = mnv_identity_from_claims(ctx, result.issuer, result.token, result.userinfo, &identity);
    }
    if (status == APR_SUCCESS) {
        forget_useless(site->options, identity);
    }
    if (status == APR_SUCCESS && result.pending->is_step_up) {
        status = judge_step_up(ctx, site, request, identity);
    }
    if (status == APR_SUCCESS) {
        status = refresh_links(ctx, site, identity);
    }
    if (status == APR_SUCCESS) {
        mnv_half_t half = {NULL, identity};

        status = mnv_half_arrived(ctx, site, request, &half, result.pending, reply);
    }
    if (status == APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1603) "identity %s was verified by card",
                mnv_keyring_log_tag(ctx, site->keyring, identity->issuer, identity->subject));
        return APR_SUCCESS;
    }
    return mnv_oidc_failed(ctx, site, &result, status, reply);
}
