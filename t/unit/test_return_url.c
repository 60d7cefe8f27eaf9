/* base/return_url.c: no list of attacks is complete, but every class that broke a peer stands here (CVE-2021-32786, CVE-2021-3639,
 * CVE-2022-23527, CVE-2019-13038 and their kin), and each is judged as a browser would take it (WHATWG URL). */
#include "unit.h"
#include "base/url.h"

#define BASE "https://good.example"
#define LIMIT 1024

static const char *judge(unit_t *unit, const char *text)
{
    const char *place = NULL;
    apr_array_header_t *allow = apr_array_make(unit->pool, 3, sizeof(const char *));
    APR_ARRAY_PUSH(allow, const char *) = "https://other.example:8443";
    APR_ARRAY_PUSH(allow, const char *) = "https://xn--wgv71a.example/";
    APR_ARRAY_PUSH(allow, const char *) = "not a URL";
    apr_status_t status = mnv_url_return(unit->pool, text, BASE, allow, LIMIT, &place);
    assert_true(status == APR_SUCCESS ? place != NULL : status == APR_EACCES && place == NULL);
    return place;
}

static void refuse_all(unit_t *unit, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *place = judge(unit, texts[i]);
        if (place != NULL) {
            fail_msg("accepted: \"%s\" as \"%s\"", texts[i], place);
        }
    }
}

#define REFUSE(unit, ...) \
    do { \
        static const char *const texts[] = { __VA_ARGS__ }; \
        refuse_all((unit), texts, sizeof(texts) / sizeof(texts[0])); \
    } while (0)

static void refuses_scheme_relative_urls(void **state)
{
    REFUSE(*state, "//evil.example", "//evil.example/", "///evil.example", "////evil.example", "//good.example/", "//", "///", "//@evil.example", "//\tevil.example");
}

static void refuses_backslashes(void **state)
{
    REFUSE(*state, "\\", "\\\\evil.example", "/\\evil.example", "\\/evil.example", "/\\/evil.example", "//\\evil.example", "/\\\\evil.example", "/a\\b", "\\a",
           "https:\\\\evil.example", "https://good.example\\@evil.example/", "https://good.example\\.evil.example/", "/?q=\\", "/#\\", "https:/\\evil.example");
}

static void refuses_what_browsers_drop(void **state)
{
    REFUSE(*state, "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", "/\t\\evil.example", "ht\ntps://evil.example", "java\tscript:alert(1)",
           "/a\r\nSet-Cookie: x=y", "/a\n", "/\t", "https://good.example\t.evil.example/", "https://go\rod.example/", "/a?b\nc", "/a#b\nc");
}

static void refuses_leading_blanks_and_controls(void **state)
{
    REFUSE(*state, " /", " //evil.example", "\t/", "\n/", "\x01//evil.example", "\x1f/", "\x0b/a", " https://good.example/", "/ ", "/a b", "\x7f/", "/\x7f");
}

static void refuses_half_written_schemes(void **state)
{
    REFUSE(*state, "http:evil.example", "https:evil.example", "https:/evil.example", "https:good.example", "https:/good.example/", "https:", "https:/", "https://", "https:///evil.example",
           "https:////evil.example", "https:///good.example/", "https:?q", ":", "://evil.example", "http://good.example/", "HTTPS:evil.example");
}

static void refuses_other_schemes(void **state)
{
    REFUSE(*state, "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://good.example/%0aalert(1)", "javascript:/*/good.example/*/", "data:text/html,x", "data:text/html;base64,eA==",
           "vbscript:x", "file:///etc/passwd", "ftp://good.example/", "blob:https://good.example/x", "about:blank", "mailto:a@good.example", "view-source:https://good.example/",
           "intent://good.example/#Intent;end", "https+x://good.example/");
}

