/* The assertion: what an application is told of a session, as a JWT (RFC 7519) that it can verify by the keys at /jwks.json, wherever the request came through.
 *
 * Header: alg ES256, kid, typ "mynumber-assertion+jwt" (RFC 8725 3.11). Claims: iss (the base URL), aud, sub (pairwise), iat, exp, jti; auth_time and acr where known
 * (OpenID Connect Core 2); the facts that the location exports, by the names of MyNumberExport with "_" for "-"; attributes of the account as "attributes", each a list;
 * what the card proves as "verified_claims" (OpenID Identity Assurance Schema Definition 1.0, section 5). */
#ifndef MNV_OUT_ASSERTION_H
#define MNV_OUT_ASSERTION_H

#include "model/options.h"
#include "out/record.h"

#define MNV_ASSERTION_LIFETIME apr_time_from_sec(5 * 60)
#define MNV_ASSERTION_TYPE "mynumber-assertion+jwt"
/* Of verified_claims: certificates of the card, by the Japanese Public Key Infrastructure. */
#define MNV_ASSERTION_TRUST_FRAMEWORK "jp_jpki"
/* A header line of httpd and of most back-ends is 8,190 bytes with its name. */
#define MNV_ASSERTION_LIMIT_BYTES 8000

typedef struct mnv_assertion_source_t {
    const mnv_record_t *record;
    const char *issuer, *audience, *subject;
    apr_uint32_t facts;                   /* bit n: row n of facts.def is exported */
    const apr_array_header_t *attributes; /* names, const char *: slot MNV_FACT_COUNT + number; may be NULL */
    apr_uint64_t exported_attributes;     /* bit n: attribute n is exported */
} mnv_assertion_source_t;

/** Make and sign one. @param expires_at when it ends: MNV_ASSERTION_LIFETIME from now, or with the session
 * @return APR_SUCCESS, or a told failure SIGN, RANDOM, ASSERTION_SIZE. Pool: ctx->pool. */
apr_status_t mnv_assertion_make(mnv_ctx_t *ctx, const mnv_assertion_source_t *source, const struct mnv_private_key_t *key, const char **token, apr_time_t *expires_at);

#endif
