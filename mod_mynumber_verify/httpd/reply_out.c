#include "httpd/reply_out.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>
#include "base/base64url.h"
#include "httpd/notify.h"
#include "httpd/process.h"
#include "httpd/record_cache.h"
#include "lib/crypt.h"

/* Nothing on our pages comes from elsewhere, nobody may frame them, and forms lead to us or (after an answer with 303) to the provider. */
#define POLICY_START "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'"
#define POLICY_END "; base-uri 'none'; frame-ancestors 'none'"

static void drop_records(request_rec *r, const mnv_reply_t *reply)
{
    int i;

    for (i = 0; i < reply->forget->nelts; i++) {
        const char *key = APR_ARRAY_IDX(reply->forget, i, const char *);
        unsigned char *digest;
        apr_size_t length;

        if (mnv_base64url_decode(r->pool, key, strlen(key), &digest, &length) == APR_SUCCESS && length == MNV_DIGEST_BYTES) {
            mod_mnv_record_drop(r, digest);
        }
    }
    if (reply->raise_generation) {
        mod_mnv_generation_raise();
    }
}

void mod_mnv_reply_effects(request_rec *r, const mnv_reply_t *reply)
{
    int i;

    drop_records(r, reply);
    for (i = 0; i < reply->cookies->nelts; i++) {
        apr_table_addn(r->err_headers_out, "Set-Cookie", mnv_cookie_print(r->pool, &APR_ARRAY_IDX(reply->cookies, i, mnv_cookie_t)));
    }
}

/* In err_headers_out, where an administrator's "Header set" does not reach by accident; "Header always" does. */
static void send_security_headers(request_rec *r, const mnv_reply_t *reply)
{
    apr_table_t *out = r->err_headers_out;

    apr_table_setn(out, "Content-Security-Policy",
                   reply->form_action ? apr_pstrcat(r->pool, POLICY_START " ", reply->form_action, POLICY_END, NULL) : POLICY_START POLICY_END);
    apr_table_setn(out, "X-Content-Type-Options", "nosniff");
    /* Not no-referrer, because browsers then send "Origin: null" with our own forms (Fetch 3.2.8). */
    apr_table_setn(out, "Referrer-Policy", "same-origin");
    if (reply->cache_sec > 0) {
        apr_table_setn(out, "Cache-Control", apr_psprintf(r->pool, "public, max-age=%d", reply->cache_sec));
    }
    else {
        apr_table_setn(out, "Cache-Control", "no-store");
        r->no_cache = 1;
        /* Pages hold form tokens; compressed next to text that a URL chooses they could be guessed (BREACH). */
        apr_table_setn(r->subprocess_env, "no-gzip", "1");
        apr_table_setn(r->subprocess_env, "no-brotli", "1");
    }
}

static void send_headers(request_rec *r, const mnv_request_t *request, const mnv_reply_t *reply)
{
    send_security_headers(r, reply);
    if (reply->location) {
        apr_table_setn(r->headers_out, "Location", reply->location);
    }
    if (reply->refresh) {
        apr_table_setn(r->headers_out, "Refresh", apr_pstrcat(r->pool, "0;url=", reply->refresh, NULL));
    }
    if (reply->allow) {
        apr_table_setn(r->headers_out, "Allow", reply->allow);
    }
    if (reply->retry_after_sec > 0) {
        apr_table_setn(r->headers_out, "Retry-After", apr_itoa(r->pool, reply->retry_after_sec));
    }
    if (reply->authenticate) {
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", reply->authenticate);
    }
    else if (reply->status == HTTP_UNAUTHORIZED) { /* RFC 9110 11.6.1: a 401 says how; browsers pass over what they do not know */
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "MyNumber");
    }
    if (reply->content_type && (!strncmp(reply->content_type, "text/html", 9) || !strncmp(reply->content_type, "application/json", 16))) {
        apr_table_mergen(r->headers_out, "Vary", "Accept-Language, Cookie");
        apr_table_setn(r->headers_out, "Content-Language", request->language == MNV_LANGUAGE_EN ? "en" : "ja");
    }
}

void mod_mnv_reply_out(request_rec *r, const mnv_request_t *request, const mnv_reply_t *reply)
{
    apr_size_t length = reply->content_type ? reply->length : 0;

    mod_mnv_reply_effects(r, reply);
    if (reply->notification) {
        mod_mnv_notify(r, reply->notification);
    }
    r->status = reply->status;
    r->status_line = NULL;
    send_headers(r, request, reply);
    ap_set_content_type(r, reply->content_type);
    ap_set_content_length(r, (apr_off_t)length);
    if (!r->header_only && length > 0) {
        ap_rwrite(reply->body, (int)length, r);
    }
}
