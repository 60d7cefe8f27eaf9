/* A database for a test of store/: SQLite in a file of its own, or the one that MNV_TEST_DBD ("pgsql") and MNV_TEST_DBD_PARAMS name, emptied first. */
#ifndef T_UNIT_STORE_FIXTURE_H
#define T_UNIT_STORE_FIXTURE_H

#include "unit.h"
#include <stdlib.h>
#include <unistd.h>
#include <apr_dbd.h>
#include <apr_file_io.h>
#include "model/keyring.h"
#include "model/link.h"
#include "model/session.h"
#include "store/store.h"

#define BASE "https://portal.example.ac.jp"

typedef struct db_t {
    apr_pool_t *pool;
    const char *driver, *params;
    int wal;
    mnv_keyring_t *keyring;
    mnv_dbd_lender_t *peek;  /* a connection of the test's own: sees what was committed */
    mnv_dbd_lender_t *lender;
    mnv_store_t *store;
} db_t;

UNIT_MAYBE_UNUSED apr_status_t db_forget_file(void *file)
{
    const char *suffixes[] = { "", "-journal", "-wal", "-shm" };
    for (size_t i = 0; i < 4; i++) {
        char name[256];
        apr_snprintf(name, sizeof(name), "%s%s", (const char *)file, suffixes[i]);
        unlink(name);
    }
    return APR_SUCCESS;
}

/* Runs what the store itself would never run. Rows of a SELECT: the first cell of the first row, else NULL. */
UNIT_MAYBE_UNUSED const char *db_run(const mnv_dbd_lender_t *lender, apr_pool_t *pool, const char *sql)
{
    mnv_dbd_handle_t *handle;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *cell = NULL;
    int rows = 0;
    assert_int_equal(lender->open(lender->baton, pool, &handle), APR_SUCCESS);
    if (strncmp(sql, "SELECT", 6) == 0 || strncmp(sql, "PRAGMA", 6) == 0) {
        if (apr_dbd_select(handle->driver, pool, handle->handle, &results, sql, 1) != 0) {
            assert_int_equal(apr_dbd_select(handle->driver, pool, handle->handle, &results, sql, 1), 0);
        }
        if (apr_dbd_get_row(handle->driver, pool, results, &row, 1) == 0) {
            cell = apr_pstrdup(pool, apr_dbd_get_entry(handle->driver, row, 0));
        }
    }
    else {
        int error = apr_dbd_query(handle->driver, handle->handle, &rows, sql);
        if (error != 0 && strcmp(apr_dbd_name(handle->driver), "sqlite3") == 0) {
            /* SQLite's driver answers once with "database schema has changed" where another connection changed it */
            error = apr_dbd_query(handle->driver, handle->handle, &rows, sql);
        }
        if (error != 0) {
            print_error("%s: %s\n", sql, apr_dbd_error(handle->driver, handle->handle, error));
        }
        assert_int_equal(error, 0);
    }
    lender->close(lender->baton, handle);
    return cell;
}

UNIT_MAYBE_UNUSED mnv_dbd_lender_t *db_connect(const db_t *db, apr_pool_t *pool)
{
    mnv_dbd_lender_t *lender;
    assert_int_equal(mnv_dbd_lender_single(pool, db->driver, db->params, &lender), APR_SUCCESS);
    if (strcmp(db->driver, "sqlite3") == 0) {
        if (db->wal) {
            assert_string_equal(db_run(lender, pool, "PRAGMA journal_mode=WAL"), "wal");
        }
        db_run(lender, pool, "PRAGMA busy_timeout=50");
        db_run(lender, pool, "PRAGMA synchronous=OFF");
    }
    return lender;
}

