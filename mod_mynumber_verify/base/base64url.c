#include "base/base64url.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 0 to 63, or -1. By comparison, not by a table, so that decoding keys touches no memory that depends on them. */
static int value_of(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

char *mnv_base64url_encode(apr_pool_t *pool, const void *data, apr_size_t length)
{
    const unsigned char *in = data;
    char *text = apr_palloc(pool, length / 3 * 4 + 5);
    char *out = text;
    apr_size_t i = 0;
    for (; length - i >= 3; i += 3) {
        unsigned int bits = (unsigned int)in[i] << 16 | (unsigned int)in[i + 1] << 8 | in[i + 2];
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = alphabet[bits >> 6 & 63];
        *out++ = alphabet[bits & 63];
    }
    if (length - i == 1) {
        *out++ = alphabet[in[i] >> 2];
        *out++ = alphabet[(in[i] & 3) << 4];
    }
    else if (length - i == 2) {
        *out++ = alphabet[in[i] >> 2];
        *out++ = alphabet[(in[i] & 3) << 4 | in[i + 1] >> 4];
        *out++ = alphabet[(in[i + 1] & 15) << 2];
    }
    *out = '\0';
    return text;
}

apr_status_t mnv_base64url_decode(apr_pool_t *pool, const char *text, apr_size_t length, unsigned char **data, apr_size_t *data_length)
{
    if (text == NULL || length % 4 == 1) {
        return APR_EINVAL;
    }
    unsigned char *out = apr_palloc(pool, length / 4 * 3 + 3);
    apr_size_t count = 0;
    unsigned int bits = 0, held = 0; /* held: number of bits not yet written */
    for (apr_size_t i = 0; i < length; i++) {
        int value = value_of((unsigned char)text[i]);
        if (value < 0) {
            return APR_EINVAL;
        }
        bits = bits << 6 | (unsigned int)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[count++] = (unsigned char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    /* Two texts for the same bytes would let a used token pass as a new one. */
    if (bits != 0) {
        return APR_EINVAL;
    }
    out[count] = '\0';
    *data = out;
    *data_length = count;
    return APR_SUCCESS;
}

int mnv_base64url_is(const char *text, apr_size_t limit)
{
    apr_size_t i = 0;
    for (; text != NULL && text[i] != '\0'; i++) {
        if (i == limit || value_of((unsigned char)text[i]) < 0) {
            return 0;
        }
    }
    return i > 0;
}
