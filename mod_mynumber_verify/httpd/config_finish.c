#include "httpd/config_judge.h"
#include "base/log.h"
#include "base/url.h"
#include "httpd/config_tree.h"
#include "httpd/directive_kinds.h"
#include "httpd/process.h"
#include "httpd/record_cache.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>

APLOG_USE_MODULE(mynumber_verify);

static const mod_mnv_half_rows_t card_rows = { MNV_DIRECTIVE_PROVIDER,   MNV_DIRECTIVE_PROVIDER_ENDPOINT, MNV_DIRECTIVE_PROVIDER_CA_FILE, MNV_DIRECTIVE_CLIENT_ID,
                                               MNV_DIRECTIVE_CLIENT_KEY, MNV_DIRECTIVE_CLIENT_KEY,        MNV_DIRECTIVE_SCOPE,            MNV_DIRECTIVE_ACR_VALUES,
                                               "at the identification service" };
static const mod_mnv_half_rows_t account_rows = { MNV_DIRECTIVE_SIGN_IN_PROVIDER,   MNV_DIRECTIVE_SIGN_IN_PROVIDER_ENDPOINT,  MNV_DIRECTIVE_SIGN_IN_PROVIDER_CA_FILE,
                                                  MNV_DIRECTIVE_SIGN_IN_CLIENT_ID,  MNV_DIRECTIVE_SIGN_IN_CLIENT_KEY,         MNV_DIRECTIVE_SIGN_IN_CLIENT_SECRET_FILE,
                                                  MNV_DIRECTIVE_SIGN_IN_SCOPE,      MNV_DIRECTIVE_SIGN_IN_ACR_VALUES,         "at the sign-in provider" };

/* Telling. ------------------------------------------------------------------------------- */

/** "MNV1301: " + where + directive + the rest. @param line where it stands, NULL: it does not */
static const char *place_at(const mod_mnv_judge_t *judge, const ap_directive_t *line, const char *directive, const char *text)
{
    const server_rec *server = judge->server;
    const char *rest = strchr(text, ' '), *where;

    where = line ? apr_psprintf(judge->ptemp, "line %d of %s", line->line_num, line->filename)
            : server->is_virtual
                ? apr_psprintf(judge->ptemp, "virtual host in line %u of %s", server->defn_line_number, server->defn_name)
                : "main server";
    return apr_psprintf(judge->ptemp, "%.*s %s: %s:%s", (int)(rest - text), text, where, directive, rest);
}

static const char *place(const mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *text)
{
    return place_at(judge, judge->config->given[directive], mod_mnv_directive_rows()[directive].name, text);
}

void mod_mnv_complain(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *fmt, ...)
{
    const char *text;
    va_list args;

    va_start(args, fmt);
    text = place(judge, directive, apr_pvsprintf(judge->ptemp, fmt, args));
    va_end(args);
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, judge->server, "%s", text);
    judge->problems++;
}

/** A start reads the configuration twice; what does not stop it is told the second time, or by `httpd -t`. */
static int is_time_to_warn(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_NORMAL || ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}

void mod_mnv_warn(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *fmt, ...)
{
    const char *text;
    va_list args;

    if (!is_time_to_warn()) {
        return;
    }
    va_start(args, fmt);
    text = place(judge, directive, apr_pvsprintf(judge->ptemp, fmt, args));
    va_end(args);
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, judge->server, "%s", text);
}

void mod_mnv_warn_line(mod_mnv_judge_t *judge, const ap_directive_t *line, const char *fmt, ...)
{
    va_list args;

    if (!is_time_to_warn()) {
        return;
    }
    va_start(args, fmt);
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, judge->server, "%s", place_at(judge, line, line->directive, apr_pvsprintf(judge->ptemp, fmt, args)));
    va_end(args);
}

void mod_mnv_complain_line(mod_mnv_judge_t *judge, const ap_directive_t *line, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, judge->server, "%s", place_at(judge, line, line->directive, apr_pvsprintf(judge->ptemp, fmt, args)));
    va_end(args);
    judge->problems++;
}

/* The site. ------------------------------------------------------------------------------------ */

