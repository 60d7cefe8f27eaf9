#include "store/work.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"

#define ROW_LIMIT 1024

/* SQLite's driver waits for a lock where it runs a statement, not where it prepares one, and that reads the schema on a new connection. busy_timeout may be unset:
 * mod_dbd leaves the rest of DBDInitSQL out after one that failed, and goes on. As long as the driver waits: 16 times 100 ms. */
#define SQLITE_BUSY   5
#define PREPARE_TRIES 32
#define PREPARE_PAUSE apr_time_from_msec(50)

typedef struct statement_t {
    const char *name;
    int arguments, columns;
    const char *sql;
} statement_t;

static const statement_t statements[MNV_SQL_COUNT] = {
#define MNV_STATEMENT(name, arguments, columns, sql) { #name, arguments, columns, sql },
#include "store/statements.def"
#undef MNV_STATEMENT
};

static int is_sqlite(const mnv_work_t *work)
{
    return strcmp(mnv_work_driver(work), "sqlite3") == 0;
}

static apr_status_t went_wrong(mnv_work_t *work, const char *statement, int error)
{
    work->failed = statement;
    work->error = error;
    return MNV_WORK_ERROR;
}

/** After an error: have the connection's prepared statements become useless? SQLite's driver uses the old interface, where a statement fails when the schema
 * was changed since, with the error number of any error; the message says so when another connection changed it, and knows of no error when we did.
 * Not after every error, because a forgotten statement lives in SQLite until the connection is closed. MySQL releases them, so there any error will do.
 * PostgreSQL keeps nothing. */
static int is_stale(mnv_work_t *work, int error)
{
    const char *message;

    if (is_sqlite(work)) {
        message = apr_dbd_error(work->db->driver, work->db->handle, error);
        return message && (strstr(message, "schema has changed") || strcmp(message, "not an error") == 0);
    }
    return strcmp(mnv_work_driver(work), "mysql") == 0;
}

static apr_status_t driver_error(mnv_work_t *work, const char *statement, int error)
{
    work->stale |= is_stale(work, error);
    return went_wrong(work, statement, error);
}

/* Prepared statements. --------------------------------------------------------------- */

/** The connection's hash of statements. Below the connection's pool, yet with an allocator of its own: the pools of mod_dbd's connections share
 * one, and this thread has no lock on it. */
static apr_hash_t *statements_of(mnv_dbd_handle_t *db)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    if (!*db->prepared && apr_allocator_create(&allocator) == APR_SUCCESS) {
        if (apr_pool_create_ex(&pool, db->pool, NULL, allocator) != APR_SUCCESS) {
            apr_allocator_destroy(allocator);
            return NULL;
        }
        apr_allocator_owner_set(allocator, pool);
        *db->prepared = apr_hash_make(pool);
    }
    return *db->prepared;
}

/* Each try in a pool of its own: what one that failed has used goes with it. */
static int prepare_when_free(mnv_work_t *work, const char *sql, apr_pool_t *pool, apr_dbd_prepared_t **statement)
{
    int error = SQLITE_BUSY, tries;
    apr_pool_t *own;

    for (tries = 0; error == SQLITE_BUSY && tries < (is_sqlite(work) ? PREPARE_TRIES : 1); tries++) {
        if (tries > 0) {
            apr_sleep(PREPARE_PAUSE);
        }
        apr_pool_create(&own, pool);
        error = apr_dbd_prepare(work->db->driver, own, work->db->handle, sql, NULL, statement);
        if (error != 0) {
            apr_pool_destroy(own);
        }
    }
    return error;
}

/** Prepare on first use. Label NULL: PostgreSQL then keeps nothing in the server that a reset connection would lose. */
static apr_status_t prepare(mnv_work_t *work, mnv_sql_e sql, apr_dbd_prepared_t **statement)
{
    const statement_t *row = &statements[sql];
    apr_hash_t *hash = statements_of(work->db);
    int error;

    if (!hash) {
        return went_wrong(work, row->name, APR_ENOMEM);
    }
    *statement = apr_hash_get(hash, row->name, APR_HASH_KEY_STRING);
    if (!*statement) {
        error = prepare_when_free(work, row->sql, apr_hash_pool_get(hash), statement);
        if (error != 0) {
            return driver_error(work, row->name, error);
        }
        apr_hash_set(hash, row->name, APR_HASH_KEY_STRING, *statement);
    }
    return APR_SUCCESS;
}

