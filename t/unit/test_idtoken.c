/* proto/idtoken.c, behind lib/jws.c as in a sign-in: each case of t/data/idtoken is a token, forged as it says and signed here.
 *
 * Members of a case, all but "expect" optional: "header" and "claims" are put over the good token's, "remove" names claims and "remove_header" header
 * parameters to leave out; "header_text" and "claims_text" replace the JSON text; "key" says who signs (ec, ec2, rsa, p384, rsa1024: all in the provider's
 * JWKS; stranger, stranger_rsa: not); "sign" how: raw (as the key's JWS algorithm), der, none, hmac (secret: the RSA key's public PEM), hmac_jwk (the EC
 * key's JWK), flip (one bit changed), zero (all of it zero); "before" and "after" are put around the finished token, "token" replaces it;
 * "client_id", "nonce", "issuer" and "access_token" replace what is expected (null: nothing), "accept_acr" is a list.
 */
#include "cases.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include "base/base64url.h"
#include "lib/jose.h"
#include "proto/idtoken.h"

#define ISSUER       "https://op.example/api/realms/main"
#define CLIENT       "client1"
#define NONCE        "n-0123456789abcdefghijklmnopqrstuvwxyz01234"
#define ACCESS_TOKEN "access-token-1"

static struct {
    const char *name;
    const char *kid; /* NULL: not in the JWKS */
    int rsa_bits;    /* 0: elliptic */
    const char *curve;
    EVP_PKEY *key;
} keys[] = {
    { "ec", "ec-1", 0, "P-256", NULL },         { "ec2", "ec-2", 0, "P-256", NULL },       { "rsa", "rsa-1", 2048, NULL, NULL },
    { "p384", "p384-1", 0, "P-384", NULL },     { "rsa1024", "weak-1", 1024, NULL, NULL }, { "stranger", NULL, 0, "P-256", NULL },
    { "stranger_rsa", NULL, 2048, NULL, NULL },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static EVP_PKEY *key_of(const char *name)
{
    for (apr_size_t i = 0; i < KEYS; i++) {
        if (!strcmp(keys[i].name, name)) {
            if (!keys[i].key) {
                keys[i].key = keys[i].rsa_bits ? EVP_RSA_gen((unsigned)keys[i].rsa_bits) : EVP_EC_gen(keys[i].curve);
            }
            return keys[i].key;
        }
    }
    fail_msg("no key \"%s\"", name);
    return NULL;
}

static const char *number_of(apr_pool_t *pool, EVP_PKEY *key, const char *name)
{
    BIGNUM *number = NULL;
    unsigned char bytes[512];
    assert_true(EVP_PKEY_get_bn_param(key, name, &number));
    int length = BN_bn2bin(number, bytes);
    if (*name == 'q') { /* coordinates have full length */
        length = EVP_PKEY_get_bits(key) / 8;
        BN_bn2binpad(number, bytes, length);
    }
    BN_free(number);
    return mnv_base64url_encode(pool, bytes, (apr_size_t)length);
}

/* The JWKS a careless provider might publish: besides the good keys a weak one, one of another curve, and a secret. */
static const char *jwks_of(apr_pool_t *pool)
{
    const char *list = "{\"kty\":\"oct\",\"kid\":\"oct-1\",\"k\":\"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC0\"}";
    for (apr_size_t i = 0; i < KEYS; i++) {
        EVP_PKEY *key = keys[i].kid ? key_of(keys[i].name) : NULL;
        if (key && keys[i].rsa_bits) {
            list = apr_psprintf(pool, "%s,{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"%s\",\"n\":\"%s\",\"e\":\"%s\"}", list, keys[i].kid,
                                number_of(pool, key, "n"), number_of(pool, key, "e"));
        }
        else if (key) {
            list = apr_psprintf(pool, "%s,{\"kty\":\"EC\",\"use\":\"sig\",\"crv\":\"%s\",\"kid\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}", list, keys[i].curve,
                                keys[i].kid, number_of(pool, key, "qx"), number_of(pool, key, "qy"));
        }
    }
    return apr_psprintf(pool, "{\"keys\":[%s]}", list);
}

static apr_size_t hmac_by(const char *secret, apr_size_t secret_length, const char *input, unsigned char *out)
{
    unsigned length = 0;
    HMAC(EVP_sha256(), secret, (int)secret_length, (const unsigned char *)input, strlen(input), out, &length);
    return length;
}

/* HS256 with what is public: the confusion of algorithms. */
static apr_size_t sign_hmac(apr_pool_t *pool, const char *how, const char *input, unsigned char *out)
{
    char *pem;
    BIO *bio = BIO_new(BIO_s_mem());
    const char *jwk = apr_psprintf(pool, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", number_of(pool, key_of("ec"), "qx"),
                                   number_of(pool, key_of("ec"), "qy"));
    PEM_write_bio_PUBKEY(bio, key_of("rsa"));
    long length = BIO_get_mem_data(bio, &pem);
    apr_size_t done = !strcmp(how, "hmac") ? hmac_by(pem, (apr_size_t)length, input, out) : hmac_by(jwk, strlen(jwk), input, out);
    BIO_free(bio);
    return done;
}

static apr_size_t sign(apr_pool_t *pool, const char *name, const char *how, const char *input, unsigned char *out)
{
    EVP_PKEY *key = key_of(name);
    size_t length = 1024;
    EVP_MD_CTX *md;

    if (!strncmp(how, "hmac", 4)) {
        return sign_hmac(pool, how, input, out);
    }
    md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, out, &length, (const unsigned char *)input, strlen(input)), 1);
    EVP_MD_CTX_free(md);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && strcmp(how, "der")) {
        const unsigned char *der = out;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
        int half = EVP_PKEY_get_bits(key) / 8;
        BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, half);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, half);
        ECDSA_SIG_free(pair);
        length = 2 * (size_t)half;
    }
    if (!strcmp(how, "flip")) {
        out[length - 1] ^= 1;
    }
    if (!strcmp(how, "zero")) {
        memset(out, 0, length);
    }
    return !strcmp(how, "none") ? 0 : length;
}

