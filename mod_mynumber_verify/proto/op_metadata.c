#include "proto/op_metadata.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include "base/url.h"
#include "lib/json.h"

/* Longer URLs are no endpoints: with our parameters they would not fit a request line. */
#define ENDPOINT_LIMIT_BYTES 2048

/* One endpoint: where it stands in the document, what sets it by hand, where it goes. */
typedef struct endpoint_t {
    const char *member;
    const char *by_hand;
    const char *directive; /* the word of MyNumberProviderEndpoint; NULL: it may be absent */
    const char **place;
} endpoint_t;

const char *mnv_op_discovery_url(apr_pool_t *pool, const char *issuer)
{
    apr_size_t length = strlen(issuer);

    if (length > 0 && issuer[length - 1] == '/') { /* Discovery 4.1: a terminating "/" is left out */
        length--;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, issuer, length), "/.well-known/openid-configuration", NULL);
}

/* @return the first segment of the issuer's path */
static const char *first_segment(const char *issuer, apr_size_t *length)
{
    const char *host = strstr(issuer, "://"), *path = host ? strchr(host + 3, '/') : NULL;

    *length = path ? strcspn(path + 1, "/") : 0;
    return path ? path + 1 : "";
}

const char *mnv_op_tenant(apr_pool_t *pool, const char *issuer)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    apr_size_t i, length;
    const char *segment = first_segment(issuer, &length);
    char *tenant;

    if (length != sizeof(form) - 1 || strcmp(segment + length, "/v2.0")) {
        return NULL;
    }
    tenant = apr_pstrmemdup(pool, segment, length);
    for (i = 0; i < length; i++) {
        tenant[i] = (char)apr_tolower(tenant[i]);
        if (form[i] == '-' ? tenant[i] != '-' : !apr_isxdigit(tenant[i])) {
            return NULL;
        }
    }
    return tenant;
}

int mnv_op_is_any_tenant(const char *issuer)
{
    static const char *const any[] = {"common", "organizations", "consumers", "{tenantid}"};
    apr_size_t i, length;
    const char *segment = first_segment(issuer, &length);

    for (i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
        if (length == strlen(any[i]) && !apr_cstr_casecmpn(segment, any[i], length) && (!strcmp(segment + length, "/v2.0") || !strcmp(segment + length, "/v2.0/"))) {
            return 1;
        }
    }
    return 0;
}

int mnv_op_is_by_hand(const mnv_provider_options_t *options)
{
    return options->authorization_endpoint && options->token_endpoint && options->jwks_uri;
}

/* Absolute, https (http on loopback only: a code or an access token in the clear is an account given away). */
static int is_secure(apr_pool_t *pool, const char *text)
{
    mnv_url_t *url;

    return strlen(text) <= ENDPOINT_LIMIT_BYTES && mnv_url_parse(pool, text, &url) == APR_SUCCESS
           && (!strcmp(url->scheme, "https") || mnv_url_is_loopback(url));
}

/* The issuer ends in neither query nor fragment (Discovery 3). */
static apr_status_t check_issuer(mnv_ctx_t *ctx, const char *issuer, const mnv_json_t *document)
{
    const char *named;

    if (!issuer || !is_secure(ctx->pool, issuer) || strchr(issuer, '?')) {
        return mnv_fail(ctx, MNV_FAIL_METADATA, "issuer \"%s\" is not an https URL without query and fragment",
                        issuer ? issuer : "");
    }
    if (!document) {
        return APR_SUCCESS;
    }
    /* Discovery 4.3: exactly equal, else one provider could speak for another */
    named = mnv_json_string(document, "issuer");
    if (!named) {
        return mnv_fail(ctx, MNV_FAIL_METADATA, "document has no issuer, \"%s\" is configured", issuer);
    }
    if (strcmp(named, issuer)) {
        return mnv_fail(ctx, MNV_FAIL_METADATA, "document is of issuer \"%.255s\", \"%s\" is configured", named, issuer);
    }
    return APR_SUCCESS;
}

static apr_status_t take(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_json_t *document, const endpoint_t *endpoint)
{
    const char *url = endpoint->by_hand;
    mnv_json_kind_e kind = mnv_json_kind(document, endpoint->member);

    if (!url && kind != MNV_JSON_ABSENT && kind != MNV_JSON_NULL) {
        url = mnv_json_string(document, endpoint->member);
        if (!url) {
            return mnv_fail(ctx, MNV_FAIL_METADATA, "%s is not a string", endpoint->member);
        }
    }
    if (!url && endpoint->directive) {
        return mnv_fail(ctx, MNV_FAIL_METADATA, "%s is missing, no document and no MyNumberProviderEndpoint %s names it",
                        endpoint->member, endpoint->directive);
    }
    if (url && !is_secure(ctx->pool, url)) {
        return mnv_fail(ctx, MNV_FAIL_METADATA, "%s \"%.255s\" is not an https URL without fragment", endpoint->member, url);
    }
    *endpoint->place = url ? apr_pstrdup(pool, url) : NULL;
    return APR_SUCCESS;
}

apr_status_t mnv_op_metadata_parse(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_provider_options_t *options,
                                   const char *text, apr_size_t length, mnv_op_metadata_t **metadata)
{
    mnv_op_metadata_t *made = apr_pcalloc(pool, sizeof(*made));
    const endpoint_t endpoints[] = {
        {"authorization_endpoint", options->authorization_endpoint, "authorization", &made->authorization_endpoint},
        {"token_endpoint", options->token_endpoint, "token", &made->token_endpoint},
        {"jwks_uri", options->jwks_uri, "jwks", &made->jwks_uri},
        {"userinfo_endpoint", options->userinfo_endpoint, NULL, &made->userinfo_endpoint},
        {"end_session_endpoint", NULL, NULL, &made->end_session_endpoint},
    };
    mnv_json_t *document = NULL;
    apr_status_t status;
    apr_size_t i;

    if (text && mnv_json_parse(ctx->pool, text, length, &document) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_METADATA, "document is not a JSON object");
    }
    status = check_issuer(ctx, options->issuer, document);
    for (i = 0; status == APR_SUCCESS && i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        status = take(ctx, pool, document, &endpoints[i]);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    made->issuer = apr_pstrdup(pool, options->issuer);
    made->iss_in_callback = mnv_json_bool(document, "authorization_response_iss_parameter_supported") == 1;
    *metadata = made;
    return APR_SUCCESS;
}
