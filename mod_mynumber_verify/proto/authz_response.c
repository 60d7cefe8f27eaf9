#include "proto/authz_response.h"

#include <apr_strings.h>
#include <string.h>
#include "base/base64url.h"
#include "base/text.h"
#include "base/url.h"

#define STATE_LENGTH 22
#define CODE_LIMIT_BYTES 2048
#define PAIRS_LIMIT 32

/* Registered error words (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6, RFC 8707, RFC 9470) and those by which
 * providers say that the person went back. What the card app's "stop" sends is not published; a person who stopped
 * has done nothing wrong and must not see an error. */
static const struct {
    const char *word;
    mnv_failure_e failure;
} errors[] = {
    {"access_denied", MNV_FAIL_FLOW_STOPPED},
    {"interaction_required", MNV_FAIL_FLOW_STOPPED},
    {"login_required", MNV_FAIL_FLOW_STOPPED},
    {"account_selection_required", MNV_FAIL_FLOW_STOPPED},
    {"consent_required", MNV_FAIL_FLOW_STOPPED},
    {"cancelled", MNV_FAIL_FLOW_STOPPED},
    {"user_cancelled", MNV_FAIL_FLOW_STOPPED},
    {"user_cancelled_login", MNV_FAIL_FLOW_STOPPED},
    {"user_cancelled_authorize", MNV_FAIL_FLOW_STOPPED},
    {"temporarily_unavailable", MNV_FAIL_CALLBACK_BUSY},
    {"server_error", MNV_FAIL_CALLBACK_ERROR},
    {"invalid_request", MNV_FAIL_CALLBACK_ERROR},
    {"unauthorized_client", MNV_FAIL_CALLBACK_ERROR},
    {"unsupported_response_type", MNV_FAIL_CALLBACK_ERROR},
    {"invalid_scope", MNV_FAIL_CALLBACK_ERROR},
    {"invalid_target", MNV_FAIL_CALLBACK_ERROR},
    {"invalid_request_uri", MNV_FAIL_CALLBACK_ERROR},
    {"invalid_request_object", MNV_FAIL_CALLBACK_ERROR},
    {"request_not_supported", MNV_FAIL_CALLBACK_ERROR},
    {"request_uri_not_supported", MNV_FAIL_CALLBACK_ERROR},
    {"registration_not_supported", MNV_FAIL_CALLBACK_ERROR},
    {"unmet_authentication_requirements", MNV_FAIL_CALLBACK_ERROR},
};

apr_status_t mnv_authz_response_parse(mnv_ctx_t *ctx, const char *query, mnv_authz_response_t **response)
{
    mnv_authz_response_t made = {0};
    const char *rest = NULL;
    const struct {
        const char *name;
        const char **place;
    } known[] = {
        {"state", &made.state}, {"code", &made.code}, {"error", &made.error}, {"iss", &made.iss},
        /* not used; twice is still no answer of a provider */
        {"error_description", &rest}, {"error_uri", &rest}, {"session_state", &rest},
    };
    mnv_params_t *params;
    apr_size_t i;

    if (mnv_params_parse(ctx->pool, query, query ? strlen(query) : 0, PAIRS_LIMIT, &params) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_PARAMETERS, "query cannot be read");
    }
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        /* RFC 6749 3.1: never twice, else we and the provider may each believe another one; without a value is as omitted */
        if (mnv_params_one(params, known[i].name, known[i].place) != APR_SUCCESS) {
            return mnv_fail(ctx, MNV_FAIL_CALLBACK_DUPLICATE, "%s", known[i].name);
        }
        if (*known[i].place && !**known[i].place) {
            *known[i].place = NULL;
        }
    }
    if (made.state && (strlen(made.state) != STATE_LENGTH || !mnv_base64url_is(made.state, STATE_LENGTH))) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_STATE, "it is not one of ours");
    }
    *response = apr_pmemdup(ctx->pool, &made, sizeof(made));
    return APR_SUCCESS;
}

static apr_status_t tell_error(mnv_ctx_t *ctx, const char *error)
{
    apr_size_t i;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (!strcmp(errors[i].word, error)) {
            return mnv_fail(ctx, errors[i].failure, "%s", errors[i].word);
        }
    }
    return mnv_fail(ctx, MNV_FAIL_CALLBACK_ERROR, "unknown error");
}

apr_status_t mnv_authz_response_judge(mnv_ctx_t *ctx, const mnv_authz_response_t *response, const mnv_op_metadata_t *metadata)
{
    /* RFC 9207 2.4, before anything else is believed: an answer of another provider must not reach this one's token
     * endpoint */
    if (response->iss && strcmp(response->iss, metadata->issuer)) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_ISS, "\"%s\" is expected", metadata->issuer);
    }
    /* Without a code there is nothing to redeem and nothing to mix up; the card app's "stop" may come back with less
     * than a provider promises. */
    if (response->code && !response->iss && metadata->iss_in_callback) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_ISS, "iss is missing, the provider's metadata promises it");
    }
    if (response->error && response->code) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_PARAMETERS, "both code and error");
    }
    if (response->error) {
        return tell_error(ctx, response->error);
    }
    if (!response->code) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_STOPPED, "neither code nor error");
    }
    if (!mnv_text_is_token(response->code, CODE_LIMIT_BYTES)) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_CODE, NULL);
    }
    return APR_SUCCESS;
}
