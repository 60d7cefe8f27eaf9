#include "flow/federation.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include "base/civil.h"
#include "base/file.h"
#include "base/log.h"

#define FRESH_DEFAULT apr_time_from_sec(4 * 60 * 60)
#define FRESH_LEAST   apr_time_from_sec(5 * 60)
#define FRESH_MOST    apr_time_from_sec(24 * 60 * 60)
#define RETRY_AFTER   apr_time_from_sec(10)      /* somebody waits */
#define RETRY_STEP    apr_time_from_sec(60)      /* nobody can sign in */
#define RETRY_LATER   apr_time_from_sec(10 * 60) /* the last good copy serves on */
#define LOOK_AFTER    apr_time_from_sec(5)       /* for what another process has fetched */
#define WAIT_LIMIT    apr_time_from_sec(10)      /* for another thread's fetch */
#define FETCH_LIMIT   apr_time_from_sec(60)      /* a hundred megabytes take their time */

struct mnv_federation_t {
    const mnv_saml_options_t *options;
    const char *ca_file;
    mnv_http_t *http;          /* of this process; NULL before there are processes */
    apr_thread_mutex_t *mutex; /* over what follows; held for moments, never while something is fetched */
    apr_thread_cond_t *landed; /* the fetch is over */
    mnv_snapshot_t *current;   /* NULL: nothing is known yet */
    mnv_copy_t copy;
    int is_fetching;           /* one thread is */
    apr_time_t looked_at;      /* for a newer copy; 0: never */
    apr_time_t failed_at;      /* the last fetch failed then; 0: it did not */
    mnv_failure_e failed_what;
    void *notes;               /* see mnv_federation_notes() */
    apr_time_t file_seen;      /* modification time of the file as last read; the fetching thread's */
};

/* Clocks are set back at times: what lies in the future is not recent. */
static int is_within(apr_time_t at, apr_interval_time_t span, apr_time_t now)
{
    return at && at <= now && now - at < span;
}

static int is_usable(const mnv_snapshot_t *snapshot, apr_time_t now)
{
    const apr_time_t until = snapshot ? mnv_saml_metadata_valid_until(snapshot->metadata) : 1;

    return !until || until > now;
}

static apr_interval_time_t fresh_for(const mnv_snapshot_t *snapshot)
{
    const apr_time_t until = mnv_saml_metadata_valid_until(snapshot->metadata);
    apr_interval_time_t span = mnv_saml_metadata_cache(snapshot->metadata);

    span = span ? span : FRESH_DEFAULT;
    span = span > FRESH_MOST ? FRESH_MOST : span;
    if (until && (until - snapshot->fetched_at) / 2 < span) {
        span = (until - snapshot->fetched_at) / 2;
    }
    return span < FRESH_LEAST ? FRESH_LEAST : span;
}

/* Fetching, without the lock. ------------------------------------------------------------ */

/* How a fetch is made. */
typedef struct trip_t {
    mnv_federation_t *federation;
    const volatile apr_uint32_t *stop;
} trip_t;

static apr_status_t get(mnv_ctx_t *ctx, const trip_t *trip, mnv_saml_source_t *source)
{
    mnv_federation_t *federation = trip->federation;
    mnv_http_request_t request = {0};
    mnv_http_response_t *response;
    apr_status_t status;

    if (!federation->http) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "no process yet");
    }
    request.url = federation->options->metadata;
    request.accept = "application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.5";
    request.ca_file = federation->ca_file;
    request.limit_bytes = MNV_FEDERATION_LIMIT_BYTES;
    request.total = FETCH_LIMIT;
    request.stop = trip->stop;
    status = federation->http->send(federation->http->baton, ctx, &request, &response);
    if (status == APR_SUCCESS && response->status != 200) {
        status = mnv_fail(ctx, MNV_FAIL_PROVIDER_STATUS, "metadata \"%s\": status %d", request.url, response->status);
    }
    if (status == APR_SUCCESS) {
        source->text = response->body;
        source->length = response->length;
    }
    return status;
}

