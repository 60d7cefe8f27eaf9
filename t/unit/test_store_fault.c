/* Each operation with the database failing at each of its statements in turn: all of it or nothing, and told. */
#include "store_fixture.h"
#include "dbd_fault.h"

#define STATEMENTS_MOST 60

typedef struct op_t {
    const char *name;
    void (*prepare)(unit_t *unit, db_t *db);
    apr_status_t (*run)(unit_t *unit, db_t *db);
    int (*state)(db_t *db);    /* 0: as before, 1: all done, others: half done */
} op_t;

static mnv_session_t *old_session, *new_session;
static mnv_link_t *old_link, *new_link;
static mnv_link_outcome_e outcome;
static int removed;

static void prepare_sessions(unit_t *unit, db_t *db)
{
    old_session = some_session(unit->ctx, "taro", "s1");
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, old_session, NULL, apr_time_from_sec(120)), APR_SUCCESS);
    assert_int_equal(mnv_session_renew(unit->ctx, old_session, &new_session), APR_SUCCESS);
}

static apr_status_t run_put(unit_t *unit, db_t *db)
{
    return mnv_store_session_put(unit->ctx, db->store, new_session, NULL, apr_time_from_sec(60));
}

static int state_put(db_t *db)
{
    return db_count(db, "mynumber_sessions") - 1;
}

static apr_status_t run_replace(unit_t *unit, db_t *db)
{
    return mnv_store_session_put(unit->ctx, db->store, new_session, old_session->key, apr_time_from_sec(60));
}

static int state_replace(db_t *db)
{
    int olds = db_count(db, apr_psprintf(db->pool, "mynumber_sessions WHERE id_hash = '%s'", old_session->key));
    int news = db_count(db, apr_psprintf(db->pool, "mynumber_sessions WHERE id_hash = '%s'", new_session->key));
    return olds == 1 && news == 0 ? 0 : olds == 0 && news == 1 ? 1 : 2;
}

static void prepare_end(unit_t *unit, db_t *db)
{
    prepare_sessions(unit, db);
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, some_session(unit->ctx, "taro", NULL), NULL, 0), APR_SUCCESS);
    assert_int_equal(mnv_store_session_put(unit->ctx, db->store, some_session(unit->ctx, NULL, "s1"), NULL, 0), APR_SUCCESS);
}

static apr_status_t run_end(unit_t *unit, db_t *db)
{
    return mnv_store_sessions_delete(unit->ctx, db->store, old_session->account, old_session->identity, NULL);
}

static int state_end(db_t *db)
{
    int left = db_count(db, "mynumber_sessions");
    return left == 3 ? 0 : left == 0 ? 1 : 2;
}

static void prepare_nothing(unit_t *unit, db_t *db)
{
    (void)db;
    new_link = some_link(unit->ctx, "taro", "s1", 0);
}

static apr_status_t run_make(unit_t *unit, db_t *db)
{
    apr_status_t rv = mnv_store_link_make(unit->ctx, db->store, new_link, "self", NULL, &outcome);
    assert_true(rv != APR_SUCCESS || outcome == MNV_LINK_MADE);
    return rv;
}

static int state_make(db_t *db)
{
    int links = db_count(db, "mynumber_links"), history = db_count(db, "mynumber_link_history WHERE event = 'linked'");
    return links == 0 && history == 0 ? 0 : links == 1 && history == 1 ? 1 : 2;
}

static void prepare_succession(unit_t *unit, db_t *db)
{
    prepare_sessions(unit, db);
    prepare_nothing(unit, db);
}

/* new_session is there whenever old_session has a successor, and then alone. @return 2: neither before nor after */
static int state_succession(db_t *db)
{
    int ended = db_count(db, apr_psprintf(db->pool, "mynumber_sessions WHERE id_hash = '%s' AND expires_at = %" APR_INT64_T_FMT, old_session->key,
                                          (apr_int64_t)apr_time_sec(UNIT_START + MNV_PREDECESSOR_LIFETIME)));
    int news = db_count(db, apr_psprintf(db->pool, "mynumber_sessions WHERE id_hash = '%s'", new_session->key));
    return ended == news ? ended : 2;
}

static apr_status_t run_make_with_succession(unit_t *unit, db_t *db)
{
    mnv_succession_t succession = { .from = old_session, .to = new_session, .lifetime = apr_time_from_sec(120) };
    return mnv_store_link_make(unit->ctx, db->store, new_link, "self", &succession, &outcome);
}

static int state_make_with_succession(db_t *db)
{
    return state_make(db) == state_succession(db) ? state_make(db) : 2;
}

