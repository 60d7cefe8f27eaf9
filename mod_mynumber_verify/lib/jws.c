#include "lib/jose.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64url.h"
#include "lib/json.h"

const char *mnv_jws_alg_name(mnv_jws_alg_e alg)
{
    return alg == MNV_JWS_ES256 ? "ES256" : "RS256";
}

/* Decode a segment that must be a JSON object. */
static apr_status_t decode_object(apr_pool_t *pool, const char *text, apr_size_t length, mnv_json_t **object)
{
    unsigned char *data;
    apr_size_t data_length;
    if (mnv_base64url_decode(pool, text, length, &data, &data_length) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return mnv_json_parse(pool, (const char *)data, data_length, object);
}

/* The header decides only what has to be refused and which key is asked for. jwk, jku, x5u and x5c are never looked at: a key that
 * comes with the message proves nothing. */
static apr_status_t read_header(mnv_ctx_t *ctx, const mnv_json_t *header, mnv_jws_t *jws)
{
    const char *alg = mnv_json_string(header, "alg");
    if (alg != NULL && strcmp(alg, "RS256") == 0) {
        jws->alg = MNV_JWS_RS256;
    }
    else if (alg != NULL && strcmp(alg, "ES256") == 0) {
        jws->alg = MNV_JWS_ES256;
    }
    else {
        return mnv_fail(ctx, MNV_FAIL_JWS_ALG, "alg \"%.32s\"", alg != NULL ? alg : "");
    }
    /* We understand no extension, so every crit is a refusal (RFC 7515 4.1.11); b64 changes what is signed (RFC 7797). */
    if (mnv_json_kind(header, "crit") != MNV_JSON_ABSENT || mnv_json_kind(header, "b64") != MNV_JSON_ABSENT) {
        return mnv_fail(ctx, MNV_FAIL_JWS_CRIT, NULL);
    }
    jws->kid = mnv_json_string(header, "kid");
    jws->typ = mnv_json_string(header, "typ");
    if ((jws->kid == NULL && mnv_json_kind(header, "kid") != MNV_JSON_ABSENT)
        || (jws->typ == NULL && mnv_json_kind(header, "typ") != MNV_JSON_ABSENT)) {
        return mnv_fail(ctx, MNV_FAIL_JWS_FORMAT, "kid or typ is no string");
    }
    return APR_SUCCESS;
}

apr_status_t mnv_jws_parse(mnv_ctx_t *ctx, const char *token, mnv_jws_t **jws)
{
    apr_size_t length = token != NULL ? strnlen(token, MNV_JWS_LIMIT_BYTES + 1) : 0;
    mnv_json_t *header;
    mnv_jws_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    if (length == 0 || length > MNV_JWS_LIMIT_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_JWS_FORMAT, length == 0 ? "it is empty" : "longer than %d bytes", MNV_JWS_LIMIT_BYTES);
    }
    const char *first = memchr(token, '.', length);
    const char *second = first != NULL ? memchr(first + 1, '.', length - (apr_size_t)(first + 1 - token)) : NULL;
    if (second == NULL || memchr(second + 1, '.', length - (apr_size_t)(second + 1 - token)) != NULL) {
        return mnv_fail(ctx, MNV_FAIL_JWS_FORMAT, "not of three parts");
    }
    if (decode_object(ctx->pool, token, (apr_size_t)(first - token), &header) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_JWS_FORMAT, "header is no JSON object in base64url");
    }
    made->header = header;
    apr_status_t status = read_header(ctx, header, made);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (decode_object(ctx->pool, first + 1, (apr_size_t)(second - first - 1), &made->payload) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_JWS_FORMAT, "payload is no JSON object in base64url");
    }
    if (mnv_base64url_decode(ctx->pool, second + 1, length - (apr_size_t)(second + 1 - token), &made->signature, &made->signature_length)
            != APR_SUCCESS
        || made->signature_length == 0) {
        return mnv_fail(ctx, MNV_FAIL_JWS_FORMAT, "signature is empty or no base64url");
    }
    made->signing_length = (apr_size_t)(second - token);
    made->signing_input = apr_pstrmemdup(ctx->pool, token, made->signing_length);
    *jws = made;
    return APR_SUCCESS;
}
