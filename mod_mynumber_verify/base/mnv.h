/* What everything in libmnv stands on: the context of one piece of work.
 *
 * A mnv_ctx_t lives as long as its pool, usually one request. Clock, random source and log come in through its ports, so that
 * tests can move the clock, repeat the random bytes and read the log; the core never asks the machine directly.
 */
#ifndef MNV_BASE_MNV_H
#define MNV_BASE_MNV_H

#include <apr_pools.h>
#include <apr_time.h>
#include "base/failure.h"

typedef struct mnv_ctx_t mnv_ctx_t;

/** What the surroundings offer. One constant per consumer (httpd, mynumberctl, a test). Thread: functions may be called from any thread. */
typedef struct mnv_ports_t {
    /** The present moment, microseconds since the epoch. */
    apr_time_t (*now)(void *baton);
    /** Fill buffer with length random bytes fit for keys. @return APR_SUCCESS or an error, the buffer then is not to be used. */
    apr_status_t (*random)(void *baton, unsigned char *buffer, apr_size_t length);
    /** Is a line of this level (mnv_log_level_e) wanted? Asked before a line is formatted. */
    int (*log_wants)(void *baton, int level);
    /** Write one finished line, which starts with its number ("MNV0123: "). */
    void (*log)(void *baton, int level, const char *line);
} mnv_ports_t;

struct mnv_ctx_t {
    apr_pool_t *pool;         /* owns all results */
    const mnv_ports_t *ports; /* never NULL */
    void *baton;              /* handed to the ports: the request_rec in httpd, the fake in tests */
    mnv_failure_t failure;    /* the last failure told by mnv_fail(), what = MNV_OK while there is none */
};

/** Make a context whose clock and random source are the machine's own and whose log goes to standard error from level on (mynumberctl, tests).
 * Pool: the context lives in pool. */
mnv_ctx_t *mnv_ctx_make(apr_pool_t *pool, int level);

/** The present moment by the context's clock. */
apr_time_t mnv_now(const mnv_ctx_t *ctx);

/** Random bytes by the context's source. @return APR_SUCCESS, or the failure RANDOM told through mnv_fail(). */
apr_status_t mnv_random(mnv_ctx_t *ctx, unsigned char *buffer, apr_size_t length);

/** A random identifier: bytes (16 to 64) random bytes as base64url. @return NULL after a failure (told). Pool: ctx->pool. */
const char *mnv_random_id(mnv_ctx_t *ctx, apr_size_t bytes);

#endif
