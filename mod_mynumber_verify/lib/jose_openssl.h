/* What the JOSE files share among themselves: the only header with OpenSSL types. For the *_openssl.c files alone. */
#ifndef MNV_LIB_JOSE_OPENSSL_H
#define MNV_LIB_JOSE_OPENSSL_H

#include <openssl/evp.h>
#include "lib/jose.h"
#include "lib/json.h"

#define MNV_RSA_BITS_MIN 2048
#define MNV_RSA_BITS_MAX 8192
#define MNV_P256_BYTES 32
#define MNV_ES256_BYTES (2 * MNV_P256_BYTES)
#define MNV_KID_LIMIT_BYTES 512

/** Judge a key: RSA of 2048 to 8192 bits with an odd exponent of at least 3, or P-256; EVP_PKEY_public_check.
 * @return APR_SUCCESS with the one algorithm the key may be used for, or APR_EINVAL with problem */
apr_status_t mnv_evp_judge(EVP_PKEY *key, mnv_jws_alg_e *alg, const char **problem);

/** Make a judged public key of a JWK's "kty" and parameters. @return APR_SUCCESS, or APR_EINVAL with problem. The caller frees key. */
apr_status_t mnv_evp_from_jwk(apr_pool_t *pool, const mnv_json_t *jwk, EVP_PKEY **key, mnv_jws_alg_e *alg, const char **problem);

/** The public half of a judged key as a JWK; kid NULL: its thumbprint. @return NULL when OpenSSL fails. Pool: pool. */
mnv_json_t *mnv_evp_to_jwk(apr_pool_t *pool, const EVP_PKEY *key, mnv_jws_alg_e alg, const char *kid);

/** RFC 7638 thumbprint (SHA-256, base64url) of a judged key. @return NULL when OpenSSL fails. Pool: pool. */
const char *mnv_evp_thumbprint(apr_pool_t *pool, const EVP_PKEY *key, mnv_jws_alg_e alg);

/** Sign in the JWS form: ES256 64 raw bytes. @return APR_SUCCESS or APR_EGENERAL. Pool: pool. */
apr_status_t mnv_evp_sign(apr_pool_t *pool, EVP_PKEY *key, mnv_jws_alg_e alg, const void *data, apr_size_t length, unsigned char **signature,
                          apr_size_t *signature_length);

/** Verify so. @return APR_SUCCESS, or APR_EACCES for everything but a right signature */
apr_status_t mnv_evp_verify(EVP_PKEY *key, mnv_jws_alg_e alg, const void *data, apr_size_t length, const unsigned char *signature,
                            apr_size_t signature_length);

/** The key in a private key; not to be freed. */
EVP_PKEY *mnv_private_key_evp(const mnv_private_key_t *key);

/** Cleanup of a pool: EVP_PKEY_free. */
apr_status_t mnv_evp_free(void *key);

#endif
