/* A piece of work on a borrowed connection: statements that all happen or none. Private to store/.
 *
 * mnv_work_run() borrows a connection, runs the plan's body between BEGIN and COMMIT, and gives the connection back. When a statement or the COMMIT fails it
 * rolls back and asks the plan's look what became of it: a failed INSERT may be another's row, a failed COMMIT may have been carried out. If nothing is
 * decided, the body runs again, at most MNV_WORK_ATTEMPTS times; then the failure DATABASE is told.
 */
#ifndef MNV_STORE_WORK_H
#define MNV_STORE_WORK_H

#include "store/store.h"

#define MNV_WORK_ATTEMPTS 3
#define MNV_CELL_LIMIT_BYTES 65535 /* TEXT of MySQL */

/* What body and look may answer besides APR_SUCCESS and a told failure. */
#define MNV_WORK_ERROR (APR_OS_START_USERERR + 1) /* a statement failed; nothing is told yet */
#define MNV_WORK_UNDO (APR_OS_START_USERERR + 2)  /* body: all is well, but nothing of it is to stay */
#define MNV_WORK_AGAIN (APR_OS_START_USERERR + 3) /* look: nothing is decided */

typedef enum {
#define MNV_STATEMENT(name, arguments, columns, sql) MNV_SQL_##name,
#include "store/statements.def"
#undef MNV_STATEMENT
    MNV_SQL_COUNT
} mnv_sql_e;

struct mnv_store_t {
    const mnv_dbd_lender_t *lender;
    const mnv_keyring_t *keyring;
    mnv_policy_e policy;
};

typedef struct mnv_work_t {
    mnv_ctx_t *ctx;
    mnv_store_t *store;
    const char *name;       /* of the operation, for the log */
    apr_pool_t *pool;       /* results live here; gone when the work ends */
    mnv_dbd_handle_t *db;   /* NULL while none is borrowed */
    const char *failed;     /* name of the statement that failed last */
    int error;              /* the driver's number for that */
    int stale;              /* the connection's prepared statements are to be made anew */
} mnv_work_t;

typedef apr_status_t (*mnv_work_fn)(mnv_work_t *work, void *baton);

typedef struct mnv_work_plan_t {
    const char *name;
    int transaction;        /* 0: body is one statement, or statements that may stay half done */
    mnv_work_fn body;       /* APR_SUCCESS, MNV_WORK_UNDO, MNV_WORK_ERROR, or a told failure */
    mnv_work_fn look;       /* APR_SUCCESS: it is done or decided, MNV_WORK_AGAIN, MNV_WORK_ERROR, or a told failure. NULL: never decided */
} mnv_work_plan_t;

/** Run a plan. @return APR_SUCCESS (also after MNV_WORK_UNDO), or the told failure. */
apr_status_t mnv_work_run(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_work_plan_t *plan, void *baton);

/** Run a statement without rows. @param args as many as the statement takes, NULL for SQL NULL @param rows how many it changed, may be NULL
 * @return APR_SUCCESS or MNV_WORK_ERROR */
apr_status_t mnv_work_query(mnv_work_t *work, mnv_sql_e sql, const char *const *args, int *rows);

/** Run a statement with rows. @param rows elements are const char *const * : one row's cells, copied, NULL for NULL and for ""
 * @return APR_SUCCESS, MNV_WORK_ERROR, or the told failure DATABASE_ROW for a cell beyond MNV_CELL_LIMIT_BYTES */
apr_status_t mnv_work_select(mnv_work_t *work, mnv_sql_e sql, const char *const *args, apr_array_header_t **rows);

/** Run a statement of schema.def, unprepared. @param what its name for the log @return APR_SUCCESS or MNV_WORK_ERROR */
apr_status_t mnv_work_plain(mnv_work_t *work, const char *what, const char *sql);

/** The driver's name: "sqlite3", "pgsql", "mysql". */
const char *mnv_work_driver(const mnv_work_t *work);

/* Cells and values (store.c). ------------------------------------------------------- */