static apr_status_t read_file(mnv_ctx_t *ctx, mnv_federation_t *federation, mnv_saml_source_t *source)
{
    const char *name = federation->options->metadata;
    apr_finfo_t info;
    char reason[120], *text;
    apr_status_t status = apr_stat(&info, name, APR_FINFO_MTIME, ctx->pool);

    if (status == APR_SUCCESS) {
        federation->file_seen = info.mtime; /* before it is read: a change meanwhile is met the next time */
        status = mnv_file_read(ctx->pool, name, MNV_FEDERATION_LIMIT_BYTES, &text, &source->length);
    }
    if (status != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "could not read \"%s\": %s", name, apr_strerror(status, reason, sizeof(reason)));
    }
    source->text = text;
    return APR_SUCCESS;
}

static apr_status_t fetch_in(mnv_ctx_t *ctx, const trip_t *trip, mnv_snapshot_t **got)
{
    mnv_federation_t *federation = trip->federation;
    const mnv_xmldsig_trust_t trust = { federation->options->signers, 0 };
    const apr_time_t now = apr_time_from_sec(apr_time_sec(mnv_now(ctx)));
    mnv_saml_source_t source = { NULL, 0, federation->options->signers ? &trust : NULL };
    mnv_saml_metadata_t *metadata;
    apr_status_t status = federation->options->is_url ? get(ctx, trip, &source) : read_file(ctx, federation, &source);

    if (status == APR_SUCCESS) {
        status = mnv_saml_metadata_load(ctx, ctx->pool, &source, &metadata);
    }
    if (status == APR_SUCCESS) {
        /* only a process of the server may write what the others read: at start everything is root's */
        mnv_copy_t none = federation->copy;
        none.name = NULL;
        status = mnv_copy_keep(ctx, federation->http ? &federation->copy : &none, metadata, now, got);
    }
    if (status == APR_SUCCESS && federation->http) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1265) "metadata \"%s\" with %" APR_SIZE_T_FMT " identity providers were read", federation->options->metadata, mnv_saml_metadata_count(metadata));
    }
    return status;
}

/* What reading takes, several times the size of the text, is given back to the system at once: the pool has an allocator of its own. */
static apr_status_t fetch(mnv_ctx_t *ctx, const trip_t *trip, mnv_snapshot_t **got)
{
    mnv_ctx_t inner = *ctx;
    apr_status_t status;

    if (apr_pool_create_unmanaged_ex(&inner.pool, NULL, NULL) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "no pool");
    }
    status = fetch_in(&inner, trip, got);
    if (status != APR_SUCCESS) {
        ctx->failure = inner.failure;
        ctx->failure.detail = apr_pstrdup(ctx->pool, inner.failure.detail);
        ctx->failure.reference = apr_pstrdup(ctx->pool, inner.failure.reference);
    }
    apr_pool_destroy(inner.pool);
    mnv_xml_give_back();
    return status;
}

/* One process of the server at a time: a hundred of them would be a hundred times the traffic. @param lock to be closed, NULL: there is nothing to lock by
 * @return APR_SUCCESS or the told failure SAML_METADATA_PENDING */
static apr_status_t lock_out_others(mnv_ctx_t *ctx, const mnv_federation_t *federation, apr_file_t **lock)
{
    *lock = NULL;
    if (!federation->copy.name || !federation->http
        || apr_file_open(lock, apr_pstrcat(ctx->pool, federation->copy.name, ".lock", NULL), APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_UREAD | APR_FPROT_UWRITE, ctx->pool) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    if (APR_STATUS_IS_EAGAIN(apr_file_lock(*lock, APR_FLOCK_EXCLUSIVE | APR_FLOCK_NONBLOCK))) {
        apr_file_close(*lock);
        *lock = NULL;
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA_PENDING, NULL);
    }
    return APR_SUCCESS;
}

/* Deciding, under the lock. --------------------------------------------------------------- */

static void replace(mnv_federation_t *federation, mnv_snapshot_t *snapshot)
{
    mnv_snapshot_t *old = federation->current;

    federation->current = snapshot;
    mnv_snapshot_release(old);
}

