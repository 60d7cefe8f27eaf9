/* Choosing a university: Identity Provider Discovery Service Protocol and Profile (sstc-saml-idp-discovery, OASIS 2008). The discovery service is no authority: all it gives is the
 * wish of this browser, which the metadata must have and this browser must have begun to wish. */
#include "flow/flow_saml.h"

#include <apr_strings.h>
#include <string.h>
#include "base/text.h"
#include "flow/federation.h"
#include "flow/steps.h"

#define PARAMETERS_MAX 8
#define LONGEST_ENTITY_ID 255 /* an account's issuer stands in the database */

/* 2.4.1. The answer comes under the parameter's usual name, "entityID". */
static const char *discovery_url(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending)
{
    const mnv_saml_options_t *saml = &site->options->saml;
    const char *back = mnv_url_add(ctx->pool, mnv_own_url(ctx->pool, site->options, "/signin/discovery"), "state", pending->id);

    return mnv_url_add(ctx->pool, mnv_url_add(ctx->pool, saml->discovery, "entityID", saml->entity_id), "return", back);
}

apr_status_t mnv_discovery_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply)
{
    mnv_pending_t *pending;
    const char *url;
    apr_status_t status = mnv_pending_make(ctx, MNV_HALF_ACCOUNT, aim->return_to, &pending);

    if (status != APR_SUCCESS) {
        return status;
    }
    pending->is_choosing = 1;
    pending->to_link = aim->to_link;
    url = discovery_url(ctx, site, pending);
    status = mnv_flow_cookies_set(ctx, site, request, pending, reply);
    if (status == APR_SUCCESS) {
        mnv_reply_redirect(reply, url);
    }
    return status;
}

/* The flow that chooses, in this browser. */
static apr_status_t find_flow(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char **entity_id, mnv_pending_t **pending)
{
    mnv_params_t *query;
    const char *state;
    apr_status_t status;

    if (mnv_params_parse(ctx->pool, request->query, request->query ? strlen(request->query) : 0, PARAMETERS_MAX, &query) != APR_SUCCESS
        || mnv_params_one(query, "state", &state) != APR_SUCCESS || !state || mnv_params_one(query, "entityID", entity_id) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_STATE, NULL);
    }
    status = mnv_flow_cookies_get(ctx, site, request, state, pending);
    if (status == APR_SUCCESS && !(*pending)->is_choosing) {
        status = mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow belongs to another callback");
    }
    return status;
}

/* 2.4.3 and the metadata: one of those people may sign in at. */
static apr_status_t judge_choice(mnv_ctx_t *ctx, const mnv_site_t *site, const char *entity_id)
{
    const mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    apr_status_t status;

    if (!entity_id || !*entity_id) {
        return mnv_fail(ctx, MNV_FAIL_SAML_NOT_CHOSEN, NULL);
    }
    if (!mnv_text_is_token(entity_id, LONGEST_ENTITY_ID)) {
        return mnv_fail(ctx, MNV_FAIL_SAML_PROVIDER, "what was chosen is no entityID, or longer than %d bytes", LONGEST_ENTITY_ID);
    }
    status = mnv_federation_metadata(ctx, site->federation, &metadata);
    return status == APR_SUCCESS ? mnv_saml_metadata_find(ctx, ctx->pool, metadata, entity_id, &provider) : status;
}

apr_status_t mnv_step_signin_discovery(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_aim_t aim = {MNV_HALF_ACCOUNT, NULL, 0, 0};
    mnv_pending_t *pending;
    const char *entity_id;
    apr_status_t status = site->federation && site->options->saml.discovery ? find_flow(ctx, site, request, &entity_id, &pending) : mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, NULL);

    if (status != APR_SUCCESS) {
        return status;
    }
    mnv_flow_cookies_end(ctx, site, pending->id, reply); /* one answer for one question */
    status = judge_choice(ctx, site, entity_id);
    if (status == APR_SUCCESS) {
        aim.return_to = pending->return_to;
        aim.to_link = pending->to_link;
        status = mnv_saml_send(ctx, site, request, &aim, entity_id, reply);
    }
    return status;
}
