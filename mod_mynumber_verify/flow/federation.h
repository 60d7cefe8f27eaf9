/* The identity providers as we know them now: metadata of MyNumberSAMLMetadata, a file or a URL, of one provider or of a federation.
 *
 * What was read and found to be signed is kept packed (proto/saml_pack.c) in the state folder, under a keyed hash. From there it is back in milliseconds, so that it is
 * read as XML once, by the one process that fetches; the others map the same bytes. A mnv_federation_t is made before the processes of the server are and used by
 * each of them and all their threads; what it hands out is read-only and lives as long as the asking context.
 */
#ifndef MNV_FLOW_FEDERATION_H
#define MNV_FLOW_FEDERATION_H

#include "base/mnv.h"
#include "lib/http.h"
#include "model/keyring.h"
#include "model/options.h"
#include "proto/saml_metadata.h"

typedef struct mnv_federation_t mnv_federation_t;

/** More than the largest aggregates have. */
#define MNV_FEDERATION_LIMIT_BYTES (128 * 1024 * 1024)

/** @param options of the host, state_dir is where the copy is kept. Pool: pool. */
apr_status_t mnv_federation_make(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_options_t *options, const mnv_keyring_t *keyring, mnv_federation_t **federation);

/** At start: read the file, or the last good copy of a URL. @return APR_SUCCESS, also when there is no copy; a told failure about a file */
apr_status_t mnv_federation_start(mnv_ctx_t *ctx, mnv_federation_t *federation);

/** In each process: what to fetch by. */
void mnv_federation_connect(mnv_federation_t *federation, mnv_http_t *http);

/** The metadata. Those that another process has fetched are noticed within seconds. Without any that are valid they are fetched here and now, by one thread of one process, at most every
 * 10 s. @return APR_SUCCESS or a told failure (http's, PROVIDER_STATUS, SAML_METADATA…). Pool: valid as long as ctx->pool. */
apr_status_t mnv_federation_metadata(mnv_ctx_t *ctx, mnv_federation_t *federation, const mnv_saml_metadata_t **metadata);

/** Refresh ahead of need (for the watchdog): a URL when cacheDuration is over (5 minutes to a day, 4 hours where none is told; half of what validUntil leaves where that is less), a
 * file when it has changed. @param is_doubted a URL after 5 minutes in any case @param stop the fetch is given up once it is not 0; NULL: never
 * @return APR_SUCCESS, also when it is not time, or the told failure */
apr_status_t mnv_federation_refresh(mnv_ctx_t *ctx, mnv_federation_t *federation, int is_doubted, const volatile apr_uint32_t *stop);

/** What there is now, valid or not, without fetching. @param since when it was fetched or its file was written @return NULL: nothing. Lives as long as ctx->pool. */
const mnv_saml_metadata_t *mnv_federation_current(mnv_ctx_t *ctx, mnv_federation_t *federation, apr_time_t *since);

/** What flow/saml_watch.c keeps with it. */
void **mnv_federation_notes(mnv_federation_t *federation);

/* Between flow/federation.c and flow/federation_copy.c. */

/** Metadata in memory: read-only, in a pool of its own; lives while it is the current one or somebody holds it. */
typedef struct mnv_snapshot_t {
    apr_pool_t *pool;
    volatile apr_uint32_t holders;
    apr_time_t fetched_at; /* whole seconds */
    mnv_saml_metadata_t *metadata;
} mnv_snapshot_t;

/** Where a copy is, and whose it must be. */
typedef struct mnv_copy_t {
    const char *name;           /* of the file; NULL: none is kept */
    const char *place;          /* what it is a copy of */
    const mnv_keyring_t *keyring;
    const apr_array_header_t *signers;
    apr_time_t seen;            /* modification time when it was last read */
} mnv_copy_t;

/** @return NULL: no digest can be made. Pool: pool. */
const char *mnv_copy_name(mnv_ctx_t *ctx, apr_pool_t *pool, const char *state_dir, const mnv_keyring_t *keyring, const char *place);

/** Read the copy if it is another than the one seen and newer than a moment. One that somebody else has made or changed, that was made of another place, or that was read while
 * others might sign than now, is refused with a warning. @return NULL: there is none of use */
mnv_snapshot_t *mnv_copy_read(mnv_ctx_t *ctx, mnv_copy_t *copy, apr_time_t newer_than);

/** Pack metadata, keep them as the copy, and read them from there; where no copy can be kept, from memory. @return APR_SUCCESS or a told failure */
apr_status_t mnv_copy_keep(mnv_ctx_t *ctx, mnv_copy_t *copy, const mnv_saml_metadata_t *metadata, apr_time_t fetched_at, mnv_snapshot_t **snapshot);

/** Let go of a snapshot. For a pool's cleanup too. @param snapshot NULL: nothing */
apr_status_t mnv_snapshot_release(void *snapshot);

#endif
