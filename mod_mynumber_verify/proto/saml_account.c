#include "proto/saml_attributes.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "base/text.h"

#define ACCOUNT_LIMIT_BYTES 255

/* In this order where the configuration names none: what is never given to another person first. */
static const char *const by_default[] = {
    "subject-id", "pairwise-id", "objectidentifier", MNV_SAML_NAME_ID, "eduPersonTargetedID", "eduPersonPrincipalName", "upn",
};
#define DEFAULTS (int)(sizeof(by_default) / sizeof(by_default[0]))

/* Those whose end must be one of the provider's scopes. */
static const char *const scoped[] = {
    "subject-id", "pairwise-id", "eduPersonPrincipalName", "eduPersonScopedAffiliation", "eduPersonUniqueId", "gakuninScopedPersonalUniqueCode",
};

static int is_scoped(const char *short_name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(scoped) / sizeof(scoped[0]); i++) {
        if (!strcmp(short_name, scoped[i])) {
            return 1;
        }
    }
    return 0;
}

/* May this value of this attribute come from this provider? Else one university could name people of another. */
static int is_allowed(const mnv_saml_account_rules_t *rules, const char *short_name, const char *value)
{
    return !rules->scopes || !is_scoped(short_name) || mnv_saml_is_in_scope(rules->scopes, value);
}

static const char *only_value(const mnv_saml_statement_t *statement, const char *name)
{
    const apr_array_header_t *values = mnv_saml_values(statement, name);

    return values && values->nelts == 1 ? APR_ARRAY_IDX(values, 0, const char *) : NULL;
}

static const char *identifier_in(const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules, const char *short_name)
{
    const mnv_saml_name_id_t *name_id = &statement->name_id;
    const char *value;

    if (!strcmp(short_name, MNV_SAML_NAME_ID)) {
        value = name_id->format && !strcmp(name_id->format, MNV_SAML_PERSISTENT) ? name_id->value : NULL;
    }
    else {
        value = only_value(statement, short_name);
    }
    return value && strlen(value) <= ACCOUNT_LIMIT_BYTES && is_allowed(rules, short_name, value) ? value : NULL;
}

static apr_status_t identify(mnv_ctx_t *ctx, const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules, mnv_account_t *account)
{
    const apr_array_header_t *named = rules->signin->account_attributes;
    int i, count = named && named->nelts > 0 ? named->nelts : 0;

    for (i = 0; i < (count ? count : DEFAULTS); i++) {
        const char *name = mnv_saml_short_name(count ? APR_ARRAY_IDX(named, i, const char *) : by_default[i]);
        const char *value = identifier_in(statement, rules, name);

        if (!value) {
            continue;
        }
        if (!count && (!strcmp(name, "eduPersonPrincipalName") || !strcmp(name, "upn"))) {
            mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1251) "the account is known by its %s only, which may be given to another person later", name);
        }
        account->kind = name;
        account->value = value;
        return APR_SUCCESS;
    }
    return mnv_fail(ctx, MNV_FAIL_ACCOUNT_ATTRIBUTE, "%d looked for in the assertion, first \"%s\"", count ? count : DEFAULTS,
                    count ? APR_ARRAY_IDX(named, 0, const char *) : by_default[0]);
}

/* Entra ID: an account of the tenant that is meant, and no guest of it. */
static apr_status_t check_tenant(mnv_ctx_t *ctx, const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules)
{
    const char *tenant = only_value(statement, "tenantid"), *home = only_value(statement, "identityprovider");

    if (rules->tenant && (!tenant || strcmp(tenant, rules->tenant))) {
        return mnv_fail(ctx, MNV_FAIL_SAML_TENANT, "tenantid is missing or another one");
    }
    if (rules->refuse_guests && mnv_saml_values(statement, "identityprovider") && (!home || strcmp(home, statement->issuer))) {
        return mnv_fail(ctx, MNV_FAIL_SAML_TENANT, "a guest");
    }
    return APR_SUCCESS;
}

/* To show only, as universities of Japan and Entra ID send it. */
static const char *name_of(apr_pool_t *pool, const mnv_saml_statement_t *statement)
{
    static const char *const whole[] = { "jaDisplayName", "displayName" };
    const char *name, *family = only_value(statement, "jasn"), *given = only_value(statement, "jaGivenName");
    int i;

    for (i = 0; i < 2; i++) {
        name = only_value(statement, whole[i]);
        if (name) {
            return name;
        }
    }
    name = family && given ? apr_pstrcat(pool, family, " ", given, NULL) : only_value(statement, "upn");
    return name && strlen(name) <= MNV_TEXT_LIMIT_BYTES ? name : NULL;
}

