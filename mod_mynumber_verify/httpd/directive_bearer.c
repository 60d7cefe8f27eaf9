/* MyNumberBearerVerify TYPE VALUE [OPTIONS]: one line, one way to check tokens, in the words of liboauth2. What it would do unsafely, or we do ourselves, is refused with the reason. */
#include "httpd/directive_kinds.h"

#include <apr_strings.h>
#include <string.h>
#include "base/url.h"

#define KEY_TYPES "jwks_uri, metadata, jwk, pem, pubkey or introspect"

typedef struct known_t {
    const char *name, *why; /* why not; NULL: it is fine */
} known_t;

static const known_t types[] = {
    {"jwks_uri", NULL}, {"metadata", NULL}, {"jwk", NULL}, {"pem", NULL}, {"pubkey", NULL}, {"introspect", NULL},
    {"plain", "a shared secret"}, {"base64", "a shared secret"}, {"base64url", "a shared secret"}, {"hex", "a shared secret"},
    {"eckey_uri", "liboauth2 ends the process where that URL does not answer with a key"},
    {NULL, NULL},
};

/* Ways to tell the introspection endpoint who asks, and what they need. */
static const struct {
    const char *name, *needs[2], *takes; /* takes: besides, or in place of the second */
} ways[] = {
    {"none", {NULL, NULL}, NULL}, {"basic", {"username", "password"}, NULL}, {"client_secret_basic", {"client_id", "client_secret"}, "client_secret_file"},
    {"client_secret_post", {"client_id", "client_secret"}, "client_secret_file"}, {"client_cert", {"cert", "key"}, "client_id"},
};

/* Secrets may stand in a file of their own. */
static int has_option(const mnv_params_t *options, const char *name)
{
    const char *value = NULL;

    (void)mnv_params_one(options, name, &value);
    if (!value && !strcmp(name, "client_secret")) {
        (void)mnv_params_one(options, "client_secret_file", &value);
    }
    return value && *value;
}

/* @return the name of an option that the way leaves alone, NULL: there is none */
static const char *useless_option(const mnv_params_t *options, apr_size_t way)
{
    static const char *const names[] = {"client_id", "client_secret", "client_secret_file", "username", "password", "cert", "key"};
    const char *value, *const *needs = ways[way].needs, *takes = ways[way].takes;
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        int is_used = (needs[0] && !strcmp(needs[0], names[i])) || (needs[1] && !strcmp(needs[1], names[i])) || (takes && !strcmp(takes, names[i]));

        if (!is_used && mnv_params_one(options, names[i], &value) == APR_SUCCESS && value) {
            return names[i];
        }
    }
    return NULL;
}

static const char *judge_way(const mod_mnv_setting_t *setting, const mnv_params_t *options)
{
    const char *way = NULL, *useless;
    apr_size_t i, k;

    (void)mnv_params_one(options, "introspect.auth", &way);
    way = way ? way : "none";
    for (i = 0; i < sizeof(ways) / sizeof(*ways) && strcmp(way, ways[i].name); i++) {
    }
    if (i == sizeof(ways) / sizeof(*ways)) {
        return mod_mnv_wrong(setting, way, "is no way to authenticate at the introspection endpoint here: write introspect.auth=none, basic, client_secret_basic, "
                             "client_secret_post or client_cert");
    }
    for (k = 0; k < 2 && ways[i].needs[k]; k++) {
        if (!has_option(options, ways[i].needs[k])) {
            return mod_mnv_wrong(setting, way, apr_psprintf(setting->pool, "needs %s too", ways[i].needs[k]));
        }
    }
    useless = useless_option(options, i);
    return useless ? mod_mnv_wrong(setting, useless, apr_psprintf(setting->pool, "is of no use with introspect.auth=%s: write another, or remove it", way)) : NULL;
}

static int is_option(const char *type, const char *name)
{
    static const char *const of_introspect[] = {"introspect.auth", "client_id", "client_secret", "client_secret_file", "username", "password", "cert", "key"};
    apr_size_t i;

    if (strcmp(type, "introspect")) {
        return !strcmp(name, "kid") && strcmp(type, "jwks_uri") && strcmp(type, "metadata");
    }
    for (i = 0; i < sizeof(of_introspect) / sizeof(*of_introspect); i++) {
        if (!strcmp(name, of_introspect[i])) {
            return 1;
        }
    }
    return 0;
}

static const char *judge_options(const mod_mnv_setting_t *setting, const mnv_bearer_verify_t *line)
{
    const char *rest = line->options, *pair, *name, *value;
    mnv_params_t *options;

    if (mnv_params_parse(setting->pool, line->options, strlen(line->options), MNV_VERIFY_OPTION_MAX, &options) != APR_SUCCESS) {
        return mod_mnv_wrong(setting, "OPTIONS", "cannot be read: write NAME=VALUE, urlencoded, joined by an ampersand");
    }
    while (*rest) {
        pair = ap_getword(setting->pool, &rest, '&');
        name = ap_getword(setting->pool, &pair, '=');
        if (!is_option(line->type, name)) {
            return mod_mnv_wrong(setting, name, "is no option here: times, limits, caches, TLS and what a token must say are decided by this module (MyNumberTimeout, MyNumberRecheck, "
                                 "MyNumberClockSkew, MyNumberBearerIssuer, MyNumberBearerAudience): remove it");
        }
        if (mnv_params_one(options, name, &value) != APR_SUCCESS) {
            return mod_mnv_wrong(setting, name, "is given twice: leave one");
        }
    }
    return strcmp(line->type, "introspect") ? NULL : judge_way(setting, options);
}

static const char *judge_type(const mod_mnv_setting_t *setting, const mnv_bearer_verify_t *line)
{
    const known_t *known = types;

    while (known->name && strcmp(known->name, line->type)) {
        known++;
    }
    if (!known->name) {
        return mod_mnv_wrong(setting, line->type, "is no way to check tokens: write " KEY_TYPES);
    }
    if (known->why) {
        return mod_mnv_wrong(setting, line->type, apr_psprintf(setting->pool, "is not taken (%s): write " KEY_TYPES, known->why));
    }
    return !strcmp(line->type, "jwks_uri") || !strcmp(line->type, "metadata") || !strcmp(line->type, "introspect") ? mod_mnv_provider_url_check(setting->pool, line->value) : NULL;
}

const char *mod_mnv_verify_set(const mod_mnv_setting_t *setting, void *field)
{
    apr_array_header_t **lines = field;
    mnv_bearer_verify_t line = {setting->argv[0], setting->argv[1], setting->argc > 2 ? setting->argv[2] : ""};
    const char *problem = judge_type(setting, &line);

    problem = problem ? problem : judge_options(setting, &line);
    if (problem) {
        return problem;
    }
    *lines = *lines ? apr_array_copy(setting->pool, *lines) : apr_array_make(setting->pool, 2, sizeof(line));
    APR_ARRAY_PUSH(*lines, mnv_bearer_verify_t) = line;
    return NULL;
}

/* Options may be secrets. */
void mod_mnv_verify_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const apr_array_header_t *lines = *(apr_array_header_t *const *)field;
    mnv_json_t *value;
    int i;

    if (!lines) {
        mnv_json_set_string(object, "value", row->standard);
        return;
    }
    value = mnv_json_array(pool);
    for (i = 0; i < lines->nelts; i++) {
        const mnv_bearer_verify_t *line = &APR_ARRAY_IDX(lines, i, mnv_bearer_verify_t);

        mnv_json_add_string(value, apr_pstrcat(pool, line->type, " ", line->value, NULL));
    }
    mnv_json_set(object, "value", value);
}
