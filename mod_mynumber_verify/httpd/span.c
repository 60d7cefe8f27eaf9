#include "httpd/span.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

static const struct {
    const char *name;
    apr_interval_time_t length;
} units[] = { { "d", APR_USEC_PER_SEC * 86400 },
              { "h", APR_USEC_PER_SEC * 3600 },
              { "min", APR_USEC_PER_SEC * 60 },
              { "s", APR_USEC_PER_SEC },
              { "ms", 1000 } };

/* Not ap_timeout_parameter_parse(): it knows no days and takes "10seconds" and "5mix". */
int mod_mnv_span_parse(const char *text, apr_interval_time_t *span)
{
    apr_int64_t number = 0;
    apr_interval_time_t unit = APR_USEC_PER_SEC;
    apr_size_t i;
    int digits;

    for (digits = 0; apr_isdigit(text[digits]); digits++) {
        if (digits == 9) {
            return 0;
        }
        number = number * 10 + (text[digits] - '0');
    }
    if (!digits) {
        return 0;
    }
    if (text[digits]) {
        for (i = 0; i < sizeof(units) / sizeof(*units) && strcasecmp(text + digits, units[i].name); i++) {
        }
        if (i == sizeof(units) / sizeof(*units)) {
            return 0;
        }
        unit = units[i].length;
    }
    /* at most 10^9 days: fits */
    if (number > APR_INT64_MAX / unit) {
        return 0;
    }
    *span = number * unit;
    return 1;
}

const char *mod_mnv_span_print(apr_pool_t *pool, apr_interval_time_t span)
{
    apr_size_t i = 0;

    while (i + 1 < sizeof(units) / sizeof(*units) && span % units[i].length) {
        i++;
    }
    return span ? apr_psprintf(pool, "%" APR_INT64_T_FMT "%s", (apr_int64_t)(span / units[i].length), units[i].name) : "0s";
}
