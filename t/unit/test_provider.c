/* flow/provider.c */
#include "provider_world.h"

#include <apr_thread_cond.h>
#include <apr_thread_proc.h>

/* Where from. ---------------------------------------------------------------------- */

static void refuses_metadata_of_another_issuer(void **state)
{
    world_t *w = *state;
    http_fake_answer(w->http, DISCOVERY, 200, "application/json",
                     "{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://evil.example/a\","
                     "\"token_endpoint\":\"https://evil.example/t\",\"jwks_uri\":\"https://evil.example/j\"}");
    assert_int_not_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_told(w->unit, METADATA);
    assert_int_equal(w->http->requests->nelts, 1);
}

static void refuses_answers_that_are_no_documents(void **state)
{
    world_t *w = *state;
    http_fake_answer(w->http, CERTS, 500, "application/json", jwks_of(w->unit->pool, w->old_key, NULL)); /* liboauth2 takes keys from a 500 */
    assert_int_not_equal(get(w, make_in(w, NULL)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_STATUS);
    http_fake_answer(w->http, CERTS, 200, "text/html", jwks_of(w->unit->pool, w->old_key, NULL));
    assert_int_not_equal(get(w, make_in(w, NULL)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_CONTENT);
    http_fake_answer(w->http, CERTS, 200, "application/json", "{\"keys\":[]}");
    assert_int_not_equal(get(w, make_in(w, NULL)), APR_SUCCESS);
    assert_told(w->unit, JWKS);
    http_fake_answer(w->http, DISCOVERY, 404, "text/html", "");
    assert_int_not_equal(get(w, make_in(w, NULL)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_STATUS);
}

static void names_what_is_missing_where_discovery_fails(void **state)
{
    world_t *w = *state;
    http_fake_answer(w->http, DISCOVERY, 404, "text/html", "");
    w->options.authorization_endpoint = ISSUER "/auth";
    w->options.jwks_uri = CERTS;
    assert_int_not_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_non_null(strstr(w->unit->ctx->failure.detail, "MyNumberProviderEndpoint token"));
    assert_told(w->unit, METADATA);
}

static void asks_no_discovery_when_all_is_by_hand(void **state)
{
    world_t *w = *state;
    w->options.authorization_endpoint = ISSUER "/auth";
    w->options.token_endpoint = ISSUER "/token";
    w->options.jwks_uri = CERTS;
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token");
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 0);
    assert_int_equal(http_fake_count(w->http, CERTS), 1);
}

static void uses_the_file_instead_of_discovery(void **state)
{
    world_t *w = *state;
    w->options.metadata_text = DOCUMENT(ISSUER "/from-file");
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/from-file");
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 0);
}

static void trusts_the_configured_ca_only(void **state)
{
    world_t *w = *state;
    w->options.ca_file = "/ca.pem";
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    for (int i = 0; i < 2; i++) {
        const mnv_http_request_t *request = &APR_ARRAY_IDX(w->http->requests, i, mnv_http_request_t);
        assert_string_equal(request->ca_file, "/ca.pem");
        assert_null(request->form);
        assert_in_range(request->limit_bytes, 1000, 1000000);
    }
}

/* How long. ------------------------------------------------------------------------- */

static void asks_once_an_hour(void **state)
{
    world_t *w = *state;
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token");
    move_token(w);
    w->unit->now += HOURS(1) - 1;
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token");
    assert_int_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 1);
    w->unit->now += 1;
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token2");
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 2);
    assert_int_equal(http_fake_count(w->http, CERTS), 2);
}

static void refuses_withdrawn_keys_after_an_hour(void **state)
{
    world_t *w = *state;
    assert_int_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
    http_fake_answer(w->http, CERTS, 200, "application/json", jwks_of(w->unit->pool, w->new_key, NULL));
    w->unit->now += HOURS(1);
    assert_int_not_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
    assert_told(w->unit, JWS_KEY);
}