/** @return NULL and the base URL set, or what is wrong */
static const char *find_base_url(mod_mnv_judge_t *judge)
{
    mnv_site_options_t *site = &judge->config->options.site;
    const server_rec *server = judge->server;
    const int https = mod_mnv_tree_is_https(judge->ptemp, server, judge->main_server);
    mnv_url_t *url;
    int port;

    if (site->base_url) {
        return NULL;
    }
    if (!mod_mnv_tree_find(server, judge->main_server, "ServerName", 0)) {
        return "not given, nor is ServerName: write ServerName with the name browsers use, or MyNumberBaseURL https://NAME";
    }
    port = mod_mnv_tree_port(server, https);
    if (!port) {
        return "not given, and several Listen leave the port open: write ServerName NAME:PORT, or MyNumberBaseURL https://NAME";
    }
    if (mnv_url_parse(judge->pconf, apr_psprintf(judge->pconf, "%s://%s:%d", https ? "https" : "http", server->server_hostname, port), &url) != APR_SUCCESS) {
        return apr_psprintf(judge->ptemp, "cannot be made from ServerName \"%s\": correct that, or write MyNumberBaseURL https://NAME", server->server_hostname);
    }
    if (!https && !mnv_url_is_loopback(url)) {
        return apr_psprintf(judge->ptemp, "would be \"%s\", plain http, over which sessions and personal data could be read: turn on SSLEngine for this host, or, where TLS ends in front of it, "
                            "write MyNumberBaseURL https://NAME", url->origin);
    }
    site->base_url = url->origin;
    return NULL;
}

static void judge_site(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    mnv_options_t *options = &config->options;
    const char *cookie = options->session.cookie, *problem;
    const int is_late = options->session.inactivity > options->session.lifetime;

    options->site.secure = !strncmp(options->site.base_url, "https:", 6);
    if (cookie && !options->site.secure && (!strncasecmp(cookie, "__Host-", 7) || !strncasecmp(cookie, "__Secure-", 9))) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SESSION_COOKIE, MNVLOGNO(1320) "browsers refuse \"%s\" over plain http, and the base URL is \"%s\": use https, or a name without that prefix", cookie,
                         options->site.base_url);
    }
    if (is_late) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SESSION_INACTIVITY, MNVLOGNO(1321) "more than MyNumberSessionLifetime, so that it would never be reached: make it the smaller of the two");
    }
    problem = mod_mnv_record_cache_check(judge->ptemp, config->session_cache);
    if (problem) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SESSION_CACHE, MNVLOGNO(1323) "%s", problem);
    }
    if (!mod_mnv_dbd_is_there(judge->server, &problem)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SECRET_FILE, MNVLOGNO(1324) "links and sessions need a database: %s", problem);
    }
    mod_mnv_judge_state_dir(judge);
    mod_mnv_judge_secret(judge);
}

/* The halves. -------------------------------------------------------------------------------------- */

int mod_mnv_is_given_here(const mod_mnv_judge_t *judge, mod_mnv_directive_e directive)
{
    static const mod_mnv_endpoints_t zero;
    const mod_mnv_directive_t *row = &mod_mnv_directive_rows()[directive];

    ap_assert(row->size <= sizeof(zero));
    return mod_mnv_bits_have(&judge->config->own, directive) && memcmp((const char *)judge->config + row->offset, &zero, row->size);
}

/** Directives of a half that is not there would be read and ignored. */
static void judge_absence(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows)
{
    const mod_mnv_directive_e useless[] = { rows->endpoint, rows->ca_file, rows->client_id, rows->client_key, rows->client_secret, rows->scope, rows->acr_values };
    const mod_mnv_directive_t *names = mod_mnv_directive_rows();
    apr_size_t i;

    for (i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
        if (mod_mnv_is_given_here(judge, useless[i]) && (!i || useless[i] != useless[i - 1])) {
            mod_mnv_complain(judge, useless[i], MNVLOGNO(1325) "of no use without %s: write that too, or remove this line", names[rows->provider].name);
        }
    }
}

static void judge_card(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    mnv_provider_options_t *card = &config->options.card;

    card->authorization_endpoint = config->card_endpoints.authorization;
    card->token_endpoint = config->card_endpoints.token;
    card->userinfo_endpoint = config->card_endpoints.userinfo;
    card->jwks_uri = config->card_endpoints.jwks;
    if (config->card_provider) {
        mod_mnv_judge_provider(judge, &card_rows, card, config->card_provider);
        return;
    }
    judge_absence(judge, &card_rows);
    if (mod_mnv_is_given_here(judge, MNV_DIRECTIVE_ACCEPT_ACR)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_ACCEPT_ACR, MNVLOGNO(1326) "of no use without MyNumberProvider: write that too, or remove this line");
    }
}

