#include "base/base64.h"

#include <string.h>
#include "base/base64url.h"

char *mnv_base64_encode(apr_pool_t *pool, const void *data, apr_size_t length)
{
    const char *plain = mnv_base64url_encode(pool, data, length);
    apr_size_t used = strlen(plain);
    char *text = apr_palloc(pool, used + 3);
    apr_size_t i;

    for (i = 0; i < used; i++) {
        text[i] = plain[i] == '-' ? '+' : plain[i] == '_' ? '/' : plain[i];
    }
    while (i % 4 != 0) {
        text[i++] = '=';
    }
    text[i] = '\0';
    return text;
}

apr_status_t mnv_base64_decode(apr_pool_t *pool, const char *text, apr_size_t length, unsigned char **data, apr_size_t *data_length)
{
    char *plain = apr_palloc(pool, length + 1);
    apr_size_t i, used = 0, padding = 0;

    for (i = 0; i < length; i++) {
        char c = text[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        if (c == '=') {
            padding++;
            continue;
        }
        if (padding > 0 || c == '-' || c == '_') {
            return APR_EINVAL;
        }
        plain[used++] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    if (padding > 2 || (used + padding) % 4 != 0) {
        return APR_EINVAL;
    }
    return mnv_base64url_decode(pool, plain, used, data, data_length);
}
