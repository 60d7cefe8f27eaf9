/* The AuthnRequest (core 3.4.1, profiles 4.1.4.1), by HTTP-Redirect. */
#ifndef MNV_PROTO_SAML_REQUEST_H
#define MNV_PROTO_SAML_REQUEST_H

#include "base/mnv.h"
#include <apr_tables.h>

struct mnv_private_key_t;

/** What to ask for. Contexts that are not set are not sent, ForceAuthn and NameIDPolicy never: Entra ID answers what it does not like with an error. */
typedef struct mnv_saml_request_t {
    const char *id;                      /* of mnv_saml_id(); the response's InResponseTo */
    const char *entity_id, *acs_url;     /* ours */
    const char *destination;             /* the identity provider's single sign-on service for HTTP-Redirect */
    const char *relay_state;             /* NULL: none; at most MNV_SAML_RELAY_LIMIT bytes */
    const apr_array_header_t *contexts;  /* const char *: acceptable AuthnContextClassRef, Comparison exact; NULL: not sent */
    const struct mnv_private_key_t *key; /* NULL: not signed */
} mnv_saml_request_t;

/** The URL a browser is sent to. @return APR_SUCCESS or a told failure (SIGN, INTERNAL). Pool: ctx->pool. */
apr_status_t mnv_saml_request_url(mnv_ctx_t *ctx, const mnv_saml_request_t *request, const char **url);

#endif
