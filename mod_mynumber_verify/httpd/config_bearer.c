/* What MyNumberBearer needs, and what the host's lines about access tokens come to. */
#include "httpd/config_judge.h"
#include "base/log.h"
#include "base/url.h"
#include "httpd/bearer_library.h"
#include "httpd/config_tree.h"
#include "httpd/directive_kinds.h"
#include "httpd/process.h"
#include "lib/jose.h"
#include "lib/json.h"
#include "proto/op_metadata.h"

#include <ap_provider.h>
#include <apr_strings.h>

#define KEY_FILE_LIMIT_BYTES 65536

/* Lines that ask for tokens. ----------------------------------------------------------- */

static int look_for_bearer(void *baton, const ap_directive_t *line)
{
    mod_mnv_judge_t *judge = baton;

    if (strcasecmp(line->directive, "MyNumberBearer") || !strcasecmp(mod_mnv_tree_argument(judge->ptemp, line), "off")) {
        return 0;
    }
    if (!judge->config->options.bearer.verify) {
        mod_mnv_complain_line(judge, line, MNVLOGNO(1700) "nothing says how access tokens of this host are checked: write MyNumberBearerVerify jwks_uri URL, or another way");
        return 1;
    }
    if (!ap_lookup_provider(MOD_MNV_BEARER_GROUP, MOD_MNV_BEARER_NAME, MOD_MNV_BEARER_VERSION)) {
        mod_mnv_complain_line(judge, line, MNVLOGNO(1701) "needs mod_mynumber_bearer of the same version: load it (LoadModule mynumber_bearer_module modules/mod_mynumber_bearer.so)");
        return 1;
    }
    return 0;
}

/* Whose tokens. ------------------------------------------------------------------------- */

static void judge_names(mod_mnv_judge_t *judge)
{
    mnv_options_t *options = &judge->config->options;
    mnv_bearer_options_t *bearer = &options->bearer;
    int i;

    if (!bearer->issuer && options->signin.method == MNV_SIGNIN_OIDC) {
        bearer->issuer = options->account.issuer;
    }
    if (!bearer->issuer) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_ISSUER, MNVLOGNO(1702) "not given, nor does MyNumberSignInProvider name an issuer: write it as the tokens' iss has it");
    }
    if (!bearer->audiences) {
        bearer->audiences = apr_array_make(judge->pconf, 1, sizeof(const char *));
        APR_ARRAY_PUSH(bearer->audiences, const char *) = options->site.base_url;
    }
    for (i = 0; i < bearer->audiences->nelts; i++) {
        const char *audience = APR_ARRAY_IDX(bearer->audiences, i, const char *);

        if ((options->account.client_id && !strcmp(audience, options->account.client_id)) || (options->card.client_id && !strcmp(audience, options->card.client_id))) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_AUDIENCE, MNVLOGNO(1703) "\"%s\" is a client that people sign in to here, so that their ID tokens would be access tokens: have the provider "
                             "issue tokens for a name of this API's own", audience);
        }
    }
    bearer->signin = options->signin;
    bearer->signin.account_attributes = bearer->attributes ? bearer->attributes : options->signin.method == MNV_SIGNIN_OIDC ? options->signin.account_attributes : NULL;
}

/* Keys. ----------------------------------------------------------------------------------- */

static const char *kid_of(mod_mnv_judge_t *judge, const mnv_bearer_verify_t *line)
{
    const char *kid = NULL;
    mnv_params_t *options;

    if (mnv_params_parse(judge->pconf, line->options, strlen(line->options), MNV_VERIFY_OPTION_MAX, &options) != APR_SUCCESS) {
        return NULL;
    }
    (void)mnv_params_one(options, "kid", &kid);
    return kid;
}

static const mnv_json_t *key_in(mod_mnv_judge_t *judge, const mnv_bearer_verify_t *line, const char *kid, const char **problem)
{
    const char *file = ap_server_root_relative(judge->pconf, line->value);
    mnv_json_t *jwk = NULL;
    apr_size_t length;
    char *text;

    if (!strcmp(line->type, "jwk")) {
        if (mnv_json_parse(judge->pconf, line->value, strlen(line->value), &jwk) != APR_SUCCESS) {
            *problem = "no JSON object";
            return NULL;
        }
        mnv_json_set_string(jwk, "kid", kid);
        return jwk;
    }
    text = file ? mod_mnv_judge_file(judge, judge->ptemp, MNV_DIRECTIVE_BEARER_VERIFY, file, KEY_FILE_LIMIT_BYTES, &length) : NULL;
    if (text && mnv_public_jwk_parse(judge->pconf, text, length, kid, &jwk, problem) != APR_SUCCESS) {
        return NULL;
    }
    return jwk;
}

