#include "proto/vouched.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "base/text.h"

#define ACCOUNT_LIMIT_BYTES 255
#define REMOTE_USER "REMOTE_USER"

/* Absent and empty are alike: modules set empty variables for what a person does not have. */
static const char *variable(const mnv_vouched_t *vouched, const char *name)
{
    const char *text = !strcasecmp(name, REMOTE_USER) ? vouched->user : vouched->variables ? apr_table_get(vouched->variables, name) : NULL;

    return text && *text ? text : NULL;
}

/* What looks equal must be equal. @return NULL: fit to identify an account */
static const char *problem_of(const char *text)
{
    apr_size_t length = strlen(text);

    if (length > ACCOUNT_LIMIT_BYTES) {
        return "is longer than 255 bytes";
    }
    if (mnv_text_has_control(text)) {
        return "holds control characters or is not UTF-8";
    }
    if (strchr(text, ';')) {
        return "holds several values";
    }
    return text[0] == ' ' || text[length - 1] == ' ' ? "begins or ends with a blank" : NULL;
}

/* Both parts of "a+b", which hold no ":", else two accounts could read alike. @return 0: not both are there */
static int find_joined(apr_pool_t *pool, const mnv_vouched_t *vouched, const char *name, mnv_external_t *found)
{
    const char *plus = strchr(name, '+'), *rest = variable(vouched, plus + 1);
    const char *part = variable(vouched, apr_pstrmemdup(pool, name, (apr_size_t)(plus - name)));

    if (!part || !rest) {
        return 0;
    }
    found->value = apr_pstrcat(pool, part, ":", rest, NULL);
    found->problem = strchr(part, ':') || strchr(rest, ':') ? "has a part that holds a colon" : NULL;
    return 1;
}

static int find_one(apr_pool_t *pool, const mnv_vouched_t *vouched, const char *name, mnv_external_t *found)
{
    if (strchr(name, '+')) {
        return find_joined(pool, vouched, name, found);
    }
    found->value = variable(vouched, name);
    return found->value != NULL;
}

void mnv_external_find(apr_pool_t *pool, const mnv_vouched_t *vouched, const mnv_signin_options_t *options, mnv_external_t *found)
{
    const apr_array_header_t *names = options->account_attributes;
    int i, count = names && names->nelts ? names->nelts : 1;

    memset(found, 0, sizeof(*found));
    found->number = -1;
    found->is_somebody = vouched->is_authenticated || (vouched->user && *vouched->user);
    for (i = 0; i < count; i++) {
        const char *name = names && names->nelts ? APR_ARRAY_IDX(names, i, const char *) : REMOTE_USER;

        if (find_one(pool, vouched, name, found)) {
            found->is_somebody = 1;
            found->number = i;
            found->kind = name;
            found->problem = found->problem ? found->problem : problem_of(found->value);
            found->value = found->problem ? NULL : found->value;
            return;
        }
    }
}

/* Shibboleth writes ";" between values and "\;" for one within; a backslash alone is itself. */
static const char *rejoined(apr_pool_t *pool, const char *text)
{
    apr_array_header_t *values = apr_array_make(pool, 4, sizeof(const char *));
    char *value = apr_palloc(pool, strlen(text) + 1), *to = value;

    for (; *text; text++) {
        if (*text == ';') {
            *to++ = '\0';
            APR_ARRAY_PUSH(values, const char *) = value;
            value = to;
            continue;
        }
        text += text[0] == '\\' && text[1] == ';';
        *to++ = *text;
    }
    *to = '\0';
    APR_ARRAY_PUSH(values, const char *) = value;
    return mnv_text_join(pool, values);
}

/* A variable as one text, NULL when it cannot be handed on. */
static const char *handed_on(apr_pool_t *pool, const char *text)
{
    const char *joined = strlen(text) > MNV_ATTRIBUTE_LIMIT_BYTES || mnv_text_has_control(text) ? NULL : rejoined(pool, text);

    return joined && strlen(joined) <= MNV_ATTRIBUTE_LIMIT_BYTES ? joined : NULL;
}

/* What is told and cannot be handed on is withheld: neither there nor not there, for a rule behind "not" would let in whom it is to keep out. */
static void pass_on(mnv_ctx_t *ctx, const mnv_vouched_t *vouched, const apr_array_header_t *names, apr_table_t *attributes)
{
    apr_array_header_t *withheld = apr_array_make(ctx->pool, 2, sizeof(const char *));
    int i, is_asked = 0;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *), *text = variable(vouched, name), *value = text ? handed_on(ctx->pool, text) : NULL;

        if (!strcmp(name, MNV_ATTRIBUTE_WITHHELD)) {
            is_asked = 1;
        }
        else if (value) {
            apr_table_setn(attributes, name, value);
        }
        else if (text) {
            APR_ARRAY_PUSH(withheld, const char *) = name;
            mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1618) "variable \"%s\" of the other module is left out: not at most %d bytes of UTF-8 without control characters", name, MNV_ATTRIBUTE_LIMIT_BYTES);
        }
    }
    if (is_asked && withheld->nelts) {
        apr_table_setn(attributes, MNV_ATTRIBUTE_WITHHELD, mnv_text_join(ctx->pool, withheld));
    }
}

apr_status_t mnv_account_from_external(mnv_ctx_t *ctx, const char *issuer, const mnv_vouched_t *vouched, const mnv_signin_options_t *options, mnv_account_t **account)
{
    mnv_account_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    mnv_external_t found;

    mnv_external_find(ctx->pool, vouched, options, &found);
    if (!found.is_somebody) {
        return mnv_fail(ctx, MNV_FAIL_EXTERNAL_NOBODY, NULL);
    }
    if (found.problem) {
        return mnv_fail(ctx, MNV_FAIL_ACCOUNT_ATTRIBUTE, "variable \"%s\" of the other module %s", found.kind, found.problem);
    }
    if (!found.value) {
        return mnv_fail(ctx, MNV_FAIL_ACCOUNT_ATTRIBUTE, "the other module has set none of MyNumberAccountAttribute: %s", options->account_attributes ? apr_array_pstrcat(ctx->pool, options->account_attributes, ' ') : REMOTE_USER);
    }
    made->issuer = issuer;
    made->kind = found.kind;
    made->value = apr_pstrdup(ctx->pool, found.value);
    made->method = "external";
    made->at = made->proof_at = mnv_now(ctx);
    made->attributes = apr_table_make(ctx->pool, 4);
    pass_on(ctx, vouched, options->account_keep, made->attributes);
    *account = made;
    return APR_SUCCESS;
}
