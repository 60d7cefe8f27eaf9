/* base/text.c, base/log.c, base/failure.c, base/ctx.c, base/secret.c */
#include "unit.h"
#include "base/base64url.h"
#include "base/secret.h"
#include "base/text.h"

static void refuses_broken_utf8(void **state)
{
    static const char *const broken[] = { "\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe3\x81", "\xf0\x80\x80\x80",
                                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xfe", "\xe3\x81\x41", "\xf0\x9f\x98" };
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_false(mnv_text_is_utf8(broken[i], strlen(broken[i])));
        assert_true(mnv_text_has_control(broken[i]));
    }
    assert_false(mnv_text_is_utf8("a\0b", 3));
}

static void accepts_all_planes(void **state)
{
    static const char text[] = "aé山𠮷\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf";
    apr_uint32_t point = 0;
    (void)state;
    assert_true(mnv_text_is_utf8(text, strlen(text)));
    assert_true(mnv_text_is_utf8("", 0));
    assert_int_equal(mnv_text_char("𠮷x", 5, &point), 4);
    assert_int_equal(point, 0x20bb7);
}

static void finds_controls(void **state)
{
    static const char *const with[] = { "\n", "a\tb", "\x1b[2J", "\x7f", "\xc2\x80", "\xc2\x9f", "\xe2\x80\xa8", "\xe2\x80\xa9" };
    (void)state;
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
        assert_true(mnv_text_has_control(with[i]));
    }
    assert_false(mnv_text_has_control("山田 太郎\xc2\xa0~"));
}

static void knows_tokens(void **state)
{
    (void)state;
    assert_false(mnv_text_is_token(NULL, 9));
    assert_false(mnv_text_is_token("", 9));
    assert_false(mnv_text_is_token("a b", 9));
    assert_false(mnv_text_is_token("a\r\nb", 9));
    assert_false(mnv_text_is_token("a\x7f", 9));
    assert_false(mnv_text_is_token("\xc3\xa9", 9));
    assert_false(mnv_text_is_token("0123456789", 9));
    assert_true(mnv_text_is_token("!~012345\"", 9));
}

