/* proto/saml_logout.c: what we send is what we would accept, and what we would not. */
#include "proto/saml_logout.h"
#include "proto/saml_redirect.h"
#include "saml_tools.h"

#define THEIRS "https://idp.example.ac.jp/slo"

static mnv_saml_name_id_t person(void)
{
    mnv_saml_name_id_t name_id = { "person<1>", MNV_SAML_PERSISTENT, SAML_IDP, SAML_SP };
    return name_id;
}

static mnv_saml_logout_expect_t expect_of(unit_t *unit)
{
    mnv_saml_logout_expect_t expect = { SAML_IDP, { saml_certificates(unit->pool, "idp idp2 ec"), 0 }, SAML_SLO, SAML_REQUEST, NULL, apr_time_from_sec(60) };
    return expect;
}

/* As the other side would write it. */
static mnv_saml_logout_out_t request_of(unit_t *unit, const mnv_saml_name_id_t *name_id)
{
    mnv_saml_logout_out_t message = { "_logout1", SAML_IDP, SAML_SLO, "relay", saml_private_key(unit->pool, "idp"), name_id, "_session1", NULL, 0 };
    return message;
}

static apr_status_t judge(unit_t *unit, const mnv_saml_logout_out_t *out, const mnv_saml_logout_expect_t *expect, int by_post, mnv_saml_logout_in_t **message)
{
    const char *sent;
    if (by_post) {
        assert_int_equal(mnv_saml_logout_form(unit->ctx, out, &sent), APR_SUCCESS);
        return mnv_saml_logout_by_post(unit->ctx, sent, expect, message);
    }
    assert_int_equal(mnv_saml_logout_url(unit->ctx, out, &sent), APR_SUCCESS);
    return mnv_saml_logout_by_redirect(unit->ctx, strchr(sent, '?') + 1, expect, message);
}

static void requests_arrive_by_both_ways(void **state)
{
    unit_t *unit = *state;
    mnv_saml_logout_expect_t expect = expect_of(unit);
    mnv_saml_name_id_t name_id = person();
    mnv_saml_logout_out_t out = request_of(unit, &name_id);
    for (int by_post = 0; by_post < 2; by_post++) {
        mnv_saml_logout_in_t *in = NULL;
        assert_int_equal(judge(unit, &out, &expect, by_post, &in), APR_SUCCESS);
        assert_int_equal(in->is_response, 0);
        assert_string_equal(in->id, "_logout1");
        assert_string_equal(in->name_id.value, "person<1>");
        assert_string_equal(in->name_id.format, MNV_SAML_PERSISTENT);
        assert_string_equal(in->name_id.name_qualifier, SAML_IDP);
        assert_string_equal(in->name_id.sp_name_qualifier, SAML_SP);
        assert_int_equal(in->session_indexes->nelts, 1);
        assert_string_equal(APR_ARRAY_IDX(in->session_indexes, 0, const char *), "_session1");
        assert_int_equal(in->replay_until, UNIT_START + apr_time_from_sec(360));
        assert_true(by_post ? in->relay_state == NULL : !strcmp(in->relay_state, "relay"));
    }
    out.session_index = NULL;
    out.key = saml_private_key(unit->pool, "ec");
    for (int by_post = 0; by_post < 2; by_post++) {
        mnv_saml_logout_in_t *in = NULL;
        assert_int_equal(judge(unit, &out, &expect, by_post, &in), APR_SUCCESS);
        assert_int_equal(in->session_indexes->nelts, 0);
    }
}

static void responses_arrive_by_both_ways(void **state)
{
    unit_t *unit = *state;
    mnv_saml_logout_expect_t expect = expect_of(unit);
    mnv_saml_logout_out_t out = { "_response1", SAML_IDP, SAML_SLO, NULL, saml_private_key(unit->pool, "idp"), NULL, NULL, SAML_REQUEST, 0 };
    for (int i = 0; i < 6; i++) {
        mnv_saml_logout_in_t *in = NULL;
        out.ended = i < 2 ? MNV_SAML_ENDED : i < 4 ? MNV_SAML_ENDED_PARTLY : MNV_SAML_NOT_ENDED;
        assert_int_equal(judge(unit, &out, &expect, i % 2, &in), APR_SUCCESS);
        assert_int_equal(in->is_response, 1);
        assert_int_equal(in->is_success, i < 4);
        assert_int_equal(in->is_partial, i >= 2);
    }
}

/* One thing wrong at a time, by both ways. */
static void refused(unit_t *unit, const mnv_saml_logout_out_t *out, const mnv_saml_logout_expect_t *expect, mnv_failure_e what)
{
    for (int by_post = 0; by_post < 2; by_post++) {
        mnv_saml_logout_in_t *in = NULL;
        assert_int_not_equal(judge(unit, out, expect, by_post, &in), APR_SUCCESS);
        assert_null(in);
        assert_string_equal(mnv_failure_row(unit->ctx->failure.what)->name, mnv_failure_row(what)->name);
    }
    assert_false(unit_logged(unit, "person"));
}

