/* lib/private_key_openssl.c */
#include "jose_tools.h"

static char *private_pem(unit_t *unit, EVP_PKEY *key, const char *passphrase)
{
    char *data;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase != NULL ? EVP_aes_256_cbc() : NULL, passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL), 1);
    long length = BIO_get_mem_data(bio, &data);
    char *pem = apr_pstrmemdup(unit->pool, data, (apr_size_t)length);
    BIO_free(bio);
    return pem;
}

static void refuse_pem(unit_t *unit, const char *pem, const char *kid, const char *problem_part)
{
    mnv_private_key_t *key = NULL;
    const char *problem = NULL;
    assert_int_equal(mnv_private_key_parse(unit->pool, pem, strlen(pem), kid, &key, &problem), APR_EINVAL);
    assert_null(key);
    if (problem == NULL || strstr(problem, problem_part) == NULL) {
        fail_msg("problem is \"%s\"", problem != NULL ? problem : "");
    }
}

static void refuses_private_keys_that_cannot_serve(void **state)
{
    unit_t *unit = *state;
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    refuse_pem(unit, "", NULL, "no PEM private key");
    refuse_pem(unit, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", NULL, "no PEM private key");
    refuse_pem(unit, public_pem(unit, rsa), NULL, "no PEM private key");
    refuse_pem(unit, private_pem(unit, rsa, "passphrase"), NULL, "encrypted");
    refuse_pem(unit, private_pem(unit, rsa_1024, NULL), NULL, "2048");
    refuse_pem(unit, private_pem(unit, rsa_2047, NULL), NULL, "2048");
    refuse_pem(unit, private_pem(unit, p384, NULL), NULL, "P-256");
    refuse_pem(unit, private_pem(unit, ed25519, NULL), NULL, "neither RSA nor EC");
    refuse_pem(unit, private_pem(unit, p256, NULL), "", "kid");
    refuse_pem(unit, private_pem(unit, p256, NULL), "a b", "kid");
    EVP_PKEY_free(ed25519);
}

/* the private half of one key in front of the public half of another */
static void refuses_halves_that_do_not_fit(void **state)
{
    unit_t *unit = *state;
    unsigned char *der = NULL, *other = NULL;
    int length = i2d_PrivateKey(p256, &der), other_length = i2d_PrivateKey(p256_other, &other);
    assert_int_equal(length, other_length);
    memcpy(der + length - 64, other + length - 64, 64); /* SEC 1: the point stands at the end */
    char *data;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio(bio, "EC PRIVATE KEY", "", der, length) > 0);
    long pem_length = BIO_get_mem_data(bio, &data);
    char *pem = apr_pstrmemdup(unit->pool, data, (apr_size_t)pem_length);
    BIO_free(bio);
    OPENSSL_free(der);
    OPENSSL_free(other);
    refuse_pem(unit, pem, NULL, "does not fit");
}

