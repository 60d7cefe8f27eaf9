#include "unit.h"
#include "base/base64url.h"
#include "model/keyring.h"
#include "model/options.h"
#include "model/pending.h"

typedef struct flow_t {
    mnv_keyring_t *keyring;
    mnv_pending_t *pending;
    const char *value;
} flow_t;

static flow_t sealed_flow(unit_t *unit, const char *return_to)
{
    flow_t flow;
    const char *text, *problem;
    assert_int_equal(mnv_keyring_generate(unit->ctx, NULL, "1234567890123456", &text), APR_SUCCESS);
    assert_int_equal(mnv_keyring_parse(unit->pool, text, &flow.keyring, &problem), APR_SUCCESS);
    assert_int_equal(mnv_pending_make(unit->ctx, MNV_HALF_IDENTITY, return_to, &flow.pending), APR_SUCCESS);
    assert_int_equal(mnv_pending_seal(unit->ctx, flow.keyring, "browser", flow.pending, &flow.value), APR_SUCCESS);
    return flow;
}

static apr_status_t open_it(unit_t *unit, const flow_t *flow, const char *browser, const char *id, const char *value)
{
    mnv_pending_t *pending = NULL;
    apr_status_t rv = mnv_pending_open(unit->ctx, flow->keyring, browser, id, value, &pending);
    assert_true(rv == APR_SUCCESS || !pending);
    return rv;
}

static void refuses_a_flow_of_another_browser_or_name(void **state)
{
    unit_t *unit = *state;
    flow_t flow = sealed_flow(unit, "/x"), other = sealed_flow(unit, "/x");
    assert_int_not_equal(open_it(unit, &flow, "browses", flow.pending->id, flow.value), APR_SUCCESS);
    assert_told(unit, FLOW_FORGED);
    assert_int_not_equal(open_it(unit, &flow, "browser", other.pending->id, flow.value), APR_SUCCESS);
    assert_told(unit, FLOW_FORGED);
    assert_int_not_equal(open_it(unit, &other, "browser", flow.pending->id, flow.value), APR_SUCCESS);
    assert_told(unit, FLOW_FORGED);
}

static void refuses_malformed_ids_and_values(void **state)
{
    unit_t *unit = *state;
    flow_t flow = sealed_flow(unit, "/x");
    const char *ids[] = { "", "x", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA|" };
    char *longer = apr_palloc(unit->pool, 9000);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_not_equal(open_it(unit, &flow, "browser", ids[i], flow.value), APR_SUCCESS);
        assert_string_equal(unit->ctx->failure.detail, "flow id is malformed");
        assert_told(unit, FLOW_FORGED);
    }
    memset(longer, 'A', 8999);
    longer[8999] = '\0';
    assert_int_not_equal(open_it(unit, &flow, "browser", flow.pending->id, longer), APR_SUCCESS);
    assert_non_null(strstr(unit->ctx->failure.detail, "longer than"));
    assert_told(unit, FLOW_FORGED);
    assert_int_not_equal(open_it(unit, &flow, "browser", flow.pending->id, ""), APR_SUCCESS);
    assert_told(unit, FLOW_FORGED);
}

