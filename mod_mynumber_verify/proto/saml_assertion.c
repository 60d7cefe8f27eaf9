#include "proto/saml_judging.h"

#include <string.h>
#include "base/civil.h"
#include "base/text.h"

#define ID_LIMIT_BYTES 255

typedef apr_status_t rule_t(mnv_saml_judging_t *judging);

static const mnv_xml_node_t *child_of(const mnv_saml_judging_t *judging, const char *name)
{
    return mnv_xml_child(judging->assertion, MNV_SAML_NS, name);
}

/* A time in an attribute. @return APR_SUCCESS; APR_ENOENT: absent; APR_EINVAL: no time */
static apr_status_t time_of(const mnv_xml_node_t *node, const char *name, apr_time_t *at)
{
    const char *text = mnv_xml_attr(node, name);

    return text ? mnv_civil_utc(text, at) : APR_ENOENT;
}

static int is_over(const mnv_saml_judging_t *judging, apr_time_t end)
{
    return mnv_now(judging->ctx) - judging->expect->skew >= end;
}

static int is_to_come(const mnv_saml_judging_t *judging, apr_time_t begin)
{
    return mnv_now(judging->ctx) + judging->expect->skew < begin;
}

static long long seconds_from_now(const mnv_saml_judging_t *judging, apr_time_t at)
{
    return (long long)apr_time_sec(at - mnv_now(judging->ctx));
}

/* Core 2.3.3: Version, ID. The ID is what makes a second use known. */
static apr_status_t check_head(mnv_saml_judging_t *judging)
{
    const char *version = mnv_xml_attr(judging->assertion, "Version"), *id = mnv_xml_attr(judging->assertion, "ID");

    if (!version || strcmp(version, "2.0")) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_FORMAT, "Version of the assertion is not 2.0");
    }
    if (!mnv_text_is_token(id, ID_LIMIT_BYTES)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_FORMAT, "ID of the assertion is missing or malformed");
    }
    judging->statement->assertion_id = id;
    return APR_SUCCESS;
}

/* Core 2.3.3: IssueInstant. How old it may be is for the other times to say. */
static apr_status_t check_issue_instant(mnv_saml_judging_t *judging)
{
    apr_time_t at;

    if (time_of(judging->assertion, "IssueInstant", &at) != APR_SUCCESS) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ISSUED, "IssueInstant is missing or no time");
    }
    if (is_to_come(judging, at)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ISSUED, "%lld s in the future by this server's clock", seconds_from_now(judging, at));
    }
    return APR_SUCCESS;
}

/* Core 2.3.3: Issuer, required, and exactly the identity provider. */
static apr_status_t check_issuer(mnv_saml_judging_t *judging)
{
    if (!mnv_saml_text_is(child_of(judging, "Issuer"), judging->expect->issuer)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ISSUER, "assertion; \"%s\" is expected", judging->expect->issuer);
    }
    judging->statement->issuer = judging->expect->issuer;
    return APR_SUCCESS;
}

/* Core 2.4.1: a subject, at most one name for it. An encrypted one was signed in its encrypted form. */
static apr_status_t check_subject(mnv_saml_judging_t *judging)
{
    const char *problem;

    if (mnv_xml_count(judging->assertion, MNV_SAML_NS, "Subject") != 1) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_SUBJECT, "there is not exactly one Subject");
    }
    if (mnv_saml_name_id_read(judging->ctx->pool, child_of(judging, "Subject"), judging->expect->keys, &judging->statement->name_id, &problem) == APR_EINVAL) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_SUBJECT, "%s", problem);
    }
    return APR_SUCCESS;
}

