/* Single logout by SAML 2.0 (profiles 4.4), at /saml/slo: the identity provider's requests and its answers to ours. A POST from its page does not bring our Lax session cookie, so that
 * the sessions of a request are found by the names that the provider has for them, in the database. */
#include <apr_strings.h>
#include <string.h>
#include "base/base64.h"
#include "base/log.h"
#include "flow/federation.h"
#include "flow/steps.h"
#include "out/pages.h"
#include "proto/saml_logout.h"
#include "proto/saml_metadata.h"
#include "proto/saml_redirect.h"
#include "store/logout.h"

#define FORM_PARAMETERS 8

static const char *slo_url(mnv_ctx_t *ctx, const mnv_site_t *site)
{
    return mnv_own_url(ctx->pool, site->options, "/saml/slo");
}

/* A provider of ours by its name, which in a message is nothing but a claim. */
static apr_status_t find_provider(mnv_ctx_t *ctx, const mnv_site_t *site, const char *issuer, mnv_saml_provider_t **provider)
{
    const char *only = site->options->account.issuer;
    const mnv_saml_metadata_t *metadata;
    apr_status_t status;

    if (!issuer || (only && strcmp(issuer, only))) {
        return mnv_fail(ctx, MNV_FAIL_SAML_ISSUER, "logout");
    }
    status = mnv_federation_metadata(ctx, site->federation, &metadata);
    return status == APR_SUCCESS ? mnv_saml_metadata_find(ctx, ctx->pool, metadata, issuer, provider) : status;
}

/* @return NULL: none, so that nothing is signed */
static const struct mnv_private_key_t *key_of(const mnv_site_t *site)
{
    return site->options->saml.keys->nelts ? APR_ARRAY_IDX(site->options->saml.keys, 0, const struct mnv_private_key_t *) : NULL;
}

/* What our request is called. It follows from the state that this browser's cookie is sealed for, and from the provider asked, so that no other one's answer fits.
 * @return NULL after a told failure */
static const char *request_id(mnv_ctx_t *ctx, const mnv_site_t *site, const char *issuer, const char *state)
{
    const char *hash = mnv_keyring_hash(ctx, site->keyring, MNV_HASH_OP_SESSION, issuer, "request", state, NULL);

    return hash ? apr_pstrcat(ctx->pool, "_", hash, NULL) : NULL;
}

/* Begun here. --------------------------------------------------------------------- */

/* By HTTP-Redirect where the provider knows it, which needs nobody to press anything; else by a form. */
static apr_status_t send_message(mnv_ctx_t *ctx, mnv_saml_logout_out_t *message, const mnv_saml_provider_t *provider, mnv_signed_out_view_t *view)
{
    mnv_signed_out_form_t *form;
    int is_response = message->in_response_to != NULL;

    message->destination = is_response ? provider->logout_redirect_response : provider->logout_redirect;
    if (message->destination) {
        return mnv_saml_logout_url(ctx, message, &view->onward);
    }
    message->destination = is_response ? provider->logout_post_response : provider->logout_post;
    form = apr_pcalloc(ctx->pool, sizeof(*form));
    form->action = message->destination;
    form->name = is_response ? "SAMLResponse" : "SAMLRequest";
    form->relay_state = message->relay_state;
    view->form = form;
    return mnv_saml_logout_form(ctx, message, &form->message);
}

/* @return NULL, or why the sign-out cannot go on at the provider */
static const char *obstacle(const mnv_site_t *site, const mnv_saml_provider_t *provider, const mnv_account_t *account)
{
    if (!key_of(site)) {
        return "there is no MyNumberSAMLKey";
    }
    if (!account->op_subject) {
        return "its assertion had no NameID";
    }
    return provider->logout_redirect || provider->logout_post ? NULL : "its metadata have no SingleLogoutService";
}

static apr_status_t request_logout(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_account_t *account, const mnv_saml_provider_t *provider, const char *state,
                                   mnv_signed_out_view_t *view)
{
    const mnv_saml_name_id_t name_id = {account->op_subject, account->op_format, account->op_qualifier, account->op_sp_qualifier};
    mnv_saml_logout_out_t message = {0};

    message.id = request_id(ctx, site, account->issuer, state);
    message.entity_id = site->options->saml.entity_id;
    message.relay_state = state;
    message.key = key_of(site);
    message.name_id = &name_id;
    message.session_index = account->op_session;
    return message.id ? send_message(ctx, &message, provider, view) : APR_EGENERAL;
}