static void forget_stale(mnv_work_t *work)
{
    if (work->stale && *work->db->prepared) {
        apr_pool_destroy(apr_hash_pool_get(*work->db->prepared));
        *work->db->prepared = NULL;
    }
    work->stale = 0;
}

/* Statements. ------------------------------------------------------------------------ */

apr_status_t mnv_work_query(mnv_work_t *work, mnv_sql_e sql, const char *const *args, int *rows)
{
    apr_dbd_prepared_t *statement;
    apr_status_t rv = prepare(work, sql, &statement);
    int error, changed = 0;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    error = apr_dbd_pquery(work->db->driver, work->pool, work->db->handle, &changed, statement,
                           statements[sql].arguments, (const char **)args);
    if (error != 0) {
        return driver_error(work, statements[sql].name, error);
    }
    if (rows) {
        *rows = changed;
    }
    return APR_SUCCESS;
}

/** Copy one row: the drivers' cells go with the next row (MySQL) or the last (PostgreSQL, which also gives "" for NULL). */
static apr_status_t copy_row(mnv_work_t *work, mnv_sql_e sql, apr_dbd_row_t *row, apr_array_header_t *rows)
{
    const char **cells = apr_pcalloc(work->pool, sizeof(*cells) * (apr_size_t)statements[sql].columns);
    int i;

    for (i = 0; i < statements[sql].columns; i++) {
        const char *cell = apr_dbd_get_entry(work->db->driver, row, i);
        apr_size_t length = cell ? strnlen(cell, MNV_CELL_LIMIT_BYTES + 1) : 0;

        if (length > MNV_CELL_LIMIT_BYTES) {
            return mnv_fail(work->ctx, MNV_FAIL_DATABASE_ROW, "%s: column %d of statement %s is larger than %d bytes",
                            work->name, i + 1, statements[sql].name, MNV_CELL_LIMIT_BYTES);
        }
        cells[i] = length > 0 ? apr_pstrmemdup(work->pool, cell, length) : NULL;
    }
    APR_ARRAY_PUSH(rows, const char *const *) = cells;
    return APR_SUCCESS;
}

apr_status_t mnv_work_select(mnv_work_t *work, mnv_sql_e sql, const char *const *args, apr_array_header_t **rows)
{
    apr_array_header_t *found = apr_array_make(work->pool, 2, sizeof(const char *const *));
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_dbd_prepared_t *statement;
    apr_status_t rv = prepare(work, sql, &statement);
    int error, n;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* random access: PostgreSQL's other mode sleeps 100 ms for an empty result */
    error = apr_dbd_pselect(work->db->driver, work->pool, work->db->handle, &results, statement, 1,
                            statements[sql].arguments, (const char **)args);
    if (error != 0) {
        return driver_error(work, statements[sql].name, error);
    }
    for (n = 1; n <= ROW_LIMIT; n++) {
        error = apr_dbd_get_row(work->db->driver, work->pool, results, &row, n);
        if (error != 0) {
            break;
        }
        if ((rv = copy_row(work, sql, row, found)) != APR_SUCCESS) {
            return rv;
        }
    }
    if (error > 0) {
        return driver_error(work, statements[sql].name, error);
    }
    *rows = found;
    return APR_SUCCESS;
}

apr_status_t mnv_work_plain(mnv_work_t *work, const char *what, const char *sql)
{
    int rows = 0, error = apr_dbd_query(work->db->driver, work->db->handle, &rows, sql);

    return error == 0 ? APR_SUCCESS : driver_error(work, what, error);
}

const char *mnv_work_driver(const mnv_work_t *work)
{
    return apr_dbd_name(work->db->driver);
}

/* Running. --------------------------------------------------------------------------- */

static apr_status_t borrow(mnv_work_t *work)
{
    const mnv_dbd_lender_t *lender = work->store->lender;
    apr_status_t rv = lender->open(lender->baton, work->pool, &work->db);

    if (rv != APR_SUCCESS) {
        /* once more: mod_dbd throws away a connection that the server has closed and answers with an error */
        rv = lender->open(lender->baton, work->pool, &work->db);
    }
    if (rv != APR_SUCCESS) {
        work->db = NULL;
        return went_wrong(work, "connect", rv);
    }
    return APR_SUCCESS;
}