/* What another process, or an earlier life of this server, has fetched. One look at the file's time in a few seconds. */
static void look_for_newer(mnv_ctx_t *ctx, mnv_federation_t *federation)
{
    const apr_time_t now = mnv_now(ctx);
    mnv_snapshot_t *newer;

    if (federation->is_fetching || is_within(federation->looked_at, LOOK_AFTER, now)) {
        return;
    }
    federation->looked_at = now;
    newer = mnv_copy_read(ctx, &federation->copy, federation->current ? federation->current->fetched_at : 0);
    if (newer) {
        replace(federation, newer);
        federation->failed_at = 0;
    }
}

/* Fetch as the one thread that does. The lock is let go meanwhile. */
static apr_status_t fetch_alone(mnv_ctx_t *ctx, mnv_federation_t *federation, const volatile apr_uint32_t *stop)
{
    const trip_t trip = { federation, stop };
    mnv_snapshot_t *got = NULL;
    apr_file_t *lock;
    apr_status_t status;

    federation->is_fetching = 1;
    apr_thread_mutex_unlock(federation->mutex);
    status = lock_out_others(ctx, federation, &lock);
    if (status == APR_SUCCESS) {
        status = fetch(ctx, &trip, &got);
    }
    if (lock) {
        apr_file_close(lock);
    }
    apr_thread_mutex_lock(federation->mutex);
    if (status == APR_SUCCESS) {
        replace(federation, got);
        federation->failed_at = 0;
    }
    else if (ctx->failure.what != MNV_FAIL_SAML_METADATA_PENDING) {
        federation->failed_at = mnv_now(ctx);
        federation->failed_what = ctx->failure.what;
    }
    federation->is_fetching = 0;
    apr_thread_cond_broadcast(federation->landed);
    return status;
}

/* Nobody can sign in with what there is. @return APR_SUCCESS, or a told failure */
static apr_status_t get_any(mnv_ctx_t *ctx, mnv_federation_t *federation)
{
    while (federation->is_fetching && !is_usable(federation->current, mnv_now(ctx))
           && apr_thread_cond_timedwait(federation->landed, federation->mutex, WAIT_LIMIT) == APR_SUCCESS) {
        continue; /* woken: look again */
    }
    if (is_usable(federation->current, mnv_now(ctx))) {
        return APR_SUCCESS;
    }
    if (federation->is_fetching) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA_PENDING, NULL);
    }
    if (is_within(federation->failed_at, RETRY_AFTER, mnv_now(ctx))) {
        return mnv_fail(ctx, federation->failed_what, "metadata \"%s\", as was found less than 10 seconds ago", federation->options->metadata);
    }
    return fetch_alone(ctx, federation, NULL);
}

apr_status_t mnv_federation_metadata(mnv_ctx_t *ctx, mnv_federation_t *federation, const mnv_saml_metadata_t **metadata)
{
    mnv_snapshot_t *found = NULL;
    apr_status_t status = APR_SUCCESS;

    apr_thread_mutex_lock(federation->mutex);
    look_for_newer(ctx, federation);
    if (!is_usable(federation->current, mnv_now(ctx))) {
        status = get_any(ctx, federation);
    }
    if (status == APR_SUCCESS) {
        found = federation->current;
        apr_atomic_inc32(&found->holders);
    }
    apr_thread_mutex_unlock(federation->mutex);
    if (found) {
        apr_pool_cleanup_register(ctx->pool, found, mnv_snapshot_release, apr_pool_cleanup_null);
        *metadata = found->metadata;
    }
    return status;
}

