/* A logout that the provider tells us of ends the sessions it names and no others, once. */
#include "store_fixture.h"
#include "store/logout.h"

static const char *put(unit_t *unit, db_t *db, const char *issuer, const char *subject, const char *sid)
{
    mnv_session_t *session;
    assert_int_equal(mnv_session_make(unit->ctx, BASE, &session), APR_SUCCESS);
    session->account = some_account(unit->pool, "taro", unit->now);
    session->account->issuer = issuer;
    session->account->op_subject = subject;
    session->account->op_session = sid;
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, session, NULL, apr_time_from_sec(28800)), APR_SUCCESS);
    return session->key;
}

static apr_status_t logout(unit_t *unit, db_t *db, const mnv_op_logout_t *message, int expected)
{
    int ended = -1;
    apr_status_t status = mnv_store_op_logout(unit->ctx, db->store, message, &ended);
    assert_int_equal(ended, expected);
    return status;
}

static apr_array_header_t *sids(unit_t *unit, const char *first, const char *second)
{
    apr_array_header_t *made = apr_array_make(unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(made, const char *) = first;
    if (second) {
        APR_ARRAY_PUSH(made, const char *) = second;
    }
    return made;
}

static const char *generation(unit_t *unit, db_t *db)
{
    return db_run(db->peek, unit->pool, "SELECT generation FROM mynumber_schema");
}

#define UNTIL (UNIT_START + apr_time_from_sec(1000))

static void ends_whom_it_names(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const char *first = put(unit, db, "i", "taro", "s1"), *second = put(unit, db, "i", "taro", "s2"), *nameless = put(unit, db, "i", "taro", NULL);
    const char *other = put(unit, db, "i", "jiro", "s1"), *elsewhere = put(unit, db, "j", "taro", "s1"), *card = put_session(unit, db, NULL, "c1")->key;
    assert_string_equal(get_session(unit, db, first)->account->op_subject, "taro");
    assert_string_equal(get_session(unit, db, first)->account->op_session, "s1");
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", "taro", sids(unit, "s1", NULL), "m1", UNTIL }, 2), APR_SUCCESS);
    assert_null(get_session(unit, db, first));
    assert_null(get_session(unit, db, nameless)); /* perhaps it was this one */
    assert_non_null(get_session(unit, db, second));
    assert_non_null(get_session(unit, db, other));
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", NULL, sids(unit, "s1", NULL), "m2", UNTIL }, 1), APR_SUCCESS);
    assert_null(get_session(unit, db, other));
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", "taro", NULL, "m3", UNTIL }, 1), APR_SUCCESS);
    assert_null(get_session(unit, db, second));
    assert_non_null(get_session(unit, db, elsewhere));
    assert_non_null(get_session(unit, db, card));
}

static void ends_several_sessions_and_all_where_none_is_named(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const char *first = put(unit, db, "i", "taro", "s1"), *second = put(unit, db, "i", "taro", "s2"), *third = put(unit, db, "i", "taro", "s3"), *other = put(unit, db, "i", "jiro", "s2");
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", "taro", sids(unit, "s1", "s2"), "m1", UNTIL }, 2), APR_SUCCESS);
    assert_null(get_session(unit, db, first));
    assert_null(get_session(unit, db, second));
    assert_non_null(get_session(unit, db, third));
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", "taro", apr_array_make(unit->pool, 1, sizeof(const char *)), "m2", UNTIL }, 1), APR_SUCCESS);
    assert_null(get_session(unit, db, third));
    assert_non_null(get_session(unit, db, other));
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", NULL, NULL, "m3", UNTIL }, 0), APR_EGENERAL);
    assert_told(unit, INTERNAL);
}

static void is_used_once_and_raises_the_generation_where_something_ended(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const mnv_op_logout_t message = { "i", "taro", sids(unit, "s1", NULL), "m1", UNTIL };
    put(unit, db, "i", "taro", "s1");
    assert_string_equal(generation(unit, db), "1");
    assert_int_equal(logout(unit, db, &message, 1), APR_SUCCESS);
    assert_string_equal(generation(unit, db), "2");
    put(unit, db, "i", "taro", "s1");
    assert_int_equal(logout(unit, db, &message, 0), APR_EEXIST);
    assert_int_equal(db_count(db, "mynumber_sessions"), 1);
    assert_int_equal(logout(unit, db, &(mnv_op_logout_t){ "i", "nobody", NULL, "m2", UNTIL }, 0), APR_SUCCESS);
    assert_string_equal(generation(unit, db), "2");
    assert_int_equal(mnv_store_purge(unit->ctx, db->store, UNTIL - apr_time_from_sec(1)), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_replay"), 2);
    assert_int_equal(mnv_store_purge(unit->ctx, db->store, UNTIL), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_replay"), 0);
}

static void one_that_failed_can_be_sent_again(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const mnv_op_logout_t message = { "i", "taro", sids(unit, "s1", NULL), "m1", UNTIL };
    const char *key = put(unit, db, "i", "taro", "s1");
    if (strcmp(db->driver, "sqlite3") != 0) {
        skip(); /* the trigger below is SQLite's */
    }
    db_run(db->peek, unit->pool, "CREATE TRIGGER fault BEFORE DELETE ON mynumber_sessions BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_equal(logout(unit, db, &message, 0), APR_EGENERAL);
    assert_told(unit, DATABASE);
    db_run(db->peek, unit->pool, "DROP TRIGGER fault");
    assert_non_null(get_session(unit, db, key));
    assert_int_equal(logout(unit, db, &message, 1), APR_SUCCESS);
    assert_null(get_session(unit, db, key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(ends_whom_it_names),
        UNIT_TEST(ends_several_sessions_and_all_where_none_is_named),
        UNIT_TEST(is_used_once_and_raises_the_generation_where_something_ended),
        UNIT_TEST(one_that_failed_can_be_sent_again),
    };
    return unit_run(tests);
}
