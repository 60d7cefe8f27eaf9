#include "httpd/server_config.h"
#include "httpd/directive_kinds.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define MNV_PREFIX_LIMIT_BYTES 32

_Static_assert(MNV_FACT_COUNT <= 32, "mod_mnv_export_list_t.facts is full");

/* Number 0 of each kind, the default. The default list's facts are those of facts.def. */
static mod_mnv_export_list_t default_list = { 0, 0, NULL, "account verified verified-at linked", 0 };
static const mod_mnv_prefix_t default_prefix = { 0, "MyNumber-", "MyNumber-Assertion" };

/* The values given so far, beside the defaults. Filled in one thread while directives are read, gone with the configuration's pool. */
static struct {
    apr_array_header_t *lists;    /* mod_mnv_export_list_t * */
    apr_array_header_t *prefixes; /* mod_mnv_prefix_t * */
    apr_array_header_t *names;    /* for mod_mnv_header_prefixes() */
    unsigned char starts[256];    /* for mod_mnv_header_starts() */
} known;

static apr_status_t forget(void *data)
{
    (void)data;
    memset(&known, 0, sizeof(known));
    return APR_SUCCESS;
}

/* @param name in lower case */
static void add_name(const char *name)
{
    APR_ARRAY_PUSH(known.names, const char *) = name;
    known.starts[(unsigned char)*name] = known.starts[(unsigned char)apr_toupper(*name)] = 1;
}

static void prepare(apr_pool_t *pconf)
{
    if (known.lists) {
        return;
    }
    known.lists = apr_array_make(pconf, 4, sizeof(mod_mnv_export_list_t *));
    known.prefixes = apr_array_make(pconf, 4, sizeof(mod_mnv_prefix_t *));
    known.names = apr_array_make(pconf, 4, sizeof(const char *));
    add_name("mynumber-");
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
}

apr_uint64_t mod_mnv_print_of(const char *text)
{
    unsigned char digest[MNV_DIGEST_BYTES];
    apr_uint64_t print;

    ap_assert(mnv_crypt_sha256(text, strlen(text), digest) == APR_SUCCESS); /* while the configuration is read */
    memcpy(&print, digest, sizeof(print));
    return print;
}

/* Prefixes. ------------------------------------------------------------------------- */

/** Would stripping this prefix take away headers that every request needs? */
static int is_ordinary(const char *prefix)
{
    static const char *const headers[] = { "Accept-Charset", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Method", "Authorization", "Cache-Control", "Connection", "Content-Length",
                                           "Content-Type", "Cookie", "Early-Data", "Expect", "Forwarded", "From", "HTTP2-Settings", "Host", "If-Modified-Since", "Keep-Alive",
                                           "Last-Event-ID", "Max-Forwards", "Origin", "Pragma", "Proxy-Authorization", "Range", "Referer", "Sec-Fetch-Mode", "Sec-WebSocket-Key",
                                           "Service-Worker", "TE", "Trailer", "Transfer-Encoding", "Upgrade-Insecure-Requests", "User-Agent", "Via", "X-Forwarded-For", "X-Requested-With" };
    apr_size_t i;

    for (i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        if (!strncasecmp(headers[i], prefix, strlen(prefix))) {
            return 1;
        }
    }
    return 0;
}

