#include "httpd/rules.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include "base/civil.h"
#include "base/text.h"
#include "httpd/session_io.h"

#define AGE_MOST 150
#define VALUES_MOST 64

/* Reading. ------------------------------------------------------------------------ */

static const char *bad(apr_pool_t *pool, const mod_mnv_rule_t *rule, const char *argument, const char *mend)
{
    return apr_pstrcat(pool, "\"Require ", rule->row->name, "\": \"", argument, "\" ", mend, NULL);
}

static const char *parse_nothing(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule)
{
    const char *first = ap_getword_conf(pool, &arguments);

    return *first ? bad(pool, rule, first, "is too much: it takes no arguments") : NULL;
}

static const char *parse_number(const char *text, apr_int64_t lowest, apr_int64_t highest, apr_int64_t *number)
{
    char *end;

    *number = apr_isdigit(*text) ? apr_strtoi64(text, &end, 10) : lowest - 1;
    return *number < lowest || *number > highest || *end ? "is no such number" : NULL;
}

static const char *parse_fresh(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule)
{
    const char *first = ap_getword_conf(pool, &arguments);
    apr_int64_t seconds;

    if (!*first) {
        return NULL;
    }
    if (ap_cstr_casecmpn(first, "fresh=", 6) || parse_number(first + 6, 1, APR_INT64_C(86400) * 366, &seconds)) {
        return bad(pool, rule, first, "is no argument of it: write fresh=SECONDS (1 to 31622400), or nothing");
    }
    rule->fresh = apr_time_from_sec(seconds);
    return parse_nothing(pool, arguments, rule);
}

static const char *parse_age(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule)
{
    const char *first = ap_getword_conf(pool, &arguments);
    apr_int64_t years;

    if (parse_number(first, 1, AGE_MOST, &years)) {
        return bad(pool, rule, first, "is no age: write the years of the youngest who may pass (1 to 150)");
    }
    rule->age = (int)years;
    return parse_nothing(pool, arguments, rule);
}

static const char *parse_values(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule)
{
    apr_array_header_t *values = apr_array_make(pool, 4, sizeof(const char *));

    while (*arguments) {
        const char *value = ap_getword_conf(pool, &arguments);

        if (!*value || values->nelts == VALUES_MOST || !mnv_text_is_utf8(value, strlen(value)) || mnv_text_has_control(value)) {
            return bad(pool, rule, value, "is no value: write up to 64 texts in UTF-8");
        }
        APR_ARRAY_PUSH(values, const char *) = value;
    }
    rule->values = values;
    return values->nelts ? NULL : bad(pool, rule, "", "is too little: write the values of which one must be there");
}

static const char *parse_acr(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule)
{
    rule->fact = MNV_FACT_ACR;
    return parse_values(pool, arguments, rule);
}

/* What is known of the person, by the names of MyNumberExport. */
static int is_of_identity(int fact)
{
    return fact == MNV_FACT_ACR || fact == MNV_FACT_NAME || fact == MNV_FACT_BIRTHDATE || fact == MNV_FACT_GENDER || fact == MNV_FACT_ADDRESS
           || fact == MNV_FACT_AGE_OVER_18 || fact == MNV_FACT_AGE_OVER_20 || fact == MNV_FACT_ASSURANCE;
}

static const char *parse_attribute(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule)
{
    const char *name = ap_getword_conf(pool, &arguments);

    if (!strncmp(name, "account:", 8) && mnv_text_is_token(name + 8, 100)) {
        rule->attribute = name + 8;
    }
    else if (!strncmp(name, "identity:", 9) && is_of_identity(mnv_fact_find(name + 9))) {
        rule->fact = mnv_fact_find(name + 9);
    }
    else {
        return bad(pool, rule, name, "is no attribute: write account:NAME, or identity: with acr, name, birthdate, gender, address, age-over-18, age-over-20 or assurance");
    }
    return parse_values(pool, arguments, rule);
}

/* Judging. ------------------------------------------------------------------------- */

unsigned mod_mnv_rule_entry(const mod_mnv_asked_t *asked)
{
    if (asked->entry == MNV_ENTRY_CHOOSE && asked->signin && asked->card) {
        return MOD_MNV_NEED_CHOICE;
    }
    /* one half is enough where there is a link already */
    return asked->entry == MNV_ENTRY_CARD && asked->card ? asked->card : asked->signin ? asked->signin : asked->card;
}

static int has(const mod_mnv_asked_t *asked, apr_uint32_t flags)
{
    return (asked->flags & flags) != 0;
}

