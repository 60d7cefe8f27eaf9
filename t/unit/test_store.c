#include "store_fixture.h"
#include "store/work.h"

static mnv_link_outcome_e make_link(unit_t *unit, db_t *db, const mnv_link_t *link)
{
    mnv_link_outcome_e outcome = (mnv_link_outcome_e)99;
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    return outcome;
}

static mnv_link_t *link_of(unit_t *unit, db_t *db, const char *value)
{
    mnv_link_t *link = NULL;
    assert_int_equal(mnv_store_link_by_account(unit->ctx, db->store, some_account(unit->pool, value, unit->now), &link), APR_SUCCESS);
    return link;
}

static apr_array_header_t *links_of(unit_t *unit, db_t *db, const char *subject)
{
    apr_array_header_t *links = NULL;
    assert_int_equal(mnv_store_links_by_identity(unit->ctx, db->store, some_identity(unit->pool, subject, unit->now), &links), APR_SUCCESS);
    return links;
}

/* Rows somebody changed ------------------------------------------------------------------------------------------------ */

static void refused_session(unit_t *unit, db_t *db, const char *key, const char *change)
{
    mnv_session_t *found = (mnv_session_t *)unit;
    db_sql(db, change);
    apr_status_t rv = mnv_store_session_get(unit->ctx, db->store, key, &found);
    if (rv == APR_SUCCESS) {
        print_error("not refused: %s\n", change);
    }
    assert_int_not_equal(rv, APR_SUCCESS);
    assert_told(unit, DATABASE_ROW);
    assert_ptr_equal(found, unit);
}

static void refuses_a_session_moved_to_another_key_site_or_time(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *mine = put_session(unit, db, "taro", "s1"), *theirs;
    unit->now += apr_time_from_sec(3600);
    theirs = put_session(unit, db, "jiro", "s2");
    refused_session(unit, db, mine->key, apr_psprintf(unit->pool, "UPDATE mynumber_sessions SET created_at = created_at + 1 WHERE id_hash = '%s'", mine->key));
    db_sql(db, "UPDATE mynumber_sessions SET created_at = created_at - 1 WHERE created_at < 1795510000");
    assert_non_null(get_session(unit, db, mine->key));
    refused_session(unit, db, mine->key, apr_psprintf(unit->pool, "UPDATE mynumber_sessions SET base_url = 'https://other.example.ac.jp' WHERE id_hash = '%s'", mine->key));
    db_sql(db, "UPDATE mynumber_sessions SET base_url = '" BASE "'");
    assert_non_null(get_session(unit, db, mine->key));
    db_sql(db, "UPDATE mynumber_sessions SET created_at = 1795507200");
    refused_session(unit, db, theirs->key, apr_psprintf(unit->pool, "UPDATE mynumber_sessions SET data = (SELECT s.data FROM (SELECT data FROM mynumber_sessions WHERE id_hash = '%s') AS s) WHERE id_hash = '%s'",
                                                       mine->key, theirs->key));
}

static void refuses_cells_that_do_not_fit(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", "s1");
    char *large = apr_palloc(unit->pool, 70000);
    memset(large, 'A', 69999);
    large[69999] = '\0';
    refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET data = ''");
    refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET data = 'k1.AAAA'");
    if (strcmp(db->driver, "mysql") != 0) { /* which refuses it itself */
        refused_session(unit, db, session->key, apr_psprintf(unit->pool, "UPDATE mynumber_sessions SET data = '%s'", large));
        assert_int_equal(unit_logged(unit, "larger than 65535 bytes"), 1);
    }
    session = put_session(unit, db, "taro", "s1");
    refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = -1");
    refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = 253402300800");
    refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = 9223372036854775807");
    if (strcmp(db->driver, "sqlite3") == 0) { /* which alone lets a text into an integer column */
        refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = 'abc'");
        refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = 1.5");
        refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = ''");
        refused_session(unit, db, session->key, "UPDATE mynumber_sessions SET seen_at = 1795507200, base_url = CAST(zeroblob(300) AS TEXT)");
    }
}