static void give_back(mnv_work_t *work)
{
    if (work->db) {
        work->store->lender->close(work->store->lender->baton, work->db);
        work->db = NULL;
    }
}

/** Not apr_dbd_transaction_start() and _end(), because PostgreSQL's driver dereferences NULL when BEGIN fails, which is what happens first on every
 * pooled connection after the server was restarted, and because "end" answers 0 after it rolled back. */
static apr_status_t begin(mnv_work_t *work)
{
    /* SQLite: take the write lock now; to upgrade a read lock later can only fail */
    return mnv_work_plain(work, "BEGIN", is_sqlite(work) ? "BEGIN IMMEDIATE" : "BEGIN");
}

static apr_status_t roll_back(mnv_work_t *work)
{
    int rows = 0, error = apr_dbd_query(work->db->driver, work->db->handle, &rows, "ROLLBACK");

    if (error != 0) {
        mnv_log(work->ctx, MNV_LOG_DEBUG, MNVLOGNO(1101) "rollback of \"%s\" failed with driver error %d", work->name, error);
    }
    return error == 0 ? APR_SUCCESS : APR_EGENERAL;
}

static apr_status_t attempt(mnv_work_t *work, const mnv_work_plan_t *plan, void *baton)
{
    apr_status_t rv;

    if (!plan->transaction) {
        rv = plan->body(work, baton);
        return rv == MNV_WORK_UNDO ? APR_SUCCESS : rv;
    }
    rv = begin(work);
    if (rv == APR_SUCCESS) {
        rv = plan->body(work, baton);
    }
    if (rv == APR_SUCCESS) {
        rv = mnv_work_plain(work, "COMMIT", "COMMIT");
    }
    if (rv == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    (void)roll_back(work);
    return rv == MNV_WORK_UNDO ? APR_SUCCESS : rv;
}

/** After a failed attempt: make sure of the connection, and ask what became of it. */
static apr_status_t look_again(mnv_work_t *work, const mnv_work_plan_t *plan, void *baton)
{
    int check = apr_dbd_check_conn(work->db->driver, work->pool, work->db->handle);
    const char *failed = work->failed;
    int error = work->error;
    apr_status_t rv = MNV_WORK_AGAIN;

    if (check != APR_SUCCESS && check != APR_ENOTIMPL) {
        give_back(work);
        if ((rv = borrow(work)) != APR_SUCCESS) {
            return rv;
        }
        work->stale = 0;
        rv = MNV_WORK_AGAIN;
    }
    forget_stale(work);
    if (plan->look) {
        rv = plan->look(work, baton);
        if (rv == MNV_WORK_ERROR && work->stale) {
            forget_stale(work);
            rv = plan->look(work, baton);
        }
    }
    /* what failed first is what the log tells */
    work->failed = failed;
    work->error = error;
    return rv;
}

apr_status_t mnv_work_run(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_work_plan_t *plan, void *baton)
{
    mnv_work_t work = { .ctx = ctx, .store = store, .name = plan->name };
    apr_status_t rv;
    int n;

    apr_pool_create(&work.pool, ctx->pool);
    rv = borrow(&work);
    for (n = 1; rv == APR_SUCCESS; n++) {
        rv = attempt(&work, plan, baton);
        if (rv != MNV_WORK_ERROR) {
            goto leave;
        }
        rv = look_again(&work, plan, baton);
        if (rv != MNV_WORK_AGAIN) {
            goto leave;
        }
        mnv_log(ctx, MNV_LOG_DEBUG, MNVLOGNO(1102) "%s: statement %s failed with driver error %d in attempt %d", plan->name,
                work.failed ? work.failed : "unknown", work.error, n);
        rv = n < MNV_WORK_ATTEMPTS ? APR_SUCCESS : MNV_WORK_ERROR;
    }
leave:
    if (rv == MNV_WORK_ERROR) {
        /* Not the driver's message, because PostgreSQL's DETAIL holds the values of the row */
        rv = mnv_fail(ctx, MNV_FAIL_DATABASE, "%s: statement %s failed with driver error %d", plan->name,
                      work.failed ? work.failed : "unknown", work.error);
    }
    give_back(&work);
    apr_pool_destroy(work.pool);
    return rv;
}