unsigned mod_mnv_rule_account(const mod_mnv_asked_t *asked)
{
    return asked->entry == MNV_ENTRY_ACCOUNT ? asked->signin : MOD_MNV_NEED_ACCOUNT;
}

static void judge_account(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    (void)rule;
    verdict->is_met = has(asked, MNV_HAS_ACCOUNT) || (has(asked, MNV_HAS_LINKED_ACCOUNT) && asked->entry != MNV_ENTRY_ACCOUNT);
    verdict->cure = has(asked, MNV_HAS_IDENTITY) ? mod_mnv_rule_account(asked) : asked->entry == MNV_ENTRY_ACCOUNT ? asked->signin : mod_mnv_rule_entry(asked);
}

/* The card was held in this session, not too long ago, and is the linked one where the account has a link. */
static int is_fresh(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked)
{
    return has(asked, MNV_HAS_IDENTITY) && !has(asked, MNV_IS_ANOTHER) && apr_time_now() - asked->record->identity_at <= rule->fresh;
}

static void judge_verified(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    verdict->is_met = rule->fresh ? is_fresh(rule, asked) : has(asked, MNV_HAS_IDENTITY | MNV_HAS_LINKED_IDENTITY);
    verdict->cure = asked->card;
    verdict->is_step_up = rule->fresh != 0;
}

static void judge_linked(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    int account = has(asked, MNV_HAS_ACCOUNT), identity = has(asked, MNV_HAS_IDENTITY), linked = has(asked, MNV_HAS_LINK);

    verdict->is_met = linked && (!rule->fresh || is_fresh(rule, asked));
    if (rule->fresh && (linked || has(asked, MNV_IS_ANOTHER))) {
        verdict->cure = asked->card;
        verdict->is_step_up = 1;
    }
    else if (account && identity) {
        verdict->cure = MOD_MNV_NEED_LINK;
    }
    else if (account || identity) {
        verdict->cure = account ? asked->card : mod_mnv_rule_account(asked);
    }
    else {
        verdict->cure = mod_mnv_rule_entry(asked);
    }
}

/* Known of the person, from the card of this session or from what the link keeps. Not known: the card is asked for once. */
static const char *identity_value(const mod_mnv_asked_t *asked, int fact, mod_mnv_verdict_t *verdict)
{
    const char *value = asked->record ? mnv_record_value(asked->record, MNV_ENCODING_UTF8, (apr_uint32_t)fact) : NULL;

    if (!value && !has(asked, MNV_HAS_IDENTITY)) {
        verdict->cure = asked->card;
    }
    return value;
}

static void judge_age(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    const char *birthdate = identity_value(asked, MNV_FACT_BIRTHDATE, verdict);
    apr_time_t moment;

    verdict->is_met = birthdate && mnv_civil_reaches(birthdate, rule->age, &moment) == APR_SUCCESS && moment <= apr_time_now();
    verdict->why = birthdate ? MNV_FAIL_RULE_AGE : MNV_FAIL_RULE_UNKNOWN;
}

static int is_one_of(const apr_array_header_t *wanted, const char *value, apr_size_t length)
{
    int i;

    for (i = 0; i < wanted->nelts; i++) {
        const char *text = APR_ARRAY_IDX(wanted, i, const char *);
        apr_size_t most = strlen(text);

        if (text[most - 1] == '*' ? length >= most - 1 && !memcmp(text, value, most - 1) : length == most && !memcmp(text, value, most)) {
            return 1;
        }
    }
    return 0;
}

static void judge_identity(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    const char *value = identity_value(asked, rule->fact, verdict);

    verdict->is_met = value && is_one_of(rule->values, value, strlen(value));
    verdict->why = !value ? MNV_FAIL_RULE_UNKNOWN : rule->fact == MNV_FACT_ACR ? MNV_FAIL_RULE_ACR : MNV_FAIL_RULE_ATTRIBUTE;
}

static int any_is_one_of(apr_pool_t *pool, const apr_array_header_t *wanted, const char *joined)
{
    const apr_array_header_t *values = mnv_text_split(pool, joined);
    int i;

    for (i = 0; i < values->nelts; i++) {
        const char *value = APR_ARRAY_IDX(values, i, const char *);

        if (is_one_of(wanted, value, strlen(value))) {
            return 1;
        }
    }
    return 0;
}

