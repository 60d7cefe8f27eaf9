/* In place of flow/flow_saml_logout.c in a build without libxml2 and xmlsec1. */
#include "flow/steps.h"

#include "out/pages.h"

apr_status_t mnv_step_saml_slo(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)reply;
    return mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, "this build has no SAML");
}

/* Of a session that another build has made. */
void mnv_saml_sign_out(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_account_t *account, const char *place, mnv_reply_t *reply)
{
    mnv_signed_out_view_t view = {site->options, request, MNV_SIGNED_OUT_ALONE, NULL, NULL};

    (void)account;
    view.onward = place ? mnv_place_url(ctx->pool, site->options, place) : NULL;
    mnv_page_signed_out(ctx, &view, reply);
}
