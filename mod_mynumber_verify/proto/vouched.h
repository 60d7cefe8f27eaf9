/* Whom another authentication module of httpd vouches for (MyNumberSignIn external), and the account half made of it. Judges values; where they come from is httpd/external.c's affair. */
#ifndef MNV_PROTO_VOUCHED_H
#define MNV_PROTO_VOUCHED_H

#include "base/mnv.h"
#include "model/request.h"
#include "model/session.h"

/** Who it is, as far as the other module says. */
typedef struct mnv_external_t {
    int is_somebody;    /* anybody at all */
    int number;         /* of the name in MyNumberAccountAttribute that is there first, -1: none is */
    const char *kind;   /* that name, NULL: none */
    const char *value;  /* NULL: none, or it cannot identify an account: problem says why */
    const char *problem;
} mnv_external_t;

/** Look at the names of options->account_attributes (default: REMOTE_USER, which is vouched->user) in order; the first that is there decides, fit or not: a person whose id is
 * malformed must not become another by the next name. "a+b": both, joined by ":". A value is 1 to 255 bytes of UTF-8 without control characters, blanks at the ends, or ";",
 * by which modules join several values. Pool: pool. */
void mnv_external_find(apr_pool_t *pool, const mnv_vouched_t *vouched, const mnv_signin_options_t *options, mnv_external_t *found);

/** The account half of what was found; at and proof_at are set to now. Attributes of options->account_keep: several values are joined by ";" as Shibboleth joins them; one with
 * control characters or too much is left out whole, with a warning.
 * @return APR_SUCCESS or a told failure EXTERNAL_NOBODY, ACCOUNT_ATTRIBUTE. Pool: ctx->pool. */
apr_status_t mnv_account_from_external(mnv_ctx_t *ctx, const char *issuer, const mnv_vouched_t *vouched, const mnv_signin_options_t *options, mnv_account_t **account);

#endif
