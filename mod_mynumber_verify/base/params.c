#include "base/url.h"

#include <string.h>
#include "base/text.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* @return NULL for bad percent-encoding, NUL or broken UTF-8 */
static char *decode(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *decoded = apr_palloc(pool, length + 1), *out = decoded;
    for (apr_size_t i = 0; i < length; i++) {
        if (text[i] == '+') {
            *out++ = ' ';
        }
        else if (text[i] != '%') {
            *out++ = text[i];
        }
        else {
            int high = length - i > 2 ? hex_value(text[i + 1]) : -1, low = length - i > 2 ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            *out++ = (char)(high << 4 | low);
            i += 2;
        }
    }
    *out = '\0';
    return mnv_text_is_utf8(decoded, (apr_size_t)(out - decoded)) ? decoded : NULL;
}

apr_status_t mnv_params_parse(apr_pool_t *pool, const char *text, apr_size_t length, int limit_pairs, mnv_params_t **params)
{
    mnv_params_t *made = apr_palloc(pool, sizeof(*made));
    const char *end = text != NULL ? text + length : NULL;
    int pairs = 0;
    made->values = apr_table_make(pool, 8);
    while (text != NULL && text < end) {
        const char *stop = memchr(text, '&', (apr_size_t)(end - text));
        stop = stop != NULL ? stop : end;
        if (stop > text) {
            const char *equal = memchr(text, '=', (apr_size_t)(stop - text));
            const char *name_end = equal != NULL ? equal : stop, *value_start = equal != NULL ? equal + 1 : stop;
            char *name = decode(pool, text, (apr_size_t)(name_end - text)), *value = decode(pool, value_start, (apr_size_t)(stop - value_start));
            if (++pairs > limit_pairs || name == NULL || value == NULL) {
                return APR_EINVAL;
            }
            apr_table_addn(made->values, name, value);
        }
        text = stop < end ? stop + 1 : end;
    }
    *params = made;
    return APR_SUCCESS;
}

apr_status_t mnv_params_one(const mnv_params_t *params, const char *name, const char **value)
{
    /* by bytes: apr_table_get() would take "State" for "state" */
    const apr_array_header_t *pairs = apr_table_elts(params->values);
    const char *found = NULL;
    for (int i = 0; i < pairs->nelts; i++) {
        const apr_table_entry_t *pair = &APR_ARRAY_IDX(pairs, i, apr_table_entry_t);
        if (strcmp(pair->key, name) == 0) {
            if (found != NULL) {
                return APR_EINVAL;
            }
            found = pair->val;
        }
    }
    *value = found;
    return APR_SUCCESS;
}
