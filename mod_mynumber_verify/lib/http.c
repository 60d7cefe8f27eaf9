#include "lib/http.h"

#include <string.h>
#include "lib/json.h"

static int is_json(const char *type)
{
    apr_size_t length = strlen(type);
    return strcmp(type, "application/json") == 0
           || (length > 17 && strncmp(type, "application/", 12) == 0 && strcmp(type + length - 5, "+json") == 0);
}

apr_status_t mnv_http_json(mnv_http_t *http, mnv_ctx_t *ctx, const mnv_http_request_t *request, mnv_json_t **object)
{
    mnv_http_response_t *response;
    apr_status_t status = http->send(http->baton, ctx, request, &response);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (response->status != 200) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_STATUS, "status %d", response->status);
    }
    if (!is_json(response->content_type)) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "content type \"%.100s\" is not JSON", response->content_type);
    }
    if (mnv_json_parse(ctx->pool, response->body, response->length, object) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "no strict JSON object in %lu bytes", (unsigned long)response->length);
    }
    return APR_SUCCESS;
}