static void integers_are_digits_and_bounded(void **state)
{
    const char *bad[] = { NULL, "", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x1", "9999999999999999999", "99999999999999999999999999999999" };
    apr_int64_t value = 7;
    apr_time_t at = 7;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mnv_cell_integer(bad[i], &value), APR_EINVAL);
        assert_int_equal(mnv_cell_time(bad[i], &at), APR_EINVAL);
    }
    assert_int_equal(mnv_cell_time("253402300800", &at), APR_EINVAL);
    assert_true(value == 7 && at == 7);
    assert_int_equal(mnv_cell_integer("999999999999999999", &value), APR_SUCCESS);
    assert_true(value == APR_INT64_C(999999999999999999));
    assert_int_equal(mnv_cell_time("253402300799", &at), APR_SUCCESS);
    assert_true(at == apr_time_from_sec(APR_INT64_C(253402300799)));
}

/* One row per statement says how many arguments it takes and how many columns it gives: a wrong number reads beyond an array */
static void statements_say_their_arguments_and_columns(void **state)
{
    static const struct {
        const char *name;
        int arguments, columns;
        const char *sql;
    } rows[] = {
#define MNV_STATEMENT(name, arguments, columns, sql) { #name, arguments, columns, sql },
#include "store/statements.def"
#undef MNV_STATEMENT
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int arguments = 0, columns = 0;
        const char *from = strstr(rows[i].sql, " FROM ");
        for (const char *p = rows[i].sql; *p; p++) {
            arguments += *p == '%';
            columns += *p == ',' && from && p < from;
        }
        columns += strncmp(rows[i].sql, "SELECT", 6) == 0;
        if (arguments != rows[i].arguments || columns != rows[i].columns) {
            print_error("%s\n", rows[i].name);
        }
        assert_int_equal(arguments, rows[i].arguments);
        assert_int_equal(columns, rows[i].columns);
    }
}

static void refuses_a_link_whose_columns_were_changed(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const mnv_link_t *mine = some_link(unit->ctx, "taro", "s1", apr_time_from_sec(100)), *theirs = some_link(unit->ctx, "jiro", "s2", apr_time_from_sec(100));
    mnv_account_t *taro = some_account(unit->pool, "taro", unit->now);
    mnv_link_t *found = (mnv_link_t *)unit;
    apr_array_header_t *links = (apr_array_header_t *)unit;
    const char *changes[] = { "expires_at = 0", "expires_at = expires_at + 1000", "linked_at = linked_at - 1", "id = 'AAAAAAAAAAAAAAAAAAAAAA'", "id = 'x'", "data = 'x'" };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        db_sql(db, "DELETE FROM mynumber_links");
        make_link(unit, db, mine);
        db_sql(db, apr_pstrcat(unit->pool, "UPDATE mynumber_links SET ", changes[i], NULL));
        assert_int_not_equal(mnv_store_link_by_account(unit->ctx, db->store, taro, &found), APR_SUCCESS);
        assert_told(unit, DATABASE_ROW);
    }
    /* the whole row of another put under my hash: it opens, but it is theirs */
    db_sql(db, "DELETE FROM mynumber_links");
    make_link(unit, db, mine);
    make_link(unit, db, theirs);
    const char *hash = db_run(db->peek, unit->pool, apr_psprintf(unit->pool, "SELECT account_hash FROM mynumber_links WHERE id = '%s'", mine->id));
    const char *identity = db_run(db->peek, unit->pool, apr_psprintf(unit->pool, "SELECT identity_hash FROM mynumber_links WHERE id = '%s'", mine->id));
    db_sql(db, apr_psprintf(unit->pool, "DELETE FROM mynumber_links WHERE id = '%s'", mine->id));
    db_sql(db, apr_psprintf(unit->pool, "UPDATE mynumber_links SET account_hash = '%s', identity_hash = '%s'", hash, identity));
    assert_int_not_equal(mnv_store_link_by_account(unit->ctx, db->store, taro, &found), APR_SUCCESS);
    assert_told(unit, DATABASE_ROW);
    assert_int_not_equal(mnv_store_links_by_identity(unit->ctx, db->store, some_identity(unit->pool, "s1", unit->now), &links), APR_SUCCESS);
    assert_told(unit, DATABASE_ROW);
    assert_ptr_equal(found, unit);
    assert_ptr_equal(links, unit);
}

