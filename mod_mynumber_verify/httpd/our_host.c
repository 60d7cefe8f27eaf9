#include "httpd/our_host.h"

#include <apr_strings.h>
#include <string.h>
#include "base/cookie.h"
#include "base/log.h"
#include "base/url.h"
#include "httpd/server_config.h"

/* Long enough for one redirect. */
#define HOST_COOKIE_LIFETIME apr_time_from_sec(30)

/* Is the name that the request was sent to (r->hostname: no port, no brackets) the base URL's? */
static int is_our_host(const request_rec *r, const char *base_url)
{
    const char *host = strstr(base_url, "://");
    apr_size_t length;

    if (!host || !r->hostname) {
        return 1;
    }
    host += 3;
    if (*host == '[') {
        host++;
        length = strcspn(host, "]");
    }
    else {
        length = strcspn(host, ":/");
    }
    return strlen(r->hostname) == length && !ap_cstr_casecmpn(r->hostname, host, length);
}

/* Set under the other name. Where a proxy in front writes another Host it comes back under ours, and says so. */
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

/* Cookies of a flow begun under another name of this host would not come back to the callback. Not straight to the place: there a proxy that writes another Host, before a
 * browser without cookies, would look like the first visit again, endlessly. */
int mod_mnv_go_to_our_host(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, const char *place, mnv_reply_t *reply)
{
    const mnv_site_options_t *site = &mod_mnv_server_config(r->server)->options.site;
    mnv_cookie_t cookie = {0};

    if (is_our_host(r, site->base_url) || !place) {
        return 0;
    }
    if (has_come_back(request, site)) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1440) "browsers use the base URL, but another Host header arrives here; the proxy in front should keep it (ProxyPreserveHost)");
        return 0;
    }
    cookie.name = cookie_name(site);
    cookie.value = "1";
    cookie.path = "/";
    cookie.secure = site->secure;
    cookie.same_site = "Lax";
    cookie.lifetime = HOST_COOKIE_LIFETIME;
    mnv_reply_cookie(reply, &cookie);
    mnv_reply_redirect(reply, mnv_url_add(r->pool, apr_pstrcat(r->pool, site->base_url, site->path, MOD_MNV_HERE_PATH, NULL), "return", place));
    return 1;
}

static int is_here(const mnv_site_options_t *site, const char *place)
{
    apr_size_t length = strlen(site->path);

    return !strncmp(place, site->path, length) && !strncmp(place + length, MOD_MNV_HERE_PATH, strlen(MOD_MNV_HERE_PATH));
}

apr_status_t mod_mnv_here(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, mnv_reply_t *reply)
{
    const mnv_options_t *options = &mod_mnv_server_config(r->server)->options;
    const char *place = NULL;
    mnv_params_t *query;

    if (mnv_params_parse(r->pool, request->query, request->query ? strlen(request->query) : 0, 16, &query) != APR_SUCCESS
        || mnv_params_one(query, "return", &place) != APR_SUCCESS || !place
        || mnv_url_return(r->pool, place, options->site.base_url, NULL, MNV_RETURN_LIMIT_BYTES, &place) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_RETURN_REFUSED, NULL);
    }
    if (is_here(&options->site, place)) { /* nested, they would be a redirect each */
        return mnv_fail(ctx, MNV_FAIL_RETURN_REFUSED, "it is \"" MOD_MNV_HERE_PATH "\" itself");
    }
    if (!is_our_host(r, options->site.base_url) && !has_come_back(request, &options->site)) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_UNKNOWN, "no cookie comes back, and another Host header than the base URL's arrives here");
    }
    mnv_reply_redirect(reply, apr_pstrcat(r->pool, options->site.base_url, place, NULL));
    return APR_SUCCESS;
}
