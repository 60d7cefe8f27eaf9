/* Where a browser may be sent after a flow.
 *
 * The judgement is made on the bytes that go into the Location header, with what browsers do to them in mind (WHATWG URL): tab, CR and LF
 * are dropped, leading controls and blanks are skipped, "\" is "/", "http:x" and "https:/x" are absolute, "." and ".." segments – written
 * "%2e" too – vanish and may leave "//" at the front. What would need any of these steps is refused, never repaired. */
#include "base/url.h"

#include <string.h>
#include <apr_strings.h>

/* Printable ASCII without "\": nothing a browser drops, skips or turns. */
static int is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x21 || *text > 0x7e || *text == '\\') {
            return 0;
        }
    }
    return 1;
}

static int hex_is(const char *text, apr_size_t length, const char *code)
{
    return length >= 3 && strncasecmp(text, code, 3) == 0;
}

/* How many dots is a segment, written plainly or as %2e? @return 1, 2, or 0: it is no dot segment */
static int count_dots(const char *segment, apr_size_t length)
{
    int dots = 0;
    while (length > 0 && dots < 3) {
        apr_size_t width = segment[0] == '.' ? 1 : hex_is(segment, length, "%2e") ? 3 : 0;
        if (width == 0) {
            return 0;
        }
        segment += width;
        length -= width;
        dots++;
    }
    return dots < 3 ? dots : 0;
}

/* %00 to %1f and %7f: in a path they only serve to fool whatever decodes it. */
static int has_encoded_control(const char *path, apr_size_t length)
{
    for (apr_size_t i = 0; i + 2 < length; i++) {
        if (path[i] == '%' && (((path[i + 1] == '0' || path[i + 1] == '1') && strchr("0123456789abcdefABCDEF", path[i + 2]) != NULL)
                               || hex_is(path + i, length - i, "%7f"))) {
            return 1;
        }
    }
    return 0;
}

/* Does a path begin with "//" after its dot segments are gone? Only the segment that ends up first matters. */
static int hides_host(apr_pool_t *pool, const char *path, apr_size_t length)
{
    /* the starts of the segments that are left, a stack */
    apr_array_header_t *segments = apr_array_make(pool, 16, sizeof(const char *));
    const char *end = path + length, *start = path;
    while (start < end) {
        const char *segment = start + 1;
        const char *stop = memchr(segment, '/', (apr_size_t)(end - segment));
        stop = stop != NULL ? stop : end;
        int dots = count_dots(segment, (apr_size_t)(stop - segment));
        if (dots == 2) {
            (void)apr_array_pop(segments);
        }
        if (dots == 0) {
            APR_ARRAY_PUSH(segments, const char *) = segment;
        }
        start = stop;
    }
    if (segments->nelts == 0) {
        return 0;
    }
    const char *first = APR_ARRAY_IDX(segments, 0, const char *);
    return first < end && first[0] == '/';
}

/* A path that stays on its origin, as it is and after a proxy or an application decoded its slashes ("/%2fevil", "/x/..%5c/evil"). */
static int is_safe_path(apr_pool_t *pool, const char *path)
{
    apr_size_t length = strcspn(path, "?#"), decoded_length = 0;
    char *decoded = apr_palloc(pool, length + 1);
    if (path[0] != '/' || has_encoded_control(path, length) || hides_host(pool, path, length)) {
        return 0;
    }
    for (apr_size_t i = 0; i < length; i++) {
        int is_slash = hex_is(path + i, length - i, "%2f") || hex_is(path + i, length - i, "%5c");
        decoded[decoded_length++] = is_slash ? '/' : path[i];
        i += is_slash ? 2 : 0;
    }
    return !hides_host(pool, decoded, decoded_length);
}

static int is_allowed(apr_pool_t *pool, const char *origin, const apr_array_header_t *allow)
{
    mnv_url_t *allowed;
    for (int i = 0; allow != NULL && i < allow->nelts; i++) {
        if (mnv_url_parse(pool, APR_ARRAY_IDX(allow, i, const char *), &allowed) == APR_SUCCESS && strcmp(origin, allowed->origin) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t mnv_url_return(apr_pool_t *pool, const char *text, const char *base_url, const apr_array_header_t *allow, apr_size_t limit_bytes,
                            const char **place)
{
    mnv_url_t *url, *base;
    if (text == NULL || strnlen(text, limit_bytes + 1) > limit_bytes || !is_plain(text)) {
        return APR_EACCES;
    }
    if (text[0] == '/') {
        if (!is_safe_path(pool, text)) {
            return APR_EACCES;
        }
        *place = apr_pstrdup(pool, text);
        return APR_SUCCESS;
    }
    /* Absolute: compared by origin, then put together anew from its parts, so that what was compared is what is sent. */
    apr_size_t length = strcspn(text, "#");
    if (mnv_url_parse(pool, apr_pstrmemdup(pool, text, length), &url) != APR_SUCCESS
        || mnv_url_parse(pool, base_url, &base) != APR_SUCCESS || !is_safe_path(pool, url->path)) {
        return APR_EACCES;
    }
    int is_same = strcmp(url->origin, base->origin) == 0;
    if (!is_same && !is_allowed(pool, url->origin, allow)) {
        return APR_EACCES;
    }
    *place = apr_pstrcat(pool, is_same ? "" : url->origin, url->path, url->query != NULL ? "?" : "", url->query != NULL ? url->query : "",
                         text + length, NULL);
    return APR_SUCCESS;
}
