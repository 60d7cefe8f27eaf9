/* lib/http_curl.c, lib/http.c, against the server of http_server.h; nobody sleeps. */
#include "http_server.h"
#include "lib/http.h"
#include "lib/json.h"

/* --- calls ---------------------------------------------------------------------------- */

static const char *url_of(unit_t *unit, const char *path)
{
    return apr_psprintf(unit->pool, "http://127.0.0.1:%d%s", plain_server.port, path);
}

static mnv_http_t *client(unit_t *unit, int max_outbound)
{
    mnv_http_t *http = NULL;
    assert_int_equal(mnv_http_curl_make(unit->pool, apr_time_from_sec(5), apr_time_from_sec(5), max_outbound, &http), APR_SUCCESS);
    return http;
}

static apr_status_t call(unit_t *unit, mnv_http_t *http, const char *path, mnv_http_response_t **response)
{
    mnv_http_request_t request = { .url = path[0] == '/' ? url_of(unit, path) : path, .accept = "application/json", .limit_bytes = 10000 };
    *response = NULL;
    return http->send(http->baton, unit->ctx, &request, response);
}

static void redirects_are_not_followed(void **state)
{
    unit_t *unit = *state;
    mnv_http_response_t *response;
    int before = atomic_load(&plain_server.requests);
    mnv_http_request_t request = { .url = url_of(unit, "/redirect"), .form = "code=secret", .limit_bytes = 100 };
    mnv_http_t *http = client(unit, 1);
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_SUCCESS);
    assert_int_equal(response->status, 307);
    assert_int_equal(atomic_load(&plain_server.requests), before + 1);
}

static void silent_servers_are_left(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = NULL;
    mnv_http_response_t *response;
    assert_int_equal(mnv_http_curl_make(unit->pool, apr_time_from_msec(100), apr_time_from_msec(150), 1, &http), APR_SUCCESS);
    apr_time_t started = apr_time_now();
    assert_int_equal(call(unit, http, "/silent", &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_TIMEOUT);
    assert_int_equal(call(unit, http, "/drip", &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_TIMEOUT);
    assert_null(response);
    assert_true(apr_time_now() - started < apr_time_from_sec(4));
}

static void limits_cannot_be_switched_off(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = NULL;
    assert_int_equal(mnv_http_curl_make(unit->pool, 0, apr_time_from_sec(1), 1, &http), APR_EINVAL);
    assert_int_equal(mnv_http_curl_make(unit->pool, apr_time_from_sec(1), 999, 1, &http), APR_EINVAL);
    assert_int_equal(mnv_http_curl_make(unit->pool, apr_time_from_sec(1), apr_time_from_sec(1), 0, &http), APR_EINVAL);
    assert_int_equal(mnv_http_curl_make(unit->pool, apr_time_from_sec(1), apr_time_from_sec(1), 1001, &http), APR_EINVAL);
    assert_null(http);
}

static void large_answers_are_refused(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    static const char *const paths[] = { "/large", "/endless", "/headers" };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(unit, http, paths[i], &response), APR_EGENERAL);
        assert_told(unit, PROVIDER_SIZE);
    }
    mnv_http_request_t request = { .url = url_of(unit, "/large"), .limit_bytes = 100000 };
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_SUCCESS);
    assert_int_equal(response->length, 100000);
    assert_int_equal(strlen(response->body), 100000);
    request.limit_bytes = 99999;
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_SIZE);
    request.limit_bytes = 0;
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_SIZE);
}

static void half_answers_are_refused(void **state)
{
    unit_t *unit = *state;
    mnv_http_response_t *response;
    mnv_http_t *http = client(unit, 1);
    assert_int_equal(call(unit, http, "/cut", &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_UNREACHABLE);
    assert_int_equal(call(unit, http, "/09", &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_UNREACHABLE);
    assert_int_equal(unit_logged(unit, "hello"), 0);
}

static void compression_is_neither_asked_for_nor_undone(void **state)
{
    unit_t *unit = *state;
    mnv_http_response_t *response;
    assert_int_equal(call(unit, client(unit, 1), "/gzip", &response), APR_SUCCESS);
    assert_int_equal(response->length, 13);
    assert_memory_equal(response->body, "\x1f\x8b\x08not really", 13);
    assert_null(strcasestr(plain_server.last, "accept-encoding"));
}

static void nothing_goes_to_other_schemes_or_in_the_clear(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    static const char *const urls[] = { "http://example.org/", "http://10.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "https://user:pw@127.0.0.1/",
                                        "http://localhost.example.org/", "http://127.0.0.1:1@example.org/", "" };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        mnv_http_request_t request = { .url = urls[i], .limit_bytes = 10 };
        assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_EGENERAL);
        assert_string_equal(unit->ctx->failure.detail, "its URL is no https: URL");
        assert_told(unit, PROVIDER_UNREACHABLE);
    }
}