static void prepare_expired(unit_t *unit, db_t *db)
{
    old_link = some_link(unit->ctx, "taro", "s0", apr_time_from_sec(1));
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, old_link, "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, some_link(unit->ctx, "jiro", "s1", apr_time_from_sec(1)), "self", NULL, &outcome), APR_SUCCESS);
    unit->now += apr_time_from_sec(2);
    new_link = some_link(unit->ctx, "taro", "s1", 0);
}

static int state_expired(db_t *db)
{
    int links = db_count(db, "mynumber_links"), linked = db_count(db, "mynumber_link_history WHERE event = 'linked'");
    int expired = db_count(db, "mynumber_link_history WHERE event = 'expired'");
    return links == 2 && linked == 2 && expired == 0 ? 0 : links == 1 && linked == 3 && expired == 2 ? 1 : 2;
}

static void prepare_link(unit_t *unit, db_t *db)
{
    old_link = some_link(unit->ctx, "taro", "s1", 0);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, old_link, "self", NULL, &outcome), APR_SUCCESS);
}

static apr_status_t run_remove(unit_t *unit, db_t *db)
{
    apr_status_t rv = mnv_store_link_remove(unit->ctx, db->store, old_link, &(mnv_reason_t){ "self", "unlinked" }, NULL, &removed);
    assert_true(rv != APR_SUCCESS || removed == 1);
    return rv;
}

static int state_remove(db_t *db)
{
    int links = db_count(db, "mynumber_links"), history = db_count(db, "mynumber_link_history WHERE event = 'unlinked'");
    return links == 1 && history == 0 ? 0 : links == 0 && history == 1 ? 1 : 2;
}

static void prepare_link_and_sessions(unit_t *unit, db_t *db)
{
    prepare_link(unit, db);
    prepare_sessions(unit, db);
}

static apr_status_t run_remove_with_succession(unit_t *unit, db_t *db)
{
    mnv_succession_t succession = { .from = old_session, .to = new_session, .lifetime = apr_time_from_sec(120) };
    return mnv_store_link_remove(unit->ctx, db->store, old_link, &(mnv_reason_t){ "self", "unlinked" }, &succession, &removed);
}

static int state_remove_with_succession(db_t *db)
{
    return state_remove(db) == state_succession(db) ? state_remove(db) : 2;
}

/* One's own link to "s0" is replaced: before and after there is exactly one, and the history has both or none. */
static void prepare_replace(unit_t *unit, db_t *db)
{
    old_link = some_link(unit->ctx, "taro", "s0", 0);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, old_link, "self", NULL, &outcome), APR_SUCCESS);
    prepare_sessions(unit, db);
    new_link = some_link(unit->ctx, "taro", "s1", 0);
}

static apr_status_t run_replace_link(unit_t *unit, db_t *db)
{
    mnv_succession_t succession = { .from = old_session, .to = new_session, .lifetime = apr_time_from_sec(120) };
    mnv_replacement_t links = { old_link, new_link, "self" };
    apr_status_t rv = mnv_store_link_replace(unit->ctx, db->store, &links, &succession, &outcome, &removed);
    assert_true(rv != APR_SUCCESS || (outcome == MNV_LINK_MADE && removed));
    return rv;
}

static int state_replace_link(db_t *db)
{
    int olds = db_count(db, apr_psprintf(db->pool, "mynumber_links WHERE id = '%s'", old_link->id));
    int news = db_count(db, apr_psprintf(db->pool, "mynumber_links WHERE id = '%s'", new_link->id));
    int linked = db_count(db, "mynumber_link_history WHERE event = 'linked'"), history = db_count(db, "mynumber_link_history WHERE event = 'unlinked' AND why = 'replaced'");
    int done = olds == 1 && news == 0 && linked == 1 && history == 0 ? 0 : olds == 0 && news == 1 && linked == 2 && history == 1 ? 1 : 2;
    return done == state_succession(db) ? done : 2;
}

static apr_status_t run_reverified(unit_t *unit, db_t *db)
{
    old_link->identity->at = UNIT_START + apr_time_from_sec(5);
    return mnv_store_link_reverified(unit->ctx, db->store, old_link);
}

static int state_reverified(db_t *db)
{
    int at = db_count(db, "mynumber_links WHERE verified_at = 1795507205"), history = db_count(db, "mynumber_link_history WHERE event = 're-verified'");
    return at == 0 && history == 0 ? 0 : at == 1 && history == 1 ? 1 : 2;
}

static void prepare_empty(unit_t *unit, db_t *db)
{
    (void)unit;
    (void)db;
}

static apr_status_t run_use(unit_t *unit, db_t *db)
{
    return mnv_store_use_once(unit->ctx, db->store, "flow", unit->now);
}

static int state_use(db_t *db)
{
    return db_count(db, "mynumber_replay");
}

