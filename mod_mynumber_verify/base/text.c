#include "base/text.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

int mnv_text_char(const char *text, apr_size_t length, apr_uint32_t *point)
{
    /* The second byte's range decides about overlong forms, surrogates and the upper end (Unicode 15, table 3-7). */
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf;
    apr_uint32_t value;
    int count;
    if (length == 0 || s[0] == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        count = 1;
        value = s[0];
    }
    else if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        count = 2;
        value = s[0] & 0x1f;
    }
    else if (s[0] >= 0xe0 && s[0] <= 0xef) {
        count = 3;
        value = s[0] & 0x0f;
        low = s[0] == 0xe0 ? 0xa0 : low;
        high = s[0] == 0xed ? 0x9f : high;
    }
    else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        count = 4;
        value = s[0] & 0x07;
        low = s[0] == 0xf0 ? 0x90 : low;
        high = s[0] == 0xf4 ? 0x8f : high;
    }
    else {
        return 0;
    }
    if (length < (apr_size_t)count) {
        return 0;
    }
    for (int i = 1; i < count; i++) {
        if (s[i] < low || s[i] > high) {
            return 0;
        }
        value = value << 6 | (s[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    if (point != NULL) {
        *point = value;
    }
    return count;
}

int mnv_text_is_utf8(const char *text, apr_size_t length)
{
    for (apr_size_t i = 0; i < length;) {
        int count = mnv_text_char(text + i, length - i, NULL);
        if (count == 0) {
            return 0;
        }
        i += (apr_size_t)count;
    }
    return 1;
}

int mnv_text_is_control(apr_uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029;
}

int mnv_text_has_control(const char *text)
{
    apr_size_t length = strlen(text);
    for (apr_size_t i = 0; i < length;) {
        apr_uint32_t point;
        int count = mnv_text_char(text + i, length - i, &point);
        /* what is not UTF-8 is not known to be free of controls */
        if (count == 0 || mnv_text_is_control(point)) {
            return 1;
        }
        i += (apr_size_t)count;
    }
    return 0;
}

int mnv_text_is_token(const char *text, apr_size_t limit)
{
    apr_size_t i = 0;
    for (; text != NULL && text[i] != '\0'; i++) {
        if (i == limit || text[i] < 0x21 || text[i] > 0x7e) {
            return 0;
        }
    }
    return i > 0;
}

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

const char *mnv_text_html(apr_pool_t *pool, const char *text)
{
    apr_size_t length = 0;
    for (const char *c = text; *c != '\0'; c++) {
        const char *entity = html_entity(*c);
        length += entity != NULL ? strlen(entity) : 1;
    }
    char *html = apr_palloc(pool, length + 1), *out = html;
    for (const char *c = text; *c != '\0'; c++) {
        const char *entity = html_entity(*c);
        if (entity != NULL) {
            out = apr_cpystrn(out, entity, strlen(entity) + 1);
        }
        else {
            *out++ = *c;
        }
    }
    *out = '\0';
    return html;
}

const char *mnv_text_percent(apr_pool_t *pool, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    apr_size_t length = strlen(text);
    char *encoded = apr_palloc(pool, length * 3 + 1), *out = encoded;
    apr_size_t first = strspn(text, " "), last = length;
    while (last > first && text[last - 1] == ' ') {
        last--;
    }
    for (apr_size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c > 0x20 && c < 0x7f && c != '%') {
            *out++ = (char)c;
        }
        else if (c == ' ' && i >= first && i < last) {
            *out++ = ' ';
        }
        else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    *out = '\0';
    return encoded;
}

const char *mnv_text_join(apr_pool_t *pool, const apr_array_header_t *values)
{
    apr_size_t length = 1;
    for (int i = 0; i < values->nelts; i++) {
        length += 2 * strlen(APR_ARRAY_IDX(values, i, const char *)) + 1;
    }
    char *joined = apr_palloc(pool, length), *out = joined;
    for (int i = 0; i < values->nelts; i++) {
        if (i > 0) {
            *out++ = ';';
        }
        for (const char *c = APR_ARRAY_IDX(values, i, const char *); *c != '\0'; c++) {
            if (*c == ';' || *c == '\\') {
                *out++ = '\\';
            }
            *out++ = *c;
        }
    }
    *out = '\0';
    return joined;
}

apr_array_header_t *mnv_text_split(apr_pool_t *pool, const char *joined)
{
    apr_array_header_t *values = apr_array_make(pool, 4, sizeof(const char *));
    char *out = apr_palloc(pool, strlen(joined) + 1);

    APR_ARRAY_PUSH(values, const char *) = out;
    for (; *joined; joined++) {
        if (*joined == ';') {
            *out++ = '\0';
            APR_ARRAY_PUSH(values, const char *) = out;
            continue;
        }
        if (*joined == '\\' && joined[1]) {
            joined++;
        }
        *out++ = *joined;
    }
    *out = '\0';
    return values;
}
