/* Eight browsers at once, each on a connection of its own or all on one: one wins, the others are told why, the history agrees. */
#include "store_fixture.h"
#include <apr_thread_proc.h>
#include <pthread.h>

#define RACERS 8
#define ROUNDS 3

typedef struct race_t race_t;

typedef struct racer_t {
    race_t *race;
    int number;
    apr_pool_t *pool;
    mnv_ctx_t *ctx;
    mnv_store_t *store;
    apr_status_t rv;
    mnv_link_outcome_e outcome;
} racer_t;

struct race_t {
    db_t *db;
    void (*run)(racer_t *racer);
    pthread_barrier_t start;
    racer_t racers[RACERS];
    mnv_link_t *link; /* of link races that need one made before */
};

static void *APR_THREAD_FUNC racer_main(apr_thread_t *thread, void *data)
{
    racer_t *racer = data;
    (void)thread;
    pthread_barrier_wait(&racer->race->start);
    racer->race->run(racer);
    return NULL;
}

/* On a database that is there, with or without a schema.
 * @param shared all on one connection (one process of httpd with DBDMax 1) instead of one each (several nodes) */
static void race_on(race_t *race, db_t *db, int shared)
{
    memset(race, 0, sizeof(*race));
    race->db = db;
    for (int i = 0; i < RACERS; i++) {
        racer_t *racer = &race->racers[i];
        racer->race = race;
        racer->number = i;
        assert_int_equal(apr_pool_create(&racer->pool, NULL), APR_SUCCESS);
        racer->ctx = mnv_ctx_make(racer->pool, MNV_LOG_ERROR);
        racer->store = shared ? db->store : mnv_store_make(racer->pool, db_connect(db, racer->pool), db->keyring, MNV_POLICY_ONE_TO_ONE);
    }
    assert_int_equal(pthread_barrier_init(&race->start, NULL, RACERS), 0);
}

/* On a database of its own. */
static db_t *race_make(unit_t *unit, race_t *race, int wal, int shared)
{
    db_t *db = db_empty(unit, wal);
    assert_int_equal(mnv_schema_prepare(unit->ctx, db->store, 1), APR_SUCCESS);
    race_on(race, db, shared);
    return db;
}

static void race_run(race_t *race, void (*run)(racer_t *racer))
{
    apr_thread_t *threads[RACERS];
    apr_status_t rv;
    race->run = run;
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(apr_thread_create(&threads[i], NULL, racer_main, &race->racers[i], race->racers[i].pool), APR_SUCCESS);
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(apr_thread_join(&rv, threads[i]), APR_SUCCESS);
        if (race->racers[i].rv != APR_SUCCESS && race->racers[i].rv != APR_EEXIST) {
            print_error("racer %d: %s\n", i, race->racers[i].ctx->failure.detail);
        }
    }
}

static void race_end(race_t *race)
{
    pthread_barrier_destroy(&race->start);
    for (int i = 0; i < RACERS; i++) {
        apr_pool_destroy(race->racers[i].pool);
    }
}

static int count(const race_t *race, mnv_link_outcome_e outcome)
{
    int n = 0;
    for (int i = 0; i < RACERS; i++) {
        n += race->racers[i].rv == APR_SUCCESS && race->racers[i].outcome == outcome;
    }
    return n;
}

static void make(racer_t *racer, const char *value, const char *subject)
{
    racer->rv = mnv_store_link_make(racer->ctx, racer->store, some_link(racer->ctx, value, subject, 0), "self", NULL, &racer->outcome);
}

static void for_one_identity(racer_t *racer)
{
    make(racer, apr_psprintf(racer->pool, "a%d", racer->number), "s");
}

static void for_one_account(racer_t *racer)
{
    make(racer, "a", apr_psprintf(racer->pool, "s%d", racer->number));
}

static void for_one_pair(racer_t *racer)
{
    make(racer, "a", "s");
}

static void for_pairs_of_their_own(racer_t *racer)
{
    make(racer, apr_psprintf(racer->pool, "a%d", racer->number), apr_psprintf(racer->pool, "s%d", racer->number));
}

static void forget_links(db_t *db)
{
    db_sql(db, "DELETE FROM mynumber_links");
    db_sql(db, "DELETE FROM mynumber_link_history");
}

static void race_links(unit_t *unit, int wal, int shared, void (*run)(racer_t *racer), mnv_link_outcome_e losers, int winners)
{
    race_t race;
    db_t *db = race_make(unit, &race, wal, shared);
    for (int round = 0; round < ROUNDS; round++) {
        forget_links(db);
        race_run(&race, run);
        assert_int_equal(count(&race, MNV_LINK_MADE), winners);
        assert_int_equal(count(&race, losers), winners == RACERS ? RACERS : RACERS - winners);
        assert_int_equal(db_count(db, "mynumber_links"), winners);
        assert_int_equal(db_count(db, "mynumber_link_history"), winners);
        assert_int_equal(db_count(db, "mynumber_links l JOIN mynumber_link_history h ON h.link_id = l.id AND h.account_hash = l.account_hash AND h.identity_hash = l.identity_hash AND h.event = 'linked'"), winners);
    }
    race_end(&race);
}

