#include "store/logout.h"
#include "store/work.h"

typedef struct logout_t {
    const char *id_hash, *expires;
    const char *subject_hash, *session_hash;
    int used, ended; /* before; how many sessions */
} logout_t;

static apr_status_t end_sessions(mnv_work_t *work, logout_t *logout)
{
    const char *both[] = { logout->subject_hash, logout->session_hash };

    if (logout->subject_hash && logout->session_hash) {
        return mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_OP_BOTH, both, &logout->ended);
    }
    return logout->session_hash ? mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_OP_SESSION, both + 1, &logout->ended)
                                : mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_OP_SUBJECT, both, &logout->ended);
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

apr_status_t mnv_store_op_logout(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_op_logout_t *message, int *ended)
{
    static const mnv_work_plan_t plan = { "end the sessions of a provider's logout", 1, logout_body, logout_look };
    const mnv_account_t who = { .issuer = message->issuer, .op_subject = message->subject, .op_session = message->session };
    logout_t logout = { mnv_replay_hash(ctx, message->id), mnv_arg_time(ctx->pool, message->expires), NULL, NULL, 0, 0 };
    apr_status_t rv;

    *ended = 0;
    if (!logout.id_hash || mnv_store_op_hashes(ctx, store, &who, &logout.subject_hash, &logout.session_hash) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!logout.subject_hash && !logout.session_hash) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "a logout of nobody");
    }
    rv = mnv_work_run(ctx, store, &plan, &logout);
    if (rv == APR_SUCCESS && !logout.used) {
        *ended = logout.ended;
    }
    return rv == APR_SUCCESS && logout.used ? APR_EEXIST : rv;
}
