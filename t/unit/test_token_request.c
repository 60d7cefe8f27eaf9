/* proto/token_request.c. Members of a case: "status" (200), "content_type" (application/json), "body" (a text, or JSON) and "date" of the answer. */
#include "cases.h"
#include "http_fake.h"
#include "base/url.h"
#include "lib/jose.h"
#include "proto/token_request.h"

#define ENDPOINT "https://op.example/token"

static const mnv_op_metadata_t metadata = { .issuer = "https://op.example", .token_endpoint = ENDPOINT };
static const mnv_exchange_t exchange = { "code-4/0A+b&x=y", "verifier-1", "https://www.example/mynumber/verify/callback" };

static void judges_response(void **state)
{
    case_t *c = *state;
    http_fake_t *http = http_fake_make(c->unit->pool);
    const mnv_provider_options_t options = { .client_id = "client1" };
    const char *type = mnv_json_string(c->json, "content_type");
    mnv_token_response_t *response = NULL;
    mnv_http_response_t *answer;
    apr_int64_t code = 200;
    apr_status_t status;

    mnv_json_integer(c->json, "status", &code);
    http_fake_answer(http, ENDPOINT, (int)code, type ? type : "application/json", case_body(c, "body"));
    answer = apr_hash_get(http->answers, ENDPOINT, APR_HASH_KEY_STRING);
    answer->date = mnv_json_string(c->json, "date");
    status = mnv_token_exchange(c->unit->ctx, &http->port, &options, &metadata, &exchange, &response);
    case_judge(c, status);
    assert_int_equal(response != NULL, status == APR_SUCCESS);
    if (response) {
        assert_string_equal(response->id_token, "aa.bb.cc");
        assert_string_equal(response->access_token, "at-1");
    }
    assert_int_equal(http->requests->nelts, 1); /* a code works once: never again */
    assert_false(unit_logged(c->unit, "at-1"));
    assert_false(unit_logged(c->unit, "secret"));
    assert_false(unit_logged(c->unit, "code-4"));
}

static void add_key(unit_t *unit, mnv_provider_options_t *options, mnv_private_key_t *key)
{
    mnv_client_key_t *row;
    if (!options->client_keys) {
        options->client_keys = apr_array_make(unit->pool, 2, sizeof(mnv_client_key_t));
    }
    row = apr_array_push(options->client_keys);
    memset(row, 0, sizeof(*row));
    row->key = key;
}

static mnv_private_key_t *make_key(unit_t *unit, mnv_jws_alg_e alg)
{
    mnv_private_key_t *key;
    assert_int_equal(mnv_crypt_init(), APR_SUCCESS);
    assert_int_equal(mnv_private_key_generate(unit->pool, alg, 2048, &key), APR_SUCCESS);
    return key;
}

/* The claims of an assertion whose signature the key's public half verifies. */
static mnv_jws_t *verified(unit_t *unit, const char *assertion, mnv_private_key_t *key)
{
    mnv_json_t *set = mnv_json_object(unit->pool), *list = mnv_json_array(unit->pool);
    mnv_jwks_t *jwks;
    mnv_jws_t *jws;
    const char *text;

    mnv_json_add(list, mnv_private_key_jwk(unit->pool, key));
    mnv_json_set(set, "keys", list);
    text = mnv_json_print(unit->pool, set);
    assert_int_equal(mnv_jwks_parse(unit->ctx, unit->pool, text, strlen(text), &jwks), APR_SUCCESS);
    assert_int_equal(mnv_jws_parse(unit->ctx, assertion, &jws), APR_SUCCESS);
    assert_int_equal(mnv_jws_verify(unit->ctx, jws, jwks), APR_SUCCESS);
    return jws;
}

static void assertion_is_for_one_minute_and_one_endpoint(void **state)
{
    unit_t *unit = *state;
    for (mnv_jws_alg_e alg = MNV_JWS_RS256; alg <= MNV_JWS_ES256; alg++) {
        mnv_private_key_t *key = make_key(unit, alg);
        mnv_provider_options_t options = { .client_id = "client1" };
        apr_int64_t iat, exp;
        const char *assertion;
        mnv_jws_t *jws;

        add_key(unit, &options, key);
        assert_int_equal(mnv_client_assertion(unit->ctx, &options, ENDPOINT, &assertion), APR_SUCCESS);
        jws = verified(unit, assertion, key);
        assert_int_equal(jws->alg, alg);
        assert_string_equal(jws->typ, "JWT");
        assert_string_equal(jws->kid, mnv_private_key_kid(key));
        assert_string_equal(mnv_json_string(jws->payload, "iss"), "client1");
        assert_string_equal(mnv_json_string(jws->payload, "sub"), "client1");
        assert_string_equal(mnv_json_string(jws->payload, "aud"), ENDPOINT);
        assert_int_equal(mnv_json_integer(jws->payload, "iat", &iat), APR_SUCCESS);
        assert_int_equal(mnv_json_integer(jws->payload, "exp", &exp), APR_SUCCESS);
        assert_true(iat == apr_time_sec(UNIT_START) && exp == iat + 60);
        assert_int_equal(mnv_json_size(jws->payload), 6);
    }
}

static void assertion_is_never_the_same(void **state)
{
    unit_t *unit = *state;
    mnv_private_key_t *key = make_key(unit, MNV_JWS_ES256);
    mnv_provider_options_t options = { .client_id = "client1" };
    const char *first, *second;

    add_key(unit, &options, key);
    assert_int_equal(mnv_client_assertion(unit->ctx, &options, ENDPOINT, &first), APR_SUCCESS);
    assert_int_equal(mnv_client_assertion(unit->ctx, &options, ENDPOINT, &second), APR_SUCCESS);
    first = mnv_json_string(verified(unit, first, key)->payload, "jti");
    second = mnv_json_string(verified(unit, second, key)->payload, "jti");
    assert_in_range(strlen(first), 22, 64);
    assert_string_not_equal(first, second);
}

