#include "httpd/server_config.h"
#include "httpd/config_tree.h"
#include "httpd/directive_kinds.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <http_core.h>

/* The document, for mynumberctl and people. Secrets are names of files only; what a database's parameters say of a password is replaced by "***".
 * {"version", "hosts": [{"name", "file", "line", "path", "base_url", "session_cookie", "state_dir", "sign_in", "card_issuer", "card_scope", "account_issuer", "bearer_issuer", "account_scope",
 *   "directives": {"MyNumberPath": {"value", "set", "file", "line"}, …}, "database": {"driver", "params", "file", "line"},
 *   "sections": [{"name", "directives": {…}}]}]} */

static void print_place(mnv_json_t *object, const ap_directive_t *line)
{
    if (line) {
        mnv_json_set_string(object, "file", line->filename);
        mnv_json_set_integer(object, "line", line->line_num);
    }
}

/** Every row of one struct; only those given in it where given_only. */
static mnv_json_t *print_rows(apr_pool_t *pool, const void *fields, const mod_mnv_bits_t *set, const mod_mnv_server_config_t *config, int given_only)
{
    mnv_json_t *directives = mnv_json_object(pool);
    int number;

    for (number = 0; number < MNV_DIRECTIVE_COUNT; number++) {
        const mod_mnv_directive_t *row = &mod_mnv_directive_rows()[number];
        mnv_json_t *one;

        if ((row->context == MNV_CONTEXT_SERVER) != (config != NULL) || (given_only && !mod_mnv_bits_have(set, number))) {
            continue;
        }
        one = mnv_json_object(pool);
        mod_mnv_kind(row->kind)->print(pool, row, (const char *)fields + row->offset, one);
        mnv_json_set_bool(one, "set", mod_mnv_bits_have(set, number));
        print_place(one, config ? config->given[number] : NULL);
        mnv_json_set(directives, row->name, one);
    }
    return directives;
}

/* The database. ---------------------------------------------------------------------------- */

static char *replace_all(apr_pool_t *pool, const char *text, const char *pattern, int group)
{
    ap_regex_t *regex = ap_pregcomp(pool, pattern, AP_REG_EXTENDED | AP_REG_ICASE);
    ap_regmatch_t match[4];
    const char *result = "";

    while (!ap_regexec(regex, text, 4, match, 0)) {
        result = apr_pstrcat(pool, result, apr_pstrmemdup(pool, text, match[group].rm_so), "***", NULL);
        text += match[group].rm_eo;
    }
    return apr_pstrcat(pool, result, text, NULL);
}

/** Masks what may be a password. mysql's parameters end at blanks, commas, semicolons and bars; pgsql's at blanks, or stand in quotes, or are a URI. Of a driver not known
 * nothing is printed. */
static const char *mask(apr_pool_t *pool, const char *driver, const char *params)
{
    const char *masked;

    if (!strncasecmp(driver, "sqlite", 6)) {
        return params;
    }
    if (!strcasecmp(driver, "mysql")) {
        return replace_all(pool, params, "pass[a-z]*[ \t]*=[ \t]*([^ \t\r\n,;|]+)", 1);
    }
    if (!strcasecmp(driver, "pgsql")) {
        masked = replace_all(pool, params, "(pass|secret|token)[a-z]*[ \t]*=[ \t]*('([^'\\\\]|\\\\.)*'|[^ \t\r\n'][^ \t\r\n]*)", 2);
        return replace_all(pool, masked, "://[^/@:]*:(.*)@", 1);
    }
    return "***";
}

static mnv_json_t *print_database(apr_pool_t *pool, const server_rec *server, const server_rec *main_server)
{
    const ap_directive_t *driver = mod_mnv_tree_find(server, main_server, "DBDriver", 1), *params = mod_mnv_tree_find(server, main_server, "DBDParams", 1);
    mnv_json_t *database = mnv_json_object(pool);
    const char *name = driver ? mod_mnv_tree_argument(pool, driver) : "";

    if (driver && params) {
        mnv_json_set_string(database, "driver", name);
        mnv_json_set_string(database, "params", mask(pool, name, mod_mnv_tree_argument(pool, params)));
        print_place(database, params);
    }
    return database;
}

