#include "flow/provider.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <string.h>
#include "base/civil.h"
#include "base/log.h"
#include "flow/provider_copy.h"
#include "lib/json.h"

#define AGE_LIMIT apr_time_from_sec(60 * 60)
#define AGE_REFRESH apr_time_from_sec(30 * 60)
#define AGE_LAST_GOOD apr_time_from_sec(7 * 24 * 60 * 60)
#define RETRY_AFTER apr_time_from_sec(10)     /* a provider that is down is not asked by every request */
#define KEY_REFETCH_AFTER apr_time_from_sec(60)
#define WAIT_LIMIT apr_time_from_sec(10)      /* for another thread's fetch; as long as one call may take by default */
#define METADATA_LIMIT_BYTES 131072
#define JWKS_LIMIT_BYTES 262144

/* Metadata and keys that were fetched together. Read-only, in a pool of its own; lives while it is the current one or
 * a request holds it. */
typedef struct snapshot_t {
    apr_pool_t *pool;
    apr_uint32_t holders;
    apr_time_t fetched_at;
    mnv_op_metadata_t *metadata;
    mnv_jwks_t *jwks;
} snapshot_t;

struct mnv_provider_t {
    const mnv_provider_options_t *options;
    const char *copy_name;      /* NULL: no copy is kept on disk */
    mnv_http_t *http;
    apr_thread_mutex_t *mutex;  /* over what follows; held for moments, never during I/O */
    apr_thread_cond_t *landed;  /* the fetch is over */
    snapshot_t *current;        /* NULL: nothing is known yet */
    int is_fetching;            /* one thread is; it alone replaces current */
    apr_time_t failed_at;       /* the last fetch failed then; 0: it did not */
    mnv_failure_e failed_what;
    apr_time_t key_refetch_at;  /* the last fetch for an unknown key; 0: none */
    apr_time_t copy_seen;       /* modification time of the copy as last read; the fetching thread's */
};

/* What a caller needs of a snapshot. */
typedef struct need_t {
    apr_interval_time_t age;
    const mnv_jws_t *jws; /* a key for this token; NULL: any keys */
} need_t;

/* Clocks are set back at times: what lies in the future is not recent, or a mistake would last until then. Up to a
 * minute is: a request may know an earlier moment than the thread that fetched meanwhile. */
static int is_within(apr_time_t at, apr_interval_time_t span, apr_time_t now)
{
    return at <= now + MNV_PROVIDER_CLOCK_SLACK && now - at < span;
}

static int is_good(const snapshot_t *snapshot, const need_t *need, apr_time_t now)
{
    return snapshot && is_within(snapshot->fetched_at, need->age, now)
           && (!need->jws || mnv_jwks_has(snapshot->jwks, need->jws));
}

static int needs_discovery(const mnv_provider_options_t *options)
{
    return !options->metadata_text && !mnv_op_is_by_hand(options);
}

/* Snapshots. ------------------------------------------------------------------------- */

static apr_status_t release(void *data)
{
    snapshot_t *snapshot = data;

    if (snapshot && !apr_atomic_dec32(&snapshot->holders)) {
        apr_pool_destroy(snapshot->pool);
    }
    return APR_SUCCESS;
}

/* Judge texts, fetched now or read from disk, and make a snapshot of them with one holder. Not a child of any pool: it
 * outlives the request that fetched it, and ends in whichever thread lets go last. */
static apr_status_t make_snapshot(mnv_ctx_t *ctx, const mnv_provider_t *provider, const mnv_provider_texts_t *texts,
                                  snapshot_t **snapshot)
{
    const mnv_provider_options_t *options = provider->options;
    const char *document = needs_discovery(options) ? texts->metadata : options->metadata_text;
    apr_pool_t *pool;
    snapshot_t *made;
    apr_status_t status;

    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "no pool");
    }
    made = apr_pcalloc(pool, sizeof(*made));
    made->pool = pool;
    made->holders = 1;
    made->fetched_at = texts->fetched_at;
    status = mnv_op_metadata_parse(ctx, pool, options, document, document ? strlen(document) : 0, &made->metadata);
    if (status == APR_SUCCESS && strcmp(made->metadata->jwks_uri, texts->jwks_uri)) {
        status = mnv_fail(ctx, MNV_FAIL_JWKS, "keys are from \"%s\", not from \"%s\"", texts->jwks_uri,
                          made->metadata->jwks_uri);
    }
    if (status == APR_SUCCESS) {
        status = mnv_jwks_parse(ctx, pool, texts->jwks, strlen(texts->jwks), &made->jwks);
    }
    if (status == APR_SUCCESS) {
        *snapshot = made;
    }
    else {
        apr_pool_destroy(pool);
    }
    return status;
}

