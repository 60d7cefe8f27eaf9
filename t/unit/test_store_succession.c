/* Linking and unlinking take the session to a new id, in one transaction. */
#include "store_fixture.h"

static mnv_succession_t succession_of(unit_t *unit, const mnv_session_t *from)
{
    mnv_succession_t made = { .from = from, .browser = "BBBBBBBBBBBBBBBBBBBBBB", .lifetime = apr_time_from_sec(28800) };
    mnv_session_t *to;
    assert_int_equal(mnv_session_renew(unit->ctx, from, &to), APR_SUCCESS);
    made.to = to;
    return made;
}

static void a_link_takes_its_session_to_a_new_id(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", "s1"), *old;
    mnv_succession_t succession = succession_of(unit, session);
    mnv_link_outcome_e outcome;
    unit->now += apr_time_from_sec(5);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, some_link(unit->ctx, "taro", "s1", 0), "self", &succession, &outcome), APR_SUCCESS);
    assert_int_equal(outcome, MNV_LINK_MADE);
    assert_non_null(get_session(unit, db, succession.to->key)->account);
    old = get_session(unit, db, session->key);
    assert_string_equal(old->successor, succession.to->id);
    assert_string_equal(old->browser, succession.browser);
    assert_null(old->account);
    assert_null(old->identity);
    assert_true(old->seen == UNIT_START + apr_time_from_sec(5));
    assert_int_equal(mnv_store_purge(unit->ctx, db->store, unit->now + MNV_PREDECESSOR_LIFETIME), APR_SUCCESS);
    assert_null(get_session(unit, db, session->key));
    assert_non_null(get_session(unit, db, succession.to->key));
}

static void a_refused_link_leaves_its_session_alone(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", "s1");
    mnv_succession_t succession = succession_of(unit, session);
    mnv_link_outcome_e outcome;
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, some_link(unit->ctx, "taro", "s2", 0), "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, some_link(unit->ctx, "taro", "s1", 0), "self", &succession, &outcome), APR_SUCCESS);
    assert_int_equal(outcome, MNV_LINK_ACCOUNT_TAKEN);
    assert_non_null(get_session(unit, db, session->key)->account);
    assert_null(get_session(unit, db, succession.to->key));
}

static void an_ended_session_links_and_unlinks_nothing(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", "s1");
    mnv_succession_t succession = succession_of(unit, session);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    mnv_link_outcome_e outcome;
    int deleted, removed;
    assert_int_equal(mnv_store_session_delete(unit->ctx, db->store, session->key, &deleted), APR_SUCCESS);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", &succession, &outcome), APR_ENOENT);
    assert_int_equal(db_count(db, "mynumber_links"), 0);
    assert_int_equal(db_count(db, "mynumber_link_history"), 0);
    assert_int_equal(db_count(db, "mynumber_sessions"), 0);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "self", "unlinked" }, &succession, &removed), APR_ENOENT);
    assert_int_equal(db_count(db, "mynumber_links"), 1);
}

static void an_unlink_ends_all_sessions_but_one(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", NULL), *elsewhere = put_session(unit, db, "taro", "s1");
    mnv_session_t *card = put_session(unit, db, NULL, "s1"), *other = put_session(unit, db, "jiro", "s2");
    mnv_succession_t succession = succession_of(unit, session);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    mnv_link_outcome_e outcome;
    int removed;
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "self", "unlinked" }, &succession, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    assert_null(get_session(unit, db, elsewhere->key));
    assert_null(get_session(unit, db, card->key));
    assert_non_null(get_session(unit, db, other->key));
    assert_non_null(get_session(unit, db, succession.to->key)->account);
    assert_non_null(get_session(unit, db, session->key)->successor);
}

static void a_replaced_link_ends_the_sessions_that_stood_on_it(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", "s2"), *elsewhere = put_session(unit, db, "taro", NULL);
    mnv_session_t *old_card = put_session(unit, db, NULL, "s1"), *other = put_session(unit, db, "jiro", "s3");
    mnv_succession_t succession = succession_of(unit, session);
    mnv_link_t *old = some_link(unit->ctx, "taro", "s1", 0), *made = some_link(unit->ctx, "taro", "s2", 0);
    mnv_replacement_t links = { old, made, "self" };
    mnv_link_outcome_e outcome;
    int replaced, deleted;
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, old, "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(mnv_store_link_replace(unit->ctx, db->store, &links, &succession, &outcome, &replaced), APR_SUCCESS);
    assert_int_equal(outcome, MNV_LINK_MADE);
    assert_null(get_session(unit, db, elsewhere->key));
    assert_null(get_session(unit, db, old_card->key));
    assert_non_null(get_session(unit, db, other->key));
    assert_non_null(get_session(unit, db, succession.to->key)->account);
    /* of a session that has ended meanwhile nothing is done */
    assert_int_equal(mnv_store_session_delete(unit->ctx, db->store, succession.to->key, &deleted), APR_SUCCESS);
    links.old = made;
    links.made = some_link(unit->ctx, "taro", "s9", 0);
    succession = succession_of(unit, succession.to);
    assert_int_equal(mnv_store_link_replace(unit->ctx, db->store, &links, &succession, &outcome, &replaced), APR_ENOENT);
    assert_int_equal(db_count(db, apr_psprintf(unit->pool, "mynumber_links WHERE id = '%s'", made->id)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_link_takes_its_session_to_a_new_id),
        UNIT_TEST(a_refused_link_leaves_its_session_alone),
        UNIT_TEST(an_ended_session_links_and_unlinks_nothing),
        UNIT_TEST(an_unlink_ends_all_sessions_but_one),
        UNIT_TEST(a_replaced_link_ends_the_sessions_that_stood_on_it),
    };
    return unit_run(tests);
}