/* Profiles 4.1.4.2, 4.1.4.3: what a bearer confirmation must say. @return NULL or the problem */
static const char *confirmation_problem(const mnv_saml_judging_t *judging, const mnv_xml_node_t *confirmation, apr_time_t *end)
{
    const mnv_xml_node_t *data = mnv_xml_child(confirmation, MNV_SAML_NS, "SubjectConfirmationData");
    const char *method = mnv_xml_attr(confirmation, "Method"), *recipient = mnv_xml_attr(data, "Recipient"), *id = mnv_xml_attr(data, "InResponseTo");

    if (!method || strcmp(method, MNV_SAML_BEARER)) {
        return "Method is not bearer";
    }
    if (!data) {
        return "SubjectConfirmationData is missing";
    }
    if (!recipient || strcmp(recipient, judging->expect->acs_url)) {
        return "Recipient is missing or another address";
    }
    if (mnv_xml_attr(data, "NotBefore")) {
        return "NotBefore must not be there";
    }
    if (time_of(data, "NotOnOrAfter", end) != APR_SUCCESS) {
        return "NotOnOrAfter is missing or no time";
    }
    if (is_over(judging, *end)) {
        return "NotOnOrAfter is past";
    }
    if (!id || strcmp(id, judging->expect->request_id)) {
        return "InResponseTo is not the request of this flow";
    }
    return NULL;
}

/* At least one confirmation that is good; the others are for others. */
static apr_status_t check_confirmation(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *confirmation = mnv_xml_child(child_of(judging, "Subject"), MNV_SAML_NS, "SubjectConfirmation");
    const char *problem = "SubjectConfirmation is missing";
    apr_time_t end = 0;

    for (; confirmation && problem; confirmation = mnv_xml_sibling(confirmation)) {
        problem = confirmation_problem(judging, confirmation, &end);
    }
    if (problem) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_CONFIRMATION, "%s", problem);
    }
    judging->statement->replay_until = end + judging->expect->skew;
    return APR_SUCCESS;
}

/* Core 2.5.1.1: a condition that is not understood is one that does not hold. */
static apr_status_t check_conditions(mnv_saml_judging_t *judging)
{
    static const char *const known[] = { "AudienceRestriction", "OneTimeUse", "ProxyRestriction" };
    const mnv_xml_node_t *conditions = child_of(judging, "Conditions"), *condition;
    apr_size_t i;

    if (mnv_xml_count(judging->assertion, MNV_SAML_NS, "Conditions") != 1) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_CONDITIONS, "there is not exactly one Conditions");
    }
    for (condition = mnv_xml_first(conditions); condition; condition = mnv_xml_next(condition)) {
        for (i = 0; i < 3 && !mnv_xml_is(condition, MNV_SAML_NS, known[i]); i++) {
        }
        if (i == 3) {
            return mnv_fail(judging->ctx, MNV_FAIL_SAML_CONDITIONS, "unknown condition \"%.100s\"", mnv_xml_name(condition));
        }
    }
    return APR_SUCCESS;
}

/* Core 2.5.1.2. */
static apr_status_t check_times(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *conditions = child_of(judging, "Conditions");
    apr_time_t begin = 0, end = APR_INT64_MAX; /* where nothing is told */
    apr_status_t has_begin = time_of(conditions, "NotBefore", &begin), has_end = time_of(conditions, "NotOnOrAfter", &end);

    if (has_begin == APR_EINVAL || has_end == APR_EINVAL) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_CONDITIONS, "NotBefore or NotOnOrAfter is no time");
    }
    if (is_to_come(judging, begin)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_NOT_YET, "%lld s to go by this server's clock", seconds_from_now(judging, begin));
    }
    if (is_over(judging, end)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_EXPIRED, "%lld s ago by this server's clock", -seconds_from_now(judging, end));
    }
    return APR_SUCCESS;
}

static int names_us(const mnv_saml_judging_t *judging, const mnv_xml_node_t *restriction)
{
    const mnv_xml_node_t *audience = mnv_xml_child(restriction, MNV_SAML_NS, "Audience");

    while (audience && !mnv_saml_text_is(audience, judging->expect->entity_id)) {
        audience = mnv_xml_sibling(audience);
    }
    return audience != NULL;
}

