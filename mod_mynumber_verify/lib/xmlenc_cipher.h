/* The ciphers behind lib/xmlenc.c. */
#ifndef MNV_LIB_XMLENC_CIPHER_H
#define MNV_LIB_XMLENC_CIPHER_H

#include <apr_errno.h>
#include <apr_pools.h>

struct mnv_private_key_t;

typedef struct mnv_bytes_t {
    unsigned char *data;
    apr_size_t length;
} mnv_bytes_t;

/** OAEP's parameters: names of digests, and the label (empty: none). */
typedef struct mnv_oaep_t {
    const char *digest, *mgf1;
    mnv_bytes_t label;
} mnv_oaep_t;

/** Open a key. @return APR_SUCCESS or APR_EACCES. key is wiped when pool goes. */
apr_status_t mnv_oaep_open(apr_pool_t *pool, const struct mnv_private_key_t *rsa, const mnv_oaep_t *oaep, const mnv_bytes_t *sealed, mnv_bytes_t *key);

/** Open a text by AES: nonce in front, tag behind in GCM mode, padded (xmlenc-core1 5.2.1) in CBC mode. @param cipher OpenSSL's name
 * @return APR_SUCCESS or APR_EACCES. Pool: pool. */
apr_status_t mnv_aes_open(apr_pool_t *pool, const char *cipher, const mnv_bytes_t *key, const mnv_bytes_t *sealed, mnv_bytes_t *text);

#endif
