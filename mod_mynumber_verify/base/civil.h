/* Calendar: RFC 3339 times and ages by Japan's law. No local time anywhere. */
#ifndef MNV_BASE_CIVIL_H
#define MNV_BASE_CIVIL_H

#include <apr_pools.h>
#include <apr_time.h>
#include <apr_errno.h>

/** "2026-11-24T08:00:00Z" in UTC, whole seconds. Pool: pool. */
const char *mnv_civil_rfc3339(apr_pool_t *pool, apr_time_t at);

/** Read an xs:dateTime in UTC ("2026-11-24T08:00:00.123Z", "+00:00" is as good as "Z"), years 2000 to 2199; fractions count to the microsecond.
 * @return APR_SUCCESS or APR_EINVAL */
apr_status_t mnv_civil_utc(const char *text, apr_time_t *at);

/** Date and time for people in Japan's zone, "2026-11-24 17:00". Pool: pool. */
const char *mnv_civil_japan(apr_pool_t *pool, apr_time_t at);

/** Check a date of birth "YYYY-MM-DD" or "YYYYMMDD" (a real Gregorian day, 1850 to today in Japan). @param iso "YYYY-MM-DD"
 * @return APR_SUCCESS or APR_EINVAL. Pool: pool. */
apr_status_t mnv_civil_birthdate(apr_pool_t *pool, const char *text, apr_time_t now, const char **iso);

/** The moment at which someone born on iso reaches age years: 0:00 in Japan on the birthday; 29 February: 1 March in common years.
 * (年齢計算ニ関スル法律: reached at the end of the day before the birthday.) @return APR_SUCCESS or APR_EINVAL */
apr_status_t mnv_civil_reaches(const char *iso, int age, apr_time_t *moment);

#endif
