/* An OpenID Provider's metadata and keys (OpenID Connect Discovery 1.0). Parsing and judging only; flow/provider.c fetches and keeps. */
#ifndef MNV_PROTO_OP_METADATA_H
#define MNV_PROTO_OP_METADATA_H

#include "base/mnv.h"
#include "model/options.h"

typedef struct mnv_op_metadata_t {
    const char *issuer, *authorization_endpoint, *token_endpoint, *userinfo_endpoint /* NULL: none */, *jwks_uri, *end_session_endpoint /* NULL: none */;
    int iss_in_callback; /* authorization_response_iss_parameter_supported: a callback without iss is refused (RFC 9207 2.4) */
} mnv_op_metadata_t;

/** Discovery URL of an issuer: issuer + "/.well-known/openid-configuration". Pool: pool. */
const char *mnv_op_discovery_url(apr_pool_t *pool, const char *issuer);

/** Do the options name all endpoints by hand (authorization, token, jwks), so that no discovery is needed? */
int mnv_op_is_by_hand(const mnv_provider_options_t *options);

/** The tenant that a Microsoft Entra issuer "https://HOST/TENANT-ID/v2.0" is of, lower case. @return NULL: another kind of issuer. Pool: pool. */
const char *mnv_op_tenant(apr_pool_t *pool, const char *issuer);

/** Does this issuer stand for any tenant ("…/common/v2.0", "…/organizations/…", "…/consumers/…", "…/{tenantid}/v2.0")? Then any organisation in the world could say who somebody is. */
int mnv_op_is_any_tenant(const char *issuer);

/** Make the metadata from a discovery document (text NULL: none) with the options' endpoints put over it.
 * Checked: issuer member equal to options->issuer byte for byte (Discovery 4.3); every endpoint an absolute https URL, or http on loopback.
 * @return APR_SUCCESS or the told failure METADATA. Pool: pool (may outlive ctx->pool). */
apr_status_t mnv_op_metadata_parse(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_provider_options_t *options, const char *text, apr_size_t length, mnv_op_metadata_t **metadata);

#endif
