/* base/civil.c */
#include "unit.h"
#include "base/civil.h"

static void refuses_days_that_do_not_exist(void **state)
{
    unit_t *unit = *state;
    static const char *const bad[] = { "", "2000", "2000-1-1", "2000-13-01", "2000-00-10", "2000-01-00", "2000-01-32", "2001-02-29", "1900-02-29", "2000-04-31", "2000/01/01", "2000-0101",
                                       "200001-01", "20000101 ", "2000-01-01T", "+200-01-01", "1849-12-31", "20a00101", "2000-01-1x", "２００００１０１", "000-01-010", "20000230" };
    const char *iso = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mnv_civil_birthdate(unit->pool, bad[i], UNIT_START, &iso) != APR_EINVAL) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    assert_int_equal(mnv_civil_birthdate(unit->pool, NULL, UNIT_START, &iso), APR_EINVAL);
    assert_null(iso);
}

/* UNIT_START is 17:00 on 24 November 2026 in Japan; seven hours later it is the 25th there, and still the 24th in UTC */
static void refuses_the_future_as_japan_sees_it(void **state)
{
    unit_t *unit = *state;
    const char *iso;
    assert_int_equal(mnv_civil_birthdate(unit->pool, "2026-11-24", UNIT_START, &iso), APR_SUCCESS);
    assert_int_equal(mnv_civil_birthdate(unit->pool, "2026-11-25", UNIT_START, &iso), APR_EINVAL);
    assert_int_equal(mnv_civil_birthdate(unit->pool, "2026-11-25", UNIT_START + apr_time_from_sec(7 * 3600) - 1, &iso), APR_EINVAL);
    assert_int_equal(mnv_civil_birthdate(unit->pool, "2026-11-25", UNIT_START + apr_time_from_sec(7 * 3600), &iso), APR_SUCCESS);
}

static void gives_one_form_of_a_birthdate(void **state)
{
    unit_t *unit = *state;
    const char *iso;
    assert_int_equal(mnv_civil_birthdate(unit->pool, "20000229", UNIT_START, &iso), APR_SUCCESS);
    assert_string_equal(iso, "2000-02-29");
    assert_int_equal(mnv_civil_birthdate(unit->pool, "1850-01-01", UNIT_START, &iso), APR_SUCCESS);
    assert_string_equal(iso, "1850-01-01");
}

static void prints_times(void **state)
{
    unit_t *unit = *state;
    assert_string_equal(mnv_civil_rfc3339(unit->pool, UNIT_START), "2026-11-24T08:00:00Z");
    assert_string_equal(mnv_civil_rfc3339(unit->pool, UNIT_START + 999999), "2026-11-24T08:00:00Z");
    assert_string_equal(mnv_civil_japan(unit->pool, UNIT_START), "2026-11-24 17:00");
    assert_string_equal(mnv_civil_japan(unit->pool, UNIT_START + apr_time_from_sec(7 * 3600)), "2026-11-25 00:00");
}

static void reads_times_of_saml(void **state)
{
    static const struct {
        const char *text;
        apr_time_t micros; /* behind UNIT_START */
    } good[] = {
        { "2026-11-24T08:00:00Z", 0 }, { "2026-11-24T08:00:00+00:00", 0 }, { "2026-11-24T08:00:00.5Z", 500000 }, { "2026-11-24T08:00:00.000001Z", 1 },
        { "2026-11-24T08:00:00.12345678901234567890Z", 123456 }, { "2026-11-24T07:59:59.999Z", -1000 }, { "2026-11-25T08:00:00Z", apr_time_from_sec(86400) },
    };
    static const char *const bad[] = {
        "", "2026-11-24", "2026-11-24T08:00:00", "2026-11-24 08:00:00Z", "2026-11-24T08:00:00z", "2026-11-24T08:00:00+09:00", "2026-11-24T08:00:00-00:00", "2026-11-24T08:00:00.Z",
        "2026-11-24T8:00:00Z", "2026-11-24T08:00Z", "2026-11-24T24:00:00Z", "2026-11-24T08:60:00Z", "2026-11-24T08:00:60Z", "2026-11-31T08:00:00Z", "2026-02-29T08:00:00Z",
        "20261124T080000Z....", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2026-11-24T08:00:00Z ", " 2026-11-24T08:00:00Z", "2026-11-24T-8:00:00Z", "2026-11-24T08:00:00.1.2Z",
    };
    apr_time_t at = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(mnv_civil_utc(good[i].text, &at), APR_SUCCESS);
        assert_int_equal(at - UNIT_START, good[i].micros);
    }
    at = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (mnv_civil_utc(bad[i], &at) != APR_EINVAL) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    assert_int_equal(mnv_civil_utc(NULL, &at), APR_EINVAL);
    assert_int_equal(at, 0);
}

static void reaches(unit_t *unit, const char *iso, int age, const char *expected)
{
    apr_time_t moment = 0;
    assert_int_equal(mnv_civil_reaches(iso, age, &moment), APR_SUCCESS);
    assert_string_equal(mnv_civil_japan(unit->pool, moment), expected);
    assert_int_equal(moment % APR_USEC_PER_SEC, 0);
}

static void ages_by_japans_law(void **state)
{
    unit_t *unit = *state;
    reaches(unit, "2008-11-24", 18, "2026-11-24 00:00");
    reaches(unit, "2008-02-29", 18, "2026-03-01 00:00");
    reaches(unit, "2008-02-29", 20, "2028-02-29 00:00");
    reaches(unit, "2000-02-29", 100, "2100-03-01 00:00");
    reaches(unit, "2008-02-28", 18, "2026-02-28 00:00");
    reaches(unit, "2008-01-01", 18, "2026-01-01 00:00");
    reaches(unit, "1950-12-31", 0, "1950-12-31 00:00");
    reaches(unit, "20081231", 1, "2009-12-31 00:00");
}

static void refuses_ages_of_nobody(void **state)
{
    apr_time_t moment = 5;
    (void)state;
    assert_int_equal(mnv_civil_reaches("2001-02-29", 18, &moment), APR_EINVAL);
    assert_int_equal(mnv_civil_reaches(NULL, 18, &moment), APR_EINVAL);
    assert_int_equal(mnv_civil_reaches("2001-02-28", -1, &moment), APR_EINVAL);
    assert_int_equal(mnv_civil_reaches("2001-02-28", 201, &moment), APR_EINVAL);
    assert_int_equal(moment, 5);
}

/* every day of 400 years against APR's own calendar */
static void agrees_with_the_calendar(void **state)
{
    apr_time_t moment, expected = apr_time_from_sec(-9 * 3600 - 43829LL * 86400); /* 1850-01-01 in Japan */
    (void)state;
    for (int i = 0; i < 146097; i++, expected += apr_time_from_sec(86400)) {
        apr_time_exp_t t;
        char iso[11];
        apr_time_exp_gmt(&t, expected + apr_time_from_sec(9 * 3600));
        apr_snprintf(iso, sizeof(iso), "%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
        assert_int_equal(mnv_civil_reaches(iso, 0, &moment), APR_SUCCESS);
        assert_int_equal(moment, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_days_that_do_not_exist),
        UNIT_TEST(refuses_the_future_as_japan_sees_it),
        UNIT_TEST(gives_one_form_of_a_birthdate),
        UNIT_TEST(prints_times),
        UNIT_TEST(reads_times_of_saml),
        UNIT_TEST(ages_by_japans_law),
        UNIT_TEST(refuses_ages_of_nobody),
        UNIT_TEST(agrees_with_the_calendar),
    };
    return unit_run(tests);
}
