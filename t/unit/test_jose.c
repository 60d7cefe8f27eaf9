/* lib/evp_openssl.c, lib/jwks_openssl.c, lib/jws.c: everything that liboauth2, cjose and libjose got wrong
 * (facts/libraries.md 3.3, 3.9, 8) stands here, and each forgery is a good one: signed with the right key wherever that is possible. */
#include "jose_tools.h"

/* --- taking apart --------------------------------------------------------------- */

#define refuse_token(unit, token, NAME) \
    do { \
        mnv_jws_t *refused_ = NULL; \
        assert_int_equal(mnv_jws_parse((unit)->ctx, (token), &refused_), APR_EGENERAL); \
        assert_null(refused_); \
        assert_told((unit), NAME); \
    } while (0)

/* With the right key, each of these headers */
#define refuse_headers(unit, NAME, ...) \
    do { \
        static const char *const headers_[] = { __VA_ARGS__ }; \
        for (size_t i_ = 0; i_ < sizeof(headers_) / sizeof(headers_[0]); i_++) { \
            refuse_token((unit), sign((unit), headers_[i_], rsa), NAME); \
        } \
    } while (0)

/* A good token with other pieces */
static char *glue(unit_t *unit, const char *header, const char *payload, const char *signature)
{
    return apr_pstrcat(unit->pool, header, ".", payload, ".", signature, NULL);
}

static void refuses_alg_none(void **state)
{
    unit_t *unit = *state;
    static const char *const names[] = { "none", "None", "NONE", "nOnE", "" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *header = b64(unit, apr_psprintf(unit->pool, "{\"alg\":\"%s\"}", names[i]));
        refuse_token(unit, glue(unit, header, b64(unit, CLAIMS), ""), JWS_ALG);
        refuse_token(unit, glue(unit, header, b64(unit, CLAIMS), "AA"), JWS_ALG);
    }
}

static void refuses_hs256_with_the_public_key_as_secret(void **state)
{
    unit_t *unit = *state;
    refuse_token(unit, sign_hs256(unit, "{\"alg\":\"HS256\",\"kid\":\"r\"}", public_pem(unit, rsa)), JWS_ALG);
    refuse_token(unit, sign_hs256(unit, "{\"alg\":\"HS256\",\"kid\":\"e\"}", public_pem(unit, p256)), JWS_ALG);
    refuse_token(unit, sign_hs256(unit, "{\"alg\":\"HS256\"}", ""), JWS_ALG);
}

static void refuses_every_other_algorithm(void **state)
{
    unit_t *unit = *state;
    refuse_token(unit, sign_with(unit, "{\"alg\":\"RS512\"}", CLAIMS, rsa, "SHA512", 0, 0), JWS_ALG);
    refuse_token(unit, sign_with(unit, "{\"alg\":\"RS384\"}", CLAIMS, rsa, "SHA384", 0, 0), JWS_ALG);
    refuse_token(unit, sign_with(unit, "{\"alg\":\"PS256\"}", CLAIMS, rsa, "SHA256", 1, 0), JWS_ALG);
    refuse_token(unit, sign_with(unit, "{\"alg\":\"ES384\"}", CLAIMS, p384, "SHA384", 0, 0), JWS_ALG);
    refuse_headers(unit, JWS_ALG, "{\"alg\":\"rs256\"}", "{\"alg\":\"RS256 \"}", "{\"alg\":[\"RS256\"]}", "{\"alg\":null}", "{\"ALG\":\"RS256\"}", "{}");
}

static void refuses_critical_headers(void **state)
{
    unit_t *unit = *state;
    refuse_headers(unit, JWS_CRIT, "{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}", "{\"alg\":\"RS256\",\"crit\":[]}",
                   "{\"alg\":\"RS256\",\"crit\":null}", "{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}",
                   "{\"alg\":\"RS256\",\"b64\":false}", "{\"alg\":\"RS256\",\"b64\":true}");
}

static void refuses_duplicate_members(void **state)
{
    unit_t *unit = *state;
    refuse_headers(unit, JWS_FORMAT, "{\"alg\":\"RS256\",\"alg\":\"RS256\"}", "{\"alg\":\"none\",\"alg\":\"RS256\"}");
    refuse_token(unit, sign_with(unit, "{\"alg\":\"RS256\"}", "{\"sub\":\"a\",\"sub\":\"b\"}", rsa, "SHA256", 0, 0), JWS_FORMAT);
    refuse_token(unit, sign_with(unit, "{\"alg\":\"RS256\"}", "{\"sub\":\"a\",\"s\\u0075b\":\"b\"}", rsa, "SHA256", 0, 0), JWS_FORMAT);
}

