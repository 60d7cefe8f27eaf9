#include "httpd/directive_kinds.h"
#include "httpd/span.h"
#include "base/text.h"
#include "base/url.h"
#include "proto/op_metadata.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_config.h>

#define MNV_WORD_LIMIT_BYTES 255
#define FILES_MOST 8 /* of one directive: two during a roll-over, and room for mistakes */

/* Texts. ---------------------------------------------------------------------- */

const char *mod_mnv_wrong(const mod_mnv_setting_t *setting, const char *argument, const char *mend)
{
    return apr_psprintf(setting->pool, "\"%s\" %s", argument, mend);
}

static const char *set_path(const mod_mnv_setting_t *setting, void *field)
{
    const char *path = setting->argv[0], *at;
    apr_size_t length = strlen(path);

    if (path[0] != '/' || length < 2 || length > 64 || path[length - 1] == '/') {
        return mod_mnv_wrong(setting, path, "cannot be the path: write 2 to 64 characters that start with \"/\" and do not end with it, such as \"/mynumber\"");
    }
    for (at = path; *at; at++) {
        if (!apr_isalnum(*at) && !strchr("/-_.~", *at)) {
            return mod_mnv_wrong(setting, path, "cannot be the path: use letters, digits, \"-\", \"_\", \".\", \"~\" and \"/\" only");
        }
        /* browsers and httpd resolve such segments, so that the path would never be asked for */
        if (*at == '/' && (at[1] == '/' || (at[1] == '.' && (at[2] == '\0' || at[2] == '/' || at[2] == '.')))) {
            return mod_mnv_wrong(setting, path, "cannot be the path: leave out empty segments and segments that start with \"..\" or are \".\"");
        }
    }
    *(const char **)field = path;
    return NULL;
}

/** An origin, as browsers print it. */
static const char *parse_origin(const mod_mnv_setting_t *setting, const char *text, const char **origin)
{
    mnv_url_t *url;

    if (mnv_url_parse(setting->pool, text, &url) != APR_SUCCESS || strcmp(url->path, "/") || url->query) {
        return mod_mnv_wrong(setting, text, "is no origin: write scheme, host and, where it is not the usual one, port, such as \"https://www.example.ac.jp\"");
    }
    if (strcmp(url->scheme, "https") && !mnv_url_is_loopback(url)) {
        return mod_mnv_wrong(setting, text, "is plain http: write https (http is for this machine alone, as in \"http://localhost:8080\")");
    }
    *origin = url->origin;
    return NULL;
}

static const char *set_origin(const mod_mnv_setting_t *setting, void *field)
{
    return parse_origin(setting, setting->argv[0], field);
}

static const char *set_file(const mod_mnv_setting_t *setting, void *field)
{
    const char *name = ap_server_root_relative(setting->pool, setting->argv[0]);

    if (!name) {
        return mod_mnv_wrong(setting, setting->argv[0], "is no valid file name");
    }
    *(const char **)field = name;
    return NULL;
}

static const char *set_files(const mod_mnv_setting_t *setting, void *field)
{
    apr_array_header_t **files = field;

    if (!*files) {
        *files = apr_array_make(setting->pool, 2, sizeof(const char *));
    }
    if ((*files)->nelts >= FILES_MOST) {
        return "more than 8 files are given: remove those that are of no use any more";
    }
    return set_file(setting, &APR_ARRAY_PUSH(*files, const char *)); /* what fails stops the start */
}

int mod_mnv_provider_is_issuer(const char *text)
{
    return !strncasecmp(text, "https:", 6) || !strncasecmp(text, "http:", 5);
}

const char *mod_mnv_provider_url_check(apr_pool_t *pool, const char *text)
{
    mnv_url_t *url;

    if (mnv_op_is_any_tenant(text)) {
        return apr_psprintf(pool, "\"%s\" names no tenant, so that any organisation could say who somebody is: write https://login.microsoftonline.com/TENANT-ID/v2.0 with the directory's ID", text);
    }
    if (mnv_url_parse(pool, text, &url) != APR_SUCCESS) {
        return apr_psprintf(pool, "\"%s\" is no URL: write it as https://host/path", text);
    }
    if (strcmp(url->scheme, "https") && !mnv_url_is_loopback(url)) {
        return apr_psprintf(pool, "\"%s\" is plain http: only a provider on this machine may be reached without TLS, write https", text);
    }
    return NULL;
}