const char *mod_mnv_prefix_make(const mod_mnv_setting_t *setting, const mod_mnv_prefix_t **prefix)
{
    const char *text = setting->argv[0], *at;
    mod_mnv_prefix_t *made;
    char *name;
    int i;

    if (!strcmp(text, default_prefix.text)) {
        *prefix = &default_prefix;
        return NULL;
    }
    for (at = text; apr_isalnum(*at) || *at == '-'; at++) {
    }
    if (*at || at - text < 3 || at - text > MNV_PREFIX_LIMIT_BYTES || !apr_isalpha(*text) || at[-1] != '-') {
        return apr_psprintf(setting->pool, "\"%s\" cannot be the start of a header: write 3 to %d letters, digits and \"-\", with \"-\" at the end", text, MNV_PREFIX_LIMIT_BYTES);
    }
    if (is_ordinary(text)) {
        return apr_psprintf(setting->pool, "\"%s\" is the start of an ordinary header, which would be removed from requests: choose another", text);
    }
    prepare(setting->pool);
    for (i = 0; i < known.prefixes->nelts; i++) {
        *prefix = APR_ARRAY_IDX(known.prefixes, i, mod_mnv_prefix_t *);
        if (!strcmp((*prefix)->text, text)) {
            return NULL;
        }
    }
    made = apr_palloc(setting->pool, sizeof(*made));
    made->number = known.prefixes->nelts + 1;
    made->text = text;
    made->assertion = apr_pstrcat(setting->pool, text, "Assertion", NULL);
    APR_ARRAY_PUSH(known.prefixes, mod_mnv_prefix_t *) = made;
    name = apr_pstrdup(setting->pool, text);
    ap_str_tolower(name);
    add_name(name);
    *prefix = made;
    return NULL;
}

const apr_array_header_t *mod_mnv_header_prefixes(void)
{
    static const char *only = "mynumber-";
    static const apr_array_header_t alone = { NULL, sizeof(const char *), 1, 1, (char *)&only };

    return known.names ? known.names : &alone;
}

const unsigned char *mod_mnv_header_starts(void)
{
    static const unsigned char alone[256] = { ['m'] = 1, ['M'] = 1 };

    return known.names ? known.starts : alone;
}

/* Lists. ------------------------------------------------------------------------------- */

static int is_attribute(const char *name)
{
    const char *at = name + strlen("attribute-");

    if (strncmp(name, "attribute-", strlen("attribute-")) || !*at) {
        return 0;
    }
    while (apr_islower(*at) || apr_isdigit(*at) || *at == '-') {
        at++;
    }
    return !*at;
}

int mod_mnv_is_export_name(const char *name)
{
    return mnv_fact_find(name) >= 0 || is_attribute(name);
}

static const char *read_names(const mod_mnv_setting_t *setting, mod_mnv_export_list_t *list)
{
    int i, fact;

    for (i = 0; i < setting->argc; i++) {
        const char *name = setting->argv[i];

        if (!strcmp(name, "none") && setting->argc == 1) {
            list->attributes = apr_array_make(setting->pool, 1, sizeof(const char *));
            break;
        }
        fact = mnv_fact_find(name);
        if (fact >= 0) {
            list->facts |= 1u << fact;
        }
        else if (is_attribute(name)) {
            if (!list->attributes) {
                list->attributes = apr_array_make(setting->pool, 4, sizeof(const char *));
            }
            APR_ARRAY_PUSH(list->attributes, const char *) = name;
        }
        else {
            return apr_psprintf(setting->pool, "\"%s\" is nothing that can be handed on: write account, account-issuer, subject, method, verified, verified-at, linked, linked-at, acr, "
                                "name, birthdate, gender, address, age-over-18, age-over-20, assurance, attribute-NAME (in lower case), or none alone%s",
                                name, strcmp(name, "assertion") ? "" : "; an assertion comes by MyNumberAssertion on");
        }
    }
    return NULL;
}

static int is_same(const mod_mnv_export_list_t *a, const mod_mnv_export_list_t *b)
{
    int i;

    if (a->facts != b->facts || !a->attributes != !b->attributes || (a->attributes && a->attributes->nelts != b->attributes->nelts)) {
        return 0;
    }
    for (i = 0; a->attributes && i < a->attributes->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(a->attributes, i, const char *), APR_ARRAY_IDX(b->attributes, i, const char *))) {
            return 0;
        }
    }
    return 1;
}