static void refuses_headers_of_wrong_kinds(void **state)
{
    unit_t *unit = *state;
    refuse_headers(unit, JWS_FORMAT, "{\"alg\":\"RS256\",\"kid\":1}", "{\"alg\":\"RS256\",\"kid\":null}", "{\"alg\":\"RS256\",\"typ\":{}}", "[]", "\"RS256\"",
                   "{\"alg\":\"RS256\"}x");
}

static void refuses_payloads_that_are_no_object(void **state)
{
    unit_t *unit = *state;
    static const char *const bad[] = { "", " ", "[]", "null", "\"x\"", "1", "{", "{}{}", "{} x", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuse_token(unit, sign_with(unit, "{\"alg\":\"RS256\"}", bad[i], rsa, "SHA256", 0, 0), JWS_FORMAT);
    }
}

static void refuses_deep_nesting(void **state)
{
    unit_t *unit = *state;
    char *deep = apr_pcalloc(unit->pool, 20100);
    memcpy(deep, "{\"a\":", 5);
    memset(deep + 5, '[', 10000);
    memset(deep + 10005, ']', 10000);
    deep[20005] = '}';
    refuse_token(unit, sign_with(unit, "{\"alg\":\"RS256\"}", deep, rsa, "SHA256", 0, 0), JWS_FORMAT);
}

/* cjose's assert() ended the whole process at "AAAAA===" (cisco/cjose#123) */
static void refuses_padding_and_foreign_characters(void **state)
{
    unit_t *unit = *state;
    char *header = b64(unit, "{\"alg\":\"RS256\"}"), *payload = b64(unit, "{\"a\":1}");
    static const char *const bad[] = { "AAAAA===", "AAAAA", "A", "QQ==", "QQ=", "=", "QR", "Q+8", "Q/8", "QUJD\n", " QUJD", "QU JD", "QUJD=!!junk", "\xff" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuse_token(unit, glue(unit, bad[i], payload, "QUJD"), JWS_FORMAT);
        refuse_token(unit, glue(unit, header, bad[i], "QUJD"), JWS_FORMAT);
        refuse_token(unit, glue(unit, header, payload, bad[i]), JWS_FORMAT);
        refuse_token(unit, glue(unit, bad[i], bad[i], bad[i]), JWS_FORMAT);
    }
    refuse_token(unit, glue(unit, apr_pstrcat(unit->pool, header, "==", NULL), payload, "QUJD"), JWS_FORMAT);
}

static void refuses_other_numbers_of_parts(void **state)
{
    unit_t *unit = *state;
    char *good = sign(unit, "{\"alg\":\"RS256\"}", rsa), *header = b64(unit, "{\"alg\":\"RS256\"}"), *payload = b64(unit, CLAIMS);
    refuse_token(unit, NULL, JWS_FORMAT);
    refuse_token(unit, "", JWS_FORMAT);
    refuse_token(unit, ".", JWS_FORMAT);
    refuse_token(unit, "..", JWS_FORMAT);
    refuse_token(unit, "....", JWS_FORMAT);
    refuse_token(unit, header, JWS_FORMAT);
    refuse_token(unit, apr_pstrcat(unit->pool, header, ".", payload, NULL), JWS_FORMAT);
    refuse_token(unit, glue(unit, header, payload, ""), JWS_FORMAT);
    refuse_token(unit, glue(unit, header, "", "QUJD"), JWS_FORMAT);
    refuse_token(unit, glue(unit, "", payload, "QUJD"), JWS_FORMAT);
    refuse_token(unit, apr_pstrcat(unit->pool, good, ".", NULL), JWS_FORMAT);
    refuse_token(unit, apr_pstrcat(unit->pool, good, ".x", NULL), JWS_FORMAT);
    refuse_token(unit, apr_pstrcat(unit->pool, good, ".x.y", NULL), JWS_FORMAT);
    refuse_token(unit, apr_pstrcat(unit->pool, good, "=!!junk", NULL), JWS_FORMAT);
    refuse_token(unit, apr_pstrcat(unit->pool, good, "\n", NULL), JWS_FORMAT);
}

