#include "httpd/own_urls.h"

#include <apr_strings.h>
#include <http_request.h>
#include <string.h>
#include "httpd/external.h"
#include "httpd/handoff.h"
#include "httpd/our_host.h"
#include "httpd/reply_out.h"
#include "httpd/request_in.h"
#include "httpd/session_io.h"
#include "out/pages.h"

/* @return the path below MyNumberPath, "/" for MyNumberPath itself; NULL when the URL is not ours */
static const char *below_our_path(const mod_mnv_server_config_t *conf, const char *uri)
{
    const char *path = conf->options.site.path;
    apr_size_t length = conf->path_length;

    /* The second letter tells nearly every URL of others apart, on every request of the server. */
    if (!uri || uri[0] != path[0] || uri[1] != path[1] || strncmp(uri, path, length)) {
        return NULL;
    }
    return uri[length] == '/' ? uri + length : !uri[length] ? "/" : NULL;
}

int mod_mnv_own_translate(request_rec *r)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    const char *path;
    mod_mnv_request_t *request;

    if (!conf->enabled || r->proxyreq) {
        return DECLINED;
    }
    path = below_our_path(conf, r->uri);
    request = mod_mnv_request(r);
    request->own = path; /* again after decoding: what looked like ours before may not be */
    request->visit_of = NULL; /* and whether a token counts depends on it */
    if (!path) {
        return DECLINED;
    }
    /* No file; some modules take for granted that there is a name. With a handler set mod_dir looks for no FallbackResource. */
    r->filename = apr_pstrcat(r->pool, "mynumber:", path, NULL);
    r->handler = "mynumber-verify";
    return OK;
}

int mod_mnv_own_storage(request_rec *r)
{
    return mod_mnv_request(r)->own ? OK : DECLINED;
}

static int is_asset(const char *path)
{
    return !strncmp(path, "/assets/", 8);
}

/* A page opened under another name of this host would set cookies that the callbacks never see. */
static int is_elsewhere(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, mnv_reply_t *reply)
{
    const char *place;

    return request->is_navigation && r->method_number == M_GET && !is_asset(request->path)
           && mnv_url_return(r->pool, r->unparsed_uri, mod_mnv_server_config(r->server)->options.site.base_url, NULL, MNV_RETURN_LIMIT_BYTES, &place) == APR_SUCCESS
           && mod_mnv_go_to_our_host(ctx, r, request, place, reply);
}

static apr_status_t answer(mnv_ctx_t *ctx, request_rec *r, mnv_request_t *request, mnv_reply_t *reply)
{
    const mnv_site_t *site = mod_mnv_site(r->server);
    apr_status_t status = APR_SUCCESS;

    if (!site) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "this process has no site for the host");
    }
    if (r->method_number != M_GET && r->method_number != M_POST) {
        reply->allow = "GET, HEAD, POST";
        return mnv_fail(ctx, MNV_FAIL_METHOD, NULL);
    }
    if (!strcmp(request->path, MOD_MNV_HERE_PATH)) {
        if (r->method_number == M_GET) {
            return mod_mnv_here(ctx, r, request, reply);
        }
        reply->allow = "GET, HEAD";
        return mnv_fail(ctx, MNV_FAIL_METHOD, NULL);
    }
    if (is_elsewhere(ctx, r, request, reply)) {
        return APR_SUCCESS;
    }
    /* The pages that say "come back later" need their stylesheet. */
    if (!is_asset(request->path)) {
        status = mod_mnv_database_ready(ctx, r->server);
    }
    if (status == APR_SUCCESS && r->method_number == M_POST) {
        status = mod_mnv_form_in(ctx, r, request);
    }
    if (status == APR_SUCCESS) {
        mod_mnv_external_own(r, request, reply);
        mnv_flow_handle(ctx, site, request, reply);
    }
    return status;
}

int mod_mnv_own_handler(request_rec *r)
{
    mod_mnv_request_t *own = mod_mnv_request(r);
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    mnv_request_t *request;
    mnv_reply_t *reply;
    mnv_ctx_t *ctx;

    if (!own->own) {
        return mod_mnv_handoff_again(r);
    }
    if (r->main) { /* a page of ours inside another page would set no cookies and hold forms that look like somebody else's */
        return HTTP_NOT_FOUND;
    }
    ctx = mod_mnv_ctx(r);
    request = mod_mnv_request_in(r, own->own, r->args);
    if (!strcmp(own->own, "/backchannel-logout")) { /* providers call it, whatever they accept */
        request->is_navigation = 0;
    }
    reply = mnv_reply_make(r->pool);
    if (answer(ctx, r, request, reply) != APR_SUCCESS) {
        mnv_page_failure(ctx, &conf->options, request, NULL, reply);
    }
    mod_mnv_reply_out(r, request, reply);
    return OK;
}
