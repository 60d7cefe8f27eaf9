/* In place of flow/flow_saml.c in a build without libxml2 and xmlsec1. The configuration refuses to ask for what is not there; the URLs say so. */
#include "flow/flow_saml.h"

#include "flow/steps.h"

static apr_status_t absent(mnv_ctx_t *ctx)
{
    return mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, "this build has no SAML");
}

apr_status_t mnv_saml_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)aim;
    (void)reply;
    return absent(ctx);
}

apr_status_t mnv_saml_finish(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_pending_t **pending, mnv_account_t **account, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)pending;
    (void)account;
    (void)reply;
    return absent(ctx);
}

apr_status_t mnv_step_signin_discovery(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)reply;
    return absent(ctx);
}

void mnv_saml_ready(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_options_t *options, struct mnv_federation_t *federation)
{
    (void)pool;
    (void)ctx;
    (void)options;
    (void)federation;
}

void mnv_saml_connect(const mnv_site_t *site)
{
    (void)site;
}

void mnv_saml_refresh(mnv_ctx_t *ctx, const mnv_site_t *site, const volatile apr_uint32_t *stop)
{
    (void)ctx;
    (void)site;
    (void)stop;
}

int mnv_saml_is_issuer(mnv_ctx_t *ctx, const mnv_site_t *site, const char *entity_id)
{
    (void)ctx;
    (void)site;
    (void)entity_id;
    return 0;
}

apr_status_t mnv_step_saml_acs(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)reply;
    return absent(ctx);
}

apr_status_t mnv_step_saml_metadata(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    (void)site;
    (void)request;
    (void)reply;
    return absent(ctx);
}
