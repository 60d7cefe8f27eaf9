/* lib/certificate_openssl.c: certificates as carriers of keys. (Signatures: test_saml_redirect.) */
#include "lib/certificate.h"
#include "saml_tools.h"

static void reads_base64_with_line_breaks(void **state)
{
    unit_t *unit = *state;
    const char *text = saml_certificate_text(unit->pool, "idp"), *problem;
    mnv_certificate_t *certificate;
    assert_int_equal(mnv_certificate_base64(unit->pool, apr_pstrcat(unit->pool, "\n  ", apr_pstrmemdup(unit->pool, text, 64), "\r\n\t", text + 64, "\n", NULL), &certificate, &problem), APR_SUCCESS);
    assert_string_equal(mnv_certificate_text(unit->pool, certificate), text);
    assert_string_equal(mnv_civil_rfc3339(unit->pool, mnv_certificate_begins(certificate)), "2026-01-01T00:00:00Z");
    assert_string_equal(mnv_civil_rfc3339(unit->pool, mnv_certificate_ends(certificate)), "2029-01-01T00:00:00Z");
    assert_true(mnv_certificate_is_rsa(certificate));
}

static void reads_all_of_a_file(void **state)
{
    unit_t *unit = *state;
    const char *pem = apr_pstrcat(unit->pool, "two of them:\n", saml_pem(unit->pool, "idp"), "and\n", saml_pem(unit->pool, "ec384"), NULL), *problem;
    apr_array_header_t *certificates;
    assert_int_equal(mnv_certificate_pem(unit->pool, pem, strlen(pem), &certificates, &problem), APR_SUCCESS);
    assert_int_equal(certificates->nelts, 2);
    assert_false(mnv_certificate_is_rsa(APR_ARRAY_IDX(certificates, 1, mnv_certificate_t *)));
}

static void knows_its_private_key(void **state)
{
    unit_t *unit = *state;
    apr_array_header_t *certificates = saml_certificates(unit->pool, "sp ec");
    for (int i = 0; i < 2; i++) {
        mnv_certificate_t *certificate = APR_ARRAY_IDX(certificates, i, mnv_certificate_t *);
        assert_int_equal(mnv_certificate_fits(certificate, saml_private_key(unit->pool, "sp")), i == 0);
        assert_int_equal(mnv_certificate_fits(certificate, saml_private_key(unit->pool, "ec")), i == 1);
        assert_int_equal(mnv_certificate_fits(certificate, saml_private_key(unit->pool, "sp2")), 0);
    }
}

static void refuses_weak_keys_and_what_is_none(void **state)
{
    unit_t *unit = *state;
    const char *problem = NULL, *text = saml_certificate_text(unit->pool, "idp");
    const struct {
        const char *text, *problem;
    } bad[] = {
        { "", "no X.509" }, { "?", "base64" }, { "AAAA", "no X.509" }, { apr_pstrmemdup(unit->pool, text, 400), "no X.509" },
        { saml_certificate_text(unit->pool, "weak"), "2048" }, { saml_certificate_text(unit->pool, "k256"), "P-256" },
        { memset(apr_pcalloc(unit->pool, 70001), 'A', 70000), "base64" },
    };
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mnv_certificate_t *certificate = NULL;
        assert_int_equal(mnv_certificate_base64(unit->pool, bad[i].text, &certificate, &problem), APR_EINVAL);
        assert_null(certificate);
        if (!strstr(problem, bad[i].problem)) {
            fail_msg("\"%s\" is told, \"%s\" is expected in it", problem, bad[i].problem);
        }
    }
}

static void refuses_files_with_a_bad_one(void **state)
{
    unit_t *unit = *state;
    const char *const bad[] = { "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", apr_pstrcat(unit->pool, saml_pem(unit->pool, "idp"), saml_pem(unit->pool, "weak"), NULL) };
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        apr_array_header_t *certificates = NULL;
        const char *problem = NULL;
        assert_int_equal(mnv_certificate_pem(unit->pool, bad[i], strlen(bad[i]), &certificates, &problem), APR_EINVAL);
        assert_null(certificates);
        assert_non_null(problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_base64_with_line_breaks),
        UNIT_TEST(reads_all_of_a_file),
        UNIT_TEST(knows_its_private_key),
        UNIT_TEST(refuses_weak_keys_and_what_is_none),
        UNIT_TEST(refuses_files_with_a_bad_one),
    };
    int failed = unit_run(tests);
    saml_end();
    return failed;
}