/* Core 2.5.1.4: each restriction names us among others; profiles 4.1.4.2: there is one. */
static apr_status_t check_audience(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *restriction = mnv_xml_child(child_of(judging, "Conditions"), MNV_SAML_NS, "AudienceRestriction");

    if (!restriction) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUDIENCE, "AudienceRestriction is missing");
    }
    for (; restriction; restriction = mnv_xml_sibling(restriction)) {
        if (!names_us(judging, restriction)) {
            return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUDIENCE, "\"%s\" is expected", judging->expect->entity_id);
        }
    }
    return APR_SUCCESS;
}

/* Profiles 4.1.4.2: an AuthnStatement with its time. */
static apr_status_t check_authn(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *authn = child_of(judging, "AuthnStatement");
    const char *index = mnv_xml_attr(authn, "SessionIndex");
    apr_time_t at;

    if (!authn) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUTHN, "AuthnStatement is missing");
    }
    if (time_of(authn, "AuthnInstant", &at) != APR_SUCCESS || is_to_come(judging, at)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUTHN, "AuthnInstant is missing, no time or in the future");
    }
    if (index && (strlen(index) > MNV_SAML_TEXT_LIMIT || mnv_text_has_control(index))) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUTHN, "SessionIndex is malformed");
    }
    judging->statement->authn_instant = at;
    judging->statement->session_index = index && *index ? index : NULL;
    return APR_SUCCESS;
}

/* Core 2.7.2: no session of ours on one that has ended there. The first to end counts. */
static apr_status_t check_session(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *authn = child_of(judging, "AuthnStatement");
    apr_time_t end;

    for (; authn; authn = mnv_xml_sibling(authn)) {
        apr_status_t found = time_of(authn, "SessionNotOnOrAfter", &end);
        if (found == APR_EINVAL) {
            return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUTHN, "SessionNotOnOrAfter is no time");
        }
        if (found == APR_SUCCESS && is_over(judging, end)) {
            return mnv_fail(judging->ctx, MNV_FAIL_SAML_SESSION, "%lld s ago by this server's clock", -seconds_from_now(judging, end));
        }
        if (found == APR_SUCCESS && (judging->statement->session_ends == 0 || end < judging->statement->session_ends)) {
            judging->statement->session_ends = end;
        }
    }
    return APR_SUCCESS;
}

/* Core 2.7.2.2, 3.3.2.2.1: signed in in one of the ways that are accepted, where any are named. */
static apr_status_t check_context(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *context = mnv_xml_child(child_of(judging, "AuthnStatement"), MNV_SAML_NS, "AuthnContext");
    const char *found = mnv_xml_token(mnv_xml_child(context, MNV_SAML_NS, "AuthnContextClassRef"));
    const apr_array_header_t *accepted = judging->expect->contexts;
    int i, is_accepted = !accepted || accepted->nelts == 0;

    if (found && (!*found || strlen(found) > MNV_SAML_TEXT_LIMIT || mnv_text_has_control(found))) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_AUTHN, "AuthnContextClassRef is malformed");
    }
    for (i = 0; !is_accepted && i < accepted->nelts; i++) {
        is_accepted = found && !strcmp(found, APR_ARRAY_IDX(accepted, i, const char *));
    }
    if (!is_accepted) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_CONTEXT, "\"%s\"", found ? found : "");
    }
    judging->statement->context = found;
    return APR_SUCCESS;
}

static rule_t *const rules[] = {
    check_head,  check_issue_instant, check_issuer,  check_subject, check_confirmation, check_conditions,
    check_times, check_audience,      check_authn,   check_session,       check_context,
};

apr_status_t mnv_saml_assertion_judge(mnv_saml_judging_t *judging)
{
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; status == APR_SUCCESS && i < sizeof(rules) / sizeof(rules[0]); i++) {
        status = rules[i](judging);
    }
    return status;
}
