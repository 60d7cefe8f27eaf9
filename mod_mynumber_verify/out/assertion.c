#include "out/assertion.h"

#include <apr_strings.h>
#include <string.h>
#include "base/text.h"
#include "lib/jose.h"
#include "lib/json.h"

#define ID_BYTES 16

_Static_assert(MNV_ATTRIBUTE_MAX <= 64, "mnv_assertion_source_t.exported_attributes is full");

/* "age-over-18" as "age_over_18". */
static const char *claim_name(apr_pool_t *pool, const char *name)
{
    char *made = apr_pstrdup(pool, name), *at;

    for (at = made; (at = strchr(at, '-')); at++) {
        *at = '_';
    }
    return made;
}

static const char *value_of(const mnv_assertion_source_t *source, apr_uint32_t slot)
{
    return mnv_record_value(source->record, MNV_ENCODING_UTF8, slot);
}

static mnv_json_t *to_list(apr_pool_t *pool, const char *joined)
{
    const apr_array_header_t *values = mnv_text_split(pool, joined);
    mnv_json_t *array = mnv_json_array(pool);
    int i;

    for (i = 0; i < values->nelts; i++) {
        mnv_json_add_string(array, APR_ARRAY_IDX(values, i, const char *));
    }
    return array;
}

/* OpenID Connect Core 5.1.1: an address is an object. */
static void set_address(apr_pool_t *pool, mnv_json_t *claims, const char *name, const char *value)
{
    mnv_json_t *address = mnv_json_object(pool);

    mnv_json_set_string(address, "formatted", value);
    mnv_json_set(claims, name, address);
}

static void set_fact(apr_pool_t *pool, const mnv_fact_t *fact, const char *value, mnv_json_t *claims, mnv_json_t *personal)
{
    const char *name = claim_name(pool, fact->name);

    switch (fact->claim) {
    case MNV_CLAIM_TEXT:
        mnv_json_set_string(claims, name, value);
        break;
    case MNV_CLAIM_FLAG:
        mnv_json_set_bool(claims, name, !strcmp(value, "1"));
        break;
    case MNV_CLAIM_LIST:
        mnv_json_set(claims, name, to_list(pool, value));
        break;
    case MNV_CLAIM_PERSONAL:
        mnv_json_set_string(personal, name, value);
        break;
    case MNV_CLAIM_PERSONAL_FLAG:
        mnv_json_set_bool(personal, name, !strcmp(value, "1"));
        break;
    case MNV_CLAIM_PERSONAL_ADDRESS:
        set_address(pool, personal, name, value);
        break;
    case MNV_CLAIM_ELSEWHERE:
        break;
    }
}

/* OpenID Identity Assurance Schema Definition 1.0, 5.4.1: who says so, and when it was checked. */
static void set_verified_claims(apr_pool_t *pool, const mnv_assertion_source_t *source, const mnv_json_t *personal, mnv_json_t *claims)
{
    mnv_json_t *verified = mnv_json_object(pool), *verification = mnv_json_object(pool);

    if (!mnv_json_size(personal)) { /* 5.3: claims is not empty */
        return;
    }
    mnv_json_set_string(verification, "trust_framework", MNV_ASSERTION_TRUST_FRAMEWORK);
    mnv_json_set_string(verification, "time", value_of(source, MNV_FACT_VERIFIED_AT));
    mnv_json_set(verified, "verification", verification);
    mnv_json_set(verified, "claims", personal);
    mnv_json_set(claims, "verified_claims", verified);
}

static void set_facts(apr_pool_t *pool, const mnv_assertion_source_t *source, mnv_json_t *claims)
{
    mnv_json_t *personal = mnv_json_object(pool);
    apr_uint32_t i;

    for (i = 0; i < MNV_FACT_COUNT; i++) {
        const char *value = source->facts & (1u << i) ? value_of(source, i) : NULL;

        if (value) {
            set_fact(pool, &mnv_facts()[i], value, claims, personal);
        }
    }
    set_verified_claims(pool, source, personal, claims);
}

static void set_attributes(apr_pool_t *pool, const mnv_assertion_source_t *source, mnv_json_t *claims)
{
    const apr_array_header_t *names = source->attributes;
    mnv_json_t *attributes = mnv_json_object(pool);
    int i;

    for (i = 0; names && i < names->nelts && i < MNV_ATTRIBUTE_MAX; i++) {
        const char *value = source->exported_attributes >> i & 1 ? value_of(source, MNV_FACT_COUNT + (apr_uint32_t)i) : NULL;

        if (value) {
            mnv_json_set(attributes, APR_ARRAY_IDX(names, i, const char *), to_list(pool, value));
        }
    }
    if (mnv_json_size(attributes)) {
        mnv_json_set(claims, "attributes", attributes);
    }
}

/* The registered claims (RFC 7519 4.1), and how the person proved who they are (OpenID Connect Core 2). */
static apr_status_t set_head(mnv_ctx_t *ctx, const mnv_assertion_source_t *source, apr_time_t expires_at, mnv_json_t *claims)
{
    const mnv_record_t *record = source->record;
    apr_time_t proved_at = record->account_at ? record->account_at : record->identity_at;
    const char *id = mnv_random_id(ctx, ID_BYTES);

    if (!id) {
        return APR_EGENERAL; /* told */
    }
    mnv_json_set_string(claims, "iss", source->issuer);
    mnv_json_set_string(claims, "aud", source->audience);
    mnv_json_set_string(claims, "sub", source->subject);
    mnv_json_set_integer(claims, "iat", apr_time_sec(mnv_now(ctx)));
    mnv_json_set_integer(claims, "exp", apr_time_sec(expires_at));
    mnv_json_set_string(claims, "jti", id);
    mnv_json_set_integer(claims, "auth_time", apr_time_sec(proved_at));
    mnv_json_set_string(claims, "acr", value_of(source, MNV_FACT_ACR));
    return APR_SUCCESS;
}

apr_status_t mnv_assertion_make(mnv_ctx_t *ctx, const mnv_assertion_source_t *source, const mnv_private_key_t *key, const char **token, apr_time_t *expires_at)
{
    mnv_json_t *claims = mnv_json_object(ctx->pool);
    apr_time_t end = mnv_now(ctx) + MNV_ASSERTION_LIFETIME;
    apr_status_t status;

    *expires_at = end < source->record->expires_at ? end : source->record->expires_at;
    status = set_head(ctx, source, *expires_at, claims);
    if (status != APR_SUCCESS) {
        return status;
    }
    set_facts(ctx->pool, source, claims);
    set_attributes(ctx->pool, source, claims);
    status = mnv_jws_sign(ctx, key, MNV_ASSERTION_TYPE, claims, token);
    if (status == APR_SUCCESS && strlen(*token) > MNV_ASSERTION_LIMIT_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_ASSERTION_SIZE, "%" APR_SIZE_T_FMT " bytes for \"%.200s\"; MyNumberExport says what stands in it", strlen(*token), source->audience);
    }
    return status;
}
