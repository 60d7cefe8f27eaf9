/* Rules that ID tokens and logout tokens share: each judges one claim of a JWT whose signature was verified. */
#ifndef MNV_PROTO_JWT_RULES_H
#define MNV_PROTO_JWT_RULES_H

#include "base/mnv.h"

struct mnv_json_t;

/** Equal as bytes (OpenID Connect Core 14: no normalization); what is absent on either side equals nothing. */
int mnv_jwt_same(const char *a, const char *b);

int mnv_jwt_has(const struct mnv_json_t *claims, const char *claim);

/** A NumericDate that is a time: a JSON integer within years 2000 to 2200. @return 0 when it is none */
int mnv_jwt_time(const struct mnv_json_t *claims, const char *claim, apr_time_t *at);

/** How many audiences; -1 when aud is neither a string nor an array of strings. @param ours is client_id one of them? */
int mnv_jwt_audiences(const struct mnv_json_t *claims, const char *client_id, int *ours);

/** Each: APR_SUCCESS or the told failure IDTOKEN_ISS, _SUB, _AUD, _EXP, _IAT. iat is at most skew ahead and 15 minutes and skew old, exp no more than skew past. */
apr_status_t mnv_jwt_check_iss(mnv_ctx_t *ctx, const struct mnv_json_t *claims, const char *issuer);
apr_status_t mnv_jwt_check_sub(mnv_ctx_t *ctx, const struct mnv_json_t *claims, const char **subject);
apr_status_t mnv_jwt_check_aud(mnv_ctx_t *ctx, const struct mnv_json_t *claims, const char *client_id);
apr_status_t mnv_jwt_check_exp(mnv_ctx_t *ctx, const struct mnv_json_t *claims, apr_interval_time_t skew);
apr_status_t mnv_jwt_check_iat(mnv_ctx_t *ctx, const struct mnv_json_t *claims, apr_interval_time_t skew, apr_time_t *issued_at);

/** How old an accepted token can be at most, apart from the skew. */
#define MNV_JWT_AGE_LIMIT apr_time_from_sec(15 * 60) /* it is fetched or sent the moment it is made; the lifetime of a flow is ample */

#endif