static const char *set_text(const mod_mnv_setting_t *setting, void *field)
{
    if (!mnv_text_is_token(setting->argv[0], MNV_WORD_LIMIT_BYTES)) {
        return mod_mnv_wrong(setting, setting->argv[0], "is not 1 to 255 printable ASCII characters without blanks: copy it from the provider's registration");
    }
    *(const char **)field = setting->argv[0];
    return NULL;
}

static const char *set_provider(const mod_mnv_setting_t *setting, void *field)
{
    const char *text = setting->argv[0], *problem;
    const mod_mnv_server_config_t *config = (const void *)((const char *)field - setting->row->offset);

    /* a name: an entityID may be of plain http, or no URL at all */
    if (setting->row == &mod_mnv_directive_rows()[MNV_DIRECTIVE_SIGN_IN_PROVIDER] && config->options.signin.method == MNV_SIGNIN_EXTERNAL) {
        return set_text(setting, field);
    }
    if (!mod_mnv_provider_is_issuer(text)) {
        return set_file(setting, field);
    }
    problem = mod_mnv_provider_url_check(setting->pool, text);
    if (problem) {
        return problem;
    }
    if (strchr(text, '?') && setting->row != &mod_mnv_directive_rows()[MNV_DIRECTIVE_SAML_METADATA]) {
        return mod_mnv_wrong(setting, text, "cannot be an issuer: leave out the query");
    }
    *(const char **)field = text;
    return NULL;
}

static const char *set_endpoints(const mod_mnv_setting_t *setting, void *field)
{
    mod_mnv_endpoints_t *endpoints = field;
    const char *which = setting->argv[0], *url = setting->argv[1], *problem, **place;

    place = !strcasecmp(which, "authorization") ? &endpoints->authorization
            : !strcasecmp(which, "token")       ? &endpoints->token
            : !strcasecmp(which, "userinfo")    ? &endpoints->userinfo
            : !strcasecmp(which, "jwks")        ? &endpoints->jwks
                                                : NULL;
    if (!place) {
        return mod_mnv_wrong(setting, which, "is no endpoint: write authorization, token, userinfo or jwks and its URL");
    }
    if (*place) {
        return mod_mnv_wrong(setting, which, "is given twice: remove one of the two");
    }
    problem = mod_mnv_provider_url_check(setting->pool, url);
    if (!problem) {
        *place = url;
    }
    return problem;
}

static const char *set_keys(const mod_mnv_setting_t *setting, void *field)
{
    apr_array_header_t **keys = field;
    mnv_client_key_t key = { NULL, NULL, NULL };
    const char *problem = set_file(setting, &key.file);

    if (problem) {
        return problem;
    }
    if (setting->argc == 2) {
        if (!mnv_text_is_token(setting->argv[1], 64)) {
            return mod_mnv_wrong(setting, setting->argv[1], "cannot be a key identifier: write 1 to 64 printable ASCII characters");
        }
        key.kid = setting->argv[1];
    }
    if (!*keys) {
        *keys = apr_array_make(setting->pool, 2, sizeof(mnv_client_key_t));
    }
    if ((*keys)->nelts >= FILES_MOST) {
        return "more than 8 keys are given: remove those that are no longer registered";
    }
    APR_ARRAY_PUSH(*keys, mnv_client_key_t) = key;
    return NULL;
}

static const char *set_cookie(const mod_mnv_setting_t *setting, void *field)
{
    const char *name = setting->argv[0], *at;

    for (at = name; *at; at++) {
        if (!apr_isalnum(*at) && !strchr("!#$%&'*+-.^_`|~", *at)) {
            return mod_mnv_wrong(setting, name, "is no cookie name: use letters, digits, \"-\" and \"_\"");
        }
    }
    if (at - name > 64) {
        return mod_mnv_wrong(setting, name, "is too long a cookie name: at most 64 characters");
    }
    /* they would be taken for pending flows */
    if (!strncasecmp(name, "mnv-", 4) || !strncasecmp(name, "__Host-mnv-", 11) || !strncasecmp(name, "__Secure-mnv-", 13)) {
        return mod_mnv_wrong(setting, name, "is a name this module uses for other cookies: choose one without \"mnv-\" in front");
    }
    *(const char **)field = name;
    return NULL;
}

/** The provider may be loaded only after this line: judged when all is read. */
static const char *set_cache(const mod_mnv_setting_t *setting, void *field)
{
    *(const char **)field = setting->argv[0];
    return NULL;
}

static void print_text(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const char *text = *(const char *const *)field;

    (void)pool;
    mnv_json_set_string(object, "value", text ? text : row->standard);
}