static void judge_no_saml(mod_mnv_judge_t *judge)
{
    static const mod_mnv_directive_e useless[] = { MNV_DIRECTIVE_SAML_ENTITY_ID, MNV_DIRECTIVE_SAML_METADATA, MNV_DIRECTIVE_SAML_METADATA_CERT, MNV_DIRECTIVE_SAML_DISCOVERY, MNV_DIRECTIVE_SAML_KEY,
                                                   MNV_DIRECTIVE_SAML_CERT, MNV_DIRECTIVE_SAML_NAME, MNV_DIRECTIVE_SAML_SHA1 };
    apr_size_t i;

    for (i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
        if (mod_mnv_is_given_here(judge, useless[i])) {
            mod_mnv_complain(judge, useless[i], MNVLOGNO(1370) "of no use without MyNumberSignIn saml: write that too, or remove this line");
        }
    }
}

static void judge_account(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    mnv_provider_options_t *account = &config->options.account;
    mnv_signin_options_t *signin = &config->options.signin;

    account->authorization_endpoint = config->account_endpoints.authorization;
    account->token_endpoint = config->account_endpoints.token;
    account->userinfo_endpoint = config->account_endpoints.userinfo;
    account->jwks_uri = config->account_endpoints.jwks;
    if (signin->method == MNV_SIGNIN_OIDC && !config->account_provider) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN, MNVLOGNO(1327) "oidc needs a provider of accounts: write MyNumberSignInProvider too");
    }
    if (signin->method == MNV_SIGNIN_NONE && mod_mnv_is_given_here(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER, MNVLOGNO(1328) "of no use under MyNumberSignIn none: remove one of the two");
    }
    if (signin->method == MNV_SIGNIN_UNSET) {
        signin->method = config->account_provider ? MNV_SIGNIN_OIDC : MNV_SIGNIN_NONE;
    }
    if (signin->method == MNV_SIGNIN_SAML) {
        mod_mnv_judge_saml(judge);
        return;
    }
    judge_no_saml(judge);
    if (signin->method == MNV_SIGNIN_OIDC && config->account_provider) {
        mod_mnv_judge_provider(judge, &account_rows, account, config->account_provider);
        mod_mnv_judge_account_attributes(judge);
    }
    else if (signin->method == MNV_SIGNIN_NONE) {
        judge_absence(judge, &account_rows);
    }
    else if (signin->method == MNV_SIGNIN_EXTERNAL) {
        mod_mnv_judge_external(judge, &account_rows);
    }
}

/* Handing on. --------------------------------------------------------------------------------------------- */

/** attribute-NAME in this host's own sections must be one that is passed. */
static int look_at_attributes(void *baton, const ap_directive_t *line)
{
    mod_mnv_judge_t *judge = baton;
    const apr_array_header_t *pass = judge->config->options.signin.account_pass;
    const char *rest = line->args, *word;
    int i;

    while (!strcasecmp(line->directive, "MyNumberExport") && *rest) {
        word = ap_getword_conf(judge->ptemp, &rest);
        if (strncmp(word, "attribute-", 10)) {
            continue;
        }
        for (i = 0; pass && i < pass->nelts && strcasecmp(word, mnv_fact_attribute_header(judge->ptemp, APR_ARRAY_IDX(pass, i, const char *))); i++) {
        }
        if (!pass || i == pass->nelts) {
            judge->config->given[MNV_DIRECTIVE_EXPORT] = line;
            mod_mnv_complain(judge, MNV_DIRECTIVE_EXPORT, MNVLOGNO(1331) "\"%s\" is no attribute that MyNumberAccountPass passes on: list it there too", word);
        }
    }
    return 0;
}

