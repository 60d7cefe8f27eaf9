/* Raw DEFLATE (RFC 1951), as the redirect binding packs its messages (saml-bindings 3.4.4.1), by zlib. */
#ifndef MNV_LIB_DEFLATE_H
#define MNV_LIB_DEFLATE_H

#include <apr_errno.h>
#include <apr_pools.h>

/** Pack. @return APR_SUCCESS or APR_EGENERAL. Pool: pool. */
apr_status_t mnv_deflate(apr_pool_t *pool, const char *text, apr_size_t length, unsigned char **packed, apr_size_t *packed_length);

/** Unpack at most limit_bytes; not one byte more is ever made, however small the packed form.
 * @return APR_SUCCESS, APR_ENOSPC when there is more, APR_EINVAL when it is no whole DEFLATE stream or something follows it. Text is NUL-terminated. Pool: pool. */
apr_status_t mnv_inflate(apr_pool_t *pool, const unsigned char *packed, apr_size_t packed_length, apr_size_t limit_bytes, char **text, apr_size_t *length);

#endif
