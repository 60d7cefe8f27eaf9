#include "httpd/authz.h"

#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <mod_auth.h>
#include <string.h>
#include "base/log.h"
#include "httpd/rules.h"
#include "httpd/session_io.h"

APLOG_USE_MODULE(mynumber_verify);

/* Configuration. ------------------------------------------------------------ */

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
    mod_mnv_rule_t *rule = apr_pcalloc(cmd->pool, sizeof(*rule));

    /* Under an alias nobody could tell whether the alias stands behind a "not". */
    if (ap_cstr_casecmp(cmd->directive->directive, "Require")) {
        return "the rules of mod_mynumber_verify are written with Require, not in <AuthzProviderAlias>";
    }
    name = ap_getword_conf(cmd->temp_pool, &line);
    is_not = !ap_cstr_casecmp(name, "not");
    if (is_not) {
        name = ap_getword_conf(cmd->temp_pool, &line);
    }
    rule->row = mod_mnv_rule_find(name);
    rule->is_negated = is_negated(cmd->directive, is_not);
    if (!rule->row) {
        return apr_pstrcat(cmd->pool, "there is no rule \"", name, "\"", NULL);
    }
    *parsed = rule;
    return rule->row->parse(cmd->pool, arguments, rule);
}

/* Judging. ------------------------------------------------------------------ */

static mod_mnv_asked_t asked_of(request_rec *r)
{
    const mnv_site_t *site = mod_mnv_site(r->server);
    mod_mnv_asked_t asked = {0};

    asked.r = r;
    asked.entry = mod_mnv_dir_config(r)->entry;
    asked.signin = site && site->account ? MOD_MNV_NEED_SIGNIN : 0;
    asked.card = site && site->card ? MOD_MNV_NEED_CARD : 0;
    return asked;
}

/* A rule that is not met. */
static authz_status miss(mod_mnv_request_t *request, const mod_mnv_rule_t *rule, const mod_mnv_verdict_t *verdict)
{
    if (rule->is_negated) {
        return AUTHZ_DENIED;
    }
    request->missing |= verdict->cure;
    request->is_step_up |= verdict->is_step_up;
    if (!verdict->cure && request->why == MNV_OK) {
        request->why = verdict->why;
    }
    /* "No user yet" keeps mod_authz_core from logging an error while a person can mend it. */
    return verdict->cure ? AUTHZ_DENIED_NO_USER : AUTHZ_DENIED;
}

/* Refused whether it stands behind a "not" or not. */
static authz_status unknown(mod_mnv_request_t *request, const mod_mnv_rule_t *rule, const mod_mnv_verdict_t *verdict)
{
    if (request->why == MNV_OK) {
        request->why = verdict->why;
    }
    return rule->is_negated ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static authz_status check(request_rec *r, const char *arguments, const void *parsed)
{
    const mod_mnv_rule_t *rule = parsed;
    mod_mnv_request_t *request = mod_mnv_request(r);
    mod_mnv_verdict_t verdict = {0};
    mod_mnv_asked_t asked;
    mod_mnv_visit_t *visit;

    (void)arguments;
    if (!mod_mnv_server_config(r->server)->enabled) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, MNVLOGNO(1430) "\"Require %s\" in a host without MyNumberSecretFile", rule->row->name);
        return AUTHZ_GENERAL_ERROR;
    }
    request->ruled = r->per_dir_config;
    if (request->own) { /* our rules do not apply there: behind a "not" that is said by denying */
        return rule->is_negated ? AUTHZ_DENIED : AUTHZ_GRANTED;
    }
    visit = mod_mnv_session(r);
    if (visit->state == MOD_MNV_SESSION_FAILED) {
        /* gate.c makes it a 503. Behind a "not" never "denied": that would admit. */
        return rule->is_negated ? AUTHZ_GENERAL_ERROR : AUTHZ_DENIED_NO_USER;
    }
    asked = asked_of(r);
    asked.record = visit->record;
    asked.flags = visit->record ? visit->record->flags : 0;
    rule->row->judge(rule, &asked, &verdict);
    if (verdict.is_unknown) {
        return unknown(request, rule, &verdict);
    }
    return verdict.is_met ? AUTHZ_GRANTED : miss(request, rule, &verdict);
}

unsigned mod_mnv_authz_entry(request_rec *r)
{
    mod_mnv_asked_t asked = asked_of(r);

    return mod_mnv_rule_entry(&asked);
}

unsigned mod_mnv_authz_account(request_rec *r)
{
    mod_mnv_asked_t asked = asked_of(r);

    return mod_mnv_rule_account(&asked);
}

static const authz_provider provider = {check, parse};

void mod_mnv_authz_register(apr_pool_t *pool)
{
    const mod_mnv_rule_row_t *row;

    for (row = mod_mnv_rule_rows(); row->name; row++) {
        ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, row->name, AUTHZ_PROVIDER_VERSION, &provider, AP_AUTH_INTERNAL_PER_CONF);
    }
}
