/* Symmetric cryptography by OpenSSL 3 EVP: algorithms fetched once per process, contexts kept per thread. */
#ifndef MNV_LIB_CRYPT_H
#define MNV_LIB_CRYPT_H

#include "base/mnv.h"

#define MNV_DIGEST_BYTES 32
#define MNV_KEY_BYTES 32
/* AES-256-GCM: 12 bytes nonce in front, 16 bytes tag behind */
#define MNV_SEAL_OVERHEAD 28

/** Fetch the algorithms; once per process before threads start, harmless when repeated. @return APR_SUCCESS or APR_EGENERAL */
apr_status_t mnv_crypt_init(void);

/** Free the algorithms and the calling thread's contexts; the next use fetches anew. For the parent process, before httpd unloads the code at
 * a restart. Thread: no other thread may be in a function of this file. */
void mnv_crypt_end(void);

/** Free what this thread keeps, here and in OpenSSL; the next use makes it anew. For threads that nobody joins before the process ends: OpenSSL cleans up at exit, and such
 * a thread, ending meanwhile, would free the same again. */
void mnv_crypt_thread_end(void);

/** SHA-256 with the fetched digest and this thread's context. @return APR_SUCCESS or APR_EGENERAL (out untouched) */
apr_status_t mnv_crypt_sha256(const void *data, apr_size_t length, unsigned char out[MNV_DIGEST_BYTES]);

/** HMAC-SHA-256. @return APR_SUCCESS or APR_EGENERAL */
apr_status_t mnv_crypt_hmac(const unsigned char key[MNV_KEY_BYTES], const void *data, apr_size_t length, unsigned char out[MNV_DIGEST_BYTES]);

/** HKDF-SHA-256 expand of a key for a purpose label (RFC 5869). @return APR_SUCCESS or APR_EGENERAL */
apr_status_t mnv_crypt_derive(const unsigned char key[MNV_KEY_BYTES], const char *label, unsigned char out[MNV_KEY_BYTES]);

/** Seal with AES-256-GCM. @param out length + MNV_SEAL_OVERHEAD bytes: nonce, ciphertext, tag @return APR_SUCCESS or APR_EGENERAL (told by the caller) */
apr_status_t mnv_crypt_seal(mnv_ctx_t *ctx, const unsigned char key[MNV_KEY_BYTES], const void *aad, apr_size_t aad_length, const void *plain, apr_size_t length, unsigned char *out);

/** Open what mnv_crypt_seal() made. @param out length - MNV_SEAL_OVERHEAD bytes, wiped on failure @return APR_SUCCESS, or APR_EACCES when it is not authentic */
apr_status_t mnv_crypt_open(const unsigned char key[MNV_KEY_BYTES], const void *aad, apr_size_t aad_length, const void *sealed, apr_size_t length, unsigned char *out);

/** Random bytes from the machine (RAND_bytes). */
apr_status_t mnv_crypt_random(unsigned char *buffer, apr_size_t length);

#endif
