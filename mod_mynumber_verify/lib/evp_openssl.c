#include "lib/jose_openssl.h"

#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include "base/base64url.h"
#include "lib/crypt.h"

/* SEQUENCE of two INTEGERs of at most 33 bytes */
#define MNV_P256_DER_BYTES 72
/* an exponent longer than that only makes verification slow */
#define MNV_RSA_EXPONENT_BITS_MAX 64

apr_status_t mnv_evp_free(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

static const char *judge_rsa(const EVP_PKEY *key)
{
    const char *problem = NULL;
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    if (bits < MNV_RSA_BITS_MIN || bits > MNV_RSA_BITS_MAX) {
        return "the RSA key does not have 2048 to 8192 bits";
    }
    /* with e = 1 every message is its own signature */
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) || !BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > MNV_RSA_EXPONENT_BITS_MAX) {
        problem = "the RSA exponent is even, too small or too large";
    }
    BN_free(e);
    return problem;
}

static const char *judge_ec(const EVP_PKEY *key)
{
    char group[32];
    if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) && strcmp(group, SN_X9_62_prime256v1) == 0) {
        return NULL;
    }
    return "the EC key is not on P-256";
}

apr_status_t mnv_evp_judge(EVP_PKEY *key, mnv_jws_alg_e *alg, const char **problem)
{
    mnv_jws_alg_e found = MNV_JWS_RS256;
    *problem = NULL;
    if (EVP_PKEY_is_a(key, "RSA")) {
        *problem = judge_rsa(key);
    }
    else if (EVP_PKEY_is_a(key, "EC")) {
        found = MNV_JWS_ES256;
        *problem = judge_ec(key);
    }
    else {
        *problem = "the key is neither RSA nor EC";
    }
    if (*problem == NULL) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        if (context == NULL || EVP_PKEY_public_check(context) != 1) {
            *problem = "the public key is not valid";
        }
        EVP_PKEY_CTX_free(context);
    }
    ERR_clear_error();
    if (*problem != NULL) {
        return APR_EINVAL;
    }
    *alg = found;
    return APR_SUCCESS;
}

/* A member in base64url. @return its bytes, NULL when absent, malformed or not within the limits */
static unsigned char *member(apr_pool_t *pool, const mnv_json_t *jwk, const char *name, apr_size_t least, apr_size_t most, apr_size_t *length)
{
    unsigned char *bytes;
    const char *text = mnv_json_string(jwk, name);
    if (text == NULL || mnv_base64url_decode(pool, text, strlen(text), &bytes, length) != APR_SUCCESS || *length < least || *length > most) {
        return NULL;
    }
    return bytes;
}

static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1
        || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return key;
}

static EVP_PKEY *rsa_from_jwk(apr_pool_t *pool, const mnv_json_t *jwk)
{
    apr_size_t n_length, e_length;
    /* one byte more for the writers that put a zero in front (RFC 7518 section 2 forbids it, some libraries did it) */
    const unsigned char *n_bytes = member(pool, jwk, "n", MNV_RSA_BITS_MIN / 8, MNV_RSA_BITS_MAX / 8 + 1, &n_length);
    const unsigned char *e_bytes = member(pool, jwk, "e", 1, MNV_RSA_EXPONENT_BITS_MAX / 8 + 1, &e_length);
    if (n_bytes == NULL || e_bytes == NULL) {
        return NULL;
    }
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(n_bytes, (int)n_length, NULL), *e = BN_bin2bn(e_bytes, (int)e_length, NULL);
    if (builder != NULL && n != NULL && e != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n)
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e)) {
        key = build("RSA", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_from_jwk(apr_pool_t *pool, const mnv_json_t *jwk)
{
    apr_size_t length;
    unsigned char point[1 + 2 * MNV_P256_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
    const char *crv = mnv_json_string(jwk, "crv");
    /* the full width is demanded by RFC 7518 6.2.1.2 */
    const unsigned char *x = member(pool, jwk, "x", MNV_P256_BYTES, MNV_P256_BYTES, &length);
    const unsigned char *y = member(pool, jwk, "y", MNV_P256_BYTES, MNV_P256_BYTES, &length);
    if (crv == NULL || strcmp(crv, "P-256") != 0 || x == NULL || y == NULL) {
        return NULL;
    }
    memcpy(point + 1, x, MNV_P256_BYTES);
    memcpy(point + 1 + MNV_P256_BYTES, y, MNV_P256_BYTES);
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder != NULL && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0)
        && OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point))) {
        key = build("EC", builder);
    }
    OSSL_PARAM_BLD_free(builder);
    return key;
}