static void refreshes_ahead_after_half_an_hour(void **state)
{
    world_t *w = *state;
    assert_int_equal(mnv_provider_refresh(w->unit->ctx, provider_of(w)), APR_SUCCESS);
    w->unit->now += MINUTES(30) - 1;
    assert_int_equal(mnv_provider_refresh(w->unit->ctx, provider_of(w)), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, CERTS), 1);
    w->unit->now += 1;
    assert_int_equal(mnv_provider_refresh(w->unit->ctx, provider_of(w)), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, CERTS), 2);
    down(w);
    w->unit->now += MINUTES(30);
    assert_int_not_equal(mnv_provider_refresh(w->unit->ctx, provider_of(w)), APR_SUCCESS);
}

static void does_not_repeat_a_failed_fetch_for_ten_seconds(void **state)
{
    world_t *w = *state;
    http_fake_fail(w->http, DISCOVERY, MNV_FAIL_PROVIDER_TLS);
    assert_int_not_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_TLS);
    down(w);
    w->unit->now += apr_time_from_sec(10) - 1;
    assert_int_not_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_TLS); /* the reason that is known */
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 1);
    w->unit->now += 1;
    assert_int_not_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_UNREACHABLE);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 2);
}

static void serves_the_last_good_copy_for_seven_days(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    down(w);
    w->unit->now += HOURS(7 * 24) - 1;
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token");
    assert_int_equal(w->unit->ctx->failure.what, MNV_OK);
    assert_int_equal(unit_logged(w->unit, "MNV1204"), 1);
    assert_int_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 2); /* and not again within ten seconds */
    w->unit->now += apr_time_from_sec(11);
    assert_int_not_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_told(w->unit, PROVIDER_UNREACHABLE);
}

static void keeps_the_old_copy_when_the_new_one_is_no_good(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    move_token(w);
    http_fake_answer(w->http, CERTS, 200, "application/json", "{\"keys\":[]}");
    w->unit->now += HOURS(2);
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token"); /* metadata and keys change together */
    assert_int_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
}

static void survives_a_clock_that_is_set_back(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    down(w);
    w->unit->now += HOURS(2);
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    w->unit->now -= HOURS(24); /* fetched, and failed, in the future */
    http_fake_answer(w->http, DISCOVERY, 200, "application/json", DOCUMENT(ISSUER "/token2"));
    http_fake_answer(w->http, CERTS, 200, "application/json", jwks_of(w->unit->pool, w->old_key, NULL));
    assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token2");
}

static void knows_what_was_fetched_a_moment_later(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    w->unit->now -= apr_time_from_sec(30); /* a request that began before the fetch of another */
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 1);
}

/* Keys. ------------------------------------------------------------------------------- */

static void refetches_for_an_unknown_key_once_a_minute(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    w->unit->now += MINUTES(5);
    for (int i = 0; i < 50; i++) { /* liboauth2: 50 of 50 fetched */
        assert_int_not_equal(verify(w, provider_of(w), w->new_key), APR_SUCCESS);
        assert_told(w->unit, JWS_KEY);
    }
    assert_int_equal(http_fake_count(w->http, CERTS), 2);
    w->unit->now += apr_time_from_sec(60) - 1;
    assert_int_not_equal(verify(w, provider_of(w), w->new_key), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, CERTS), 2);
    w->unit->now += 1;
    http_fake_answer(w->http, CERTS, 200, "application/json", jwks_of(w->unit->pool, w->old_key, w->new_key));
    assert_int_equal(verify(w, provider_of(w), w->new_key), APR_SUCCESS);
    assert_int_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, CERTS), 3);
}

static void says_that_the_key_is_unknown_when_the_refetch_fails(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    down(w);
    assert_int_not_equal(verify(w, provider_of(w), w->new_key), APR_SUCCESS);
    assert_told(w->unit, JWS_KEY);
    assert_int_equal(verify(w, provider_of(w), w->old_key), APR_SUCCESS);
}