static void refuses_to_write_what_it_would_not_read(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = some_session(unit->ctx, "taro", "s1");
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    mnv_link_outcome_e outcome;
    char *large = apr_palloc(unit->pool, 16001);
    memset(large, 'x', 16000);
    large[16000] = '\0';
    for (int i = 0; i < 5; i++) {
        apr_table_set(session->account->attributes, apr_psprintf(unit->pool, "a%d", i), large);
    }
    assert_int_not_equal(mnv_store_session_put(unit->ctx, db->store, session, NULL, 0), APR_SUCCESS); /* beyond a TEXT of MySQL */
    assert_told(unit, INTERNAL);
    session = some_session(unit->ctx, "taro", "s1");
    session->identity->gender = "x";
    assert_int_not_equal(mnv_store_session_put(unit->ctx, db->store, session, NULL, 0), APR_SUCCESS);
    assert_told(unit, INTERNAL);
    session = some_session(unit->ctx, "taro", "s1");
    session->base_url = large;
    assert_int_not_equal(mnv_store_session_put(unit->ctx, db->store, session, NULL, 0), APR_SUCCESS);
    assert_told(unit, INTERNAL);
    link->identity->subject = large;
    assert_int_not_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_told(unit, INTERNAL);
    link = some_link(unit->ctx, "taro", "s1", 0);
    link->id = "x";
    assert_int_not_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_told(unit, INTERNAL);
    assert_int_equal(db_count(db, "mynumber_sessions") + db_count(db, "mynumber_links") + db_count(db, "mynumber_link_history"), 0);
}

/* Names, addresses and account ids stand nowhere in clear */
static void rows_show_nothing_of_the_person(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    put_session(unit, db, "taro@example.ac.jp", "subject-1");
    make_link(unit, db, some_link(unit->ctx, "taro@example.ac.jp", "subject-1", 0));
    const char *words[] = { "taro", "subject-1", "2004", "太郎", "本郷" };
    size_t count = strcmp(db->driver, "mysql") == 0 ? 3 : 5; /* its columns are ASCII and cannot be asked for the last two */
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(db_count(db, apr_psprintf(unit->pool, "mynumber_sessions WHERE account_hash LIKE '%%%s%%' OR identity_hash LIKE '%%%s%%' OR data LIKE '%%%s%%'", words[i], words[i], words[i])), 0);
        assert_int_equal(db_count(db, apr_psprintf(unit->pool, "mynumber_links WHERE account_hash LIKE '%%%s%%' OR identity_hash LIKE '%%%s%%' OR uniq LIKE '%%%s%%' OR data LIKE '%%%s%%'", words[i], words[i], words[i], words[i])), 0);
        assert_int_equal(db_count(db, apr_psprintf(unit->pool, "mynumber_link_history WHERE account_hash LIKE '%%%s%%' OR identity_hash LIKE '%%%s%%' OR why LIKE '%%%s%%'", words[i], words[i], words[i])), 0);
    }
}

/* Sessions --------------------------------------------------------------------------------------------------------------- */

static void a_session_comes_back_as_it_was(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", "s1"), *again = get_session(unit, db, session->key);
    assert_null(again->id);
    assert_string_equal(again->key, session->key);
    assert_string_equal(again->base_url, BASE);
    assert_true(again->created == session->created);
    assert_true(again->seen == session->seen);
    assert_string_equal(again->account->value, "taro");
    assert_string_equal(again->identity->name, "東大 太郎");
    assert_null(get_session(unit, db, some_session(unit->ctx, NULL, NULL)->key));
    session = put_session(unit, db, NULL, NULL);
    again = get_session(unit, db, session->key);
    assert_null(again->account);
    assert_null(again->identity);
    assert_int_equal(db_count(db, "mynumber_sessions WHERE account_hash IS NULL AND identity_hash IS NULL"), 1);
}

