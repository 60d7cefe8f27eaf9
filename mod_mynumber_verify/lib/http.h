/* Outbound HTTP. A mnv_http_t is a port: http_curl.c is the real one, tests bring their own. Rules of the real one:
 * https only (http on loopback), TLS verified, no redirects followed, no proxies or cookies or netrc, connect and total limits, size limit, at most so many
 * calls at once per process, handles reused. Bodies and credentials never reach the log. */
#ifndef MNV_LIB_HTTP_H
#define MNV_LIB_HTTP_H

#include "base/mnv.h"

typedef struct mnv_http_t mnv_http_t;

typedef struct mnv_http_request_t {
    const char *url;
    const char *form;         /* urlencoded body: POST; NULL: GET */
    const char *accept;       /* "application/json" */
    const char *bearer;       /* access token for the Authorization header, NULL: none */
    const char *basic;        /* "user:password", both urlencoded already (RFC 6749 2.3.1); NULL: none */
    const char *ca_file;      /* PEM file of the CAs to trust instead of the system's, NULL: the system's */
    const char *client_certificate, *client_key; /* PEM texts, for a server that asks for a certificate; NULL: none */
    apr_size_t limit_bytes;   /* larger bodies fail with PROVIDER_SIZE */
    apr_interval_time_t total; /* how long all of it may take, 0: the client's limit */
    const volatile apr_uint32_t *stop; /* given up once it is not 0; NULL: never */
} mnv_http_request_t;

typedef struct mnv_http_response_t {
    int status;               /* 100-599 */
    const char *content_type; /* media type in lower case without parameters, "" when there is none */
    const char *body;         /* NUL-terminated behind length bytes */
    apr_size_t length;
    const char *date;         /* the Date header as sent, NULL: none */
} mnv_http_response_t;

struct mnv_http_t {
    void *baton;
    /** Send and wait. Any HTTP status is a success here; the caller judges it.
     * @return APR_SUCCESS, or a told failure: PROVIDER_UNREACHABLE, PROVIDER_TIMEOUT, PROVIDER_TLS, PROVIDER_SIZE, PROVIDER_CONTENT (a bearer
     * token that fits no header), OUTBOUND_BUSY. Pool: ctx->pool. */
    apr_status_t (*send)(void *baton, mnv_ctx_t *ctx, const mnv_http_request_t *request, mnv_http_response_t **response);
};

/** The real client. Call once per process after fork. The process must ignore SIGPIPE (httpd does): CURLOPT_NOSIGNAL leaves it alone.
 * Thread: the client is shared by all threads.
 * @param max_outbound calls at once, 1 to 1000. Limits below a millisecond, which curl would take for none: APR_EINVAL. Pool: handles are closed with pool. */
apr_status_t mnv_http_curl_make(apr_pool_t *pool, apr_interval_time_t connect_timeout, apr_interval_time_t total_timeout, int max_outbound, mnv_http_t **http);

/** Is it a JSON media type: "application/json", or "application/…+json" (RFC 6839)?
 * @param type in lower case, without parameters, as in a response */
int mnv_http_is_json(const char *type);

/** Send and demand status 200 with a JSON media type and give the parsed object.
 * @return APR_SUCCESS or a told failure (send's, PROVIDER_STATUS, PROVIDER_CONTENT). Pool: ctx->pool. */
struct mnv_json_t;
apr_status_t mnv_http_json(mnv_http_t *http, mnv_ctx_t *ctx, const mnv_http_request_t *request, struct mnv_json_t **object);

#endif