/** Records of another site, or of a configuration that would have rendered them otherwise, are misses. */
static apr_uint32_t find_site_check(apr_pool_t *pool, const mnv_options_t *options)
{
    const apr_array_header_t *lists[] = { options->signin.account_attributes, options->signin.account_keep, options->link.keep };
    unsigned char digest[MNV_DIGEST_BYTES];
    apr_uint32_t check;
    apr_size_t i;
    char *text;

    text = apr_psprintf(pool, "%s\n%s\n%s\n%d\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT, options->site.base_url, options->card.issuer ? options->card.issuer : "",
                        options->account.issuer ? options->account.issuer : options->saml.metadata ? options->saml.metadata : "", (int)options->link.policy, (apr_int64_t)options->link.lifetime, (apr_int64_t)options->session.inactivity,
                        (apr_int64_t)options->session.lifetime);
    for (i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        text = apr_pstrcat(pool, text, "\n", lists[i] ? apr_array_pstrcat(pool, lists[i], ' ') : "-", NULL);
    }
    for (i = 0; options->assurance && i < (apr_size_t)options->assurance->nelts; i++) {
        const mnv_assurance_t *row = &APR_ARRAY_IDX(options->assurance, i, mnv_assurance_t);

        text = apr_pstrcat(pool, text, "\n", row->needs_link ? "linked " : "verified ", row->acr ? apr_array_pstrcat(pool, row->acr, ' ') : "", "\n", apr_array_pstrcat(pool, row->uris, ' '), NULL);
    }
    if (mnv_crypt_init() != APR_SUCCESS || mnv_crypt_sha256(text, strlen(text), digest) != APR_SUCCESS) {
        return 0;
    }
    memcpy(&check, digest, sizeof(check));
    return check ? check : 1;
}

static void filter_cookie(mod_mnv_server_config_t *config, const char *name, int is_prefix)
{
    mnv_cookie_filter_t *filter = &config->cookies[config->cookie_count++];

    filter->name = name;
    filter->length = strlen(name);
    filter->is_prefix = is_prefix;
}

static void finish_handoff(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    const apr_array_header_t *keep = config->options.signin.account_keep;

    mod_mnv_tree_walk(mod_mnv_tree_of(judge->server), look_at_attributes, judge);
    config->cookie_count = 0;
    filter_cookie(config, mnv_session_cookie_name(&config->options), 0);
    filter_cookie(config, config->options.site.secure ? "__Secure-mnv-" : "mnv-", 1);
    if (config->options.site.secure) {
        filter_cookie(config, "__Host-mnv-", 1);
    }
    config->path_length = strlen(config->options.site.path);
    config->record_slots = MNV_FACT_COUNT + keep->nelts;
    config->site_check = find_site_check(judge->pconf, &config->options);
    if (!config->site_check) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SECRET_FILE, MNVLOGNO(1332) "the cryptographic library does not work: is OpenSSL's own configuration (openssl.cnf) in order");
    }
    mod_mnv_exports_compile(judge->pconf, config);
}

/* Hosts. -------------------------------------------------------------------------------------------------------- */

/** Hosts without a directive of ours share the main server's struct: each needs its own for what is computed. */
static mod_mnv_server_config_t *own_config(apr_pool_t *pconf, const server_rec *main_server, server_rec *server)
{
    mod_mnv_server_config_t *config = mod_mnv_server_config(server);

    if (server != main_server && config == mod_mnv_server_config(main_server)) {
        config = mod_mnv_server_config_merge(pconf, config, mod_mnv_server_config_create(pconf, server));
        ap_set_module_config(server->module_config, &mynumber_verify_module, config);
    }
    config->server = server;
    return config;
}

/** On any host: applications behind any of them may trust our headers. */
static void judge_trailers(mod_mnv_judge_t *judge)
{
    for (judge->server = judge->main_server; judge->server; judge->server = judge->server->next) {
        const core_server_config *core = ap_get_core_module_config(judge->server->module_config);
        const ap_directive_t *line;

        judge->config = mod_mnv_server_config(judge->server);
        if (core->merge_trailers == AP_MERGE_TRAILERS_ENABLE) {
            /* they join the headers after those a client must not send were removed */
            line = mod_mnv_tree_find(judge->server, judge->main_server, "MergeTrailers", 1);
            mod_mnv_complain(judge, MNV_DIRECTIVE_SECRET_FILE, MNVLOGNO(1333) "cannot work under MergeTrailers On (line %d of %s), by which clients could send any identity to applications: write "
                             "MergeTrailers Off", line ? line->line_num : 0, line ? line->filename : "?");
            break;
        }
    }
}

