/* mynumberctl: what its sub-commands share. A sub-command takes its words from ctl_t, says one thing (text, or with --json an object) and answers the exit code.
 * Secrets are never printed; the core's log is silent, its reasons are read from ctx->failure. */
#ifndef MNV_CTL_CTL_H
#define MNV_CTL_CTL_H

#include "base/mnv.h"
#include "lib/json.h"

typedef enum { CTL_DONE, CTL_FAILED, CTL_USAGE } ctl_exit_e;

typedef struct ctl_t {
    apr_pool_t *pool;
    mnv_ctx_t *ctx;
    const char *usage;  /* of the sub-command, without "mynumberctl " */
    int json;           /* --json was given */
    int words;
    const char **word;  /* after the sub-command's name; options are taken out as they are read */
} ctl_t;

/** The sub-commands. */
int ctl_keygen(ctl_t *ctl);
int ctl_jwks(ctl_t *ctl);
int ctl_check(ctl_t *ctl);

/** Take "--name VALUE" or "--name=VALUE" out of the words. @param value untouched when it is not there @return CTL_DONE, or CTL_USAGE (told) when the value is missing or it occurs twice */
int ctl_option(ctl_t *ctl, const char *name, const char **value);

/** Are all words left operands, and at least fewest, at most most of them? @return CTL_DONE, or CTL_USAGE (told) */
int ctl_operands(ctl_t *ctl, int fewest, int most);

/** Say the result: object with --json, else text (a line break is added). */
void ctl_say(const ctl_t *ctl, const mnv_json_t *object, const char *text);

/** Tell why it failed, on standard error and, with --json, as {"error": …} on standard output. @return CTL_FAILED */
int ctl_fail(const ctl_t *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Tell how it is used, on standard error. @return CTL_USAGE */
int ctl_misuse(const ctl_t *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The last failure of the core, "log phrase: detail". Pool: ctl->pool. */
const char *ctl_failure(const ctl_t *ctl);

/** Words for an apr_status_t of a file operation. Pool: ctl->pool. */
const char *ctl_status(const ctl_t *ctl, apr_status_t status);

#endif
