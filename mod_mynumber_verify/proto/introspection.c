#include "proto/introspection.h"

#include <apr_strings.h>
#include "base/url.h"
#include "lib/json.h"

#define RESPONSE_LIMIT_BYTES 65536

apr_status_t mnv_introspect(mnv_ctx_t *ctx, mnv_http_t *http, const mnv_introspection_options_t *options, const char *token, mnv_json_t **said)
{
    mnv_http_request_t request = {0};
    apr_status_t status;
    int is_active;

    request.url = options->url;
    request.form = apr_pstrcat(ctx->pool, "token=", mnv_url_encode(ctx->pool, token), "&token_type_hint=access_token", options->form, NULL);
    request.basic = options->basic;
    request.client_certificate = options->certificate;
    request.client_key = options->key;
    request.ca_file = options->ca_file;
    request.accept = "application/json";
    request.limit_bytes = RESPONSE_LIMIT_BYTES;
    status = mnv_http_json(http, ctx, &request, said);
    if (status != APR_SUCCESS) {
        return status;
    }
    is_active = mnv_json_bool(*said, "active");
    if (is_active < 0) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "introspection does not say whether the token is active");
    }
    return is_active ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_BEARER_REFUSED, "introspection says that it is not active");
}
