/* base/url.c, base/params.c */
#include "unit.h"
#include "base/url.h"

static void refuses_what_is_no_plain_absolute_url(void **state)
{
    unit_t *unit = *state;
    static const char *const bad[] = {
        "", "/", "example.org", "//example.org/", "ftp://example.org/", "javascript:alert(1)", "https:", "https:/example.org/", "https:example.org",
        "https://", "https:///path", "https://?q", "https://:443/", "https://user@example.org/", "https://user:pw@example.org/", "https://example.org:/",
        "https://example.org:0/", "https://example.org:65536/", "https://example.org:+443/", "https://example.org:443443/", "https://example.org:44a/",
        "https://example.org/#f", "https://example.org#f", "https://exa mple.org/", "https://example.org/a b", "https://example.org/\t", " https://example.org/",
        "https://example.org/\n", "https://example.org\\@evil.example/", "https://example.org/a\\b", "https://ex\xc3\xa4mple.org/", "https://example.org/\xc3\xa4", "https://ex%61mple.org/",
        "https://.example.org/", "https://example..org/", "https://[::1/", "https://::1/", "https://[]/", "https://[::g]/", "https://[::1]x/", "https://[::1]:/",
        "https://[fe80::1%25eth0]/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://127.0.0.256/", "https://1.2.3.4.5/", "https://exam<ple.org/",
        "https://example.org\x7f/",
    };
    mnv_url_t *url = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mnv_url_parse(unit->pool, bad[i], &url) != APR_EINVAL) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_null(url);
    }
    assert_int_equal(mnv_url_parse(unit->pool, NULL, &url), APR_EINVAL);
    char *longest = apr_pcalloc(unit->pool, 400);
    memcpy(longest, "https://", 8);
    memset(longest + 8, 'a', 254);
    assert_int_equal(mnv_url_parse(unit->pool, longest, &url), APR_EINVAL);
    longest[8 + 253] = '\0';
    assert_int_equal(mnv_url_parse(unit->pool, longest, &url), APR_SUCCESS);
}

static void takes_urls_apart(void **state)
{
    unit_t *unit = *state;
    mnv_url_t *url = NULL;
    assert_int_equal(mnv_url_parse(unit->pool, "HTTPS://WWW.Example.ORG/A?b=c?d", &url), APR_SUCCESS);
    assert_string_equal(url->scheme, "https");
    assert_string_equal(url->host, "www.example.org");
    assert_int_equal(url->port, 443);
    assert_string_equal(url->path, "/A");
    assert_string_equal(url->query, "b=c?d");
    assert_string_equal(url->origin, "https://www.example.org");
    assert_int_equal(mnv_url_parse(unit->pool, "http://[::1]:8080", &url), APR_SUCCESS);
    assert_string_equal(url->host, "[::1]");
    assert_string_equal(url->path, "/");
    assert_null(url->query);
    assert_string_equal(url->origin, "http://[::1]:8080");
    assert_int_equal(mnv_url_parse(unit->pool, "http://localhost:80?x", &url), APR_SUCCESS);
    assert_string_equal(url->path, "/");
    assert_string_equal(url->query, "x");
    assert_string_equal(url->origin, "http://localhost");
    assert_int_equal(mnv_url_parse(unit->pool, "http://a.example:443/p/:1", &url), APR_SUCCESS);
    assert_string_equal(url->origin, "http://a.example:443");
    assert_string_equal(url->path, "/p/:1");
}

static void knows_this_machine(void **state)
{
    unit_t *unit = *state;
    static const char *const near[] = { "http://localhost/", "http://127.0.0.1:8080/", "http://127.9.9.9/", "http://[::1]/" };
    static const char *const far[] = { "http://localhost.example/", "http://128.0.0.1/", "http://127.0.0.1.example/", "http://[::2]/", "http://0.0.0.0/",
                                       "http://xlocalhost/" };
    mnv_url_t *url;
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        assert_int_equal(mnv_url_parse(unit->pool, near[i], &url), APR_SUCCESS);
        assert_true(mnv_url_is_loopback(url));
    }
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        assert_int_equal(mnv_url_parse(unit->pool, far[i], &url), APR_SUCCESS);
        assert_false(mnv_url_is_loopback(url));
    }
}

