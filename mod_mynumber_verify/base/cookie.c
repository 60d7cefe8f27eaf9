#include "base/cookie.h"

#include <string.h>
#include <apr_strings.h>

/* A Cookie header is read on every request: an entry costs a comparison of its first letter and a strchr() to the next one. */

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

/* Start of the entry at or behind text that is not empty. @return NULL at the end */
static const char *first_entry(const char *text)
{
    text = skip_blanks(text);
    while (*text == ';') {
        text = skip_blanks(text + 1);
    }
    return *text != '\0' ? text : NULL;
}

/* @return NULL at the end */
static const char *next_entry(const char *entry)
{
    const char *semicolon = strchr(entry, ';');
    return semicolon != NULL ? first_entry(semicolon) : NULL;
}

/* Behind the last byte of an entry that is no blank. */
static const char *entry_end(const char *entry)
{
    const char *end = entry + strcspn(entry, ";");
    while (end > entry && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return end;
}

/* Not strncmp(), whose call costs more than the few letters that are compared. */
static int begins_with(const char *entry, const char *name)
{
    while (*name != '\0' && *entry == *name) {
        entry++;
        name++;
    }
    return *name == '\0';
}

/* @return what follows a name of length letters and blanks ("=", ";" or the end), NULL when the name goes on */
static const char *behind_name(const char *entry, apr_size_t length)
{
    entry = skip_blanks(entry + length);
    return *entry == '=' || *entry == ';' || *entry == '\0' ? entry : NULL;
}

int mnv_cookie_find(const char *header, const char *name, const char **value, apr_size_t *length)
{
    const char *entry = header != NULL ? first_entry(header) : NULL, *found = NULL;
    apr_size_t name_length = strlen(name);
    for (; entry != NULL; entry = next_entry(entry)) {
        const char *behind = begins_with(entry, name) ? behind_name(entry, name_length) : NULL;
        if (behind != NULL && *behind == '=') {
            /* Which of two a browser sends first is up to whoever planted the second (a sibling host, a longer path): neither is believed. */
            if (found != NULL) {
                return -1;
            }
            found = skip_blanks(behind + 1);
        }
    }
    if (found == NULL) {
        return 0;
    }
    *value = found;
    *length = (apr_size_t)(entry_end(found) - found);
    return 1;
}

apr_array_header_t *mnv_cookie_names(apr_pool_t *pool, const char *header, const char *prefix, int limit)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));
    const char *entry = header != NULL ? first_entry(header) : NULL;
    for (; entry != NULL && names->nelts < limit; entry = next_entry(entry)) {
        apr_size_t length = strcspn(entry, "=;");
        if (entry[length] == '=' && strncmp(entry, prefix, strlen(prefix)) == 0) {
            while (length > 0 && (entry[length - 1] == ' ' || entry[length - 1] == '\t')) {
                length--;
            }
            APR_ARRAY_PUSH(names, const char *) = apr_pstrmemdup(pool, entry, length);
        }
    }
    return names;
}

/* An entry without "=" counts as well: some frameworks read it as a name. */
static int is_unwanted(const char *entry, const mnv_cookie_filter_t *filters, int count)
{
    const mnv_cookie_filter_t *end = filters + count;
    for (; filters < end; filters++) {
        if (begins_with(entry, filters->name) && (filters->is_prefix || behind_name(entry, filters->length) != NULL)) {
            return 1;
        }
    }
    return 0;
}

/* Does an unwanted cookie begin here? */
static int begins_unwanted(const char *at, const mnv_cookie_filter_t *filters, int count)
{
    const char *entry = first_entry(at);
    return entry != NULL && is_unwanted(entry, filters, count);
}

/* httpd makes one of two Cookie headers, with ", " between them. What stands behind such a comma is never believed (it may be another cookie's value), but an unwanted cookie is none
 * the less to go there, and one in front of it ends there. */
static const char *part_joined(apr_pool_t *pool, const char *header, const mnv_cookie_filter_t *filters, int count)
{
    const char *piece = header, *at = header;
    char *parted = NULL;
    if (strchr(header, ',') == NULL) {
        return header;
    }
    for (at += strcspn(at, ",;"); *at != '\0'; at += 1 + strcspn(at + 1, ",;")) {
        int is_joint = *at == ',' && (at[1] == ' ' || at[1] == '\t');
        if (is_joint && (begins_unwanted(piece, filters, count) || begins_unwanted(at + 1, filters, count))) {
            parted = parted != NULL ? parted : apr_pstrdup(pool, header);
            parted[at - header] = ';';
        }
        if (is_joint || *at == ';') {
            piece = at + 1;
        }
    }
    return parted != NULL ? parted : header;
}

const char *mnv_cookie_strip(apr_pool_t *pool, const char *header, const mnv_cookie_filter_t *filters, int count)
{
    const char *first, *entry;
    char *kept, *out;
    if (header == NULL) {
        return NULL;
    }
    header = part_joined(pool, header, filters, count);
    first = entry = first_entry(header);
    while (entry != NULL && !is_unwanted(entry, filters, count)) {
        entry = next_entry(entry);
    }
    if (entry == NULL) {
        return header;
    }
    entry = entry == first ? next_entry(first) : first;
    while (entry != NULL && is_unwanted(entry, filters, count)) {
        entry = next_entry(entry);
    }
    if (entry == NULL) {
        return NULL;
    }
    /* "; " may be longer than the separator that stood there, by one byte an entry */
    kept = out = apr_palloc(pool, 2 * strlen(entry) + 1);
    for (; entry != NULL; entry = next_entry(entry)) {
        if (!is_unwanted(entry, filters, count)) {
            apr_size_t length = (apr_size_t)(entry_end(entry) - entry);
            if (out > kept) {
                *out++ = ';';
                *out++ = ' ';
            }
            memcpy(out, entry, length);
            out += length;
        }
    }
    *out = '\0';
    return kept;
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
