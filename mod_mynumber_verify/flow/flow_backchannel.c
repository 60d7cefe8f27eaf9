#include "flow/steps.h"

#include <apr_strings.h>
#include "base/log.h"
#include "lib/json.h"
#include "proto/jwt_rules.h"
#include "proto/logout_token.h"
#include "store/logout.h"

/* OpenID Connect Back-Channel Logout 1.0: the sign-in provider itself calls, over no browser. Nothing but the token's signature says that it is the provider. */

static apr_status_t token_of(mnv_ctx_t *ctx, const mnv_request_t *request, const char **text)
{
    mnv_params_t *form;

    if (!request->form || mnv_params_parse(ctx->pool, request->form, request->form_length, 16, &form) != APR_SUCCESS
        || mnv_params_one(form, "logout_token", text) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_FORM, NULL);
    }
    return *text ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_LOGOUT_TOKEN, "there is none");
}

static apr_status_t judge(mnv_ctx_t *ctx, const mnv_site_t *site, const char *text, mnv_logout_token_t **token)
{
    const mnv_provider_options_t *options = &site->options->account;
    const mnv_logout_expect_t expect = {options->issuer, options->client_id, site->options->call.clock_skew};
    mnv_jws_t *jws;
    apr_status_t status = mnv_jws_parse(ctx, text, &jws);

    if (status == APR_SUCCESS) {
        status = mnv_provider_verify(ctx, site->account, jws);
    }
    return status == APR_SUCCESS ? mnv_logout_token_judge(ctx, jws, &expect, token) : status;
}

apr_status_t mnv_flow_op_logout(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_op_logout_t *logout, mnv_reply_t *reply)
{
    int ended;
    apr_status_t status = mnv_store_op_logout(ctx, site->store, logout, &ended);

    if (status == APR_SUCCESS && ended > 0) {
        reply->raise_generation = 1;
    }
    if (status == APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1620) "%d sessions were ended by their provider \"%s\"", ended, logout->issuer);
    }
    return status;
}

static apr_status_t end(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_logout_token_t *token, mnv_reply_t *reply)
{
    const char *issuer = site->options->account.issuer;
    apr_array_header_t *sessions = apr_array_make(ctx->pool, 1, sizeof(const char *));
    mnv_op_logout_t logout = {issuer, token->subject, sessions, NULL, 0};
    apr_status_t status;

    if (token->session) {
        APR_ARRAY_PUSH(sessions, const char *) = token->session;
    }
    logout.id = apr_pstrcat(ctx->pool, "logout ", issuer, " ", token->id, NULL);
    /* The clocks of the nodes may differ too. */
    logout.expires = token->issued_at + MNV_JWT_AGE_LIMIT + site->options->call.clock_skew + MNV_NODE_SKEW;
    status = mnv_flow_op_logout(ctx, site, &logout, reply);
    return APR_STATUS_IS_EEXIST(status) ? mnv_fail(ctx, MNV_FAIL_LOGOUT_REPLAYED, NULL) : status;
}

/* 2.8: 400 whatever the reason, in the words of RFC 6749 5.2. */
static void refuse(mnv_ctx_t *ctx, mnv_reply_t *reply)
{
    const mnv_failure_row_t *row = mnv_failure_row(ctx->failure.what);
    mnv_json_t *json = mnv_json_object(ctx->pool);

    mnv_json_set_string(json, "error", row->next == MNV_NEXT_LATER ? "temporarily_unavailable" : "invalid_request");
    mnv_json_set_string(json, "error_description", row->log);
    mnv_json_set_string(json, "code", mnv_failure_code(ctx->failure.what, ctx->pool));
    mnv_json_set_string(json, "reference", ctx->failure.reference);
    mnv_reply_body(reply, 400, "application/json", mnv_json_print(ctx->pool, json));
}

apr_status_t mnv_step_backchannel_logout(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_logout_token_t *token;
    const char *text;

    if (!site->account) {
        return mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, NULL);
    }
    if (token_of(ctx, request, &text) == APR_SUCCESS && judge(ctx, site, text, &token) == APR_SUCCESS && end(ctx, site, token, reply) == APR_SUCCESS) {
        reply->status = 200;
    }
    else {
        refuse(ctx, reply);
    }
    return APR_SUCCESS;
}
