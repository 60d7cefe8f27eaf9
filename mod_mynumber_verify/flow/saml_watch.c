/* What sign-in by SAML does beside requests: metadata at start and ahead of need. */
#include "flow/flow_saml.h"

#include "flow/federation.h"

void mnv_saml_ready(mnv_ctx_t *ctx, const mnv_options_t *options, struct mnv_federation_t *federation)
{
    if (options->saml.is_url) {
        mnv_federation_start(ctx, federation);
    }
}

void mnv_saml_connect(const mnv_site_t *site)
{
    mnv_federation_connect(site->federation, site->http);
}

void mnv_saml_refresh(mnv_ctx_t *ctx, const mnv_site_t *site, const volatile apr_uint32_t *stop)
{
    mnv_federation_refresh(ctx, site->federation, stop); /* a failure is told, and tried again in a later step */
}
