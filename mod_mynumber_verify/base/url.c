#include "base/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define MNV_HOST_LIMIT_BYTES 253

/* A host whose last label is a number is an IPv4 address to browsers, in forms like "0x7f.1" and "2130706433" as well (WHATWG URL,
 * "ends in a number checker"). Only the plain dotted form is let through. */
static int is_odd_ipv4(const char *host)
{
    struct in_addr address;
    const char *dot = strrchr(host, '.'), *last = dot != NULL ? dot + 1 : host;
    int is_number = last[strspn(last, "0123456789")] == '\0' || (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'));
    return is_number && inet_pton(AF_INET, host, &address) != 1;
}

static int is_host(const char *host)
{
    if (host[0] == '[') {
        struct in6_addr address;
        char inside[INET6_ADDRSTRLEN];
        apr_size_t length = strlen(host);
        if (length < 4 || host[length - 1] != ']' || length - 2 >= sizeof(inside)) {
            return 0;
        }
        apr_cpystrn(inside, host + 1, length - 1);
        return inet_pton(AF_INET6, inside, &address) == 1;
    }
    if (host[0] == '\0' || host[0] == '.' || strlen(host) > MNV_HOST_LIMIT_BYTES || strstr(host, "..") != NULL) {
        return 0;
    }
    for (const char *c = host; *c != '\0'; c++) {
        if (!apr_islower(*c) && !apr_isdigit(*c) && *c != '-' && *c != '.' && *c != '_') {
            return 0;
        }
    }
    return !is_odd_ipv4(host);
}

/* Digits behind ":" up to end. @return 0 when that is no port */
static int read_port(const char *text, const char *end)
{
    int port = 0;
    if (text == end || end - text > 5) {
        return 0;
    }
    for (; text < end; text++) {
        if (!apr_isdigit(*text)) {
            return 0;
        }
        port = port * 10 + (*text - '0');
    }
    return port <= 65535 ? port : 0;
}

/* Printable ASCII without "\", which browsers take for "/", and "#". */
static int is_clean(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x21 || *text > 0x7e || *text == '\\' || *text == '#') {
            return 0;
        }
    }
    return 1;
}

apr_status_t mnv_url_parse(apr_pool_t *pool, const char *text, mnv_url_t **url)
{
    mnv_url_t *made = apr_pcalloc(pool, sizeof(*made));
    int default_port;
    if (text == NULL || !is_clean(text)) {
        return APR_EINVAL;
    }
    if (strncasecmp(text, "https://", 8) == 0) {
        made->scheme = "https";
        default_port = 443;
        text += 8;
    }
    else if (strncasecmp(text, "http://", 7) == 0) {
        made->scheme = "http";
        default_port = 80;
        text += 7;
    }
    else {
        return APR_EINVAL;
    }
    const char *end = text + strcspn(text, "/?"), *host_end = text[0] == '[' ? memchr(text, ']', (apr_size_t)(end - text)) : NULL;
    host_end = host_end != NULL ? host_end + 1 : text + strcspn(text, ":/?");
    char *host = apr_pstrmemdup(pool, text, (apr_size_t)(host_end - text));
    for (char *c = host; *c != '\0'; c++) {
        *c = (char)apr_tolower(*c);
    }
    made->port = host_end == end ? default_port : *host_end == ':' ? read_port(host_end + 1, end) : 0;
    if (!is_host(host) || made->port == 0) {
        return APR_EINVAL;
    }
    apr_size_t path_length = strcspn(end, "?");
    made->host = host;
    made->path = path_length > 0 ? apr_pstrmemdup(pool, end, path_length) : "/";
    made->query = end[path_length] == '?' ? apr_pstrdup(pool, end + path_length + 1) : NULL;
    made->origin = made->port == default_port ? apr_pstrcat(pool, made->scheme, "://", host, NULL)
                                              : apr_psprintf(pool, "%s://%s:%d", made->scheme, host, made->port);
    *url = made;
    return APR_SUCCESS;
}

int mnv_url_is_loopback(const mnv_url_t *url)
{
    struct in_addr address;
    if (inet_pton(AF_INET, url->host, &address) == 1) {
        return ntohl(address.s_addr) >> 24 == 127;
    }
    return strcmp(url->host, "localhost") == 0 || strcmp(url->host, "[::1]") == 0;
}

char *mnv_url_encode(apr_pool_t *pool, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(pool, 3 * strlen(value) + 1), *out = encoded;
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if (apr_isascii(c) && (apr_isalnum(c) || strchr("-._~", c) != NULL)) {
            *out++ = (char)c;
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

char *mnv_url_add(apr_pool_t *pool, const char *url, const char *name, const char *value)
{
    apr_size_t length = strcspn(url, "#");
    const char *question = memchr(url, '?', length);
    const char *separator = question == NULL ? "?" : url[length - 1] == '?' || url[length - 1] == '&' ? "" : "&";
    return apr_pstrcat(pool, apr_pstrmemdup(pool, url, length), separator, mnv_url_encode(pool, name), "=", mnv_url_encode(pool, value),
                       url + length, NULL);
}
