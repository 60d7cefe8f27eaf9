#include "lib/jose_openssl.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "base/log.h"

#define MNV_JWKS_KEYS_MAX 64

typedef struct {
    const char *kid; /* NULL: none */
    mnv_jws_alg_e alg;
    EVP_PKEY *key;
} jwks_key_t;

struct mnv_jwks_t {
    apr_array_header_t *keys; /* jwks_key_t */
};

/* Is the text among the strings of an array member? Absent: yes. */
static int lists(const mnv_json_t *jwk, const char *name, const char *text)
{
    if (mnv_json_kind(jwk, name) == MNV_JSON_ABSENT) {
        return 1;
    }
    const mnv_json_t *values = mnv_json_member(jwk, name);
    for (apr_size_t i = 0; i < mnv_json_size(values); i++) {
        const char *value = mnv_json_string(mnv_json_at(values, i), NULL);
        if (value != NULL && strcmp(value, text) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Is a string member this text? Absent: yes. */
static int is_or_absent(const mnv_json_t *jwk, const char *name, const char *text)
{
    const char *value = mnv_json_string(jwk, name);
    return mnv_json_kind(jwk, name) == MNV_JSON_ABSENT || (value != NULL && strcmp(value, text) == 0);
}

static const jwks_key_t *find(const mnv_jwks_t *jwks, mnv_jws_alg_e alg, const char *kid)
{
    for (int i = 0; i < jwks->keys->nelts; i++) {
        const jwks_key_t *key = &APR_ARRAY_IDX(jwks->keys, i, jwks_key_t);
        if (key->alg == alg && (kid == NULL ? key->kid == NULL : key->kid != NULL && strcmp(key->kid, kid) == 0)) {
            return key;
        }
    }
    return NULL;
}

/* What speaks against a key before its numbers are looked at. @return NULL: nothing */
static const char *objection(const mnv_json_t *jwk)
{
    /* members of private and symmetric keys (RFC 7518 6.2.2, 6.3.2, 6.4): whoever publishes them has lost the key */
    static const char *const private_members[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k", NULL };
    const char *kid = mnv_json_string(jwk, "kid");
    if (mnv_json_kind(jwk, NULL) != MNV_JSON_OBJECT) {
        return "it is no object";
    }
    for (int i = 0; private_members[i] != NULL; i++) {
        if (mnv_json_kind(jwk, private_members[i]) != MNV_JSON_ABSENT) {
            return "it holds private or symmetric key material";
        }
    }
    if (!is_or_absent(jwk, "use", "sig") || !lists(jwk, "key_ops", "verify")) {
        return "it is not for signatures";
    }
    if (mnv_json_kind(jwk, "kid") != MNV_JSON_ABSENT && (kid == NULL || kid[0] == '\0' || strlen(kid) > MNV_KID_LIMIT_BYTES)) {
        return "its kid is no string of 1 to 512 bytes";
    }
    if (!is_or_absent(jwk, "alg", "RS256") && !is_or_absent(jwk, "alg", "ES256")) {
        return "its alg is neither RS256 nor ES256";
    }
    return NULL;
}

static void take(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_json_t *jwk, mnv_jwks_t *jwks)
{
    EVP_PKEY *evp = NULL;
    mnv_jws_alg_e alg = MNV_JWS_RS256;
    const char *kid = mnv_json_string(jwk, "kid"), *problem = objection(jwk);
    if (problem == NULL && mnv_evp_from_jwk(ctx->pool, jwk, &evp, &alg, &problem) == APR_SUCCESS) {
        problem = !is_or_absent(jwk, "alg", mnv_jws_alg_name(alg)) ? "its alg is not that of its type"
                  : find(jwks, alg, kid) != NULL                    ? "there is one of that kid and type already"
                                                                    : NULL;
        if (problem != NULL) {
            EVP_PKEY_free(evp);
        }
    }
    if (problem != NULL) {
        mnv_log(ctx, MNV_LOG_DEBUG, MNVLOGNO(1000) "skipped key \"%.100s\" of a JWKS: %s", kid != NULL ? kid : "", problem);
        return;
    }
    apr_pool_cleanup_register(pool, evp, mnv_evp_free, apr_pool_cleanup_null);
    jwks_key_t *key = apr_array_push(jwks->keys);
    key->kid = apr_pstrdup(pool, kid);
    key->alg = alg;
    key->key = evp;
}

apr_status_t mnv_jwks_parse(mnv_ctx_t *ctx, apr_pool_t *pool, const char *text, apr_size_t length, mnv_jwks_t **jwks)
{
    mnv_json_t *json;
    if (mnv_json_parse(ctx->pool, text, length, &json) != APR_SUCCESS || mnv_json_kind(json, "keys") != MNV_JSON_ARRAY) {
        return mnv_fail(ctx, MNV_FAIL_JWKS, "no JSON object with an array \"keys\"");
    }
    const mnv_json_t *keys = mnv_json_member(json, "keys");
    mnv_jwks_t *made = apr_palloc(pool, sizeof(*made));
    made->keys = apr_array_make(pool, 4, sizeof(jwks_key_t));
    for (apr_size_t i = 0; i < mnv_json_size(keys) && i < MNV_JWKS_KEYS_MAX; i++) {
        take(ctx, pool, mnv_json_at(keys, i), made);
    }
    if (made->keys->nelts == 0) {
        return mnv_fail(ctx, MNV_FAIL_JWKS, "none of %lu keys is fit for RS256 or ES256", (unsigned long)mnv_json_size(keys));
    }
    *jwks = made;
    return APR_SUCCESS;
}

apr_size_t mnv_jwks_count(const mnv_jwks_t *jwks)
{
    return (apr_size_t)jwks->keys->nelts;
}

/* The key that must have signed a token: chosen by type and kid alone, so that no second key is ever tried. */
static const jwks_key_t *choose(const mnv_jwks_t *jwks, const mnv_jws_t *jws)
{
    const jwks_key_t *only = NULL;
    if (jws->kid != NULL) {
        return find(jwks, jws->alg, jws->kid);
    }
    for (int i = 0; i < jwks->keys->nelts; i++) {
        const jwks_key_t *key = &APR_ARRAY_IDX(jwks->keys, i, jwks_key_t);
        if (key->alg == jws->alg) {
            if (only != NULL) {
                return NULL;
            }
            only = key;
        }
    }
    return only;
}

int mnv_jwks_has(const mnv_jwks_t *jwks, const mnv_jws_t *jws)
{
    return choose(jwks, jws) != NULL;
}

static apr_status_t no_key(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_jwks_t *jwks)
{
    return mnv_fail(ctx, MNV_FAIL_JWS_KEY, "%s kid \"%.100s\" among %d keys", mnv_jws_alg_name(jws->alg), jws->kid != NULL ? jws->kid : "", jwks->keys->nelts);
}

apr_status_t mnv_jwks_choose(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_jwks_t *jwks, mnv_json_t **jwk)
{
    const jwks_key_t *key = choose(jwks, jws);
    if (key == NULL) {
        return no_key(ctx, jws, jwks);
    }
    *jwk = mnv_evp_to_jwk(ctx->pool, key->key, key->alg, jws->kid);
    return *jwk != NULL ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_CRYPTO, "JWK");
}

apr_status_t mnv_jws_verify(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_jwks_t *jwks)
{
    const jwks_key_t *key = choose(jwks, jws);
    if (key == NULL) {
        return no_key(ctx, jws, jwks);
    }
    if (mnv_evp_verify(key->key, key->alg, jws->signing_input, jws->signing_length, jws->signature, jws->signature_length) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_JWS_SIGNATURE, "%s kid \"%.100s\"", mnv_jws_alg_name(jws->alg), jws->kid != NULL ? jws->kid : "");
    }
    return APR_SUCCESS;
}