static void a_new_session_ends_the_one_it_replaces(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *old = put_session(unit, db, "taro", NULL), *other = put_session(unit, db, "taro", NULL), *new;
    assert_int_equal(mnv_session_renew(unit->ctx, old, &new), APR_SUCCESS);
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, new, old->key, apr_time_from_sec(28800)), APR_SUCCESS);
    assert_null(get_session(unit, db, old->key));
    assert_non_null(get_session(unit, db, new->key));
    assert_non_null(get_session(unit, db, other->key));
}

static void a_session_that_has_ended_is_not_replaced(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *old = put_session(unit, db, "taro", NULL), *first, *second;
    assert_int_equal(mnv_session_renew(unit->ctx, old, &first), APR_SUCCESS);
    assert_int_equal(mnv_session_renew(unit->ctx, old, &second), APR_SUCCESS);
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, first, old->key, apr_time_from_sec(28800)), APR_SUCCESS);
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, second, old->key, apr_time_from_sec(28800)), APR_ENOENT);
    assert_non_null(get_session(unit, db, first->key));
    assert_null(get_session(unit, db, second->key));
}

static void last_seen_moves_forward_only(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = put_session(unit, db, "taro", NULL);
    assert_int_equal(mnv_store_session_seen(unit->ctx, db->store, session->key, UNIT_START + apr_time_from_sec(300)), APR_SUCCESS);
    assert_int_equal(mnv_store_session_seen(unit->ctx, db->store, session->key, UNIT_START + apr_time_from_sec(200)), APR_SUCCESS);
    assert_true(get_session(unit, db, session->key)->seen == UNIT_START + apr_time_from_sec(300));
    assert_true(get_session(unit, db, session->key)->created == UNIT_START);
}

static void sessions_end_by_either_half_but_one(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *kept = put_session(unit, db, "taro", "s1"), *by_account = put_session(unit, db, "taro", NULL);
    mnv_session_t *by_identity = put_session(unit, db, NULL, "s1"), *other = put_session(unit, db, "Taro", "s2");
    mnv_session_t *nobody = put_session(unit, db, NULL, NULL);
    assert_int_equal(mnv_store_sessions_delete(unit->ctx, db->store, NULL, NULL, NULL), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_sessions"), 5);
    assert_int_equal(mnv_store_sessions_delete(unit->ctx, db->store, kept->account, kept->identity, kept->key), APR_SUCCESS);
    assert_non_null(get_session(unit, db, kept->key));
    assert_null(get_session(unit, db, by_account->key));
    assert_null(get_session(unit, db, by_identity->key));
    assert_non_null(get_session(unit, db, other->key));
    assert_non_null(get_session(unit, db, nobody->key));
    assert_int_equal(mnv_store_sessions_delete(unit->ctx, db->store, kept->account, NULL, NULL), APR_SUCCESS);
    assert_null(get_session(unit, db, kept->key));
    assert_int_equal(mnv_store_sessions_delete(unit->ctx, db->store, NULL, other->identity, NULL), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_sessions"), 1);
}

static void purge_takes_what_has_expired_only(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *old = put_session(unit, db, "taro", NULL), *young;
    unit->now += apr_time_from_sec(10);
    young = put_session(unit, db, "taro", NULL);
    assert_int_equal(mnv_store_use_once(unit->ctx, db->store, "old", UNIT_START + apr_time_from_sec(28800)), APR_SUCCESS);
    assert_int_equal(mnv_store_use_once(unit->ctx, db->store, "young", UNIT_START + apr_time_from_sec(28801)), APR_SUCCESS);
    assert_int_equal(mnv_store_purge(unit->ctx, db->store, UNIT_START + apr_time_from_sec(28799)), APR_SUCCESS);
    assert_int_equal(db_count(db, "mynumber_sessions") + db_count(db, "mynumber_replay"), 4);
    assert_int_equal(mnv_store_purge(unit->ctx, db->store, UNIT_START + apr_time_from_sec(28800)), APR_SUCCESS);
    assert_null(get_session(unit, db, old->key));
    assert_non_null(get_session(unit, db, young->key));
    assert_int_equal(db_count(db, "mynumber_replay"), 1);
}

static void an_id_is_used_once_even_after_its_expiry(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    assert_int_equal(mnv_store_use_once(unit->ctx, db->store, "flow", UNIT_START), APR_SUCCESS);
    assert_int_equal(mnv_store_use_once(unit->ctx, db->store, "flow", UNIT_START), APR_EEXIST);
    unit->now += apr_time_from_sec(3600);
    assert_int_equal(mnv_store_use_once(unit->ctx, db->store, "flow", unit->now), APR_EEXIST);
    assert_int_equal(mnv_store_use_once(unit->ctx, db->store, "Flow", unit->now), APR_SUCCESS);
    assert_int_equal(unit->ctx->failure.what, MNV_OK);
    assert_int_equal(db_count(db, "mynumber_replay WHERE id_hash LIKE '%low%'"), 0);
}

/* Links ------------------------------------------------------------------------------------------------------------------- */

static void a_taken_account_or_identity_is_refused(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "taro", "s1", 0)), MNV_LINK_MADE);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "taro", "s2", 0)), MNV_LINK_ACCOUNT_TAKEN);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "jiro", "s1", 0)), MNV_LINK_IDENTITY_TAKEN);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "taro", "s1", 0)), MNV_LINK_WAS_OURS);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "jiro", "s2", 0)), MNV_LINK_MADE);
    assert_int_equal(db_count(db, "mynumber_links"), 2);
    assert_int_equal(db_count(db, "mynumber_link_history"), 2);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'linked' AND by_whom = 'self'"), 2);
}