void mnv_saml_sign_out(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_account_t *account, const char *place, mnv_reply_t *reply)
{
    mnv_signed_out_view_t view = {site->options, request, MNV_SIGNED_OUT_UNREACHABLE, NULL, NULL};
    const char *state, *problem = NULL;
    mnv_saml_provider_t *provider;
    apr_status_t status = find_provider(ctx, site, account->issuer, &provider);

    if (status == APR_SUCCESS && (problem = obstacle(site, provider, account))) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1621) "signed out here alone, not at identity provider \"%s\": %s", account->issuer, problem);
        view.from = MNV_SIGNED_OUT_ALONE;
    }
    else if (status == APR_SUCCESS && (status = mnv_flow_signing_out_set(ctx, site, place, &state, reply)) == APR_SUCCESS
             && (status = request_logout(ctx, site, account, provider, state, &view)) == APR_SUCCESS) {
        view.from = MNV_SIGNED_OUT_SENDING;
        reply->refresh = view.onward;
    }
    if (view.from != MNV_SIGNED_OUT_SENDING) {
        view.form = NULL;
        view.onward = place ? mnv_place_url(ctx->pool, site->options, place) : NULL;
    }
    mnv_page_signed_out(ctx, &view, reply);
}

/* What came to /saml/slo. ------------------------------------------------------------ */

/* A message, not judged yet. */
typedef struct arrival_t {
    const char *query;       /* by HTTP-Redirect, NULL: by POST */
    const char *form;        /* by POST: the message */
    int is_response;
    const char *relay_state; /* NULL: none */
    const char *issuer;      /* as it says; NULL: it says none */
    mnv_saml_provider_t *provider;
} arrival_t;

static apr_status_t read_redirect(mnv_ctx_t *ctx, const mnv_request_t *request, arrival_t *arrival)
{
    mnv_saml_incoming_t *incoming;
    apr_status_t status;

    arrival->query = request->query ? request->query : "";
    status = mnv_saml_redirect_read(ctx, arrival->query, &incoming);
    if (status == APR_SUCCESS) {
        arrival->is_response = incoming->is_response;
        arrival->relay_state = incoming->relay_state;
        arrival->issuer = mnv_saml_claimed_issuer(ctx->pool, incoming->text, incoming->length);
    }
    return status;
}

static apr_status_t read_post(mnv_ctx_t *ctx, const mnv_request_t *request, arrival_t *arrival)
{
    const char *asked, *answered;
    unsigned char *text;
    apr_size_t length;
    mnv_params_t *form;

    if (!request->form || mnv_params_parse(ctx->pool, request->form, request->form_length, FORM_PARAMETERS, &form) != APR_SUCCESS
        || mnv_params_one(form, "SAMLRequest", &asked) != APR_SUCCESS || mnv_params_one(form, "SAMLResponse", &answered) != APR_SUCCESS
        || mnv_params_one(form, "RelayState", &arrival->relay_state) != APR_SUCCESS || !asked == !answered) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "no form with one SAMLRequest or one SAMLResponse, and at most one RelayState");
    }
    arrival->is_response = answered != NULL;
    arrival->form = answered ? answered : asked;
    if (mnv_base64_decode(ctx->pool, arrival->form, strlen(arrival->form), &text, &length) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "logout: it is not base64");
    }
    arrival->issuer = mnv_saml_claimed_issuer(ctx->pool, (const char *)text, length);
    return APR_SUCCESS;
}

/* The request of this browser that a response must be to. @return NULL: there is none */
static const char *asked_by(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const arrival_t *arrival)
{
    const char *place;

    if (!arrival->is_response || !arrival->relay_state || !mnv_flow_signing_out_get(ctx, site, request, arrival->relay_state, &place)) {
        return NULL;
    }
    return request_id(ctx, site, arrival->issuer, arrival->relay_state);
}

static apr_status_t judge(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const arrival_t *arrival, mnv_saml_logout_in_t **message)
{
    mnv_saml_logout_expect_t expect = {0};
    apr_status_t status;

    expect.issuer = arrival->provider->entity_id;
    expect.trust.certificates = arrival->provider->certificates;
    expect.logout_url = slo_url(ctx, site);
    expect.request_id = asked_by(ctx, site, request, arrival);
    expect.keys = site->options->saml.keys;
    expect.skew = site->options->call.clock_skew;
    status = arrival->query ? mnv_saml_logout_by_redirect(ctx, arrival->query, &expect, message) : mnv_saml_logout_by_post(ctx, arrival->form, &expect, message);
    if (status == APR_SUCCESS && (*message)->is_response != arrival->is_response) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "a request is in SAMLResponse, or a response in SAMLRequest");
    }
    return status;
}

/* The provider's requests. ------------------------------------------------------------ */

/* Where it was this browser's session that ended, its cookies go too. With a POST from another site it does not come along, and an answer that deletes it could be somebody's prank; the
 * word of its arrival does, and would refuse the person a new sign-in for a moment. */