static void signs_what_its_own_jwk_verifies(void **state)
{
    unit_t *unit = *state;
    const mnv_jws_alg_e algs[] = { MNV_JWS_RS256, MNV_JWS_ES256 };
    for (int i = 0; i < 2; i++) {
        mnv_private_key_t *key = NULL, *again = NULL;
        const char *problem, *token;
        assert_int_equal(mnv_private_key_generate(unit->pool, algs[i], 2048, &key), APR_SUCCESS);
        const char *pem = mnv_private_key_pem(unit->pool, key);
        assert_int_equal(strncmp(pem, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
        assert_int_equal(mnv_private_key_parse(unit->pool, pem, strlen(pem), NULL, &again, &problem), APR_SUCCESS);
        assert_string_equal(mnv_private_key_kid(again), mnv_private_key_kid(key));
        assert_int_equal(mnv_private_key_alg(again), algs[i]);
        mnv_json_t *claims = mnv_json_object(unit->pool), *jwk = mnv_private_key_jwk(unit->pool, again);
        mnv_json_set_string(claims, "sub", "me");
        assert_int_equal(mnv_jws_sign(unit->ctx, again, "JWT", claims, &token), APR_SUCCESS);
        mnv_jws_t *jws = parse(unit, token);
        assert_string_equal(jws->typ, "JWT");
        assert_string_equal(jws->kid, mnv_private_key_kid(key));
        assert_int_equal(jws->alg, algs[i]);
        assert_string_equal(mnv_json_string(jws->payload, "sub"), "me");
        assert_null(mnv_json_string(jwk, "d"));
        assert_string_equal(mnv_json_string(jwk, "use"), "sig");
        assert_int_equal(mnv_jws_verify(unit->ctx, jws, jwks_of(unit, mnv_json_print(unit->pool, jwk))), APR_SUCCESS);
    }
    mnv_private_key_t *key = NULL;
    assert_int_not_equal(mnv_private_key_generate(unit->pool, MNV_JWS_RS256, 1024, &key), APR_SUCCESS);
    assert_null(key);
}

/* The key of RFC 6979 A.2.5 */
static void a_scalar_is_a_key(void **state)
{
    unit_t *unit = *state;
    static const unsigned char scalar[32] = { 0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93,
                                              0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21 };
    static const unsigned char zero[32];
    mnv_private_key_t *key;
    assert_int_equal(mnv_private_key_of(unit->pool, scalar, &key), APR_SUCCESS);
    mnv_json_t *jwk = mnv_private_key_jwk(unit->pool, key);
    assert_string_equal(mnv_json_string(jwk, "x"), "YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y");
    assert_string_equal(mnv_json_string(jwk, "y"), "eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk");
    assert_int_equal(mnv_private_key_alg(key), MNV_JWS_ES256);
    assert_int_not_equal(mnv_private_key_of(unit->pool, zero, &key), APR_SUCCESS);
}

/* RFC 7638 3.1 */
static void thumbprints_agree_with_the_rfc(void **state)
{
    unit_t *unit = *state;
    static const char n[] = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65Y"
                            "GjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    unsigned char *bytes, *exponent;
    apr_size_t length;
    assert_int_equal(mnv_base64url_decode(unit->pool, n, strlen(n), &bytes, &length), APR_SUCCESS);
    assert_int_equal(mnv_base64url_decode(unit->pool, "AQAB", 4, &exponent, &(apr_size_t){ 0 }), APR_SUCCESS);
    EVP_PKEY *key = NULL;
    unsigned char reversed[256];
    for (int i = 0; i < 256; i++) {
        reversed[i] = bytes[255 - i];
    }
    OSSL_PARAM parameters[] = { OSSL_PARAM_construct_BN("n", reversed, 256), OSSL_PARAM_construct_BN("e", exponent, 3), OSSL_PARAM_construct_end() };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    EVP_PKEY_CTX_free(context);
    mnv_json_t *jwk = NULL;
    const char *problem = NULL, *pem = public_pem(unit, key);
    EVP_PKEY_free(key);
    assert_int_equal(mnv_public_jwk_parse(unit->pool, pem, strlen(pem), NULL, &jwk, &problem), APR_SUCCESS);
    assert_string_equal(mnv_json_string(jwk, "n"), n);
    assert_string_equal(mnv_json_string(jwk, "kid"), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static char *certificate_of(unit_t *unit, EVP_PKEY *key)
{
    char *data;
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    X509_free(certificate);
    long length = BIO_get_mem_data(bio, &data);
    char *pem = apr_pstrmemdup(unit->pool, data, (apr_size_t)length);
    BIO_free(bio);
    return pem;
}

static void reads_public_keys_from_any_pem(void **state)
{
    unit_t *unit = *state;
    mnv_json_t *jwk = NULL;
    const char *problem = NULL, *texts[] = { public_pem(unit, p256), private_pem(unit, p256, NULL), certificate_of(unit, p256) };
    const char *weak = certificate_of(unit, rsa_1024);
    assert_int_equal(mnv_public_jwk_parse(unit->pool, "x", 1, NULL, &jwk, &problem), APR_EINVAL);
    assert_non_null(strstr(problem, "no PEM"));
    assert_int_equal(mnv_public_jwk_parse(unit->pool, weak, strlen(weak), NULL, &jwk, &problem), APR_EINVAL);
    assert_null(jwk);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mnv_public_jwk_parse(unit->pool, texts[i], strlen(texts[i]), "mine", &jwk, &problem), APR_SUCCESS);
        assert_string_equal(mnv_json_string(jwk, "kid"), "mine");
        assert_string_equal(mnv_json_string(jwk, "x"), number_of(unit, p256, "qx", 32));
        assert_null(mnv_json_string(jwk, "d"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_private_keys_that_cannot_serve),
        UNIT_TEST(refuses_halves_that_do_not_fit),
        UNIT_TEST(signs_what_its_own_jwk_verifies),
        UNIT_TEST(a_scalar_is_a_key),
        UNIT_TEST(thumbprints_agree_with_the_rfc),
        UNIT_TEST(reads_public_keys_from_any_pem),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