/* Sealed with our key, yet not by this version */
static void refuses_contents_it_does_not_know(void **state)
{
    unit_t *unit = *state;
    flow_t flow = sealed_flow(unit, "/x");
    const char *aad = apr_pstrcat(unit->pool, "flow|", flow.pending->id, "|browser", NULL), *value;
    unsigned char plain[46];
    static const struct {
        int at, byte;
        apr_size_t length;
    } cases[] = { { 0, 2, 44 }, { 1, 7, 44 }, { 1, 6, 46 }, { 1, 0, 44 }, { 43, 0, 44 }, { 2, 0x80, 44 }, { 2, 0x7f, 44 }, { 0, 1, 41 }, { 0, 1, 0 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(plain, 'x', sizeof(plain));
        plain[0] = 1;
        plain[1] = MNV_HALF_ACCOUNT;
        for (int n = 0; n < 8; n++) {
            plain[2 + n] = (unsigned char)((apr_uint64_t)apr_time_sec(unit->now) >> (8 * (7 - n)));
        }
        plain[cases[i].at] = (unsigned char)cases[i].byte;
        assert_int_equal(mnv_keyring_seal(unit->ctx, flow.keyring, MNV_SEAL_FLOW, aad, plain, cases[i].length, &value), APR_SUCCESS);
        assert_int_not_equal(open_it(unit, &flow, "browser", flow.pending->id, value), APR_SUCCESS);
        assert_told(unit, FLOW_FORGED);
    }
}

static void refuses_a_flow_older_than_15_minutes_or_from_the_future(void **state)
{
    unit_t *unit = *state;
    flow_t flow = sealed_flow(unit, NULL);
    unit->now += MNV_FLOW_LIFETIME - 1;
    assert_int_equal(open_it(unit, &flow, "browser", flow.pending->id, flow.value), APR_SUCCESS);
    unit->now += 1;
    assert_int_not_equal(open_it(unit, &flow, "browser", flow.pending->id, flow.value), APR_SUCCESS);
    assert_told(unit, FLOW_EXPIRED);
    unit->now = UNIT_START - MNV_NODE_SKEW;
    assert_int_equal(open_it(unit, &flow, "browser", flow.pending->id, flow.value), APR_SUCCESS);
    unit->now -= 1;
    assert_int_not_equal(open_it(unit, &flow, "browser", flow.pending->id, flow.value), APR_SUCCESS);
    assert_told(unit, FLOW_EXPIRED);
}

static void refuses_to_seal_what_does_not_fit_the_cookie(void **state)
{
    unit_t *unit = *state;
    char *place = apr_palloc(unit->pool, MNV_PENDING_RETURN_BYTES + 2);
    memset(place, 'p', MNV_PENDING_RETURN_BYTES + 1);
    place[MNV_PENDING_RETURN_BYTES + 1] = '\0';
    flow_t flow = sealed_flow(unit, place + 1);
    assert_true(strlen(flow.value) <= MNV_PENDING_LIMIT_BYTES);
    flow.pending->return_to = place;
    assert_int_not_equal(mnv_pending_seal(unit->ctx, flow.keyring, "browser", flow.pending, &flow.value), APR_SUCCESS);
    assert_told(unit, SEAL);
}

static void tells_when_random_bytes_fail(void **state)
{
    unit_t *unit = *state;
    mnv_pending_t *pending;
    unit->random_fails = 1;
    assert_int_not_equal(mnv_pending_make(unit->ctx, MNV_HALF_ACCOUNT, NULL, &pending), APR_SUCCESS);
    assert_told(unit, RANDOM);
}

static void comes_back_as_it_was_sealed(void **state)
{
    unit_t *unit = *state;
    flow_t flow = sealed_flow(unit, "/a?b=c");
    mnv_pending_t *again;
    unit->now += apr_time_from_sec(60);
    assert_int_equal(mnv_pending_open(unit->ctx, flow.keyring, "browser", flow.pending->id, flow.value, &again), APR_SUCCESS);
    assert_string_equal(again->id, flow.pending->id);
    assert_int_equal(again->half, MNV_HALF_IDENTITY);
    assert_true(again->started == flow.pending->started);
    assert_memory_equal(again->secret, flow.pending->secret, 32);
    assert_string_equal(again->return_to, "/a?b=c");
    assert_string_equal(mnv_pending_nonce(unit->ctx, again), mnv_pending_nonce(unit->ctx, flow.pending));
    assert_string_equal(mnv_pending_verifier(unit->ctx, again), mnv_pending_verifier(unit->ctx, flow.pending));
    assert_false(again->is_step_up);
    flow.pending->is_step_up = 1;
    assert_int_equal(mnv_pending_seal(unit->ctx, flow.keyring, "browser", flow.pending, &flow.value), APR_SUCCESS);
    assert_int_equal(mnv_pending_open(unit->ctx, flow.keyring, "browser", flow.pending->id, flow.value, &again), APR_SUCCESS);
    assert_true(again->is_step_up);
    assert_int_equal(again->half, MNV_HALF_IDENTITY);
    flow = sealed_flow(unit, NULL);
    assert_int_equal(mnv_pending_open(unit->ctx, flow.keyring, "browser", flow.pending->id, flow.value, &again), APR_SUCCESS);
    assert_null(again->return_to);
}

static mnv_pending_t *there_and_back(unit_t *unit, flow_t *flow)
{
    mnv_pending_t *again = NULL;
    assert_int_equal(mnv_pending_seal(unit->ctx, flow->keyring, "browser", flow->pending, &flow->value), APR_SUCCESS);
    assert_true(strlen(flow->value) <= MNV_PENDING_LIMIT_BYTES);
    assert_int_equal(mnv_pending_open(unit->ctx, flow->keyring, "browser", flow->pending->id, flow->value, &again), APR_SUCCESS);
    assert_int_equal(again->half, MNV_HALF_ACCOUNT);
    assert_false(again->is_step_up);
    return again;
}

/* A provider is being chosen, or was. */
static void remembers_the_choice(void **state)
{
    unit_t *unit = *state;
    char *place = apr_palloc(unit->pool, MNV_PENDING_RETURN_BYTES + 1);
    flow_t flow;
    mnv_pending_t *again;
    memset(place, '/', MNV_PENDING_RETURN_BYTES);
    place[MNV_PENDING_RETURN_BYTES] = '\0';
    flow = sealed_flow(unit, place);
    flow.pending->half = MNV_HALF_ACCOUNT;
    again = there_and_back(unit, &flow);
    assert_false(again->is_choosing || again->to_link || again->has_print);
    flow.pending->is_choosing = 1;
    again = there_and_back(unit, &flow);
    assert_true(again->is_choosing && !again->to_link && !again->has_print);
    flow.pending->to_link = 1;
    again = there_and_back(unit, &flow);
    assert_true(again->is_choosing && again->to_link && !again->has_print);
    flow.pending->is_choosing = 0;
    flow.pending->has_print = 1;
    memcpy(flow.pending->print, "0123456789abcde", 16);
    again = there_and_back(unit, &flow);
    assert_true(!again->is_choosing && again->has_print);
    assert_memory_equal(again->print, "0123456789abcde", 16);
    assert_string_equal(again->return_to, place);
}

static void nonce_and_verifier_are_secrets_of_their_own(void **state)
{
    unit_t *unit = *state;
    flow_t a = sealed_flow(unit, NULL), b = sealed_flow(unit, NULL);
    const char *nonce = mnv_pending_nonce(unit->ctx, a.pending), *verifier = mnv_pending_verifier(unit->ctx, a.pending);
    assert_int_equal(strlen(nonce), 43);
    assert_int_equal(strlen(verifier), 43);
    assert_true(mnv_base64url_is(verifier, 43));
    assert_string_not_equal(nonce, verifier);
    assert_string_not_equal(nonce, mnv_pending_nonce(unit->ctx, b.pending));
    assert_string_not_equal(nonce, mnv_base64url_encode(unit->pool, a.pending->secret, 32));
    assert_string_not_equal(verifier, mnv_base64url_encode(unit->pool, a.pending->secret, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_a_flow_of_another_browser_or_name),
        UNIT_TEST(refuses_malformed_ids_and_values),
        UNIT_TEST(refuses_contents_it_does_not_know),
        UNIT_TEST(refuses_a_flow_older_than_15_minutes_or_from_the_future),
        UNIT_TEST(refuses_to_seal_what_does_not_fit_the_cookie),
        UNIT_TEST(tells_when_random_bytes_fail),
        UNIT_TEST(comes_back_as_it_was_sealed),
        UNIT_TEST(remembers_the_choice),
        UNIT_TEST(nonce_and_verifier_are_secrets_of_their_own),
    };
    return unit_run(tests);
}
