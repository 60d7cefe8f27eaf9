#include "proto/userinfo.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <string.h>
#include "base/civil.h"
#include "base/log.h"
#include "base/text.h"
#include "proto/op_metadata.h"

#define ACCOUNT_LIMIT_BYTES 255
#define WITHHELD_NAME_LIMIT 64

/* Both places a claim may stand in, in the order they are looked at. */
typedef struct claims_t {
    mnv_ctx_t *ctx;
    const mnv_json_t *places[2]; /* userinfo, ID token; NULL: absent */
} claims_t;

static claims_t claims_of(mnv_ctx_t *ctx, const mnv_idtoken_t *token, const mnv_json_t *userinfo)
{
    claims_t claims = {ctx, {userinfo, token->claims}};

    return claims;
}

/* Missing, null and "" are alike: which of them the service sends is not published. */
static int is_empty(const mnv_json_t *object, const char *name)
{
    const char *text = mnv_json_string(object, name);
    mnv_json_kind_e kind = mnv_json_kind(object, name);

    return kind == MNV_JSON_ABSENT || kind == MNV_JSON_NULL || (text && !*text);
}

/* The object in which a claim has a value, NULL when none has it. */
static const mnv_json_t *place_of(const claims_t *claims, const char *name)
{
    int i = !is_empty(claims->places[0], name) ? 0 : 1;

    return !is_empty(claims->places[i], name) ? claims->places[i] : NULL;
}

static int is_clean(const char *text)
{
    return text && strlen(text) <= MNV_TEXT_LIMIT_BYTES && !mnv_text_has_control(text);
}

/* Take a text that is fit to be handed on. label is what the log calls it; its value never gets there. */
static apr_status_t admit(mnv_ctx_t *ctx, const char *label, const char *found, const char **text)
{
    if (!is_clean(found)) {
        return mnv_fail(ctx, MNV_FAIL_USERINFO_CONTENT, "%s is not a text without control characters of at most %d bytes",
                        label, MNV_TEXT_LIMIT_BYTES);
    }
    *text = found;
    return APR_SUCCESS;
}

/* A text member of an object, NULL when it has none. */
static apr_status_t text_in(mnv_ctx_t *ctx, const mnv_json_t *object, const char *name, const char **text)
{
    *text = NULL;
    return is_empty(object, name) ? APR_SUCCESS : admit(ctx, name, mnv_json_string(object, name), text);
}

/* Join the parts that are there by a blank, NULL when there are none. */
static apr_status_t join(mnv_ctx_t *ctx, const char *label, const char *const *parts, apr_size_t count, const char **text)
{
    const char *joined = NULL;
    apr_size_t i;

    for (i = 0; i < count; i++) {
        if (parts[i]) {
            joined = joined ? apr_pstrcat(ctx->pool, joined, " ", parts[i], NULL) : parts[i];
        }
    }
    if (joined && strlen(joined) > MNV_TEXT_LIMIT_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_USERINFO_CONTENT, "%s is longer than %d bytes", label, MNV_TEXT_LIMIT_BYTES);
    }
    *text = joined;
    return APR_SUCCESS;
}

/* One string as printed on the card; else OIDC's parts from one and the same place, family name first as on the card. */
static apr_status_t get_name(const claims_t *claims, const char **name)
{
    const mnv_json_t *place = place_of(claims, "name");
    const char *parts[2];
    apr_status_t status;

    if (place) {
        return text_in(claims->ctx, place, "name", name);
    }
    place = place_of(claims, "family_name");
    place = place ? place : place_of(claims, "given_name");
    status = text_in(claims->ctx, place, "family_name", &parts[0]);
    if (status == APR_SUCCESS) {
        status = text_in(claims->ctx, place, "given_name", &parts[1]);
    }
    return status == APR_SUCCESS ? join(claims->ctx, "name", parts, 2, name) : status;
}

/* A member of OIDC's address, which may hold line breaks (Core 5.1.1): each becomes one blank. */
static apr_status_t lines_in(mnv_ctx_t *ctx, const mnv_json_t *address, const char *name, const char **text)
{
    const char *found = mnv_json_string(address, name);
    char *flat, *to;

    if (!found) {
        return text_in(ctx, address, name, text);
    }
    flat = to = apr_palloc(ctx->pool, strlen(found) + 1);
    for (; *found; found++) {
        if (*found != '\r' || found[1] != '\n') {
            *to++ = *found == '\n' ? ' ' : *found;
        }
    }
    *to = '\0';
    *text = NULL;
    return *flat ? admit(ctx, name, flat, text) : APR_SUCCESS;
}

