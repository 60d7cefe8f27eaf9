/* A provider as we know it now: metadata and keys, fetched ahead of need, kept per process and on disk (last good copy in the state dir).
 *
 * A mnv_provider_t is made at start and shared by all threads of a process; what it hands out are read-only snapshots that live as long as the asking context.
 */
#ifndef MNV_FLOW_PROVIDER_H
#define MNV_FLOW_PROVIDER_H

#include "base/mnv.h"
#include "lib/http.h"
#include "lib/jose.h"
#include "model/options.h"
#include "proto/op_metadata.h"

typedef struct mnv_provider_t mnv_provider_t;

/** @param state_dir folder of the last good copy, NULL: none is kept. Pool: pool; call in the child, after fork. */
apr_status_t mnv_provider_make(apr_pool_t *pool, const mnv_provider_options_t *options, const char *state_dir, mnv_http_t *http, mnv_provider_t **provider);

/** The metadata: from memory while younger than an hour; else fetched, always together with the keys (nobody is sent to a provider whose answer could not be
 * verified); a failed fetch falls back to the last good copy (up to 7 days old) and is not repeated for 10 s. One thread fetches, the others use the old copy
 * meanwhile or, when there is none, wait for a bounded time.
 * @return APR_SUCCESS or a told failure (http's, PROVIDER_STATUS, PROVIDER_CONTENT, METADATA, JWKS). Pool: valid as long as ctx->pool. */
apr_status_t mnv_provider_metadata(mnv_ctx_t *ctx, mnv_provider_t *provider, const mnv_op_metadata_t **metadata);

/** Verify a token's signature by the provider's keys; an unknown kid triggers one refetch, at most one a minute. @return APR_SUCCESS or a told failure. */
apr_status_t mnv_provider_verify(mnv_ctx_t *ctx, mnv_provider_t *provider, const mnv_jws_t *jws);

/** The key that must have signed a token (mnv_jwks_choose()), refetched as above. @return APR_SUCCESS or a told failure: JWS_KEY where the provider has no such key */
apr_status_t mnv_provider_key(mnv_ctx_t *ctx, mnv_provider_t *provider, const mnv_jws_t *jws, struct mnv_json_t **jwk);

/** Refresh ahead of need (for the watchdog): fetches when the copy is older than half its life, writes the last good copy for the other children.
 * @return APR_SUCCESS or the told failure of the fetch, also when an old copy is still of use */
apr_status_t mnv_provider_refresh(mnv_ctx_t *ctx, mnv_provider_t *provider);

#endif
