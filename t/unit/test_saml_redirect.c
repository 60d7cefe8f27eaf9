/* proto/saml_redirect.c, proto/saml_request.c, lib/deflate_zlib.c: requests sent by redirect, and messages that come so. */
#include "proto/saml_redirect.h"
#include "proto/saml_request.h"
#include "base/url.h"
#include "lib/deflate.h"
#include "saml_tools.h"

static const char *parameter(apr_pool_t *pool, const char *url, const char *name)
{
    const char *query = strchr(url, '?') + 1, *value;
    mnv_params_t *params;
    assert_int_equal(mnv_params_parse(pool, query, strlen(query), 16, &params), APR_SUCCESS);
    assert_int_equal(mnv_params_one(params, name, &value), APR_SUCCESS);
    return value;
}

static const char *message_in(apr_pool_t *pool, const char *url)
{
    const char *value = parameter(pool, url, "SAMLRequest");
    unsigned char *bytes;
    apr_size_t length;
    char *text;
    assert_int_equal(mnv_base64_decode(pool, value, strlen(value), &bytes, &length), APR_SUCCESS);
    assert_int_equal(mnv_inflate(pool, bytes, length, 100000, &text, &length), APR_SUCCESS);
    return text;
}

static mnv_saml_request_t plain_request(void)
{
    mnv_saml_request_t request = { SAML_REQUEST, SAML_SP, SAML_ACS, "https://idp.example.ac.jp/sso?a=1", "flow-1", NULL, NULL };
    return request;
}

static void asks_for_nothing_that_is_not_set(void **state)
{
    unit_t *unit = *state;
    mnv_saml_request_t request = plain_request();
    const char *url;
    assert_int_equal(mnv_saml_request_url(unit->ctx, &request, &url), APR_SUCCESS);
    assert_int_equal(strncmp(url, "https://idp.example.ac.jp/sso?a=1&SAMLRequest=", 46), 0);
    assert_string_equal(parameter(unit->pool, url, "RelayState"), "flow-1");
    assert_null(parameter(unit->pool, url, "SigAlg"));
    assert_string_equal(message_in(unit->pool, url),
                        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"" SAML_REQUEST
                        "\" Version=\"2.0\" IssueInstant=\"2026-11-24T08:00:00Z\" Destination=\"https://idp.example.ac.jp/sso?a=1\""
                        " ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" AssertionConsumerServiceURL=\"" SAML_ACS "\"><saml:Issuer>" SAML_SP
                        "</saml:Issuer></samlp:AuthnRequest>");
}

static void asks_for_what_is_set(void **state)
{
    unit_t *unit = *state;
    mnv_saml_request_t request = plain_request();
    apr_array_header_t *contexts = apr_array_make(unit->pool, 2, sizeof(const char *));
    const char *url, *text;
    APR_ARRAY_PUSH(contexts, const char *) = "https://refeds.org/profile/mfa";
    APR_ARRAY_PUSH(contexts, const char *) = "urn:x?a=1&b=\"<2>\"";
    request.contexts = contexts;
    request.relay_state = NULL;
    request.destination = "https://idp.example.ac.jp/sso";
    assert_int_equal(mnv_saml_request_url(unit->ctx, &request, &url), APR_SUCCESS);
    assert_int_equal(strncmp(url, "https://idp.example.ac.jp/sso?SAMLRequest=", 42), 0);
    assert_null(parameter(unit->pool, url, "RelayState"));
    text = message_in(unit->pool, url);
    assert_non_null(strstr(text, "</saml:Issuer><samlp:RequestedAuthnContext Comparison=\"exact\"><saml:AuthnContextClassRef>https://refeds.org/profile/mfa</saml:AuthnContextClassRef>"
                                 "<saml:AuthnContextClassRef>urn:x?a=1&amp;b=&quot;&lt;2&gt;&quot;</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>"));
}

static void refuses_long_relay_state(void **state)
{
    unit_t *unit = *state;
    mnv_saml_request_t request = plain_request();
    const char *url = NULL;
    request.relay_state = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    assert_int_equal(mnv_saml_request_url(unit->ctx, &request, &url), APR_SUCCESS);
    request.relay_state = "123456789012345678901234567890123456789012345678901234567890123456789012345678901";
    assert_int_not_equal(mnv_saml_request_url(unit->ctx, &request, &url), APR_SUCCESS);
    assert_told(unit, INTERNAL);
}

static void ids_begin_with_no_digit_and_differ(void **state)
{
    unit_t *unit = *state;
    const char *first = mnv_saml_id(unit->ctx), *second = mnv_saml_id(unit->ctx);
    assert_int_equal(strlen(first), 33);
    assert_int_equal(first[0], '_');
    assert_int_equal(strspn(first + 1, "0123456789abcdef"), 32);
    assert_string_not_equal(first, second);
    unit->random_fails = 1;
    assert_null(mnv_saml_id(unit->ctx));
    assert_told(unit, RANDOM);
}