static void refuses_what_is_not_for_us(void **state)
{
    unit_t *unit = *state;
    mnv_saml_logout_expect_t expect = expect_of(unit);
    mnv_saml_name_id_t name_id = person();
    mnv_saml_logout_out_t out = request_of(unit, &name_id);
    out.destination = THEIRS;
    refused(unit, &out, &expect, MNV_FAIL_SAML_DESTINATION);
    out = request_of(unit, &name_id);
    out.entity_id = "https://evil.example/idp";
    refused(unit, &out, &expect, MNV_FAIL_SAML_ISSUER);
    out = request_of(unit, &name_id);
    out.key = saml_private_key(unit->pool, "stranger");
    refused(unit, &out, &expect, MNV_FAIL_SAML_SIGNATURE);
    out = request_of(unit, &name_id);
    unit->now += apr_time_from_sec(361);
    expect.trust.certificates = saml_certificates(unit->pool, "idp");
    out.in_response_to = "_another";
    refused(unit, &out, &expect, MNV_FAIL_SAML_LOGOUT_ANSWER);
    out.in_response_to = SAML_REQUEST;
    expect.request_id = NULL;
    refused(unit, &out, &expect, MNV_FAIL_SAML_LOGOUT_ANSWER);
}

static void refuses_what_is_old(void **state)
{
    static const struct {
        int seconds;
        int is_good;
    } ages[] = { { 0, 1 }, { 360, 1 }, { 361, 0 }, { -60, 1 }, { -61, 0 } };
    unit_t *unit = *state;
    mnv_saml_logout_expect_t expect = expect_of(unit);
    mnv_saml_name_id_t name_id = person();
    mnv_saml_logout_out_t out = request_of(unit, &name_id);
    const char *form;
    assert_int_equal(mnv_saml_logout_form(unit->ctx, &out, &form), APR_SUCCESS);
    for (apr_size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        mnv_saml_logout_in_t *in;
        unit->now = UNIT_START + apr_time_from_sec(ages[i].seconds);
        assert_int_equal(mnv_saml_logout_by_post(unit->ctx, form, &expect, &in) == APR_SUCCESS, ages[i].is_good);
        if (!ages[i].is_good) {
            assert_told(unit, SAML_ISSUED);
        }
    }
}

static const char good[] =
    "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_logout1\" Version=\"2.0\" IssueInstant=\"@T@\""
    " NotOnOrAfter=\"@T+60@\" Destination=\"@SLO@\"><saml:Issuer>@IDP@</saml:Issuer>@SIGN@<saml:NameID>person-1</saml:NameID><samlp:SessionIndex>_session1</samlp:SessionIndex>"
    "</samlp:LogoutRequest>";

