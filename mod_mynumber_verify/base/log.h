/* Log lines of the core. Each call carries its own number (MNVLOGNO), never reused; failures get theirs from failures.def. */
#ifndef MNV_BASE_LOG_H
#define MNV_BASE_LOG_H

#include "base/mnv.h"

typedef enum {
    MNV_LOG_ERROR,   /* an operator must act */
    MNV_LOG_WARNING, /* refused because of someone outside */
    MNV_LOG_INFO,    /* sign-in, verification, link made or removed */
    MNV_LOG_DEBUG,   /* decisions */
    MNV_LOG_TRACE    /* the wire, without secrets */
} mnv_log_level_e;

/** The number in front of a line: mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1201) "linked ..."). Numbers from 1000 on; below are failures. */
#define MNVLOGNO(number) "MNV" #number ": "

/** Write one line. Formatted only when the level is wanted; control characters are written as \xNN; cut at 2,000 bytes at a character boundary.
 * Never log: name, address, birthdate, gender, subject, account attributes other than by mnv_keyring_log_tag(), tokens, codes, cookies. */
void mnv_log(mnv_ctx_t *ctx, mnv_log_level_e level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Make text fit for a log line: control characters and what is not UTF-8 become \xNN, cut at a character boundary. @param size of out, NUL included, at least 1 */
void mnv_log_escape(char *out, apr_size_t size, const char *text);

#endif