const char *mod_mnv_export_list_make(const mod_mnv_setting_t *setting, const mod_mnv_export_list_t **result)
{
    mod_mnv_export_list_t list = { 0, 0, NULL, NULL, 0 }, *made;
    const char *problem = read_names(setting, &list);
    int i;

    if (problem) {
        return problem;
    }
    if (!default_list.facts) {
        for (i = 0; i < MNV_FACT_COUNT; i++) {
            default_list.facts |= mnv_facts()[i].by_default ? 1u << i : 0;
        }
    }
    if (is_same(&list, &default_list)) {
        *result = &default_list;
        return NULL;
    }
    prepare(setting->pool);
    for (i = 0; i < known.lists->nelts; i++) {
        *result = APR_ARRAY_IDX(known.lists, i, mod_mnv_export_list_t *);
        if (is_same(&list, *result)) {
            return NULL;
        }
    }
    list.number = known.lists->nelts + 1;
    list.text = "";
    for (i = 0; i < setting->argc; i++) {
        list.text = apr_pstrcat(setting->pool, list.text, i ? " " : "", setting->argv[i], NULL);
    }
    list.print = mod_mnv_print_of(list.text);
    made = apr_pmemdup(setting->pool, &list, sizeof(list));
    APR_ARRAY_PUSH(known.lists, mod_mnv_export_list_t *) = made;
    *result = made;
    return NULL;
}

/* What requests look up. ------------------------------------------------------------------ */

static int hands_on_attribute(apr_pool_t *pool, const mod_mnv_export_list_t *list, const char *header)
{
    char *name;
    int i;

    if (!list->attributes) {
        return 1;
    }
    name = apr_pstrdup(pool, header);
    ap_str_tolower(name);
    for (i = 0; i < list->attributes->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(list->attributes, i, const char *), name)) {
            return 1;
        }
    }
    return 0;
}

static const apr_array_header_t *compile(apr_pool_t *pool, const mod_mnv_server_config_t *config, const mod_mnv_export_list_t *list, const mod_mnv_prefix_t *prefix)
{
    const apr_array_header_t *pass = config->options.signin.account_pass;
    apr_array_header_t *exports = apr_array_make(pool, MNV_FACT_COUNT, sizeof(mod_mnv_export_t));
    mod_mnv_export_t *one;
    int i;

    for (i = 0; i < MNV_FACT_COUNT; i++) {
        if (list->facts & (1u << i)) {
            one = apr_array_push(exports);
            one->slot = i;
            one->variable = mnv_fact_variable(pool, mnv_facts()[i].header);
            one->header = apr_pstrcat(pool, prefix->text, mnv_facts()[i].header, NULL);
        }
    }
    for (i = 0; pass && i < pass->nelts; i++) {
        const char *header = mnv_fact_attribute_header(pool, APR_ARRAY_IDX(pass, i, const char *));

        if (hands_on_attribute(pool, list, header)) {
            one = apr_array_push(exports);
            one->slot = MNV_FACT_COUNT + i;
            one->variable = mnv_fact_variable(pool, header);
            one->header = apr_pstrcat(pool, prefix->text, header, NULL);
        }
    }
    return exports;
}

void mod_mnv_exports_compile(apr_pool_t *pconf, mod_mnv_server_config_t *config)
{
    int lists, prefixes, i, j;

    prepare(pconf);
    lists = known.lists->nelts + 1;
    prefixes = known.prefixes->nelts + 1;
    config->exports = apr_pcalloc(pconf, sizeof(*config->exports) * lists * prefixes);
    config->prefixes = prefixes;
    for (i = 0; i < lists; i++) {
        const mod_mnv_export_list_t *list = i ? APR_ARRAY_IDX(known.lists, i - 1, mod_mnv_export_list_t *) : &default_list;

        for (j = 0; j < prefixes; j++) {
            const mod_mnv_prefix_t *prefix = j ? APR_ARRAY_IDX(known.prefixes, j - 1, mod_mnv_prefix_t *) : &default_prefix;

            config->exports[i * prefixes + j] = compile(pconf, config, list, prefix);
        }
    }
}

const apr_array_header_t *mod_mnv_exports(request_rec *r)
{
    static const apr_array_header_t nothing = { NULL, sizeof(mod_mnv_export_t), 0, 0, NULL };
    const mod_mnv_server_config_t *config = mod_mnv_server_config(r->server);
    const mod_mnv_dir_config_t *section = mod_mnv_dir_config(r);

    if (!config->exports) {
        return &nothing;
    }
    return config->exports[section->exported->number * config->prefixes + section->header_prefix->number];
}
