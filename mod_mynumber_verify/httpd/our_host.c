#include "httpd/our_host.h"

#include <apr_strings.h>
#include <string.h>
#include "base/cookie.h"
#include "base/log.h"
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

/* Cookies of a flow begun under another name of this host would not come back to the callback. A proxy in front that writes another Host would make that an endless
 * redirect: the cookie set with it comes back then, and ends it. @return 1 when the reply is a redirect */
int mod_mnv_go_to_our_host(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, const char *place, mnv_reply_t *reply)
{
    const mnv_site_options_t *site = &mod_mnv_server_config(r->server)->options.site;
    mnv_cookie_t cookie = {0};
    const char *value;
    apr_size_t length;

    if (is_our_host(r, site->base_url) || !place) {
        return 0;
    }
    cookie.name = site->secure ? "__Host-mnv-h" : "mnv-h";
    if (mnv_cookie_find(request->cookies, cookie.name, &value, &length)) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1440) "browsers use the base URL, but another Host header arrives here; the proxy in front should keep it (ProxyPreserveHost)");
        return 0;
    }
    cookie.value = "1";
    cookie.path = "/";
    cookie.secure = site->secure;
    cookie.same_site = "Lax";
    cookie.lifetime = HOST_COOKIE_LIFETIME;
    mnv_reply_cookie(reply, &cookie);
    mnv_reply_redirect(reply, apr_pstrcat(r->pool, site->base_url, place, NULL));
    return 1;
}