static void refuses_what_is_too_long(void **state)
{
    unit_t *unit = *state;
    char *token = apr_palloc(unit->pool, 1000001);
    memset(token, 'A', 1000000);
    token[1000000] = '\0';
    refuse_token(unit, token, JWS_FORMAT);
    char *claims = apr_pcalloc(unit->pool, 60000), *fits;
    memcpy(claims, "{\"a\":\"", 6);
    memset(claims + 6, 'x', 48600);
    memcpy(claims + 48606, "\"}", 3);
    fits = sign_with(unit, "{\"alg\":\"ES256\"}", claims, p256, "SHA256", 0, 0);
    assert_in_range(strlen(fits), 64000, MNV_JWS_LIMIT_BYTES);
    parse(unit, fits);
    memset(claims + 6, 'x', 50000);
    memcpy(claims + 50006, "\"}", 3);
    refuse_token(unit, sign_with(unit, "{\"alg\":\"ES256\"}", claims, p256, "SHA256", 0, 0), JWS_FORMAT);
    assert_int_equal(unit_logged(unit, "longer than 65536 bytes"), 2);
}

static void tokens_never_reach_the_log(void **state)
{
    unit_t *unit = *state;
    refuse_token(unit, sign(unit, "{\"alg\":\"RS256\",\"crit\":[]}", rsa), JWS_CRIT);
    refuse_token(unit, sign_with(unit, "{\"alg\":\"RS256\"}", "secret-payload", rsa, "SHA256", 0, 0), JWS_FORMAT);
    refuse_token(unit, "c2VjcmV0.c2VjcmV0.c2VjcmV0", JWS_FORMAT);
    assert_int_equal(unit_logged(unit, "secret"), 0);
    assert_int_equal(unit_logged(unit, "c2VjcmV0"), 0);
    refuse_token(unit, sign(unit, "{\"alg\":\"\\n0123456789012345678901234567890123456789\"}", rsa), JWS_ALG);
    assert_int_equal(unit_logged(unit, "0123456789012345678901234567890123456789"), 0);
}

/* --- keys ----------------------------------------------------------------------------- */

static void refuses_weak_rsa_keys(void **state)
{
    unit_t *unit = *state;
    const char *n = number_of(unit, rsa, "n", 0);
    static const char *const exponents[] = { "AQ", "Ag", "AQAA", "AA", "", "AQABAQABAQABAQAB" };
    refuse_key(unit, jwk_of(unit, rsa_1024, "k", ""));
    refuse_key(unit, jwk_of(unit, rsa_2047, "k", ""));
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
        refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n, exponents[i]));
    }
    jwks_of(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"Aw\"}", n));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\"}", n));
    refuse_key(unit, "{\"kty\":\"RSA\",\"e\":\"AQAB\"}");
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s=\",\"e\":\"AQAB\"}", n));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":65537}", n));
}

static void refuses_rsa_numbers_that_are_no_key(void **state)
{
    unit_t *unit = *state;
    unsigned char n[1400];
    memset(n, 0xff, sizeof(n));
    /* 2,048 ones are divisible by 3; even; too long */
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", mnv_base64url_encode(unit->pool, n, 256)));
    n[255] = 0xfe;
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", mnv_base64url_encode(unit->pool, n, 256)));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", mnv_base64url_encode(unit->pool, n, 1026)));
}

static void refuses_points_off_the_curve(void **state)
{
    unit_t *unit = *state;
    char *x = number_of(unit, p256, "qx", 32), *y = number_of(unit, p256, "qy", 32), *off = apr_pstrdup(unit->pool, y);
    off[5] = off[5] == 'A' ? 'B' : 'A';
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", x, off));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\"}", x));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%s\",\"y\":\"%s\"}", x, y));
    refuse_key(unit, apr_psprintf(unit->pool, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA%s\",\"y\":\"%s\"}", x, y));
    refuse_key(unit, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
    refuse_key(unit, jwk_of(unit, p384, "k", ""));
}