static void judge_key(mod_mnv_judge_t *judge, const mnv_bearer_verify_t *line)
{
    mnv_bearer_options_t *bearer = &judge->config->options.bearer;
    const char *kid = kid_of(judge, line), *problem = NULL;
    const mnv_json_t *jwk = key_in(judge, line, kid, &problem);
    mnv_json_t *set = mnv_json_object(judge->pconf), *keys = mnv_json_array(judge->pconf);
    mnv_jwks_t *read;

    if (jwk) {
        mnv_json_add(keys, jwk);
        mnv_json_set(set, "keys", keys);
        bearer->keys_text = mnv_json_print(judge->pconf, set);
        bearer->takes_any_kid = !kid && (strcmp(line->type, "jwk") || !mnv_json_string(jwk, "kid"));
    }
    if (jwk && mnv_jwks_parse(mod_mnv_ctx_server(judge->ptemp, judge->server), judge->ptemp, bearer->keys_text, strlen(bearer->keys_text), &read) != APR_SUCCESS) {
        problem = "not the public half of an RSA key of 2048 bits and more, or of a P-256 key";
    }
    if (problem) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_VERIFY, MNVLOGNO(1704) "%s is no key for RS256 or ES256: %s", line->type, problem);
    }
}

/* Fetched as a provider's keys are. With endpoints by hand no discovery is made; of those, only the keys are ever asked for. */
static void judge_fetched(mod_mnv_judge_t *judge, const mnv_bearer_verify_t *line)
{
    mnv_bearer_options_t *bearer = &judge->config->options.bearer;
    mnv_provider_options_t *keys = &bearer->keys;

    keys->issuer = bearer->issuer;
    keys->ca_file = bearer->ca_file;
    if (!strcmp(line->type, "jwks_uri")) {
        keys->authorization_endpoint = keys->token_endpoint = keys->jwks_uri = line->value;
    }
    else if (bearer->issuer && strcmp(line->value, mnv_op_discovery_url(judge->ptemp, bearer->issuer))) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_VERIFY, MNVLOGNO(1705) "metadata of issuer \"%s\" stand at \"%s\": write that URL, or MyNumberBearerVerify jwks_uri URL", bearer->issuer,
                         mnv_op_discovery_url(judge->ptemp, bearer->issuer));
    }
    if (bearer->issuer && mod_mnv_provider_url_check(judge->ptemp, bearer->issuer)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_ISSUER, MNVLOGNO(1706) "keys are fetched only for an issuer that is an https URL, and \"%s\" is none", bearer->issuer);
    }
}

static void judge_lines(mod_mnv_judge_t *judge)
{
    mnv_bearer_options_t *bearer = &judge->config->options.bearer;
    int i, keys = 0;

    bearer->introspection.url = NULL; /* of another host's lines */
    for (i = 0; i < bearer->verify->nelts; i++) {
        const mnv_bearer_verify_t *line = &APR_ARRAY_IDX(bearer->verify, i, mnv_bearer_verify_t);

        if (strcmp(line->type, "introspect") ? keys++ : bearer->introspection.url != NULL) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_VERIFY, MNVLOGNO(1707) "two lines about %s: a host takes tokens of one issuer, leave one", keys > 1 ? "keys" : "introspection");
            return;
        }
        if (!strcmp(line->type, "introspect")) {
            mod_mnv_judge_introspection(judge, line, &bearer->introspection);
        }
        else {
            (!strcmp(line->type, "jwks_uri") || !strcmp(line->type, "metadata") ? judge_fetched : judge_key)(judge, line);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */

/* Everything on which it depends whether a token is accepted and as whose: records of another configuration are not found. */
static const char *cache_label(apr_pool_t *pool, const mnv_options_t *options)
{
    const mnv_bearer_options_t *bearer = &options->bearer;
    const char *label = apr_pstrcat(pool, "mynumber-bearer\n", options->site.base_url, "\n", bearer->issuer, "\n", apr_array_pstrcat(pool, bearer->audiences, ' '), "\n",
                                    bearer->clients ? apr_array_pstrcat(pool, bearer->clients, ' ') : "", "\n", NULL);
    int i;

    for (i = 0; i < bearer->verify->nelts; i++) {
        const mnv_bearer_verify_t *line = &APR_ARRAY_IDX(bearer->verify, i, mnv_bearer_verify_t);

        label = apr_pstrcat(pool, label, line->type, " ", line->value, "\n", NULL);
    }
    return apr_pstrcat(pool, label, bearer->account_issuer ? bearer->account_issuer : "", "\n", bearer->account_kind ? bearer->account_kind : "", "\n",
                       bearer->signin.account_attributes ? apr_array_pstrcat(pool, bearer->signin.account_attributes, ' ') : "", "\n", NULL);
}

void mod_mnv_judge_bearer(mod_mnv_judge_t *judge)
{
    mnv_bearer_options_t *bearer = &judge->config->options.bearer;

    if (!mod_mnv_tree_walk(mod_mnv_tree_of(judge->server), look_for_bearer, judge) && judge->server != judge->main_server) {
        mod_mnv_tree_walk(mod_mnv_tree_of(judge->main_server), look_for_bearer, judge);
    }
    if (!bearer->verify) {
        return;
    }
    judge_names(judge);
    if (bearer->issuer) {
        judge_lines(judge);
        bearer->cache_label = apr_psprintf(judge->pconf, "%016" APR_UINT64_T_HEX_FMT "\n", mod_mnv_print_of(cache_label(judge->ptemp, &judge->config->options)));
    }
}
