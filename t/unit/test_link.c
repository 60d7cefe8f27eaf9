#include "unit.h"
#include "lib/json.h"
#include "model/link.h"

static mnv_account_t account = { .issuer = "https://i", .kind = "sub", .value = "taro", .name = "太郎", .acr = "mfa", .method = "oidc", .at = UNIT_START, .proof_at = UNIT_START,
                                 .op_subject = "op-sub", .op_session = "op-sid" };
static mnv_identity_t identity = { "https://c", "subject", "aal3", "東大 太郎", "2004-02-29", "male", "東京都", UNIT_START + 7, UNIT_START };

static mnv_link_t *made(unit_t *unit, const char *keep, apr_interval_time_t lifetime)
{
    mnv_session_t session = { .account = &account, .identity = &identity };
    mnv_link_options_t options = { .policy = MNV_POLICY_ONE_TO_ONE, .lifetime = lifetime, .keep = NULL };
    mnv_link_t *link;
    if (keep) {
        options.keep = apr_array_make(unit->pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH(options.keep, const char *) = keep;
    }
    assert_int_equal(mnv_link_make(unit->ctx, &session, &options, &link), APR_SUCCESS);
    return link;
}

static void refused(unit_t *unit, const char *text)
{
    mnv_link_t link = { 0 };
    mnv_json_t *json;
    apr_status_t rv;
    assert_int_equal(mnv_json_parse(unit->pool, text, strlen(text), &json), APR_SUCCESS);
    rv = mnv_link_from_json(unit->pool, json, &link);
    if (rv == APR_SUCCESS) {
        print_error("not refused: %s\n", text);
    }
    assert_int_equal(rv, APR_EINVAL);
    assert_null(link.account);
}

#define A "\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\"}"
#define I "\"identity\":{\"issuer\":\"c\",\"subject\":\"s\",\"at\":1795507200}"

static void refuses_json_that_does_not_fit(void **state)
{
    unit_t *unit = *state;
    refused(unit, "{" A "," I ",\"linked_at\":1795507200,\"expires_at\":0}");
    refused(unit, "{\"v\":2," A "," I ",\"linked_at\":1795507200,\"expires_at\":0}");
    refused(unit, "{\"v\":1," I ",\"linked_at\":1795507200,\"expires_at\":0}");
    refused(unit, "{\"v\":1," A ",\"linked_at\":1795507200,\"expires_at\":0}");
    refused(unit, "{\"v\":1," A ",\"identity\":{\"issuer\":\"c\",\"subject\":\"s\"},\"linked_at\":1795507200,\"expires_at\":0}");
    refused(unit, "{\"v\":1," A "," I ",\"expires_at\":0}");
    refused(unit, "{\"v\":1," A "," I ",\"linked_at\":0,\"expires_at\":0}");
    refused(unit, "{\"v\":1," A "," I ",\"linked_at\":253402300800,\"expires_at\":0}");
    refused(unit, "{\"v\":1," A "," I ",\"linked_at\":1795507200}");
    refused(unit, "{\"v\":1," A "," I ",\"linked_at\":1795507200,\"expires_at\":-1}");
    refused(unit, "{\"v\":1," A "," I ",\"linked_at\":1795507200,\"expires_at\":1795507199}");
    refused(unit, "{\"v\":1," A "," I ",\"linked_at\":1795507200,\"expires_at\":9223372036854775807}");
}

static void refuses_a_link_of_one_half(void **state)
{
    unit_t *unit = *state;
    mnv_session_t session = { .account = &account };
    mnv_link_options_t options = { 0 };
    mnv_link_t *link;
    assert_int_not_equal(mnv_link_make(unit->ctx, &session, &options, &link), APR_SUCCESS);
    assert_told(unit, INTERNAL);
    session.account = NULL;
    session.identity = &identity;
    assert_int_not_equal(mnv_link_make(unit->ctx, &session, &options, &link), APR_SUCCESS);
    assert_told(unit, INTERNAL);
}

static void belongs_to_its_own_ends_only(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link = made(unit, NULL, 0);
    mnv_account_t other = account;
    mnv_identity_t somebody = identity;
    assert_true(mnv_link_has_account(link, &account));
    assert_true(mnv_link_has_identity(link, &identity));
    other.value = "Taro";
    assert_false(mnv_link_has_account(link, &other));
    other = account;
    other.kind = "mail";
    assert_false(mnv_link_has_account(link, &other));
    other = account;
    other.issuer = "https://other";
    assert_false(mnv_link_has_account(link, &other));
    somebody.subject = "subject2";
    assert_false(mnv_link_has_identity(link, &somebody));
    somebody = identity;
    somebody.issuer = "https://other";
    assert_false(mnv_link_has_identity(link, &somebody));
}

static void keeps_no_more_than_options_say(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link = made(unit, "none", 0);
    assert_null(link->identity->name);
    assert_null(link->identity->birthdate);
    assert_null(link->identity->gender);
    assert_null(link->identity->address);
    link = made(unit, NULL, 0);
    assert_string_equal(link->identity->name, "東大 太郎");
    assert_null(link->identity->birthdate);
    link = made(unit, "birthdate", 0);
    assert_null(link->identity->name);
    assert_string_equal(link->identity->birthdate, "2004-02-29");
    assert_string_equal(made(unit, "gender", 0)->identity->gender, "male");
    assert_string_equal(made(unit, "address", 0)->identity->address, "東京都");
    assert_true(link->identity->proof_at == 0);
    assert_true(link->account->proof_at == 0);
    assert_null(link->account->acr);
}

static void a_new_verification_refreshes_what_is_kept(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link = made(unit, NULL, 0);
    mnv_link_options_t options = { 0 };
    mnv_identity_t later = { .issuer = "https://c", .subject = "subject", .acr = "aal2", .name = "本郷 太郎", .address = "x", .at = UNIT_START + apr_time_from_sec(9) + 5 };
    mnv_link_keep(unit->pool, link, &later, &options);
    assert_string_equal(link->identity->name, "本郷 太郎");
    assert_string_equal(link->identity->acr, "aal2");
    assert_null(link->identity->address);
    assert_true(link->identity->at == UNIT_START + apr_time_from_sec(9));
    later.name = NULL;
    mnv_link_keep(unit->pool, link, &later, &options);
    assert_string_equal(link->identity->name, "本郷 太郎");
    options.keep = apr_array_make(unit->pool, 1, sizeof(const char *));
    mnv_link_keep(unit->pool, link, &later, &options);
    assert_null(link->identity->name);
}

static void lives_as_long_as_options_say(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link;
    unit->now += 123;
    link = made(unit, NULL, 0);
    assert_true(mnv_link_is_live(link, APR_INT64_MAX));
    assert_true(link->linked_at == UNIT_START);
    link = made(unit, NULL, apr_time_from_sec(10));
    assert_true(mnv_link_is_live(link, UNIT_START + apr_time_from_sec(10) - 1));
    assert_false(mnv_link_is_live(link, UNIT_START + apr_time_from_sec(10)));
}

static void comes_back_from_json_as_it_was(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link = made(unit, "address", apr_time_from_sec(10)), again = { .id = "x" };
    const char *text = mnv_json_print(unit->pool, mnv_link_to_json(unit->pool, link));
    mnv_json_t *json;
    assert_null(strstr(text, "op-s")); /* what the provider calls a session ends with it */
    assert_int_equal(mnv_json_parse(unit->pool, text, strlen(text), &json), APR_SUCCESS);
    assert_int_equal(mnv_link_from_json(unit->pool, json, &again), APR_SUCCESS);
    assert_true(mnv_link_has_account(&again, &account));
    assert_true(mnv_link_has_identity(&again, &identity));
    assert_string_equal(again.account->name, "太郎");
    assert_string_equal(again.identity->address, "東京都");
    assert_string_equal(again.identity->acr, "aal3");
    assert_true(again.identity->at == UNIT_START);
    assert_true(again.linked_at == UNIT_START);
    assert_true(again.expires_at == UNIT_START + apr_time_from_sec(10));
    assert_null(again.identity->name);
    assert_string_equal(again.id, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_json_that_does_not_fit),
        UNIT_TEST(refuses_a_link_of_one_half),
        UNIT_TEST(belongs_to_its_own_ends_only),
        UNIT_TEST(keeps_no_more_than_options_say),
        UNIT_TEST(a_new_verification_refreshes_what_is_kept),
        UNIT_TEST(lives_as_long_as_options_say),
        UNIT_TEST(comes_back_from_json_as_it_was),
    };
    return unit_run(tests);
}
