#include "proto/saml_response.h"

#include <string.h>
#include "lib/xmlenc.h"
#include "proto/saml_judging.h"

typedef apr_status_t rule_t(mnv_saml_judging_t *judging);

/* Core 3.2.2: the form of the message. */
static apr_status_t check_form(mnv_saml_judging_t *judging)
{
    const char *version = mnv_xml_attr(judging->received, "Version");

    if (!mnv_xml_is(judging->received, MNV_SAMLP_NS, "Response")) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_FORMAT, "it is no samlp:Response");
    }
    if (!version || strcmp(version, "2.0")) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_FORMAT, "Version of the response is not 2.0");
    }
    return APR_SUCCESS;
}

static apr_status_t fail_signature(mnv_saml_judging_t *judging, apr_status_t status, const char *of, const char *problem)
{
    return mnv_fail(judging->ctx, status == APR_ENOTIMPL ? MNV_FAIL_SAML_ALGORITHM : MNV_FAIL_SAML_SIGNATURE, "%s: %s", of, problem);
}

/* Bindings 3.5.4, core 5: a response that is signed is signed rightly, and is from here on what was signed. */
static apr_status_t check_response_signature(mnv_saml_judging_t *judging)
{
    const char *problem;
    mnv_xml_t *is_signed;
    apr_status_t status;

    judging->response = judging->received;
    if (!mnv_xmldsig_is_signed(judging->received)) {
        return APR_SUCCESS;
    }
    status = mnv_xmldsig_verify(judging->ctx->pool, judging->received, &judging->expect->trust, &is_signed, &problem);
    if (status != APR_SUCCESS) {
        return fail_signature(judging, status, "response", problem);
    }
    judging->response = mnv_xml_root(is_signed);
    return APR_SUCCESS;
}

/* Bindings 3.5.5.2: a signed message says where it is to go, else it could be carried from another service to here. */
static apr_status_t check_destination(mnv_saml_judging_t *judging)
{
    const char *destination = mnv_xml_attr(judging->response, "Destination");

    if (!destination && judging->response == judging->received) {
        return APR_SUCCESS;
    }
    if (!destination || strcmp(destination, judging->expect->acs_url)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_DESTINATION, "\"%s\" is expected", judging->expect->acs_url);
    }
    return APR_SUCCESS;
}

/* Profiles 4.1.4.2: Issuer, if any, is the identity provider's. */
static apr_status_t check_issuer(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *issuer = mnv_xml_child(judging->response, MNV_SAML_NS, "Issuer");

    if (issuer && !mnv_saml_text_is(issuer, judging->expect->issuer)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ISSUER, "response; \"%s\" is expected", judging->expect->issuer);
    }
    return APR_SUCCESS;
}

/* Profiles 4.1.4.3, 4.1.5: the answer to the request of this browser; else anybody could sign anybody in with an answer of their own (login CSRF). */
static apr_status_t check_in_response_to(mnv_saml_judging_t *judging)
{
    const char *id = mnv_xml_attr(judging->response, "InResponseTo");

    if (!id || strcmp(id, judging->expect->request_id)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_IN_RESPONSE_TO, id ? "response" : "response: InResponseTo is missing");
    }
    return APR_SUCCESS;
}

/* What the identity provider says went wrong, as what a person can do about it (core 3.2.2.2). */
static const struct {
    const char *code;
    mnv_failure_e what;
} statuses[] = {
    { "AuthnFailed", MNV_FAIL_SAML_STATUS_AUTHN },           { "NoPassive", MNV_FAIL_SAML_STATUS_AUTHN },
    { "NoAuthnContext", MNV_FAIL_SAML_STATUS_CONTEXT },      { "RequestDenied", MNV_FAIL_SAML_STATUS_DENIED },
    { "UnknownPrincipal", MNV_FAIL_SAML_STATUS_DENIED },     { "InvalidNameIDPolicy", MNV_FAIL_SAML_STATUS_REQUEST },
    { "InvalidAttrNameOrValue", MNV_FAIL_SAML_STATUS_REQUEST }, { "RequestUnsupported", MNV_FAIL_SAML_STATUS_REQUEST },
    { "RequestVersionTooLow", MNV_FAIL_SAML_STATUS_REQUEST }, { "RequestVersionTooHigh", MNV_FAIL_SAML_STATUS_REQUEST },
    { "RequestVersionDeprecated", MNV_FAIL_SAML_STATUS_REQUEST }, { "UnsupportedBinding", MNV_FAIL_SAML_STATUS_REQUEST },
    { "Requester", MNV_FAIL_SAML_STATUS_REQUEST },           { "VersionMismatch", MNV_FAIL_SAML_STATUS_REQUEST },
};