/* An empty database. */
UNIT_MAYBE_UNUSED db_t *db_empty(unit_t *unit, int wal)
{
    db_t *db = apr_pcalloc(unit->pool, sizeof(*db));
    const char *text, *problem;
    apr_file_t *file;
    apr_pool_create(&db->pool, unit->pool);
    db->wal = wal;
    db->driver = getenv("MNV_TEST_DBD");
    db->params = getenv("MNV_TEST_DBD_PARAMS");
    if (!db->driver) {
        const char *folder;
        char *name;
        assert_int_equal(apr_temp_dir_get(&folder, db->pool), APR_SUCCESS);
        name = apr_pstrcat(db->pool, folder, "/mnv-unit-XXXXXX", NULL);
        assert_int_equal(apr_file_mktemp(&file, name, APR_FOPEN_CREATE | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_EXCL, db->pool), APR_SUCCESS);
        apr_file_close(file);
        apr_pool_cleanup_register(db->pool, name, db_forget_file, apr_pool_cleanup_null);
        db->driver = "sqlite3";
        db->params = name;
    }
    assert_int_equal(mnv_keyring_generate(unit->ctx, NULL, "k1", &text), APR_SUCCESS);
    assert_int_equal(mnv_keyring_parse(db->pool, text, &db->keyring, &problem), APR_SUCCESS);
    db->peek = db_connect(db, db->pool);
    if (strcmp(db->driver, "sqlite3") != 0) {
        const char *tables[] = { "links", "link_history", "sessions", "replay", "schema" };
        for (size_t i = 0; i < 5; i++) {
            db_run(db->peek, db->pool, apr_pstrcat(db->pool, "DROP TABLE IF EXISTS mynumber_", tables[i], NULL));
        }
    }
    db->lender = db_connect(db, db->pool);
    db->store = mnv_store_make(db->pool, db->lender, db->keyring, MNV_POLICY_ONE_TO_ONE);
    return db;
}

/* A database with the schema in it. */
UNIT_MAYBE_UNUSED db_t *db_make(unit_t *unit)
{
    db_t *db = db_empty(unit, 0);
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    return db;
}

UNIT_MAYBE_UNUSED void db_sql(db_t *db, const char *sql)
{
    db_run(db->peek, db->pool, sql);
}

UNIT_MAYBE_UNUSED int db_count(db_t *db, const char *what)
{
    const char *cell = db_run(db->peek, db->pool, apr_pstrcat(db->pool, "SELECT COUNT(*) FROM ", what, NULL));
    assert_non_null(cell);
    return (int)apr_atoi64(cell);
}

UNIT_MAYBE_UNUSED mnv_account_t *some_account(apr_pool_t *pool, const char *value, apr_time_t now)
{
    mnv_account_t *account = apr_pcalloc(pool, sizeof(*account));
    account->issuer = "https://idp.example.ac.jp";
    account->kind = "sub";
    account->value = value;
    account->name = "東大 太郎";
    account->acr = "mfa";
    account->method = "oidc";
    account->at = account->proof_at = now;
    account->attributes = apr_table_make(pool, 2);
    apr_table_set(account->attributes, "displayName", "東大 太郎");
    return account;
}

UNIT_MAYBE_UNUSED mnv_identity_t *some_identity(apr_pool_t *pool, const char *subject, apr_time_t now)
{
    mnv_identity_t *identity = apr_pcalloc(pool, sizeof(*identity));
    identity->issuer = "https://auth-and-sign.go.jp";
    identity->subject = subject;
    identity->acr = "aal3";
    identity->name = "東大 太郎";
    identity->birthdate = "2004-02-29";
    identity->gender = "male";
    identity->address = "東京都文京区本郷七丁目";
    identity->at = identity->proof_at = now;
    return identity;
}

UNIT_MAYBE_UNUSED mnv_session_t *some_session(mnv_ctx_t *ctx, const char *value, const char *subject)
{
    mnv_session_t *session;
    assert_int_equal(mnv_session_make(ctx, BASE, &session), APR_SUCCESS);
    session->account = value ? some_account(ctx->pool, value, mnv_now(ctx)) : NULL;
    session->identity = subject ? some_identity(ctx->pool, subject, mnv_now(ctx)) : NULL;
    return session;
}

UNIT_MAYBE_UNUSED mnv_link_t *some_link(mnv_ctx_t *ctx, const char *value, const char *subject, apr_interval_time_t lifetime)
{
    mnv_link_options_t options = { .policy = MNV_POLICY_ONE_TO_ONE, .lifetime = lifetime };
    mnv_link_t *link;
    assert_int_equal(mnv_link_make(ctx, some_session(ctx, value, subject), &options, &link), APR_SUCCESS);
    return link;
}

UNIT_MAYBE_UNUSED mnv_session_t *put_session(unit_t *unit, db_t *db, const char *value, const char *subject)
{
    mnv_session_t *session = some_session(unit->ctx, value, subject);
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, session, NULL, apr_time_from_sec(28800)), APR_SUCCESS);
    return session;
}

UNIT_MAYBE_UNUSED mnv_session_t *get_session(unit_t *unit, db_t *db, const char *key)
{
    mnv_session_t *session = NULL;
    assert_int_equal(mnv_store_session_get(unit->ctx, db->store, key, &session), APR_SUCCESS);
    return session;
}

#endif
