/* What a host's own lines can use of the person, and what is asked of the providers for it: that, and nothing else. */
#include "httpd/config_judge.h"
#include "base/log.h"
#include "httpd/config_tree.h"
#include "httpd/rules.h"

#include <apr_strings.h>
#include <string.h>

APLOG_USE_MODULE(mynumber_verify);

/* What the lines use. ----------------------------------------------------------------------- */

/** Does a line ask this module for something? "MyNumberSecretFile none" asks it for nothing. */
static int is_ours(const ap_directive_t *line, const char *first)
{
    if (!strcasecmp(line->directive, "MyNumberSecretFile")) {
        return strcasecmp(first, "none");
    }
    return !strncasecmp(line->directive, "MyNumber", 8) || (!strcasecmp(line->directive, "AuthType") && !strcasecmp(first, "mynumber")) ||
           (!strcasecmp(line->directive, "Require") && strstr(line->args, "mynumber-"));
}

static void note_use(mod_mnv_uses_t *uses, const ap_directive_t *line, apr_uint32_t facts)
{
    mod_mnv_use_t *use = apr_array_push(uses->uses);

    use->line = line;
    use->facts = facts;
}

static int look_at_line(void *baton, const ap_directive_t *line)
{
    mod_mnv_uses_t *uses = baton;
    const char *rest = line->args;
    mod_mnv_attribute_use_t asked = { NULL, line };
    apr_uint32_t facts = 0;
    int fact;

    if (is_ours(line, mod_mnv_tree_argument(uses->pool, line))) {
        uses->line = line;
    }
    if (!strcasecmp(line->directive, "Require")) {
        facts = mod_mnv_rule_needs(uses->pool, line->args, &asked.attribute);
        if (asked.attribute) {
            APR_ARRAY_PUSH(uses->attributes, mod_mnv_attribute_use_t) = asked;
        }
    }
    while (!strcasecmp(line->directive, "MyNumberExport") && *rest) {
        fact = mnv_fact_find(ap_getword_conf(uses->pool, &rest));
        facts |= fact >= 0 ? 1u << fact : 0;
    }
    if (facts) {
        note_use(uses, line, facts);
    }
    return 0;
}

mod_mnv_uses_t mod_mnv_uses_of(apr_pool_t *pool, const server_rec *server, const server_rec *main_server)
{
    mod_mnv_uses_t uses = { pool, apr_array_make(pool, 8, sizeof(mod_mnv_use_t)), apr_array_make(pool, 2, sizeof(mod_mnv_attribute_use_t)), NULL };

    mod_mnv_tree_walk(mod_mnv_tree_of(server), look_at_line, &uses);
    if (main_server && server != main_server) {
        mod_mnv_tree_walk(mod_mnv_tree_of(main_server), look_at_line, &uses);
    }
    return uses;
}

/* Scopes. ---------------------------------------------------------------------------------------------- */

static int has_word(const char *words, const char *word)
{
    const apr_size_t length = strlen(word);
    const char *at;

    for (at = words; (at = strstr(at, word)); at += length) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length])) {
            return 1;
        }
    }
    return 0;
}

static int is_listed(const apr_array_header_t *list, const char *name)
{
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(list, i, const char *), name)) {
            return 1;
        }
    }
    return 0;
}

/** A detail of the person, and what is made of it. */
typedef struct detail_t {
    const char *scope;
    apr_uint32_t facts;
} detail_t;

/** OpenID Connect Core 5.4: a provider that is not the service gives these for "profile". */
static int is_asked(const char *scope, const char *detail)
{
    return has_word(scope, detail) || (has_word(scope, "profile") && strcmp(detail, "address"));
}

/** Does something use the detail? Where the scope was written by hand and lacks it, each line that counts on it is told. */
static int is_used(mod_mnv_judge_t *judge, const mod_mnv_uses_t *uses, const detail_t *detail)
{
    const mnv_options_t *options = &judge->config->options;
    const int is_lacking = options->card.issuer && options->card.scope && !is_asked(options->card.scope, detail->scope);
    const int is_kept = options->signin.method != MNV_SIGNIN_NONE && is_listed(options->link.keep, detail->scope);
    int count = is_kept, i;

    for (i = 0; i < uses->uses->nelts; i++) {
        const mod_mnv_use_t *use = &APR_ARRAY_IDX(uses->uses, i, mod_mnv_use_t);

        if (!(use->facts & detail->facts)) {
            continue;
        }
        count++;
        if (is_lacking) {
            mod_mnv_warn_line(judge, use->line, MNVLOGNO(1347) "\"%s\" can use %s, for which MyNumberScope never asks: add %s to MyNumberScope, or remove it here", use->line->args, detail->scope,
                              detail->scope);
        }
    }
    if (is_kept && is_lacking) {
        mod_mnv_warn(judge, MNV_DIRECTIVE_SCOPE, MNVLOGNO(1330) "%s is not asked for, but MyNumberLinkKeep would use it: add it here, or remove it there", detail->scope);
    }
    return count;
}

