/* A provider at the other end of the mnv_http_t port: answers by URL, and remembers what it was asked. */
#ifndef T_UNIT_HTTP_FAKE_H
#define T_UNIT_HTTP_FAKE_H

#include <apr_hash.h>
#include "unit.h"
#include "lib/http.h"

typedef struct http_fake_t {
    mnv_http_t port; /* hand &fake->port to what is tested */
    apr_pool_t *pool;
    apr_hash_t *answers;                            /* url -> mnv_http_response_t, or failures */
    apr_hash_t *failures;                           /* url -> mnv_failure_e * */
    apr_array_header_t *requests;                   /* mnv_http_request_t, their texts copied */
    void (*meanwhile)(void *baton, mnv_ctx_t *ctx); /* called inside every call, as if another thread came along; may be NULL */
    void *meanwhile_baton;
} http_fake_t;

UNIT_MAYBE_UNUSED apr_status_t http_fake_send(void *baton, mnv_ctx_t *ctx, const mnv_http_request_t *request, mnv_http_response_t **response)
{
    http_fake_t *fake = baton;
    mnv_http_request_t copy = *request;
    copy.url = apr_pstrdup(fake->pool, request->url);
    copy.form = apr_pstrdup(fake->pool, request->form);
    copy.bearer = apr_pstrdup(fake->pool, request->bearer);
    copy.basic = apr_pstrdup(fake->pool, request->basic);
    APR_ARRAY_PUSH(fake->requests, mnv_http_request_t) = copy;
    if (fake->meanwhile) {
        fake->meanwhile(fake->meanwhile_baton, ctx);
    }
    mnv_failure_e *failure = apr_hash_get(fake->failures, request->url, APR_HASH_KEY_STRING);
    if (failure) {
        return mnv_fail(ctx, *failure, "fake");
    }
    *response = apr_hash_get(fake->answers, request->url, APR_HASH_KEY_STRING);
    return *response ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_PROVIDER_UNREACHABLE, "fake knows no \"%s\"", request->url);
}

UNIT_MAYBE_UNUSED http_fake_t *http_fake_make(apr_pool_t *pool)
{
    http_fake_t *fake = apr_pcalloc(pool, sizeof(*fake));
    fake->port.baton = fake;
    fake->port.send = http_fake_send;
    fake->pool = pool;
    fake->answers = apr_hash_make(pool);
    fake->failures = apr_hash_make(pool);
    fake->requests = apr_array_make(pool, 4, sizeof(mnv_http_request_t));
    return fake;
}

/** From now on url is answered so. */
UNIT_MAYBE_UNUSED void http_fake_answer(http_fake_t *fake, const char *url, int status, const char *content_type, const char *body)
{
    mnv_http_response_t *response = apr_pcalloc(fake->pool, sizeof(*response));
    response->status = status;
    response->content_type = content_type;
    response->body = body;
    response->length = strlen(body);
    apr_hash_set(fake->answers, url, APR_HASH_KEY_STRING, response);
    apr_hash_set(fake->failures, url, APR_HASH_KEY_STRING, NULL);
}

/** From now on a call to url fails so. */
UNIT_MAYBE_UNUSED void http_fake_fail(http_fake_t *fake, const char *url, mnv_failure_e what)
{
    mnv_failure_e *failure = apr_palloc(fake->pool, sizeof(*failure));
    *failure = what;
    apr_hash_set(fake->failures, url, APR_HASH_KEY_STRING, failure);
}

/** The last request; NULL when there was none. */
UNIT_MAYBE_UNUSED const mnv_http_request_t *http_fake_last(const http_fake_t *fake)
{
    return fake->requests->nelts ? &APR_ARRAY_IDX(fake->requests, fake->requests->nelts - 1, mnv_http_request_t) : NULL;
}

/** How often a URL was asked for. */
UNIT_MAYBE_UNUSED int http_fake_count(const http_fake_t *fake, const char *url)
{
    int count = 0;
    for (int i = 0; i < fake->requests->nelts; i++) {
        count += !strcmp(APR_ARRAY_IDX(fake->requests, i, mnv_http_request_t).url, url);
    }
    return count;
}

#endif
