/* Buffers that must not linger. */
#ifndef MNV_BASE_SECRET_H
#define MNV_BASE_SECRET_H

#include <apr_pools.h>

/** Compare two byte strings in time that depends on the length only. @return 1 when equal, 0 when not */
int mnv_secret_equal(const void *a, const void *b, apr_size_t length);

/** Compare two strings so. NULL equals nothing. @return 1 when equal */
int mnv_secret_equal_text(const char *a, const char *b);

/** Overwrite a buffer in a way the compiler keeps. */
void mnv_secret_wipe(void *buffer, apr_size_t length);

/** A buffer of length bytes, zeroed, wiped when pool goes. */
unsigned char *mnv_secret_make(apr_pool_t *pool, apr_size_t length);

#endif