static void refuses_keys_that_are_not_for_rs256_or_es256_signatures(void **state)
{
    unit_t *unit = *state;
    static const char *const members[] = { ",\"use\":\"enc\"", ",\"use\":1", ",\"use\":null", ",\"key_ops\":[\"sign\"]", ",\"key_ops\":[]", ",\"key_ops\":\"verify\"", ",\"alg\":\"RS512\"",
                                           ",\"alg\":\"PS256\"", ",\"alg\":\"ES256\"", ",\"alg\":\"none\"", ",\"alg\":1", ",\"kid\":1", ",\"kid\":\"\"", ",\"kid\":null" };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        refuse_key(unit, jwk_of(unit, rsa, NULL, members[i]));
    }
    refuse_key(unit, jwk_of(unit, p256, "k", ",\"alg\":\"RS256\""));
    refuse_key(unit, "{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"c2VjcmV0\"}");
    refuse_key(unit, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
    refuse_key(unit, "{\"kid\":\"k\"}");
    refuse_key(unit, "\"k\"");
    refuse_key(unit, "[]");
}

static void refuses_published_private_keys(void **state)
{
    unit_t *unit = *state;
    static const char *const members[] = { ",\"d\":\"AQ\"", ",\"p\":\"AQ\"", ",\"q\":\"AQ\"", ",\"dp\":\"AQ\"", ",\"dq\":\"AQ\"", ",\"qi\":\"AQ\"", ",\"oth\":[]", ",\"k\":\"AQ\"", ",\"d\":null" };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        refuse_key(unit, jwk_of(unit, rsa, "k", members[i]));
        refuse_key(unit, jwk_of(unit, p256, "k", members[i]));
    }
}

static void refuses_what_is_no_jwks(void **state)
{
    unit_t *unit = *state;
    static const char *const bad[] = { "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":null}", "{\"keys\":[],\"keys\":[]}", "<html>", "{\"kty\":\"RSA\"}" };
    mnv_jwks_t *jwks = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mnv_jwks_parse(unit->ctx, unit->pool, bad[i], strlen(bad[i]), &jwks), APR_EGENERAL);
        assert_told(unit, JWKS);
    }
    assert_null(jwks);
}