static void print_endpoints(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const mod_mnv_endpoints_t *endpoints = field;
    mnv_json_t *value = mnv_json_object(pool);

    (void)row;
    mnv_json_set_string(value, "authorization", endpoints->authorization);
    mnv_json_set_string(value, "token", endpoints->token);
    mnv_json_set_string(value, "userinfo", endpoints->userinfo);
    mnv_json_set_string(value, "jwks", endpoints->jwks);
    mnv_json_set(object, "value", value);
}

static void print_keys(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const apr_array_header_t *keys = *(apr_array_header_t *const *)field;
    mnv_json_t *value = mnv_json_array(pool);
    int i;

    (void)row;
    for (i = 0; keys && i < keys->nelts; i++) {
        const mnv_client_key_t *key = &APR_ARRAY_IDX(keys, i, mnv_client_key_t);
        mnv_json_t *one = mnv_json_object(pool);

        mnv_json_set_string(one, "file", key->file);
        mnv_json_set_string(one, "kid", key->kid);
        mnv_json_add(value, one);
    }
    mnv_json_set(object, "value", value);
}

/* Lists. ----------------------------------------------------------------------- */

/** The same list, whether its values were written apart or in one pair of quotes. */
static mod_mnv_setting_t words_apart(const mod_mnv_setting_t *setting)
{
    apr_array_header_t *words = apr_array_make(setting->pool, 8, sizeof(char *));
    mod_mnv_setting_t apart = *setting;
    int i;

    for (i = 0; i < setting->argc; i++) {
        const char *rest = setting->argv[i];

        while (*rest) {
            APR_ARRAY_PUSH(words, char *) = ap_getword_white(setting->pool, &rest);
        }
    }
    apart.argc = words->nelts;
    apart.argv = (char *const *)words->elts;
    return apart;
}

/** Every argument checked, none twice. */
static const char *check_words(const mod_mnv_setting_t *setting)
{
    int i, j;

    for (i = 0; i < setting->argc; i++) {
        const char *word = setting->argv[i];

        /* RFC 6749 appendix A.4: no quotes and backslashes */
        if (!mnv_text_is_token(word, MNV_WORD_LIMIT_BYTES) || strpbrk(word, "\"\\")) {
            return mod_mnv_wrong(setting, word, "is no valid value: write printable ASCII characters without quotes and backslashes, values apart by blanks");
        }
        for (j = 0; j < i; j++) {
            if (!strcmp(word, setting->argv[j])) {
                return mod_mnv_wrong(setting, word, "is listed twice: remove one of the two");
            }
        }
    }
    return NULL;
}

static apr_array_header_t *to_array(const mod_mnv_setting_t *setting)
{
    apr_array_header_t *array = apr_array_make(setting->pool, setting->argc, sizeof(const char *));
    int i;

    for (i = 0; i < setting->argc; i++) {
        APR_ARRAY_PUSH(array, const char *) = setting->argv[i];
    }
    return array;
}

static const char *set_words(const mod_mnv_setting_t *setting, void *field)
{
    mod_mnv_setting_t words = words_apart(setting);
    const char *problem = check_words(&words);

    if (!problem) {
        *(const char **)field = apr_array_pstrcat(words.pool, to_array(&words), ' ');
    }
    return problem;
}

static const char *set_scope(const mod_mnv_setting_t *setting, void *field)
{
    mod_mnv_setting_t words = words_apart(setting);
    const char *problem = set_words(setting, field);
    int i;

    for (i = 0; !problem && i < words.argc && strcmp(words.argv[i], "openid"); i++) {
    }
    if (!problem && i == words.argc) {
        problem = "openid is missing, without which there is no ID token: add openid";
    }
    return problem;
}

static const char *set_word_list(const mod_mnv_setting_t *setting, void *field)
{
    mod_mnv_setting_t words = words_apart(setting);
    const char *problem = check_words(&words);

    if (!problem) {
        *(apr_array_header_t **)field = to_array(&words);
    }
    return problem;
}