apr_status_t mnv_evp_from_jwk(apr_pool_t *pool, const mnv_json_t *jwk, EVP_PKEY **key, mnv_jws_alg_e *alg, const char **problem)
{
    const char *kty = mnv_json_string(jwk, "kty");
    EVP_PKEY *made = NULL;
    if (kty != NULL && strcmp(kty, "RSA") == 0) {
        made = rsa_from_jwk(pool, jwk);
    }
    else if (kty != NULL && strcmp(kty, "EC") == 0) {
        made = ec_from_jwk(pool, jwk);
    }
    else {
        *problem = "its kty is neither RSA nor EC";
        return APR_EINVAL;
    }
    if (made == NULL) {
        ERR_clear_error();
        *problem = "its parameters are missing, malformed, of another curve or of the wrong size";
        return APR_EINVAL;
    }
    if (mnv_evp_judge(made, alg, problem) != APR_SUCCESS) {
        EVP_PKEY_free(made);
        return APR_EINVAL;
    }
    *key = made;
    return APR_SUCCESS;
}

/* An integer parameter of a key in base64url. @param width 0: as long as needed (RFC 7518 section 2, Base64urlUInt) */
static const char *integer(apr_pool_t *pool, const EVP_PKEY *key, const char *name, int width)
{
    BIGNUM *number = NULL;
    const char *text = NULL;
    if (EVP_PKEY_get_bn_param(key, name, &number)) {
        int length = width > 0 ? width : BN_num_bytes(number);
        unsigned char *bytes = apr_palloc(pool, (apr_size_t)length + 1);
        if (BN_bn2binpad(number, bytes, length) == length) {
            text = mnv_base64url_encode(pool, bytes, (apr_size_t)length);
        }
    }
    BN_free(number);
    ERR_clear_error();
    return text;
}

/* The members that make a key, in the order of RFC 7638 3.2. */
static mnv_json_t *essence(apr_pool_t *pool, const EVP_PKEY *key, mnv_jws_alg_e alg)
{
    int is_rsa = alg == MNV_JWS_RS256;
    const char *first = is_rsa ? integer(pool, key, OSSL_PKEY_PARAM_RSA_E, 0) : integer(pool, key, OSSL_PKEY_PARAM_EC_PUB_X, MNV_P256_BYTES);
    const char *second = is_rsa ? integer(pool, key, OSSL_PKEY_PARAM_RSA_N, 0) : integer(pool, key, OSSL_PKEY_PARAM_EC_PUB_Y, MNV_P256_BYTES);
    if (first == NULL || second == NULL) {
        return NULL;
    }
    mnv_json_t *jwk = mnv_json_object(pool);
    if (is_rsa) {
        mnv_json_set_string(jwk, "e", first);
        mnv_json_set_string(jwk, "kty", "RSA");
        mnv_json_set_string(jwk, "n", second);
    }
    else {
        mnv_json_set_string(jwk, "crv", "P-256");
        mnv_json_set_string(jwk, "kty", "EC");
        mnv_json_set_string(jwk, "x", first);
        mnv_json_set_string(jwk, "y", second);
    }
    return jwk;
}