static const op_t ops[] = {
    { "put a session", prepare_sessions, run_put, state_put },
    { "replace a session", prepare_sessions, run_replace, state_replace },
    { "end sessions", prepare_end, run_end, state_end },
    { "make a link", prepare_nothing, run_make, state_make },
    { "make a link and take the session on", prepare_succession, run_make_with_succession, state_make_with_succession },
    { "make a link in place of expired ones", prepare_expired, run_make, state_expired },
    { "remove a link", prepare_link, run_remove, state_remove },
    { "remove a link and take the session on", prepare_link_and_sessions, run_remove_with_succession, state_remove_with_succession },
    { "replace a link and take the session on", prepare_replace, run_replace_link, state_replace_link },
    { "refresh a link", prepare_link, run_reverified, state_reverified },
};

static void empty_tables(db_t *db)
{
    db_sql(db, "DELETE FROM mynumber_links");
    db_sql(db, "DELETE FROM mynumber_link_history");
    db_sql(db, "DELETE FROM mynumber_sessions");
    db_sql(db, "DELETE FROM mynumber_replay");
}

/* A store on a connection of its own, thrown away after the fault: what it had not committed is gone then, as in a crash. */
static db_t *node_of(unit_t *unit, const db_t *db)
{
    db_t *node = apr_pmemdup(unit->pool, db, sizeof(*db));
    apr_pool_create(&node->pool, unit->pool);
    node->lender = db_connect(db, node->pool);
    node->store = mnv_store_make(node->pool, node->lender, db->keyring, MNV_POLICY_ONE_TO_ONE);
    return node;
}

/* Run an operation with the fault at statement n. @return 0 when n lies beyond its last statement */
static int run_with_fault(unit_t *unit, db_t *db, const op_t *op, fault_e kind, int n, apr_status_t *rv)
{
    db_t *node;
    int reached;
    unit->now = UNIT_START;
    empty_tables(db);
    op->prepare(unit, db);
    node = node_of(unit, db);
    assert_int_equal(op->state(db), 0);
    fault_set(kind, n);
    *rv = op->run(unit, node);
    reached = fault_count >= n;
    fault_set(FAULT_NONE, 0);
    apr_pool_destroy(node->pool);
    return reached;
}

static void check(const op_t *op, int n, int got, int wanted)
{
    if (got != wanted) {
        print_error("%s, statement %d: state is %d\n", op->name, n, got);
    }
    assert_int_equal(got, wanted);
}

static void a_server_that_goes_away_leaves_nothing_half_done(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        apr_status_t rv;
        int n;
        for (n = 1; run_with_fault(unit, db, &ops[i], FAULT_FOREVER, n, &rv); n++) {
            assert_int_not_equal(rv, APR_SUCCESS);
            assert_told(unit, DATABASE);
            check(&ops[i], n, ops[i].state(db), 0);
            assert_true(n < STATEMENTS_MOST);
        }
        assert_int_equal(rv, APR_SUCCESS);
        check(&ops[i], n, ops[i].state(db), 1);
    }
}

/* Whichever statement the fault hits: nobody notices */
static void nobody_notices(unit_t *unit, fault_e kind)
{
    db_t *db = db_make(unit);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        apr_status_t rv;
        int n, more = 1;
        for (n = 1; more; n++) {
            more = run_with_fault(unit, db, &ops[i], kind, n, &rv);
            assert_int_equal(rv, APR_SUCCESS);
            check(&ops[i], n, ops[i].state(db), 1);
            assert_true(n < STATEMENTS_MOST);
        }
    }
    assert_int_equal(unit->ctx->failure.what, MNV_OK);
}

static void one_failed_statement_is_made_good(void **state)
{
    nobody_notices(*state, FAULT_ONCE);
}

/* The statement was carried out, COMMIT above all, and its answer lost: done once, not twice */
static void one_lost_answer_does_nothing_twice(void **state)
{
    nobody_notices(*state, FAULT_LOST);
}

static void an_id_whose_use_is_in_doubt_is_not_given_free(void **state)
{
    static const op_t use = { "use an id", prepare_empty, run_use, state_use };
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    apr_status_t rv;
    assert_true(run_with_fault(unit, db, &use, FAULT_FOREVER, 1, &rv));
    assert_int_not_equal(rv, APR_SUCCESS);
    assert_int_not_equal(rv, APR_EEXIST);
    assert_told(unit, DATABASE);
    assert_true(run_with_fault(unit, db, &use, FAULT_LOST, 1, &rv));
    assert_int_equal(rv, APR_EEXIST);
    assert_true(run_with_fault(unit, db, &use, FAULT_ONCE, 1, &rv));
    assert_int_equal(rv, APR_SUCCESS);
    assert_int_equal(use.state(db), 1);
}

