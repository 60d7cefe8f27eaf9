#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include "base/secret.h"

/* POSIX calls, not APR's: fstat of what was opened, O_NONBLOCK, link() and fsync() of a folder have no equal there. */

/* Read until the buffer is full or the file ends. @return -1 with errno */
static ssize_t read_fully(int fd, char *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = read(fd, buffer + done, size - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        done += (size_t)count;
    }
    return (ssize_t)done;
}

apr_status_t mnv_file_read(apr_pool_t *pool, const char *name, apr_size_t limit_bytes, char **text, apr_size_t *length)
{
    apr_status_t status = APR_SUCCESS;
    struct stat info;
    /* O_NONBLOCK: opening a FIFO must not hang a starting server */
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &info) != 0) {
        status = errno;
        goto leave;
    }
    if (!S_ISREG(info.st_mode)) {
        status = APR_EINVAL;
        goto leave;
    }
    if ((apr_uint64_t)info.st_size > limit_bytes) {
        status = APR_ENOSPC;
        goto leave;
    }
    /* wiped with the pool: many of these files are keys; one byte more shows a file that grows meanwhile */
    size_t size = (size_t)info.st_size + 1;
    char *buffer = (char *)mnv_secret_make(pool, size);
    ssize_t count = read_fully(fd, buffer, size);
    if (count < 0) {
        status = errno;
        goto leave;
    }
    if ((size_t)count == size) {
        status = APR_ENOSPC;
        goto leave;
    }
    buffer[count] = '\0';
    *text = buffer;
    *length = (apr_size_t)count;
leave:
    close(fd);
    return status;
}

apr_status_t mnv_file_is_private(apr_pool_t *pool, const char *name, const char **problem)
{
    struct stat info;
    if (stat(name, &info) != 0) {
        return errno;
    }
    unsigned int mode = (unsigned int)info.st_mode & 07777;
    if (info.st_mode & S_IRWXO) {
        *problem = apr_psprintf(pool, "\"%s\" is open to every user of the machine (mode %04o); chmod o-rwx it", name, mode);
        return APR_EACCES;
    }
    if (info.st_mode & S_IWGRP) {
        *problem = apr_psprintf(pool, "\"%s\" can be changed by its group (mode %04o); chmod g-w it", name, mode);
        return APR_EACCES;
    }
    return APR_SUCCESS;
}

static apr_status_t write_fully(int fd, const char *text, apr_size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, text, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return errno;
        }
        text += count;
        length -= (apr_size_t)count;
    }
    return APR_SUCCESS;
}

/* A rename is only durable once its folder is. Some file systems cannot do that: the file itself is written all the same. */
static void sync_folder(apr_pool_t *pool, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *folder = slash == NULL ? "." : slash == name ? "/" : apr_pstrmemdup(pool, name, (apr_size_t)(slash - name));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

apr_status_t mnv_file_write(apr_pool_t *pool, const char *name, const char *text, apr_size_t length, int private_mode, int replace)
{
    char *temporary = apr_pstrcat(pool, name, ".XXXXXX", NULL);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return errno;
    }
    apr_status_t status = write_fully(fd, text, length);
    if (status == APR_SUCCESS && ((!private_mode && fchmod(fd, 0644) != 0) || fsync(fd) != 0)) {
        status = errno;
    }
    if (close(fd) != 0 && status == APR_SUCCESS) {
        status = errno;
    }
    /* link() is the way to create under a name that must be free; rename() would replace */
    if (status == APR_SUCCESS && (replace ? rename(temporary, name) : link(temporary, name)) != 0) {
        status = errno;
    }
    if (status != APR_SUCCESS || !replace) {
        (void)unlink(temporary);
    }
    if (status == APR_SUCCESS) {
        sync_folder(pool, name);
    }
    return status;
}