static void signs_by_the_first_key(void **state)
{
    unit_t *unit = *state;
    mnv_private_key_t *first = make_key(unit, MNV_JWS_ES256), *second = make_key(unit, MNV_JWS_ES256);
    mnv_provider_options_t options = { .client_id = "client1" };
    const char *assertion;

    add_key(unit, &options, first);
    add_key(unit, &options, second);
    assert_int_equal(mnv_client_assertion(unit->ctx, &options, ENDPOINT, &assertion), APR_SUCCESS);
    verified(unit, assertion, first);
}

static void sends_nothing_without_random_bytes_or_key(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    mnv_provider_options_t options = { .client_id = "client1" };
    mnv_token_response_t *response;

    add_key(unit, &options, NULL);
    assert_int_not_equal(mnv_token_exchange(unit->ctx, &http->port, &options, &metadata, &exchange, &response), APR_SUCCESS);
    assert_told(unit, SIGN);
    APR_ARRAY_IDX(options.client_keys, 0, mnv_client_key_t).key = make_key(unit, MNV_JWS_ES256);
    unit->random_fails = 1;
    assert_int_not_equal(mnv_token_exchange(unit->ctx, &http->port, &options, &metadata, &exchange, &response), APR_SUCCESS);
    assert_told(unit, RANDOM);
    assert_int_equal(http->requests->nelts, 0);
}

static mnv_params_t *form_of(unit_t *unit, http_fake_t *http, const mnv_provider_options_t *options)
{
    mnv_token_response_t *response;
    mnv_params_t *form;

    http_fake_answer(http, ENDPOINT, 200, "application/json", "{\"token_type\":\"Bearer\",\"id_token\":\"aa.bb.cc\",\"access_token\":\"at-1\"}");
    assert_int_equal(mnv_token_exchange(unit->ctx, &http->port, options, &metadata, &exchange, &response), APR_SUCCESS);
    assert_string_equal(http_fake_last(http)->url, ENDPOINT); /* nothing in the query */
    assert_null(http_fake_last(http)->bearer);
    assert_int_equal(mnv_params_parse(unit->pool, http_fake_last(http)->form, strlen(http_fake_last(http)->form), 16, &form), APR_SUCCESS);
    return form;
}

static void assert_pair(const mnv_params_t *form, const char *name, const char *value)
{
    const char *found;
    assert_int_equal(mnv_params_one(form, name, &found), APR_SUCCESS);
    if (value) {
        assert_non_null(found);
        assert_string_equal(found, value);
    }
    else {
        assert_null(found);
    }
}

static void assert_exchange(const mnv_params_t *form, int pairs)
{
    assert_pair(form, "grant_type", "authorization_code");
    assert_pair(form, "code", exchange.code); /* encoded once */
    assert_pair(form, "redirect_uri", exchange.redirect_uri);
    assert_pair(form, "code_verifier", exchange.verifier);
    assert_int_equal(apr_table_elts(form->values)->nelts, pairs);
}

static void authenticates_by_key(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    mnv_provider_options_t options = { .client_id = "client1", .client_secret = "s3cret", .ca_file = "/ca.pem" };
    mnv_private_key_t *key = make_key(unit, MNV_JWS_ES256);
    const char *assertion;
    mnv_params_t *form;

    add_key(unit, &options, key);
    form = form_of(unit, http, &options);
    assert_exchange(form, 7);
    assert_pair(form, "client_id", "client1");
    assert_pair(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_int_equal(mnv_params_one(form, "client_assertion", &assertion), APR_SUCCESS);
    verified(unit, assertion, key);
    assert_null(http_fake_last(http)->basic); /* one way to authenticate, not two (RFC 6749 2.3) */
    assert_string_equal(http_fake_last(http)->ca_file, "/ca.pem");
}

static void authenticates_by_secret(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    const mnv_provider_options_t options = { .client_id = "client:1", .client_secret = "s%c r:t" };
    mnv_params_t *form = form_of(unit, http, &options);

    assert_exchange(form, 4);
    assert_pair(form, "client_secret", NULL);
    assert_string_equal(http_fake_last(http)->basic, "client%3A1:s%25c%20r%3At");
}

static void names_a_public_client(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    const mnv_provider_options_t options = { .client_id = "client1" };
    mnv_params_t *form = form_of(unit, http, &options);

    assert_exchange(form, 5);
    assert_pair(form, "client_id", "client1");
    assert_null(http_fake_last(http)->basic);
}

static void hands_on_why_a_call_failed(void **state)
{
    unit_t *unit = *state;
    http_fake_t *http = http_fake_make(unit->pool);
    const mnv_provider_options_t options = { .client_id = "client1" };
    mnv_token_response_t *response;

    http_fake_fail(http, ENDPOINT, MNV_FAIL_PROVIDER_TLS);
    assert_int_not_equal(mnv_token_exchange(unit->ctx, &http->port, &options, &metadata, &exchange, &response), APR_SUCCESS);
    assert_told(unit, PROVIDER_TLS);
    assert_int_equal(http->requests->nelts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(assertion_is_for_one_minute_and_one_endpoint),
        UNIT_TEST(assertion_is_never_the_same),
        UNIT_TEST(signs_by_the_first_key),
        UNIT_TEST(sends_nothing_without_random_bytes_or_key),
        UNIT_TEST(authenticates_by_key),
        UNIT_TEST(authenticates_by_secret),
        UNIT_TEST(names_a_public_client),
        UNIT_TEST(hands_on_why_a_call_failed),
    };
    return CASES_RUN_WITH(judges_response, "token_response", tests);
}
