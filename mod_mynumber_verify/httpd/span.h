/* Spans of time as directives write them. */
#ifndef MNV_HTTPD_SPAN_H
#define MNV_HTTPD_SPAN_H

#include <apr_pools.h>
#include <apr_time.h>

/** At most 9 digits and a unit (d h min s ms), seconds where there is none. @return 1, or 0 when text is nothing of that kind */
int mod_mnv_span_parse(const char *text, apr_interval_time_t *span);

/** The text of a span in the largest unit that fits: "8h", "500ms". Pool: pool. */
const char *mod_mnv_span_print(apr_pool_t *pool, apr_interval_time_t span);

#endif
