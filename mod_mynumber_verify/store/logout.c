#include "store/logout.h"
#include "store/work.h"

typedef struct logout_t {
    const char *id_hash, *expires;
    const char *subject_hash;
    apr_array_header_t *session_hashes; /* const char *; one that is NULL: all of the subject's */
    int used, ended; /* before; how many sessions */
} logout_t;

static apr_status_t end_named(mnv_work_t *work, logout_t *logout, const char *session_hash)
{
    const char *both[] = { logout->subject_hash, session_hash };
    int ended = 0;
    apr_status_t rv;

    if (logout->subject_hash && session_hash) {
        rv = mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_OP_BOTH, both, &ended);
    }
    else if (session_hash) {
        rv = mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_OP_SESSION, both + 1, &ended);
    }
    else {
        rv = mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_OP_SUBJECT, both, &ended);
    }
    logout->ended += ended;
    return rv;
}

static apr_status_t end_sessions(mnv_work_t *work, logout_t *logout)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    logout->ended = 0; /* the work may be done again */
    for (i = 0; rv == APR_SUCCESS && i < logout->session_hashes->nelts; i++) {
        rv = end_named(work, logout, APR_ARRAY_IDX(logout->session_hashes, i, const char *));
    }
    return rv;
}

static apr_status_t logout_body(mnv_work_t *work, void *baton)
{
    logout_t *logout = baton;
    const char *id[] = { logout->id_hash, logout->expires };
    apr_status_t rv = mnv_work_query(work, MNV_SQL_REPLAY_ADD, id, NULL);

    if (rv == APR_SUCCESS) {
        rv = end_sessions(work, logout);
    }
    return rv == APR_SUCCESS && logout->ended > 0 ? mnv_work_query(work, MNV_SQL_GENERATION_RAISE, NULL, NULL) : rv;
}

/** The id is there: of another request with this message, or of ours whose COMMIT got no answer. Either has ended the sessions. */
static apr_status_t logout_look(mnv_work_t *work, void *baton)
{
    logout_t *logout = baton;
    const char *id[] = { logout->id_hash };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_REPLAY_GET, id, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    logout->used = rows->nelts > 0;
    return logout->used ? APR_SUCCESS : MNV_WORK_AGAIN;
}

/* Of each session named, or of none. */
static apr_status_t hash_names(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_op_logout_t *message, logout_t *logout)
{
    mnv_account_t who = { .issuer = message->issuer, .op_subject = message->subject };
    int i, count = message->sessions ? message->sessions->nelts : 0;

    for (i = 0; i < (count ? count : 1); i++) {
        const char **hash = apr_array_push(logout->session_hashes);

        who.op_session = count ? APR_ARRAY_IDX(message->sessions, i, const char *) : NULL;
        if (mnv_store_op_hashes(ctx, store, &who, &logout->subject_hash, hash) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (!logout->subject_hash && !*hash) {
            return mnv_fail(ctx, MNV_FAIL_INTERNAL, "a logout of nobody");
        }
    }
    return APR_SUCCESS;
}

apr_status_t mnv_store_op_logout(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_op_logout_t *message, int *ended)
{
    static const mnv_work_plan_t plan = { "end the sessions of a provider's logout", 1, logout_body, logout_look };
    logout_t logout = { mnv_replay_hash(ctx, message->id), mnv_arg_time(ctx->pool, message->expires), NULL, apr_array_make(ctx->pool, 2, sizeof(const char *)), 0, 0 };
    apr_status_t rv;

    *ended = 0;
    if (!logout.id_hash || hash_names(ctx, store, message, &logout) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rv = mnv_work_run(ctx, store, &plan, &logout);
    if (rv == APR_SUCCESS && !logout.used) {
        *ended = logout.ended;
    }
    return rv == APR_SUCCESS && logout.used ? APR_EEXIST : rv;
}