static void refuses_userinfo(void **state)
{
    REFUSE(*state, "https://good.example@evil.example/", "https://good.example:443@evil.example/", "https://user@good.example/", "https://user:pw@good.example/", "https://@evil.example/",
           "https://@good.example/", "https://good.example%40evil.example/", "https://good.example:@evil.example", "https://evil.example#@good.example/",
           "https://evil.example/@good.example", "https://evil.example?@good.example/");
}

static void refuses_hosts_that_look_alike(void **state)
{
    REFUSE(*state, "https://evil.example", "https://good.example.evil.example", "https://good.example.evil.example/", "https://good.exampleevil.example/", "https://evilgood.example/",
           "https://good.example./", "https://good.example.:443/", "https://good-example/", "https://good.example:8443/", "https://good.example:80/", "https://sub.good.example/",
           "https://other.example/", "https://other.example:84430/", "https://other.example:8443.evil.example/", "http://other.example:8443/", "https://good.example:", "https://good.example:/",
           "https://good.example%2eevil.example/", "https://good.example%2f@evil.example/", "https://good.example%00.evil.example/", "https://good%2eexample/", "https://.good.example/");
}

static void refuses_idn_and_other_non_ascii(void **state)
{
    REFUSE(*state, "https://日本.example/", "https://good。example/", "https://ｇood.example/", "https://good.exam\xc2\xadple/", "https://good.example／evil", "https://xn--good-example/",
           "/日本", "/\xe2\x80\xae", "/\xff", "/\xc2\xa0", "／／evil.example", "/\xe3\x80\x80/evil.example", "\xef\xbb\xbf//evil.example", "/\xc2\x85/evil.example");
}

static void refuses_addresses(void **state)
{
    REFUSE(*state, "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[good.example]/", "https://good.example[::1]/", "https://[::1]good.example/", "https://[::1", "https://[", "https://[]",
           "https://[::1%25eth0]/", "https://127.0.0.1/", "https://0x7f000001/", "https://2130706433/", "https://0177.1/", "https://1/");
}

static void refuses_dots_that_leave_two_slashes(void **state)
{
    REFUSE(*state, "/.//evil.example", "/..//evil.example", "/././/evil.example", "/a/..//evil.example", "/a/b/../..//evil.example", "/a/../..//evil.example", "/%2e//evil.example", "/%2E%2e//evil.example",
           "/.%2e//evil.example", "/a/%2e%2e//evil.example", "/..//", "/.//", "/a%2fb/..//evil.example", "https://good.example//evil.example", "https://good.example/.//evil.example", "https://good.example/a/..//evil.example/?q");
}

static void refuses_encoded_slashes_that_leave_two(void **state)
{
    REFUSE(*state, "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5Cevil.example", "/%2f/evil.example", "/%5c%5cevil.example", "/.%2fevil.example/..//x", "/.%2f%2fevil.example",
           "/..%2f/evil.example", "/..%5c%2fevil.example", "/a/..%2f%2fevil.example", "https://good.example/%2fevil.example", "https://good.example%2fevil.example", "https:%2f%2fevil.example",
           "%2f%2fevil.example", "%2fevil");
}

static void refuses_encoded_controls_in_the_path(void **state)
{
    REFUSE(*state, "/%00", "/a%00b", "/%0d%0aSet-Cookie:x=y", "/%09/evil.example", "/a%1F", "/%7f", "/%7F", "https://good.example/%0a");
}

static void refuses_relative_places(void **state)
{
    REFUSE(*state, "", "a", "a/b", "./a", "../a", "?q", "#f", ".", "..", "good.example", "good.example/", "evil.example", "@evil.example", ";//evil.example", "*", "%2f");
    assert_null(judge(*state, NULL));
}

static void refuses_what_is_too_long(void **state)
{
    unit_t *unit = *state;
    char *text = apr_pcalloc(unit->pool, 100001);
    memset(text, 'a', 100000);
    text[0] = '/';
    assert_null(judge(unit, text));
    text[LIMIT + 1] = '\0';
    assert_null(judge(unit, text));
    text[LIMIT] = '\0';
    assert_string_equal(judge(unit, text), text);
    /* what is behind a NUL is not there */
    text[2] = '\0';
    assert_string_equal(judge(unit, text), "/a");
}

