#include "flow/steps.h"

#include "base/log.h"
#include "flow/flow_external.h"
#include "flow/halves.h"
#include "flow/flow_saml.h"
#include "proto/userinfo.h"

apr_status_t mnv_step_signin(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    if (site->options->signin.method == MNV_SIGNIN_EXTERNAL) {
        return mnv_external_signin(ctx, site, request, reply);
    }
    return mnv_half_start(ctx, site, request, MNV_HALF_ACCOUNT, reply);
}

static apr_status_t finish_oidc(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_oidc_result_t *result, mnv_account_t **account, mnv_reply_t *reply)
{
    apr_status_t status = mnv_oidc_finish(ctx, site, request, MNV_HALF_ACCOUNT, result, reply);

    return status == APR_SUCCESS ? mnv_account_from_claims(ctx, result->issuer, result->token, result->userinfo, &site->options->signin, account) : status;
}

apr_status_t mnv_step_signin_callback(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_oidc_result_t result = {0};
    mnv_account_t *account;
    apr_status_t status = site->options->signin.method == MNV_SIGNIN_SAML ? mnv_saml_finish(ctx, site, request, &result.pending, &account, reply)
                                                                          : finish_oidc(ctx, site, request, &result, &account, reply);

    if (status == APR_SUCCESS) {
        mnv_half_t half = {account, NULL};

        status = mnv_half_arrived(ctx, site, request, &half, result.pending->return_to, reply);
    }
    if (status == APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1604) "account %s signed in",
                mnv_keyring_log_tag(ctx, site->keyring, account->issuer, account->value));
        return APR_SUCCESS;
    }
    return mnv_oidc_failed(ctx, site, &result, status, reply);
}