const mnv_saml_metadata_t *mnv_federation_current(mnv_ctx_t *ctx, mnv_federation_t *federation, apr_time_t *since)
{
    mnv_snapshot_t *found;
    apr_finfo_t info;

    apr_thread_mutex_lock(federation->mutex);
    found = federation->current;
    if (found) {
        apr_atomic_inc32(&found->holders);
    }
    apr_thread_mutex_unlock(federation->mutex);
    if (!found) {
        return NULL;
    }
    apr_pool_cleanup_register(ctx->pool, found, mnv_snapshot_release, apr_pool_cleanup_null);
    *since = !federation->options->is_url && apr_stat(&info, federation->options->metadata, APR_FINFO_MTIME, ctx->pool) == APR_SUCCESS ? info.mtime : found->fetched_at;
    return found->metadata;
}

void **mnv_federation_notes(mnv_federation_t *federation)
{
    return &federation->notes;
}

/* Is it time? Strangers can raise doubts, so that these make no more traffic than the shortest cacheDuration. */
static int is_due(mnv_ctx_t *ctx, const mnv_federation_t *federation, int is_doubted)
{
    const mnv_snapshot_t *current = federation->current;
    const apr_time_t now = mnv_now(ctx);
    apr_finfo_t info;

    if (federation->is_fetching || is_within(federation->failed_at, is_usable(current, now) ? RETRY_LATER : RETRY_STEP, now)) {
        return 0;
    }
    if (!federation->options->is_url) {
        return apr_stat(&info, federation->options->metadata, APR_FINFO_MTIME, ctx->pool) != APR_SUCCESS || info.mtime != federation->file_seen;
    }
    return !is_usable(current, now) || now < current->fetched_at || now - current->fetched_at >= (is_doubted ? FRESH_LEAST : fresh_for(current));
}

apr_status_t mnv_federation_refresh(mnv_ctx_t *ctx, mnv_federation_t *federation, int is_doubted, const volatile apr_uint32_t *stop)
{
    const mnv_snapshot_t *current;
    apr_status_t status = APR_SUCCESS;

    apr_thread_mutex_lock(federation->mutex);
    look_for_newer(ctx, federation);
    if (is_due(ctx, federation, is_doubted)) {
        status = fetch_alone(ctx, federation, stop);
    }
    current = federation->current;
    if (status != APR_SUCCESS && is_usable(current, mnv_now(ctx))) {
        const apr_time_t until = mnv_saml_metadata_valid_until(current->metadata);

        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1266) "metadata \"%s\" could not be refreshed; those of %s are used on%s%s", federation->options->metadata,
                mnv_civil_rfc3339(ctx->pool, current->fetched_at), until ? ", at most until " : "", until ? mnv_civil_rfc3339(ctx->pool, until) : "");
    }
    apr_thread_mutex_unlock(federation->mutex);
    return status;
}

/* Start. ------------------------------------------------------------------------------------ */

static apr_status_t release_current(void *data)
{
    return mnv_snapshot_release(((mnv_federation_t *)data)->current);
}

apr_status_t mnv_federation_make(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_options_t *options, const mnv_keyring_t *keyring, mnv_federation_t **federation)
{
    mnv_federation_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);

    if (status == APR_SUCCESS) {
        status = apr_thread_cond_create(&made->landed, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    made->options = &options->saml;
    made->ca_file = options->account.ca_file;
    made->copy.place = options->saml.metadata;
    made->copy.keyring = keyring;
    made->copy.signers = options->saml.signers;
    if (options->site.state_dir) {
        made->copy.name = mnv_copy_name(ctx, pool, options->site.state_dir, keyring, options->saml.metadata);
    }
    apr_pool_cleanup_register(pool, made, release_current, apr_pool_cleanup_null);
    *federation = made;
    return APR_SUCCESS;
}

apr_status_t mnv_federation_start(mnv_ctx_t *ctx, mnv_federation_t *federation)
{
    apr_status_t status = APR_SUCCESS;

    apr_thread_mutex_lock(federation->mutex);
    if (federation->options->is_url) {
        look_for_newer(ctx, federation);
        federation->looked_at = 0;
    }
    else {
        status = fetch_alone(ctx, federation, NULL);
    }
    apr_thread_mutex_unlock(federation->mutex);
    return status;
}

void mnv_federation_connect(mnv_federation_t *federation, mnv_http_t *http)
{
    federation->http = http;
}
