#include "lib/http.h"

#include <stdatomic.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <curl/curl.h>
#include "base/log.h"
#include "base/text.h"
#include "base/url.h"

#define MNV_HTTP_OUTBOUND_MAX 1000
#define MNV_HTTP_HEADERS_LIMIT_BYTES 65536
#define MNV_HTTP_BEARER_LIMIT_BYTES 16384
#define MNV_HTTP_FIRST_BYTES 4096

/* One per process. Handles are reused, and with them connections, TLS sessions and name look-ups. */
typedef struct {
    mnv_http_t http;
    apr_interval_time_t connect_timeout, total_timeout;
    int max_outbound;
    atomic_int busy;            /* calls under way */
    apr_thread_mutex_t *mutex;  /* for the two below */
    CURL **idle;                /* max_outbound places; the last used is the first taken: its connection is the freshest */
    int idle_count;
} client_t;

/* One call: what curl's callbacks write to. */
typedef struct {
    apr_pool_t *pool;
    char *body;
    apr_size_t length, size, limit;
    apr_size_t header_bytes;
    const char *date;
    int is_too_large;
} call_t;

static size_t write_body(char *data, size_t one, size_t count, void *baton)
{
    call_t *call = baton;
    (void)one;
    if (count > call->limit - call->length) {
        call->is_too_large = 1;
        return 0;
    }
    if (call->length + count + 1 > call->size) {
        apr_size_t size = call->size;
        while (size < call->length + count + 1) {
            size *= 2;
        }
        char *body = apr_palloc(call->pool, size);
        memcpy(body, call->body, call->length);
        call->body = body;
        call->size = size;
    }
    memcpy(call->body + call->length, data, count);
    call->length += count;
    return count;
}

static size_t read_header(char *data, size_t one, size_t count, void *baton)
{
    call_t *call = baton;
    (void)one;
    /* curl itself takes headers without end */
    call->header_bytes += count;
    if (call->header_bytes > MNV_HTTP_HEADERS_LIMIT_BYTES) {
        call->is_too_large = 1;
        return 0;
    }
    if (count > 5 && strncasecmp(data, "date:", 5) == 0) {
        const char *start = data + 5, *end = data + count;
        while (start < end && apr_isspace(*start)) {
            start++;
        }
        while (end > start && apr_isspace(end[-1])) {
            end--;
        }
        call->date = apr_pstrmemdup(call->pool, start, (apr_size_t)(end - start));
    }
    return count;
}

/* A handle, when one more call is allowed. Nobody waits here: a queue in front of a slow provider would hold every worker.
 * @return NULL when too many calls are under way (*is_busy) or there is no memory */
static CURL *acquire(client_t *client, int *is_busy)
{
    CURL *handle = NULL;
    *is_busy = atomic_fetch_add(&client->busy, 1) >= client->max_outbound;
    if (!*is_busy) {
        apr_thread_mutex_lock(client->mutex);
        if (client->idle_count > 0) {
            handle = client->idle[--client->idle_count];
        }
        apr_thread_mutex_unlock(client->mutex);
        handle = handle != NULL ? handle : curl_easy_init();
    }
    if (handle == NULL) {
        atomic_fetch_sub(&client->busy, 1);
    }
    return handle;
}

static void release(client_t *client, CURL *handle)
{
    apr_thread_mutex_lock(client->mutex);
    client->idle[client->idle_count++] = handle;
    apr_thread_mutex_unlock(client->mutex);
    atomic_fetch_sub(&client->busy, 1);
}

/* What holds for every call. @return CURLE_OK, or the first option that this libcurl refused: then nothing is sent */
static CURLcode set_rules(const client_t *client, CURL *handle, int is_https)
{
    CURLcode code = CURLE_OK;
#define SET(option, value) \
    if (code == CURLE_OK) { \
        code = curl_easy_setopt(handle, option, value); \
    }
    /* code, code_verifier and client_assertion go to the configured host and to no other */
    SET(CURLOPT_FOLLOWLOCATION, 0L)
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, is_https ? "https" : "http")
#else
    SET(CURLOPT_PROTOCOLS, is_https ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP)
#endif
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)
    SET(CURLOPT_PROXY, "") /* else http_proxy and its kin in httpd's environment decide */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)
    SET(CURLOPT_NOSIGNAL, 1L)
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)apr_time_as_msec(client->connect_timeout))
    SET(CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(client->total_timeout))
    SET(CURLOPT_SSL_VERIFYPEER, 1L)
    SET(CURLOPT_SSL_VERIFYHOST, 2L)
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
    /* HTTP/1.1: one call at a time and handle has no use for more; HTTP/2 would only add code that strangers can reach */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L) /* never asked for, so never unpacked: no compression bombs */
    SET(CURLOPT_USERAGENT, "mod_mynumber_verify")
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC)
#undef SET
    return code;
}

