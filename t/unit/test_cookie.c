/* base/cookie.c */
#include "unit.h"
#include "base/cookie.h"

static void find(const char *header, const char *name, int count, const char *expected)
{
    const char *value = NULL;
    apr_size_t length = 99;
    assert_int_equal(mnv_cookie_find(header, name, &value, &length), count);
    if (count == 1) {
        assert_int_equal(length, strlen(expected));
        assert_memory_equal(value, expected, length);
    }
    else {
        assert_null(value);
        assert_int_equal(length, 99);
    }
}

static void refuses_a_cookie_sent_twice(void **state)
{
    (void)state;
    find("s=1; s=2", "s", -1, NULL);
    find("s=1; a=b; s=1", "s", -1, NULL);
    find("s=1;s=", "s", -1, NULL);
    find(" s = 1 ;\ts=2", "s", -1, NULL);
}

static void finds_nothing_in_rubbish(void **state)
{
    (void)state;
    find(NULL, "s", 0, NULL);
    find("", "s", 0, NULL);
    find(";;; ;", "s", 0, NULL);
    find("s", "s", 0, NULL);
    find("=s", "s", 0, NULL);
    find("S=1", "s", 0, NULL);
    find("ss=1; xs=2; s2=3", "s", 0, NULL);
    find("a=s=1", "s", 0, NULL);
    find("a=\"; s", "s", 0, NULL);
}

static void finds_the_one(void **state)
{
    (void)state;
    find("s=1", "s", 1, "1");
    find("a=b; s=x=y==; c", "s", 1, "x=y==");
    find(" ; s = 1 2 ;", "s", 1, "1 2");
    find("s=", "s", 1, "");
    find("s; s=1", "s", 1, "1");
}

static void bears_64_kilobytes_and_hundreds(void **state)
{
    unit_t *unit = *state;
    char *header = apr_pcalloc(unit->pool, 70000), *out = header;
    for (int i = 0; i < 6000; i++) {
        out += apr_snprintf(out, 20, "c%d=%d;", i, i);
    }
    find(header, "c5999", 1, "5999");
    assert_int_equal(mnv_cookie_names(unit->pool, header, "c", 4)->nelts, 4);
    memset(header, 'x', 65536);
    header[65536] = '\0';
    find(header, "x", 0, NULL);
}

static void lists_names_by_prefix(void **state)
{
    unit_t *unit = *state;
    apr_array_header_t *names = mnv_cookie_names(unit->pool, "f-2=a; f-1=b; f-x; g-1=c;f-=d", "f-", 9);
    assert_int_equal(names->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(names, 0, const char *), "f-2");
    assert_string_equal(APR_ARRAY_IDX(names, 1, const char *), "f-1");
    assert_string_equal(APR_ARRAY_IDX(names, 2, const char *), "f-");
    assert_int_equal(mnv_cookie_names(unit->pool, NULL, "f-", 9)->nelts, 0);
}

static void strip(unit_t *unit, const char *header, const char *expected)
{
    static const mnv_cookie_filter_t filters[] = { { "s", 1, 0 }, { "f-", 2, 1 } };
    const char *left = mnv_cookie_strip(unit->pool, header, filters, 2);
    if (expected == NULL) {
        assert_null(left);
    }
    else {
        assert_string_equal(left, expected);
    }
    if (expected == header) {
        assert_ptr_equal(left, header);
    }
}

static void strips_every_copy_of_ours(void **state)
{
    unit_t *unit = *state;
    strip(unit, "s=1", NULL);
    strip(unit, "s=1; f-1=2; s", NULL);
    strip(unit, "a=b; s=1; c=d; s=2", "a=b; c=d");
    strip(unit, "f-=1;a=\"x y\" ;f-2;b", "a=\"x y\"; b");
    strip(unit, " s =1; a=1", "a=1");
    strip(unit, "a=1;b=2;c=3;s=4;d=5", "a=1; b=2; c=3; d=5");
}

/* Two headers arrive as one. */
static void strips_ours_behind_a_comma(void **state)
{
    unit_t *unit = *state;
    strip(unit, "a=1, s=2", "a=1");
    strip(unit, "s=1, a=2", "a=2");
    strip(unit, "a=1; b=2, f-x=3; c=4, 5", "a=1; b=2; c=4, 5");
    strip(unit, "a=1, b=2, s=3, c=4", "a=1, b=2; c=4");
    strip(unit, "s=1, f-x=2, s", NULL);
    strip(unit, "a=1,\ts=2", "a=1");
}

static void leaves_others_alone(void **state)
{
    unit_t *unit = *state;
    static const char *const untouched[] = { "a=1, 2", "a=xs=1, b", "", "a=b", " a=b;;c ; ", "ss=1; f=2; S=3; xf-1=4" };
    strip(unit, NULL, NULL);
    for (size_t i = 0; i < sizeof(untouched) / sizeof(untouched[0]); i++) {
        strip(unit, untouched[i], untouched[i]);
    }
}

static void prints_no_cookie_that_breaks_the_header(void **state)
{
    unit_t *unit = *state;
    static const char *const bad[] = { "a\r\nSet-Cookie: x=y", "a;b", "a b", "a,b", "a\"", "a\\", "\x7f", "\xc3\xa9" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mnv_cookie_t value = { .name = "s", .value = bad[i], .path = "/", .same_site = "Lax" };
        mnv_cookie_t path = { .name = "s", .value = "1", .path = bad[i], .same_site = "Lax" };
        mnv_cookie_t name = { .name = bad[i], .value = "1", .path = "/", .same_site = "Lax" };
        assert_null(mnv_cookie_print(unit->pool, &value));
        assert_null(mnv_cookie_print(unit->pool, &path));
        assert_null(mnv_cookie_print(unit->pool, &name));
    }
}

static void prints_cookies(void **state)
{
    unit_t *unit = *state;
    mnv_cookie_t cookie = { .name = "__Host-s", .value = "a-_1", .path = "/", .secure = 1, .same_site = "Lax" };
    assert_string_equal(mnv_cookie_print(unit->pool, &cookie), "__Host-s=a-_1; Path=/; Secure; HttpOnly; SameSite=Lax");
    cookie.lifetime = apr_time_from_sec(900);
    cookie.secure = 0;
    assert_string_equal(mnv_cookie_print(unit->pool, &cookie), "__Host-s=a-_1; Path=/; Max-Age=900; HttpOnly; SameSite=Lax");
    cookie.value = NULL;
    assert_string_equal(mnv_cookie_print(unit->pool, &cookie),
                        "__Host-s=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_a_cookie_sent_twice),
        UNIT_TEST(finds_nothing_in_rubbish),
        UNIT_TEST(finds_the_one),
        UNIT_TEST(bears_64_kilobytes_and_hundreds),
        UNIT_TEST(lists_names_by_prefix),
        UNIT_TEST(strips_every_copy_of_ours),
        UNIT_TEST(strips_ours_behind_a_comma),
        UNIT_TEST(leaves_others_alone),
        UNIT_TEST(prints_no_cookie_that_breaks_the_header),
        UNIT_TEST(prints_cookies),
    };
    return unit_run(tests);
}