static void escapes_for_each_place(void **state)
{
    unit_t *unit = *state;
    apr_array_header_t *values = apr_array_make(unit->pool, 3, sizeof(const char *));
    assert_string_equal(mnv_text_html(unit->pool, "<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    assert_string_equal(mnv_text_html(unit->pool, ""), "");
    assert_string_equal(mnv_text_percent(unit->pool, "  a b%\r\n山 "), "%20%20a b%25%0D%0A%E5%B1%B1%20");
    assert_string_equal(mnv_text_percent(unit->pool, "  "), "%20%20");
    assert_string_equal(mnv_text_join(unit->pool, values), "");
    APR_ARRAY_PUSH(values, const char *) = "a;b";
    APR_ARRAY_PUSH(values, const char *) = "";
    APR_ARRAY_PUSH(values, const char *) = "c\\";
    assert_string_equal(mnv_text_join(unit->pool, values), "a\\;b;;c\\\\");
}

static void what_was_joined_is_split(void **state)
{
    unit_t *unit = *state;
    static const char *const joined[] = { "a\\;b;;c\\\\", "", ";", "\\", "山;\\\\;" };
    apr_size_t i;
    for (i = 0; i < sizeof(joined) / sizeof(*joined); i++) {
        const apr_array_header_t *values = mnv_text_split(unit->pool, joined[i]);
        assert_string_equal(mnv_text_join(unit->pool, values), i == 3 ? "\\\\" : joined[i]);
    }
    const apr_array_header_t *values = mnv_text_split(unit->pool, joined[0]);
    assert_int_equal(values->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(values, 0, const char *), "a;b");
    assert_string_equal(APR_ARRAY_IDX(values, 1, const char *), "");
    assert_string_equal(APR_ARRAY_IDX(values, 2, const char *), "c\\");
}

static void log_lines_cannot_be_forged(void **state)
{
    unit_t *unit = *state;
    mnv_log(unit->ctx, MNV_LOG_INFO, MNVLOGNO(1099) "a \"%s\"", "x\r\nMNV0000: forged\x1b[2J\xc2\x9b\xe2\x80\xa8\xff山");
    assert_int_equal(unit->log->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(unit->log, 0, const char *),
                        "MNV1099: a \"x\\x0d\\x0aMNV0000: forged\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xa8\\xff山\"");
}

static void log_lines_are_cut_between_characters(void **state)
{
    unit_t *unit = *state;
    char *text = apr_pcalloc(unit->pool, 9001);
    for (int i = 0; i < 9000; i += 3) {
        memcpy(text + i, "山", 3);
    }
    for (int shift = 0; shift < 3; shift++) {
        mnv_log(unit->ctx, MNV_LOG_INFO, "%.*s%s", shift, "xx", text);
        const char *line = APR_ARRAY_IDX(unit->log, shift, const char *);
        assert_in_range(strlen(line), 1998, 2000);
        assert_true(mnv_text_is_utf8(line, strlen(line)));
        assert_null(strstr(line, "\\x"));
    }
}

static void unwanted_lines_are_not_written(void **state)
{
    unit_t *unit = *state;
    unit->level = MNV_LOG_WARNING;
    mnv_log(unit->ctx, MNV_LOG_INFO, "info");
    mnv_log(unit->ctx, MNV_LOG_WARNING, "warning");
    assert_int_equal(unit->log->nelts, 1);
}

static void failures_stand_in_page_and_log(void **state)
{
    unit_t *unit = *state;
    char *detail = apr_pcalloc(unit->pool, 5001);
    memset(detail, '\n', 5000);
    assert_int_equal(mnv_fail(unit->ctx, MNV_FAIL_FLOW_EXPIRED, "age %d s", 901), APR_EGENERAL);
    const char *line = APR_ARRAY_IDX(unit->log, 0, const char *), *reference = unit->ctx->failure.reference;
    assert_int_equal(strlen(reference), 8);
    assert_string_equal(line, apr_pstrcat(unit->pool, "MNV0203: pending flow is older than its lifetime: age 901 s [ref ", reference, "]", NULL));
    assert_string_equal(unit->ctx->failure.detail, "age 901 s");
    assert_string_equal(mnv_failure_code(MNV_FAIL_FLOW_EXPIRED, unit->pool), "MNV0203");
    (void)mnv_fail(unit->ctx, MNV_FAIL_NOT_FOUND, NULL);
    assert_null(unit->ctx->failure.detail);
    assert_string_not_equal(unit->ctx->failure.reference, reference);
    (void)mnv_fail(unit->ctx, MNV_FAIL_NOT_FOUND, "%s", detail);
    line = APR_ARRAY_IDX(unit->log, 2, const char *);
    assert_non_null(strstr(line, unit->ctx->failure.reference)); /* however long the detail */
    assert_told(unit, NOT_FOUND);
}

static void every_failure_has_a_row_of_its_own(void **state)
{
    (void)state;
    for (int a = MNV_OK + 1; a < MNV_FAILURE_COUNT; a++) {
        const mnv_failure_row_t *row = mnv_failure_row((mnv_failure_e)a);
        assert_in_range(row->number, 101, 999);
        assert_in_range(row->http_status, 200, 599);
        assert_true(row->log[0] != '\0' && row->ja[0] != '\0' && row->en[0] != '\0');
        assert_true(mnv_text_is_utf8(row->ja, strlen(row->ja)));
        for (int b = a + 1; b < MNV_FAILURE_COUNT; b++) {
            assert_int_not_equal(row->number, mnv_failure_row((mnv_failure_e)b)->number);
        }
    }
    assert_string_equal(mnv_failure_row(MNV_OK)->name, "INTERNAL");
    assert_string_equal(mnv_failure_row(MNV_FAILURE_COUNT)->name, "INTERNAL");
}

static void broken_random_source_is_told(void **state)
{
    unit_t *unit = *state;
    unit->random_fails = 1;
    assert_null(mnv_random_id(unit->ctx, 32));
    assert_int_equal(strlen(unit->ctx->failure.reference), 8);
    assert_told(unit, RANDOM);
    unit->random_fails = 0;
    assert_null(mnv_random_id(unit->ctx, 15));
    assert_told(unit, INTERNAL);
    assert_null(mnv_random_id(unit->ctx, 65));
    const char *first = mnv_random_id(unit->ctx, 32), *second = mnv_random_id(unit->ctx, 32);
    assert_int_equal(strlen(first), 43);
    assert_true(mnv_base64url_is(first, 43));
    assert_string_not_equal(first, second);
}

static void the_machines_own_context_works(void **state)
{
    unit_t *unit = *state;
    mnv_ctx_t *ctx = mnv_ctx_make(unit->pool, -1);
    assert_true(mnv_now(ctx) > UNIT_START - apr_time_from_sec(86400 * 365));
    assert_string_not_equal(mnv_random_id(ctx, 16), mnv_random_id(ctx, 16));
    (void)mnv_fail(ctx, MNV_FAIL_NOT_FOUND, NULL); /* level -1: silent */
}

static void secrets_are_compared_whole(void **state)
{
    unit_t *unit = *state;
    (void)state;
    assert_false(mnv_secret_equal("abcd", "abce", 4));
    assert_false(mnv_secret_equal("abcd", "bbcd", 4));
    assert_true(mnv_secret_equal("abcd", "abce", 3));
    assert_false(mnv_secret_equal_text("abc", "abcd"));
    assert_false(mnv_secret_equal_text("abcd", "abc"));
    assert_false(mnv_secret_equal_text(NULL, NULL));
    assert_false(mnv_secret_equal_text("", NULL));
    assert_true(mnv_secret_equal_text("abc", "abc"));
    char buffer[] = "secret";
    mnv_secret_wipe(buffer, 6);
    assert_memory_equal(buffer, "\0\0\0\0\0\0", 6);
    mnv_secret_wipe(NULL, 6);
    assert_memory_equal(mnv_secret_make(unit->pool, 4), "\0\0\0\0", 4);
}

/* A cleanup registered before the buffer was made runs after its wipe, while the memory is still there. */
static apr_status_t look(void *data)
{
    unsigned char **secret = data;
    assert_memory_equal(*secret, "\0\0\0\0", 4);
    *secret = NULL;
    return APR_SUCCESS;
}

static void secrets_are_wiped_with_their_pool(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *child;
    unsigned char *secret = NULL;
    assert_int_equal(apr_pool_create(&child, unit->pool), APR_SUCCESS);
    apr_pool_cleanup_register(child, &secret, look, apr_pool_cleanup_null);
    secret = mnv_secret_make(child, 4);
    memcpy(secret, "abcd", 4);
    apr_pool_destroy(child);
    assert_null(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_broken_utf8),
        UNIT_TEST(accepts_all_planes),
        UNIT_TEST(finds_controls),
        UNIT_TEST(knows_tokens),
        UNIT_TEST(escapes_for_each_place),
        UNIT_TEST(what_was_joined_is_split),
        UNIT_TEST(log_lines_cannot_be_forged),
        UNIT_TEST(log_lines_are_cut_between_characters),
        UNIT_TEST(unwanted_lines_are_not_written),
        UNIT_TEST(failures_stand_in_page_and_log),
        UNIT_TEST(every_failure_has_a_row_of_its_own),
        UNIT_TEST(broken_random_source_is_told),
        UNIT_TEST(the_machines_own_context_works),
        UNIT_TEST(secrets_are_compared_whole),
        UNIT_TEST(secrets_are_wiped_with_their_pool),
    };
    return unit_run(tests);
}
