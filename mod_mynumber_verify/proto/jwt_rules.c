#include "proto/jwt_rules.h"

#include <string.h>
#include "base/text.h"
#include "lib/json.h"
#include "model/options.h"

/* Outside of these a number is no time: milliseconds, -2, or what another library would wrap round to. */
#define YEAR_2000_SEC APR_INT64_C(946684800)
#define YEAR_2200_SEC APR_INT64_C(7258118400)

int mnv_jwt_same(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* A text for the log that may be absent. */
static const char *shown(const char *text)
{
    return text ? text : "";
}

int mnv_jwt_has(const mnv_json_t *claims, const char *claim)
{
    return mnv_json_kind(claims, claim) != MNV_JSON_ABSENT;
}

int mnv_jwt_time(const mnv_json_t *claims, const char *claim, apr_time_t *at)
{
    apr_int64_t seconds;

    if (mnv_json_integer(claims, claim, &seconds) != APR_SUCCESS || seconds < YEAR_2000_SEC || seconds >= YEAR_2200_SEC) {
        return 0;
    }
    *at = apr_time_from_sec(seconds);
    return 1;
}

int mnv_jwt_audiences(const mnv_json_t *claims, const char *client_id, int *ours)
{
    const mnv_json_t *audiences = mnv_json_member(claims, "aud");
    apr_size_t i, count = mnv_json_size(audiences);

    *ours = 0;
    if (mnv_json_kind(claims, "aud") == MNV_JSON_STRING) {
        *ours = mnv_jwt_same(mnv_json_string(claims, "aud"), client_id);
        return 1;
    }
    if (mnv_json_kind(claims, "aud") != MNV_JSON_ARRAY) {
        return -1;
    }
    for (i = 0; i < count; i++) {
        const char *audience = mnv_json_string(mnv_json_at(audiences, i), NULL);

        if (!audience) {
            return -1;
        }
        *ours |= mnv_jwt_same(audience, client_id);
    }
    return (int)count;
}

apr_status_t mnv_jwt_check_iss(mnv_ctx_t *ctx, const mnv_json_t *claims, const char *issuer)
{
    if (!mnv_jwt_same(mnv_json_string(claims, "iss"), issuer)) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_ISS, "\"%s\" is expected", shown(issuer));
    }
    return APR_SUCCESS;
}

/* At most 255 ASCII characters, case-sensitive (Core 2). It becomes a key and a header: no blanks, no controls. */
apr_status_t mnv_jwt_check_sub(mnv_ctx_t *ctx, const mnv_json_t *claims, const char **subject)
{
    const char *sub = mnv_json_string(claims, "sub");

    if (!sub || !mnv_text_is_token(sub, MNV_SUBJECT_LIMIT)) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_SUB, "not a string of 1 to %d printable ASCII characters", MNV_SUBJECT_LIMIT);
    }
    *subject = sub;
    return APR_SUCCESS;
}

apr_status_t mnv_jwt_check_aud(mnv_ctx_t *ctx, const mnv_json_t *claims, const char *client_id)
{
    int ours, count = mnv_jwt_audiences(claims, client_id, &ours);

    if (count < 0) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_AUD, "aud is neither a string nor an array of strings");
    }
    if (!ours) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_AUD, "aud does not name client \"%s\"", shown(client_id));
    }
    return APR_SUCCESS;
}

apr_status_t mnv_jwt_check_exp(mnv_ctx_t *ctx, const mnv_json_t *claims, apr_interval_time_t skew)
{
    apr_time_t expires, now = mnv_now(ctx);

    if (!mnv_jwt_time(claims, "exp", &expires)) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_EXP, "exp is missing or no time");
    }
    if (expires <= now - skew) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_EXP, "%" APR_INT64_T_FMT " s ago", apr_time_sec(now - expires));
    }
    return APR_SUCCESS;
}

apr_status_t mnv_jwt_check_iat(mnv_ctx_t *ctx, const mnv_json_t *claims, apr_interval_time_t skew, apr_time_t *issued_at)
{
    apr_time_t issued, now = mnv_now(ctx);

    if (!mnv_jwt_time(claims, "iat", &issued)) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_IAT, "iat is missing or no time");
    }
    if (issued > now + skew) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_IAT, "%" APR_INT64_T_FMT " s in the future by this server's clock", apr_time_sec(issued - now));
    }
    if (issued < now - MNV_JWT_AGE_LIMIT - skew) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_IAT, "%" APR_INT64_T_FMT " s old by this server's clock", apr_time_sec(now - issued));
    }
    *issued_at = issued;
    return APR_SUCCESS;
}
