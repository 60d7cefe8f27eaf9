#include "base/civil.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* Japan has had one zone without summer time since 1951; ages are asked about people born later or long of age. */
#define MNV_JAPAN_OFFSET (apr_time_from_sec(9 * 3600))
#define MNV_BIRTH_YEAR_MIN 1850
#define MNV_AGE_MAX 200

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01, Gregorian. Years are counted from March, so that the leap day is a year's last. */
static apr_int64_t days_since_epoch(int year, int month, int day)
{
    apr_int64_t y = month > 2 ? year : year - 1;
    apr_int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

static int number(const char *text, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!apr_isdigit(text[i])) {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* "YYYY-MM-DD" or "YYYYMMDD", a day that exists. @return 1 or 0 */
static int read_date(const char *text, int *year, int *month, int *day)
{
    apr_size_t length = text != NULL ? strnlen(text, 11) : 0;
    int dash = length == 10;
    if ((length != 8 && length != 10) || (dash && (text[4] != '-' || text[7] != '-'))) {
        return 0;
    }
    *year = number(text, 4);
    *month = number(text + 4 + dash, 2);
    *day = number(text + 6 + 2 * dash, 2);
    return *year >= MNV_BIRTH_YEAR_MIN && *month >= 1 && *month <= 12 && *day >= 1 && *day <= days_of(*year, *month);
}

const char *mnv_civil_rfc3339(apr_pool_t *pool, apr_time_t at)
{
    apr_time_exp_t t;
    apr_time_exp_gmt(&t, at);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* ".123" in microseconds; *text moves behind it. @return -1: a point without digits */
static apr_time_t read_fraction(const char **text)
{
    apr_time_t value = 0, weight = 100000;
    if (**text != '.') {
        return 0;
    }
    if (!apr_isdigit(*++*text)) {
        return -1;
    }
    for (; apr_isdigit(**text); (*text)++) {
        value += (**text - '0') * weight;
        weight /= 10;
    }
    return value;
}

apr_status_t mnv_civil_utc(const char *text, apr_time_t *at)
{
    char date[11] = "";
    int year, month, day, hour, minute, second;
    apr_time_t fraction;
    if (text == NULL || strnlen(text, 20) < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
        return APR_EINVAL;
    }
    memcpy(date, text, 10);
    hour = number(text + 11, 2);
    minute = number(text + 14, 2);
    second = number(text + 17, 2);
    if (!read_date(date, &year, &month, &day) || year < 2000 || year > 2199 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
        return APR_EINVAL;
    }
    text += 19;
    fraction = read_fraction(&text);
    if (fraction < 0 || (strcmp(text, "Z") != 0 && strcmp(text, "+00:00") != 0)) {
        return APR_EINVAL;
    }
    *at = apr_time_from_sec(days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) + fraction;
    return APR_SUCCESS;
}

const char *mnv_civil_japan(apr_pool_t *pool, apr_time_t at)
{
    apr_time_exp_t t;
    apr_time_exp_gmt(&t, at + MNV_JAPAN_OFFSET);
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min);
}

apr_status_t mnv_civil_birthdate(apr_pool_t *pool, const char *text, apr_time_t now, const char **iso)
{
    int year, month, day;
    if (!read_date(text, &year, &month, &day) || apr_time_from_sec(days_since_epoch(year, month, day) * 86400) > now + MNV_JAPAN_OFFSET) {
        return APR_EINVAL;
    }
    *iso = apr_psprintf(pool, "%04d-%02d-%02d", year, month, day);
    return APR_SUCCESS;
}

apr_status_t mnv_civil_reaches(const char *iso, int age, apr_time_t *moment)
{
    int year, month, day;
    if (!read_date(iso, &year, &month, &day) || age < 0 || age > MNV_AGE_MAX) {
        return APR_EINVAL;
    }
    year += age;
    /* days_since_epoch() makes 29 February of a common year the day after the 28th: 1 March, as the law has it */
    *moment = apr_time_from_sec(days_since_epoch(year, month, day) * 86400) - MNV_JAPAN_OFFSET;
    return APR_SUCCESS;
}
