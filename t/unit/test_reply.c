#include "unit.h"
#include "model/reply.h"

static void a_new_reply_holds_nothing(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);
    assert_int_equal(reply->status, 200);
    assert_null(reply->location);
    assert_null(reply->body);
    assert_int_equal(reply->cookies->nelts, 0);
    assert_int_equal(reply->forget->nelts, 0);
    assert_int_equal(reply->raise_generation, 0);
}

static void a_redirect_takes_the_body_away(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);
    mnv_reply_body(reply, 403, "text/html", "no");
    mnv_reply_redirect(reply, "/next");
    assert_int_equal(reply->status, 303);
    assert_string_equal(reply->location, "/next");
    assert_null(reply->body);
    assert_null(reply->content_type);
    assert_int_equal(reply->length, 0);
}

static void a_body_takes_the_redirect_away(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);
    mnv_reply_redirect(reply, "/next");
    mnv_reply_body(reply, 409, "text/plain", "taken");
    assert_int_equal(reply->status, 409);
    assert_null(reply->location);
    assert_string_equal(reply->body, "taken");
    assert_int_equal(reply->length, 5);
}

static void keeps_all_cookies_and_keys_in_order(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);
    mnv_cookie_t a = { .name = "a", .value = "1" }, b = { .name = "b", .value = "2" };
    mnv_reply_cookie(reply, &a);
    mnv_reply_cookie(reply, &b);
    mnv_reply_forget(reply, "k1");
    assert_int_equal(reply->cookies->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(reply->cookies, 0, mnv_cookie_t).name, "a");
    assert_string_equal(APR_ARRAY_IDX(reply->cookies, 1, mnv_cookie_t).value, "2");
    assert_string_equal(APR_ARRAY_IDX(reply->forget, 0, const char *), "k1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_new_reply_holds_nothing),
        UNIT_TEST(a_redirect_takes_the_body_away),
        UNIT_TEST(a_body_takes_the_redirect_away),
        UNIT_TEST(keeps_all_cookies_and_keys_in_order),
    };
    return unit_run(tests);
}