/* Fetching, by one thread at a time, without the lock. ------------------------------------ */

static apr_status_t fetch_text(mnv_ctx_t *ctx, const mnv_provider_t *provider, const char *url, apr_size_t limit_bytes,
                               const char **text)
{
    mnv_http_request_t request = {0};
    mnv_json_t *object;
    apr_status_t status;

    request.url = url;
    request.accept = "application/json";
    request.ca_file = provider->options->ca_file;
    request.limit_bytes = limit_bytes;
    status = mnv_http_json(provider->http, ctx, &request, &object);
    if (status == APR_SUCCESS) {
        *text = mnv_json_print(ctx->pool, object);
    }
    return status;
}

static apr_status_t fetch_metadata(mnv_ctx_t *ctx, const mnv_provider_t *provider, mnv_op_metadata_t **metadata,
                                   const char **text)
{
    const mnv_provider_options_t *options = provider->options;
    const char *document = options->metadata_text;
    apr_status_t status = APR_SUCCESS;

    *text = NULL;
    if (needs_discovery(options)) {
        status = fetch_text(ctx, provider, mnv_op_discovery_url(ctx->pool, options->issuer), METADATA_LIMIT_BYTES, text);
        if (status != APR_SUCCESS && !options->authorization_endpoint && !options->token_endpoint && !options->jwks_uri) {
            return status;
        }
        /* NULL when a provider without discovery has some endpoints by hand: judging names the one that is missing */
        document = *text;
    }
    return mnv_op_metadata_parse(ctx, ctx->pool, options, document, document ? strlen(document) : 0, metadata);
}

static apr_status_t fetch(mnv_ctx_t *ctx, const mnv_provider_t *provider, snapshot_t **got)
{
    mnv_provider_texts_t texts = {0};
    mnv_op_metadata_t *metadata;
    apr_status_t status;

    texts.fetched_at = apr_time_from_sec(apr_time_sec(mnv_now(ctx)));
    status = fetch_metadata(ctx, provider, &metadata, &texts.metadata);
    if (status == APR_SUCCESS) {
        texts.jwks_uri = metadata->jwks_uri;
        status = fetch_text(ctx, provider, texts.jwks_uri, JWKS_LIMIT_BYTES, &texts.jwks);
    }
    if (status == APR_SUCCESS) {
        status = make_snapshot(ctx, provider, &texts, got);
    }
    if (status == APR_SUCCESS && provider->copy_name) {
        mnv_provider_copy_write(ctx, provider->copy_name, provider->options->issuer, &texts);
    }
    return status;
}

/* The copy on disk, when another process or an earlier life of this server left a newer one than ours.
 * @return NULL: nothing of use */
static snapshot_t *from_disk(mnv_ctx_t *ctx, mnv_provider_t *provider, const snapshot_t *have)
{
    mnv_failure_t before = ctx->failure;
    const char *name = provider->copy_name, *issuer = provider->options->issuer;
    mnv_provider_texts_t *texts;
    snapshot_t *made = NULL;

    if (!name || mnv_provider_copy_read(ctx, name, issuer, &provider->copy_seen, &texts) != APR_SUCCESS
        || (have && texts->fetched_at <= have->fetched_at)) {
        return NULL;
    }
    if (make_snapshot(ctx, provider, texts, &made) != APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1202) "copy \"%s\" is not used, it does not fit the configuration", name);
        ctx->failure = before;
        return NULL;
    }
    return made;
}

