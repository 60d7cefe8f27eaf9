#include "proto/saml_request.h"

#include <string.h>
#include <apr_strings.h>
#include "base/civil.h"
#include "base/text.h"
#include "proto/saml.h"
#include "proto/saml_redirect.h"

/* 3.3.2.2.1 */
static const char *contexts_xml(apr_pool_t *pool, const mnv_saml_request_t *request)
{
    const char *xml = "";
    int i;

    if (!request->contexts || request->contexts->nelts == 0) {
        return "";
    }
    for (i = 0; i < request->contexts->nelts; i++) {
        xml = apr_pstrcat(pool, xml, "<saml:AuthnContextClassRef>", mnv_text_html(pool, APR_ARRAY_IDX(request->contexts, i, const char *)),
                          "</saml:AuthnContextClassRef>", NULL);
    }
    return apr_pstrcat(pool, "<samlp:RequestedAuthnContext Comparison=\"exact\">", xml, "</samlp:RequestedAuthnContext>", NULL);
}

static const char *request_xml(mnv_ctx_t *ctx, const mnv_saml_request_t *request)
{
    apr_pool_t *pool = ctx->pool;

    return apr_pstrcat(pool, "<samlp:AuthnRequest xmlns:samlp=\"" MNV_SAMLP_NS "\" xmlns:saml=\"" MNV_SAML_NS "\" ID=\"", request->id,
                       "\" Version=\"2.0\" IssueInstant=\"", mnv_civil_rfc3339(pool, mnv_now(ctx)), "\" Destination=\"",
                       mnv_text_html(pool, request->destination), "\" ProtocolBinding=\"" MNV_SAML_POST "\" AssertionConsumerServiceURL=\"", mnv_text_html(pool, request->acs_url), "\"><saml:Issuer>",
                       mnv_text_html(pool, request->entity_id), "</saml:Issuer>", contexts_xml(pool, request),
                       "</samlp:AuthnRequest>", NULL);
}

apr_status_t mnv_saml_request_url(mnv_ctx_t *ctx, const mnv_saml_request_t *request, const char **url)
{
    mnv_saml_outgoing_t message = { request->destination, 0, request_xml(ctx, request), request->relay_state, request->key };

    if (request->relay_state && strlen(request->relay_state) > MNV_SAML_RELAY_LIMIT) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "RelayState is longer than %d bytes", MNV_SAML_RELAY_LIMIT);
    }
    return mnv_saml_redirect_url(ctx, &message, url);
}