/** There is one cache for the whole server. */
static void judge_caches(mod_mnv_judge_t *judge)
{
    const char *first = NULL;

    for (judge->server = judge->main_server; judge->server; judge->server = judge->server->next) {
        judge->config = mod_mnv_server_config(judge->server);
        if (!judge->config->enabled) {
            continue;
        }
        if (first && strcmp(first, judge->config->session_cache)) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_SESSION_CACHE, MNVLOGNO(1338) "\"%s\" here and \"%s\" in another host, but there is one cache for the whole server: write it once, outside of "
                             "<VirtualHost>", judge->config->session_cache, first);
            break;
        }
        first = judge->config->session_cache;
    }
}

/** One host that has MyNumberSecretFile. */
static void judge_host(mod_mnv_judge_t *judge, int is_passing_by)
{
    mod_mnv_uses_t uses;
    mod_mnv_server_config_t *config = judge->config;
    const char *problem = find_base_url(judge);
    mod_mnv_directive_e about = MNV_DIRECTIVE_BASE_URL;

    if (!problem && !config->card_provider && !config->account_provider && config->options.signin.method != MNV_SIGNIN_EXTERNAL && config->options.signin.method != MNV_SIGNIN_SAML) {
        about = MNV_DIRECTIVE_PROVIDER;
        problem = "neither this nor MyNumberSignInProvider is given, so that there is nothing to do: write one of them, or both";
    }
    if (problem && is_passing_by) {
        if (is_time_to_warn()) {
            ap_log_error(APLOG_MARK, APLOG_INFO, 0, judge->server, "%s", place(judge, about, apr_pstrcat(judge->ptemp, MNVLOGNO(1334) "off in this host, which inherits the rest: ", problem, NULL)));
        }
        return;
    }
    if (problem) {
        mod_mnv_complain(judge, about, MNVLOGNO(1335) "%s", problem);
        return;
    }
    config->options.call.connect_timeout = config->timeouts.connect;
    config->options.call.total_timeout = config->timeouts.total;
    judge_site(judge);
    judge_card(judge);
    judge_account(judge);
    mod_mnv_judge_assertion(judge);
    uses = mod_mnv_uses_of(judge->pconf, judge->server, judge->main_server);
    mod_mnv_judge_scopes(judge, &uses);
    mod_mnv_judge_variables(judge);
    mod_mnv_judge_bearer(judge);
    finish_handoff(judge);
    config->enabled = 1;
}

/** A host that uses the module without a secret file. */
static void judge_stranger(mod_mnv_judge_t *judge, const ap_directive_t *line)
{
    mod_mnv_complain(judge, MNV_DIRECTIVE_SECRET_FILE, MNVLOGNO(1336) "missing, but line %d of %s says %s %s: make a secret file with mynumberctl keygen secret FILE and name it here", line->line_num,
                     line->filename, line->directive, line->args);
}

int mod_mnv_server_config_finish(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    mod_mnv_judge_t judge = { pconf, ptemp, main_server, NULL, NULL, 0 };
    const ap_directive_t *main_line = mod_mnv_uses_of(ptemp, main_server, NULL).line;
    int enabled = 0;

    /* the main server last: until then hosts inherit what was written, not what was computed for it */
    for (judge.server = main_server->next ? main_server->next : main_server; judge.server; judge.server = judge.server == main_server ? NULL : judge.server->next ? judge.server->next : main_server) {
        const ap_directive_t *line = judge.server == main_server ? main_line : mod_mnv_uses_of(ptemp, judge.server, NULL).line;
        const int is_passing_by = judge.server == main_server ? main_server->next != NULL : !line;

        judge.config = own_config(pconf, main_server, judge.server);
        if (judge.config->secret_file) {
            judge_host(&judge, is_passing_by);
        }
        else if (line && !is_passing_by) {
            judge_stranger(&judge, line);
        }
        enabled += judge.config->enabled;
    }
    judge.server = main_server;
    judge.config = mod_mnv_server_config(main_server);
    if (!enabled && !judge.problems && main_line) {
        if (!judge.config->secret_file) {
            judge_stranger(&judge, main_line);
        }
        else {
            judge_host(&judge, 0);
        }
    }
    if (enabled && !mod_mnv_watchdog_is_there()) {
        mod_mnv_warn(&judge, MNV_DIRECTIVE_PROVIDER, MNVLOGNO(1337) "mod_watchdog is not loaded, so that metadata are fetched only when somebody waits and old rows stay in the database: load "
                     "it (LoadModule watchdog_module modules/mod_watchdog.so)");
    }
    if (enabled) {
        judge_trailers(&judge);
        judge_caches(&judge);
    }
    return judge.problems ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
