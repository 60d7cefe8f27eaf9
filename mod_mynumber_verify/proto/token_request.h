/* The token request: code exchange in a form body (RFC 6749 4.1.3), PKCE verifier, client authentication by private_key_jwt (RFC 7523) or secret. */
#ifndef MNV_PROTO_TOKEN_REQUEST_H
#define MNV_PROTO_TOKEN_REQUEST_H

#include "base/mnv.h"
#include "lib/http.h"
#include "model/options.h"
#include "proto/op_metadata.h"

/** What one exchange is about. */
typedef struct mnv_exchange_t {
    const char *code, *verifier, *redirect_uri;
} mnv_exchange_t;

typedef struct mnv_token_response_t {
    const char *id_token;
    const char *access_token;
} mnv_token_response_t;

/** A client assertion: iss = sub = client_id, aud = the token endpoint as one string, iat, exp = iat + 60 s, fresh random jti, kid and typ JWT in the header.
 * @return APR_SUCCESS or a told failure. Pool: ctx->pool. */
apr_status_t mnv_client_assertion(mnv_ctx_t *ctx, const mnv_provider_options_t *options, const char *token_endpoint, const char **assertion);

/** Exchange the code. One call, never retried here (a code works once).
 * With client_keys: client_id, client_assertion_type, client_assertion in the form; with a secret: HTTP Basic (client_secret_basic); else client_id alone.
 * Answer demanded: 200 JSON object, id_token a string, token_type "Bearer" in any case, access_token a string fit for a header. OAuth errors (400/401 JSON with
 * error): TOKEN_REFUSED with the error word when it is a registered one. @return APR_SUCCESS or a told failure (http's, TOKEN_REFUSED, TOKEN_RESPONSE, PROVIDER_STATUS, PROVIDER_CONTENT) */
apr_status_t mnv_token_exchange(mnv_ctx_t *ctx, mnv_http_t *http, const mnv_provider_options_t *options, const mnv_op_metadata_t *metadata,
                                const mnv_exchange_t *exchange, mnv_token_response_t **response);

#endif