/* The service sends one string; OIDC an object (Core 5.1.1). */
static apr_status_t get_address(const claims_t *claims, const char **text)
{
    static const char *const members[] = {"postal_code", "region", "locality", "street_address"};
    const mnv_json_t *place = place_of(claims, "address"), *address;
    const char *parts[4];
    apr_status_t status;
    apr_size_t i;

    if (mnv_json_kind(place, "address") != MNV_JSON_OBJECT) {
        return text_in(claims->ctx, place, "address", text);
    }
    address = mnv_json_member(place, "address");
    status = lines_in(claims->ctx, address, "formatted", text);
    if (status != APR_SUCCESS || *text) {
        return status;
    }
    for (i = 0; i < 4; i++) {
        status = lines_in(claims->ctx, address, members[i], &parts[i]);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return join(claims->ctx, "address", parts, 4, text);
}

/* YYYYMMDD from the service, YYYY-MM-DD from OIDC. */
static apr_status_t get_birthdate(const claims_t *claims, const char **iso)
{
    const char *text;
    apr_status_t status = text_in(claims->ctx, place_of(claims, "birthdate"), "birthdate", &text);

    *iso = NULL;
    if (status == APR_SUCCESS && text
        && mnv_civil_birthdate(claims->ctx->pool, text, mnv_now(claims->ctx), iso) != APR_SUCCESS) {
        return mnv_fail(claims->ctx, MNV_FAIL_USERINFO_CONTENT, "birthdate is not a day");
    }
    return status;
}

/* ISO/IEC 5218 digits from the service (a string, or a number), words from OIDC. */
static apr_status_t get_gender(const claims_t *claims, const char **gender)
{
    static const char *const words[][2] = {
        {"1", "male"}, {"2", "female"}, {"9", "other"}, {"0", "unknown"}, {"male", "male"}, {"female", "female"},
    };
    const mnv_json_t *place = place_of(claims, "gender");
    const char *text;
    apr_int64_t digit;
    apr_size_t i;

    if (mnv_json_integer(place, "gender", &digit) == APR_SUCCESS) {
        text = apr_psprintf(claims->ctx->pool, "%" APR_INT64_T_FMT, digit);
    }
    else if (text_in(claims->ctx, place, "gender", &text) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *gender = text ? "other" : NULL;
    for (i = 0; text && i < sizeof(words) / sizeof(words[0]); i++) {
        if (!strcmp(text, words[i][0])) {
            *gender = words[i][1];
        }
    }
    return APR_SUCCESS;
}

apr_status_t mnv_identity_from_claims(mnv_ctx_t *ctx, const char *issuer, const mnv_idtoken_t *token,
                                      const mnv_json_t *userinfo, mnv_identity_t **identity)
{
    mnv_identity_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    claims_t claims = claims_of(ctx, token, userinfo);
    apr_status_t status;

    made->issuer = issuer;
    made->subject = token->subject;
    made->acr = token->acr;
    made->at = made->proof_at = mnv_now(ctx);
    if ((status = get_name(&claims, &made->name)) != APR_SUCCESS
        || (status = get_birthdate(&claims, &made->birthdate)) != APR_SUCCESS
        || (status = get_gender(&claims, &made->gender)) != APR_SUCCESS
        || (status = get_address(&claims, &made->address)) != APR_SUCCESS) {
        return status;
    }
    *identity = made;
    return APR_SUCCESS;
}

/* A value that may identify an account: what looks equal must be equal, so no blanks at the ends, no controls. */
static const char *identifier_in(const mnv_json_t *place, const char *name)
{
    const char *text = mnv_json_string(place, name);
    apr_size_t length = text ? strlen(text) : 0;

    if (length == 0 || length > ACCOUNT_LIMIT_BYTES || text[0] == ' ' || text[length - 1] == ' ') {
        return NULL;
    }
    return mnv_text_has_control(text) ? NULL : text;
}

/* Value of "a" or "a+b" in one place; the parts of a joined one hold no ":", else two accounts could read alike. */
static const char *account_in(const claims_t *claims, const mnv_json_t *place, const char *attribute)
{
    apr_pool_t *pool = claims->ctx->pool;
    const char *plus = strchr(attribute, '+'), *part, *rest;

    if (!plus) {
        return identifier_in(place, attribute);
    }
    part = identifier_in(place, apr_pstrmemdup(pool, attribute, (apr_size_t)(plus - attribute)));
    rest = identifier_in(place, plus + 1);
    if (!part || !rest || strchr(part, ':') || strchr(rest, ':')
        || strlen(part) + 1 + strlen(rest) > ACCOUNT_LIMIT_BYTES) {
        return NULL;
    }
    return apr_pstrcat(pool, part, ":", rest, NULL);
}

static apr_status_t identify(const claims_t *claims, const apr_array_header_t *attributes, mnv_account_t *account)
{
    int i, place, count = attributes ? attributes->nelts : 0;

    for (i = 0; i < (count ? count : 1); i++) {
        const char *attribute = count ? APR_ARRAY_IDX(attributes, i, const char *) : "sub";

        for (place = 0; place < 2; place++) {
            const char *value = account_in(claims, claims->places[place], attribute);

            if (value) {
                account->kind = attribute;
                account->value = value;
                return APR_SUCCESS;
            }
        }
    }
    return mnv_fail(claims->ctx, MNV_FAIL_ACCOUNT_ATTRIBUTE, "%d looked for in userinfo and ID token, first \"%s\"",
                    count ? count : 1, count ? APR_ARRAY_IDX(attributes, 0, const char *) : "sub");
}

/* Text of a string, integer or boolean (name NULL: of the value itself), NULL for others. */
static const char *scalar(apr_pool_t *pool, const mnv_json_t *json, const char *name)
{
    apr_int64_t number;

    switch (mnv_json_kind(json, name)) {
    case MNV_JSON_STRING:
        return mnv_json_string(json, name);
    case MNV_JSON_INTEGER:
        return mnv_json_integer(json, name, &number) == APR_SUCCESS ? apr_psprintf(pool, "%" APR_INT64_T_FMT, number) : NULL;
    case MNV_JSON_BOOL:
        return mnv_json_bool(json, name) ? "true" : "false";
    default:
        return NULL;
    }
}

/* An attribute as one text, NULL when any part of it cannot be handed on: half a list of groups would be another list. */
static const char *attribute_in(apr_pool_t *pool, const mnv_json_t *place, const char *name)
{
    const mnv_json_t *list = mnv_json_kind(place, name) == MNV_JSON_ARRAY ? mnv_json_member(place, name) : NULL;
    apr_array_header_t *values = apr_array_make(pool, 4, sizeof(const char *));
    apr_size_t i, count = list ? mnv_json_size(list) : 1;
    const char *joined;

    for (i = 0; i < count; i++) {
        const char *value = list ? scalar(pool, mnv_json_at(list, i), NULL) : scalar(pool, place, name);

        if (!is_clean(value)) {
            return NULL;
        }
        APR_ARRAY_PUSH(values, const char *) = value;
    }
    joined = mnv_text_join(pool, values);
    return strlen(joined) <= MNV_ATTRIBUTE_LIMIT_BYTES ? joined : NULL;
}

static int add_name(void *names, const char *name, const mnv_json_t *value)
{
    (void)value;
    if (mnv_text_is_token(name, WITHHELD_NAME_LIMIT)) {
        APR_ARRAY_PUSH((apr_array_header_t *)names, const char *) = name;
    }
    return 0;
}

/* What the provider has and did not send along: groups beyond 150 or 200 at Microsoft Entra ID. */
static apr_array_header_t *withheld(const claims_t *claims)
{
    apr_array_header_t *names = apr_array_make(claims->ctx->pool, 2, sizeof(const char *));
    int place;

    for (place = 0; place < 2; place++) {
        if (mnv_json_kind(claims->places[place], MNV_ATTRIBUTE_WITHHELD) == MNV_JSON_OBJECT) {
            mnv_json_each(mnv_json_member(claims->places[place], MNV_ATTRIBUTE_WITHHELD), add_name, names);
        }
        if (mnv_json_bool(claims->places[place], "hasgroups") == 1) {
            add_name(names, "groups", NULL);
        }
    }
    return names;
}

/* What is told and cannot be handed on is withheld too: neither there nor not there, for a rule behind "not" would let in whom it is to keep out. */
static void pass_on(const claims_t *claims, const apr_array_header_t *names, apr_table_t *attributes)
{
    apr_array_header_t *absent = withheld(claims);
    int i, is_asked = 0;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        const mnv_json_t *place = place_of(claims, name);
        const char *value = place ? attribute_in(claims->ctx->pool, place, name) : NULL;

        if (!strcmp(name, MNV_ATTRIBUTE_WITHHELD)) {
            is_asked = 1;
        }
        else if (value && *value) {
            apr_table_setn(attributes, name, value);
        }
        else if (place && !value) {
            APR_ARRAY_PUSH(absent, const char *) = name;
            mnv_log(claims->ctx, MNV_LOG_WARNING, MNVLOGNO(1200) "account attribute \"%s\" is left out: "
                    "not texts, numbers or booleans of at most %d bytes, %d together, without control characters", name, MNV_TEXT_LIMIT_BYTES, MNV_ATTRIBUTE_LIMIT_BYTES);
        }
    }
    if (is_asked && absent->nelts) {
        apr_table_setn(attributes, MNV_ATTRIBUTE_WITHHELD, mnv_text_join(claims->ctx->pool, absent));
    }
}

/* Another identity provider than the tenant has signed them in. The tenant may be called by the issuer of its older tokens. */
static int is_guest(mnv_ctx_t *ctx, const char *issuer, const char *tenant, const mnv_json_t *token)
{
    const char *idp = mnv_json_string(token, "idp");

    if (mnv_json_kind(token, "idp") == MNV_JSON_ABSENT) {
        return 0;
    }
    return !idp || (strcmp(idp, issuer) && (!tenant || strcmp(idp, apr_pstrcat(ctx->pool, "https://sts.windows.net/", tenant, "/", NULL))));
}

/* What holds of a tenant of Microsoft Entra ID: its tokens are of its own people. */
static apr_status_t check_tenant(mnv_ctx_t *ctx, const char *issuer, const mnv_json_t *token, const mnv_signin_options_t *options, const mnv_account_t *account)
{
    const char *tenant = mnv_op_tenant(ctx->pool, issuer), *tid = mnv_json_string(token, "tid");

    if (tenant && mnv_json_kind(token, "tid") != MNV_JSON_ABSENT && (!tid || apr_cstr_casecmp(tid, tenant))) {
        return mnv_fail(ctx, MNV_FAIL_IDTOKEN_ISS, "tid is not the tenant \"%s\"", tenant);
    }
    if (tenant && !tid && !strcmp(account->kind, "oid")) { /* unique within its tenant alone */
        return mnv_fail(ctx, MNV_FAIL_ACCOUNT_ATTRIBUTE, "oid without tid");
    }
    return options->refuse_guests && is_guest(ctx, issuer, tenant, token) ? mnv_fail(ctx, MNV_FAIL_ACCOUNT_GUEST, NULL) : APR_SUCCESS;
}

apr_status_t mnv_account_from_claims(mnv_ctx_t *ctx, const char *issuer, const mnv_idtoken_t *token,
                                     const mnv_json_t *userinfo, const mnv_signin_options_t *options,
                                     mnv_account_t **account)
{
    mnv_account_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    claims_t claims = claims_of(ctx, token, userinfo);
    const char *name = mnv_json_string(place_of(&claims, "name"), "name"), *sid = mnv_json_string(token->claims, "sid");
    apr_status_t status = identify(&claims, options->account_attributes, made);

    if (status == APR_SUCCESS) {
        status = check_tenant(ctx, issuer, token->claims, options, made);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    made->issuer = issuer;
    made->op_subject = token->subject;
    made->op_session = sid && mnv_text_is_token(sid, MNV_SUBJECT_LIMIT) ? sid : NULL; /* by another the provider could not name it in a logout token */
    made->name = is_clean(name) ? name : NULL; /* shown only: an odd one is no reason to refuse the person */
    made->acr = token->acr;
    made->method = "oidc";
    made->at = made->proof_at = mnv_now(ctx);
    made->attributes = apr_table_make(ctx->pool, 4);
    pass_on(&claims, options->account_keep, made->attributes);
    *account = made;
    return APR_SUCCESS;
}
