#include "base/cookie.h"

#include <string.h>
#include <apr_strings.h>

/* One entry of a Cookie header: points into it. */
typedef struct {
    const char *start; /* first byte that is no blank */
    const char *name;
    apr_size_t name_length;
    const char *value; /* NULL: there was no "=" */
    apr_size_t value_length;
    const char *end;   /* behind the last byte that is no blank */
} entry_t;

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cut [*start, *end) at both sides. */
static void trim(const char **start, const char **end)
{
    while (*start < *end && is_blank(**start)) {
        (*start)++;
    }
    while (*end > *start && is_blank((*end)[-1])) {
        (*end)--;
    }
}

/* The next entry that is not empty. @param rest where to go on @return 0 at the end */
static int next(const char **rest, entry_t *entry)
{
    while (**rest != '\0') {
        const char *start = *rest, *end = start + strcspn(start, ";");
        *rest = *end == ';' ? end + 1 : end;
        trim(&start, &end);
        if (start == end) {
            continue;
        }
        const char *equal = memchr(start, '=', (apr_size_t)(end - start));
        const char *name_end = equal != NULL ? equal : end;
        entry->start = entry->name = start;
        entry->end = end;
        trim(&entry->name, &name_end);
        entry->name_length = (apr_size_t)(name_end - entry->name);
        entry->value = NULL;
        entry->value_length = 0;
        if (equal != NULL) {
            entry->value = equal + 1;
            trim(&entry->value, &end);
            entry->value_length = (apr_size_t)(end - entry->value);
        }
        return 1;
    }
    return 0;
}

static int is_named(const entry_t *entry, const char *name)
{
    return entry->name_length == strlen(name) && memcmp(entry->name, name, entry->name_length) == 0;
}

static int begins_with(const entry_t *entry, const char *prefix, apr_size_t length)
{
    return entry->name_length >= length && memcmp(entry->name, prefix, length) == 0;
}

int mnv_cookie_find(const char *header, const char *name, const char **value, apr_size_t *length)
{
    entry_t entry, found = { 0 };
    int count = 0;
    while (header != NULL && count < 2 && next(&header, &entry)) {
        if (entry.value != NULL && is_named(&entry, name)) {
            found = entry;
            count++;
        }
    }
    /* Which of two a browser sends first is up to whoever planted the second (a sibling host, a longer path): neither is believed. */
    if (count != 1) {
        return count == 0 ? 0 : -1;
    }
    *value = found.value;
    *length = found.value_length;
    return 1;
}

apr_array_header_t *mnv_cookie_names(apr_pool_t *pool, const char *header, const char *prefix, int limit)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));
    entry_t entry;
    while (header != NULL && names->nelts < limit && next(&header, &entry)) {
        if (entry.value != NULL && begins_with(&entry, prefix, strlen(prefix))) {
            APR_ARRAY_PUSH(names, const char *) = apr_pstrmemdup(pool, entry.name, entry.name_length);
        }
    }
    return names;
}

/* An entry without "=" counts as well: some frameworks read it as a name. */
static int is_unwanted(const entry_t *entry, const apr_array_header_t *names)
{
    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        apr_size_t length = strlen(name);
        if (length > 0 && name[length - 1] == '*' ? begins_with(entry, name, length - 1) : is_named(entry, name)) {
            return 1;
        }
    }
    return 0;
}

/* Does an unwanted cookie begin here? */
static int begins_unwanted(const char *at, const apr_array_header_t *names)
{
    entry_t entry = { 0 };
    return next(&at, &entry) && is_unwanted(&entry, names);
}

/* httpd makes one of two Cookie headers, with ", " between them. What stands behind such a comma is never believed (it may be another cookie's value), but an unwanted cookie is none
 * the less to go there, and one in front of it ends there. */
static const char *part_joined(apr_pool_t *pool, const char *header, const apr_array_header_t *names)
{
    const char *piece = header, *at = header;
    char *parted = NULL;
    if (strchr(header, ',') == NULL) {
        return header;
    }
    for (at += strcspn(at, ",;"); *at != '\0'; at += 1 + strcspn(at + 1, ",;")) {
        int is_joint = *at == ',' && is_blank(at[1]);
        if (is_joint && (begins_unwanted(piece, names) || begins_unwanted(at + 1, names))) {
            parted = parted != NULL ? parted : apr_pstrdup(pool, header);
            parted[at - header] = ';';
        }
        if (is_joint || *at == ';') {
            piece = at + 1;
        }
    }
    return parted != NULL ? parted : header;
}

const char *mnv_cookie_strip(apr_pool_t *pool, const char *header, const apr_array_header_t *names)
{
    entry_t entry;
    int removed = 0;
    if (header == NULL) {
        return NULL;
    }
    header = part_joined(pool, header, names);
    for (const char *rest = header; !removed && next(&rest, &entry);) {
        removed = is_unwanted(&entry, names);
    }
    if (!removed) {
        return header;
    }
    /* "; " may be longer than the separator that stood there, by one byte an entry */
    char *kept = apr_palloc(pool, 2 * strlen(header) + 1), *out = kept;
    for (const char *rest = header; next(&rest, &entry);) {
        if (!is_unwanted(&entry, names)) {
            if (out > kept) {
                *out++ = ';';
                *out++ = ' ';
            }
            memcpy(out, entry.start, (apr_size_t)(entry.end - entry.start));
            out += entry.end - entry.start;
        }
    }
    *out = '\0';
    return out > kept ? kept : NULL;
}

/* Printable ASCII that ends no attribute and starts no header (RFC 6265 4.1.1). */
static int is_safe(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x21 || *text > 0x7e || strchr(";,\"\\", *text) != NULL) {
            return 0;
        }
    }
    return 1;
}

char *mnv_cookie_print(apr_pool_t *pool, const mnv_cookie_t *cookie)
{
    const char *value = cookie->value != NULL ? cookie->value : "", *age = "";
    if (!is_safe(cookie->name) || !is_safe(value) || !is_safe(cookie->path) || !is_safe(cookie->same_site)) {
        return NULL;
    }
    if (value[0] == '\0') {
        age = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    }
    else if (cookie->lifetime > 0) {
        age = apr_psprintf(pool, "; Max-Age=%" APR_TIME_T_FMT, apr_time_sec(cookie->lifetime + APR_USEC_PER_SEC - 1));
    }
    return apr_psprintf(pool, "%s=%s; Path=%s%s%s; HttpOnly; SameSite=%s", cookie->name, value, cookie->path, age,
                        cookie->secure ? "; Secure" : "", cookie->same_site);
}
