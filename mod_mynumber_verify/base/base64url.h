/* base64url without padding (RFC 4648 section 5), strict: what does not encode back to itself is refused. */
#ifndef MNV_BASE_BASE64URL_H
#define MNV_BASE_BASE64URL_H

#include <apr_pools.h>
#include <apr_errno.h>

/** Encode. @return NUL-terminated text. Pool: pool. */
char *mnv_base64url_encode(apr_pool_t *pool, const void *data, apr_size_t length);

/** Decode length characters of text. Refused: other characters, padding, length % 4 == 1, non-zero unused bits.
 * @param data allocated in pool with one NUL behind (not counted) @return APR_SUCCESS or APR_EINVAL, outputs then untouched */
apr_status_t mnv_base64url_decode(apr_pool_t *pool, const char *text, apr_size_t length, unsigned char **data, apr_size_t *data_length);

/** Is text 1 to limit characters of the base64url alphabet and nothing else? */
int mnv_base64url_is(const char *text, apr_size_t limit);

#endif