/* Is there a row of MyNumberAssurance, for people verified or for people linked, that states what is wanted? */
static int may_be_stated(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, int needs_link)
{
    const apr_array_header_t *rows = mod_mnv_server_config(asked->r->server)->options.assurance;
    int i, j;

    for (i = 0; rows && i < rows->nelts; i++) {
        const mnv_assurance_t *row = &APR_ARRAY_IDX(rows, i, mnv_assurance_t);

        for (j = 0; row->needs_link == needs_link && j < row->uris->nelts; j++) {
            const char *uri = APR_ARRAY_IDX(row->uris, j, const char *);

            if (is_one_of(rule->values, uri, strlen(uri))) {
                return 1;
            }
        }
    }
    return 0;
}

/* Being verified cures where that is all that is asked for, being linked where a statement is about those who are. */
static void judge_assurance(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    const char *stated = asked->record ? mnv_record_value(asked->record, MNV_ENCODING_UTF8, MNV_FACT_ASSURANCE) : NULL;

    if (stated && any_is_one_of(asked->r->pool, rule->values, stated)) {
        verdict->is_met = 1;
    }
    else if (!has(asked, MNV_HAS_IDENTITY | MNV_HAS_LINKED_IDENTITY) && may_be_stated(rule, asked, 0)) {
        verdict->cure = asked->card;
    }
    else if (!has(asked, MNV_HAS_LINK) && may_be_stated(rule, asked, 1)) {
        judge_linked(rule, asked, verdict);
    }
    verdict->why = MNV_FAIL_RULE_ATTRIBUTE;
}

static const char *account_value(const char *attribute, const mod_mnv_asked_t *asked)
{
    const apr_array_header_t *kept = mod_mnv_server_config(asked->r->server)->options.signin.account_keep;
    int i;

    for (i = 0; kept && i < kept->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(kept, i, const char *), attribute)) {
            return mnv_record_value(asked->record, MNV_ENCODING_UTF8, MNV_FACT_COUNT + (apr_uint32_t)i);
        }
    }
    return NULL; /* named in a .htaccess alone: unknown when the person signed in */
}

/* The provider has it and did not send it, as Entra ID does with the groups of somebody who has many: that says neither that they are a member nor that they are not. */
static int is_withheld(const char *attribute, const mod_mnv_asked_t *asked)
{
    const char *joined = account_value(MNV_ATTRIBUTE_WITHHELD, asked);
    const apr_array_header_t *names = joined ? mnv_text_split(asked->r->pool, joined) : NULL;
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(names, i, const char *), attribute)) {
            return 1;
        }
    }
    return 0;
}

static void judge_attribute(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict)
{
    const char *value;

    if (!rule->attribute) {
        (rule->fact == MNV_FACT_ASSURANCE ? judge_assurance : judge_identity)(rule, asked, verdict);
        return;
    }
    if (!has(asked, MNV_HAS_ACCOUNT)) {
        verdict->cure = asked->signin;
        return;
    }
    value = account_value(rule->attribute, asked);
    verdict->is_met = value && any_is_one_of(asked->r->pool, rule->values, value);
    verdict->is_unknown = !value && is_withheld(rule->attribute, asked);
    verdict->why = verdict->is_unknown ? MNV_FAIL_RULE_WITHHELD : MNV_FAIL_RULE_ATTRIBUTE;
}

/* The table. ------------------------------------------------------------------------ */

static const mod_mnv_rule_row_t rows[] = {
    {"mynumber-account", parse_nothing, judge_account},
    {"mynumber-verified", parse_fresh, judge_verified},
    {"mynumber-linked", parse_fresh, judge_linked},
    {"mynumber-age", parse_age, judge_age},
    {"mynumber-acr", parse_acr, judge_identity},
    {"mynumber-attribute", parse_attribute, judge_attribute},
    {NULL, NULL, NULL},
};

const mod_mnv_rule_row_t *mod_mnv_rule_rows(void)
{
    return rows;
}

const mod_mnv_rule_row_t *mod_mnv_rule_find(const char *name)
{
    const mod_mnv_rule_row_t *row = rows;

    while (row->name && ap_cstr_casecmp(row->name, name)) {
        row++;
    }
    return row->name ? row : NULL;
}

apr_uint32_t mod_mnv_rule_needs(apr_pool_t *pool, const char *arguments, const char **attribute)
{
    mod_mnv_rule_t rule = {0};
    const char *name = ap_getword_conf(pool, &arguments);

    *attribute = NULL;
    if (!ap_cstr_casecmp(name, "not")) {
        name = ap_getword_conf(pool, &arguments);
    }
    rule.row = mod_mnv_rule_find(name);
    if (!rule.row || rule.row->parse(pool, arguments, &rule)) {
        return 0;
    }
    *attribute = rule.attribute;
    return rule.age ? 1u << MNV_FACT_BIRTHDATE : rule.values && !rule.attribute ? 1u << rule.fact : 0;
}