/* curl asks at least once a second. */
static int is_given_up(void *baton, curl_off_t all, curl_off_t done, curl_off_t to_send, curl_off_t sent)
{
    const volatile apr_uint32_t *stop = baton;
    (void)all;
    (void)done;
    (void)to_send;
    (void)sent;
    return *stop != 0;
}

/* The text outlives the call. */
static struct curl_blob blob_of(const char *text)
{
    struct curl_blob blob = { .data = (void *)text, .len = strlen(text), .flags = CURL_BLOB_NOCOPY };
    return blob;
}

static CURLcode set_client_certificate(CURL *handle, const mnv_http_request_t *request)
{
    struct curl_blob certificate = blob_of(request->client_certificate), key = blob_of(request->client_key);
    CURLcode code = curl_easy_setopt(handle, CURLOPT_SSLCERT_BLOB, &certificate);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_SSLKEY_BLOB, &key) : code;
}

static CURLcode set_request(CURL *handle, const mnv_http_request_t *request, struct curl_slist *headers, call_t *call, char *problem)
{
    CURLcode code = CURLE_OK;
#define SET(option, value) \
    if (code == CURLE_OK) { \
        code = curl_easy_setopt(handle, option, value); \
    }
    SET(CURLOPT_URL, request->url)
    SET(CURLOPT_HTTPHEADER, headers)
    SET(CURLOPT_ERRORBUFFER, problem)
    SET(CURLOPT_WRITEFUNCTION, write_body)
    SET(CURLOPT_WRITEDATA, call)
    SET(CURLOPT_HEADERFUNCTION, read_header)
    SET(CURLOPT_HEADERDATA, call)
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->limit_bytes)
    if (request->total > 0) {
        SET(CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(request->total))
    }
    if (request->stop != NULL) {
        SET(CURLOPT_XFERINFOFUNCTION, is_given_up)
        SET(CURLOPT_XFERINFODATA, (void *)request->stop)
        SET(CURLOPT_NOPROGRESS, 0L)
    }
    if (request->form != NULL) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->form))
        SET(CURLOPT_POSTFIELDS, request->form)
    }
    if (request->basic != NULL) {
        SET(CURLOPT_USERPWD, request->basic)
    }
    if (request->ca_file != NULL) {
        SET(CURLOPT_CAINFO, request->ca_file)
        SET(CURLOPT_CAPATH, NULL) /* else the system's CAs would be trusted besides */
    }
#undef SET
    if (code == CURLE_OK && request->client_certificate != NULL) {
        code = set_client_certificate(handle, request);
    }
    return code;
}

/* @return 0 when there is no memory */
static int add_header(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    *headers = longer != NULL ? longer : *headers;
    return longer != NULL;
}

static int make_headers(apr_pool_t *pool, const mnv_http_request_t *request, struct curl_slist **headers)
{
    return add_header(headers, apr_pstrcat(pool, "Accept: ", request->accept != NULL ? request->accept : "*/*", NULL))
           && (request->bearer == NULL || add_header(headers, apr_pstrcat(pool, "Authorization: Bearer ", request->bearer, NULL)));
}

static mnv_failure_e failure_of(CURLcode code, const call_t *call)
{
    if (call->is_too_large) {
        return MNV_FAIL_PROVIDER_SIZE;
    }
    switch (code) {
    case CURLE_FILESIZE_EXCEEDED:
        return MNV_FAIL_PROVIDER_SIZE;
    case CURLE_OPERATION_TIMEDOUT:
        return MNV_FAIL_PROVIDER_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
        return MNV_FAIL_PROVIDER_TLS;
    default:
        return MNV_FAIL_PROVIDER_UNREACHABLE;
    }
}

/* "application/json; charset=utf-8" → "application/json" */
static const char *media_type(apr_pool_t *pool, const char *type)
{
    if (type == NULL) {
        return "";
    }
    char *media = apr_pstrmemdup(pool, type, strcspn(type, "; \t"));
    for (char *c = media; *c != '\0'; c++) {
        *c = (char)apr_tolower(*c);
    }
    return media;
}