/* Hosts. -------------------------------------------------------------------------------------- */

static void print_sections(apr_pool_t *pool, mnv_json_t *sections, const apr_array_header_t *vectors)
{
    int i;

    for (i = 0; vectors && i < vectors->nelts; i++) {
        const mod_mnv_dir_config_t *section = ap_get_module_config(APR_ARRAY_IDX(vectors, i, ap_conf_vector_t *), &mynumber_verify_module);
        mnv_json_t *one;

        if (!section || !(section->set.word[0] | section->set.word[1])) {
            continue;
        }
        one = mnv_json_object(pool);
        mnv_json_set_string(one, "name", section->section ? section->section : "");
        mnv_json_set(one, "directives", print_rows(pool, section, &section->set, NULL, 1));
        mnv_json_add(sections, one);
    }
}

static mnv_json_t *print_host(apr_pool_t *pool, const server_rec *server, const server_rec *main_server)
{
    const mod_mnv_server_config_t *config = mod_mnv_server_config(server);
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    const mod_mnv_dir_config_t *outside = ap_get_module_config(server->lookup_defaults, &mynumber_verify_module);
    const mnv_options_t *options = &config->options;
    mnv_json_t *host = mnv_json_object(pool), *sections = mnv_json_array(pool), *everywhere = mnv_json_object(pool);

    mnv_json_set_string(host, "name", server->server_hostname);
    mnv_json_set_string(host, "file", server->is_virtual ? server->defn_name : NULL);
    if (server->is_virtual) {
        mnv_json_set_integer(host, "line", server->defn_line_number);
    }
    mnv_json_set_string(host, "path", options->site.path);
    mnv_json_set_string(host, "base_url", options->site.base_url);
    mnv_json_set_string(host, "session_cookie", mnv_session_cookie_name(options));
    mnv_json_set_string(host, "state_dir", options->site.state_dir);
    mnv_json_set_string(host, "sign_in", options->signin.method == MNV_SIGNIN_OIDC ? "oidc" : options->signin.method == MNV_SIGNIN_SAML ? "saml" : options->signin.method == MNV_SIGNIN_EXTERNAL ? "external" : "none");
    mnv_json_set_string(host, "card_issuer", options->card.issuer);
    mnv_json_set_string(host, "card_scope", options->card.issuer ? options->card.scope : NULL);
    mnv_json_set_string(host, "account_issuer", options->account.issuer);
    mnv_json_set_string(host, "bearer_issuer", options->bearer.issuer);
    mnv_json_set_string(host, "account_scope", options->signin.method == MNV_SIGNIN_OIDC ? options->account.scope : NULL);
    mnv_json_set(host, "directives", print_rows(pool, config, &config->set, config, 0));
    mnv_json_set(host, "database", print_database(pool, server, main_server));
    mnv_json_set_string(everywhere, "name", "");
    mnv_json_set(everywhere, "directives", print_rows(pool, outside, &outside->set, NULL, 0));
    mnv_json_add(sections, everywhere);
    print_sections(pool, sections, core->sec_dir);
    print_sections(pool, sections, core->sec_url);
    mnv_json_set(host, "sections", sections);
    return host;
}

void mod_mnv_dump(apr_pool_t *pconf, server_rec *main_server)
{
    const server_rec *server;
    mnv_json_t *document, *hosts;
    apr_file_t *out;

    if (!ap_exists_config_define("DUMP_MYNUMBER") || apr_file_open_stdout(&out, pconf) != APR_SUCCESS) {
        return;
    }
    document = mnv_json_object(pconf);
    hosts = mnv_json_array(pconf);
    mnv_json_set_integer(document, "version", 1);
    mnv_json_set(document, "hosts", hosts);
    for (server = main_server; server; server = server->next) {
        if (mod_mnv_server_config(server)->enabled) {
            mnv_json_add(hosts, print_host(pconf, server, main_server));
        }
    }
    apr_file_puts(mnv_json_print_pretty(pconf, document), out);
}