/* Core 3.2.2.1: Success on the first level, and nothing else. */
static apr_status_t check_status(mnv_saml_judging_t *judging)
{
    int is_success;
    const char *code = mnv_saml_status(judging->response, &is_success);
    apr_size_t i;

    if (is_success) {
        return APR_SUCCESS;
    }
    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (!strcmp(code, statuses[i].code)) {
            return mnv_fail(judging->ctx, statuses[i].what, "%s", code);
        }
    }
    return mnv_fail(judging->ctx, MNV_FAIL_SAML_STATUS, "\"%.100s\"", code);
}

/* Exactly one assertion, directly below. Core allows more; what a second one would mean nobody can say, and taking the wrong one was CVE-2021-28091. */
static apr_status_t check_assertions(mnv_saml_judging_t *judging)
{
    apr_size_t plain = mnv_xml_count(judging->response, MNV_SAML_NS, "Assertion");
    apr_size_t encrypted = mnv_xml_count(judging->response, MNV_SAML_NS, "EncryptedAssertion");

    if (plain + encrypted != 1) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ASSERTIONS, "there are %d, and %d encrypted", (int)plain, (int)encrypted);
    }
    return APR_SUCCESS;
}

/* The assertion's own signature. within: of signed bytes already, so that it needs none. @return APR_EGENERAL with problem when it has none and needs one */
static apr_status_t take_signed(mnv_saml_judging_t *judging, const mnv_xml_node_t *found, const mnv_xml_node_t *within, const char **problem)
{
    mnv_xml_t *is_signed;
    apr_status_t status;

    if (!mnv_xmldsig_is_signed(found)) {
        judging->assertion = within;
        *problem = "neither response nor assertion";
        return within ? APR_SUCCESS : APR_EGENERAL;
    }
    status = mnv_xmldsig_verify(judging->ctx->pool, found, &judging->expect->trust, &is_signed, problem);
    if (status == APR_SUCCESS) {
        judging->assertion = mnv_xml_root(is_signed);
    }
    return status;
}

/* An assertion that is not encrypted. Its signature is verified where it came, for prefixes declared outside of it may be part of what was signed. */
static apr_status_t check_plain(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *within = judging->response != judging->received ? mnv_xml_child(judging->response, MNV_SAML_NS, "Assertion") : NULL;
    const char *problem = NULL;
    apr_status_t status = take_signed(judging, mnv_xml_child(judging->received, MNV_SAML_NS, "Assertion"), within, &problem);

    if (status == APR_EGENERAL) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_UNSIGNED, "%s", problem);
    }
    return status == APR_SUCCESS ? APR_SUCCESS : fail_signature(judging, status, "assertion", problem);
}

/* One that is. One and the same failure for all that can go wrong: the page shows its number, and different numbers would let whoever plays with the ciphertext read it. */
static apr_status_t check_encrypted(mnv_saml_judging_t *judging, const mnv_xml_node_t *encrypted)
{
    static const apr_array_header_t no_keys = { NULL, sizeof(void *), 0, 0, NULL };
    const apr_array_header_t *keys = judging->expect->keys ? judging->expect->keys : &no_keys;
    const mnv_xml_node_t *root;
    const char *problem = NULL;
    mnv_xml_t *opened;

    if (mnv_xmlenc_open(judging->ctx->pool, encrypted, keys, &opened, &problem) != APR_SUCCESS) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ENCRYPTED, "%s", problem);
    }
    root = mnv_xml_root(opened);
    if (!mnv_xml_is(root, MNV_SAML_NS, "Assertion")) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ENCRYPTED, "it holds no saml:Assertion");
    }
    if (take_signed(judging, root, judging->response != judging->received ? root : NULL, &problem) != APR_SUCCESS) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ENCRYPTED, "%s", problem);
    }
    return APR_SUCCESS;
}

/* Profiles 4.1.4.3: the assertion is signed, by itself or with the response. */
static apr_status_t check_signature(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *encrypted = mnv_xml_child(judging->response, MNV_SAML_NS, "EncryptedAssertion");

    return encrypted ? check_encrypted(judging, encrypted) : check_plain(judging);
}

static rule_t *const rules[] = {
    check_form,       check_response_signature, check_destination,        check_issuer,
    check_in_response_to, check_status,         check_assertions,         check_signature,
    mnv_saml_assertion_judge, mnv_saml_attributes_read,
};

apr_status_t mnv_saml_response_judge(mnv_ctx_t *ctx, const char *form, const mnv_saml_expect_t *expect, mnv_saml_statement_t **statement)
{
    mnv_saml_judging_t judging = { ctx, expect, NULL, NULL, NULL, apr_pcalloc(ctx->pool, sizeof(mnv_saml_statement_t)) };
    mnv_xml_t *xml;
    apr_status_t status = mnv_saml_form_read(ctx, form, &xml);
    apr_size_t i;

    if (status != APR_SUCCESS) {
        return status;
    }
    judging.received = mnv_xml_root(xml);
    for (i = 0; status == APR_SUCCESS && i < sizeof(rules) / sizeof(rules[0]); i++) {
        status = rules[i](&judging);
    }
    if (status == APR_SUCCESS) {
        *statement = judging.statement;
    }
    return status;
}
