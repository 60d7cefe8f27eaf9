#include "unit.h"
#include "lib/json.h"
#include "model/session.h"

#define BASE "https://portal.example.ac.jp"
#define ACCOUNT "\"account\":{\"issuer\":\"https://i\",\"kind\":\"sub\",\"value\":\"taro\",\"at\":1795507200"
#define IDENTITY "\"identity\":{\"issuer\":\"https://c\",\"subject\":\"s\",\"at\":1795507200"

static apr_status_t read_text(unit_t *unit, const char *text, mnv_session_t *session)
{
    mnv_json_t *json;
    memset(session, 0, sizeof(*session));
    assert_int_equal(mnv_json_parse(unit->pool, text, strlen(text), &json), APR_SUCCESS);
    return mnv_session_from_json(unit->pool, json, session);
}

static void refused(unit_t *unit, const char *text)
{
    mnv_session_t session;
    apr_status_t rv = read_text(unit, text, &session);
    if (rv == APR_SUCCESS) {
        print_error("not refused: %.200s\n", text);
    }
    assert_int_equal(rv, APR_EINVAL);
    assert_null(session.account);
    assert_null(session.identity);
}

static const char *filled(unit_t *unit, apr_size_t length)
{
    char *text = apr_palloc(unit->pool, length + 1);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

static void refuses_unknown_versions(void **state)
{
    unit_t *unit = *state;
    refused(unit, "{}");
    refused(unit, "{\"v\":0}");
    refused(unit, "{\"v\":2," ACCOUNT "}}");
    refused(unit, "{\"v\":\"1\"}");
    refused(unit, "{\"v\":1.0}");
}

#define SUCCESSOR "\"successor\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""

static void refuses_successors_that_do_not_fit(void **state)
{
    unit_t *unit = *state;
    refused(unit, "{\"v\":1,\"successor\":7}");
    refused(unit, "{\"v\":1,\"successor\":\"AAAA\"}");
    refused(unit, "{\"v\":1,\"successor\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}");
    refused(unit, "{\"v\":1," SUCCESSOR "," ACCOUNT "}}");
    refused(unit, "{\"v\":1," SUCCESSOR ",\"browser\":7}");
    refused(unit, "{\"v\":1,\"browser\":\"AAAA\"}");
}

static void refuses_account_halves_that_do_not_fit(void **state)
{
    unit_t *unit = *state;
    refused(unit, "{\"v\":1,\"account\":null}");
    refused(unit, "{\"v\":1,\"account\":\"x\"}");
    refused(unit, "{\"v\":1,\"account\":[]}");
    refused(unit, "{\"v\":1,\"account\":{}}");
    refused(unit, "{\"v\":1,\"account\":{\"kind\":\"sub\",\"value\":\"taro\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"value\":\"taro\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":7,\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"a\\nb\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\"}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\",\"at\":0}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\",\"at\":-1}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\",\"at\":\"1795507200\"}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\",\"at\":253402300800}}");
    refused(unit, "{\"v\":1,\"account\":{\"issuer\":\"i\",\"kind\":\"sub\",\"value\":\"taro\",\"at\":9223372036854775807}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"proof_at\":-1}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"name\":1}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"acr\":null}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"method\":[]}}");
    refused(unit, "{\"v\":1," ACCOUNT "},\"op_session\":7}");
    refused(unit, "{\"v\":1," ACCOUNT "},\"op_subject\":\"a\\nb\"}");
    refused(unit, "{\"v\":1," IDENTITY "},\"op_subject\":\"x\"}");
    refused(unit, "{\"v\":1," IDENTITY "},\"op_format\":\"x\"}");
    refused(unit, "{\"v\":1," ACCOUNT "},\"op_qualifier\":1}");
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," ACCOUNT "},\"op_subject\":\"%s\"}", filled(unit, 1025)));
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," ACCOUNT ",\"name\":\"%s\"}}", filled(unit, 4097)));
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," ACCOUNT ",\"method\":\"%s\"}}", filled(unit, 65)));
}

