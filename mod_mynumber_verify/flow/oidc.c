#include "flow/steps.h"

#include <apr_strings.h>
#include <string.h>
#include "base/log.h"
#include "flow/flow_saml.h"
#include "flow/flow_external.h"
#include "proto/authz_request.h"
#include "proto/authz_response.h"
#include "proto/token_request.h"
#include "proto/userinfo.h"

/* A side of the same engine: the card's provider or the sign-in's. */
typedef struct side_t {
    const mnv_provider_options_t *options;
    mnv_provider_t *provider;
    const char *redirect_uri;
} side_t;

static apr_status_t side_of(mnv_ctx_t *ctx, const mnv_site_t *site, mnv_half_e half, side_t *side)
{
    int card = half == MNV_HALF_IDENTITY;

    side->options = card ? &site->options->card : &site->options->account;
    side->provider = card ? site->card : site->account;
    side->redirect_uri = mnv_own_url(ctx->pool, site->options, card ? "/verify/callback" : "/signin/callback");
    return side->provider ? APR_SUCCESS : mnv_fail(ctx, card ? MNV_FAIL_NO_PROVIDER : MNV_FAIL_NO_SIGNIN, NULL);
}

/* What the provider is asked for. */
static const mnv_provider_options_t *asked_of(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_aim_t *aim, const side_t *side)
{
    const apr_array_header_t *acr = site->options->link.signin_acr;
    mnv_provider_options_t *asked;

    if (!aim->to_link || aim->half != MNV_HALF_ACCOUNT || !acr || !acr->nelts) {
        return side->options;
    }
    asked = apr_pmemdup(ctx->pool, side->options, sizeof(*asked));
    asked->acr_values = apr_array_pstrcat(ctx->pool, acr, ' ');
    return asked;
}

apr_status_t mnv_flow_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply)
{
    const mnv_op_metadata_t *metadata;
    mnv_pending_t *pending;
    const char *url;
    side_t side;
    apr_status_t status;

    if (aim->half == MNV_HALF_ACCOUNT && site->options->signin.method == MNV_SIGNIN_SAML) {
        return mnv_saml_start(ctx, site, request, aim, reply);
    }
    if (aim->half == MNV_HALF_ACCOUNT && site->options->signin.method == MNV_SIGNIN_EXTERNAL) {
        mnv_external_start(ctx, site, aim, reply);
        return APR_SUCCESS;
    }
    status = side_of(ctx, site, aim->half, &side);
    if (status == APR_SUCCESS) {
        status = mnv_provider_metadata(ctx, side.provider, &metadata);
    }
    if (status == APR_SUCCESS) {
        status = mnv_pending_make(ctx, aim->half, aim->return_to, &pending);
    }
    if (status == APR_SUCCESS) {
        pending->is_step_up = aim->is_step_up;
        status = mnv_authz_request_url(ctx, metadata, asked_of(ctx, site, aim, &side), side.redirect_uri, pending, &url);
    }
    if (status == APR_SUCCESS) {
        status = mnv_flow_cookies_set(ctx, site, request, pending, reply);
    }
    if (status == APR_SUCCESS) {
        mnv_reply_redirect(reply, url);
    }
    return status;
}

/* The code is exchanged, the tokens judged. */
static apr_status_t redeem(mnv_ctx_t *ctx, const mnv_site_t *site, const side_t *side, const mnv_op_metadata_t *metadata,
                           const char *code, mnv_oidc_result_t *result)
{
    mnv_exchange_t exchange = {code, mnv_pending_verifier(ctx, result->pending), side->redirect_uri};
    mnv_idtoken_expect_t expect = {0};
    mnv_token_response_t *tokens;
    mnv_idtoken_t *token;
    mnv_jws_t *jws;
    apr_status_t status;

    expect.nonce = mnv_pending_nonce(ctx, result->pending);
    if (!exchange.verifier || !expect.nonce) {
        return APR_EGENERAL;
    }
    status = mnv_token_exchange(ctx, site->http, side->options, metadata, &exchange, &tokens);
    if (status != APR_SUCCESS || (status = mnv_jws_parse(ctx, tokens->id_token, &jws)) != APR_SUCCESS
        || (status = mnv_provider_verify(ctx, side->provider, jws)) != APR_SUCCESS) {
        return status;
    }
    expect.issuer = result->issuer = metadata->issuer;
    expect.client_id = side->options->client_id;
    expect.access_token = tokens->access_token;
    expect.skew = site->options->call.clock_skew;
    expect.accept_acr = side->options->accept_acr;
    status = mnv_idtoken_judge(ctx, jws, &expect, &token);
    result->token = token;
    if (status == APR_SUCCESS && metadata->userinfo_endpoint && tokens->access_token) {
        mnv_token_subject_t who = {tokens->access_token, token->subject};
        mnv_json_t *userinfo;

        status = mnv_userinfo_fetch(ctx, site->http, metadata->userinfo_endpoint, side->options->ca_file, &who, &userinfo);
        result->userinfo = status == APR_SUCCESS ? userinfo : NULL;
    }
    return status;
}

apr_status_t mnv_flow_use(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending)
{
    apr_status_t status = mnv_store_use_once(ctx, site->store, pending->id, pending->started + MNV_FLOW_LIFETIME + apr_time_from_sec(60));

    return APR_STATUS_IS_EEXIST(status) ? mnv_fail(ctx, MNV_FAIL_FLOW_REPLAYED, NULL) : status;
}

apr_status_t mnv_oidc_finish(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half, mnv_oidc_result_t *result, mnv_reply_t *reply)
{
    const mnv_op_metadata_t *metadata;
    mnv_authz_response_t *response;
    mnv_pending_t *pending = NULL;
    side_t side;
    apr_status_t status = side_of(ctx, site, half, &side);

    memset(result, 0, sizeof(*result));
    if (status != APR_SUCCESS || (status = mnv_authz_response_parse(ctx, request->query, &response)) != APR_SUCCESS) {
        return status;
    }
    if (!response->state) { /* the app's "stop" may come back with nothing at all */
        return mnv_fail(ctx, response->code || response->error ? MNV_FAIL_CALLBACK_STATE : MNV_FAIL_FLOW_STOPPED, "callback without state");
    }
    status = mnv_flow_cookies_get(ctx, site, request, response->state, &pending);
    if (status != APR_SUCCESS) {
        return status;
    }
    result->pending = pending;
    if (pending->half != half) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow belongs to the other callback");
    }
    mnv_flow_cookies_end(ctx, site, response->state, reply);
    status = mnv_provider_metadata(ctx, side.provider, &metadata);
    if (status != APR_SUCCESS || (status = mnv_authz_response_judge(ctx, response, metadata)) != APR_SUCCESS
        || (status = mnv_flow_use(ctx, site, pending)) != APR_SUCCESS) {
        return status;
    }
    return redeem(ctx, site, &side, metadata, response->code, result);
}

apr_status_t mnv_oidc_failed(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_oidc_result_t *result, apr_status_t status, mnv_reply_t *reply)
{
    if (ctx->failure.what != MNV_FAIL_FLOW_STOPPED) {
        return status;
    }
    mnv_reply_redirect(reply, mnv_service_url(ctx->pool, site->options, "stopped", result->pending ? result->pending->return_to : NULL));
    return APR_SUCCESS;
}
