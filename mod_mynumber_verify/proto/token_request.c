#include "proto/token_request.h"

#include <apr_cstr.h>
#include <apr_date.h>
#include <apr_strings.h>
#include <string.h>
#include "base/text.h"
#include "base/url.h"
#include "lib/jose.h"
#include "lib/json.h"

#define ASSERTION_LIFETIME_SEC 60   /* the service refuses more */
#define ASSERTION_ID_BYTES 16
#define RESPONSE_LIMIT_BYTES 262144
#define ACCESS_TOKEN_LIMIT_BYTES 16384
#define CLOCK_TELL_SEC 30

/* RFC 6749 5.2 and RFC 8707: what a token endpoint may say; other words do not reach the log. */
static const char *const errors[] = {
    "invalid_request",        "invalid_client", "invalid_grant",  "unauthorized_client",
    "unsupported_grant_type", "invalid_scope",  "invalid_target",
};

static const mnv_client_key_t *signing_key(const mnv_provider_options_t *options)
{
    const apr_array_header_t *keys = options->client_keys;

    return keys && keys->nelts > 0 ? &APR_ARRAY_IDX(keys, 0, const mnv_client_key_t) : NULL;
}

apr_status_t mnv_client_assertion(mnv_ctx_t *ctx, const mnv_provider_options_t *options, const char *token_endpoint,
                                  const char **assertion)
{
    const mnv_client_key_t *key = signing_key(options);
    mnv_json_t *claims = mnv_json_object(ctx->pool);
    apr_int64_t now = apr_time_sec(mnv_now(ctx));
    const char *jti = mnv_random_id(ctx, ASSERTION_ID_BYTES);

    if (!jti) {
        return APR_EGENERAL; /* told */
    }
    if (!key || !key->key) {
        return mnv_fail(ctx, MNV_FAIL_SIGN, "no client key");
    }
    mnv_json_set_string(claims, "iss", options->client_id);
    mnv_json_set_string(claims, "sub", options->client_id);
    mnv_json_set_string(claims, "aud", token_endpoint); /* one string: not an array, which another server could be in too */
    mnv_json_set_integer(claims, "iat", now);
    mnv_json_set_integer(claims, "exp", now + ASSERTION_LIFETIME_SEC);
    mnv_json_set_string(claims, "jti", jti); /* the service refuses one it has seen */
    return mnv_jws_sign(ctx, key->key, "JWT", claims, assertion);
}

static void add(mnv_ctx_t *ctx, const char **form, const char *name, const char *value)
{
    *form = apr_pstrcat(ctx->pool, *form, **form ? "&" : "", name, "=", mnv_url_encode(ctx->pool, value), NULL);
}