const char *mnv_evp_thumbprint(apr_pool_t *pool, const EVP_PKEY *key, mnv_jws_alg_e alg)
{
    unsigned char digest[MNV_DIGEST_BYTES];
    const mnv_json_t *jwk = essence(pool, key, alg);
    const char *text = jwk != NULL ? mnv_json_print(pool, jwk) : NULL;
    if (text == NULL || mnv_crypt_sha256(text, strlen(text), digest) != APR_SUCCESS) {
        return NULL;
    }
    return mnv_base64url_encode(pool, digest, sizeof(digest));
}

mnv_json_t *mnv_evp_to_jwk(apr_pool_t *pool, const EVP_PKEY *key, mnv_jws_alg_e alg, const char *kid)
{
    mnv_json_t *jwk = essence(pool, key, alg);
    if (kid == NULL) {
        kid = mnv_evp_thumbprint(pool, key, alg);
    }
    if (jwk == NULL || kid == NULL) {
        return NULL;
    }
    mnv_json_set_string(jwk, "kid", kid);
    mnv_json_set_string(jwk, "alg", mnv_jws_alg_name(alg));
    mnv_json_set_string(jwk, "use", "sig");
    return jwk;
}

/* OpenSSL speaks DER, JWS wants r and s side by side (RFC 7518 3.4). @return 1 or 0 */
static int raw_from_der(const unsigned char *der, size_t length, unsigned char raw[MNV_ES256_BYTES])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
    int done = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, MNV_P256_BYTES) == MNV_P256_BYTES
               && BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + MNV_P256_BYTES, MNV_P256_BYTES) == MNV_P256_BYTES;
    ECDSA_SIG_free(pair);
    return done;
}

/* @return the length of the DER form, 0 on failure */
static size_t der_from_raw(const unsigned char raw[MNV_ES256_BYTES], unsigned char der[MNV_P256_DER_BYTES])
{
    int length = 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, MNV_P256_BYTES, NULL), *s = BN_bin2bn(raw + MNV_P256_BYTES, MNV_P256_BYTES, NULL);
    if (pair == NULL || r == NULL || s == NULL || !ECDSA_SIG_set0(pair, r, s)) {
        BN_free(r);
        BN_free(s);
    }
    else {
        length = i2d_ECDSA_SIG(pair, &der);
    }
    ECDSA_SIG_free(pair);
    return length > 0 ? (size_t)length : 0;
}

apr_status_t mnv_evp_sign(apr_pool_t *pool, EVP_PKEY *key, mnv_jws_alg_e alg, const void *data, apr_size_t length, unsigned char **signature,
                          apr_size_t *signature_length)
{
    apr_status_t status = APR_EGENERAL;
    size_t size = (size_t)EVP_PKEY_get_size(key);
    unsigned char *buffer = apr_palloc(pool, size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) != 1
        || EVP_DigestSign(context, buffer, &size, data, length) != 1) {
        goto leave;
    }
    if (alg == MNV_JWS_ES256) {
        unsigned char *raw = apr_palloc(pool, MNV_ES256_BYTES);
        if (!raw_from_der(buffer, size, raw)) {
            goto leave;
        }
        buffer = raw;
        size = MNV_ES256_BYTES;
    }
    *signature = buffer;
    *signature_length = size;
    status = APR_SUCCESS;
leave:
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return status;
}

apr_status_t mnv_evp_verify(EVP_PKEY *key, mnv_jws_alg_e alg, const void *data, apr_size_t length, const unsigned char *signature,
                            apr_size_t signature_length)
{
    unsigned char der[MNV_P256_DER_BYTES];
    size_t size = alg == MNV_JWS_ES256 ? MNV_ES256_BYTES : (size_t)EVP_PKEY_get_size(key);
    if (signature_length != size) {
        return APR_EACCES;
    }
    if (alg == MNV_JWS_ES256) {
        size = der_from_raw(signature, der);
        signature = der;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    /* RSA: PKCS #1 v1.5 padding is the default of a key that is_a "RSA", and nothing here can change it to PSS */
    int right = size > 0 && context != NULL && EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key, NULL) == 1
                && EVP_DigestVerify(context, signature, size, data, length) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return right ? APR_SUCCESS : APR_EACCES;
}
