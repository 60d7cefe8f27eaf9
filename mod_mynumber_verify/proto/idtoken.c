#include "proto/idtoken.h"

#include <apr_cstr.h>
#include <string.h>
#include "base/base64url.h"
#include "base/secret.h"
#include "base/text.h"
#include "lib/crypt.h"
#include "lib/json.h"
#include "proto/jwt_rules.h"

#define ACR_LIMIT_BYTES 255

/* A token before the rules. */
typedef struct judging_t {
    mnv_ctx_t *ctx;
    const mnv_jws_t *jws;
    const mnv_json_t *claims;
    const mnv_idtoken_expect_t *expect;
    mnv_idtoken_t *token; /* what the rules have accepted so far */
} judging_t;

typedef apr_status_t rule_t(judging_t *judging);

/* RFC 8725 3.11, 3.12: a JWT that says it is of another kind (at+jwt, logout+jwt, …) is not taken for an ID token,
 * which needs no typ. */
static apr_status_t check_typ(judging_t *judging)
{
    const char *typ = judging->jws->typ;
    apr_size_t length = typ ? strlen(typ) : 0;

    if (length >= 4 && !apr_cstr_casecmp(typ + length - 4, "+jwt")) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_CLAIMS, "typ is of another kind of token");
    }
    return APR_SUCCESS;
}

/* 3.1.3.7 step 2: iss exactly. */
static apr_status_t check_iss(judging_t *judging)
{
    return mnv_jwt_check_iss(judging->ctx, judging->claims, judging->expect->issuer);
}

static apr_status_t check_sub(judging_t *judging)
{
    return mnv_jwt_check_sub(judging->ctx, judging->claims, &judging->token->subject);
}

/* Step 3: aud is or holds our client_id. */
static apr_status_t check_aud(judging_t *judging)
{
    return mnv_jwt_check_aud(judging->ctx, judging->claims, judging->expect->client_id);
}

/* Steps 4 and 5: azp stands beside several audiences, and is ours wherever it stands. Else a token made for another
 * client that also names us would pass. */
static apr_status_t check_azp(judging_t *judging)
{
    int ours;

    if (!mnv_jwt_has(judging->claims, "azp")) {
        if (mnv_jwt_audiences(judging->claims, judging->expect->client_id, &ours) > 1) {
            return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AZP, "several audiences and no azp");
        }
        return APR_SUCCESS;
    }
    if (!mnv_jwt_same(mnv_json_string(judging->claims, "azp"), judging->expect->client_id)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AZP, "azp is not client \"%s\"",
                        judging->expect->client_id ? judging->expect->client_id : "");
    }
    return APR_SUCCESS;
}

/* Step 9: exp is to come. */
static apr_status_t check_exp(judging_t *judging)
{
    return mnv_jwt_check_exp(judging->ctx, judging->claims, judging->expect->skew);
}

/* Step 10: iat is now. */
static apr_status_t check_iat(judging_t *judging)
{
    return mnv_jwt_check_iat(judging->ctx, judging->claims, judging->expect->skew, &judging->token->issued_at);
}

/* RFC 7519 4.1.5: nbf, where present, is past. */
static apr_status_t check_nbf(judging_t *judging)
{
    apr_time_t begins, now = mnv_now(judging->ctx);

    if (!mnv_jwt_has(judging->claims, "nbf")) {
        return APR_SUCCESS;
    }
    if (!mnv_jwt_time(judging->claims, "nbf", &begins)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_NBF, "nbf is no time");
    }
    if (begins > now + judging->expect->skew) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_NBF, "%" APR_INT64_T_FMT " s to go by this server's clock",
                        apr_time_sec(begins - now));
    }
    return APR_SUCCESS;
}

/* Step 11: the nonce of this very flow, else a token or code stolen elsewhere could be injected here. */
static apr_status_t check_nonce(judging_t *judging)
{
    if (!mnv_secret_equal_text(mnv_json_string(judging->claims, "nonce"), judging->expect->nonce)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_NONCE, mnv_jwt_has(judging->claims, "nonce") ? NULL : "nonce is missing");
    }
    return APR_SUCCESS;
}

/* 3.1.3.8: at_hash, where present, binds the access token. RS256 and ES256 both hash by SHA-256. */
static apr_status_t check_at_hash(judging_t *judging)
{
    const char *access_token = judging->expect->access_token, *right;
    unsigned char digest[MNV_DIGEST_BYTES];

    if (!access_token || !mnv_jwt_has(judging->claims, "at_hash")) {
        return APR_SUCCESS;
    }
    if (mnv_crypt_sha256(access_token, strlen(access_token), digest) != APR_SUCCESS) {
        return mnv_fail(judging->ctx, MNV_FAIL_CRYPTO, "at_hash");
    }
    right = mnv_base64url_encode(judging->ctx->pool, digest, sizeof(digest) / 2);
    if (!mnv_secret_equal_text(mnv_json_string(judging->claims, "at_hash"), right)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AT_HASH, NULL);
    }
    return APR_SUCCESS;
}

/* Step 12: acr is one of those accepted, where any are named. An empty one counts as none. */
static apr_status_t check_acr(judging_t *judging)
{
    const apr_array_header_t *accepted = judging->expect->accept_acr;
    const char *acr = mnv_json_string(judging->claims, "acr");
    int i, found = !accepted || accepted->nelts == 0;

    if (mnv_jwt_has(judging->claims, "acr") && (!acr || (*acr && !mnv_text_is_token(acr, ACR_LIMIT_BYTES)))) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_CLAIMS, "acr is not a string of at most %d printable ASCII characters",
                        ACR_LIMIT_BYTES);
    }
    acr = acr && *acr ? acr : NULL;
    for (i = 0; !found && i < accepted->nelts; i++) {
        found = mnv_jwt_same(acr, APR_ARRAY_IDX(accepted, i, const char *));
    }
    if (!found) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_ACR, "\"%s\"", acr ? acr : "");
    }
    judging->token->acr = acr;
    return APR_SUCCESS;
}

/* Step 13: auth_time, where present, is a time (we send no max_age to hold it against). */
static apr_status_t check_auth_time(judging_t *judging)
{
    if (mnv_jwt_has(judging->claims, "auth_time") && !mnv_jwt_time(judging->claims, "auth_time", &judging->token->auth_time)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_CLAIMS, "auth_time is no time");
    }
    return APR_SUCCESS;
}

/* In the order of OpenID Connect Core 3.1.3.7. Step 1 (encryption): we register none. Steps 6 to 8 (signature,
 * algorithm, MAC): mnv_jws_parse() and mnv_jws_verify(), before this. */
static rule_t *const rules[] = {
    check_typ, check_iss,   check_sub,     check_aud, check_azp,       check_exp, check_iat,
    check_nbf, check_nonce, check_at_hash, check_acr, check_auth_time,
};

apr_status_t mnv_idtoken_judge(mnv_ctx_t *ctx, const mnv_jws_t *jws, const mnv_idtoken_expect_t *expect,
                               mnv_idtoken_t **token)
{
    mnv_idtoken_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    judging_t judging = {ctx, jws, jws->payload, expect, made};
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; status == APR_SUCCESS && i < sizeof(rules) / sizeof(rules[0]); i++) {
        status = rules[i](&judging);
    }
    if (status == APR_SUCCESS) {
        made->claims = jws->payload;
        *token = made;
    }
    return status;
}
