/* All decisions about a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6), one function per rule. The signature is verified first. */
#ifndef MNV_PROTO_LOGOUT_TOKEN_H
#define MNV_PROTO_LOGOUT_TOKEN_H

#include "base/mnv.h"
#include "lib/jose.h"

/** What the token must match. */
typedef struct mnv_logout_expect_t {
    const char *issuer, *client_id;
    apr_interval_time_t skew;
} mnv_logout_expect_t;

typedef struct mnv_logout_token_t {
    const char *subject, *session; /* sub and sid; one may be NULL */
    const char *id;                /* jti: to be used once */
    apr_time_t issued_at;
} mnv_logout_token_t;

/** Judge a token whose signature mnv_jws_verify() has accepted. Rules, each with its failure: typ, where present, logout+jwt or plain JWT, so that no other kind of token is taken for one
 * (LOGOUT_TOKEN); iss (IDTOKEN_ISS); aud (IDTOKEN_AUD); iat (IDTOKEN_IAT); exp (IDTOKEN_EXP) as of ID tokens; sub, where present, as of ID tokens (IDTOKEN_SUB); sid, where present, a string of 1
 * to 255 printable ASCII; one of the two present; events an object with the back-channel logout event, itself an object; no nonce; jti a string of 1 to 255 characters (all LOGOUT_TOKEN).
 * @return APR_SUCCESS or the told failure. Pool: ctx->pool. */
apr_status_t mnv_logout_token_judge(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_logout_expect_t *expect, mnv_logout_token_t **token);

#endif
