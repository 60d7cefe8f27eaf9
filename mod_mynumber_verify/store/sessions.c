#include "store/work.h"

#include <string.h>
#include <apr_strings.h>
#include "lib/json.h"

/* A row is bound to all that never changes of it: a session of another site, another key or with a later beginning does not open. */
static const char *place_of(apr_pool_t *pool, const char *key, const char *base_url, apr_time_t created)
{
    return apr_psprintf(pool, "sessions|%s|data|%s|%" APR_INT64_T_FMT, key, base_url, (apr_int64_t)apr_time_sec(created));
}

/** What of a session is written. */
typedef struct row_t {
    const char *key, *account_hash, *identity_hash, *op_subject_hash, *op_session_hash, *data; /* hashes NULL where a half or a name is absent */
    const mnv_session_t *session;
    const char *replaces;
    int is_replaced; /* "replaces" was there, and is not any more */
    apr_time_t expires;
} row_t;

/** Hash and seal. What would not be read again is not written: the check is the reader's own. */
static apr_status_t make_row(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_session_t *session, row_t *row)
{
    const mnv_json_t *json = mnv_session_to_json(ctx->pool, session);
    mnv_session_t copy = { 0 };

    if (strlen(session->base_url) > MNV_BASE_URL_LIMIT || mnv_session_from_json(ctx->pool, json, &copy) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "a session has a member that does not fit its row");
    }
    row->session = session;
    row->key = session->key;
    if ((session->account && !(row->account_hash = mnv_store_account_hash(ctx, store, session->account)))
        || (session->identity && !(row->identity_hash = mnv_store_identity_hash(ctx, store, session->identity)))
        || (session->account && mnv_store_op_hashes(ctx, store, session->account, &row->op_subject_hash, &row->op_session_hash) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    return mnv_store_seal(ctx, store, place_of(ctx->pool, session->key, session->base_url, session->created), json,
                          &row->data);
}

static apr_status_t add_row(mnv_work_t *work, const row_t *row)
{
    const char *args[] = { row->key, row->session->base_url, row->account_hash, row->identity_hash, row->op_subject_hash, row->op_session_hash, row->data,
                           mnv_arg_time(work->pool, row->session->created), mnv_arg_time(work->pool, row->session->seen),
                           mnv_arg_time(work->pool, row->expires) };

    return mnv_work_query(work, MNV_SQL_SESSION_ADD, args, NULL);
}

/* Of two requests that renew the same session at once, and of a renewal and a logout, one wins: nothing is used twice or comes back to life. */
static apr_status_t put_body(mnv_work_t *work, void *baton)
{
    row_t *row = baton;
    const char *old[] = { row->replaces };
    apr_status_t rv = row->replaces ? mnv_work_query(work, MNV_SQL_SESSION_DELETE, old, &row->is_replaced) : APR_SUCCESS;

    if (rv == APR_SUCCESS && row->replaces && !row->is_replaced) {
        return MNV_WORK_UNDO;
    }
    return rv == APR_SUCCESS ? add_row(work, row) : rv;
}

static apr_status_t put_look(mnv_work_t *work, void *baton)
{
    row_t *row = baton;
    const char *args[] = { row->key };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_SESSION_GET, args, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    row->is_replaced = rows->nelts > 0;
    return rows->nelts > 0 ? APR_SUCCESS : MNV_WORK_AGAIN;
}

apr_status_t mnv_store_session_put(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_session_t *session,
                                   const char *replaces, apr_interval_time_t lifetime)
{
    static const mnv_work_plan_t add = { "keep a session", 0, put_body, put_look };
    static const mnv_work_plan_t replace = { "replace a session", 1, put_body, put_look };
    row_t row = { 0 };
    apr_status_t rv = make_row(ctx, store, session, &row);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    row.replaces = replaces;
    row.expires = session->created + lifetime;
    rv = mnv_work_run(ctx, store, replaces ? &replace : &add, &row);
    return rv == APR_SUCCESS && replaces && !row.is_replaced ? APR_ENOENT : rv;
}

/* Going on under a new id, within the transaction of what is done. ---------------------- */

struct mnv_succession_rows_t {
    row_t old, made;
    apr_time_t now;
    int came_late;
};

apr_status_t mnv_succession_prepare(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_succession_t *succession,
                                    mnv_succession_rows_t **rows)
{
    mnv_succession_rows_t *made;
    mnv_session_t *ended;
    apr_status_t rv;

    *rows = NULL;
    if (!succession) {
        return APR_SUCCESS;
    }
    made = apr_pcalloc(ctx->pool, sizeof(*made));
    ended = apr_pmemdup(ctx->pool, succession->from, sizeof(*ended));
    ended->account = NULL;
    ended->identity = NULL;
    ended->successor = succession->to->id;
    ended->browser = succession->browser;
    made->now = mnv_now(ctx);
    made->made.expires = succession->to->created + succession->lifetime;
    if ((rv = make_row(ctx, store, ended, &made->old)) == APR_SUCCESS
        && (rv = make_row(ctx, store, succession->to, &made->made)) == APR_SUCCESS) {
        *rows = made;
    }
    return rv;
}

apr_status_t mnv_succession_do(mnv_work_t *work, mnv_succession_rows_t *rows)
{
    int changed = 0;
    apr_status_t rv;

    if (!rows) {
        return APR_SUCCESS;
    }
    const char *old[] = { rows->old.data, mnv_arg_time(work->pool, rows->now),
                          mnv_arg_time(work->pool, rows->now + MNV_PREDECESSOR_LIFETIME), rows->old.key };

    rv = mnv_work_query(work, MNV_SQL_SESSION_SUCCEED, old, &changed);
    rows->came_late = rv == APR_SUCCESS && changed == 0;
    if (rv != APR_SUCCESS || rows->came_late) {
        return rv == APR_SUCCESS ? MNV_WORK_UNDO : rv;
    }
    return add_row(work, &rows->made);
}

int mnv_succession_came_late(const mnv_succession_rows_t *rows)
{
    return rows && rows->came_late;
}

const char *mnv_succession_from(const mnv_succession_rows_t *rows)
{
    return rows ? rows->old.key : "";
}

/* Finding. ------------------------------------------------------------------------------ */

typedef struct get_t {
    const char *key;
    mnv_session_t *session;
} get_t;

/** base_url, data, created_at, seen_at, expires_at */
static apr_status_t read_row(mnv_work_t *work, const char *key, const char *const *cells, mnv_session_t **session)
{
    apr_pool_t *pool = work->ctx->pool;
    mnv_session_t *made = apr_pcalloc(pool, sizeof(*made));
    mnv_json_t *json;

    if (!cells[0] || strlen(cells[0]) > MNV_BASE_URL_LIMIT || mnv_cell_time(cells[2], &made->created) != APR_SUCCESS
        || mnv_cell_time(cells[3], &made->seen) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    made->key = apr_pstrdup(pool, key);
    made->base_url = apr_pstrdup(pool, cells[0]);
    if (mnv_store_open(work->ctx, work->store, place_of(work->pool, key, cells[0], made->created), cells[1], &json)
            != APR_SUCCESS
        || mnv_session_from_json(pool, json, made) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    *session = made;
    return APR_SUCCESS;
}

static apr_status_t get_body(mnv_work_t *work, void *baton)
{
    get_t *get = baton;
    const char *args[] = { get->key };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_SESSION_GET, args, &rows);

    get->session = NULL;
    if (rv != APR_SUCCESS || rows->nelts == 0) {
        return rv;
    }
    if (read_row(work, get->key, APR_ARRAY_IDX(rows, 0, const char *const *), &get->session) != APR_SUCCESS) {
        return mnv_fail(work->ctx, MNV_FAIL_DATABASE_ROW, "session");
    }
    return APR_SUCCESS;
}

apr_status_t mnv_store_session_get(mnv_ctx_t *ctx, mnv_store_t *store, const char *key, mnv_session_t **session)
{
    static const mnv_work_plan_t plan = { "find a session", 0, get_body, NULL };
    get_t get = { key, NULL };
    apr_status_t rv = mnv_work_run(ctx, store, &plan, &get);

    if (rv == APR_SUCCESS) {
        *session = get.session;
    }
    return rv;
}

typedef struct seen_t {
    const char *key;
    apr_time_t seen;
} seen_t;

/** Forward only: two nodes may write in any order. */
static apr_status_t seen_body(mnv_work_t *work, void *baton)
{
    const seen_t *seen = baton;
    const char *at = mnv_arg_time(work->pool, seen->seen);
    const char *args[] = { at, seen->key, at };

    return mnv_work_query(work, MNV_SQL_SESSION_SEEN, args, NULL);
}

apr_status_t mnv_store_session_seen(mnv_ctx_t *ctx, mnv_store_t *store, const char *key, apr_time_t seen)
{
    static const mnv_work_plan_t plan = { "write a session's last-seen", 0, seen_body, NULL };
    seen_t baton = { key, seen };

    return mnv_work_run(ctx, store, &plan, &baton);
}

typedef struct delete_t {
    const char *key;
    int *deleted;
} delete_t;

static apr_status_t delete_body(mnv_work_t *work, void *baton)
{
    const delete_t *delete = baton;
    const char *args[] = { delete->key };

    return mnv_work_query(work, MNV_SQL_SESSION_DELETE, args, delete->deleted);
}

apr_status_t mnv_store_session_delete(mnv_ctx_t *ctx, mnv_store_t *store, const char *key, int *deleted)
{
    static const mnv_work_plan_t plan = { "end a session", 0, delete_body, NULL };
    delete_t delete = { key, deleted };

    *deleted = 0;
    return mnv_work_run(ctx, store, &plan, &delete);
}

typedef struct end_t {
    const char *account_hash, *identity_hash, *except; /* hashes NULL: not by this end */
} end_t;

apr_status_t mnv_sessions_end(mnv_work_t *work, const char *account_hash, const char *identity_hash, const char *except)
{
    const char *account[] = { account_hash, except };
    const char *identity[] = { identity_hash, except };
    apr_status_t rv = APR_SUCCESS;

    if (account_hash) {
        rv = mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_ACCOUNT, account, NULL);
    }
    if (rv == APR_SUCCESS && identity_hash) {
        rv = mnv_work_query(work, MNV_SQL_SESSIONS_DELETE_IDENTITY, identity, NULL);
    }
    return rv;
}

static apr_status_t end_body(mnv_work_t *work, void *baton)
{
    const end_t *end = baton;

    return mnv_sessions_end(work, end->account_hash, end->identity_hash, end->except);
}

apr_status_t mnv_store_sessions_delete(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_account_t *account,
                                       const mnv_identity_t *identity, const char *except)
{
    static const mnv_work_plan_t plan = { "end sessions", 1, end_body, NULL };
    end_t end = { NULL, NULL, except ? except : "" };

    if ((account && !(end.account_hash = mnv_store_account_hash(ctx, store, account)))
        || (identity && !(end.identity_hash = mnv_store_identity_hash(ctx, store, identity)))) {
        return APR_EGENERAL;
    }
    return account || identity ? mnv_work_run(ctx, store, &plan, &end) : APR_SUCCESS;
}
