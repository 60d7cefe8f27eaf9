#include "store/work.h"

#include <string.h>
#include "base/base64url.h"
#include "base/log.h"

/* An id is used once ------------------------------------------------------------------- */

typedef struct use_t {
    const char *id_hash;
    const char *expires;
    int used; /* before */
} use_t;

static apr_status_t use_body(mnv_work_t *work, void *baton)
{
    use_t *use = baton;
    const char *args[] = { use->id_hash, use->expires };

    return mnv_work_query(work, MNV_SQL_REPLAY_ADD, args, NULL);
}

/** The INSERT failed and the row is there: another's, or ours whose answer was lost. Both count as used. */
static apr_status_t use_look(mnv_work_t *work, void *baton)
{
    use_t *use = baton;
    const char *args[] = { use->id_hash };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_REPLAY_GET, args, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    use->used = rows->nelts > 0;
    return use->used ? APR_SUCCESS : MNV_WORK_AGAIN;
}

const char *mnv_replay_hash(mnv_ctx_t *ctx, const char *id)
{
    unsigned char digest[MNV_DIGEST_BYTES];

    if (mnv_crypt_sha256(id, strlen(id), digest) != APR_SUCCESS) {
        mnv_fail(ctx, MNV_FAIL_CRYPTO, "hash of an id to use");
        return NULL;
    }
    return mnv_base64url_encode(ctx->pool, digest, sizeof(digest));
}

apr_status_t mnv_store_use_once(mnv_ctx_t *ctx, mnv_store_t *store, const char *id, apr_time_t expires)
{
    static const mnv_work_plan_t plan = { "use an id", 0, use_body, use_look };
    use_t use = { mnv_replay_hash(ctx, id), mnv_arg_time(ctx->pool, expires), 0 };
    apr_status_t rv;

    if (!use.id_hash) {
        return APR_EGENERAL;
    }
    rv = mnv_work_run(ctx, store, &plan, &use);
    return rv == APR_SUCCESS && use.used ? APR_EEXIST : rv;
}

/* Generation --------------------------------------------------------------------------- */

static apr_status_t generation_body(mnv_work_t *work, void *baton)
{
    apr_int64_t *generation = baton;
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_SCHEMA_GET, NULL, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (rows->nelts != 1 || mnv_cell_integer(APR_ARRAY_IDX(rows, 0, const char *const *)[2], generation) != APR_SUCCESS) {
        return mnv_fail(work->ctx, MNV_FAIL_DATABASE_SCHEMA, "no readable generation");
    }
    return APR_SUCCESS;
}

apr_status_t mnv_store_generation(mnv_ctx_t *ctx, mnv_store_t *store, apr_int64_t *generation)
{
    static const mnv_work_plan_t plan = { "read the generation", 0, generation_body, NULL };

    return mnv_work_run(ctx, store, &plan, generation);
}

static apr_status_t raise_body(mnv_work_t *work, void *baton)
{
    int rows;
    apr_status_t rv = mnv_work_query(work, MNV_SQL_GENERATION_RAISE, NULL, &rows);

    (void)baton;
    if (rv == APR_SUCCESS && rows != 1) {
        return mnv_fail(work->ctx, MNV_FAIL_DATABASE_SCHEMA, "no generation to raise");
    }
    return rv;
}

apr_status_t mnv_store_generation_raise(mnv_ctx_t *ctx, mnv_store_t *store)
{
    /* Raised twice after a lost answer does no harm */
    static const mnv_work_plan_t plan = { "raise the generation", 0, raise_body, NULL };

    return mnv_work_run(ctx, store, &plan, NULL);
}

/* Purge -------------------------------------------------------------------------------- */

static apr_status_t purge_body(mnv_work_t *work, void *baton)
{
    const char *args[] = { mnv_arg_time(work->pool, *(apr_time_t *)baton) };
    int sessions, ids;
    apr_status_t rv = mnv_work_query(work, MNV_SQL_SESSIONS_PURGE, args, &sessions);

    if (rv == APR_SUCCESS) {
        rv = mnv_work_query(work, MNV_SQL_REPLAY_PURGE, args, &ids);
    }
    if (rv == APR_SUCCESS) {
        mnv_log(work->ctx, MNV_LOG_DEBUG, MNVLOGNO(1130) "purged %d expired sessions and %d used ids", sessions, ids);
    }
    return rv;
}

apr_status_t mnv_store_purge(mnv_ctx_t *ctx, mnv_store_t *store, apr_time_t now)
{
    static const mnv_work_plan_t plan = { "purge", 0, purge_body, NULL };

    return mnv_work_run(ctx, store, &plan, &now);
}
