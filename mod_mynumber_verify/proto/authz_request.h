/* The authorization request (OpenID Connect Core 3.1.2.1, RFC 7636 PKCE S256). */
#ifndef MNV_PROTO_AUTHZ_REQUEST_H
#define MNV_PROTO_AUTHZ_REQUEST_H

#include "base/mnv.h"
#include "model/options.h"
#include "model/pending.h"
#include "proto/op_metadata.h"

/** Build the URL a browser is sent to: response_type=code, client_id, redirect_uri, scope, state (pending->id), nonce, code_challenge(_method=S256), acr_values
 * when set; nothing else. @param scope space-separated, contains openid @return APR_SUCCESS or a told failure CRYPTO. Pool: ctx->pool. */
apr_status_t mnv_authz_request_url(mnv_ctx_t *ctx, const mnv_op_metadata_t *metadata, const mnv_provider_options_t *options, const char *redirect_uri,
                                   const mnv_pending_t *pending, const char **url);
#endif