static mnv_link_outcome_e replace_link(unit_t *unit, db_t *db, const mnv_link_t *old, const mnv_link_t *made, int *replaced)
{
    mnv_replacement_t links = { old, made, "self" };
    mnv_link_outcome_e outcome = MNV_LINK_WAS_OURS;
    assert_int_equal(mnv_store_link_replace(unit->ctx, db->store, &links, NULL, &outcome, replaced), APR_SUCCESS);
    return outcome;
}

static void a_link_gives_way_to_the_same_accounts_new_one(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *old = some_link(unit->ctx, "taro", "s1", 0), *made = some_link(unit->ctx, "taro", "s2", 0);
    int replaced;
    make_link(unit, db, old);
    assert_int_equal(replace_link(unit, db, old, made, &replaced), MNV_LINK_MADE);
    assert_int_equal(replaced, 1);
    assert_string_equal(link_of(unit, db, "taro")->id, made->id);
    assert_int_equal(db_count(db, "mynumber_links"), 1);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'unlinked' AND why = 'replaced'"), 1);
}

static void replacing_clears_nothing_else_out_of_the_way(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *old = some_link(unit->ctx, "taro", "s1", 0), *newer = some_link(unit->ctx, "taro", "s3", 0);
    int replaced;
    make_link(unit, db, old);
    make_link(unit, db, some_link(unit->ctx, "jiro", "s2", 0));
    /* the identity is somebody else's: the old link stays */
    assert_int_equal(replace_link(unit, db, old, some_link(unit->ctx, "taro", "s2", 0), &replaced), MNV_LINK_IDENTITY_TAKEN);
    assert_int_equal(replaced, 0);
    assert_string_equal(link_of(unit, db, "taro")->id, old->id);
    /* another was quicker, with yet another identity: that one stays */
    assert_int_equal(replace_link(unit, db, old, newer, &replaced), MNV_LINK_MADE);
    assert_int_equal(replace_link(unit, db, old, some_link(unit->ctx, "taro", "s4", 0), &replaced), MNV_LINK_ACCOUNT_TAKEN);
    assert_int_equal(replaced, 0);
    assert_string_equal(link_of(unit, db, "taro")->id, newer->id);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'unlinked'"), 1);
}

static void a_link_is_found_by_both_ends(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", apr_time_from_sec(60)), *found;
    make_link(unit, db, link);
    found = link_of(unit, db, "taro");
    assert_string_equal(found->id, link->id);
    assert_true(found->linked_at == link->linked_at);
    assert_true(found->expires_at == link->expires_at);
    assert_string_equal(found->identity->name, "東大 太郎");
    assert_null(found->identity->address);
    assert_null(link_of(unit, db, "jiro"));
    assert_int_equal(links_of(unit, db, "s2")->nelts, 0);
    assert_int_equal(links_of(unit, db, "s1")->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(links_of(unit, db, "s1"), 0, mnv_link_t *)->id, link->id);
}

