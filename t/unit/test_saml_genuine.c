/* What a real identity provider sends (t/data/saml/genuine/remake.py) is understood: responses, metadata, a logout. A day later it is not taken any more. */
#include "cases.h"

#include "proto/saml_attributes.h"
#include "proto/saml_logout.h"
#include "proto/saml_metadata.h"
#include "proto/saml_response.h"
#include "saml_tools.h"

typedef struct sample_t {
    unit_t *unit;
    mnv_json_t *json;
    mnv_saml_expect_t expect;
} sample_t;

static sample_t sample_of(void **state, const char *name)
{
    const char *data = getenv("MNV_T_DATA"), *pem, *problem;
    sample_t sample = { *state, NULL, { 0 } };
    apr_pool_t *pool = sample.unit->pool;
    apr_array_header_t *certificates, *keys = apr_array_make(pool, 1, sizeof(mnv_private_key_t *));
    mnv_private_key_t *key;
    apr_int64_t now;
    char *text;
    apr_size_t length;

    assert_int_equal(mnv_file_read(pool, apr_pstrcat(pool, data ? data : "t/data", "/saml/genuine/", name, ".json", NULL), 1000000, &text, &length), APR_SUCCESS);
    assert_int_equal(mnv_json_parse(pool, text, length, &sample.json), APR_SUCCESS);
    assert_int_equal(mnv_json_integer(sample.json, "now", &now), APR_SUCCESS);
    sample.unit->now = apr_time_from_sec(now);
    pem = mnv_json_string(sample.json, "certificate");
    assert_int_equal(mnv_certificate_pem(pool, pem, strlen(pem), &certificates, &problem), APR_SUCCESS);
    pem = mnv_json_string(sample.json, "private_key");
    if (pem) {
        assert_int_equal(mnv_private_key_parse(pool, pem, strlen(pem), NULL, &key, &problem), APR_SUCCESS);
        APR_ARRAY_PUSH(keys, mnv_private_key_t *) = key;
    }
    sample.expect.issuer = mnv_json_string(sample.json, "issuer");
    sample.expect.trust.certificates = certificates;
    sample.expect.entity_id = SAML_SP;
    sample.expect.acs_url = SAML_ACS;
    sample.expect.request_id = SAML_REQUEST;
    sample.expect.keys = keys;
    sample.expect.skew = apr_time_from_sec(60);
    return sample;
}

static const char *const responses[] = {
    "assertion-signed", "response-signed", "both-signed", "sha512", "encrypted", "encrypted-and-response-signed", "xmlsec1-aes-256-gcm", "xmlsec1-aes-128-cbc",
};
#define RESPONSES (sizeof(responses) / sizeof(responses[0]))

static void understands_responses(void **state)
{
    for (apr_size_t i = 0; i < RESPONSES; i++) {
        sample_t sample = sample_of(state, responses[i]);
        mnv_saml_statement_t *statement = NULL;
        print_message("# %s\n", responses[i]);
        assert_int_equal(mnv_saml_response_judge(sample.unit->ctx, mnv_json_string(sample.json, "form"), &sample.expect, &statement), APR_SUCCESS);
        assert_string_equal(statement->name_id.format, MNV_SAML_PERSISTENT);
        assert_true(strlen(statement->name_id.value) > 20);
        assert_string_equal(statement->name_id.sp_name_qualifier, SAML_SP);
        assert_non_null(statement->session_index);
        assert_string_equal(statement->context, "https://www.gakunin.jp/profile/AAL2");
        assert_true(statement->session_ends > sample.unit->now);
        assert_string_equal(apr_array_pstrcat(sample.unit->pool, mnv_saml_values(statement, "displayName"), '|'), "試験 太郎");
        assert_string_equal(apr_array_pstrcat(sample.unit->pool, mnv_saml_values(statement, "eduPersonScopedAffiliation"), '|'), "member@example.ac.jp|student@example.ac.jp");
    }
}

/* Each time counts from the same clock; a key of another provider, another service, another request do not do. */
static void refuses_them_elsewhere_and_later(void **state)
{
    for (apr_size_t i = 0; i < RESPONSES; i++) {
        sample_t sample = sample_of(state, responses[i]);
        const char *form = mnv_json_string(sample.json, "form");
        mnv_saml_statement_t *statement = NULL;
        sample.unit->now += apr_time_from_sec(24 * 3600);
        assert_int_not_equal(mnv_saml_response_judge(sample.unit->ctx, form, &sample.expect, &statement), APR_SUCCESS);
        assert_told(sample.unit, SAML_CONFIRMATION);
        sample = sample_of(state, responses[i]);
        sample.expect.entity_id = "https://another.example/sp";
        assert_int_not_equal(mnv_saml_response_judge(sample.unit->ctx, form, &sample.expect, &statement), APR_SUCCESS);
        assert_told(sample.unit, SAML_AUDIENCE);
        sample = sample_of(state, responses[i]);
        sample.expect.request_id = "_another";
        assert_int_not_equal(mnv_saml_response_judge(sample.unit->ctx, form, &sample.expect, &statement), APR_SUCCESS);
        assert_told(sample.unit, SAML_IN_RESPONSE_TO);
        sample = sample_of(state, responses[i]);
        sample.expect.trust.certificates = saml_certificates(sample.unit->pool, "idp");
        assert_int_not_equal(mnv_saml_response_judge(sample.unit->ctx, form, &sample.expect, &statement), APR_SUCCESS);
        assert_null(statement);
    }
}

static void understands_metadata(void **state)
{
    sample_t sample = sample_of(state, "metadata");
    const char *text = mnv_json_string(sample.json, "text");
    mnv_saml_source_t source = { text, strlen(text), NULL };
    mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    assert_int_equal(mnv_saml_metadata_load(sample.unit->ctx, sample.unit->pool, &source, &metadata), APR_SUCCESS);
    assert_string_equal(mnv_saml_metadata_only(metadata), sample.expect.issuer);
    assert_int_equal(mnv_saml_metadata_find(sample.unit->ctx, sample.unit->pool, metadata, sample.expect.issuer, &provider), APR_SUCCESS);
    assert_int_equal(provider->certificates->nelts, 1);
    assert_non_null(strstr(provider->signon, "/saml2/idp/SSOService.php"));
    assert_non_null(strstr(provider->logout_redirect, "/saml2/idp/SingleLogoutService.php"));
}

static void understands_a_logout(void **state)
{
    sample_t sample = sample_of(state, "logout-response");
    mnv_saml_logout_expect_t expect = { sample.expect.issuer, sample.expect.trust, SAML_SLO, SAML_REQUEST, NULL, apr_time_from_sec(60) };
    const char *query = mnv_json_string(sample.json, "query");
    mnv_saml_logout_in_t *in = NULL;
    assert_int_equal(mnv_saml_logout_by_redirect(sample.unit->ctx, query, &expect, &in), APR_SUCCESS);
    assert_int_equal(in->is_response, 1);
    assert_int_equal(in->is_success, 1);
    expect.trust.certificates = saml_certificates(sample.unit->pool, "idp");
    assert_int_not_equal(mnv_saml_logout_by_redirect(sample.unit->ctx, query, &expect, &in), APR_SUCCESS);
    assert_told(sample.unit, SAML_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(understands_responses),
        UNIT_TEST(refuses_them_elsewhere_and_later),
        UNIT_TEST(understands_metadata),
        UNIT_TEST(understands_a_logout),
    };
    int failed;
    if (mnv_xml_init() != APR_SUCCESS) {
        return 1;
    }
    failed = unit_run(tests);
    saml_end();
    return failed;
}