static void refuses_everything_absolute_without_a_base(void **state)
{
    unit_t *unit = *state;
    const char *place = NULL;
    assert_int_equal(mnv_url_return(unit->pool, "https://good.example/", NULL, NULL, LIMIT, &place), APR_EACCES);
    assert_int_equal(mnv_url_return(unit->pool, "https://good.example/", "", NULL, LIMIT, &place), APR_EACCES);
    assert_int_equal(mnv_url_return(unit->pool, "https://other.example:8443/", BASE, NULL, LIMIT, &place), APR_EACCES);
    assert_null(place);
}

static void accepts_paths_of_this_origin(void **state)
{
    unit_t *unit = *state;
    static const char *const good[] = { "/", "/a", "/a/b/", "/a//b", "/a?b=//evil.example", "/a?b=https://evil.example/%0a", "/a#//x", "/?//", "/#/route", "/.", "/..", "/a/..", "/./a", "/a/../b",
                                        "/.well-known/x", "/...", "/...//x", "/..a//b", "/@evil.example", "/:80", "/a%2fb", "/a/%2f", "/%E5%B1%B1", "/a;b=c", "/a/.%2fb", "/%", "/%2", "/%252fevil" };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *place = judge(unit, good[i]);
        if (place == NULL) {
            fail_msg("refused: %s", good[i]);
        }
        assert_string_equal(place, good[i]);
    }
}

static void turns_own_absolute_urls_into_paths(void **state)
{
    unit_t *unit = *state;
    assert_string_equal(judge(unit, "https://good.example"), "/");
    assert_string_equal(judge(unit, "HTTPS://GOOD.Example:443/a?b=c#d"), "/a?b=c#d");
    assert_string_equal(judge(unit, "https://good.example?b"), "/?b");
    assert_string_equal(judge(unit, "https://good.example#@evil.example/"), "/#@evil.example/");
    const char *place = NULL;
    assert_int_equal(mnv_url_return(unit->pool, "http://[::1]:8080/a", "http://[::1]:8080", NULL, LIMIT, &place), APR_SUCCESS);
    assert_string_equal(place, "/a");
    assert_int_equal(mnv_url_return(unit->pool, "http://[::1]:8081/a", "http://[::1]:8080", NULL, LIMIT, &place), APR_EACCES);
}

static void accepts_listed_origins(void **state)
{
    unit_t *unit = *state;
    assert_string_equal(judge(unit, "https://OTHER.example:8443/a?b#c"), "https://other.example:8443/a?b#c");
    assert_string_equal(judge(unit, "https://xn--wgv71a.example"), "https://xn--wgv71a.example/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_scheme_relative_urls),
        UNIT_TEST(refuses_backslashes),
        UNIT_TEST(refuses_what_browsers_drop),
        UNIT_TEST(refuses_leading_blanks_and_controls),
        UNIT_TEST(refuses_half_written_schemes),
        UNIT_TEST(refuses_other_schemes),
        UNIT_TEST(refuses_userinfo),
        UNIT_TEST(refuses_hosts_that_look_alike),
        UNIT_TEST(refuses_idn_and_other_non_ascii),
        UNIT_TEST(refuses_addresses),
        UNIT_TEST(refuses_dots_that_leave_two_slashes),
        UNIT_TEST(refuses_encoded_slashes_that_leave_two),
        UNIT_TEST(refuses_encoded_controls_in_the_path),
        UNIT_TEST(refuses_relative_places),
        UNIT_TEST(refuses_what_is_too_long),
        UNIT_TEST(refuses_everything_absolute_without_a_base),
        UNIT_TEST(accepts_paths_of_this_origin),
        UNIT_TEST(turns_own_absolute_urls_into_paths),
        UNIT_TEST(accepts_listed_origins),
    };
    return unit_run(tests);
}
