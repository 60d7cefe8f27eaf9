/* base64 with padding (RFC 4648 section 4), as XML and SAML have it: blanks and line breaks may stand anywhere, all else is strict. */
#ifndef MNV_BASE_BASE64_H
#define MNV_BASE_BASE64_H

#include <apr_pools.h>
#include <apr_errno.h>

/** Encode, in one line. @return NUL-terminated text. Pool: pool. */
char *mnv_base64_encode(apr_pool_t *pool, const void *data, apr_size_t length);

/** Decode length characters of text. Refused: other characters, padding that is missing or too much, non-zero unused bits.
 * @param data allocated in pool with one NUL behind (not counted) @return APR_SUCCESS or APR_EINVAL, outputs then untouched */
apr_status_t mnv_base64_decode(apr_pool_t *pool, const char *text, apr_size_t length, unsigned char **data, apr_size_t *data_length);

#endif
