/* What MyNumberSignIn external needs, and what does not go with it. */
#include "base/log.h"
#include "base/text.h"
#include "httpd/config_judge.h"
#include "httpd/config_tree.h"
#include "httpd/directive_kinds.h"

#include <apr_strings.h>

#define NAME_LIMIT_BYTES 255

static const char *source_name(mod_mnv_judge_t *judge)
{
    const mod_mnv_server_config_t *config = judge->config;
    const mnv_site_options_t *site = &config->options.site;

    if (!config->account_provider) {
        return apr_pstrcat(judge->pconf, site->base_url, site->path, "/signin", NULL);
    }
    /* as it was written: elsewhere the directive reads what is no URL as the name of a file */
    return mod_mnv_tree_argument(judge->pconf, config->given[MNV_DIRECTIVE_SIGN_IN_PROVIDER]);
}

void mod_mnv_judge_external(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows)
{
    const mod_mnv_directive_e useless[] = { rows->endpoint, rows->ca_file, rows->client_id, rows->client_key, rows->client_secret, rows->scope, rows->acr_values };
    mnv_options_t *options = &judge->config->options;
    apr_size_t i;

    for (i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
        if (mod_mnv_is_given_here(judge, useless[i])) {
            mod_mnv_complain(judge, useless[i], MNVLOGNO(1360) "of no use under MyNumberSignIn external, where another module signs people in: remove one of the two");
        }
    }
    if (options->link.signin_acr && options->link.signin_acr->nelts) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_LINK_SIGN_IN_ACR, MNVLOGNO(1361) "cannot be kept under MyNumberSignIn external, where nothing tells how somebody signed in: remove this line, and let "
                         "the other module ask for the second factor at MyNumberPath/signin");
    }
    options->account.issuer = source_name(judge);
    if (!mnv_text_is_token(options->account.issuer, NAME_LIMIT_BYTES)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER, MNVLOGNO(1362) "\"%s\" is no name of a source: write up to 255 printable ASCII characters without blanks", options->account.issuer);
    }
}

/* Variables that httpd or CGI makes of what the client sends, or that are ours. */
static int is_of_client(const char *name)
{
    static const char *const starts[] = { "HTTP_", "REDIRECT_", "MYNUMBER_", "REQUEST_", "QUERY_", "PATH_", "SCRIPT_", "CONTENT_", "SERVER_", "DOCUMENT_", "REMOTE_" };
    apr_size_t i;

    for (i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
        if (!strncasecmp(name, starts[i], strlen(starts[i]))) {
            return strcasecmp(name, "REMOTE_USER") != 0;
        }
    }
    return 0;
}

static void judge_names(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const apr_array_header_t *names)
{
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *), *plus = strchr(name, '+');

        if (is_of_client(name) || (plus && is_of_client(plus + 1))) {
            mod_mnv_complain(judge, directive, MNVLOGNO(1363) "\"%s\" is made of what the client sends, or by this module: name a variable that the module sets which signs people in, or REMOTE_USER",
                             name);
        }
    }
}

void mod_mnv_judge_variables(mod_mnv_judge_t *judge)
{
    const mnv_signin_options_t *signin = &judge->config->options.signin;

    if (signin->method == MNV_SIGNIN_EXTERNAL) {
        judge_names(judge, MNV_DIRECTIVE_ACCOUNT_ATTRIBUTE, signin->account_attributes);
        judge_names(judge, MNV_DIRECTIVE_ACCOUNT_PASS, signin->account_keep); /* also what rules ask for: Require mynumber-attribute account:NAME */
    }
}