static void refuses_a_wrong_signature(void **state)
{
    world_t *w = *state;
    mnv_json_t *claims = mnv_json_object(w->unit->pool);
    const char *token;
    mnv_jws_t *jws;
    assert_int_equal(mnv_jws_sign(w->unit->ctx, w->old_key, "JWT", claims, &token), APR_SUCCESS);
    assert_int_equal(mnv_jws_parse(w->unit->ctx, token, &jws), APR_SUCCESS);
    jws->signature[5] ^= 1;
    assert_int_not_equal(mnv_provider_verify(w->unit->ctx, provider_of(w), jws), APR_SUCCESS);
    assert_told(w->unit, JWS_SIGNATURE);
}

/* Memory. ------------------------------------------------------------------------------ */

static void what_a_request_holds_outlives_its_replacement(void **state)
{
    world_t *w = *state;
    mnv_ctx_t request = *w->unit->ctx;
    const mnv_op_metadata_t *held;

    apr_pool_create(&request.pool, NULL);
    assert_int_equal(mnv_provider_metadata(&request, provider_of(w), &held), APR_SUCCESS);
    for (int i = 0; i < 100; i++) { /* what nobody holds is freed: LeakSanitizer looks */
        w->unit->now += HOURS(1);
        move_token(w);
        assert_string_equal(token_endpoint(w, provider_of(w)), ISSUER "/token2");
    }
    assert_string_equal(held->token_endpoint, ISSUER "/token");
    apr_pool_destroy(request.pool);
}

static void a_request_may_end_after_the_provider(void **state)
{
    world_t *w = *state;
    mnv_ctx_t request = *w->unit->ctx;
    const mnv_op_metadata_t *held;
    mnv_provider_t *provider;
    apr_pool_t *pool;

    apr_pool_create(&request.pool, NULL);
    apr_pool_create(&pool, NULL);
    assert_int_equal(mnv_provider_make(pool, &w->options, NULL, &w->http->port, &provider), APR_SUCCESS);
    assert_int_equal(mnv_provider_metadata(&request, provider, &held), APR_SUCCESS);
    apr_pool_destroy(pool);
    assert_string_equal(held->token_endpoint, ISSUER "/token");
    apr_pool_destroy(request.pool);
}

/* Threads. ------------------------------------------------------------------------------------ */

typedef struct meeting_t {
    world_t *w;
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    int begun, good, calls;
} meeting_t;

#define THREADS 8

/* The provider answers when all threads have come to ask. */
static apr_status_t send_when_all_began(void *baton, mnv_ctx_t *ctx, const mnv_http_request_t *request, mnv_http_response_t **response)
{
    meeting_t *meeting = baton;
    apr_status_t status;

    apr_thread_mutex_lock(meeting->mutex);
    while (meeting->begun < THREADS) {
        apr_thread_cond_wait(meeting->changed, meeting->mutex);
    }
    meeting->calls++;
    status = meeting->w->http->port.send(meeting->w->http->port.baton, ctx, request, response);
    apr_thread_mutex_unlock(meeting->mutex);
    return status;
}

static void *ask(apr_thread_t *thread, void *baton)
{
    meeting_t *meeting = baton;
    const mnv_op_metadata_t *metadata;
    void *own;
    apr_status_t status;

    (void)thread;
    unit_setup(&own);
    apr_thread_mutex_lock(meeting->mutex);
    meeting->begun++;
    apr_thread_cond_broadcast(meeting->changed);
    apr_thread_mutex_unlock(meeting->mutex);
    status = mnv_provider_metadata(((unit_t *)own)->ctx, meeting->w->provider, &metadata);
    apr_thread_mutex_lock(meeting->mutex);
    meeting->good += status == APR_SUCCESS && !strcmp(metadata->token_endpoint, ISSUER "/token");
    apr_thread_mutex_unlock(meeting->mutex);
    unit_teardown(&own);
    return NULL;
}