static void refuses_attributes_that_do_not_fit(void **state)
{
    unit_t *unit = *state;
    char *many = apr_pstrdup(unit->pool, "\"a0\":\"\"");
    refused(unit, "{\"v\":1," ACCOUNT ",\"attributes\":[]}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"attributes\":\"x\"}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"attributes\":{\"a\":1}}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"attributes\":{\"a b\":\"x\"}}}");
    refused(unit, "{\"v\":1," ACCOUNT ",\"attributes\":{\"\":\"x\"}}}");
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," ACCOUNT ",\"attributes\":{\"%s\":\"x\"}}}", filled(unit, 65)));
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," ACCOUNT ",\"attributes\":{\"a\":\"%s\"}}}", filled(unit, 16385)));
    for (int i = 1; i < 66; i++) {
        many = apr_psprintf(unit->pool, "%s,\"a%d\":\"\"", many, i);
    }
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," ACCOUNT ",\"attributes\":{%s}}}", many));
}

static void refuses_identity_halves_that_do_not_fit(void **state)
{
    unit_t *unit = *state;
    refused(unit, "{\"v\":1,\"identity\":[]}");
    refused(unit, "{\"v\":1,\"identity\":{\"issuer\":\"i\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"identity\":{\"subject\":\"s\",\"at\":1795507200}}");
    refused(unit, "{\"v\":1,\"identity\":{\"issuer\":\"i\",\"subject\":\"s\"}}");
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1,\"identity\":{\"issuer\":\"i\",\"subject\":\"%s\",\"at\":1795507200}}", filled(unit, 256)));
    refused(unit, "{\"v\":1," IDENTITY ",\"birthdate\":\"2004-02-30\"}}");
    refused(unit, "{\"v\":1," IDENTITY ",\"birthdate\":\"20040229\"}}");
    refused(unit, "{\"v\":1," IDENTITY ",\"birthdate\":\"2004-02-29T00\"}}");
    refused(unit, "{\"v\":1," IDENTITY ",\"gender\":\"m\"}}");
    refused(unit, "{\"v\":1," IDENTITY ",\"gender\":true}}");
    refused(unit, "{\"v\":1," IDENTITY ",\"address\":7}}");
    refused(unit, apr_psprintf(unit->pool, "{\"v\":1," IDENTITY ",\"address\":\"%s\"}}", filled(unit, 4097)));
    refused(unit, "{\"v\":1," ACCOUNT "}," IDENTITY ",\"proof_at\":\"x\"}}");
}

