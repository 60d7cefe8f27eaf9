#include "proto/bearer_token.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <string.h>
#include "base/text.h"
#include "lib/json.h"
#include "proto/jwt_rules.h"
#include "proto/userinfo.h"

#define KID_LIMIT 255

/* Shape. ------------------------------------------------------------------- */

int mnv_bearer_is_token(const char *text)
{
    apr_size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");
    apr_size_t padding = strspn(text + length, "=");

    return length > 0 && !text[length + padding] && length + padding <= MNV_BEARER_LIMIT_BYTES;
}

int mnv_bearer_is_jwt(const char *token)
{
    int dots = 0;

    for (; *token; token++) {
        if (*token == '.') {
            dots++;
        }
        else if (!apr_isalnum(*token) && *token != '-' && *token != '_') {
            return 0;
        }
    }
    return dots == 2;
}

/* Header. ------------------------------------------------------------------ */

/* RFC 9068 2.1 has at+jwt; most providers write JWT, or nothing. */
static int is_typ(const char *typ)
{
    return !typ || !apr_cstr_casecmp(typ, "JWT") || !apr_cstr_casecmp(typ, "at+jwt") || !apr_cstr_casecmp(typ, "application/at+jwt");
}

apr_status_t mnv_bearer_parse(mnv_ctx_t *ctx, const char *token, mnv_jws_t **jws)
{
    static const char *const keys[] = {"jwk", "jku", "x5u", "x5c"};
    apr_status_t status = mnv_jws_parse(ctx, token, jws);
    apr_size_t i;

    if (status != APR_SUCCESS) {
        return status;
    }
    for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (mnv_jwt_has((*jws)->header, keys[i])) {
            return mnv_fail(ctx, MNV_FAIL_BEARER_TOKEN, "a key comes with it (%s)", keys[i]);
        }
    }
    if (!is_typ((*jws)->typ)) {
        return mnv_fail(ctx, MNV_FAIL_BEARER_TOKEN, "typ is of another kind of token");
    }
    if ((*jws)->kid && !mnv_text_is_token((*jws)->kid, KID_LIMIT)) {
        return mnv_fail(ctx, MNV_FAIL_BEARER_TOKEN, "kid is not 1 to %d printable ASCII characters", KID_LIMIT);
    }
    return APR_SUCCESS;
}

/* Claims. ------------------------------------------------------------------ */

/* A set of claims before the rules. */
typedef struct judging_t {
    mnv_ctx_t *ctx;
    const mnv_json_t *claims;
    const mnv_options_t *options;
    int is_told; /* by introspection */
    apr_time_t expires;
} judging_t;

typedef apr_status_t rule_t(judging_t *judging);

static int is_among(const apr_array_header_t *list, const char *text)
{
    int i;

    for (i = 0; text && i < list->nelts; i++) {
        if (mnv_jwt_same(APR_ARRAY_IDX(list, i, const char *), text)) {
            return 1;
        }
    }
    return 0;
}

/* The proof that goes with such a token is not asked for here: as a bearer token it would be worth what its thief wants. */
static apr_status_t check_binding(judging_t *judging)
{
    const char *type = mnv_json_string(judging->claims, "token_type");

    if (mnv_jwt_has(judging->claims, "cnf") || (judging->is_told && type && apr_cstr_casecmp(type, "Bearer"))) {
        return mnv_fail(judging->ctx, MNV_FAIL_BEARER_BOUND, NULL);
    }
    return APR_SUCCESS;
}

static apr_status_t check_iss(judging_t *judging)
{
    if (judging->is_told && !mnv_jwt_has(judging->claims, "iss")) { /* RFC 7662 2.2: the issuer was asked itself */
        return APR_SUCCESS;
    }
    return mnv_jwt_check_iss(judging->ctx, judging->claims, judging->options->bearer.issuer);
}

static apr_status_t check_sub(judging_t *judging)
{
    const char *subject;

    return mnv_jwt_check_sub(judging->ctx, judging->claims, &subject);
}

