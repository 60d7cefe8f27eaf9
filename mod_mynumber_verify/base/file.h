/* Whole files, read and written with care for who may see them. */
#ifndef MNV_BASE_FILE_H
#define MNV_BASE_FILE_H

#include <apr_pools.h>
#include <apr_errno.h>

/** Read a whole regular file of at most limit_bytes. Text is NUL-terminated. @return APR_SUCCESS, APR_ENOSPC when larger, APR_EINVAL when no regular file, or the system's error. Pool: pool. */
apr_status_t mnv_file_read(apr_pool_t *pool, const char *name, apr_size_t limit_bytes, char **text, apr_size_t *length);

/** Can others than owner (and group root or the server's) read the file? @return APR_SUCCESS when private, APR_EACCES with problem when world-readable or group-writable, or the system's error */
apr_status_t mnv_file_is_private(apr_pool_t *pool, const char *name, const char **problem);

/** Write a new file of mode 0600 (private) or 0644 atomically: temporary name in the same folder, fsync, rename. @param replace 0: an existing file is left and APR_EEXIST answered */
apr_status_t mnv_file_write(apr_pool_t *pool, const char *name, const char *text, apr_size_t length, int private_mode, int replace);

#endif