static void many_accounts_may_share_an_identity_not_an_account(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_store_t *one = db->store;
    db->store = mnv_store_make(unit->pool, db->lender, db->keyring, MNV_POLICY_MANY_ACCOUNTS);
    for (int i = 0; i < 18; i++) {
        unit->now += apr_time_from_sec(1);
        assert_int_equal(make_link(unit, db, some_link(unit->ctx, apr_psprintf(unit->pool, "a%d", i), "s1", 0)), MNV_LINK_MADE);
    }
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "a1", "s2", 0)), MNV_LINK_ACCOUNT_TAKEN);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "a1", "s1", 0)), MNV_LINK_WAS_OURS);
    assert_int_equal(links_of(unit, db, "s1")->nelts, 16);
    assert_string_equal(APR_ARRAY_IDX(links_of(unit, db, "s1"), 0, mnv_link_t *)->account->value, "a0");
    assert_string_equal(APR_ARRAY_IDX(links_of(unit, db, "s1"), 15, mnv_link_t *)->account->value, "a15");
    /* the policy was changed: rows of the other one count */
    db->store = one;
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "new", "s1", 0)), MNV_LINK_IDENTITY_TAKEN);
}

static void expired_links_of_either_end_give_way(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *first = some_link(unit->ctx, "taro", "s1", apr_time_from_sec(60)), *second = some_link(unit->ctx, "jiro", "s2", apr_time_from_sec(60)), *last;
    make_link(unit, db, first);
    make_link(unit, db, second);
    unit->now += apr_time_from_sec(60) - 1;
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "taro", "s2", 0)), MNV_LINK_ACCOUNT_TAKEN);
    unit->now += 1;
    last = some_link(unit->ctx, "taro", "s2", 0);
    assert_int_equal(make_link(unit, db, last), MNV_LINK_MADE);
    assert_int_equal(db_count(db, "mynumber_links"), 1);
    assert_string_equal(link_of(unit, db, "taro")->id, last->id);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'expired' AND by_whom = 'system'"), 2);
    assert_int_equal(db_count(db, apr_psprintf(unit->pool, "mynumber_link_history WHERE event = 'expired' AND link_id IN ('%s', '%s')", first->id, second->id)), 2);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'linked'"), 3);
}

static void a_link_is_removed_once_with_its_history(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0), *other = some_link(unit->ctx, "jiro", "s2", 0);
    int removed = -1;
    make_link(unit, db, link);
    make_link(unit, db, other);
    assert_int_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "管理者 admin of the whole university's central computing centre here", "admin" }, NULL, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
    assert_int_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "self", "unlinked" }, NULL, &removed), APR_SUCCESS);
    assert_int_equal(removed, 0);
    assert_null(link_of(unit, db, "taro"));
    assert_non_null(link_of(unit, db, "jiro"));
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'unlinked' AND why = 'admin' AND by_whom LIKE '%AE%admin%'"), 1);
    assert_int_equal(db_count(db, "mynumber_link_history"), 3);
    assert_int_equal(make_link(unit, db, some_link(unit->ctx, "taro", "s1", 0)), MNV_LINK_MADE);
}

static void a_new_verification_refreshes_a_link_that_is_there(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    mnv_link_options_t options = { 0 };
    int removed;
    make_link(unit, db, link);
    unit->now += apr_time_from_sec(86400);
    mnv_identity_t *later = some_identity(unit->pool, "s1", unit->now);
    later->name = "本郷 太郎";
    mnv_link_keep(unit->pool, link, later, &options);
    assert_int_equal(mnv_store_link_reverified(unit->ctx, db->store, link), APR_SUCCESS);
    assert_string_equal(link_of(unit, db, "taro")->identity->name, "本郷 太郎");
    assert_true(link_of(unit, db, "taro")->identity->at == unit->now);
    assert_true(link_of(unit, db, "taro")->linked_at == UNIT_START);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 're-verified'"), 1);
    assert_int_equal(db_count(db, apr_psprintf(unit->pool, "mynumber_links WHERE verified_at = %" APR_INT64_T_FMT, apr_time_sec(unit->now))), 1);
    assert_int_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "self", "unlinked" }, NULL, &removed), APR_SUCCESS);
    assert_int_equal(mnv_store_link_reverified(unit->ctx, db->store, link), APR_SUCCESS);
    assert_null(link_of(unit, db, "taro"));
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 're-verified'"), 1);
}

