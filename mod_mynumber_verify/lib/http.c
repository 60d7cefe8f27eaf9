#include "lib/http.h"

#include <string.h>
#include "base/url.h"
#include "lib/json.h"

int mnv_http_is_json(const char *type)
{
    apr_size_t length = strlen(type);

    return strcmp(type, "application/json") == 0
           || (length > 17 && strncmp(type, "application/", 12) == 0 && strcmp(type + length - 5, "+json") == 0);
}

/* Who is to blame, for the log: no path, no query. */
static const char *origin_of(mnv_ctx_t *ctx, const mnv_http_request_t *request)
{
    mnv_url_t *url;
    return mnv_url_parse(ctx->pool, request->url, &url) == APR_SUCCESS ? url->origin : "?";
}

apr_status_t mnv_http_json(mnv_http_t *http, mnv_ctx_t *ctx, const mnv_http_request_t *request, mnv_json_t **object)
{
    mnv_http_response_t *response;
    apr_status_t status = http->send(http->baton, ctx, request, &response);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (response->status != 200) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_STATUS, "%s: status %d", origin_of(ctx, request), response->status);
    }
    if (!mnv_http_is_json(response->content_type)) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "%s: content type \"%.100s\" is not JSON", origin_of(ctx, request), response->content_type);
    }
    if (mnv_json_parse(ctx->pool, response->body, response->length, object) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "%s: no strict JSON object in %lu bytes", origin_of(ctx, request), (unsigned long)response->length);
    }
    return APR_SUCCESS;
}
