#include "proto/saml_logout.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64.h"
#include "base/civil.h"
#include "base/text.h"
#include "proto/saml_redirect.h"

#define AGE_LIMIT        apr_time_from_sec(5 * 60) /* a browser carries it over at once */
#define ID_LIMIT_BYTES   255
#define SESSIONS_LIMIT   100

/* Ours. ------------------------------------------------------------------------ */

static const char *body_xml(apr_pool_t *pool, const mnv_saml_logout_out_t *message)
{
    static const char *const statuses[] = {
        [MNV_SAML_ENDED] = "\"" MNV_SAML_SUCCESS "\"/>",
        [MNV_SAML_ENDED_PARTLY] = "\"" MNV_SAML_SUCCESS "\"><samlp:StatusCode Value=\"" MNV_SAML_PARTIAL_LOGOUT "\"/></samlp:StatusCode>",
        [MNV_SAML_NOT_ENDED] = "\"" MNV_SAML_RESPONDER "\"><samlp:StatusCode Value=\"" MNV_SAML_PARTIAL_LOGOUT "\"/></samlp:StatusCode>",
    };

    if (message->in_response_to) {
        return apr_pstrcat(pool, "<samlp:Status><samlp:StatusCode Value=", statuses[message->ended], "</samlp:Status>", NULL);
    }
    return apr_pstrcat(pool, mnv_saml_name_id_xml(pool, message->name_id),
                       message->session_index ? apr_pstrcat(pool, "<samlp:SessionIndex>", mnv_text_html(pool, message->session_index), "</samlp:SessionIndex>", NULL) : "",
                       NULL);
}

/* @param signature its place (core 3.2.1, 3.2.2: behind Issuer), "" where the binding signs */
static const char *message_xml(mnv_ctx_t *ctx, const mnv_saml_logout_out_t *message, const char *signature)
{
    apr_pool_t *pool = ctx->pool;
    const char *name = message->in_response_to ? "samlp:LogoutResponse" : "samlp:LogoutRequest";

    return apr_pstrcat(pool, "<", name, " xmlns:samlp=\"" MNV_SAMLP_NS "\" xmlns:saml=\"" MNV_SAML_NS "\" ID=\"", message->id, "\" Version=\"2.0\" IssueInstant=\"",
                       mnv_civil_rfc3339(pool, mnv_now(ctx)), "\" Destination=\"", mnv_text_html(pool, message->destination), "\"",
                       message->in_response_to ? apr_pstrcat(pool, " InResponseTo=\"", mnv_text_html(pool, message->in_response_to), "\"", NULL) : "", "><saml:Issuer>",
                       mnv_text_html(pool, message->entity_id), "</saml:Issuer>", signature, body_xml(pool, message), "</", name, ">", NULL);
}

apr_status_t mnv_saml_logout_url(mnv_ctx_t *ctx, const mnv_saml_logout_out_t *message, const char **url)
{
    mnv_saml_outgoing_t outgoing = { message->destination, message->in_response_to != NULL, message_xml(ctx, message, ""), message->relay_state, message->key };

    return mnv_saml_redirect_url(ctx, &outgoing, url);
}

apr_status_t mnv_saml_logout_form(mnv_ctx_t *ctx, const mnv_saml_logout_out_t *message, const char **form)
{
    const char *xml = message_xml(ctx, message, mnv_xmldsig_template(ctx->pool, message->key, message->id)), *is_signed;

    if (mnv_xmldsig_sign(ctx->pool, message->key, xml, &is_signed) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SIGN, "a SAML message");
    }
    *form = mnv_base64_encode(ctx->pool, is_signed, strlen(is_signed));
    return APR_SUCCESS;
}

/* Theirs. ---------------------------------------------------------------------- */

typedef struct judging_t {
    mnv_ctx_t *ctx;
    const mnv_saml_logout_expect_t *expect;
    const mnv_xml_node_t *root; /* of what was signed */
    mnv_saml_logout_in_t *message;
} judging_t;

typedef apr_status_t rule_t(judging_t *judging);

static apr_status_t check_form(judging_t *judging)
{
    const char *version = mnv_xml_attr(judging->root, "Version"), *id = mnv_xml_attr(judging->root, "ID");

    judging->message->is_response = mnv_xml_is(judging->root, MNV_SAMLP_NS, "LogoutResponse");
    if (!judging->message->is_response && !mnv_xml_is(judging->root, MNV_SAMLP_NS, "LogoutRequest")) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_FORMAT, "it is neither LogoutRequest nor LogoutResponse");
    }
    if (!version || strcmp(version, "2.0") || !id || !mnv_text_is_token(id, ID_LIMIT_BYTES)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_FORMAT, "Version is not 2.0, or ID is missing or malformed");
    }
    judging->message->id = id;
    return APR_SUCCESS;
}

/* Bindings 3.4.5.2, 3.5.5.2: what is signed says where it goes. */
static apr_status_t check_destination(judging_t *judging)
{
    const char *destination = mnv_xml_attr(judging->root, "Destination");

    if (!destination || strcmp(destination, judging->expect->logout_url)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_DESTINATION, "\"%s\" is expected", judging->expect->logout_url);
    }
    return APR_SUCCESS;
}

/* Profiles 4.4.4.1, 4.4.4.2: Issuer is there. */
static apr_status_t check_issuer(judging_t *judging)
{
    if (!mnv_saml_text_is(mnv_xml_child(judging->root, MNV_SAML_NS, "Issuer"), judging->expect->issuer)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ISSUER, "logout; \"%s\" is expected", judging->expect->issuer);
    }
    return APR_SUCCESS;
}

