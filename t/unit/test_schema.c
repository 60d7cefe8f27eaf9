#include "store_fixture.h"

static void refuses_an_empty_database_that_it_may_not_fill(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_empty(unit, 0);
    assert_int_not_equal(mnv_schema_prepare(unit->ctx, db->store, 0), APR_SUCCESS);
    assert_told(unit, DATABASE_SCHEMA);
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 0), APR_SUCCESS);
    assert_int_equal(unit_logged(unit, "MNV1110"), 1);
}

static void refuses_an_older_schema(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    db_sql(db, "UPDATE mynumber_schema SET version = 0, compatible_from = 0");
    assert_int_not_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    assert_told(unit, DATABASE_OLD);
}

static void refuses_a_newer_schema_that_is_not_compatible(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    db_sql(db, "UPDATE mynumber_schema SET version = 7, compatible_from = 2");
    assert_int_not_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    assert_told(unit, DATABASE_NEW);
    db_sql(db, "UPDATE mynumber_schema SET compatible_from = 1");
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
}

static void refuses_a_row_that_makes_no_sense(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const char *updates[] = { "version = -1", "compatible_from = 2", "compatible_from = -1" };
    for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
        db_sql(db, "UPDATE mynumber_schema SET version = 1, compatible_from = 1");
        db_sql(db, apr_pstrcat(unit->pool, "UPDATE mynumber_schema SET ", updates[i], NULL));
        assert_int_not_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
        assert_told(unit, DATABASE_SCHEMA);
    }
}

/* MySQL commits after every table: a crash leaves some, the row of the version is the last */
static void finishes_what_a_crash_left(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    db_sql(db, "DROP TABLE mynumber_replay");
    db_sql(db, "DELETE FROM mynumber_schema");
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_replay"), 0);
    assert_int_equal(db_count(db, "mynumber_schema"), 1);
}

static void a_second_node_finds_what_the_first_made(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_store_t *other = mnv_store_make(unit->pool, db_connect(db, unit->pool), db->keyring, MNV_POLICY_ONE_TO_ONE);
    assert_int_equal(mnv_schema_prepare(unit->ctx, other, 1), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_schema"), 1);
    assert_int_equal(unit_logged(unit, "MNV1110"), 1);
}

/* A statement of the connection that was prepared before the tables existed or changed is made anew, not an error */
static void survives_a_schema_that_changes_underneath(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    apr_int64_t before, after;
    assert_int_equal(mnv_store_generation(unit->ctx, db->store, &before), APR_SUCCESS);
    assert_int_equal(mnv_store_generation_raise(unit->ctx, db->store), APR_SUCCESS);
    db_sql(db, "CREATE TABLE mynumber_later (a BIGINT)");
    assert_int_equal(mnv_store_generation_raise(unit->ctx, db->store), APR_SUCCESS);
    assert_int_equal(mnv_store_generation(unit->ctx, db->store, &after), APR_SUCCESS);
    assert_true(after == before + 2);
    db_sql(db, "DROP TABLE mynumber_later");
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, some_link(unit->ctx, "taro", "s", 0), "self", NULL, &(mnv_link_outcome_e){ 0 }), APR_SUCCESS);
}

static void tells_when_there_is_no_generation(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    apr_int64_t generation = 77;
    db_sql(db, "DELETE FROM mynumber_schema");
    assert_int_not_equal(mnv_store_generation(unit->ctx, db->store, &generation), APR_SUCCESS);
    assert_told(unit, DATABASE_SCHEMA);
    assert_int_not_equal(mnv_store_generation_raise(unit->ctx, db->store), APR_SUCCESS);
    assert_told(unit, DATABASE_SCHEMA);
    db_sql(db, "INSERT INTO mynumber_schema (name, version, compatible_from, generation) VALUES ('schema', 1, 1, -5)");
    assert_int_not_equal(mnv_store_generation(unit->ctx, db->store, &generation), APR_SUCCESS);
    assert_told(unit, DATABASE_SCHEMA);
    assert_true(generation == 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_an_empty_database_that_it_may_not_fill),
        UNIT_TEST(refuses_an_older_schema),
        UNIT_TEST(refuses_a_newer_schema_that_is_not_compatible),
        UNIT_TEST(refuses_a_row_that_makes_no_sense),
        UNIT_TEST(finishes_what_a_crash_left),
        UNIT_TEST(a_second_node_finds_what_the_first_made),
        UNIT_TEST(survives_a_schema_that_changes_underneath),
        UNIT_TEST(tells_when_there_is_no_generation),
    };
    return unit_run(tests);
}
