#include "people.h"
#include "lib/json.h"
#include "out/pages.h"

static const char *page(unit_t *unit, const mnv_request_t *request, const char *cure, mnv_reply_t **reply)
{
    mnv_reply_t *made = mnv_reply_make(unit->pool);

    mnv_page_failure(unit->ctx, people_options(unit->pool), request, cure, made);
    if (reply) {
        *reply = made;
    }
    assert_int_equal(made->cache_sec, 0);
    return made->body;
}

static const char *page_of(unit_t *unit, mnv_failure_e what, mnv_language_e language)
{
    mnv_fail(unit->ctx, what, NULL);
    return page(unit, people_request(unit->pool, language), NULL, NULL);
}

static void never_shows_the_detail(void **state)
{
    unit_t *unit = *state;
    mnv_request_t *request = people_request(unit->pool, MNV_LANGUAGE_EN);

    mnv_fail(unit->ctx, MNV_FAIL_IDTOKEN_AUD, "audience \"secret-client\"");
    assert_null(strstr(page(unit, request, NULL, NULL), "secret-client"));
    request->is_navigation = 0;
    assert_null(strstr(page(unit, request, NULL, NULL), "secret-client"));
}

static void escapes_the_cure(void **state)
{
    unit_t *unit = *state;

    mnv_fail(unit->ctx, MNV_FAIL_RULE_UNAUTHENTICATED, NULL);
    assert_non_null(strstr(page(unit, people_request(unit->pool, MNV_LANGUAGE_EN), "/mynumber/?a=1&b=\"><script>", NULL),
                           "href=\"/mynumber/?a=1&amp;b=&quot;&gt;&lt;script&gt;\""));
}

static void nothing_told_is_an_internal_error(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply;

    assert_non_null(strstr(page(unit, people_request(unit->pool, MNV_LANGUAGE_JA), NULL, &reply), "MNV0102"));
    assert_int_equal(reply->status, 500);
}

static void without_options_links_nowhere(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);

    mnv_fail(unit->ctx, MNV_FAIL_INTERNAL, NULL);
    mnv_page_failure(unit->ctx, NULL, people_request(unit->pool, MNV_LANGUAGE_EN), "/x", reply);
    assert_null(strstr(reply->body, "href="));
    assert_null(strstr(reply->body, "src="));
    assert_non_null(strstr(reply->body, "MNV0102"));
}

static void shows_code_reference_and_both_languages(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply;
    const char *body;

    mnv_fail(unit->ctx, MNV_FAIL_FLOW_EXPIRED, NULL);
    body = page(unit, people_request(unit->pool, MNV_LANGUAGE_EN), NULL, &reply);
    assert_int_equal(reply->status, 400);
    assert_string_equal(reply->content_type, "text/html; charset=utf-8");
    assert_non_null(strstr(body, "<html lang=\"en\">"));
    assert_non_null(strstr(body, "MNV0203"));
    assert_non_null(strstr(body, unit->ctx->failure.reference));
    assert_non_null(strstr(body, mnv_failure_row(MNV_FAIL_FLOW_EXPIRED)->en));
    assert_non_null(strstr(body, mnv_failure_row(MNV_FAIL_FLOW_EXPIRED)->ja));
    assert_non_null(strstr(body, "have not been changed"));
}

static void stopping_is_no_error(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply;
    const char *body;

    mnv_fail(unit->ctx, MNV_FAIL_FLOW_STOPPED, NULL);
    body = page(unit, people_request(unit->pool, MNV_LANGUAGE_JA), NULL, &reply);
    assert_int_equal(reply->status, 200);
    assert_non_null(strstr(body, "<h1>完了しませんでした</h1>"));
    assert_non_null(strstr(body, "変更が加えられていません"));
    assert_non_null(strstr(body, "href=\"/mynumber/\">もう一度試す"));
}

static void promises_nothing_after_a_form_met_a_broken_database(void **state)
{
    unit_t *unit = *state;
    mnv_request_t *request = people_request(unit->pool, MNV_LANGUAGE_EN);
    const char *body;

    request->method = "POST";
    mnv_fail(unit->ctx, MNV_FAIL_DATABASE, NULL);
    body = page(unit, request, NULL, NULL);
    assert_null(strstr(body, "have not been changed"));
    assert_non_null(strstr(body, "shows whether"));
    mnv_fail(unit->ctx, MNV_FAIL_LINK_IDENTITY_TAKEN, NULL);
    assert_non_null(strstr(page(unit, request, NULL, NULL), "have not been changed"));
    mnv_fail(unit->ctx, MNV_FAIL_SESSION_DATA, NULL);
    assert_non_null(strstr(page(unit, request, NULL, NULL), "have not been changed"));
}

/* Another tab, or the same form sent before, may have done it. */
static void promises_nothing_after_a_form_that_may_come_second(void **state)
{
    static const mnv_failure_e failures[] = {MNV_FAIL_SESSION_NONE, MNV_FAIL_CSRF, MNV_FAIL_CROSS_SITE};
    unit_t *unit = *state;
    mnv_request_t *request = people_request(unit->pool, MNV_LANGUAGE_EN);

    request->method = "POST";
    for (apr_size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        const char *body;

        mnv_fail(unit->ctx, failures[i], NULL);
        body = page(unit, request, NULL, NULL);
        assert_null(strstr(body, "have not been changed"));
        assert_non_null(strstr(body, "shows whether"));
    }
}