/* A signed one, read back: by RSA and by EC keys. */
static mnv_saml_incoming_t *read_back(unit_t *unit, const char *url)
{
    mnv_saml_incoming_t *message = NULL;
    assert_int_equal(mnv_saml_redirect_read(unit->ctx, strchr(url, '?') + 1, &message), APR_SUCCESS);
    return message;
}

static const char *signed_url(unit_t *unit, const char *key)
{
    mnv_saml_outgoing_t outgoing = { "https://portal.example.ac.jp/slo", 0, "<samlp:LogoutRequest/>", "relay & state", saml_private_key(unit->pool, key) };
    const char *url;
    assert_int_equal(mnv_saml_redirect_url(unit->ctx, &outgoing, &url), APR_SUCCESS);
    return url;
}

static void signs_and_verifies(void **state)
{
    static const char *const names[] = { "idp", "ec" };
    unit_t *unit = *state;
    mnv_xmldsig_trust_t trust = { saml_certificates(unit->pool, "idp2 ec idp"), 0 }, other = { saml_certificates(unit->pool, "stranger stranger_ec idp2"), 0 };
    for (int i = 0; i < 2; i++) {
        const char *url = signed_url(unit, names[i]);
        mnv_saml_incoming_t *message = read_back(unit, url);
        assert_string_equal(message->text, "<samlp:LogoutRequest/>");
        assert_string_equal(message->relay_state, "relay & state");
        assert_int_equal(message->is_response, 0);
        assert_non_null(strstr(message->algorithm, i ? "ecdsa-sha256" : "rsa-sha256"));
        assert_int_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
        assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &other), APR_SUCCESS);
        assert_told(unit, SAML_SIGNATURE);
        message = read_back(unit, saml_replace(unit->pool, url, "relay%20", "delay%20"));
        assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
        assert_told(unit, SAML_SIGNATURE);
    }
}

/* 3.4.4.1: over the octets as they came. Others write "+" or lower-case hexadecimals. */
static void verifies_the_bytes_that_came(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    mnv_xmldsig_trust_t trust = { saml_certificates(pool, "idp"), 0 };
    const char *url = signed_url(unit, "idp"), *query = strchr(url, '?') + 1, *end = strstr(query, "&Signature="), *input, *signature;
    unsigned char *bytes;
    apr_size_t length;
    mnv_saml_incoming_t *message;
    input = saml_replace(pool, saml_replace(pool, apr_pstrmemdup(pool, query, (apr_size_t)(end - query)), "%3A", "%3a"), "%20", "+");
    assert_int_equal(mnv_signature_make(pool, saml_private_key(pool, "idp"), input, strlen(input), &bytes, &length), APR_SUCCESS);
    signature = apr_pstrcat(pool, "&Signature=", mnv_url_encode(pool, mnv_base64_encode(pool, bytes, length)), NULL);
    message = read_back(unit, apr_pstrcat(pool, "x?", input, signature, NULL));
    assert_int_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    message = read_back(unit, apr_pstrcat(pool, "x?other=1&", input, "&more=2", signature, "&even=3", NULL));
    assert_int_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    message = read_back(unit, apr_pstrcat(pool, "x?", saml_replace(pool, input, "%3a", "%3A"), signature, NULL));
    assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    assert_told(unit, SAML_SIGNATURE);
}

static void refuses_unsigned_and_other_algorithms(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    mnv_xmldsig_trust_t trust = { saml_certificates(pool, "idp"), 0 };
    const char *url = signed_url(unit, "idp"), *sha1 = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1";
    const char *algorithm = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
    mnv_saml_incoming_t *message = read_back(unit, apr_pstrmemdup(pool, url, (apr_size_t)(strstr(url, "&SigAlg") - url)));
    assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    assert_told(unit, SAML_UNSIGNED);
    message = read_back(unit, saml_replace(pool, url, algorithm, sha1));
    assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    assert_told(unit, SAML_ALGORITHM);
    trust.sha1 = 1;
    assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    assert_told(unit, SAML_SIGNATURE);
    message = read_back(unit, saml_replace(pool, url, algorithm, "none"));
    assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    assert_told(unit, SAML_ALGORITHM);
    message = read_back(unit, saml_replace(pool, url, "rsa-sha256", "ecdsa-sha256"));
    assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, message, &trust), APR_SUCCESS);
    assert_told(unit, SAML_SIGNATURE);
}

static const char *bomb(apr_pool_t *pool, apr_size_t size)
{
    char *text = apr_palloc(pool, size + 1);
    unsigned char *packed;
    apr_size_t length;
    memset(text, ' ', size);
    text[size] = '\0';
    assert_int_equal(mnv_deflate(pool, text, size, &packed, &length), APR_SUCCESS);
    return apr_pstrcat(pool, "SAMLRequest=", mnv_url_encode(pool, mnv_base64_encode(pool, packed, length)), NULL);
}