static apr_status_t forget_ended(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_session_t *session, mnv_reply_t *reply)
{
    mnv_session_t *left = NULL;
    apr_status_t status = session ? mnv_store_session_get(ctx, site->store, session->key, &left) : APR_SUCCESS;

    if (status == APR_SUCCESS && session && !left) {
        mnv_reply_forget(reply, session->key);
        mnv_session_cookie(site, NULL, reply);
        mnv_flow_cookies_end_all(ctx, site, request, reply);
    }
    else if (status == APR_SUCCESS) {
        mnv_flow_arrived_end(site, request, reply);
    }
    return status;
}

static apr_status_t end_sessions(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_saml_provider_t *provider, const mnv_saml_logout_in_t *message,
                                 mnv_reply_t *reply)
{
    const char *id = apr_pstrcat(ctx->pool, "logout ", provider->entity_id, " ", message->id, NULL);
    /* The clocks of the nodes may differ too. */
    const mnv_op_logout_t logout = {provider->entity_id, message->name_id.value, message->session_indexes, id, message->replay_until + MNV_NODE_SKEW};
    mnv_session_t *session;
    apr_status_t status = mnv_flow_session(ctx, site, request->cookies, &session);

    if (status == APR_SUCCESS) {
        status = mnv_flow_op_logout(ctx, site, &logout, reply);
    }
    return status == APR_SUCCESS ? forget_ended(ctx, site, request, session, reply) : status;
}

/* Back to the provider with what became of it, else the end is here. */
static apr_status_t answer(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_saml_provider_t *provider, mnv_saml_logout_out_t *message,
                           mnv_reply_t *reply)
{
    mnv_signed_out_view_t view = {site->options, request, MNV_SIGNED_OUT_ASKED, NULL, NULL};
    apr_status_t status;

    message->id = mnv_saml_id(ctx);
    message->entity_id = site->options->saml.entity_id;
    message->key = key_of(site);
    if (!message->id) {
        return APR_EGENERAL;
    }
    if (!message->key || (!provider->logout_redirect && !provider->logout_post)) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1622) "logout request of \"%s\" is not answered: %s", provider->entity_id,
                message->key ? "its metadata have no SingleLogoutService" : "there is no MyNumberSAMLKey");
        mnv_reply_redirect(reply, mnv_own_url(ctx->pool, site->options, "/logout/done"));
        return APR_SUCCESS;
    }
    status = send_message(ctx, message, provider, &view);
    if (status == APR_SUCCESS && view.onward) {
        mnv_reply_redirect(reply, view.onward);
    }
    else if (status == APR_SUCCESS) {
        mnv_page_signed_out(ctx, &view, reply);
    }
    return status;
}

static apr_status_t obey(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const arrival_t *arrival, const mnv_saml_logout_in_t *asked, mnv_reply_t *reply)
{
    const mnv_saml_provider_t *provider = arrival->provider;
    mnv_saml_logout_out_t message = {0};
    apr_status_t status = end_sessions(ctx, site, request, provider, asked, reply);

    if (APR_STATUS_IS_EEXIST(status)) {
        return mnv_fail(ctx, MNV_FAIL_LOGOUT_REPLAYED, NULL);
    }
    /* The person may wait for many services to end: the provider goes on, and tells. A page of ours that somebody must read is the better answer where only such a page could. */
    if (status != APR_SUCCESS && (!key_of(site) || !provider->logout_redirect)) {
        return status;
    }
    message.in_response_to = asked->id;
    message.relay_state = arrival->relay_state;
    message.ended = status == APR_SUCCESS ? MNV_SAML_ENDED : MNV_SAML_NOT_ENDED;
    return answer(ctx, site, request, provider, &message, reply);
}

/* Its answers. -------------------------------------------------------------------------- */

static void land(mnv_ctx_t *ctx, const mnv_site_t *site, const arrival_t *arrival, const mnv_saml_logout_in_t *message, mnv_reply_t *reply)
{
    const char *how = !message->is_success ? "refused" : message->is_partial ? "partly" : "there";

    mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1623) "identity provider \"%s\" answered a sign-out: %s", arrival->provider->entity_id, how);
    mnv_reply_redirect(reply, mnv_url_add(ctx->pool, mnv_own_url(ctx->pool, site->options, "/logout/done"), how, arrival->relay_state));
}

apr_status_t mnv_step_saml_slo(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    arrival_t arrival = {0};
    mnv_saml_logout_in_t *message;
    apr_status_t status;

    if (!site->federation) {
        return mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, NULL);
    }
    status = strcmp(request->method, "POST") ? read_redirect(ctx, request, &arrival) : read_post(ctx, request, &arrival);
    if (status == APR_SUCCESS) {
        status = find_provider(ctx, site, arrival.issuer, &arrival.provider);
    }
    if (status == APR_SUCCESS) {
        status = judge(ctx, site, request, &arrival, &message);
    }
    if (status == APR_SUCCESS && !message->is_response) {
        return obey(ctx, site, request, &arrival, message, reply);
    }
    if (status == APR_SUCCESS) {
        land(ctx, site, &arrival, message, reply);
    }
    return status;
}
