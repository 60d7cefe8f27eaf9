#include "flow/flow.h"

#include <string.h>
#include "flow/steps.h"
#include "out/pages.h"

#define GET 1
#define HEAD 2
#define POST 4

/* In the order of design section 3. A path that ends in "/" and is longer than that takes everything below it. */
static const struct endpoint_t {
    const char *path;
    int methods;
    mnv_step_t *step;
} endpoints[] = {
    {"/", GET | HEAD, mnv_step_service},
    {"/verify", GET, mnv_step_verify},
    {"/verify/callback", GET, mnv_step_verify_callback},
    {"/signin", GET, mnv_step_signin},
    {"/signin/callback", GET, mnv_step_signin_callback},
    {"/signin/discovery", GET, mnv_step_signin_discovery},
    {"/saml/acs", POST, mnv_step_saml_acs},
    {"/saml/metadata", GET | HEAD, mnv_step_saml_metadata},
    {"/saml/slo", GET | POST, mnv_step_saml_slo},
    {"/link", POST, mnv_step_link},
    {"/unlink", POST, mnv_step_unlink},
    {"/logout", POST, mnv_step_logout},
    {"/logout/done", GET | HEAD, mnv_step_logout_done},
    {"/backchannel-logout", POST, mnv_step_backchannel_logout},
    {"/info", GET | HEAD, mnv_step_info},
    {"/jwks.json", GET | HEAD, mnv_step_jwks},
    {"/assets/", GET | HEAD, mnv_step_asset},
};

static const struct endpoint_t *find(const char *path)
{
    apr_size_t i;

    for (i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        apr_size_t length = strlen(endpoints[i].path);

        if (!strcmp(path, endpoints[i].path)
            || (length > 1 && endpoints[i].path[length - 1] == '/' && !strncmp(path, endpoints[i].path, length))) {
            return &endpoints[i];
        }
    }
    return NULL;
}

apr_size_t mnv_flow_form_limit(const char *path)
{
    return !strncmp(path, "/saml/", 6) ? MNV_SAML_FORM_LIMIT_BYTES : MNV_FORM_LIMIT_BYTES;
}

static int method_bit(const char *method)
{
    return !strcmp(method, "GET") ? GET : !strcmp(method, "HEAD") ? HEAD : !strcmp(method, "POST") ? POST : 0;
}

static const char *allowed(int methods)
{
    return methods == POST ? "POST" : methods == GET ? "GET" : methods == (GET | POST) ? "GET, POST" : "GET, HEAD";
}

void mnv_flow_handle(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    const struct endpoint_t *endpoint = find(request->path);
    apr_status_t status;

    if (!endpoint) {
        status = mnv_fail(ctx, MNV_FAIL_NOT_FOUND, NULL);
    }
    else if (!(method_bit(request->method) & endpoint->methods)) {
        reply->allow = allowed(endpoint->methods);
        status = mnv_fail(ctx, MNV_FAIL_METHOD, "\"%s\" allows %s", endpoint->path, reply->allow);
    }
    else {
        status = endpoint->step(ctx, site, request, reply);
    }
    if (status != APR_SUCCESS) {
        mnv_page_failure(ctx, site->options, request, NULL, reply);
    }
}
