/* Access tokens of API clients (RFC 6750, 7662, 9068): what is refused before a library sees one, and what its claims must say. */
#ifndef MNV_PROTO_BEARER_TOKEN_H
#define MNV_PROTO_BEARER_TOKEN_H

#include "base/mnv.h"
#include "lib/jose.h"
#include "model/options.h"
#include "model/session.h"

struct mnv_json_t;

#define MNV_BEARER_LIMIT_BYTES 8000 /* with the header's name, what httpd takes for one line */

/** Does the token have the shape of a JWS, three parts of the base64url alphabet? Else it is one that only its issuer can read. */
int mnv_bearer_is_jwt(const char *token);

/** Is text a token as RFC 6750 2.1 has it (b64token), of at most MNV_BEARER_LIMIT_BYTES? */
int mnv_bearer_is_token(const char *text);

/** Take a JWT apart: as mnv_jws_parse() (three strict parts, RS256 or ES256, no crit), and typ absent, JWT or at+jwt, no key in the header (jwk, jku, x5u, x5c), a kid of up to 255 printable
 * ASCII characters. @return APR_SUCCESS or a told failure JWS_…, BEARER_TOKEN. Pool: ctx->pool. */
apr_status_t mnv_bearer_parse(mnv_ctx_t *ctx, const char *token, mnv_jws_t **jws);

/** Judge the claims of a JWT or, is_told, what introspection says of a token: iss exact (introspection may leave it out), sub, aud ours, azp and client_id alike and ours where
 * they stand, exp to come, nbf and iat past where they stand, no cnf (BEARER_BOUND), no token_type but Bearer where introspection tells one.
 * @param ends_at when it ends by this clock, MyNumberClockSkew included @return APR_SUCCESS or a told failure IDTOKEN_…, BEARER_… */
apr_status_t mnv_bearer_judge(mnv_ctx_t *ctx, const struct mnv_json_t *claims, const mnv_options_t *options, int is_told, apr_time_t *ends_at);

/** The account half of judged claims. It gives no right to link. @return APR_SUCCESS or a told failure ACCOUNT_… Pool: ctx->pool. */
apr_status_t mnv_bearer_account(mnv_ctx_t *ctx, const struct mnv_json_t *claims, const mnv_options_t *options, mnv_account_t **account);

#endif
