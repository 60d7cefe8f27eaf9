#include "httpd/our_host.h"

#include <apr_strings.h>
#include <string.h>
#include "base/cookie.h"
#include "base/log.h"
#include "base/url.h"
#include "httpd/server_config.h"

/* Long enough for one redirect. */
#define HOST_COOKIE_LIFETIME apr_time_from_sec(30)

/* A name without its port and brackets. */
static apr_size_t name_of(const char *host, const char **name)
{
    *name = *host == '[' ? host + 1 : host;
    return strcspn(*name, *host == '[' ? "]" : ":/,");
}

/* Is the name that the browser used the base URL's? Where a proxy in front writes another Host, it may tell the browser's: a hint that only ever spares a redirect. */
static int is_our_host(const request_rec *r, const char *base_url)
{
    const char *host = strstr(base_url, "://"), *forwarded = apr_table_get(r->headers_in, "X-Forwarded-Host"), *ours, *told;
    apr_size_t length;

    if (!host || !r->hostname) {
        return 1;
    }
    length = name_of(host + 3, &ours);
    if (forwarded && name_of(forwarded, &told) == length && !ap_cstr_casecmpn(told, ours, length)) {
        return 1;
    }
    return strlen(r->hostname) == length && !ap_cstr_casecmpn(r->hostname, ours, length);
}

/* Our cookie, under our name: which Host header arrives is the proxy's affair, but that this comes back means that the browser is where its cookies are. */
static const char *cookie_name(const mnv_site_options_t *site)
{
    return site->secure ? "__Host-mnv-h" : "mnv-h";
}

static int has_come_back(const mnv_request_t *request, const mnv_site_options_t *site)
{
    const char *value;
    apr_size_t length;

    return mnv_cookie_find(request->cookies, cookie_name(site), &value, &length) != 0;
}

static void send_cookie(const mnv_site_options_t *site, mnv_reply_t *reply)
{
    mnv_cookie_t cookie = {0};

    cookie.name = cookie_name(site);
    cookie.value = "1";
    cookie.path = "/";
    cookie.secure = site->secure;
    cookie.same_site = "Lax";
    cookie.lifetime = HOST_COOKIE_LIFETIME;
    mnv_reply_cookie(reply, &cookie);
}

static char *here_url(apr_pool_t *pool, const mnv_site_options_t *site, const char *place)
{
    return mnv_url_add(pool, apr_pstrcat(pool, site->base_url, site->path, MOD_MNV_HERE_PATH, NULL), "return", place);
}

/* Cookies of a flow begun under another name of this host would not come back to the callback. Not straight to the place: where a proxy in front writes another Host, that
 * would look like the first visit again, endlessly. */
int mod_mnv_go_to_our_host(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, const char *place, mnv_reply_t *reply)
{
    const mnv_site_options_t *site = &mod_mnv_server_config(r->server)->options.site;

    if (is_our_host(r, site->base_url) || !place) {
        return 0;
    }
    if (has_come_back(request, site)) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1440) "browsers use the base URL, but another Host header arrives here; the proxy in front should keep it (ProxyPreserveHost)");
        return 0;
    }
    mnv_reply_redirect(reply, here_url(r->pool, site, place));
    return 1;
}

/* Path and query of ours to go on to. Nested in each other, "/here" would be a redirect each. */
static apr_status_t find_place(mnv_ctx_t *ctx, const mnv_site_options_t *site, const mnv_params_t *query, const char **place)
{
    const apr_size_t length = strlen(site->path);
    const char *given = NULL;

    if (mnv_params_one(query, "return", &given) != APR_SUCCESS || !given
        || mnv_url_return(ctx->pool, given, site->base_url, NULL, MNV_RETURN_LIMIT_BYTES, place) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_RETURN_REFUSED, NULL);
    }
    if (!strncmp(*place, site->path, length) && !strncmp(*place + length, MOD_MNV_HERE_PATH, strlen(MOD_MNV_HERE_PATH))) {
        return mnv_fail(ctx, MNV_FAIL_RETURN_REFUSED, "it is \"" MOD_MNV_HERE_PATH "\" itself");
    }
    return APR_SUCCESS;
}

apr_status_t mod_mnv_here(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, mnv_reply_t *reply)
{
    const mnv_site_options_t *site = &mod_mnv_server_config(r->server)->options.site;
    const char *place, *again = NULL;
    mnv_params_t *query;
    apr_status_t status;

    if (mnv_params_parse(r->pool, request->query, request->query ? strlen(request->query) : 0, 16, &query) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_RETURN_REFUSED, NULL);
    }
    status = find_place(ctx, site, query, &place);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (has_come_back(request, site)) {
        mnv_reply_redirect(reply, apr_pstrcat(r->pool, site->base_url, place, NULL));
        return APR_SUCCESS;
    }
    if (mnv_params_one(query, "again", &again) != APR_SUCCESS || again) {
        return mnv_fail(ctx, MNV_FAIL_COOKIES_OFF, is_our_host(r, site->base_url) ? NULL : "another Host header than the base URL's arrives here: the proxy in front should keep it "
                                                                                       "(ProxyPreserveHost), then nothing depends on this cookie");
    }
    send_cookie(site, reply);
    mnv_reply_redirect(reply, mnv_url_add(r->pool, here_url(r->pool, site, place), "again", "1"));
    return APR_SUCCESS;
}
