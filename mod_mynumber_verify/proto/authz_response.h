/* What comes back to the redirect URI (OpenID Connect Core 3.1.2.5 and 3.1.2.6, RFC 9207). */
#ifndef MNV_PROTO_AUTHZ_RESPONSE_H
#define MNV_PROTO_AUTHZ_RESPONSE_H

#include "base/mnv.h"
#include "proto/op_metadata.h"

typedef struct mnv_authz_response_t {
    const char *state; /* 22 base64url characters, NULL: absent */
    const char *code;  /* NULL: absent */
    const char *error; /* NULL: absent */
    const char *iss;   /* NULL: absent */
} mnv_authz_response_t;

/** Read the query: known parameters once each, unknown ones tolerated.
 * @return APR_SUCCESS, or a told failure CALLBACK_DUPLICATE, CALLBACK_PARAMETERS (bad encoding), CALLBACK_STATE (state present but not of our shape). Pool: ctx->pool. */
apr_status_t mnv_authz_response_parse(mnv_ctx_t *ctx, const char *query, mnv_authz_response_t **response);

/** Judge it, once its flow is known: iss (when present; beside a code also when metadata promise it) equals the issuer, else CALLBACK_ISS; then error or no code:
 * FLOW_STOPPED (access_denied, interaction/login/consent cancelled, no code at all), CALLBACK_BUSY (temporarily_unavailable), CALLBACK_ERROR (any other; detail: the
 * error code when it is one of the registered words, else "unknown error"); code and error together: CALLBACK_PARAMETERS; code not 1 to 2,048 printable ASCII: CALLBACK_CODE.
 * @return APR_SUCCESS: there is a code to use */
apr_status_t mnv_authz_response_judge(mnv_ctx_t *ctx, const mnv_authz_response_t *response, const mnv_op_metadata_t *metadata);

#endif