/** Ask for what can be used and nothing else; what a provider sends beyond that is not kept. */
static void find_card_scope(mod_mnv_judge_t *judge, const mod_mnv_uses_t *uses)
{
    static const detail_t details[] = { { "name", 1u << MNV_FACT_NAME },
                                        { "address", 1u << MNV_FACT_ADDRESS },
                                        { "birthdate", 1u << MNV_FACT_BIRTHDATE | 1u << MNV_FACT_AGE_OVER_18 | 1u << MNV_FACT_AGE_OVER_20 },
                                        { "gender", 1u << MNV_FACT_GENDER } };
    mnv_options_t *options = &judge->config->options;
    const char *computed = "openid";
    apr_size_t i;

    options->details = apr_array_make(judge->pconf, 4, sizeof(const char *));
    for (i = 0; i < sizeof(details) / sizeof(*details); i++) {
        int used = is_used(judge, uses, &details[i]);

        if (used) {
            computed = apr_pstrcat(judge->pconf, computed, " ", details[i].scope, NULL);
        }
        if (used || (options->card.scope && is_asked(options->card.scope, details[i].scope))) {
            APR_ARRAY_PUSH(options->details, const char *) = details[i].scope;
        }
    }
    if (!options->card.scope) {
        options->card.scope = computed;
    }
}

/** What is handed on, and behind it what rules ask for: the order of a record's slots. */
static void keep_attributes(mod_mnv_judge_t *judge, const apr_array_header_t *rules)
{
    mnv_signin_options_t *signin = &judge->config->options.signin;
    int i;

    signin->account_keep = signin->account_pass ? apr_array_copy(judge->pconf, signin->account_pass) : apr_array_make(judge->pconf, 2, sizeof(const char *));
    for (i = 0; i < rules->nelts; i++) {
        const mod_mnv_attribute_use_t *asked = &APR_ARRAY_IDX(rules, i, mod_mnv_attribute_use_t);

        if (is_listed(signin->account_keep, asked->attribute)) {
            continue;
        }
        if (signin->account_keep->nelts == MNV_ATTRIBUTE_MAX) {
            /* a rule whose attribute is not kept would refuse everybody */
            mod_mnv_complain_line(judge, asked->line, MNVLOGNO(1412) "a session keeps %d attributes of an account, and \"%s\" is one more: remove a rule that asks for another, or a name from "
                                  "MyNumberAccountPass", MNV_ATTRIBUTE_MAX, asked->attribute);
            return;
        }
        APR_ARRAY_PUSH(signin->account_keep, const char *) = asked->attribute;
    }
    if (rules->nelts) {
        APR_ARRAY_PUSH(signin->account_keep, const char *) = MNV_ATTRIBUTE_WITHHELD;
    }
}

static void find_account_scope(mod_mnv_judge_t *judge)
{
    static const struct {
        const char *claim, *scope; /* OpenID Connect Core 5.4 */
    } claims[] = { { "email", "email" }, { "email_verified", "email" }, { "address", "address" }, { "phone_number", "phone" }, { "phone_number_verified", "phone" } };
    mnv_options_t *options = &judge->config->options;
    const char *computed = "openid profile"; /* the name on the pages, so that people see whose account it is */
    apr_size_t i;

    for (i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
        if (!is_listed(options->signin.account_keep, claims[i].claim) && !is_listed(options->signin.account_attributes, claims[i].claim)) {
            continue;
        }
        if (!has_word(computed, claims[i].scope)) {
            computed = apr_pstrcat(judge->pconf, computed, " ", claims[i].scope, NULL);
        }
        if (options->account.scope && options->signin.method != MNV_SIGNIN_NONE && !has_word(options->account.scope, claims[i].scope)) {
            mod_mnv_warn(judge, MNV_DIRECTIVE_SIGN_IN_SCOPE, MNVLOGNO(1346) "\"%s\" is used, for which the standard scope %s is not asked: add %s here, unless the provider sends it all the same",
                         claims[i].claim, claims[i].scope, claims[i].scope);
        }
    }
    if (!options->account.scope) {
        options->account.scope = computed;
    }
}

/** A statement that nobody made reaches no application, and opens nothing. */
static void judge_assurance(mod_mnv_judge_t *judge, const mod_mnv_uses_t *uses)
{
    int i;

    for (i = 0; !judge->config->options.assurance && i < uses->uses->nelts; i++) {
        const mod_mnv_use_t *use = &APR_ARRAY_IDX(uses->uses, i, mod_mnv_use_t);

        if (use->facts & (1u << MNV_FACT_ASSURANCE)) {
            mod_mnv_warn_line(judge, use->line, MNVLOGNO(1345) "assurance stays empty, because no MyNumberAssurance says what the institution states: write one, or remove it here");
        }
    }
}

void mod_mnv_judge_scopes(mod_mnv_judge_t *judge, const mod_mnv_uses_t *uses)
{
    find_card_scope(judge, uses);
    keep_attributes(judge, uses->attributes);
    find_account_scope(judge);
    judge_assurance(judge, uses);
}