static const char *set_attributes(const mod_mnv_setting_t *setting, void *field)
{
    const char *problem = check_words(setting), *at;
    int i, j;

    for (i = 0; !problem && i < setting->argc; i++) {
        for (at = setting->argv[i]; *at; at++) {
            if (!apr_isalnum(*at) && !strchr("-_.:/+", *at)) {
                return mod_mnv_wrong(setting, setting->argv[i], "is no name of a claim: use letters, digits and \"-\", \"_\", \".\", \":\", \"/\"");
            }
        }
        if (at - setting->argv[i] > 100) {
            return mod_mnv_wrong(setting, setting->argv[i], "is too long a name: at most 100 characters");
        }
        for (j = 0; j < i; j++) {
            /* one would overwrite the other on its way to the application */
            if (!strcasecmp(mnv_fact_attribute_header(setting->pool, setting->argv[i]), mnv_fact_attribute_header(setting->pool, setting->argv[j]))) {
                return mod_mnv_wrong(setting, setting->argv[i], apr_psprintf(setting->pool, "and \"%s\" are one name in a header: remove one of the two", setting->argv[j]));
            }
        }
    }
    if (!problem) {
        *(apr_array_header_t **)field = to_array(setting);
    }
    return problem;
}

/* "|/path/of/program arguments", as for piped logs; started by the server's parent process without a shell. */
static const char *set_pipe(const mod_mnv_setting_t *setting, void *field)
{
    const char *text = setting->argv[0], *program = text + 1;
    const char *file = apr_pstrmemdup(setting->pool, program, strcspn(program, " \t"));
    apr_finfo_t found;

    if (*text != '|' || *program != '/') {
        return mod_mnv_wrong(setting, text, "is no program: write \"|/path/of/program arguments\"");
    }
    if (apr_stat(&found, file, APR_FINFO_TYPE | APR_FINFO_PROT, setting->pool) != APR_SUCCESS || found.filetype != APR_REG
        || !(found.protection & (APR_FPROT_UEXECUTE | APR_FPROT_GEXECUTE | APR_FPROT_WEXECUTE))) {
        return mod_mnv_wrong(setting, file, "is no file that can be run: give the whole path of the program and make it executable (chmod +x)");
    }
    *(const char **)field = apr_pstrdup(setting->pool, text);
    return NULL;
}

static const char *set_keep(const mod_mnv_setting_t *setting, void *field)
{
    static const char *const details[] = { "name", "birthdate", "gender", "address" };
    const char *problem = check_words(setting);
    apr_size_t n;
    int i;

    if (setting->argc == 1 && !strcmp(setting->argv[0], "none")) {
        *(apr_array_header_t **)field = apr_array_make(setting->pool, 1, sizeof(const char *));
        return NULL;
    }
    for (i = 0; !problem && i < setting->argc; i++) {
        for (n = 0; n < sizeof(details) / sizeof(*details) && strcmp(setting->argv[i], details[n]); n++) {
        }
        if (n == sizeof(details) / sizeof(*details)) {
            problem = mod_mnv_wrong(setting, setting->argv[i], "is nothing a link can keep: write name, birthdate, gender or address, or none alone");
        }
    }
    if (!problem) {
        *(apr_array_header_t **)field = to_array(setting);
    }
    return problem;
}

static const char *set_origins(const mod_mnv_setting_t *setting, void *field)
{
    apr_array_header_t *array = apr_array_make(setting->pool, setting->argc, sizeof(const char *));
    const char *problem = NULL;
    int i;

    for (i = 0; !problem && i < setting->argc; i++) {
        problem = parse_origin(setting, setting->argv[i], &APR_ARRAY_PUSH(array, const char *));
    }
    if (!problem) {
        *(apr_array_header_t **)field = array;
    }
    return problem;
}

static void print_list(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const apr_array_header_t *array = *(apr_array_header_t *const *)field;
    mnv_json_t *value;
    int i;

    if (!array) {
        mnv_json_set_string(object, "value", row->standard);
        return;
    }
    value = mnv_json_array(pool);
    for (i = 0; i < array->nelts; i++) {
        mnv_json_add_string(value, APR_ARRAY_IDX(array, i, const char *));
    }
    mnv_json_set(object, "value", value);
}

/* Times and numbers. -------------------------------------------------------------- */

/** The two words of a row's range. */
static const char *range_words(const mod_mnv_setting_t *setting, const char **highest)
{
    const char *rest = setting->row->range;
    const char *lowest = ap_getword_white(setting->pool, &rest);

    *highest = rest;
    return lowest;
}