/* Right for the key, and the algorithm says it is for another kind of key. */
static void refuses_a_key_of_another_kind(void **state)
{
    static const char *const pairs[][2] = { { "idp", "ecdsa-sha256" }, { "ec", "rsa-sha256" } };
    unit_t *unit = *state;
    for (int i = 0; i < 2; i++) {
        mnv_xmldsig_trust_t trust = { saml_certificates(unit->pool, pairs[i][0]), 0 };
        const char *input = apr_pstrcat(unit->pool, "SAMLRequest=", strchr(bomb(unit->pool, 10), '=') + 1, "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23", pairs[i][1], NULL);
        unsigned char *bytes;
        apr_size_t length;
        mnv_saml_incoming_t *in;
        assert_int_equal(mnv_signature_make(unit->pool, saml_private_key(unit->pool, pairs[i][0]), input, strlen(input), &bytes, &length), APR_SUCCESS);
        in = read_back(unit, apr_pstrcat(unit->pool, "x?", input, "&Signature=", mnv_url_encode(unit->pool, mnv_base64_encode(unit->pool, bytes, length)), NULL));
        assert_int_not_equal(mnv_saml_redirect_verify(unit->ctx, in, &trust), APR_SUCCESS);
        assert_told(unit, SAML_SIGNATURE);
    }
}

static void refuses_malformed_queries(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const char *good = strchr(signed_url(unit, "idp"), '?') + 1;
    const char *const bad[] = {
        "", "RelayState=x", "SAMLRequest=", "SAMLRequest=????", "SAMLRequest=AAAA", "SAMLRequest=%", "SAMLRequest=%00",
        apr_pstrcat(pool, good, "&SAMLRequest=", NULL),
        apr_pstrcat(pool, good, "&%53AMLRequest=AAAA", NULL),
        apr_pstrcat(pool, good, "&SAMLResponse=AAAA", NULL),
        apr_pstrcat(pool, good, "&RelayState=other", NULL),
        apr_pstrcat(pool, good, "&SigAlg=none", NULL),
        apr_pstrcat(pool, good, "&Signature=AAAA", NULL),
        apr_pstrcat(pool, good, "&SAMLEncoding=none", NULL),
        saml_replace(pool, good, "SAMLRequest=", "%53AMLRequest="), /* nobody signs it so */
        saml_replace(pool, good, "RelayState=", "%52elayState="),
        saml_replace(pool, good, "&Signature=", "&Sig="),
        saml_replace(pool, good, "&SigAlg=", "&Alg="),
        saml_replace(pool, good, "&Signature=", "&Signature=%3F"),
    };
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mnv_saml_incoming_t *message = NULL;
        if (mnv_saml_redirect_read(unit->ctx, bad[i], &message) == APR_SUCCESS) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_null(message);
        assert_told(unit, SAML_FORMAT);
    }
}

static void a_bomb_does_not_go_off(void **state)
{
    unit_t *unit = *state;
    mnv_saml_incoming_t *message = NULL;
    assert_int_equal(mnv_saml_redirect_read(unit->ctx, bomb(unit->pool, MNV_XML_MESSAGE_LIMIT_BYTES - 1), &message), APR_SUCCESS);
    assert_int_equal(message->length, MNV_XML_MESSAGE_LIMIT_BYTES - 1);
    assert_int_not_equal(mnv_saml_redirect_read(unit->ctx, bomb(unit->pool, 30000000), &message), APR_SUCCESS);
    assert_told(unit, SAML_FORMAT);
}

static void inflate_is_strict(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    unsigned char *packed;
    apr_size_t length, done;
    char *text = NULL;
    assert_int_equal(mnv_deflate(pool, "some text", 9, &packed, &length), APR_SUCCESS);
    assert_int_equal(mnv_inflate(pool, packed, length, 9, &text, &done), APR_SUCCESS);
    assert_string_equal(text, "some text");
    assert_int_equal(mnv_inflate(pool, packed, length, 8, &text, &done), APR_ENOSPC);
    for (apr_size_t i = 0; i < length; i++) {
        assert_int_equal(mnv_inflate(pool, packed, i, 100, &text, &done), APR_EINVAL);
    }
    packed = apr_pmemdup(pool, packed, length + 1);
    assert_int_equal(mnv_inflate(pool, packed, length + 1, 100, &text, &done), APR_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(asks_for_nothing_that_is_not_set),
        UNIT_TEST(asks_for_what_is_set),
        UNIT_TEST(refuses_long_relay_state),
        UNIT_TEST(ids_begin_with_no_digit_and_differ),
        UNIT_TEST(signs_and_verifies),
        UNIT_TEST(verifies_the_bytes_that_came),
        UNIT_TEST(refuses_unsigned_and_other_algorithms),
        UNIT_TEST(refuses_a_key_of_another_kind),
        UNIT_TEST(refuses_malformed_queries),
        UNIT_TEST(a_bomb_does_not_go_off),
        UNIT_TEST(inflate_is_strict),
    };
    int failed = unit_run(tests);
    saml_end();
    return failed;
}