static apr_status_t build(mnv_ctx_t *ctx, const mnv_provider_options_t *options, const mnv_op_metadata_t *metadata,
                          const mnv_exchange_t *exchange, mnv_http_request_t *request)
{
    const char *form = "", *assertion;

    add(ctx, &form, "grant_type", "authorization_code");
    add(ctx, &form, "code", exchange->code);
    add(ctx, &form, "redirect_uri", exchange->redirect_uri);
    add(ctx, &form, "code_verifier", exchange->verifier);
    if (signing_key(options)) {
        apr_status_t status = mnv_client_assertion(ctx, options, metadata->token_endpoint, &assertion);

        if (status != APR_SUCCESS) {
            return status;
        }
        add(ctx, &form, "client_id", options->client_id);
        add(ctx, &form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        add(ctx, &form, "client_assertion", assertion);
    }
    else if (options->client_secret) {
        request->basic = apr_pstrcat(ctx->pool, mnv_url_encode(ctx->pool, options->client_id), ":",
                                     mnv_url_encode(ctx->pool, options->client_secret), NULL);
    }
    else {
        add(ctx, &form, "client_id", options->client_id);
    }
    request->url = metadata->token_endpoint;
    request->form = form;
    request->accept = "application/json";
    request->ca_file = options->ca_file;
    request->limit_bytes = RESPONSE_LIMIT_BYTES;
    return APR_SUCCESS;
}

static mnv_json_t *body_of(mnv_ctx_t *ctx, const mnv_http_response_t *response)
{
    mnv_json_t *object;

    return mnv_http_is_json(response->content_type) && mnv_json_parse(ctx->pool, response->body, response->length, &object) == APR_SUCCESS ? object : NULL;
}

/* Clocks that differ are the usual reason why an assertion is refused, and no provider says so. */
static const char *clock_hint(mnv_ctx_t *ctx, const char *date)
{
    apr_time_t theirs = date ? apr_date_parse_http(date) : APR_DATE_BAD;
    apr_int64_t ahead = apr_time_sec(mnv_now(ctx)) - apr_time_sec(theirs);

    if (theirs == APR_DATE_BAD || (ahead <= CLOCK_TELL_SEC && ahead >= -CLOCK_TELL_SEC)) {
        return "";
    }
    return apr_psprintf(ctx->pool, ", this server's clock is %" APR_INT64_T_FMT " s %s the provider's",
                        ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead of");
}

static apr_status_t tell_refusal(mnv_ctx_t *ctx, const mnv_http_response_t *response)
{
    const char *error = mnv_json_string(body_of(ctx, response), "error");
    apr_size_t i;

    if (!error || (response->status != 400 && response->status != 401)) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_STATUS, "token endpoint answered %d", response->status);
    }
    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (!strcmp(errors[i], error)) {
            return mnv_fail(ctx, MNV_FAIL_TOKEN_REFUSED, "%s%s", errors[i], clock_hint(ctx, response->date));
        }
    }
    return mnv_fail(ctx, MNV_FAIL_TOKEN_REFUSED, "unknown error%s", clock_hint(ctx, response->date));
}

static apr_status_t judge(mnv_ctx_t *ctx, const mnv_json_t *body, mnv_token_response_t **response)
{
    const char *id_token = mnv_json_string(body, "id_token"), *type = mnv_json_string(body, "token_type");
    const char *access_token = mnv_json_string(body, "access_token");
    mnv_token_response_t *made;

    if (!type || apr_cstr_casecmp(type, "Bearer")) { /* RFC 6749 7.1: a token of an unknown type must not be used */
        return mnv_fail(ctx, MNV_FAIL_TOKEN_RESPONSE, "token_type is not Bearer");
    }
    if (!id_token || !mnv_text_is_token(id_token, MNV_JWS_LIMIT_BYTES)) {
        return mnv_fail(ctx, MNV_FAIL_TOKEN_RESPONSE, "id_token is missing or malformed");
    }
    /* It goes into a header line: a line break would let the provider's answer write headers of our request */
    if (!access_token || !mnv_text_is_token(access_token, ACCESS_TOKEN_LIMIT_BYTES)) { /* RFC 6749 5.1: required */
        return mnv_fail(ctx, MNV_FAIL_TOKEN_RESPONSE, "access_token is missing or malformed");
    }
    made = apr_pcalloc(ctx->pool, sizeof(*made));
    made->id_token = id_token;
    made->access_token = access_token;
    *response = made;
    return APR_SUCCESS;
}

apr_status_t mnv_token_exchange(mnv_ctx_t *ctx, mnv_http_t *http, const mnv_provider_options_t *options,
                                const mnv_op_metadata_t *metadata, const mnv_exchange_t *exchange,
                                mnv_token_response_t **response)
{
    mnv_http_request_t request = {0};
    mnv_http_response_t *answer;
    const mnv_json_t *body;
    apr_status_t status = build(ctx, options, metadata, exchange, &request);

    if (status != APR_SUCCESS || (status = http->send(http->baton, ctx, &request, &answer)) != APR_SUCCESS) {
        return status;
    }
    if (answer->status != 200) {
        return tell_refusal(ctx, answer);
    }
    body = body_of(ctx, answer);
    return body ? judge(ctx, body, response) : mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "token endpoint's answer is no JSON object");
}
