/* What the provider of accounts ends, found by its own names. */
#ifndef MNV_STORE_LOGOUT_H
#define MNV_STORE_LOGOUT_H

#include "store/store.h"

/** A logout that the provider tells us of: all sessions of its subject, or of its sessions, or of both where both are named. */
typedef struct mnv_op_logout_t {
    const char *issuer;
    const char *subject;                /* its sub or NameID; NULL: none, and there is a session */
    const apr_array_header_t *sessions; /* const char *, its sid or SessionIndexes; NULL or empty: none, and there is a subject */
    const char *id;                     /* of the message: used once, ever */
    apr_time_t expires;            /* from then on it is refused for its age */
} mnv_op_logout_t;

/** Use the id, end the sessions and, where there were any, raise the generation, in one transaction: a logout that failed can be sent again. A session whose sid is not known is
 * ended with its subject: to stay signed in would be worse.
 * @param ended how many @return APR_SUCCESS, APR_EEXIST (nothing told, nothing done) when the id was used before, or a told failure */
apr_status_t mnv_store_op_logout(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_op_logout_t *logout, int *ended);

#endif