typedef struct change_t {
    mnv_json_t *to;
    const mnv_json_t *remove;
} change_t;

static int change(void *baton, const char *name, const mnv_json_t *value)
{
    change_t *changing = baton;
    for (apr_size_t i = 0; i < mnv_json_size(changing->remove); i++) {
        if (!strcmp(mnv_json_string(mnv_json_at(changing->remove, i), NULL), name)) {
            return 0;
        }
    }
    mnv_json_set(changing->to, name, value);
    return 0;
}

static const char *changed(const case_t *c, const mnv_json_t *good, const char *over, const char *remove, const char *text)
{
    change_t changing = { mnv_json_object(c->unit->pool), mnv_json_member(c->json, remove) };
    mnv_json_each(good, change, &changing);
    changing.remove = NULL;
    if (mnv_json_member(c->json, over)) {
        mnv_json_each(mnv_json_member(c->json, over), change, &changing);
    }
    return mnv_json_string(c->json, text) ? mnv_json_string(c->json, text) : mnv_json_print(c->unit->pool, changing.to);
}

static const char *header_of(const case_t *c, const char *key)
{
    mnv_json_t *good = mnv_json_object(c->unit->pool);
    mnv_json_set_string(good, "alg", strncmp(key, "rsa", 3) && strcmp(key, "stranger_rsa") ? "ES256" : "RS256");
    mnv_json_set_string(good, "typ", "JWT");
    mnv_json_set_string(good, "kid", "ec-1");
    for (apr_size_t i = 0; i < KEYS; i++) {
        if (!strcmp(keys[i].name, key) && keys[i].kid) {
            mnv_json_set_string(good, "kid", keys[i].kid);
        }
    }
    return changed(c, good, "header", "remove_header", "header_text");
}