static void next_step_is_the_rows(void **state)
{
    unit_t *unit = *state;

    assert_non_null(strstr(page_of(unit, MNV_FAIL_LINK_PROOF_CARD, MNV_LANGUAGE_EN), "href=\"/mynumber/verify\">Verify identity again"));
    assert_non_null(strstr(page_of(unit, MNV_FAIL_LINK_PROOF_SIGNIN, MNV_LANGUAGE_EN), "href=\"/mynumber/signin\">Sign in again"));
    assert_non_null(strstr(page_of(unit, MNV_FAIL_PROVIDER_TIMEOUT, MNV_LANGUAGE_EN), "wait a few minutes"));
    assert_non_null(strstr(page_of(unit, MNV_FAIL_IDTOKEN_ISS, MNV_LANGUAGE_EN), "tell the administrator"));
}

static void absent_half_is_no_next_step(void **state)
{
    unit_t *unit = *state;
    mnv_options_t *options = people_options(unit->pool);
    mnv_reply_t *reply = mnv_reply_make(unit->pool);

    options->signin.method = MNV_SIGNIN_NONE;
    mnv_fail(unit->ctx, MNV_FAIL_LINK_PROOF_SIGNIN, NULL);
    mnv_page_failure(unit->ctx, options, people_request(unit->pool, MNV_LANGUAGE_EN), NULL, reply);
    assert_null(strstr(reply->body, "/signin"));
    assert_non_null(strstr(reply->body, "href=\"/mynumber/\""));
}

static void chosen_language_is_kept(void **state)
{
    unit_t *unit = *state;
    mnv_request_t *request = people_request(unit->pool, MNV_LANGUAGE_EN);

    request->query = "lang=en";
    mnv_fail(unit->ctx, MNV_FAIL_CSRF, NULL);
    assert_non_null(strstr(page(unit, request, NULL, NULL), "href=\"/mynumber/?lang=en\""));
}

static void busy_says_when_to_come_back(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply;

    mnv_fail(unit->ctx, MNV_FAIL_OUTBOUND_BUSY, NULL);
    page(unit, people_request(unit->pool, MNV_LANGUAGE_JA), NULL, &reply);
    assert_int_equal(reply->status, 503);
    assert_true(reply->retry_after_sec > 0);
}

static void program_gets_json_with_absolute_cure(void **state)
{
    unit_t *unit = *state;
    mnv_request_t *request = people_request(unit->pool, MNV_LANGUAGE_EN);
    mnv_reply_t *reply;
    mnv_json_t *json;

    request->is_navigation = 0;
    mnv_fail(unit->ctx, MNV_FAIL_RULE_UNAUTHENTICATED, NULL);
    page(unit, request, "/mynumber/signin?return=%2Fapp", &reply);
    assert_int_equal(reply->status, 401);
    assert_string_equal(reply->content_type, "application/json");
    assert_int_equal(mnv_json_parse(unit->pool, reply->body, reply->length, &json), APR_SUCCESS);
    assert_string_equal(mnv_json_string(json, "error"), "rule_unauthenticated");
    assert_string_equal(mnv_json_string(json, "code"), "MNV0802");
    assert_string_equal(mnv_json_string(json, "next"), "service");
    assert_string_equal(mnv_json_string(json, "reference"), unit->ctx->failure.reference);
    assert_string_equal(mnv_json_string(json, "message"), mnv_failure_row(MNV_FAIL_RULE_UNAUTHENTICATED)->en);
    assert_string_equal(mnv_json_string(json, "cure"), "https://www.univ.example/mynumber/signin?return=%2Fapp");
}

static void cure_of_json_is_by_the_row_when_not_given(void **state)
{
    unit_t *unit = *state;
    mnv_request_t *request = people_request(unit->pool, MNV_LANGUAGE_JA);

    request->is_navigation = 0;
    mnv_fail(unit->ctx, MNV_FAIL_LINK_PROOF_CARD, NULL);
    assert_non_null(strstr(page(unit, request, NULL, NULL), "\"cure\":\"https://www.univ.example/mynumber/verify\""));
}

static void every_failure_has_a_page(void **state)
{
    unit_t *unit = *state;

    for (int what = MNV_OK + 1; what < MNV_FAILURE_COUNT; what++) {
        const char *body = page_of(unit, (mnv_failure_e)what, what % 2 ? MNV_LANGUAGE_JA : MNV_LANGUAGE_EN);

        assert_non_null(strstr(body, mnv_failure_code((mnv_failure_e)what, unit->pool)));
        assert_non_null(strstr(body, "</html>"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(never_shows_the_detail),
        UNIT_TEST(escapes_the_cure),
        UNIT_TEST(nothing_told_is_an_internal_error),
        UNIT_TEST(without_options_links_nowhere),
        UNIT_TEST(shows_code_reference_and_both_languages),
        UNIT_TEST(stopping_is_no_error),
        UNIT_TEST(promises_nothing_after_a_form_met_a_broken_database),
        UNIT_TEST(promises_nothing_after_a_form_that_may_come_second),
        UNIT_TEST(next_step_is_the_rows),
        UNIT_TEST(absent_half_is_no_next_step),
        UNIT_TEST(chosen_language_is_kept),
        UNIT_TEST(busy_says_when_to_come_back),
        UNIT_TEST(program_gets_json_with_absolute_cure),
        UNIT_TEST(cure_of_json_is_by_the_row_when_not_given),
        UNIT_TEST(every_failure_has_a_page),
    };
    return unit_run(tests);
}
