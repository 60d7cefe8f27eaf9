/* Keys, JWKs and tokens made by hand with OpenSSL, so that the tests can sign what no honest library would. */
#ifndef T_UNIT_JOSE_TOOLS_H
#define T_UNIT_JOSE_TOOLS_H

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "unit.h"
#include "base/base64url.h"
#include "lib/jose.h"
#include "lib/json.h"

#define CLAIMS "{\"iss\":\"https://op.example\",\"sub\":\"abc\"}"

/* made once: keys are slow */
static EVP_PKEY *rsa, *rsa_other, *rsa_1024, *rsa_2047, *p256, *p256_other, *p384;

UNIT_MAYBE_UNUSED int make_keys(void **state)
{
    rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    rsa_other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    rsa_1024 = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    rsa_2047 = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2047);
    p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    p256_other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    return unit_begin(state);
}

UNIT_MAYBE_UNUSED int free_keys(void **state)
{
    EVP_PKEY *keys[] = { rsa, rsa_other, rsa_1024, rsa_2047, p256, p256_other, p384 };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        EVP_PKEY_free(keys[i]);
    }
    return unit_end(state);
}

/* --- hand-made tokens -------------------------------------------------------- */

UNIT_MAYBE_UNUSED char *b64(unit_t *unit, const char *text)
{
    return mnv_base64url_encode(unit->pool, text, strlen(text));
}

UNIT_MAYBE_UNUSED char *number_of(unit_t *unit, EVP_PKEY *key, const char *name, int width)
{
    BIGNUM *number = NULL;
    unsigned char bytes[1100];
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    int length = width > 0 ? width : BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, length), length);
    BN_free(number);
    return mnv_base64url_encode(unit->pool, bytes, (apr_size_t)length);
}

/* A JWK; more: further members, or "" */
UNIT_MAYBE_UNUSED const char *jwk_of(unit_t *unit, EVP_PKEY *key, const char *kid, const char *more)
{
    const char *name = kid != NULL ? apr_psprintf(unit->pool, "\"kid\":\"%s\",", kid) : "";
    if (EVP_PKEY_is_a(key, "RSA")) {
        return apr_psprintf(unit->pool, "{%s\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", name, number_of(unit, key, "n", 0), number_of(unit, key, "e", 0), more);
    }
    int width = key == p384 ? 48 : 32;
    return apr_psprintf(unit->pool, "{%s\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", name, key == p384 ? "P-384" : "P-256",
                        number_of(unit, key, "qx", width), number_of(unit, key, "qy", width), more);
}

UNIT_MAYBE_UNUSED mnv_jwks_t *jwks_of(unit_t *unit, const char *keys)
{
    mnv_jwks_t *jwks = NULL;
    const char *text = apr_psprintf(unit->pool, "{\"keys\":[%s]}", keys);
    assert_int_equal(mnv_jwks_parse(unit->ctx, unit->pool, text, strlen(text), &jwks), APR_SUCCESS);
    return jwks;
}

UNIT_MAYBE_UNUSED void refuse_key(unit_t *unit, const char *jwk)
{
    mnv_jwks_t *jwks = NULL;
    const char *text = apr_psprintf(unit->pool, "{\"keys\":[%s]}", jwk);
    if (mnv_jwks_parse(unit->ctx, unit->pool, text, strlen(text), &jwks) == APR_SUCCESS) {
        fail_msg("accepted: %s", jwk);
    }
    assert_null(jwks);
    assert_told(unit, JWKS);
}

/* Sign as told; is_pss: PSS padding; is_der: ECDSA left in DER. */
UNIT_MAYBE_UNUSED char *sign_with(unit_t *unit, const char *header, const char *payload, EVP_PKEY *key, const char *digest, int is_pss, int is_der)
{
    char *input = apr_pstrcat(unit->pool, b64(unit, header), ".", b64(unit, payload), NULL);
    unsigned char signature[1100], raw[96];
    size_t length = sizeof(signature);
    EVP_PKEY_CTX *parameters;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(context, &parameters, digest, NULL, NULL, key, NULL), 1);
    if (is_pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
    }
    assert_int_equal(EVP_DigestSign(context, signature, &length, (unsigned char *)input, strlen(input)), 1);
    EVP_MD_CTX_free(context);
    const unsigned char *bytes = signature;
    if (EVP_PKEY_is_a(key, "EC") && !is_der) {
        int width = EVP_PKEY_get_bits(key) / 8;
        const unsigned char *der = signature;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, width);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + width, width);
        ECDSA_SIG_free(pair);
        bytes = raw;
        length = (size_t)(2 * width);
    }
    return apr_pstrcat(unit->pool, input, ".", mnv_base64url_encode(unit->pool, bytes, length), NULL);
}

UNIT_MAYBE_UNUSED char *sign(unit_t *unit, const char *header, EVP_PKEY *key)
{
    return sign_with(unit, header, CLAIMS, key, "SHA256", 0, 0);
}

/* HMAC over the token with the public key as the secret */
UNIT_MAYBE_UNUSED char *sign_hs256(unit_t *unit, const char *header, const char *secret)
{
    char *input = apr_pstrcat(unit->pool, b64(unit, header), ".", b64(unit, CLAIMS), NULL);
    unsigned char code[32];
    unsigned int length = 0;
    assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)input, strlen(input), code, &length));
    return apr_pstrcat(unit->pool, input, ".", mnv_base64url_encode(unit->pool, code, length), NULL);
}

UNIT_MAYBE_UNUSED char *public_pem(unit_t *unit, EVP_PKEY *key)
{
    char *data;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    long length = BIO_get_mem_data(bio, &data);
    char *pem = apr_pstrmemdup(unit->pool, data, (apr_size_t)length);
    BIO_free(bio);
    return pem;
}

UNIT_MAYBE_UNUSED mnv_jws_t *parse(unit_t *unit, const char *token)
{
    mnv_jws_t *jws = NULL;
    assert_int_equal(mnv_jws_parse(unit->ctx, token, &jws), APR_SUCCESS);
    return jws;
}

#endif