/* Disk first, then the provider. @param got what to use from now on, also after a failure; NULL: nothing new
 * @return the fetch's status */
static apr_status_t fly(mnv_ctx_t *ctx, mnv_provider_t *provider, const need_t *need, const snapshot_t *have,
                        snapshot_t **got)
{
    snapshot_t *copy = from_disk(ctx, provider, have);
    apr_status_t status;

    *got = copy;
    if (is_good(copy, need, mnv_now(ctx))) {
        return APR_SUCCESS;
    }
    status = fetch(ctx, provider, got);
    if (status == APR_SUCCESS) {
        release(copy);
        mnv_log(ctx, MNV_LOG_DEBUG, MNVLOGNO(1203) "metadata and %" APR_SIZE_T_FMT " keys of provider \"%s\" were fetched",
                mnv_jwks_count((*got)->jwks), provider->options->issuer);
    }
    return status;
}

/* Deciding, under the lock. ----------------------------------------------------------------- */

/* May this need be met by a fetch now? Takes note of the refetch for an unknown key. */
static int may_fetch(mnv_provider_t *provider, const need_t *need, apr_time_t now)
{
    const snapshot_t *current = provider->current;

    if (provider->failed_at && is_within(provider->failed_at, RETRY_AFTER, now)) {
        return 0;
    }
    if (need->jws && current && is_within(current->fetched_at, need->age, now)) { /* only the key is missing */
        if (provider->key_refetch_at && is_within(provider->key_refetch_at, KEY_REFETCH_AFTER, now)) {
            return 0;
        }
        provider->key_refetch_at = now;
    }
    return 1;
}

/* Good enough when nothing better can be had. */
static int is_usable(const snapshot_t *snapshot, apr_time_t now)
{
    return snapshot && is_within(snapshot->fetched_at, AGE_LAST_GOOD, now);
}

/* Fetch as the one thread that does. Called with the lock, which is let go meanwhile. */
static apr_status_t fetch_alone(mnv_ctx_t *ctx, mnv_provider_t *provider, const need_t *need)
{
    snapshot_t *got, *old = NULL;
    apr_status_t status;

    provider->is_fetching = 1;
    apr_thread_mutex_unlock(provider->mutex);
    status = fly(ctx, provider, need, provider->current, &got);
    apr_thread_mutex_lock(provider->mutex);
    if (got) {
        old = provider->current;
        provider->current = got;
    }
    provider->failed_at = status == APR_SUCCESS ? 0 : mnv_now(ctx);
    provider->failed_what = status == APR_SUCCESS ? MNV_OK : ctx->failure.what;
    provider->is_fetching = 0;
    apr_thread_cond_broadcast(provider->landed);
    release(old);
    return status;
}

/* Another thread is fetching: wait, for a bounded time, when the old copy will not do. */
static void wait_for_other(mnv_ctx_t *ctx, mnv_provider_t *provider, const need_t *need)
{
    const need_t least = {AGE_LAST_GOOD, need->jws};

    while (provider->is_fetching && !is_good(provider->current, &least, mnv_now(ctx))
           && apr_thread_cond_timedwait(provider->landed, provider->mutex, WAIT_LIMIT) == APR_SUCCESS) {
        continue; /* woken: look again */
    }
}

/* After a failed fetch the last good copy serves on, and the request as if nothing had failed. */
static void forgive(mnv_ctx_t *ctx, const mnv_provider_t *provider, const snapshot_t *found, const mnv_failure_t *before)
{
    mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1204) "provider \"%s\" could not be fetched, what was fetched at %s is used",
            provider->options->issuer, mnv_civil_rfc3339(ctx->pool, found->fetched_at));
    ctx->failure = *before;
}

/* The best snapshot there is for a need, fetched if it must be; may lack the key asked for.
 * @param fetched the status of the fetch, if one was made
 * @return APR_SUCCESS or a told failure. The snapshot is held until ctx->pool goes. */
