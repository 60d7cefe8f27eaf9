/* All decisions about an ID token, one function per rule, in the order of OpenID Connect Core 1.0, 3.1.3.7. The signature is verified first. */
#ifndef MNV_PROTO_IDTOKEN_H
#define MNV_PROTO_IDTOKEN_H

#include "base/mnv.h"
#include "lib/jose.h"
#include "model/options.h"

/** What the token must match. */
typedef struct mnv_idtoken_expect_t {
    const char *issuer, *client_id, *nonce;
    const char *access_token;             /* NULL: no at_hash check */
    apr_interval_time_t skew;
    const apr_array_header_t *accept_acr; /* NULL or empty: any */
} mnv_idtoken_expect_t;

typedef struct mnv_idtoken_t {
    const char *subject;
    const char *acr;          /* NULL: none */
    apr_time_t issued_at, auth_time /* 0: none */;
    const struct mnv_json_t *claims;
} mnv_idtoken_t;

/** Judge a token whose signature mnv_jws_verify() has accepted. Rules, each with its failure: typ, when present, not of another kind of token ("…+jwt",
 * RFC 8725 3.12: IDTOKEN_CLAIMS); iss exact (IDTOKEN_ISS); sub a string of 1 to 255 printable ASCII
 * (IDTOKEN_SUB); aud a string or an array of strings holding client_id (IDTOKEN_AUD); azp present when aud names several, and equal to client_id when present
 * (IDTOKEN_AZP); exp an integer > now - skew and sane (IDTOKEN_EXP); iat an integer, not after now + skew, not before now - 15 min - skew (IDTOKEN_IAT); nbf, when
 * present, not after now + skew (IDTOKEN_NBF); nonce equal (IDTOKEN_NONCE); at_hash, when present, equal to the left half of the SHA-256 of the access token
 * (IDTOKEN_AT_HASH); acr, when present, a string of printable ASCII (IDTOKEN_CLAIMS) and one of accept_acr when that is set
 * (IDTOKEN_ACR); auth_time, when present, a time (IDTOKEN_CLAIMS). Number members must be JSON integers within years 2000 to 2200.
 * @return APR_SUCCESS or the told failure. Pool: ctx->pool. */
apr_status_t mnv_idtoken_judge(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_idtoken_expect_t *expect, mnv_idtoken_t **token);

#endif
