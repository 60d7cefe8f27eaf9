#include "proto/userinfo.h"

#include <string.h>

#define USERINFO_LIMIT_BYTES 262144

apr_status_t mnv_userinfo_fetch(mnv_ctx_t *ctx, mnv_http_t *http, const char *endpoint, const char *ca_file,
                                const mnv_token_subject_t *who, mnv_json_t **claims)
{
    mnv_http_request_t request = {0};
    mnv_json_t *answer;
    const char *sub;
    apr_status_t status;

    request.url = endpoint;
    request.accept = "application/json";
    request.bearer = who->access_token;
    request.ca_file = ca_file;
    request.limit_bytes = USERINFO_LIMIT_BYTES;
    status = mnv_http_json(http, ctx, &request, &answer);
    if (status != APR_SUCCESS) {
        return status;
    }
    /* OpenID Connect Core 5.3.2: MUST be verified, against token substitution */
    sub = mnv_json_string(answer, "sub");
    if (!sub || !who->subject || strcmp(sub, who->subject)) {
        return mnv_fail(ctx, MNV_FAIL_USERINFO_SUB, sub ? NULL : "sub is missing");
    }
    *claims = answer;
    return APR_SUCCESS;
}