static void encodes_and_adds(void **state)
{
    unit_t *unit = *state;
    assert_string_equal(mnv_url_encode(unit->pool, "aZ9-._~ +&=/?#%\n山"), "aZ9-._~%20%2B%26%3D%2F%3F%23%25%0A%E5%B1%B1");
    assert_string_equal(mnv_url_add(unit->pool, "https://a/b", "n&", "v=1"), "https://a/b?n%26=v%3D1");
    assert_string_equal(mnv_url_add(unit->pool, "/b?x=1", "n", "v"), "/b?x=1&n=v");
    assert_string_equal(mnv_url_add(unit->pool, "/b?", "n", "v"), "/b?n=v");
    assert_string_equal(mnv_url_add(unit->pool, "/b#f?", "n", "v"), "/b?n=v#f?");
}

static apr_status_t parse(unit_t *unit, const char *text, int limit, mnv_params_t **params)
{
    return mnv_params_parse(unit->pool, text, strlen(text), limit, params);
}

static void refuses_malformed_forms(void **state)
{
    unit_t *unit = *state;
    static const char *const bad[] = { "a=%", "a=%4", "a=%4g", "a=%G4", "%=b", "a=b%2", "a=%00", "%00=1", "a=%ff", "a=\xff", "a=%c0%af", "a=%ed%a0%80", "a=%2&b=1", "a=%g0%9f%98%80" };
    mnv_params_t *params = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(unit, bad[i], 9, &params), APR_EINVAL);
    }
    assert_int_equal(mnv_params_parse(unit->pool, "a\0b", 3, 9, &params), APR_EINVAL);
    assert_int_equal(parse(unit, "a=1&a=2&a=3", 2, &params), APR_EINVAL);
    assert_null(params);
    assert_int_equal(parse(unit, "&&a=1&&a=2&", 2, &params), APR_SUCCESS);
}

static void refuses_a_parameter_sent_twice(void **state)
{
    unit_t *unit = *state;
    mnv_params_t *params;
    const char *value = "untouched";
    assert_int_equal(parse(unit, "state=1&code=x&st%61te=2&State=3&e=&n", 9, &params), APR_SUCCESS);
    assert_int_equal(mnv_params_one(params, "state", &value), APR_EINVAL);
    assert_string_equal(value, "untouched");
    assert_int_equal(mnv_params_one(params, "State", &value), APR_SUCCESS);
    assert_string_equal(value, "3");
    assert_int_equal(mnv_params_one(params, "Code", &value), APR_SUCCESS);
    assert_null(value);
    assert_int_equal(mnv_params_one(params, "e", &value), APR_SUCCESS);
    assert_string_equal(value, "");
    assert_int_equal(mnv_params_one(params, "n", &value), APR_SUCCESS);
    assert_string_equal(value, "");
}

static void decodes_once(void **state)
{
    unit_t *unit = *state;
    mnv_params_t *params;
    const char *value;
    assert_int_equal(parse(unit, "code=4%252F0A+%2B%E5%b1%B1=%3D", 9, &params), APR_SUCCESS);
    assert_int_equal(mnv_params_one(params, "code", &value), APR_SUCCESS);
    assert_string_equal(value, "4%2F0A +山==");
    assert_int_equal(mnv_params_parse(unit->pool, NULL, 0, 9, &params), APR_SUCCESS);
    assert_int_equal(mnv_params_one(params, "code", &value), APR_SUCCESS);
    assert_null(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_what_is_no_plain_absolute_url),
        UNIT_TEST(takes_urls_apart),
        UNIT_TEST(knows_this_machine),
        UNIT_TEST(encodes_and_adds),
        UNIT_TEST(refuses_malformed_forms),
        UNIT_TEST(refuses_a_parameter_sent_twice),
        UNIT_TEST(decodes_once),
    };
    return unit_run(tests);
}
