#include "flow/halves.h"

#include <string.h>

apr_status_t mnv_half_aim(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half, mnv_aim_t *aim)
{
    mnv_params_t *query;
    const char *purpose;

    memset(aim, 0, sizeof(*aim));
    aim->half = half;
    if (mnv_params_parse(ctx->pool, request->query, request->query ? strlen(request->query) : 0, 16, &query) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_BAD_REQUEST, "query cannot be read");
    }
    if (mnv_params_one(query, "for", &purpose) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_BAD_REQUEST, "parameter \"for\" occurs twice");
    }
    aim->to_link = purpose && !strcmp(purpose, "link");
    return mnv_return_of(ctx, site->options, query, &aim->return_to);
}

apr_status_t mnv_half_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half, mnv_reply_t *reply)
{
    mnv_aim_t aim;
    apr_status_t status = mnv_half_aim(ctx, site, request, half, &aim);

    return status == APR_SUCCESS ? mnv_flow_start(ctx, site, request, &aim, reply) : status;
}

static int is_another_account(const mnv_session_t *session, const mnv_account_t *account)
{
    const mnv_account_t *had = session->account;

    return had && (strcmp(had->issuer, account->issuer) || strcmp(had->kind, account->kind) || strcmp(had->value, account->value));
}

/* A different account is a different person at the keyboard: nothing of the old session may come along. */
static apr_status_t session_with(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *old, const mnv_half_t *half, mnv_session_t **session)
{
    apr_status_t status;

    if (!old || (half->account && is_another_account(old, half->account))) {
        status = mnv_session_make(ctx, site->options->site.base_url, session);
    }
    else {
        status = mnv_session_renew(ctx, old, session);
    }
    if (status == APR_SUCCESS && half->account) {
        (*session)->account = half->account;
    }
    if (status == APR_SUCCESS && half->identity) {
        (*session)->identity = half->identity;
    }
    return status;
}

/* A step of ours begins the next flow: a link made of steps nested in each other would lead from one round trip to the next without a person's doing. */
static int is_step(const mnv_options_t *options, const char *place)
{
    apr_size_t length = strlen(options->site.path);

    return !strncmp(place, options->site.path, length) && place[length] == '/' && place[length + 1] && !strchr("?#", place[length + 1]);
}

/* Judged again: what is allowed may have changed since the flow began. */
static int may_go_back(mnv_ctx_t *ctx, const mnv_options_t *options, const char *return_to, const char **place)
{
    return return_to
           && mnv_url_return(ctx->pool, return_to, options->site.base_url, options->site.return_allow, MNV_RETURN_LIMIT_BYTES, place) == APR_SUCCESS
           && !is_step(options, *place);
}

apr_status_t mnv_half_arrived(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_half_t *half,
                              const char *return_to, mnv_reply_t *reply)
{
    mnv_session_t *old, *session;
    const char *place = NULL;
    apr_status_t status = mnv_flow_session(ctx, site, request->cookies, &old);

    if (status == APR_SUCCESS) {
        status = session_with(ctx, site, old, half, &session);
    }
    if (status == APR_SUCCESS) {
        status = mnv_session_keep(ctx, site, session, old, reply);
    }
    /* Signed out in another tab meanwhile, or something else renewed the session: what was proved now is all that this request may speak of. */
    if (APR_STATUS_IS_ENOENT(status) && (status = session_with(ctx, site, NULL, half, &session)) == APR_SUCCESS) {
        status = mnv_session_keep(ctx, site, session, NULL, reply);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (may_go_back(ctx, site->options, return_to, &place)) {
        mnv_flow_arrived_set(site, half->account ? MNV_HALF_ACCOUNT : MNV_HALF_IDENTITY, reply);
        mnv_reply_redirect(reply, mnv_place_url(ctx->pool, site->options, place));
    }
    else {
        mnv_reply_redirect(reply, mnv_service_url(ctx->pool, site->options, half->account ? "signed-in" : "verified", NULL));
    }
    return APR_SUCCESS;
}
