/* SQLite that another connection has locked, met by a connection that has read nothing yet and that nobody told to wait. */
#include "store_fixture.h"
#include <dlfcn.h>

static db_t *locked;
static int tries, unlock_at;

/* Stands before apr-util's function: the lock goes before try unlock_at. */
int apr_dbd_prepare(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, const char *query, const char *label, apr_dbd_prepared_t **statement)
{
    int (*real)(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, const char *, const char *, apr_dbd_prepared_t **) = dlsym(RTLD_NEXT, "apr_dbd_prepare");
    if (locked && ++tries == unlock_at) {
        db_sql(locked, "COMMIT");
    }
    return real(driver, pool, handle, query, label, statement);
}

/* @param try 0: never */
static mnv_store_t *lock_before_new_connection(unit_t *unit, int try)
{
    mnv_dbd_lender_t *lender;
    db_t *db = db_make(unit);
    if (strcmp(db->driver, "sqlite3") != 0) {
        skip(); /* it alone locks the whole database */
    }
    assert_int_equal(mnv_dbd_lender_single(unit->pool, db->driver, db->params, &lender), APR_SUCCESS);
    db_sql(db, "BEGIN EXCLUSIVE");
    locked = db;
    tries = 0;
    unlock_at = try;
    return mnv_store_make(unit->pool, lender, db->keyring, MNV_POLICY_ONE_TO_ONE);
}

static void free_at_last(void **state)
{
    unit_t *unit = *state;
    mnv_store_t *store = lock_before_new_connection(unit, 3);
    assert_int_equal(mnv_store_use_once(unit->ctx, store, "an id", mnv_now(unit->ctx)), APR_SUCCESS);
    assert_int_equal(tries, 3);
    assert_int_equal(db_count(locked, "mynumber_replay"), 1);
}

static void locked_for_good(void **state)
{
    unit_t *unit = *state;
    mnv_store_t *store = lock_before_new_connection(unit, 0);
    assert_int_not_equal(mnv_store_use_once(unit->ctx, store, "an id", mnv_now(unit->ctx)), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_in_range(tries, 2, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(free_at_last),
        UNIT_TEST(locked_for_good),
    };
    return unit_run(tests);
}