static apr_status_t perform(client_t *client, CURL *handle, mnv_ctx_t *ctx, const mnv_http_request_t *request, const mnv_url_t *url,
                            mnv_http_response_t **response)
{
    struct curl_slist *headers = NULL;
    char problem[CURL_ERROR_SIZE] = "", *type = NULL;
    long http_status = 0;
    call_t call = { .pool = ctx->pool, .size = MNV_HTTP_FIRST_BYTES, .limit = request->limit_bytes };
    call.body = apr_palloc(ctx->pool, call.size);
    CURLcode code = make_headers(ctx->pool, request, &headers) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK) {
        code = set_rules(client, handle, strcmp(url->scheme, "https") == 0);
    }
    if (code == CURLE_OK) {
        code = set_request(handle, request, headers, &call, problem);
    }
    if (code == CURLE_OK) {
        code = curl_easy_perform(handle);
    }
    if (code == CURLE_OK) {
        (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &http_status);
        (void)curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
    }
    const char *content_type = media_type(ctx->pool, type);
    /* forgets all options, which point into this call, and keeps the connections */
    curl_easy_reset(handle);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        mnv_failure_e what = failure_of(code, &call);
        /* curl's longer text only about certificates: elsewhere it may quote what the other side sent */
        return mnv_fail(ctx, what, "%s: %s", url->origin, what == MNV_FAIL_PROVIDER_TLS && problem[0] != '\0' ? problem : curl_easy_strerror(code));
    }
    if (http_status < 200 || http_status > 599) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_UNREACHABLE, "%s: status %ld", url->origin, http_status);
    }
    call.body[call.length] = '\0';
    mnv_http_response_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    made->status = (int)http_status;
    made->content_type = content_type;
    made->body = call.body;
    made->length = call.length;
    made->date = call.date;
    *response = made;
    return APR_SUCCESS;
}

static apr_status_t send_request(void *baton, mnv_ctx_t *ctx, const mnv_http_request_t *request, mnv_http_response_t **response)
{
    client_t *client = baton;
    mnv_url_t *url;
    int is_busy;
    if (mnv_url_parse(ctx->pool, request->url, &url) != APR_SUCCESS || (strcmp(url->scheme, "https") != 0 && !mnv_url_is_loopback(url))) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_UNREACHABLE, "its URL is no https: URL");
    }
    if (request->bearer != NULL && !mnv_text_is_token(request->bearer, MNV_HTTP_BEARER_LIMIT_BYTES)) {
        return mnv_fail(ctx, MNV_FAIL_PROVIDER_CONTENT, "%s gave an access token that does not fit a header", url->origin);
    }
    CURL *handle = acquire(client, &is_busy);
    if (handle == NULL) {
        return is_busy ? mnv_fail(ctx, MNV_FAIL_OUTBOUND_BUSY, "%s, limit %d", url->origin, client->max_outbound)
                       : mnv_fail(ctx, MNV_FAIL_PROVIDER_UNREACHABLE, "no memory for a connection");
    }
    apr_time_t start = mnv_now(ctx);
    apr_status_t status = perform(client, handle, ctx, request, url, response);
    release(client, handle);
    if (status == APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_DEBUG, MNVLOGNO(1010) "called %s%s: status %d, %lu bytes, %ld ms", url->origin, url->path, (*response)->status,
                (unsigned long)(*response)->length, (long)apr_time_as_msec(mnv_now(ctx) - start));
    }
    return status;
}

static apr_status_t close_handles(void *data)
{
    client_t *client = data;
    while (client->idle_count > 0) {
        curl_easy_cleanup(client->idle[--client->idle_count]);
    }
    return APR_SUCCESS;
}

apr_status_t mnv_http_curl_make(apr_pool_t *pool, apr_interval_time_t connect_timeout, apr_interval_time_t total_timeout, int max_outbound,
                                mnv_http_t **http)
{
    client_t *client = apr_pcalloc(pool, sizeof(*client));
    /* 0 would mean "no limit" to curl */
    if (max_outbound < 1 || max_outbound > MNV_HTTP_OUTBOUND_MAX || apr_time_as_msec(connect_timeout) < 1 || apr_time_as_msec(total_timeout) < 1) {
        return APR_EINVAL;
    }
    /* Counted by curl; never undone, because other modules of this process (mod_md) use it too and it is not safe beside threads. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return APR_EGENERAL;
    }
    apr_status_t status = apr_thread_mutex_create(&client->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    client->connect_timeout = connect_timeout;
    client->total_timeout = total_timeout;
    client->max_outbound = max_outbound;
    client->idle = apr_pcalloc(pool, (apr_size_t)max_outbound * sizeof(CURL *));
    client->http.baton = client;
    client->http.send = send_request;
    atomic_init(&client->busy, 0);
    apr_pool_cleanup_register(pool, client, close_handles, apr_pool_cleanup_null);
    *http = &client->http;
    return APR_SUCCESS;
}
