#include "store/work.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"

typedef struct table_t {
    const char *name, *columns;
} table_t;

typedef struct index_t {
    const char *name, *table, *columns;
} index_t;

static const table_t tables[] = {
#define MNV_TABLE(name, columns) { name, columns },
#define MNV_INDEX(name, table, columns)
#include "store/schema.def"
#undef MNV_TABLE
#undef MNV_INDEX
};

static const index_t indexes[] = {
#define MNV_TABLE(name, columns)
#define MNV_INDEX(name, table, columns) { name, table, columns },
#include "store/schema.def"
#undef MNV_TABLE
#undef MNV_INDEX
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))
#define INDEXES (sizeof(indexes) / sizeof(indexes[0]))

typedef struct found_t {
    int asked_anew; /* after a statement that was stale */
    int there, readable;
    apr_int64_t version, compatible_from;
} found_t;

/* Making. IF NOT EXISTS everywhere: MySQL commits after each table, so a crash may have left some. ------------ */

/** MySQL has no CREATE INDEX IF NOT EXISTS: indexes stand within the table there. Its engine and collation are not left to its defaults. */
static apr_status_t create_tables_mysql(mnv_work_t *work)
{
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i, n;

    for (i = 0; i < TABLES && rv == APR_SUCCESS; i++) {
        const char *columns = tables[i].columns;

        for (n = 0; n < INDEXES; n++) {
            if (strcmp(indexes[n].table, tables[i].name) == 0) {
                columns = apr_pstrcat(work->pool, columns, ", INDEX ", indexes[n].name, " (", indexes[n].columns, ")", NULL);
            }
        }
        rv = mnv_work_plain(work, tables[i].name,
                            apr_pstrcat(work->pool, "CREATE TABLE IF NOT EXISTS ", tables[i].name, " (", columns,
                                        ") ENGINE=InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin", NULL));
    }
    return rv;
}

static apr_status_t create_tables(mnv_work_t *work)
{
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    if (strcmp(mnv_work_driver(work), "mysql") == 0) {
        return create_tables_mysql(work);
    }
    for (i = 0; i < TABLES && rv == APR_SUCCESS; i++) {
        rv = mnv_work_plain(work, tables[i].name, apr_pstrcat(work->pool, "CREATE TABLE IF NOT EXISTS ", tables[i].name, " (",
                                                              tables[i].columns, ")", NULL));
    }
    for (i = 0; i < INDEXES && rv == APR_SUCCESS; i++) {
        rv = mnv_work_plain(work, indexes[i].name, apr_pstrcat(work->pool, "CREATE INDEX IF NOT EXISTS ", indexes[i].name,
                                                               " ON ", indexes[i].table, " (", indexes[i].columns, ")", NULL));
    }
    return rv;
}

/* Looking. ------------------------------------------------------------------------------------------------------ */

/** Read the schema's row. A SELECT that fails on a connection that answers means that there is no such table. */
static apr_status_t inspect(mnv_work_t *work, void *baton)
{
    found_t *found = baton;
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_SCHEMA_GET, NULL, &rows);

    found->there = found->readable = 0;
    if (rv == MNV_WORK_ERROR && work->stale && !found->asked_anew) {
        found->asked_anew = 1;
        return rv;
    }
    if (rv == MNV_WORK_ERROR) {
        return mnv_work_select(work, MNV_SQL_PING, NULL, &rows);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (rows->nelts > 0) {
        const char *const *cells = APR_ARRAY_IDX(rows, 0, const char *const *);

        found->there = 1;
        found->readable = mnv_cell_integer(cells[0], &found->version) == APR_SUCCESS
                          && mnv_cell_integer(cells[1], &found->compatible_from) == APR_SUCCESS
                          && found->compatible_from <= found->version;
    }
    return APR_SUCCESS;
}

/** The row is written last: where it stands, all stands. */
static apr_status_t create(mnv_work_t *work, void *baton)
{
    const char *args[] = { mnv_arg_integer(work->pool, MNV_SCHEMA_VERSION),
                           mnv_arg_integer(work->pool, MNV_SCHEMA_COMPATIBLE_FROM) };
    apr_status_t rv = create_tables(work);

    (void)baton;
    return rv == APR_SUCCESS ? mnv_work_query(work, MNV_SQL_SCHEMA_ADD, args, NULL) : rv;
}

/** Another node may have been quicker. */
static apr_status_t is_created(mnv_work_t *work, void *baton)
{
    found_t *found = baton;
    apr_status_t rv = inspect(work, found);

    return rv == APR_SUCCESS && !found->there ? MNV_WORK_AGAIN : rv;
}

static apr_status_t judge(mnv_ctx_t *ctx, const found_t *found)
{
    if (!found->there) {
        return mnv_fail(ctx, MNV_FAIL_DATABASE_SCHEMA, "there are no tables and MyNumberSchema is \"check\"");
    }
    if (!found->readable) {
        return mnv_fail(ctx, MNV_FAIL_DATABASE_SCHEMA, "the row of the schema's version is not readable");
    }
    if (found->version < MNV_SCHEMA_VERSION) {
        return mnv_fail(ctx, MNV_FAIL_DATABASE_OLD, "version %" APR_INT64_T_FMT ", needed is %d", found->version,
                        MNV_SCHEMA_VERSION);
    }
    if (found->compatible_from > MNV_SCHEMA_VERSION) {
        return mnv_fail(ctx, MNV_FAIL_DATABASE_NEW,
                        "version %" APR_INT64_T_FMT " needs a module of version %" APR_INT64_T_FMT " or later, this one is %d",
                        found->version, found->compatible_from, MNV_SCHEMA_VERSION);
    }
    return APR_SUCCESS;
}

apr_status_t mnv_schema_prepare(mnv_ctx_t *ctx, mnv_store_t *store, int create_empty)
{
    static const mnv_work_plan_t look_plan = { "read the schema", 0, inspect, NULL };
    static const mnv_work_plan_t create_plan = { "create the schema", 1, create, is_created };
    found_t found = { 0 };
    apr_status_t rv = mnv_work_run(ctx, store, &look_plan, &found);

    if (rv == APR_SUCCESS && !found.there && create_empty) {
        rv = mnv_work_run(ctx, store, &create_plan, &found);
        if (rv == APR_SUCCESS && !found.there) {
            mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1110) "created the database schema, version %d", MNV_SCHEMA_VERSION);
        }
        if (rv == APR_SUCCESS) {
            found.asked_anew = 0;
            rv = mnv_work_run(ctx, store, &look_plan, &found);
        }
    }
    return rv == APR_SUCCESS ? judge(ctx, &found) : rv;
}