/* The engine itself refuses the second half (SQLite: a trigger) */
static void a_refused_history_takes_the_link_back(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    if (strcmp(db->driver, "sqlite3") != 0) {
        skip();
    }
    db_sql(db, "CREATE TRIGGER no_history BEFORE INSERT ON mynumber_link_history BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_not_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_equal(db_count(db, "mynumber_links"), 0);
    db_sql(db, "DROP TRIGGER no_history");
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(outcome, MNV_LINK_MADE);
    db_sql(db, "CREATE TRIGGER no_history BEFORE INSERT ON mynumber_link_history BEGIN SELECT RAISE(ROLLBACK, 'no'); END");
    assert_int_not_equal(mnv_store_link_remove(unit->ctx, db->store, link, &(mnv_reason_t){ "self", "unlinked" }, NULL, &removed), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_equal(db_count(db, "mynumber_links"), 1);
}

static void a_lock_held_by_another_is_waited_for_and_then_told(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    mnv_link_t *link = some_link(unit->ctx, "taro", "s1", 0);
    if (strcmp(db->driver, "sqlite3") != 0) {
        skip();
    }
    db_sql(db, "BEGIN IMMEDIATE");
    assert_int_not_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_told(unit, DATABASE);
    db_sql(db, "ROLLBACK");
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, link, "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(outcome, MNV_LINK_MADE);
}

static apr_status_t no_connection(void *baton, apr_pool_t *pool, mnv_dbd_handle_t **handle)
{
    (void)pool;
    (void)handle;
    ++*(int *)baton;
    return APR_EGENERAL;
}

static void every_operation_tells_that_there_is_no_connection(void **state)
{
    unit_t *unit = *state;
    db_t *db = db_make(unit);
    int asked = 0;
    mnv_dbd_lender_t none = { &asked, no_connection, NULL };
    db_t *node = apr_pmemdup(unit->pool, db, sizeof(*db));
    mnv_session_t *session = (mnv_session_t *)unit;
    apr_array_header_t *links;
    apr_int64_t generation;
    node->store = mnv_store_make(unit->pool, &none, db->keyring, MNV_POLICY_ONE_TO_ONE);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        empty_tables(db);
        ops[i].prepare(unit, db);
        assert_int_not_equal(ops[i].run(unit, node), APR_SUCCESS);
        assert_told(unit, DATABASE);
    }
    assert_int_not_equal(mnv_store_session_get(unit->ctx, node->store, "x", &session), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_ptr_equal(session, unit);
    assert_int_not_equal(mnv_store_links_by_identity(unit->ctx, node->store, old_link->identity, &links), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_not_equal(mnv_store_use_once(unit->ctx, node->store, "x", 0), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_not_equal(mnv_store_generation(unit->ctx, node->store, &generation), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_not_equal(mnv_schema_prepare(unit->ctx, node->store, 1), APR_SUCCESS);
    assert_told(unit, DATABASE);
    assert_int_equal(asked, 2 * (5 + (int)(sizeof(ops) / sizeof(ops[0])))); /* a connection the server closed is replaced, then it is given up */
}

/* An empty database: a crash at any statement leaves nothing, or what the next start finishes */
static void a_schema_is_there_as_a_whole(void **state)
{
    unit_t *unit = *state;
    int n;
    for (n = 1; n < STATEMENTS_MOST; n++) {
        db_t *db = db_empty(unit, 0), *node = node_of(unit, db);
        apr_status_t rv;
        fault_set(FAULT_FOREVER, n);
        rv = mnv_schema_prepare(unit->ctx, node->store, 1);
        int reached = fault_count >= n;
        fault_set(FAULT_NONE, 0);
        apr_pool_destroy(node->pool);
        assert_int_equal(rv == APR_SUCCESS, !reached);
        memset(&unit->ctx->failure, 0, sizeof(unit->ctx->failure));
        assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
        assert_int_equal(db_count(db, "mynumber_schema"), 1);
        apr_pool_destroy(db->pool);
        if (!reached) {
            break;
        }
    }
    assert_true(n > 10 && n < STATEMENTS_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_server_that_goes_away_leaves_nothing_half_done),
        UNIT_TEST(one_failed_statement_is_made_good),
        UNIT_TEST(one_lost_answer_does_nothing_twice),
        UNIT_TEST(an_id_whose_use_is_in_doubt_is_not_given_free),
        UNIT_TEST(a_refused_history_takes_the_link_back),
        UNIT_TEST(a_lock_held_by_another_is_waited_for_and_then_told),
        UNIT_TEST(every_operation_tells_that_there_is_no_connection),
        UNIT_TEST(a_schema_is_there_as_a_whole),
    };
    return unit_run(tests);
}
