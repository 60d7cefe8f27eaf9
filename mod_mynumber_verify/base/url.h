/* URLs, queries and forms. The only place that decides whether a return URL may be followed. */
#ifndef MNV_BASE_URL_H
#define MNV_BASE_URL_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_errno.h>

/** An absolute http or https URL in parts, as checked by mnv_url_parse(). */
typedef struct mnv_url_t {
    const char *scheme; /* "https" or "http", lower case */
    const char *host;   /* lower case, IPv6 with brackets */
    int port;           /* always set, 443 or 80 by default */
    const char *path;   /* starts with "/" ("" becomes "/") */
    const char *query;  /* without "?", NULL: none */
    const char *origin; /* "https://host" with ":port" unless default */
} mnv_url_t;

/** Parse an absolute http(s) URL strictly: no userinfo, no fragment, no blank or control or non-ASCII or backslash, host non-empty, port 1-65535.
 * @return APR_SUCCESS or APR_EINVAL. Pool: pool. */
apr_status_t mnv_url_parse(apr_pool_t *pool, const char *text, mnv_url_t **url);

/** Is the host this machine (127.0.0.0/8, [::1], localhost)? Only then is http: tolerated for providers. */
int mnv_url_is_loopback(const mnv_url_t *url);

/** Percent-encode a value for a query or form (RFC 3986 unreserved stay, the rest becomes %XX). Pool: pool. */
char *mnv_url_encode(apr_pool_t *pool, const char *value);

/** Append name=value to a URL that may have a query already ("?" or "&" chosen). Pool: pool. */
char *mnv_url_add(apr_pool_t *pool, const char *url, const char *name, const char *value);

/** A parsed query or form: values by name, in order; names and values decoded, UTF-8 checked, no NUL. */
typedef struct mnv_params_t {
    apr_table_t *values; /* every pair, duplicates kept */
} mnv_params_t;

/** Parse application/x-www-form-urlencoded text (NULL counts as empty).
 * @param limit_pairs more pairs are refused @return APR_SUCCESS, or APR_EINVAL for bad percent-encoding, NUL, broken UTF-8, too many pairs. Pool: pool. */
apr_status_t mnv_params_parse(apr_pool_t *pool, const char *text, apr_size_t length, int limit_pairs, mnv_params_t **params);

/** The one value of a name. @return APR_SUCCESS (*value NULL when absent), or APR_EINVAL when the name occurs twice (RFC 6749 section 3.1) */
apr_status_t mnv_params_one(const mnv_params_t *params, const char *name, const char **value);

/** Judge a place to return to, by the rules browsers use (WHATWG URL): a same-origin path "/…", or an absolute URL whose origin is base_url's or one of allow.
 * Refused: what a browser would take for another origin ("//x", "/\x", "\t/", "http:x", userinfo, …), control characters, blanks, non-ASCII bytes, fragments with line breaks, more than limit_bytes.
 * @param allow const char * elements: further origins, may be NULL @param place the checked URL, same-origin ones as a path
 * @return APR_SUCCESS, or APR_EACCES. Pool: pool. */
apr_status_t mnv_url_return(apr_pool_t *pool, const char *text, const char *base_url, const apr_array_header_t *allow, apr_size_t limit_bytes, const char **place);

#endif