static apr_status_t post(unit_t *unit, const char *text, const char *id, const char *key, mnv_saml_logout_in_t **in)
{
    apr_pool_t *pool = unit->pool;
    mnv_saml_logout_expect_t expect = expect_of(unit);
    apr_array_header_t *keys = apr_array_make(pool, 1, sizeof(mnv_private_key_t *));
    const char *signature = saml_replace(pool, saml_signature(pool, id), "@C14N@", "http://www.w3.org/2001/10/xml-exc-c14n#");
    APR_ARRAY_PUSH(keys, mnv_private_key_t *) = saml_private_key(pool, "sp");
    expect.keys = keys;
    signature = saml_replace(pool, signature, "@METHOD@", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    signature = saml_replace(pool, signature, "@DIGEST@", "http://www.w3.org/2001/04/xmlenc#sha256");
    text = saml_fill(pool, text);
    text = key ? saml_sign(pool, saml_replace(pool, text, "@SIGN@", signature), key) : saml_replace(pool, text, "@SIGN@", "");
    return mnv_saml_logout_by_post(unit->ctx, mnv_base64_encode(pool, text, strlen(text)), &expect, in);
}

static void judges_requests_of_others(void **state)
{
    static const struct {
        const char *from, *to;
        mnv_failure_e what;
    } changes[] = {
        { "@T+60@", "@T+60@", MNV_OK },
        { " NotOnOrAfter=\"@T+60@\"", "", MNV_OK },
        { "@T+60@", "@T-60@", MNV_FAIL_SAML_EXPIRED },
        { "@T+60@", "soon", MNV_FAIL_SAML_EXPIRED },
        { "Version=\"2.0\"", "Version=\"1.1\"", MNV_FAIL_SAML_FORMAT },
        { "Version=\"2.0\"", "", MNV_FAIL_SAML_FORMAT },
        { "LogoutRequest", "ManageNameIDRequest", MNV_FAIL_SAML_FORMAT },
        { " Destination=\"@SLO@\"", "", MNV_FAIL_SAML_DESTINATION },
        { "<saml:Issuer>@IDP@</saml:Issuer>", "", MNV_FAIL_SAML_ISSUER },
        { " IssueInstant=\"@T@\"", "", MNV_FAIL_SAML_ISSUED },
        { "<saml:NameID>person-1</saml:NameID>", "", MNV_FAIL_SAML_SUBJECT },
        { "</saml:NameID>", "</saml:NameID><saml:NameID>person-2</saml:NameID>", MNV_FAIL_SAML_SUBJECT },
        { "<saml:NameID>person-1</saml:NameID>", "<saml:EncryptedID/>", MNV_FAIL_SAML_SUBJECT },
        { "_session1<", "<", MNV_FAIL_SAML_SUBJECT },
        { "_session1<", "<x/><", MNV_FAIL_SAML_SUBJECT },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        mnv_saml_logout_in_t *in = NULL;
        apr_status_t status = post(unit, saml_replace(unit->pool, good, changes[i].from, changes[i].to), "_logout1", "idp", &in);
        if (unit->ctx->failure.what != changes[i].what || (status == APR_SUCCESS) != (changes[i].what == MNV_OK)) {
            fail_msg("%s -> %s: told is %s", changes[i].from, changes[i].to, mnv_failure_row(unit->ctx->failure.what)->name);
        }
        unit->ctx->failure.what = MNV_OK;
    }
}

static void opens_an_encrypted_name(void **state)
{
    unit_t *unit = *state;
    saml_sealing_t sealing = { "sp", "AES-128-CBC", "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", NULL, NULL, NULL, NULL, NULL, 0, -1 };
    const char *name = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">person-2</saml:NameID>";
    const char *sealed = apr_pstrcat(unit->pool, "<saml:EncryptedID>", saml_seal(unit->pool, &sealing, name), "</saml:EncryptedID>", NULL);
    mnv_saml_logout_in_t *in = NULL;
    assert_int_equal(post(unit, saml_replace(unit->pool, good, "<saml:NameID>person-1</saml:NameID>", sealed), "_logout1", "idp", &in), APR_SUCCESS);
    assert_string_equal(in->name_id.value, "person-2");
}

static void refuses_unsigned_and_forged_forms(void **state)
{
    unit_t *unit = *state;
    mnv_saml_logout_in_t *in = NULL;
    const char *evil = saml_replace(unit->pool, saml_replace(unit->pool, good, "@SIGN@", ""), "_logout1", "_evil1");
    mnv_saml_logout_expect_t expect = expect_of(unit);
    assert_int_not_equal(post(unit, good, "_logout1", NULL, &in), APR_SUCCESS);
    assert_told(unit, SAML_UNSIGNED);
    assert_int_not_equal(post(unit, good, "_logout1", "stranger", &in), APR_SUCCESS);
    assert_told(unit, SAML_SIGNATURE);
    /* the signed request within another one */
    assert_int_not_equal(post(unit, saml_replace(unit->pool, evil, "</samlp:LogoutRequest>", apr_pstrcat(unit->pool, "<samlp:Extensions>", good, "</samlp:Extensions></samlp:LogoutRequest>", NULL)),
                              "_logout1", "idp", &in), APR_SUCCESS);
    assert_told(unit, SAML_UNSIGNED);
    assert_int_not_equal(mnv_saml_logout_by_post(unit->ctx, "?", &expect, &in), APR_SUCCESS);
    assert_told(unit, SAML_FORMAT);
    assert_int_not_equal(mnv_saml_logout_by_post(unit->ctx, NULL, &expect, &in), APR_SUCCESS);
    assert_told(unit, SAML_FORMAT);
    assert_null(in);
}

/* A request in SAMLResponse would be judged as something that it does not say it is. */
static void refuses_the_other_kind_in_a_parameter(void **state)
{
    unit_t *unit = *state;
    mnv_saml_logout_expect_t expect = expect_of(unit);
    mnv_saml_logout_in_t *in = NULL;
    mnv_saml_outgoing_t outgoing = { SAML_SLO, 0, saml_replace(unit->pool, saml_fill(unit->pool, good), "@SIGN@", ""), NULL, saml_private_key(unit->pool, "idp") };
    const char *url;
    assert_int_equal(mnv_saml_redirect_url(unit->ctx, &outgoing, &url), APR_SUCCESS);
    assert_int_equal(mnv_saml_logout_by_redirect(unit->ctx, strchr(url, '?') + 1, &expect, &in), APR_SUCCESS);
    outgoing.is_response = 1;
    assert_int_equal(mnv_saml_redirect_url(unit->ctx, &outgoing, &url), APR_SUCCESS);
    assert_int_not_equal(mnv_saml_logout_by_redirect(unit->ctx, strchr(url, '?') + 1, &expect, &in), APR_SUCCESS);
    assert_told(unit, SAML_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(requests_arrive_by_both_ways),
        UNIT_TEST(responses_arrive_by_both_ways),
        UNIT_TEST(refuses_what_is_not_for_us),
        UNIT_TEST(refuses_what_is_old),
        UNIT_TEST(judges_requests_of_others),
        UNIT_TEST(opens_an_encrypted_name),
        UNIT_TEST(refuses_unsigned_and_forged_forms),
        UNIT_TEST(refuses_the_other_kind_in_a_parameter),
    };
    int failed;
    if (mnv_xml_init() != APR_SUCCESS) {
        return 1;
    }
    failed = unit_run(tests);
    saml_end();
    return failed;
}