/* Does the assertion say anything about it, be it nothing that can be handed on? */
static int is_told(const mnv_saml_statement_t *statement, const char *short_name)
{
    int i;

    for (i = 0; i < statement->attributes->nelts; i++) {
        const mnv_saml_attribute_t *attribute = &APR_ARRAY_IDX(statement->attributes, i, mnv_saml_attribute_t);
        if ((attribute->is_bad || attribute->values->nelts > 0) && !strcmp(mnv_saml_short_name(attribute->name), short_name)) {
            return 1;
        }
    }
    return !strcmp(short_name, "groups") && mnv_saml_groups_are_unknown(statement);
}

/* Those values of an attribute that this provider may state, joined; NULL: none that can be handed on. */
static const char *allowed_values(mnv_ctx_t *ctx, const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules, const char *name)
{
    const char *short_name = mnv_saml_short_name(name), *joined;
    int k, is_unknown = !strcmp(short_name, "groups") && mnv_saml_groups_are_unknown(statement);
    const apr_array_header_t *values = mnv_saml_values(statement, name);
    apr_array_header_t *kept = apr_array_make(ctx->pool, 4, sizeof(const char *));

    for (k = 0; values && k < values->nelts; k++) {
        const char *value = APR_ARRAY_IDX(values, k, const char *);
        if (is_allowed(rules, short_name, value) && !is_unknown) {
            APR_ARRAY_PUSH(kept, const char *) = value;
        }
    }
    joined = mnv_text_join(ctx->pool, kept);
    if (values && kept->nelts < values->nelts) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1252) "%d values of attribute \"%s\" are left out: not of a scope of the identity provider, or not all there are",
                values->nelts - kept->nelts, name);
    }
    if (strlen(joined) > MNV_ATTRIBUTE_LIMIT_BYTES) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1253) "attribute \"%s\" is left out: longer than %d bytes", name, MNV_ATTRIBUTE_LIMIT_BYTES);
        return NULL;
    }
    return *joined ? joined : NULL;
}

/* What is told and cannot be handed on is withheld: neither there nor not there, for a rule behind "not" would let in whom it is to keep out. */
static void pass_on(mnv_ctx_t *ctx, const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules, apr_table_t *attributes)
{
    const apr_array_header_t *names = rules->signin->account_keep;
    apr_array_header_t *withheld = apr_array_make(ctx->pool, 2, sizeof(const char *));
    int i, is_asked = 0;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *), *value;

        if (!strcmp(name, MNV_ATTRIBUTE_WITHHELD)) {
            is_asked = 1;
            continue;
        }
        value = allowed_values(ctx, statement, rules, name);
        if (value) {
            apr_table_setn(attributes, name, value);
        }
        else if (is_told(statement, mnv_saml_short_name(name))) {
            APR_ARRAY_PUSH(withheld, const char *) = name;
        }
    }
    if (is_asked && withheld->nelts) {
        apr_table_setn(attributes, MNV_ATTRIBUTE_WITHHELD, mnv_text_join(ctx->pool, withheld));
    }
}

apr_status_t mnv_saml_account(mnv_ctx_t *ctx, const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules, mnv_account_t **account)
{
    mnv_account_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    apr_status_t status = check_tenant(ctx, statement, rules);

    if (status == APR_SUCCESS) {
        status = identify(ctx, statement, rules, made);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    made->issuer = statement->issuer;
    made->name = name_of(ctx->pool, statement);
    made->acr = statement->context;
    made->method = "saml";
    made->at = made->proof_at = mnv_now(ctx);
    made->op_subject = statement->name_id.value;
    made->op_session = statement->session_index;
    made->op_format = statement->name_id.format;
    made->op_qualifier = statement->name_id.name_qualifier;
    made->op_sp_qualifier = statement->name_id.sp_name_qualifier;
    made->attributes = apr_table_make(ctx->pool, 4);
    pass_on(ctx, statement, rules, made->attributes);
    if (mnv_saml_groups_are_unknown(statement)) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1254) "groups are unknown: the person is in more of them than the assertion may hold");
    }
    *account = made;
    return APR_SUCCESS;
}
