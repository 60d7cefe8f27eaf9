/* Cookies in and out (RFC 6265 bis), for hostile input: no "=", empty, 64 KB, hundreds, duplicates. */
#ifndef MNV_BASE_COOKIE_H
#define MNV_BASE_COOKIE_H

#include <apr_pools.h>
#include <apr_tables.h>

/** Find the one cookie of a name in a Cookie header without allocating. name is compared as bytes.
 * @param header may be NULL @param value not NUL-terminated, points into header @return 1 when found exactly once, 0 when absent, -1 when found twice or more */
int mnv_cookie_find(const char *header, const char *name, const char **value, apr_size_t *length);

/** Names that start with prefix, in the order they stand. @return const char * elements, at most limit. Pool: pool. */
apr_array_header_t *mnv_cookie_names(apr_pool_t *pool, const char *header, const char *prefix, int limit);

/** What is to be taken out of Cookie headers. */
typedef struct mnv_cookie_filter_t {
    const char *name;      /* of a cookie, or where all names to take out begin */
    apr_size_t length;
    int is_prefix;
} mnv_cookie_filter_t;

/** The header without the cookies that one of count filters names.
 * @return NULL when nothing remains; header itself when nothing was removed. Pool: pool. */
const char *mnv_cookie_strip(apr_pool_t *pool, const char *header, const mnv_cookie_filter_t *filters, int count);

/** A cookie to set. */
typedef struct mnv_cookie_t {
    const char *name, *value; /* value NULL or "": delete it */
    const char *path;
    int secure;               /* adds Secure */
    const char *same_site;    /* "Lax" or "None" */
    apr_interval_time_t lifetime; /* 0: until the browser closes */
} mnv_cookie_t;

/** The value of a Set-Cookie header; HttpOnly always. @return NULL when a part holds what cannot stand in a cookie (blank, control, ";", ",", quote). Pool: pool. */
char *mnv_cookie_print(apr_pool_t *pool, const mnv_cookie_t *cookie);

#endif