static const char *claims_of(const case_t *c)
{
    mnv_json_t *good = mnv_json_object(c->unit->pool);
    unsigned char digest[MNV_DIGEST_BYTES];
    apr_int64_t now = apr_time_sec(UNIT_START);
    mnv_crypt_sha256(ACCESS_TOKEN, strlen(ACCESS_TOKEN), digest);
    mnv_json_set_string(good, "iss", ISSUER);
    mnv_json_set_string(good, "sub", "subject-1");
    mnv_json_set_string(good, "aud", CLIENT);
    mnv_json_set_integer(good, "exp", now + 300);
    mnv_json_set_integer(good, "iat", now);
    mnv_json_set_integer(good, "auth_time", now - 5);
    mnv_json_set_string(good, "nonce", NONCE);
    mnv_json_set_string(good, "at_hash", mnv_base64url_encode(c->unit->pool, digest, 16));
    return changed(c, good, "claims", "remove", "claims_text");
}

static const char *or_else(const case_t *c, const char *name, const char *otherwise)
{
    const char *text = mnv_json_string(c->json, name);
    return text ? text : otherwise;
}

static const char *token_of(const case_t *c)
{
    apr_pool_t *pool = c->unit->pool;
    const char *key = or_else(c, "key", "ec"), *header = header_of(c, key), *claims = claims_of(c);
    const char *input = apr_pstrcat(pool, mnv_base64url_encode(pool, header, strlen(header)), ".", mnv_base64url_encode(pool, claims, strlen(claims)), NULL);
    unsigned char signature[1024];
    apr_size_t length = sign(pool, key, or_else(c, "sign", "raw"), input, signature);
    const char *token = apr_pstrcat(pool, or_else(c, "before", ""), input, ".", mnv_base64url_encode(pool, signature, length), or_else(c, "after", ""), NULL);
    return or_else(c, "token", token);
}

static const char *expected(const case_t *c, const char *name, const char *otherwise)
{
    return mnv_json_kind(c->json, name) == MNV_JSON_NULL ? NULL : or_else(c, name, otherwise);
}

static void judges_token(void **state)
{
    case_t *c = *state;
    mnv_ctx_t *ctx = c->unit->ctx;
    const char *set = jwks_of(c->unit->pool);
    mnv_idtoken_expect_t expect = { 0 };
    mnv_idtoken_t *token = NULL;
    mnv_jwks_t *jwks;
    mnv_jws_t *jws;
    apr_status_t status;

    assert_int_equal(mnv_jwks_parse(ctx, c->unit->pool, set, strlen(set), &jwks), APR_SUCCESS);
    assert_int_equal(mnv_jwks_count(jwks), 3);
    expect.issuer = expected(c, "issuer", ISSUER);
    expect.client_id = expected(c, "client_id", CLIENT);
    expect.nonce = expected(c, "nonce", NONCE);
    expect.access_token = expected(c, "access_token", ACCESS_TOKEN);
    expect.skew = apr_time_from_sec(60);
    expect.accept_acr = case_list(c, "accept_acr");
    status = mnv_jws_parse(ctx, token_of(c), &jws);
    if (status == APR_SUCCESS) {
        status = mnv_jws_verify(ctx, jws, jwks);
    }
    if (status == APR_SUCCESS) {
        status = mnv_idtoken_judge(ctx, jws, &expect, &token);
    }
    case_judge(c, status);
    if (status == APR_SUCCESS) {
        assert_string_equal(token->subject, mnv_json_string(token->claims, "sub"));
        assert_in_range(apr_time_sec(token->issued_at), 1795507200 - 1000, 1795507200 + 60);
        assert_true(token->auth_time == 0 || apr_time_sec(token->auth_time) > 1700000000);
        if (expect.accept_acr && expect.accept_acr->nelts) {
            assert_string_equal(token->acr, mnv_json_string(token->claims, "acr"));
        }
    }
    else {
        assert_null(token);
        assert_false(unit_logged(c->unit, "subject-1"));
    }
}

int main(void)
{
    int failed = CASES_RUN(judges_token, "idtoken");
    for (apr_size_t i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i].key);
    }
    return failed;
}
