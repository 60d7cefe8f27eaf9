#include "httpd/our_host.h"

#include <apr_strings.h>
#include <string.h>
#include "base/cookie.h"
#include "base/log.h"
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