static void takes_the_good_keys_and_skips_the_rest(void **state)
{
    unit_t *unit = *state;
    mnv_jwks_t *jwks = jwks_of(unit, apr_pstrcat(unit->pool, "1,null,{},", jwk_of(unit, rsa_1024, "weak", ""), ",", jwk_of(unit, rsa, "r", ",\"use\":\"sig\",\"alg\":\"RS256\""), ",",
                                                 jwk_of(unit, rsa_other, "r", ""), ",", jwk_of(unit, p256, "r", ",\"key_ops\":[\"verify\"],\"x5c\":[\"AA\"]"), ",",
                                                 jwk_of(unit, p256_other, "r", ""), NULL));
    assert_int_equal(mnv_jwks_count(jwks), 2);
    assert_int_equal(unit_logged(unit, "MNV1000"), 6);
    /* of two with one kid and type the first stays */
    assert_int_equal(mnv_jws_verify(unit->ctx, parse(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", rsa)), jwks), APR_SUCCESS);
    assert_int_equal(mnv_jws_verify(unit->ctx, parse(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", rsa_other)), jwks), APR_EGENERAL);
    assert_told(unit, JWS_SIGNATURE);
    assert_int_equal(mnv_jws_verify(unit->ctx, parse(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"r\"}", p256)), jwks), APR_SUCCESS);
}

static void looks_at_64_keys(void **state)
{
    unit_t *unit = *state;
    const char *keys = "";
    for (int i = 0; i < 70; i++) {
        keys = apr_pstrcat(unit->pool, keys, i > 0 ? "," : "", jwk_of(unit, p256, apr_itoa(unit->pool, i), ""), NULL);
    }
    assert_int_equal(mnv_jwks_count(jwks_of(unit, keys)), 64);
}

static void keys_outlive_the_context(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *lasting = unit->pool, *brief;
    const char *jwk = jwk_of(unit, rsa, "r", ""), *token = sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", rsa);
    assert_int_equal(apr_pool_create(&brief, lasting), APR_SUCCESS);
    unit->ctx->pool = brief;
    mnv_jwks_t *jwks = jwks_of(unit, jwk);
    apr_pool_destroy(brief);
    unit->ctx->pool = lasting;
    assert_int_equal(mnv_jws_verify(unit->ctx, parse(unit, token), jwks), APR_SUCCESS);
}

/* --- verification -------------------------------------------------------------------- */

static mnv_jwks_t *both(unit_t *unit)
{
    return jwks_of(unit, apr_pstrcat(unit->pool, jwk_of(unit, rsa, "r", ""), ",", jwk_of(unit, p256, "e", ""), ",", jwk_of(unit, p256_other, "o", ""), NULL));
}

#define refuse_signature(unit, token, jwks, NAME) \
    do { \
        mnv_jws_t *jws_ = parse((unit), (token)); \
        assert_int_equal(mnv_jws_verify((unit)->ctx, jws_, (jwks)), APR_EGENERAL); \
        assert_told((unit), NAME); \
    } while (0)

static void accepts_good_tokens(void **state)
{
    unit_t *unit = *state;
    mnv_jwks_t *jwks = both(unit);
    mnv_jws_t *jws = parse(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"JWT\"}", rsa));
    assert_int_equal(jws->alg, MNV_JWS_RS256);
    assert_string_equal(jws->kid, "r");
    assert_string_equal(jws->typ, "JWT");
    assert_string_equal(mnv_json_string(jws->payload, "sub"), "abc");
    assert_true(mnv_jwks_has(jwks, jws));
    assert_int_equal(mnv_jws_verify(unit->ctx, jws, jwks), APR_SUCCESS);
    jws = parse(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", p256));
    assert_int_equal(jws->alg, MNV_JWS_ES256);
    assert_null(jws->typ);
    assert_int_equal(mnv_jws_verify(unit->ctx, jws, jwks), APR_SUCCESS);
}

static void refuses_wrong_missing_and_foreign_kids(void **state)
{
    unit_t *unit = *state;
    mnv_jwks_t *jwks = both(unit), *nameless = jwks_of(unit, jwk_of(unit, rsa, NULL, ""));
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"x\"}", rsa), jwks, JWS_KEY);
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"\"}", rsa), jwks, JWS_KEY);
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"R\"}", rsa), jwks, JWS_KEY);
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"e\"}", rsa), jwks, JWS_KEY);
    refuse_signature(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"r\"}", p256), jwks, JWS_KEY);
    refuse_signature(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"o\"}", p256), jwks, JWS_SIGNATURE);
    /* two keys of the type: a token has to say which */
    refuse_signature(unit, sign(unit, "{\"alg\":\"ES256\"}", p256), jwks, JWS_KEY);
    assert_false(mnv_jwks_has(jwks, parse(unit, sign(unit, "{\"alg\":\"ES256\"}", p256))));
    assert_int_equal(mnv_jws_verify(unit->ctx, parse(unit, sign(unit, "{\"alg\":\"RS256\"}", rsa)), jwks), APR_SUCCESS);
    /* a key without a kid answers to no name */
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", rsa), nameless, JWS_KEY);
    assert_int_equal(mnv_jws_verify(unit->ctx, parse(unit, sign(unit, "{\"alg\":\"RS256\"}", rsa)), nameless), APR_SUCCESS);
}

static void refuses_signatures_of_other_keys_and_padding(void **state)
{
    unit_t *unit = *state;
    mnv_jwks_t *jwks = both(unit);
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", rsa_other), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", p256_other), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign_with(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", CLAIMS, rsa, "SHA256", 1, 0), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign_with(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", CLAIMS, rsa, "SHA512", 0, 0), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign_with(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", CLAIMS, rsa, "SHA1", 0, 0), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign_with(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", CLAIMS, p256, "SHA512", 0, 0), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", p384), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", rsa), jwks, JWS_SIGNATURE);
    refuse_signature(unit, sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", p256), jwks, JWS_SIGNATURE);
}