static apr_status_t check_issue_instant(judging_t *judging)
{
    const char *text = mnv_xml_attr(judging->root, "IssueInstant");
    apr_time_t at, now = mnv_now(judging->ctx), skew = judging->expect->skew;

    if (!text || mnv_civil_utc(text, &at) != APR_SUCCESS || at > now + skew || at + AGE_LIMIT + skew < now) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ISSUED, "IssueInstant of a logout is not within %d s", (int)apr_time_sec(AGE_LIMIT));
    }
    judging->message->replay_until = at + AGE_LIMIT + skew;
    return APR_SUCCESS;
}

/* Core 3.7.1. */
static apr_status_t check_end(judging_t *judging)
{
    const char *text = judging->message->is_response ? NULL : mnv_xml_attr(judging->root, "NotOnOrAfter");
    apr_time_t end;

    if (text && (mnv_civil_utc(text, &end) != APR_SUCCESS || mnv_now(judging->ctx) - judging->expect->skew >= end)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_EXPIRED, "NotOnOrAfter of a logout");
    }
    return APR_SUCCESS;
}

/* Core 3.7.1: whom, and which of their sessions. */
static apr_status_t check_subject(judging_t *judging)
{
    const mnv_xml_node_t *index = mnv_xml_child(judging->root, MNV_SAMLP_NS, "SessionIndex");
    const char *problem;

    judging->message->session_indexes = apr_array_make(judging->ctx->pool, 2, sizeof(const char *));
    if (judging->message->is_response) {
        return APR_SUCCESS;
    }
    if (mnv_saml_name_id_read(judging->ctx->pool, judging->root, judging->expect->keys, &judging->message->name_id, &problem) != APR_SUCCESS) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_SUBJECT, "LogoutRequest: %s", problem);
    }
    for (; index; index = mnv_xml_sibling(index)) {
        const char *text = mnv_xml_token(index);
        if (!text || !*text || strlen(text) > MNV_SAML_TEXT_LIMIT || mnv_text_has_control(text) || judging->message->session_indexes->nelts == SESSIONS_LIMIT) {
            return mnv_fail(judging->ctx, MNV_FAIL_SAML_SUBJECT, "a SessionIndex of the LogoutRequest is malformed, or they are too many");
        }
        APR_ARRAY_PUSH(judging->message->session_indexes, const char *) = text;
    }
    return APR_SUCCESS;
}

/* Core 3.7.3: the answer to what we asked, and what became of it. */
static apr_status_t check_answer(judging_t *judging)
{
    const char *id = mnv_xml_attr(judging->root, "InResponseTo"), *code;

    if (!judging->message->is_response) {
        return APR_SUCCESS;
    }
    if (!id || !judging->expect->request_id || strcmp(id, judging->expect->request_id)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_LOGOUT_ANSWER, NULL);
    }
    code = mnv_saml_status(judging->root, &judging->message->is_success);
    judging->message->is_partial = !strcmp(code, "PartialLogout");
    return APR_SUCCESS;
}

static rule_t *const rules[] = { check_form, check_destination, check_issuer, check_issue_instant, check_end, check_subject, check_answer };

static apr_status_t judge(judging_t *judging, mnv_saml_logout_in_t **message)
{
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; status == APR_SUCCESS && i < sizeof(rules) / sizeof(rules[0]); i++) {
        status = rules[i](judging);
    }
    if (status == APR_SUCCESS) {
        *message = judging->message;
    }
    return status;
}

apr_status_t mnv_saml_logout_by_redirect(mnv_ctx_t *ctx, const char *query, const mnv_saml_logout_expect_t *expect, mnv_saml_logout_in_t **message)
{
    judging_t judging = { ctx, expect, NULL, apr_pcalloc(ctx->pool, sizeof(mnv_saml_logout_in_t)) };
    mnv_saml_incoming_t *incoming;
    const char *problem;
    mnv_xml_t *xml;
    apr_status_t status = mnv_saml_redirect_read(ctx, query, &incoming);

    if (status == APR_SUCCESS) {
        status = mnv_saml_redirect_verify(ctx, incoming, &expect->trust);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (mnv_xml_parse(ctx->pool, MNV_XML_MESSAGE, incoming->text, incoming->length, &xml, &problem) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "%s", problem);
    }
    judging.root = mnv_xml_root(xml);
    judging.message->relay_state = incoming->relay_state;
    if (mnv_xml_is(judging.root, MNV_SAMLP_NS, "LogoutResponse") != incoming->is_response) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "a request is in SAMLResponse, or a response in SAMLRequest");
    }
    return judge(&judging, message);
}

apr_status_t mnv_saml_logout_by_post(mnv_ctx_t *ctx, const char *form, const mnv_saml_logout_expect_t *expect, mnv_saml_logout_in_t **message)
{
    judging_t judging = { ctx, expect, NULL, apr_pcalloc(ctx->pool, sizeof(mnv_saml_logout_in_t)) };
    const char *problem;
    mnv_xml_t *xml, *is_signed;
    apr_status_t status = mnv_saml_form_read(ctx, form, &xml);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!mnv_xmldsig_is_signed(mnv_xml_root(xml))) {
        return mnv_fail(ctx, MNV_FAIL_SAML_UNSIGNED, "logout");
    }
    status = mnv_xmldsig_verify(ctx->pool, mnv_xml_root(xml), &expect->trust, &is_signed, &problem);
    if (status != APR_SUCCESS) {
        return mnv_fail(ctx, status == APR_ENOTIMPL ? MNV_FAIL_SAML_ALGORITHM : MNV_FAIL_SAML_SIGNATURE, "logout: %s", problem);
    }
    judging.root = mnv_xml_root(is_signed);
    return judge(&judging, message);
}