static apr_status_t obtain(mnv_ctx_t *ctx, mnv_provider_t *provider, const need_t *need, apr_status_t *fetched,
                           const snapshot_t **snapshot)
{
    const mnv_failure_t before = ctx->failure;
    snapshot_t *found = NULL;
    mnv_failure_e why = MNV_FAIL_PROVIDER_UNREACHABLE;

    *fetched = APR_SUCCESS;
    apr_thread_mutex_lock(provider->mutex);
    if (!is_good(provider->current, need, mnv_now(ctx))) {
        wait_for_other(ctx, provider, need);
    }
    if (!is_good(provider->current, need, mnv_now(ctx)) && !provider->is_fetching
        && may_fetch(provider, need, mnv_now(ctx))) {
        *fetched = fetch_alone(ctx, provider, need);
    }
    if (is_usable(provider->current, mnv_now(ctx))) {
        found = provider->current;
        apr_atomic_inc32(&found->holders);
    }
    else if (!provider->is_fetching && provider->failed_at) {
        why = provider->failed_what;
    }
    apr_thread_mutex_unlock(provider->mutex);
    if (!found) {
        return *fetched != APR_SUCCESS ? *fetched : mnv_fail(ctx, why, "provider \"%s\", as another request found",
                                                             provider->options->issuer);
    }
    apr_pool_cleanup_register(ctx->pool, found, release, apr_pool_cleanup_null);
    if (*fetched != APR_SUCCESS) {
        forgive(ctx, provider, found, &before);
    }
    *snapshot = found;
    return APR_SUCCESS;
}

/* Public. --------------------------------------------------------------------------------------- */

static apr_status_t release_current(void *data)
{
    return release(((mnv_provider_t *)data)->current);
}

apr_status_t mnv_provider_make(apr_pool_t *pool, const mnv_provider_options_t *options, const char *state_dir,
                               mnv_http_t *http, mnv_provider_t **provider)
{
    mnv_provider_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);

    if (status == APR_SUCCESS) {
        status = apr_thread_cond_create(&made->landed, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    made->options = options;
    made->http = http;
    if (state_dir) {
        made->copy_name = mnv_provider_copy_name(pool, state_dir, options->issuer);
        if (!made->copy_name) {
            return APR_EGENERAL;
        }
    }
    apr_pool_cleanup_register(pool, made, release_current, apr_pool_cleanup_null);
    *provider = made;
    return APR_SUCCESS;
}

apr_status_t mnv_provider_metadata(mnv_ctx_t *ctx, mnv_provider_t *provider, const mnv_op_metadata_t **metadata)
{
    const need_t need = {AGE_LIMIT, NULL};
    const snapshot_t *snapshot;
    apr_status_t fetched, status = obtain(ctx, provider, &need, &fetched, &snapshot);

    if (status == APR_SUCCESS) {
        *metadata = snapshot->metadata;
    }
    return status;
}

apr_status_t mnv_provider_verify(mnv_ctx_t *ctx, mnv_provider_t *provider, const mnv_jws_t *jws)
{
    const need_t need = {AGE_LIMIT, jws};
    const snapshot_t *snapshot;
    apr_status_t fetched, status = obtain(ctx, provider, &need, &fetched, &snapshot);

    return status == APR_SUCCESS ? mnv_jws_verify(ctx, jws, snapshot->jwks) : status;
}

apr_status_t mnv_provider_key(mnv_ctx_t *ctx, mnv_provider_t *provider, const mnv_jws_t *jws, mnv_json_t **jwk)
{
    const need_t need = {AGE_LIMIT, jws};
    const snapshot_t *snapshot;
    apr_status_t fetched, status = obtain(ctx, provider, &need, &fetched, &snapshot);

    return status == APR_SUCCESS ? mnv_jwks_choose(ctx, jws, snapshot->jwks, jwk) : status;
}

apr_status_t mnv_provider_refresh(mnv_ctx_t *ctx, mnv_provider_t *provider)
{
    const need_t need = {AGE_REFRESH, NULL};
    const snapshot_t *snapshot;
    apr_status_t fetched, status = obtain(ctx, provider, &need, &fetched, &snapshot);

    return status == APR_SUCCESS ? fetched : status;
}
