/* MyNumberAssurance verified|linked [acr=VALUE]... URI...: one line, one row. */
#include "httpd/directive_kinds.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

#define MNV_URI_LIMIT_BYTES 255
#define MNV_ACR_PREFIX "acr="

/* RFC 3986: a scheme and what it takes. ";" parts values on their way to applications, quotes and backslashes are in no URI. */
static int is_uri(const char *text)
{
    const char *at = text;

    while (apr_isalnum(*at) || (at > text && strchr("+-.", *at) && *at)) {
        at++;
    }
    return apr_isalpha(*text) && *at == ':' && at[1] && mnv_text_is_token(text, MNV_URI_LIMIT_BYTES) && !strpbrk(text, ";\"\\<>^`{|}");
}

static const char *read_acr(const mod_mnv_setting_t *setting, const char *argument, mnv_assurance_t *row)
{
    const char *acr = argument + strlen(MNV_ACR_PREFIX);

    if (!mnv_text_is_token(acr, MNV_URI_LIMIT_BYTES) || strpbrk(acr, "\"\\")) {
        return mod_mnv_wrong(setting, argument, "is no kind of verification: write acr= and a value as the card provider sends it, without blanks");
    }
    if (!row->acr) {
        row->acr = apr_array_make(setting->pool, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(row->acr, const char *) = acr;
    return NULL;
}

static const char *read_uri(const mod_mnv_setting_t *setting, const char *argument, mnv_assurance_t *row)
{
    int i;

    if (!is_uri(argument)) {
        return mod_mnv_wrong(setting, argument, "is no absolute URI: write one such as \"https://refeds.org/assurance/IAP/medium\", at most 255 characters without blanks and semicolons, "
                             "behind verified or linked and any acr=VALUE");
    }
    for (i = 0; i < row->uris->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(row->uris, i, const char *), argument)) {
            return mod_mnv_wrong(setting, argument, "is listed twice: remove one of the two");
        }
    }
    APR_ARRAY_PUSH(row->uris, const char *) = argument;
    return NULL;
}

static apr_size_t bytes_of(const mnv_assurance_t *row)
{
    apr_size_t length = 0;
    int i;

    for (i = 0; i < row->uris->nelts; i++) {
        length += strlen(APR_ARRAY_IDX(row->uris, i, const char *)) + 1;
    }
    return length;
}

/* Everything may hold at once, and then it is one value. */
static const char *add_row(const mod_mnv_setting_t *setting, const mnv_assurance_t *row, apr_array_header_t **rows)
{
    apr_size_t length = bytes_of(row);
    int i;

    if (!*rows) {
        *rows = apr_array_make(setting->pool, 4, sizeof(mnv_assurance_t));
    }
    if ((*rows)->nelts >= MNV_ASSURANCE_MAX) {
        return apr_psprintf(setting->pool, "more than %d lines are given: write the URIs of lines that are otherwise alike into one", MNV_ASSURANCE_MAX);
    }
    for (i = 0; i < (*rows)->nelts; i++) {
        length += bytes_of(&APR_ARRAY_IDX(*rows, i, mnv_assurance_t));
    }
    if (length > MNV_ASSURANCE_LIMIT_BYTES) {
        return apr_psprintf(setting->pool, "all URIs together are more than %d bytes, too much for a header: remove some", MNV_ASSURANCE_LIMIT_BYTES);
    }
    APR_ARRAY_PUSH(*rows, mnv_assurance_t) = *row;
    return NULL;
}

const char *mod_mnv_assurance_set(const mod_mnv_setting_t *setting, void *field)
{
    const char *who = setting->argv[0], *problem = NULL;
    mnv_assurance_t row = { 0, NULL, NULL };
    int i = 1;

    row.needs_link = !strcasecmp(who, "linked");
    if (!row.needs_link && strcasecmp(who, "verified")) {
        return mod_mnv_wrong(setting, who, "is nothing to tell people by: write verified or linked in front");
    }
    row.uris = apr_array_make(setting->pool, setting->argc, sizeof(const char *));
    for (; !problem && i < setting->argc && !strncasecmp(setting->argv[i], MNV_ACR_PREFIX, strlen(MNV_ACR_PREFIX)); i++) {
        problem = read_acr(setting, setting->argv[i], &row);
    }
    for (; !problem && i < setting->argc; i++) {
        problem = read_uri(setting, setting->argv[i], &row);
    }
    if (!problem && !row.uris->nelts) {
        problem = "no URI is given, so that nothing would be stated: write at least one behind the condition";
    }
    return problem ? problem : add_row(setting, &row, field);
}

static mnv_json_t *to_json(apr_pool_t *pool, const apr_array_header_t *texts)
{
    mnv_json_t *json = mnv_json_array(pool);
    int i;

    for (i = 0; texts && i < texts->nelts; i++) {
        mnv_json_add_string(json, APR_ARRAY_IDX(texts, i, const char *));
    }
    return json;
}

void mod_mnv_assurance_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const apr_array_header_t *rows = *(apr_array_header_t *const *)field;
    mnv_json_t *value = mnv_json_array(pool);
    int i;

    if (!rows) {
        mnv_json_set_string(object, "value", row->standard);
        return;
    }
    for (i = 0; i < rows->nelts; i++) {
        const mnv_assurance_t *one = &APR_ARRAY_IDX(rows, i, mnv_assurance_t);
        mnv_json_t *json = mnv_json_object(pool);

        mnv_json_set_string(json, "of", one->needs_link ? "linked" : "verified");
        mnv_json_set(json, "acr", to_json(pool, one->acr));
        mnv_json_set(json, "uris", to_json(pool, one->uris));
        mnv_json_add(value, json);
    }
    mnv_json_set(object, "value", value);
}
