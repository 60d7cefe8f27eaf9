#include "httpd/request_in.h"

#include <apr_lib.h>
#include <http_protocol.h>
#include <string.h>

#define FORM_TYPE "application/x-www-form-urlencoded"

int mod_mnv_is_navigation(const request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, "Sec-Purpose");

    /* A page fetched ahead of need: nobody may ever look at it, so no flow is begun for it. The browser asks again when somebody does. */
    if (value && strstr(value, "prefetch")) {
        return 0;
    }
    value = apr_table_get(r->headers_in, "X-Requested-With");
    if (value && !ap_cstr_casecmp(value, "XMLHttpRequest")) {
        return 0;
    }
    value = apr_table_get(r->headers_in, "Sec-Fetch-Mode");
    if (value) {
        return !strcmp(value, "navigate");
    }
    /* Browsers without Sec-Fetch-Mode say nothing else of what it is: nobody sees the answer, and a redirect is none (RFC 6455 4.1). */
    value = apr_table_get(r->headers_in, "Upgrade");
    if (value && ap_find_token(r->pool, value, "websocket")) {
        return 0;
    }
    value = apr_table_get(r->headers_in, "Accept");
    return !value || strstr(value, "text/html") || strstr(value, "*/*");
}

mnv_request_t *mod_mnv_request_in(request_rec *r, const char *path, const char *query)
{
    mnv_request_t *request = apr_pcalloc(r->pool, sizeof(*request));

    request->method = r->method;
    request->path = path;
    request->query = query;
    request->cookies = mod_mnv_cookies(mod_mnv_request(r)->visit);
    request->origin = apr_table_get(r->headers_in, "Origin");
    request->fetch_site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    request->accept_language = apr_table_get(r->headers_in, "Accept-Language");
    request->language = mnv_language_choose(r->pool, query, request->accept_language);
    request->is_navigation = mod_mnv_is_navigation(r);
    return request;
}

static int is_form(const request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    apr_size_t length = sizeof(FORM_TYPE) - 1;

    return type && !ap_cstr_casecmpn(type, FORM_TYPE, length) && (!type[length] || type[length] == ';' || apr_isspace(type[length]));
}

/* httpd would read the rest of the body before it answers the next request of the connection. */
static void hang_up_afterwards(request_rec *r)
{
    r->connection->keepalive = AP_CONN_CLOSE;
}

apr_status_t mod_mnv_form_in(mnv_ctx_t *ctx, request_rec *r, mnv_request_t *request)
{
    char *form;
    apr_size_t length = 0;
    long count = 0;

    if (!is_form(r)) {
        hang_up_afterwards(r);
        return mnv_fail(ctx, MNV_FAIL_FORM, "content type is not " FORM_TYPE);
    }
    if (ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK) != OK) {
        hang_up_afterwards(r);
        return mnv_fail(ctx, MNV_FAIL_FORM, "length or transfer coding cannot be understood");
    }
    form = apr_palloc(r->pool, MNV_FORM_LIMIT_BYTES + 1);
    if (ap_should_client_block(r)) { /* 0: no body */
        do { /* one byte more than allowed tells a form that is too large */
            count = ap_get_client_block(r, form + length, MNV_FORM_LIMIT_BYTES + 1 - length);
            length += count > 0 ? (apr_size_t)count : 0;
        } while (count > 0 && length <= MNV_FORM_LIMIT_BYTES);
    }
    if (length > MNV_FORM_LIMIT_BYTES) {
        hang_up_afterwards(r);
        return mnv_fail(ctx, MNV_FAIL_TOO_LARGE, "more than %d bytes", MNV_FORM_LIMIT_BYTES);
    }
    if (count < 0) {
        hang_up_afterwards(r);
        return mnv_fail(ctx, MNV_FAIL_FORM, "the body could not be read to its end");
    }
    form[length] = '\0';
    request->form = form;
    request->form_length = length;
    return APR_SUCCESS;
}