static void one_identity_goes_to_one_account(void **state)
{
    race_links(*state, 1, 0, for_one_identity, MNV_LINK_IDENTITY_TAKEN, 1);
}

static void one_account_goes_to_one_identity(void **state)
{
    race_links(*state, 1, 0, for_one_account, MNV_LINK_ACCOUNT_TAKEN, 1);
}

static void one_pair_is_linked_once(void **state)
{
    race_links(*state, 1, 0, for_one_pair, MNV_LINK_WAS_OURS, 1);
}

static void different_pairs_do_not_disturb_each_other(void **state)
{
    race_links(*state, 1, 0, for_pairs_of_their_own, MNV_LINK_MADE, RACERS);
}

static void one_identity_goes_to_one_account_without_wal(void **state)
{
    race_links(*state, 0, 0, for_one_identity, MNV_LINK_IDENTITY_TAKEN, 1);
}

static void one_identity_goes_to_one_account_on_one_connection(void **state)
{
    race_links(*state, 1, 1, for_one_identity, MNV_LINK_IDENTITY_TAKEN, 1);
}

static void an_expired_link_gives_way_once(void **state)
{
    unit_t *unit = *state;
    race_t race;
    db_t *db = race_make(unit, &race, 1, 0);
    for (int round = 0; round < ROUNDS; round++) {
        forget_links(db);
        unit->now = apr_time_now() - apr_time_from_sec(100);
        assert_int_equal(mnv_store_link_make(unit->ctx, db->store, some_link(unit->ctx, "old", "s", apr_time_from_sec(1)), "self", NULL, &race.racers[0].outcome), APR_SUCCESS);
        race_run(&race, for_one_identity);
        assert_int_equal(count(&race, MNV_LINK_MADE), 1);
        assert_int_equal(count(&race, MNV_LINK_IDENTITY_TAKEN), RACERS - 1);
        assert_int_equal(db_count(db, "mynumber_links"), 1);
        assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'expired'"), 1);
        assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'linked'"), 2);
    }
    race_end(&race);
}

static void remove_it(racer_t *racer)
{
    int removed = 0;
    racer->rv = mnv_store_link_remove(racer->ctx, racer->store, racer->race->link, &(mnv_reason_t){ "self", "unlinked" }, NULL, &removed);
    racer->outcome = removed ? MNV_LINK_MADE : MNV_LINK_WAS_OURS;
}

static void a_link_is_removed_by_one(void **state)
{
    unit_t *unit = *state;
    race_t race;
    db_t *db = race_make(unit, &race, 1, 0);
    race.link = some_link(unit->ctx, "a", "s", 0);
    assert_int_equal(mnv_store_link_make(unit->ctx, db->store, race.link, "self", NULL, &race.racers[0].outcome), APR_SUCCESS);
    race_run(&race, remove_it);
    assert_int_equal(count(&race, MNV_LINK_MADE), 1);
    assert_int_equal(count(&race, MNV_LINK_WAS_OURS), RACERS - 1);
    assert_int_equal(db_count(db, "mynumber_link_history WHERE event = 'unlinked'"), 1);
    race_end(&race);
}

static void use_flow(racer_t *racer)
{
    racer->rv = mnv_store_use_once(racer->ctx, racer->store, "flow", apr_time_now());
}

static void one_id_is_used_by_one(void **state)
{
    unit_t *unit = *state;
    race_t race;
    db_t *db = race_make(unit, &race, 1, 0);
    for (int round = 0; round < ROUNDS; round++) {
        int first = 0, again = 0;
        db_sql(db, "DELETE FROM mynumber_replay");
        race_run(&race, use_flow);
        for (int i = 0; i < RACERS; i++) {
            first += race.racers[i].rv == APR_SUCCESS;
            again += race.racers[i].rv == APR_EEXIST;
        }
        assert_int_equal(first, 1);
        assert_int_equal(again, RACERS - 1);
    }
    race_end(&race);
}

static void start_node(racer_t *racer)
{
    racer->rv = mnv_schema_prepare(racer->ctx, racer->store, 1);
}

static void nodes_that_start_at_once_make_one_schema(void **state)
{
    unit_t *unit = *state;
    for (int round = 0; round < ROUNDS; round++) {
        db_t *db = db_empty(unit, round % 2);
        race_t race;
        race_on(&race, db, 0);
        race_run(&race, start_node);
        for (int i = 0; i < RACERS; i++) {
            assert_int_equal(race.racers[i].rv, APR_SUCCESS);
        }
        assert_int_equal(db_count(db, "mynumber_schema"), 1);
        race_end(&race);
        apr_pool_destroy(db->pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(one_identity_goes_to_one_account),
        UNIT_TEST(one_account_goes_to_one_identity),
        UNIT_TEST(one_pair_is_linked_once),
        UNIT_TEST(different_pairs_do_not_disturb_each_other),
        UNIT_TEST(one_identity_goes_to_one_account_without_wal),
        UNIT_TEST(one_identity_goes_to_one_account_on_one_connection),
        UNIT_TEST(an_expired_link_gives_way_once),
        UNIT_TEST(a_link_is_removed_by_one),
        UNIT_TEST(one_id_is_used_by_one),
        UNIT_TEST(nodes_that_start_at_once_make_one_schema),
    };
    return unit_run(tests);
}
