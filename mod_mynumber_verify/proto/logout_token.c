#include "proto/logout_token.h"

#include <apr_cstr.h>
#include <string.h>
#include "base/text.h"
#include "lib/json.h"
#include "model/options.h"
#include "proto/jwt_rules.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"
#define ID_LIMIT 255

/* A token before the rules. */
typedef struct judging_t {
    mnv_ctx_t *ctx;
    const mnv_jws_t *jws;
    const mnv_json_t *claims;
    const mnv_logout_expect_t *expect;
    mnv_logout_token_t *token; /* what the rules have accepted so far */
} judging_t;

typedef apr_status_t rule_t(judging_t *judging);

/* RFC 8725 3.11: any other kind that says what it is, is not taken for this one. Older providers write JWT or nothing. */
static apr_status_t check_typ(judging_t *judging)
{
    const char *typ = judging->jws->typ;

    if (typ && !apr_cstr_casecmpn(typ, "application/", 12)) {
        typ += 12;
    }
    if (typ && apr_cstr_casecmp(typ, "logout+jwt") && apr_cstr_casecmp(typ, "JWT")) {
        return mnv_fail(judging->ctx, MNV_FAIL_LOGOUT_TOKEN, "typ is of another kind of token");
    }
    return APR_SUCCESS;
}

static apr_status_t check_iss(judging_t *judging)
{
    return mnv_jwt_check_iss(judging->ctx, judging->claims, judging->expect->issuer);
}

static apr_status_t check_aud(judging_t *judging)
{
    return mnv_jwt_check_aud(judging->ctx, judging->claims, judging->expect->client_id);
}

static apr_status_t check_iat(judging_t *judging)
{
    return mnv_jwt_check_iat(judging->ctx, judging->claims, judging->expect->skew, &judging->token->issued_at);
}

static apr_status_t check_exp(judging_t *judging)
{
    return mnv_jwt_check_exp(judging->ctx, judging->claims, judging->expect->skew);
}

/* 2.6 step 4: whose session. */
static apr_status_t check_who(judging_t *judging)
{
    mnv_logout_token_t *token = judging->token;

    if (mnv_jwt_has(judging->claims, "sub") && mnv_jwt_check_sub(judging->ctx, judging->claims, &token->subject) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (mnv_jwt_has(judging->claims, "sid")) {
        token->session = mnv_json_string(judging->claims, "sid");
        if (!token->session || !mnv_text_is_token(token->session, MNV_SUBJECT_LIMIT)) {
            return mnv_fail(judging->ctx, MNV_FAIL_LOGOUT_TOKEN, "sid is not a string of 1 to %d printable ASCII characters", MNV_SUBJECT_LIMIT);
        }
    }
    return token->subject || token->session ? APR_SUCCESS : mnv_fail(judging->ctx, MNV_FAIL_LOGOUT_TOKEN, "neither sub nor sid");
}

/* Step 5: it is a logout. */
static apr_status_t check_events(judging_t *judging)
{
    const mnv_json_t *events = mnv_json_kind(judging->claims, "events") == MNV_JSON_OBJECT ? mnv_json_member(judging->claims, "events") : NULL;

    if (mnv_json_kind(events, EVENT) != MNV_JSON_OBJECT) {
        return mnv_fail(judging->ctx, MNV_FAIL_LOGOUT_TOKEN, "events has no logout");
    }
    return APR_SUCCESS;
}

/* Step 6: what has a nonce is an ID token. */
static apr_status_t check_nonce(judging_t *judging)
{
    return mnv_jwt_has(judging->claims, "nonce") ? mnv_fail(judging->ctx, MNV_FAIL_LOGOUT_TOKEN, "it has a nonce, as ID tokens have") : APR_SUCCESS;
}

/* Step 7: an identifier to tell a repetition by. */
static apr_status_t check_jti(judging_t *judging)
{
    const char *id = mnv_json_string(judging->claims, "jti");

    if (!id || !*id || strlen(id) > ID_LIMIT) {
        return mnv_fail(judging->ctx, MNV_FAIL_LOGOUT_TOKEN, "jti is not a string of 1 to %d bytes", ID_LIMIT);
    }
    judging->token->id = id;
    return APR_SUCCESS;
}

/* In the order of Back-Channel Logout 2.6. Steps 1 and 2 (encryption, signature, algorithm): mnv_jws_parse() and mnv_jws_verify(), before this. */
static rule_t *const rules[] = {
    check_typ, check_iss, check_aud, check_iat, check_exp, check_who, check_events, check_nonce, check_jti,
};

apr_status_t mnv_logout_token_judge(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_logout_expect_t *expect, mnv_logout_token_t **token)
{
    mnv_logout_token_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    judging_t judging = {ctx, jws, jws->payload, expect, made};
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; status == APR_SUCCESS && i < sizeof(rules) / sizeof(rules[0]); i++) {
        status = rules[i](&judging);
    }
    if (status == APR_SUCCESS) {
        *token = made;
    }
    return status;
}
