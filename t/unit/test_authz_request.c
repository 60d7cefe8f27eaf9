/* proto/authz_request.c */
#include "unit.h"
#include "base/base64url.h"
#include "base/url.h"
#include "lib/crypt.h"
#include "proto/authz_request.h"

typedef struct made_t {
    mnv_pending_t *pending;
    mnv_url_t *url;
    mnv_params_t *params;
} made_t;

static made_t make(unit_t *unit, const char *endpoint, const mnv_provider_options_t *options)
{
    const mnv_op_metadata_t metadata = { .issuer = "https://op.example", .authorization_endpoint = endpoint };
    made_t made = { 0 };
    const char *url;

    assert_int_equal(mnv_crypt_init(), APR_SUCCESS);
    assert_int_equal(mnv_pending_make(unit->ctx, MNV_HALF_IDENTITY, NULL, &made.pending), APR_SUCCESS);
    assert_int_equal(mnv_authz_request_url(unit->ctx, &metadata, options, "https://www.example/mynumber/verify/callback?x=1&y", made.pending, &url),
                     APR_SUCCESS);
    assert_int_equal(mnv_url_parse(unit->pool, url, &made.url), APR_SUCCESS);
    assert_int_equal(mnv_params_parse(unit->pool, made.url->query, strlen(made.url->query), 32, &made.params), APR_SUCCESS);
    return made;
}

static const char *value(const made_t *made, const char *name)
{
    const char *text;
    assert_int_equal(mnv_params_one(made->params, name, &text), APR_SUCCESS);
    return text;
}

static void sends_each_parameter_once_and_nothing_else(void **state)
{
    const mnv_provider_options_t options = { .client_id = "client1", .scope = "openid name", .acr_values = "aal3 crl" };
    made_t made = make(*state, "https://op.example/auth", &options);

    assert_string_equal(value(&made, "response_type"), "code");
    assert_string_equal(value(&made, "client_id"), "client1");
    assert_string_equal(value(&made, "redirect_uri"), "https://www.example/mynumber/verify/callback?x=1&y");
    assert_string_equal(value(&made, "scope"), "openid name");
    assert_string_equal(value(&made, "acr_values"), "aal3 crl");
    assert_string_equal(value(&made, "code_challenge_method"), "S256");
    assert_int_equal(apr_table_elts(made.params->values)->nelts, 9);
}

static void state_is_the_flow_and_short(void **state)
{
    const mnv_provider_options_t options = { .client_id = "client1" };
    made_t made = make(*state, "https://op.example/auth", &options);

    assert_string_equal(value(&made, "state"), made.pending->id);
    assert_in_range(strlen(value(&made, "state")), 1, 255);
    assert_string_equal(value(&made, "nonce"), mnv_pending_nonce(((unit_t *)*state)->ctx, made.pending));
}

static void sends_the_challenge_and_not_the_verifier(void **state)
{
    unit_t *unit = *state;
    const mnv_provider_options_t options = { .client_id = "client1" };
    made_t made = make(unit, "https://op.example/auth", &options);
    const char *verifier = mnv_pending_verifier(unit->ctx, made.pending);
    unsigned char digest[MNV_DIGEST_BYTES];

    mnv_crypt_sha256(verifier, strlen(verifier), digest);
    assert_string_equal(value(&made, "code_challenge"), mnv_base64url_encode(unit->pool, digest, sizeof(digest)));
    assert_null(strstr(made.url->query, verifier));
}

static void asks_for_openid_and_no_acr_by_default(void **state)
{
    const mnv_provider_options_t options = { .client_id = "client1" };
    made_t made = make(*state, "https://op.example/auth", &options);

    assert_string_equal(value(&made, "scope"), "openid");
    assert_null(value(&made, "acr_values"));
    assert_int_equal(apr_table_elts(made.params->values)->nelts, 8);
}

static void keeps_the_query_of_the_endpoint(void **state)
{
    const mnv_provider_options_t options = { .client_id = "client1" };
    made_t made = make(*state, "https://op.example/auth?tenant=a%20b", &options);

    assert_string_equal(made.url->path, "/auth");
    assert_string_equal(value(&made, "tenant"), "a b");
    assert_string_equal(value(&made, "client_id"), "client1");
}

static void cannot_be_given_further_parameters_by_a_value(void **state)
{
    const mnv_provider_options_t options = { .client_id = "client1&prompt=none#x", .scope = "openid\n=&" };
    made_t made = make(*state, "https://op.example/auth", &options);

    assert_string_equal(value(&made, "client_id"), "client1&prompt=none#x");
    assert_string_equal(value(&made, "scope"), "openid\n=&");
    assert_null(value(&made, "prompt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(sends_each_parameter_once_and_nothing_else),
        UNIT_TEST(state_is_the_flow_and_short),
        UNIT_TEST(sends_the_challenge_and_not_the_verifier),
        UNIT_TEST(asks_for_openid_and_no_acr_by_default),
        UNIT_TEST(keeps_the_query_of_the_endpoint),
        UNIT_TEST(cannot_be_given_further_parameters_by_a_value),
    };
    return unit_run(tests);
}
