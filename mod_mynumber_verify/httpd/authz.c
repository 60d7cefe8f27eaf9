#include "httpd/authz.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <mod_auth.h>
#include <string.h>
#include "base/log.h"
#include "httpd/session_io.h"

APLOG_USE_MODULE(mynumber_verify);

/* A rule is met by any of these flags of the record, with MyNumberEntry card or choose also by those, and cured by the need. */
typedef struct row_t {
    const char *name;
    apr_uint32_t met_by, met_by_entry;
    unsigned need;
} row_t;

static const row_t rows[] = {
    {"mynumber-account", MNV_HAS_ACCOUNT, MNV_HAS_LINKED_ACCOUNT, MOD_MNV_NEED_SIGNIN},
    {"mynumber-verified", MNV_HAS_IDENTITY | MNV_HAS_LINKED_IDENTITY, 0, MOD_MNV_NEED_CARD},
    {"mynumber-linked", MNV_HAS_LINK, 0, MOD_MNV_NEED_LINK},
};

/** A line "Require NAME" of the configuration. */
typedef struct rule_t {
    const row_t *row;
    int is_negated; /* stands under an odd number of "not", <RequireNone>, <RequireNotAll> */
} rule_t;

/* Configuration. ------------------------------------------------------------ */

static const row_t *find_row(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!ap_cstr_casecmp(rows[i].name, name)) {
            return &rows[i];
        }
    }
    return NULL;
}

static int is_negated(const ap_directive_t *directive, int is_not)
{
    int negations = is_not;

    for (directive = directive->parent; directive; directive = directive->parent) {
        negations += !ap_cstr_casecmp(directive->directive, "<RequireNone") || !ap_cstr_casecmp(directive->directive, "<RequireNotAll");
    }
    return negations % 2;
}

static const char *parse(cmd_parms *cmd, const char *arguments, const void **parsed)
{
    const char *line = cmd->directive->args, *name;
    int is_not;
    rule_t *rule = apr_pcalloc(cmd->pool, sizeof(*rule));

    /* Under an alias nobody could tell whether the alias stands behind a "not". */
    if (ap_cstr_casecmp(cmd->directive->directive, "Require")) {
        return "the rules of mod_mynumber_verify are written with Require, not in <AuthzProviderAlias>";
    }
    name = ap_getword_conf(cmd->temp_pool, &line);
    is_not = !ap_cstr_casecmp(name, "not");
    if (is_not) {
        name = ap_getword_conf(cmd->temp_pool, &line);
    }
    rule->row = find_row(name);
    rule->is_negated = is_negated(cmd->directive, is_not);
    if (!rule->row) {
        return apr_pstrcat(cmd->pool, "there is no rule \"", name, "\"", NULL);
    }
    while (apr_isspace(*arguments)) {
        arguments++;
    }
    if (!ap_cstr_casecmpn(arguments, "fresh=", 6)) {
        return apr_pstrcat(cmd->pool, "\"Require ", name, "\": fresh= is not in this build; write it without", NULL);
    }
    if (*arguments) {
        return apr_pstrcat(cmd->pool, "\"Require ", name, "\" takes no arguments: \"", arguments, "\"", NULL);
    }
    *parsed = rule;
    return NULL;
}

/* Judging. ------------------------------------------------------------------ */

/* How somebody of whom nothing is known comes in here. A half whose provider is not configured cannot be had. @return 0: not at all */
static unsigned entry_of(mod_mnv_entry_e entry, unsigned signin, unsigned card)
{
    if (entry == MNV_ENTRY_CHOOSE && signin && card) {
        return MOD_MNV_NEED_CHOICE;
    }
    return entry == MNV_ENTRY_CARD && card ? card : signin ? signin : card; /* one half is enough where there is a link already */
}

/* What of a need can be had here. @return 0: nothing */
static unsigned cure_of(unsigned need, apr_uint32_t flags, mod_mnv_entry_e entry, const mnv_site_t *site)
{
    int account = (flags & MNV_HAS_ACCOUNT) != 0, identity = (flags & MNV_HAS_IDENTITY) != 0;
    unsigned signin = site && site->account ? MOD_MNV_NEED_SIGNIN : 0, card = site && site->card ? MOD_MNV_NEED_CARD : 0;

    if (need == MOD_MNV_NEED_CARD) {
        return card;
    }
    if (!account && !identity) {
        return need == MOD_MNV_NEED_SIGNIN && entry == MNV_ENTRY_ACCOUNT ? signin : entry_of(entry, signin, card);
    }
    if (account && identity) {
        return MOD_MNV_NEED_LINK;
    }
    /* Who came by card may have lost the password: not sent to the sign-in without a word. */
    return account ? card : entry == MNV_ENTRY_ACCOUNT ? signin : MOD_MNV_NEED_ACCOUNT;
}

static authz_status check(request_rec *r, const char *arguments, const void *parsed)
{
    const rule_t *rule = parsed;
    mod_mnv_request_t *request = mod_mnv_request(r);
    mod_mnv_visit_t *visit;
    mod_mnv_entry_e entry;
    apr_uint32_t flags;
    unsigned cure;

    (void)arguments;
    if (!mod_mnv_server_config(r->server)->enabled) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, MNVLOGNO(1430) "\"Require %s\" in a host without MyNumberSecretFile", rule->row->name);
        return AUTHZ_GENERAL_ERROR;
    }
    request->ruled = r->per_dir_config;
    if (request->own) { /* our rules do not apply there: behind a "not" that is said by denying */
        return rule->is_negated ? AUTHZ_DENIED : AUTHZ_GRANTED;
    }
    entry = mod_mnv_dir_config(r)->entry;
    visit = mod_mnv_session(r);
    if (visit->state == MOD_MNV_SESSION_FAILED) {
        /* gate.c makes it a 503. Behind a "not" never "denied": that would admit. */
        return rule->is_negated ? AUTHZ_GENERAL_ERROR : AUTHZ_DENIED_NO_USER;
    }
    flags = visit->record ? visit->record->flags : 0;
    if (flags & (rule->row->met_by | (entry == MNV_ENTRY_ACCOUNT ? 0 : rule->row->met_by_entry))) {
        return AUTHZ_GRANTED;
    }
    cure = rule->is_negated ? 0 : cure_of(rule->row->need, flags, entry, mod_mnv_site(r->server));
    request->missing |= cure;
    /* "No user yet" keeps mod_authz_core from logging an error while a person can mend it. */
    return cure ? AUTHZ_DENIED_NO_USER : AUTHZ_DENIED;
}

unsigned mod_mnv_authz_entry(request_rec *r)
{
    const mnv_site_t *site = mod_mnv_site(r->server);

    return site ? entry_of(mod_mnv_dir_config(r)->entry, site->account ? MOD_MNV_NEED_SIGNIN : 0, site->card ? MOD_MNV_NEED_CARD : 0) : 0;
}

static const authz_provider provider = {check, parse};

void mod_mnv_authz_register(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, rows[i].name, AUTHZ_PROVIDER_VERSION, &provider, AP_AUTH_INTERNAL_PER_CONF);
    }
}