/* PostgreSQL's DETAIL and SQLite's message name values: the log must not */
static void the_log_tells_the_statement_and_no_value(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_session_t *session = some_session(unit->ctx, "taro", "s1");
    db_sql(db, "DROP TABLE mynumber_sessions");
    assert_int_not_equal(mnv_store_session_put(unit->ctx, db->store, session, NULL, 0), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_equal(unit_logged(unit, "statement SESSION_ADD failed with driver error"), 1);
    assert_int_equal(unit_logged(unit, "MNV0601"), 1);
    assert_int_equal(unit_logged(unit, session->key), 0);
    assert_int_equal(unit_logged(unit, "mynumber_sessions"), 0);
}

static void works_with_wal(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_empty(unit, 1);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    int removed;
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    assert_non_null(get_session(unit, db, put_session(unit, db, "taro", "s1")->key));
    assert_int_equal(make_link(unit, db, link), MNV_LINK_MADE);
    assert_int_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "self", "unlinked" }, NULL, &removed), APR_SUCCESS);
    assert_int_equal(removed, 1);
}

static void two_stores_with_other_secrets_do_not_meet(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    const char *text, *problem;
    mnv_session_t *session = put_session(unit, db, "taro", "s1"), *found;
    make_link(unit, db, some_link(unit->ctx, "taro", "s1", 0));
    assert_int_equal(mnv_keyring_generate(unit->ctx, NULL, "k1", &text), APR_SUCCESS);
    assert_int_equal(mnv_keyring_parse(unit->pool, text, &db->keyring, &problem), APR_SUCCESS);
    db->store = mnv_store_make(unit->pool, db->lender, db->keyring, MNV_POLICY_ONE_TO_ONE);
    assert_int_not_equal(mnv_store_session_get(unit->ctx, db->store, session->key, &found), APR_SUCCESS);
    assert_told(unit, DATABASE_ROW);
    assert_null(link_of(unit, db, "taro"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_a_session_moved_to_another_key_site_or_time),
        UNIT_TEST(refuses_cells_that_do_not_fit),
        UNIT_TEST(integers_are_digits_and_bounded),
        UNIT_TEST(statements_say_their_arguments_and_columns),
        UNIT_TEST(refuses_a_link_whose_columns_were_changed),
        UNIT_TEST(refuses_to_write_what_it_would_not_read),
        UNIT_TEST(rows_show_nothing_of_the_person),
        UNIT_TEST(a_session_comes_back_as_it_was),
        UNIT_TEST(a_new_session_ends_the_one_it_replaces),
        UNIT_TEST(a_session_that_has_ended_is_not_replaced),
        UNIT_TEST(last_seen_moves_forward_only),
        UNIT_TEST(sessions_end_by_either_half_but_one),
        UNIT_TEST(purge_takes_what_has_expired_only),
        UNIT_TEST(an_id_is_used_once_even_after_its_expiry),
        UNIT_TEST(a_taken_account_or_identity_is_refused),
        UNIT_TEST(a_link_gives_way_to_the_same_accounts_new_one),
        UNIT_TEST(replacing_clears_nothing_else_out_of_the_way),
        UNIT_TEST(a_link_is_found_by_both_ends),
        UNIT_TEST(many_accounts_may_share_an_identity_not_an_account),
        UNIT_TEST(expired_links_of_either_end_give_way),
        UNIT_TEST(a_link_is_removed_once_with_its_history),
        UNIT_TEST(a_new_verification_refreshes_a_link_that_is_there),
        UNIT_TEST(the_log_tells_the_statement_and_no_value),
        UNIT_TEST(works_with_wal),
        UNIT_TEST(two_stores_with_other_secrets_do_not_meet),
    };
    return unit_run(tests);
}