static void keys_are_made_of_session_ids_only(void **state)
{
    unit_t *unit = *state;
    const char *id = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_null(mnv_session_key(unit->pool, NULL, 43));
    assert_null(mnv_session_key(unit->pool, "", 0));
    assert_null(mnv_session_key(unit->pool, id, 42));
    assert_null(mnv_session_key(unit->pool, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 44));
    assert_null(mnv_session_key(unit->pool, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 43));
    assert_null(mnv_session_key(unit->pool, "AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAA", 43));
    assert_null(mnv_session_key(unit->pool, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", 43));
    /* printf %s 'A' x 43 | openssl sha256 -binary | base64url */
    assert_string_equal(mnv_session_key(unit->pool, id, 43), "DwBzhbb51LfusnSGBa_hqYSgo7-j8BTQnip4TOnlzRo");
}

static void tells_when_random_bytes_fail(void **state)
{
    unit_t *unit = *state;
    mnv_session_t *session;
    unit->random_fails = 1;
    assert_int_not_equal(mnv_session_make(unit->ctx, BASE, &session), APR_SUCCESS);
    assert_told(unit, RANDOM);
}

static void ends_by_inactivity_by_age_and_when_it_is_from_the_future(void **state)
{
    unit_t *unit = *state;
    mnv_session_options_t options = { NULL, apr_time_from_sec(1800), apr_time_from_sec(28800), apr_time_from_sec(5) };
    mnv_session_t session = { .created = UNIT_START, .seen = UNIT_START };
    (void)unit;
    assert_false(mnv_session_is_expired(&session, &options, UNIT_START));
    assert_false(mnv_session_is_expired(&session, &options, UNIT_START + apr_time_from_sec(1800) - 1));
    assert_true(mnv_session_is_expired(&session, &options, UNIT_START + apr_time_from_sec(1800)));
    session.seen = UNIT_START + apr_time_from_sec(28000);
    assert_false(mnv_session_is_expired(&session, &options, UNIT_START + apr_time_from_sec(28800) - 1));
    assert_true(mnv_session_is_expired(&session, &options, UNIT_START + apr_time_from_sec(28800)));
    session.seen = UNIT_START;
    assert_false(mnv_session_is_expired(&session, &options, UNIT_START - MNV_NODE_SKEW));
    assert_true(mnv_session_is_expired(&session, &options, UNIT_START - MNV_NODE_SKEW - 1));
    session.created = UNIT_START + apr_time_from_sec(3600);
    assert_true(mnv_session_is_expired(&session, &options, UNIT_START));
    session.created = 0;
    session.seen = UNIT_START + apr_time_from_sec(3600);
    options.lifetime = APR_INT64_MAX;
    assert_true(mnv_session_is_expired(&session, &options, UNIT_START));
}

static void a_proof_is_good_for_15_minutes(void **state)
{
    (void)state;
    assert_false(mnv_proof_is_fresh(0, UNIT_START));
    assert_false(mnv_proof_is_fresh(0, 1));
    assert_false(mnv_proof_is_fresh(UNIT_START - MNV_PROOF_LIFETIME, UNIT_START));
    assert_true(mnv_proof_is_fresh(UNIT_START - MNV_PROOF_LIFETIME + 1, UNIT_START));
    assert_true(mnv_proof_is_fresh(UNIT_START + MNV_NODE_SKEW, UNIT_START));
    assert_false(mnv_proof_is_fresh(UNIT_START + MNV_NODE_SKEW + 1, UNIT_START));
    assert_false(mnv_proof_is_fresh(APR_INT64_MAX, UNIT_START));
}

static void a_renewed_session_has_another_id_and_the_same_beginning(void **state)
{
    unit_t *unit = *state;
    mnv_session_t *first, *second;
    mnv_account_t account = { .issuer = "i" };
    assert_int_equal(mnv_session_make(unit->ctx, BASE, &first), APR_SUCCESS);
    assert_int_equal(strlen(first->id), 43);
    assert_string_equal(first->key, mnv_session_key(unit->pool, first->id, 43));
    first->account = &account;
    unit->now += apr_time_from_sec(100);
    assert_int_equal(mnv_session_renew(unit->ctx, first, &second), APR_SUCCESS);
    assert_string_not_equal(first->id, second->id);
    assert_string_equal(second->key, mnv_session_key(unit->pool, second->id, 43));
    assert_true(second->created == UNIT_START);
    assert_true(second->seen == unit->now);
    assert_ptr_equal(second->account, &account);
    assert_null(second->identity);
    assert_string_equal(second->base_url, BASE);
}

static void comes_back_from_json_as_it_was(void **state)
{
    unit_t *unit = *state;
    mnv_session_t session = { 0 }, again;
    mnv_account_t account = { "https://i", "sub", "taro@example.ac.jp", "東大 太郎", "mfa", "oidc", UNIT_START + 5, UNIT_START + 5, UNIT_START + apr_time_from_sec(900), NULL, "op-sub", "op-sid", "op-format", "op-qualifier", "op-sp" };
    mnv_identity_t identity = { "https://c", "subject", "aal3", "髙橋 𠮷子", "2004-02-29", "female", "東京都\n文京区", UNIT_START, 0 };
    account.attributes = apr_table_make(unit->pool, 2);
    apr_table_set(account.attributes, "displayName", "太郎;次郎");
    apr_table_set(account.attributes, "empty", "");
    session.account = &account;
    session.identity = &identity;
    assert_int_equal(read_text(unit, mnv_json_print(unit->pool, mnv_session_to_json(unit->pool, &session)), &again), APR_SUCCESS);
    assert_string_equal(again.account->issuer, "https://i");
    assert_string_equal(again.account->kind, "sub");
    assert_string_equal(again.account->value, "taro@example.ac.jp");
    assert_string_equal(again.account->name, "東大 太郎");
    assert_string_equal(again.account->acr, "mfa");
    assert_string_equal(again.account->method, "oidc");
    assert_string_equal(again.account->op_subject, "op-sub");
    assert_string_equal(again.account->op_session, "op-sid");
    assert_string_equal(again.account->op_format, "op-format");
    assert_string_equal(again.account->op_qualifier, "op-qualifier");
    assert_string_equal(again.account->op_sp_qualifier, "op-sp");
    assert_true(again.account->at == UNIT_START);
    assert_true(again.account->proof_at == UNIT_START);
    assert_true(again.account->ends_at == UNIT_START + apr_time_from_sec(900));
    assert_false(again.is_parked);
    assert_string_equal(apr_table_get(again.account->attributes, "displayName"), "太郎;次郎");
    assert_string_equal(apr_table_get(again.account->attributes, "empty"), "");
    assert_string_equal(again.identity->issuer, "https://c");
    assert_string_equal(again.identity->subject, "subject");
    assert_string_equal(again.identity->acr, "aal3");
    assert_string_equal(again.identity->name, "髙橋 𠮷子");
    assert_string_equal(again.identity->birthdate, "2004-02-29");
    assert_string_equal(again.identity->gender, "female");
    assert_string_equal(again.identity->address, "東京都\n文京区");
    assert_true(again.identity->proof_at == 0);
}

/* What a provider has said waits for the browser; whatever else it may look like, it is no session. */
static void what_is_parked_is_told_apart(void **state)
{
    unit_t *unit = *state;
    mnv_account_t account = { .issuer = "i", .kind = "sub", .value = "taro", .at = UNIT_START };
    mnv_session_t session = { .account = &account, .is_parked = 1 }, again;
    assert_int_equal(read_text(unit, mnv_json_print(unit->pool, mnv_session_to_json(unit->pool, &session)), &again), APR_SUCCESS);
    assert_true(again.is_parked);
    refused(unit, "{\"v\":1,\"parked\":true}");
    refused(unit, "{\"v\":1," ACCOUNT "},\"parked\":false}");
    refused(unit, "{\"v\":1," ACCOUNT "},\"parked\":\"yes\"}");
    refused(unit, "{\"v\":1," ACCOUNT "}," IDENTITY "},\"parked\":true}");
}

static void ends_when_the_identity_provider_says(void **state)
{
    mnv_account_t account = { .issuer = "i", .ends_at = UNIT_START + apr_time_from_sec(60) };
    mnv_session_t session = { .created = UNIT_START, .seen = UNIT_START, .account = &account };
    mnv_session_options_t options = { NULL, apr_time_from_sec(1800), apr_time_from_sec(28800), 0 };
    (void)state;
    assert_false(mnv_session_is_expired(&session, &options, UNIT_START + apr_time_from_sec(60) - 1));
    assert_true(mnv_session_is_expired(&session, &options, UNIT_START + apr_time_from_sec(60)));
}

static void absent_halves_and_details_stay_absent(void **state)
{
    unit_t *unit = *state;
    mnv_session_t session = { 0 }, again;
    assert_int_equal(read_text(unit, mnv_json_print(unit->pool, mnv_session_to_json(unit->pool, &session)), &again), APR_SUCCESS);
    assert_null(again.account);
    assert_null(again.identity);
    assert_int_equal(read_text(unit, "{\"v\":1," ACCOUNT ",\"name\":\"\"}," IDENTITY ",\"later\":true}}", &again), APR_SUCCESS);
    assert_null(again.account->name);
    assert_null(again.account->acr);
    assert_non_null(again.account->attributes);
    assert_true(again.account->proof_at == 0);
    assert_null(again.identity->name);
    assert_null(again.identity->birthdate);
}

static void the_cookie_is_named_by_option_or_scheme(void **state)
{
    mnv_options_t options;
    (void)state;
    memset(&options, 0, sizeof(options));
    assert_string_equal(mnv_session_cookie_name(&options), "mynumber");
    options.site.secure = 1;
    assert_string_equal(mnv_session_cookie_name(&options), "__Host-mynumber");
    options.session.cookie = "mine";
    assert_string_equal(mnv_session_cookie_name(&options), "mine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_unknown_versions),
        UNIT_TEST(refuses_successors_that_do_not_fit),
        UNIT_TEST(refuses_account_halves_that_do_not_fit),
        UNIT_TEST(refuses_attributes_that_do_not_fit),
        UNIT_TEST(refuses_identity_halves_that_do_not_fit),
        UNIT_TEST(keys_are_made_of_session_ids_only),
        UNIT_TEST(tells_when_random_bytes_fail),
        UNIT_TEST(ends_by_inactivity_by_age_and_when_it_is_from_the_future),
        UNIT_TEST(a_proof_is_good_for_15_minutes),
        UNIT_TEST(a_renewed_session_has_another_id_and_the_same_beginning),
        UNIT_TEST(comes_back_from_json_as_it_was),
        UNIT_TEST(what_is_parked_is_told_apart),
        UNIT_TEST(ends_when_the_identity_provider_says),
        UNIT_TEST(absent_halves_and_details_stay_absent),
        UNIT_TEST(the_cookie_is_named_by_option_or_scheme),
    };
    return unit_run(tests);
}
