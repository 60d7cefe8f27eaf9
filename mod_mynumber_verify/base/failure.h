/* Failures: every way in which something can be refused or go wrong is one row of failures.def.
 *
 * A row's number is both the code a person sees on the page ("MNV0203") and the log number an administrator looks up, so the
 * two can never disagree. Fallible functions return apr_status_t; the reason travels in ctx->failure. Told once, where it is known.
 */
#ifndef MNV_BASE_FAILURE_H
#define MNV_BASE_FAILURE_H

#include <apr_errno.h>
#include <apr_pools.h>

struct mnv_ctx_t;

/** What a person can do next; chooses the button of the error page. */
typedef enum {
    MNV_NEXT_SERVICE, /* go to the service page */
    MNV_NEXT_VERIFY,  /* try the card verification again */
    MNV_NEXT_SIGNIN,  /* try the sign-in again */
    MNV_NEXT_LATER,   /* try again in a few minutes */
    MNV_NEXT_HELP     /* tell the administrator the reference */
} mnv_next_e;

typedef enum {
    MNV_OK,
#define MNV_FAILURE(name, number, http_status, level, next, log, ja, en) MNV_FAIL_##name,
#include "base/failures.def"
#undef MNV_FAILURE
    MNV_FAILURE_COUNT
} mnv_failure_e;

/** A row of failures.def. */
typedef struct mnv_failure_row_t {
    const char *name;   /* "FLOW_EXPIRED" */
    int number;         /* 203, printed as MNV0203 */
    int http_status;    /* of the page */
    int level;          /* mnv_log_level_e */
    mnv_next_e next;
    const char *log;    /* what was tried and why it failed, PostgreSQL style */
    const char *ja;     /* for the person */
    const char *en;
} mnv_failure_row_t;

/** A failure that happened. */
typedef struct mnv_failure_t {
    mnv_failure_e what;
    const char *detail;    /* for the log only, never shown, never personal; NULL: none */
    const char *reference; /* 8 characters that stand both on the page and in the log line */
} mnv_failure_t;

/** The row of a failure. what must not be MNV_OK. */
const mnv_failure_row_t *mnv_failure_row(mnv_failure_e what);

/** The code shown to people and written to logs. @return "MNV0203". Pool: pool. */
const char *mnv_failure_code(mnv_failure_e what, apr_pool_t *pool);

/** Tell a failure: remember it in ctx->failure and write its one log line "MNV0203: log phrase: detail [ref 1a2b3c4d]".
 * The detail says which value offended; no personal data, secrets, tokens, cookies or whole foreign messages; control characters of
 * the finished line are escaped by the log. fmt may be NULL (no detail).
 * @return APR_EGENERAL always, so that callers write `return mnv_fail(…)` */
apr_status_t mnv_fail(struct mnv_ctx_t *ctx, mnv_failure_e what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