static void headers_cannot_be_smuggled_in_a_token(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    int before = atomic_load(&plain_server.requests);
    mnv_http_request_t request = { .url = url_of(unit, "/json"), .bearer = "a\r\nX-Evil: 1", .limit_bytes = 100 };
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_CONTENT);
    assert_int_equal(atomic_load(&plain_server.requests), before);
}

static void environment_and_netrc_are_not_asked(void **state)
{
    unit_t *unit = *state;
    mnv_http_response_t *response;
    const char *old_home = getenv("HOME");
    assert_non_null(mkdtemp(home));
    const char *netrc = apr_pstrcat(unit->pool, home, "/.netrc", NULL);
    FILE *file = fopen(netrc, "w");
    fputs("machine 127.0.0.1 login mallory password pw\n", file);
    fclose(file);
    setenv("HOME", home, 1);
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("all_proxy", "socks5://127.0.0.1:1", 1);
    assert_int_equal(call(unit, client(unit, 1), "/json", &response), APR_SUCCESS);
    assert_null(strcasestr(plain_server.last, "authorization"));
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    setenv("HOME", old_home != NULL ? old_home : "/", 1);
    unlink(netrc);
    rmdir(home);
}

static void one_call_leaves_nothing_to_the_next(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    mnv_http_request_t request = { .url = url_of(unit, "/cookie"), .form = "a=b", .bearer = "token", .limit_bytes = 100 };
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_SUCCESS);
    assert_non_null(strstr(plain_server.last, "Authorization: Bearer token\r\n"));
    assert_int_equal(call(unit, http, "/json", &response), APR_SUCCESS);
    assert_int_equal(strncmp(plain_server.last, "GET /json ", 10), 0);
    assert_null(strcasestr(plain_server.last, "authorization"));
    assert_null(strcasestr(plain_server.last, "cookie"));
}

static void forms_and_credentials_arrive(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    char *form = apr_pcalloc(unit->pool, 3001);
    memset(form, 'f', 3000);
    mnv_http_request_t request = { .url = url_of(unit, "/json"), .form = form, .accept = "application/json", .basic = "cl%3Aient:s%20ecret", .limit_bytes = 100 };
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_SUCCESS);
    assert_int_equal(strncmp(plain_server.last, "POST /json HTTP/1.1\r\n", 21), 0);
    assert_non_null(strstr(plain_server.last, "Authorization: Basic Y2wlM0FpZW50OnMlMjBlY3JldA==\r\n"));
    assert_non_null(strstr(plain_server.last, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(plain_server.last, "Accept: application/json\r\n"));
    assert_non_null(strstr(plain_server.last, form));
    assert_null(strcasestr(plain_server.last, "expect:"));
    assert_int_equal(unit_logged(unit, "ffff") + unit_logged(unit, "ecret"), 0);
}

static void answers_are_told(void **state)
{
    unit_t *unit = *state;
    mnv_http_response_t *response;
    mnv_http_t *http = client(unit, 1);
    assert_int_equal(call(unit, http, "/json", &response), APR_SUCCESS);
    assert_int_equal(response->status, 200);
    assert_string_equal(response->content_type, "application/json");
    assert_string_equal(response->body, "{\"a\":1}");
    assert_int_equal(response->length, 7);
    assert_string_equal(response->date, "Tue, 24 Nov 2026 08:00:00 GMT");
    assert_int_equal(unit_logged(unit, "MNV1010"), 1);
    assert_int_equal(call(unit, http, "/untyped", &response), APR_SUCCESS);
    assert_string_equal(response->content_type, "");
    assert_null(response->date);
    assert_int_equal(call(unit, http, "/404", &response), APR_SUCCESS);
    assert_int_equal(response->status, 404);
}

static void connections_are_reused(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 4);
    mnv_http_response_t *response;
    int before = atomic_load(&plain_server.connections);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(call(unit, http, "/json", &response), APR_SUCCESS);
    }
    assert_int_equal(atomic_load(&plain_server.connections), before + 1);
}

typedef struct {
    mnv_http_t *http;
    const char *url;
    apr_status_t status;
} held_t;

static void *call_and_be_held(void *baton)
{
    held_t *held = baton;
    void *state = NULL;
    mnv_http_response_t *response;
    unit_setup(&state);
    unit_t *unit = state;
    held->status = call(unit, held->http, held->url, &response);
    unit_teardown(&state);
    return NULL;
}

static void one_call_too_many_is_refused_at_once(void **state)
{
    unit_t *unit = *state;
    mnv_http_response_t *response;
    pthread_t threads[2];
    held_t held = { client(unit, 2), url_of(unit, "/hold"), APR_EGENERAL };
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, call_and_be_held, &held);
        sem_wait(&plain_server.held);
    }
    assert_int_equal(call(unit, held.http, "/json", &response), APR_EGENERAL);
    assert_told(unit, OUTBOUND_BUSY);
    assert_int_equal(call(unit, held.http, "/json", &response), APR_EGENERAL);
    assert_told(unit, OUTBOUND_BUSY);
    for (int i = 0; i < 2; i++) {
        sem_post(&plain_server.released);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(held.status, APR_SUCCESS);
    }
    assert_int_equal(call(unit, held.http, "/json", &response), APR_SUCCESS);
}

