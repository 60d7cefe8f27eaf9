/* proto/userinfo.c. Members of a case: "status" (200), "content_type" (application/json) and "body" (a text, or JSON) of the answer; "subject" null: none. */
#include "cases.h"
#include "http_fake.h"
#include "proto/userinfo.h"

#define ENDPOINT "https://op.example/userinfo"

static void judges_userinfo(void **state)
{
    case_t *c = *state;
    http_fake_t *http = http_fake_make(c->unit->pool);
    const mnv_token_subject_t who = { "at-1", mnv_json_kind(c->json, "subject") == MNV_JSON_NULL ? NULL : "subject-1" };
    const char *type = mnv_json_string(c->json, "content_type");
    apr_int64_t code = 200;
    mnv_json_t *claims = NULL;
    apr_status_t status;

    mnv_json_integer(c->json, "status", &code);
    http_fake_answer(http, ENDPOINT, (int)code, type ? type : "application/json", case_body(c, "body"));
    status = mnv_userinfo_fetch(c->unit->ctx, &http->port, ENDPOINT, NULL, &who, &claims);
    case_judge(c, status);
    assert_int_equal(claims != NULL, status == APR_SUCCESS);
    assert_false(unit_logged(c->unit, "subject-"));
    assert_false(unit_logged(c->unit, "at-1"));
}

static void asks_by_get_with_the_token_in_the_header(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    const mnv_token_subject_t who = { "at-1", "subject-1" };
    mnv_json_t *claims;

    http_fake_answer(http, ENDPOINT, 200, "application/json", "{\"sub\":\"subject-1\",\"name\":\"x\"}");
    assert_int_equal(mnv_userinfo_fetch(unit->ctx, &http->port, ENDPOINT, "/ca.pem", &who, &claims), APR_SUCCESS);
    assert_string_equal(mnv_json_string(claims, "name"), "x");
    assert_string_equal(http_fake_last(http)->bearer, "at-1");
    assert_string_equal(http_fake_last(http)->ca_file, "/ca.pem");
    assert_null(http_fake_last(http)->form);
    assert_null(http_fake_last(http)->basic);
    assert_in_range(http_fake_last(http)->limit_bytes, 1000, 1000000);
}

static void hands_on_why_a_call_failed(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    const mnv_token_subject_t who = { "at-1", "subject-1" };
    mnv_json_t *claims;

    http_fake_fail(http, ENDPOINT, MNV_FAIL_PROVIDER_TIMEOUT);
    assert_int_not_equal(mnv_userinfo_fetch(unit->ctx, &http->port, ENDPOINT, NULL, &who, &claims), APR_SUCCESS);
    assert_told(unit, PROVIDER_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(asks_by_get_with_the_token_in_the_header), UNIT_TEST(hands_on_why_a_call_failed) };
    return CASES_RUN_WITH(judges_userinfo, "userinfo", tests);
}