static apr_status_t check_aud(judging_t *judging)
{
    const apr_array_header_t *audiences = judging->options->bearer.audiences;
    int i, ours = 0, count = 0;

    for (i = 0; !ours && count >= 0 && i < audiences->nelts; i++) {
        count = mnv_jwt_audiences(judging->claims, APR_ARRAY_IDX(audiences, i, const char *), &ours);
    }
    if (count < 0) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AUD, "aud is neither a string nor an array of strings");
    }
    return ours ? APR_SUCCESS : mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AUD, "aud names none of MyNumberBearerAudience");
}

/* RFC 9068 calls the client client_id, OpenID Connect azp: where both stand they are the same. */
static apr_status_t check_client(judging_t *judging)
{
    const mnv_json_t *claims = judging->claims;
    const apr_array_header_t *clients = judging->options->bearer.clients;
    const char *azp = mnv_json_string(claims, "azp"), *client = mnv_json_string(claims, "client_id");

    if ((mnv_jwt_has(claims, "azp") && !azp) || (mnv_jwt_has(claims, "client_id") && !client) || (azp && client && strcmp(azp, client))) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AZP, "azp and client_id are not one and the same string");
    }
    if (clients && !is_among(clients, azp ? azp : client)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AZP, "the client is none of MyNumberBearerClient");
    }
    return APR_SUCCESS;
}

static apr_status_t check_exp(judging_t *judging)
{
    apr_status_t status = mnv_jwt_check_exp(judging->ctx, judging->claims, judging->options->call.clock_skew);

    (void)mnv_jwt_time(judging->claims, "exp", &judging->expires);
    return status;
}

/* nbf and iat: a long-lived token may be old, none is of the future. */
static apr_status_t check_past(judging_t *judging)
{
    static const struct {
        const char *claim;
        mnv_failure_e failure;
    } times[] = {{"nbf", MNV_FAIL_IDTOKEN_NBF}, {"iat", MNV_FAIL_IDTOKEN_IAT}};
    apr_time_t at, latest = mnv_now(judging->ctx) + judging->options->call.clock_skew;
    apr_size_t i;

    for (i = 0; i < 2; i++) {
        if (mnv_jwt_has(judging->claims, times[i].claim) && (!mnv_jwt_time(judging->claims, times[i].claim, &at) || at > latest)) {
            return mnv_fail(judging->ctx, times[i].failure, "%s is no time, or in the future by this server's clock", times[i].claim);
        }
    }
    return APR_SUCCESS;
}

static rule_t *const rules[] = {check_binding, check_iss, check_aud, check_client, check_exp, check_past, check_sub};

apr_status_t mnv_bearer_judge(mnv_ctx_t *ctx, const mnv_json_t *claims, const mnv_options_t *options, int is_told, apr_time_t *ends_at)
{
    judging_t judging = {ctx, claims, options, is_told, 0};
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; status == APR_SUCCESS && i < sizeof(rules) / sizeof(rules[0]); i++) {
        status = rules[i](&judging);
    }
    if (status == APR_SUCCESS) {
        *ends_at = judging.expires + options->call.clock_skew;
    }
    return status;
}

/* Whose it is. ------------------------------------------------------------- */

apr_status_t mnv_bearer_account(mnv_ctx_t *ctx, const mnv_json_t *claims, const mnv_options_t *options, mnv_account_t **account)
{
    const mnv_bearer_options_t *bearer = &options->bearer;
    mnv_idtoken_t token = {0};
    apr_status_t status;

    token.subject = mnv_json_string(claims, "sub");
    token.claims = claims;
    status = mnv_account_from_claims(ctx, bearer->issuer, &token, NULL, &bearer->signin, account);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (bearer->account_issuer) {
        (*account)->issuer = bearer->account_issuer;
    }
    if (bearer->account_kind) {
        (*account)->kind = bearer->account_kind;
    }
    (*account)->method = "bearer";
    (*account)->proof_at = 0;
    return APR_SUCCESS;
}