/** Read an integer cell: digits only, 0 to 2^62. @return APR_SUCCESS or APR_EINVAL */
apr_status_t mnv_cell_integer(const char *cell, apr_int64_t *value);

/** Read a time cell: seconds up to the year 9999. @return APR_SUCCESS or APR_EINVAL */
apr_status_t mnv_cell_time(const char *cell, apr_time_t *at);

/** An argument: seconds of a time, an integer. Pool: pool. */
const char *mnv_arg_time(apr_pool_t *pool, apr_time_t at);
const char *mnv_arg_integer(apr_pool_t *pool, apr_int64_t value);

/** An argument that must fit a VARCHAR(64) of ASCII: percent-encoded and cut. Pool: pool. */
const char *mnv_arg_word(apr_pool_t *pool, const char *text);

/** Keyed hash of an account / an identity. @return NULL after a told failure */
const char *mnv_store_account_hash(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_account_t *account);
const char *mnv_store_identity_hash(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_identity_t *identity);

/** Keyed hashes of what the account's provider calls the person and its session; NULL where it does not say. @return APR_SUCCESS or the told failure CRYPTO */
apr_status_t mnv_store_op_hashes(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_account_t *account, const char **subject_hash, const char **session_hash);

/** What an id is known by in mynumber_replay. @return NULL after a told failure. Pool: ctx->pool. */
const char *mnv_replay_hash(mnv_ctx_t *ctx, const char *id);

struct mnv_json_t;

/** Seal JSON for a column, bound to its place. @return APR_SUCCESS or a told failure (SEAL; INTERNAL when it is larger than a column holds) */
apr_status_t mnv_store_seal(mnv_ctx_t *ctx, const mnv_store_t *store, const char *place, const struct mnv_json_t *json, const char **data);

/** Open a column. @return APR_SUCCESS or APR_EINVAL (nothing told) */
apr_status_t mnv_store_open(mnv_ctx_t *ctx, const mnv_store_t *store, const char *place, const char *data, struct mnv_json_t **json);

/* A succession (sessions.c): prepared before the transaction, carried out within it. ------ */

typedef struct mnv_succession_rows_t mnv_succession_rows_t;

/** Hash and seal. @param rows NULL where succession is NULL @return APR_SUCCESS or a told failure */
apr_status_t mnv_succession_prepare(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_succession_t *succession, mnv_succession_rows_t **rows);

/** @return APR_SUCCESS, MNV_WORK_UNDO when the old session has ended, MNV_WORK_ERROR */
apr_status_t mnv_succession_do(mnv_work_t *work, mnv_succession_rows_t *rows);

/** Did the last mnv_succession_do() find the old session ended? rows may be NULL. */
int mnv_succession_came_late(const mnv_succession_rows_t *rows);

/** Delete the sessions of an account and an identity (hashes, NULL: not by this end) but for one key. @return APR_SUCCESS or MNV_WORK_ERROR */
apr_status_t mnv_sessions_end(mnv_work_t *work, const char *account_hash, const char *identity_hash, const char *except);

/** Key of the old session, "" where rows is NULL. */
const char *mnv_succession_from(const mnv_succession_rows_t *rows);

/* History (history.c). --------------------------------------------------------------- */

#define MNV_HISTORY_ID_BYTES 16

typedef struct mnv_history_t {
    const char *id;    /* of the entry: mnv_random_id(ctx, MNV_HISTORY_ID_BYTES) */
    const char *event; /* "linked" "re-verified" "refused" "unlinked" "expired" */
    const char *link_id, *account_hash, *identity_hash;
    const char *by, *why; /* why: NULL for none */
} mnv_history_t;

/** Append. Within the transaction of what it tells of. @return APR_SUCCESS, MNV_WORK_ERROR or a told failure */
apr_status_t mnv_history_add(mnv_work_t *work, const mnv_history_t *entry);

/** A look: was the transaction of this entry carried out? The entry is there when and only when it was. @return APR_SUCCESS, MNV_WORK_AGAIN or MNV_WORK_ERROR */
apr_status_t mnv_history_look(mnv_work_t *work, const mnv_history_t *entry);

#endif