static void failures_free_their_place(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(unit, http, "http://127.0.0.1:1/", &response), APR_EGENERAL);
        assert_told(unit, PROVIDER_UNREACHABLE);
    }
    assert_int_equal(call(unit, http, "/json", &response), APR_SUCCESS);
}

static apr_status_t call_tls(unit_t *unit, const char *host, const char *file)
{
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    mnv_http_request_t request = { .url = apr_psprintf(unit->pool, "https://%s:%d/json", host, tls_server.port), .ca_file = file, .limit_bytes = 100 };
    return http->send(http->baton, unit->ctx, &request, &response);
}

static void certificates_are_verified(void **state)
{
    unit_t *unit = *state;
    int before = atomic_load(&tls_server.requests);
    assert_int_equal(call_tls(unit, "localhost", NULL), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
    assert_int_equal(call_tls(unit, "localhost", other_ca_file), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
    assert_int_equal(call_tls(unit, "localhost", "/nonexistent"), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
    /* the right CA, but a certificate for another name */
    assert_int_equal(call_tls(unit, "127.0.0.1", ca_file), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
    assert_int_equal(atomic_load(&tls_server.requests), before);
    assert_int_equal(call_tls(unit, "localhost", ca_file), APR_SUCCESS);
}

/* a connection made with one CA file must not serve a call that trusts another */
static void trust_is_not_shared_between_calls(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_http_response_t *response;
    mnv_http_request_t request = { .url = apr_psprintf(unit->pool, "https://localhost:%d/json", tls_server.port), .ca_file = ca_file, .limit_bytes = 100 };
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_SUCCESS);
    request.ca_file = other_ca_file;
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
    request.ca_file = NULL;
    assert_int_equal(http->send(http->baton, unit->ctx, &request, &response), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
}

static void old_tls_is_refused(void **state)
{
    unit_t *unit = *state;
    SSL_CTX_set_security_level(tls_server.tls, 0);
    SSL_CTX_set_min_proto_version(tls_server.tls, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls_server.tls, TLS1_1_VERSION);
    assert_int_equal(call_tls(unit, "localhost", ca_file), APR_EGENERAL);
    assert_told(unit, PROVIDER_TLS);
    SSL_CTX_set_max_proto_version(tls_server.tls, TLS1_2_VERSION);
    assert_int_equal(call_tls(unit, "localhost", ca_file), APR_SUCCESS);
    SSL_CTX_set_max_proto_version(tls_server.tls, 0);
}

static void only_json_with_status_200_is_json(void **state)
{
    unit_t *unit = *state;
    mnv_http_t *http = client(unit, 1);
    mnv_json_t *json = NULL;
#define TRY(path) mnv_http_json(http, unit->ctx, &(mnv_http_request_t){ .url = url_of(unit, path), .limit_bytes = 10000 }, &json)
    assert_int_equal(TRY("/404"), APR_EGENERAL);
    assert_told(unit, PROVIDER_STATUS);
    assert_int_equal(TRY("/redirect"), APR_EGENERAL);
    assert_told(unit, PROVIDER_STATUS);
    assert_int_equal(TRY("/html"), APR_EGENERAL);
    assert_told(unit, PROVIDER_CONTENT);
    assert_int_equal(TRY("/untyped"), APR_EGENERAL);
    assert_told(unit, PROVIDER_CONTENT);
    assert_int_equal(TRY("/broken"), APR_EGENERAL);
    assert_told(unit, PROVIDER_CONTENT);
    assert_int_equal(TRY("/large"), APR_EGENERAL);
    assert_told(unit, PROVIDER_SIZE);
    assert_null(json);
    assert_int_equal(TRY("/json"), APR_SUCCESS);
    assert_int_equal(mnv_json_kind(json, "a"), MNV_JSON_INTEGER);
    assert_int_equal(TRY("/jwk"), APR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(redirects_are_not_followed),
        UNIT_TEST(silent_servers_are_left),
        UNIT_TEST(limits_cannot_be_switched_off),
        UNIT_TEST(large_answers_are_refused),
        UNIT_TEST(half_answers_are_refused),
        UNIT_TEST(compression_is_neither_asked_for_nor_undone),
        UNIT_TEST(nothing_goes_to_other_schemes_or_in_the_clear),
        UNIT_TEST(headers_cannot_be_smuggled_in_a_token),
        UNIT_TEST(environment_and_netrc_are_not_asked),
        UNIT_TEST(one_call_leaves_nothing_to_the_next),
        UNIT_TEST(forms_and_credentials_arrive),
        UNIT_TEST(answers_are_told),
        UNIT_TEST(connections_are_reused),
        UNIT_TEST(one_call_too_many_is_refused_at_once),
        UNIT_TEST(failures_free_their_place),
        UNIT_TEST(certificates_are_verified),
        UNIT_TEST(trust_is_not_shared_between_calls),
        UNIT_TEST(old_tls_is_refused),
        UNIT_TEST(only_json_with_status_200_is_json),
    };
    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
