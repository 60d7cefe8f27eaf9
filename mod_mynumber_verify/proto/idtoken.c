#include "proto/idtoken.h"

#include <apr_cstr.h>
#include <string.h>
#include "base/base64url.h"
#include "base/secret.h"
#include "base/text.h"
#include "lib/crypt.h"
#include "lib/json.h"

/* Outside of these a number is no time: milliseconds, -2, or what another library would wrap round to. */
#define YEAR_2000_SEC APR_INT64_C(946684800)
#define YEAR_2200_SEC APR_INT64_C(7258118400)
#define AGE_LIMIT apr_time_from_sec(15 * 60) /* a token is fetched the moment it is made; the lifetime of a flow is ample */
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

/* Equal as bytes (OpenID Connect Core 14: no normalization); what is absent on either side equals nothing. */
static int same(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* A text for the log that may be absent. */
static const char *shown(const char *text)
{
    return text ? text : "";
}

static int is_present(const judging_t *judging, const char *claim)
{
    return mnv_json_kind(judging->claims, claim) != MNV_JSON_ABSENT;
}

/* A NumericDate that is a time. */
static int get_time(const judging_t *judging, const char *claim, apr_time_t *at)
{
    apr_int64_t seconds;

    if (mnv_json_integer(judging->claims, claim, &seconds) != APR_SUCCESS
        || seconds < YEAR_2000_SEC || seconds >= YEAR_2200_SEC) {
        return 0;
    }
    *at = apr_time_from_sec(seconds);
    return 1;
}

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
    if (!same(mnv_json_string(judging->claims, "iss"), judging->expect->issuer)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_ISS, "\"%s\" is expected", shown(judging->expect->issuer));
    }
    return APR_SUCCESS;
}

/* Section 2: sub, at most 255 ASCII characters, case-sensitive. It becomes a key and a header: no blanks, no controls. */
static apr_status_t check_sub(judging_t *judging)
{
    const char *sub = mnv_json_string(judging->claims, "sub");

    if (!sub || !mnv_text_is_token(sub, MNV_SUBJECT_LIMIT)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_SUB, "not a string of 1 to %d printable ASCII characters", MNV_SUBJECT_LIMIT);
    }
    judging->token->subject = sub;
    return APR_SUCCESS;
}

/* How many audiences; -1 when aud is neither a string nor an array of strings. */
static int count_audiences(const judging_t *judging, int *ours)
{
    const mnv_json_t *audiences = mnv_json_member(judging->claims, "aud");
    apr_size_t i, count = mnv_json_size(audiences);

    *ours = 0;
    if (mnv_json_kind(judging->claims, "aud") == MNV_JSON_STRING) {
        *ours = same(mnv_json_string(judging->claims, "aud"), judging->expect->client_id);
        return 1;
    }
    if (mnv_json_kind(judging->claims, "aud") != MNV_JSON_ARRAY) {
        return -1;
    }
    for (i = 0; i < count; i++) {
        const char *audience = mnv_json_string(mnv_json_at(audiences, i), NULL);

        if (!audience) {
            return -1;
        }
        *ours |= same(audience, judging->expect->client_id);
    }
    return (int)count;
}

/* Step 3: aud is or holds our client_id. */
static apr_status_t check_aud(judging_t *judging)
{
    int ours, count = count_audiences(judging, &ours);

    if (count < 0) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AUD, "aud is neither a string nor an array of strings");
    }
    if (!ours) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AUD, "aud does not name client \"%s\"",
                        shown(judging->expect->client_id));
    }
    return APR_SUCCESS;
}

/* Steps 4 and 5: azp stands beside several audiences, and is ours wherever it stands. Else a token made for another
 * client that also names us would pass. */
static apr_status_t check_azp(judging_t *judging)
{
    int ours;

    if (!is_present(judging, "azp")) {
        if (count_audiences(judging, &ours) > 1) {
            return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AZP, "several audiences and no azp");
        }
        return APR_SUCCESS;
    }
    if (!same(mnv_json_string(judging->claims, "azp"), judging->expect->client_id)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_AZP, "azp is not client \"%s\"",
                        shown(judging->expect->client_id));
    }
    return APR_SUCCESS;
}

/* Step 9: exp is to come. */
static apr_status_t check_exp(judging_t *judging)
{
    apr_time_t expires, now = mnv_now(judging->ctx);

    if (!get_time(judging, "exp", &expires)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_EXP, "exp is missing or no time");
    }
    if (expires <= now - judging->expect->skew) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_EXP, "%" APR_INT64_T_FMT " s ago", apr_time_sec(now - expires));
    }
    return APR_SUCCESS;
}

/* Step 10: iat is now. */
static apr_status_t check_iat(judging_t *judging)
{
    apr_time_t issued, now = mnv_now(judging->ctx);

    if (!get_time(judging, "iat", &issued)) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_IAT, "iat is missing or no time");
    }
    if (issued > now + judging->expect->skew) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_IAT, "%" APR_INT64_T_FMT " s in the future by this server's clock",
                        apr_time_sec(issued - now));
    }
    if (issued < now - AGE_LIMIT - judging->expect->skew) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_IAT, "%" APR_INT64_T_FMT " s old by this server's clock",
                        apr_time_sec(now - issued));
    }
    judging->token->issued_at = issued;
    return APR_SUCCESS;
}

/* RFC 7519 4.1.5: nbf, where present, is past. */
static apr_status_t check_nbf(judging_t *judging)
{
    apr_time_t begins, now = mnv_now(judging->ctx);

    if (!is_present(judging, "nbf")) {
        return APR_SUCCESS;
    }
    if (!get_time(judging, "nbf", &begins)) {
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
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_NONCE, is_present(judging, "nonce") ? NULL : "nonce is missing");
    }
    return APR_SUCCESS;
}

/* 3.1.3.8: at_hash, where present, binds the access token. RS256 and ES256 both hash by SHA-256. */
static apr_status_t check_at_hash(judging_t *judging)
{
    const char *access_token = judging->expect->access_token, *right;
    unsigned char digest[MNV_DIGEST_BYTES];

    if (!access_token || !is_present(judging, "at_hash")) {
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

    if (is_present(judging, "acr") && (!acr || (*acr && !mnv_text_is_token(acr, ACR_LIMIT_BYTES)))) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_CLAIMS, "acr is not a string of at most %d printable ASCII characters",
                        ACR_LIMIT_BYTES);
    }
    acr = acr && *acr ? acr : NULL;
    for (i = 0; !found && i < accepted->nelts; i++) {
        found = same(acr, APR_ARRAY_IDX(accepted, i, const char *));
    }
    if (!found) {
        return mnv_fail(judging->ctx, MNV_FAIL_IDTOKEN_ACR, "\"%s\"", shown(acr));
    }
    judging->token->acr = acr;
    return APR_SUCCESS;
}

/* Step 13: auth_time, where present, is a time (we send no max_age to hold it against). */
static apr_status_t check_auth_time(judging_t *judging)
{
    if (is_present(judging, "auth_time") && !get_time(judging, "auth_time", &judging->token->auth_time)) {
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
