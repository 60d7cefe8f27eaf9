/* The last good copy of a provider's documents on disk, "provider-HASH.json" in the state folder: what lets a restarted server work while the provider is down,
 * and what one process fetched be used by the others. Whoever can write it chooses the keys that are believed: it is private to the server's user,
 * and judged like any document from outside when it is read. */
#ifndef MNV_FLOW_PROVIDER_COPY_H
#define MNV_FLOW_PROVIDER_COPY_H

#include "base/mnv.h"

/* how far in the future a moment may lie that another thread or process of this machine wrote down */
#define MNV_PROVIDER_CLOCK_SLACK apr_time_from_sec(60)

/** What was fetched, as text. */
typedef struct mnv_provider_texts_t {
    apr_time_t fetched_at; /* whole seconds */
    const char *metadata;  /* discovery document; NULL: none was fetched (all endpoints by hand, metadata from a file) */
    const char *jwks_uri;  /* where the keys came from */
    const char *jwks;
} mnv_provider_texts_t;

/** File name of an issuer's copy. @return NULL when no digest can be made. Pool: pool. */
const char *mnv_provider_copy_name(apr_pool_t *pool, const char *state_dir, const char *issuer);

/** Read a copy if its modification time differs from *seen, which then becomes it. Refused with a warning: a file that others can change or read,
 * another issuer's, malformed, from the future.
 * @return APR_SUCCESS, APR_ENOENT there is none (or none but the one seen), APR_EINVAL refused; tells no failure. Pool: ctx->pool. */
apr_status_t mnv_provider_copy_read(mnv_ctx_t *ctx, const char *name, const char *issuer, apr_time_t *seen, mnv_provider_texts_t **texts);

/** Write the copy atomically; a failure is a warning in the log and nothing more. */
void mnv_provider_copy_write(mnv_ctx_t *ctx, const char *name, const char *issuer, const mnv_provider_texts_t *texts);

#endif