static const char *check_span(const mod_mnv_setting_t *setting, const char *text, apr_interval_time_t *span)
{
    const char *highest_text, *lowest_text = range_words(setting, &highest_text);
    apr_interval_time_t lowest = 0, highest = 0;

    mod_mnv_span_parse(lowest_text, &lowest);
    mod_mnv_span_parse(highest_text, &highest);
    if (!mod_mnv_span_parse(text, span)) {
        return mod_mnv_wrong(setting, text, "is no time: write a number of seconds, or with a unit 500ms, 10s, 30min, 8h, 90d");
    }
    if (*span < lowest || *span > highest) {
        return mod_mnv_wrong(setting, text, apr_psprintf(setting->pool, "is out of range: write %s to %s", lowest_text, highest_text));
    }
    return NULL;
}

static const char *set_span(const mod_mnv_setting_t *setting, void *field)
{
    apr_interval_time_t span = 0;
    const char *problem = check_span(setting, setting->argv[0], &span);

    if (!problem) {
        *(apr_interval_time_t *)field = span;
    }
    return problem;
}

static const char *set_spans(const mod_mnv_setting_t *setting, void *field)
{
    mod_mnv_timeouts_t timeouts = { 0, 0 };
    const char *problem = check_span(setting, setting->argv[0], &timeouts.connect);

    if (!problem) {
        problem = check_span(setting, setting->argv[1], &timeouts.total);
    }
    if (!problem && timeouts.connect > timeouts.total) {
        problem = mod_mnv_wrong(setting, setting->argv[0], "to connect is more than the whole call may take: make it the smaller of the two");
    }
    if (!problem) {
        *(mod_mnv_timeouts_t *)field = timeouts;
    }
    return problem;
}

static const char *set_number(const mod_mnv_setting_t *setting, void *field)
{
    const char *text = setting->argv[0], *highest, *lowest = range_words(setting, &highest);
    apr_int64_t number = strspn(text, "0123456789") == strlen(text) && strlen(text) < 10 ? apr_atoi64(text) : -1;

    if (number < apr_atoi64(lowest) || number > apr_atoi64(highest)) {
        return mod_mnv_wrong(setting, text, apr_psprintf(setting->pool, "is no such number: write %s to %s", lowest, highest));
    }
    *(int *)field = (int)number;
    return NULL;
}

static void print_span(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    apr_interval_time_t span = *(const apr_interval_time_t *)field;

    mnv_json_set_string(object, "value", !span && mod_mnv_directive_has_absence(row) ? row->standard : mod_mnv_span_print(pool, span));
}

static void print_spans(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const mod_mnv_timeouts_t *timeouts = field;

    (void)row;
    mnv_json_set_string(object, "value", apr_pstrcat(pool, mod_mnv_span_print(pool, timeouts->connect), " ", mod_mnv_span_print(pool, timeouts->total), NULL));
}

static void print_number(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    (void)row;
    mnv_json_set_string(object, "value", apr_itoa(pool, *(const int *)field));
}

/* Words, see directive_words.c. ----------------------------------------------------- */

static const char *set_word(const mod_mnv_setting_t *setting, void *field)
{
    return mod_mnv_word_set(setting, field);
}

static void print_word(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    (void)pool;
    mod_mnv_word_print(row, field, object);
}

/* Names handed on. --------------------------------------------------------------------- */

static const char *set_prefix(const mod_mnv_setting_t *setting, void *field)
{
    return mod_mnv_prefix_make(setting, field);
}

static void print_prefix(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    (void)pool;
    (void)row;
    mnv_json_set_string(object, "value", (*(const mod_mnv_prefix_t *const *)field)->text);
}

static const char *set_exports(const mod_mnv_setting_t *setting, void *field)
{
    return mod_mnv_export_list_make(setting, field);
}

static void print_exports(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    (void)pool;
    (void)row;
    mnv_json_set_string(object, "value", (*(const mod_mnv_export_list_t *const *)field)->text);
}

/* The table. ---------------------------------------------------------------------------- */

static const mod_mnv_kind_t kinds[] = {
#define set_endpoint mod_mnv_endpoint_set
#define set_assertion mod_mnv_assertion_set
#define print_assertion mod_mnv_assertion_print
#define set_assurance mod_mnv_assurance_set
#define print_assurance mod_mnv_assurance_print
#define set_names mod_mnv_names_set
#define print_names mod_mnv_names_print
#define set_verify mod_mnv_verify_set
#define print_verify mod_mnv_verify_print
#define MNV_KIND_ROW(kind, type, fewest, most, repeats, set, print) { fewest, most, repeats, set_##set, print_##print },
    MNV_KINDS(MNV_KIND_ROW)
#undef MNV_KIND_ROW
};

const mod_mnv_kind_t *mod_mnv_kind(mod_mnv_kind_e kind)
{
    return &kinds[kind];
}