static void meet(world_t *w, meeting_t *meeting)
{
    static mnv_http_t http;
    apr_thread_t *threads[THREADS];
    apr_status_t result;

    memset(meeting, 0, sizeof(*meeting));
    meeting->w = w;
    apr_thread_mutex_create(&meeting->mutex, APR_THREAD_MUTEX_DEFAULT, w->unit->pool);
    apr_thread_cond_create(&meeting->changed, w->unit->pool);
    http.baton = meeting;
    http.send = send_when_all_began;
    assert_int_equal(mnv_provider_make(w->unit->pool, &w->options, NULL, &http, &w->provider), APR_SUCCESS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(apr_thread_create(&threads[i], NULL, ask, meeting, w->unit->pool), APR_SUCCESS);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(apr_thread_join(&result, threads[i]), APR_SUCCESS);
    }
}

static void one_thread_fetches_and_all_are_served(void **state)
{
    world_t *w = *state;
    meeting_t meeting;
    apr_time_t began = apr_time_now();
    meet(w, &meeting);
    assert_in_range(apr_time_now() - began, 0, apr_time_from_sec(8)); /* woken, not only tired of waiting */
    assert_int_equal(meeting.good, THREADS);
    assert_int_equal(meeting.calls, 2); /* document and keys */
}

static void one_thread_fails_and_all_are_told(void **state)
{
    world_t *w = *state;
    meeting_t meeting;
    down(w);
    meet(w, &meeting);
    assert_int_equal(meeting.good, 0);
    assert_int_equal(meeting.calls, 1);
}

typedef struct visitor_t {
    world_t *w;
    int served;
} visitor_t;

/* Comes along while the fetch is under way, in the same thread: a lock held across the call would never end. */
static void visit(void *baton, mnv_ctx_t *ctx)
{
    visitor_t *visitor = baton;
    (void)ctx;
    visitor->served += token_endpoint(visitor->w, visitor->w->provider) != NULL && verify(visitor->w, visitor->w->provider, visitor->w->old_key) == APR_SUCCESS;
}

static void others_use_the_old_copy_meanwhile(void **state)
{
    world_t *w = *state;
    visitor_t visitor = { w, 0 };
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    w->unit->now += HOURS(3);
    w->http->meanwhile = visit;
    w->http->meanwhile_baton = &visitor;
    assert_int_equal(get(w, provider_of(w)), APR_SUCCESS);
    assert_int_equal(visitor.served, 2);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(refuses_metadata_of_another_issuer),
        WORLD_TEST(refuses_answers_that_are_no_documents),
        WORLD_TEST(names_what_is_missing_where_discovery_fails),
        WORLD_TEST(asks_no_discovery_when_all_is_by_hand),
        WORLD_TEST(uses_the_file_instead_of_discovery),
        WORLD_TEST(trusts_the_configured_ca_only),
        WORLD_TEST(asks_once_an_hour),
        WORLD_TEST(refuses_withdrawn_keys_after_an_hour),
        WORLD_TEST(refreshes_ahead_after_half_an_hour),
        WORLD_TEST(does_not_repeat_a_failed_fetch_for_ten_seconds),
        WORLD_TEST(serves_the_last_good_copy_for_seven_days),
        WORLD_TEST(keeps_the_old_copy_when_the_new_one_is_no_good),
        WORLD_TEST(survives_a_clock_that_is_set_back),
        WORLD_TEST(knows_what_was_fetched_a_moment_later),
        WORLD_TEST(refetches_for_an_unknown_key_once_a_minute),
        WORLD_TEST(says_that_the_key_is_unknown_when_the_refetch_fails),
        WORLD_TEST(refuses_a_wrong_signature),
        WORLD_TEST(what_a_request_holds_outlives_its_replacement),
        WORLD_TEST(a_request_may_end_after_the_provider),
        WORLD_TEST(one_thread_fetches_and_all_are_served),
        WORLD_TEST(one_thread_fails_and_all_are_told),
        WORLD_TEST(others_use_the_old_copy_meanwhile),
    };
    return unit_run(tests);
}
