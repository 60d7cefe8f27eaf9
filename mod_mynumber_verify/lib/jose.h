/* JWS, JWK and JWKS by OpenSSL 3 EVP (RFC 7515, 7517, 7518). Two algorithms, RS256 and ES256, and nothing else. Says what a token is and whether a key
 * signed it; judges no claim. Keys never come from the message. */
#ifndef MNV_LIB_JOSE_H
#define MNV_LIB_JOSE_H

#include "base/mnv.h"

struct mnv_json_t;

typedef enum { MNV_JWS_RS256 = 1, MNV_JWS_ES256 } mnv_jws_alg_e;

#define MNV_JWS_LIMIT_BYTES 65536

/** Text of an algorithm, "RS256". */
const char *mnv_jws_alg_name(mnv_jws_alg_e alg);

/* Keys of others. ------------------------------------------------------- */

typedef struct mnv_jwks_t mnv_jwks_t;

/** Read a JWKS. Skipped with a debug line: keys that are not for signatures (use, key_ops), other kty/crv/alg, RSA under 2048 or over 8192 bits or with an even or
 * small (< 3) exponent, points off the curve, private or symmetric material, a second key of the same kid and type.
 * At most 64 keys are looked at.
 * @return APR_SUCCESS, or the told failure JWKS when the text is no JWKS or holds no usable key. Pool: keys are freed with pool (may outlive ctx->pool).
 * Thread: the result is read-only and may be shared. */
apr_status_t mnv_jwks_parse(mnv_ctx_t *ctx, apr_pool_t *pool, const char *text, apr_size_t length, mnv_jwks_t **jwks);

/** How many usable keys. */
apr_size_t mnv_jwks_count(const mnv_jwks_t *jwks);

/* Tokens. ------------------------------------------------------------------ */

/** A compact JWS, taken apart, not yet verified. */
typedef struct mnv_jws_t {
    mnv_jws_alg_e alg;
    const char *kid;             /* NULL: none */
    const char *typ;             /* NULL: none */
    struct mnv_json_t *header;   /* a JSON object, judged as below */
    struct mnv_json_t *payload;  /* the claims, a JSON object */
    const char *signing_input;
    apr_size_t signing_length;
    unsigned char *signature;
    apr_size_t signature_length;
} mnv_jws_t;

/** Take a token apart: exactly three non-empty strict base64url segments, at most MNV_JWS_LIMIT_BYTES, strict JSON objects, "alg" RS256 or ES256, no "crit", no "b64".
 * @return APR_SUCCESS or a told failure JWS_FORMAT, JWS_ALG, JWS_CRIT. Pool: ctx->pool. */
apr_status_t mnv_jws_parse(mnv_ctx_t *ctx, const char *token, mnv_jws_t **jws);

/** Is there a key for this token: same type as the algorithm needs, kid equal; without a kid in the token only when exactly one key of that type exists. */
int mnv_jwks_has(const mnv_jwks_t *jwks, const mnv_jws_t *jws);

/** Verify the signature by the key of that kid. ES256 signatures are 64 raw bytes (RFC 7518 3.4).
 * @return APR_SUCCESS or a told failure JWS_KEY, JWS_SIGNATURE */
apr_status_t mnv_jws_verify(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_jwks_t *jwks);

/** The key of that kid as a JWK with nothing but its judged public half and the token's kid, for a library that is to be shown no other.
 * @return APR_SUCCESS or the told failure JWS_KEY, CRYPTO. Pool: ctx->pool. */
apr_status_t mnv_jwks_choose(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_jwks_t *jwks, struct mnv_json_t **jwk);

/* Our own keys. -------------------------------------------------------------- */

typedef struct mnv_private_key_t mnv_private_key_t;

/** Read a private key from PEM text: RSA 2048 to 8192 bits (RS256) or P-256 (ES256), unencrypted. kid NULL: its RFC 7638 thumbprint.
 * @param problem a sentence for the administrator on failure @return APR_SUCCESS or APR_EINVAL. Pool: freed and wiped with pool. Thread: read-only, may be shared. */
apr_status_t mnv_private_key_parse(apr_pool_t *pool, const char *pem, apr_size_t length, const char *kid, mnv_private_key_t **key, const char **problem);

/** Make a new key. @param bits for RSA (3072), ignored for ES256 */
apr_status_t mnv_private_key_generate(apr_pool_t *pool, mnv_jws_alg_e alg, int bits, mnv_private_key_t **key);

/** The P-256 key whose secret scalar (big endian, SEC 1 C.4) these bytes are, so that everybody who has them has the same key. @return APR_SUCCESS or APR_EGENERAL (zero) */
apr_status_t mnv_private_key_of(apr_pool_t *pool, const unsigned char scalar[32], mnv_private_key_t **key);

/** PKCS#8 PEM text. Pool: pool, wiped with it. */
const char *mnv_private_key_pem(apr_pool_t *pool, const mnv_private_key_t *key);

mnv_jws_alg_e mnv_private_key_alg(const mnv_private_key_t *key);
const char *mnv_private_key_kid(const mnv_private_key_t *key);

/** The public half as a JWK with kid, alg and use "sig". Pool: pool. */
struct mnv_json_t *mnv_private_key_jwk(apr_pool_t *pool, const mnv_private_key_t *key);

/** Read a public or private PEM or certificate file's public key as a JWK (for mynumberctl jwks). @return APR_SUCCESS or APR_EINVAL with problem. */
apr_status_t mnv_public_jwk_parse(apr_pool_t *pool, const char *pem, apr_size_t length, const char *kid, struct mnv_json_t **jwk, const char **problem);

/** Sign claims: {"alg","kid","typ"} header. @return APR_SUCCESS or the told failure SIGN. Pool: ctx->pool. */
apr_status_t mnv_jws_sign(mnv_ctx_t *ctx, const mnv_private_key_t *key, const char *typ, const struct mnv_json_t *claims, const char **token);

#endif
