/* In place of flow/flow_saml_logout.c in a build without libxml2 and xmlsec1. */
#include "flow/steps.h"

apr_status_t mnv_step_saml_slo(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)reply;
    return mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, "this build has no SAML");
}

/* Never called: no configuration with MyNumberSignIn saml starts. */
void mnv_saml_sign_out(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_account_t *account, const char *place, mnv_reply_t *reply)
{
    (void)ctx;
    (void)site;
    (void)request;
    (void)account;
    (void)place;
    (void)reply;
}