static void refuses_der_instead_of_raw_signatures(void **state)
{
    unit_t *unit = *state;
    refuse_signature(unit, sign_with(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", CLAIMS, p256, "SHA256", 0, 1), both(unit), JWS_SIGNATURE);
}

static void refuses_changed_signatures_and_claims(void **state)
{
    unit_t *unit = *state;
    mnv_jwks_t *jwks = both(unit);
    const char *tokens[] = { sign(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}", rsa), sign(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}", p256) };
    for (int t = 0; t < 2; t++) {
        mnv_jws_t *jws = parse(unit, tokens[t]);
        for (apr_size_t bit = 0; bit < 8 * jws->signature_length; bit += 7) {
            jws->signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_int_equal(mnv_jws_verify(unit->ctx, jws, jwks), APR_EGENERAL);
            jws->signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        for (apr_size_t length = 0; length < jws->signature_length; length++) {
            mnv_jws_t shorter = *jws;
            shorter.signature_length = length;
            assert_int_equal(mnv_jws_verify(unit->ctx, &shorter, jwks), APR_EGENERAL);
        }
        assert_told(unit, JWS_SIGNATURE);
        assert_int_equal(mnv_jws_verify(unit->ctx, jws, jwks), APR_SUCCESS);
        const char *tail = strrchr(tokens[t], '.') + 1;
        char *head = apr_pstrmemdup(unit->pool, tokens[t], strcspn(tokens[t], "."));
        refuse_signature(unit, glue(unit, head, b64(unit, "{\"iss\":\"https://op.example\",\"sub\":\"abd\"}"), tail), jwks, JWS_SIGNATURE);
        refuse_signature(unit, glue(unit, head, b64(unit, CLAIMS " "), tail), jwks, JWS_SIGNATURE);
        refuse_signature(unit, apr_pstrcat(unit->pool, tokens[t], "AAAA", NULL), jwks, JWS_SIGNATURE);
    }
}

/* CVE-2022-21449: r and s zero */
static void refuses_empty_numbers(void **state)
{
    unit_t *unit = *state;
    unsigned char zeros[256] = { 0 };
    mnv_jwks_t *jwks = both(unit);
    refuse_signature(unit, glue(unit, b64(unit, "{\"alg\":\"ES256\",\"kid\":\"e\"}"), b64(unit, CLAIMS), mnv_base64url_encode(unit->pool, zeros, 64)), jwks, JWS_SIGNATURE);
    refuse_signature(unit, glue(unit, b64(unit, "{\"alg\":\"RS256\",\"kid\":\"r\"}"), b64(unit, CLAIMS), mnv_base64url_encode(unit->pool, zeros, 256)), jwks, JWS_SIGNATURE);
}

/* a key that comes with the token proves nothing */
static void ignores_keys_in_the_header(void **state)
{
    unit_t *unit = *state;
    char *header = apr_psprintf(unit->pool, "{\"alg\":\"RS256\",\"kid\":\"r\",\"jku\":\"https://evil.example/\",\"jwk\":%s}", jwk_of(unit, rsa_other, "r", ""));
    refuse_signature(unit, sign(unit, header, rsa_other), both(unit), JWS_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_alg_none),
        UNIT_TEST(refuses_hs256_with_the_public_key_as_secret),
        UNIT_TEST(refuses_every_other_algorithm),
        UNIT_TEST(refuses_critical_headers),
        UNIT_TEST(refuses_duplicate_members),
        UNIT_TEST(refuses_headers_of_wrong_kinds),
        UNIT_TEST(refuses_payloads_that_are_no_object),
        UNIT_TEST(refuses_deep_nesting),
        UNIT_TEST(refuses_padding_and_foreign_characters),
        UNIT_TEST(refuses_other_numbers_of_parts),
        UNIT_TEST(refuses_what_is_too_long),
        UNIT_TEST(tokens_never_reach_the_log),
        UNIT_TEST(refuses_weak_rsa_keys),
        UNIT_TEST(refuses_rsa_numbers_that_are_no_key),
        UNIT_TEST(refuses_points_off_the_curve),
        UNIT_TEST(refuses_keys_that_are_not_for_rs256_or_es256_signatures),
        UNIT_TEST(refuses_published_private_keys),
        UNIT_TEST(refuses_what_is_no_jwks),
        UNIT_TEST(takes_the_good_keys_and_skips_the_rest),
        UNIT_TEST(looks_at_64_keys),
        UNIT_TEST(keys_outlive_the_context),
        UNIT_TEST(accepts_good_tokens),
        UNIT_TEST(refuses_wrong_missing_and_foreign_kids),
        UNIT_TEST(refuses_signatures_of_other_keys_and_padding),
        UNIT_TEST(refuses_der_instead_of_raw_signatures),
        UNIT_TEST(refuses_changed_signatures_and_claims),
        UNIT_TEST(refuses_empty_numbers),
        UNIT_TEST(ignores_keys_in_the_header),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
