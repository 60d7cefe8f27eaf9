#include "flow/steps.h"

#include "base/log.h"
#include "flow/flow_external.h"
#include "flow/halves.h"
#include "proto/userinfo.h"

apr_status_t mnv_step_signin(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    if (site->options->signin.method == MNV_SIGNIN_EXTERNAL) {
        return mnv_external_signin(ctx, site, request, reply);
    }
    return mnv_half_start(ctx, site, request, MNV_HALF_ACCOUNT, reply);
}

apr_status_t mnv_step_signin_callback(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_oidc_result_t result;
    mnv_account_t *account;
    apr_status_t status = mnv_oidc_finish(ctx, site, request, MNV_HALF_ACCOUNT, &result, reply);

    if (status == APR_SUCCESS) {
        status = mnv_account_from_claims(ctx, result.issuer, result.token, result.userinfo, &site->options->signin, &account);
    }
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
