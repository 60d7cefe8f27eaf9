/* The rules of design section 5, one row each: how "Require NAME arguments" is read, and how it is judged by a session's record. */
#ifndef MNV_HTTPD_RULES_H
#define MNV_HTTPD_RULES_H

#include <httpd.h>
#include "base/mnv.h"
#include "httpd/server_config.h"
#include "out/record.h"

struct mod_mnv_rule_row_t;

/** A line of the configuration. */
typedef struct mod_mnv_rule_t {
    const struct mod_mnv_rule_row_t *row;
    int is_negated;                /* stands under an odd number of "not", <RequireNone>, <RequireNotAll> */
    apr_interval_time_t fresh;     /* 0: however old */
    int age;
    const char *attribute;         /* of the account, as the claim is called; NULL: fact says which of the identity */
    int fact;
    const apr_array_header_t *values; /* const char *: any of them; a "*" at the end stands for anything */
} mod_mnv_rule_t;

/** What a rule is judged by. */
typedef struct mod_mnv_asked_t {
    request_rec *r;
    const mnv_record_t *record;    /* NULL: nobody is known */
    apr_uint32_t flags;            /* record's */
    mod_mnv_entry_e entry;
    unsigned signin, card;         /* MOD_MNV_NEED_SIGNIN and _CARD, 0 where the provider is not configured */
} mod_mnv_asked_t;

/** What comes of it; all 0: it never will be met. */
typedef struct mod_mnv_verdict_t {
    int is_met;
    int is_unknown;                /* neither met nor not met: does not admit behind "not" either */
    unsigned cure;                 /* MOD_MNV_NEED_… */
    int is_step_up;                /* the cure is the linked person's own card, held again */
    mnv_failure_e why;             /* nothing cures: what the page says; MNV_OK: nothing special */
} mod_mnv_verdict_t;

typedef struct mod_mnv_rule_row_t {
    const char *name;
    /** @return NULL, or what is wrong and how to mend it. Pool: pool. */
    const char *(*parse)(apr_pool_t *pool, const char *arguments, mod_mnv_rule_t *rule);
    void (*judge)(const mod_mnv_rule_t *rule, const mod_mnv_asked_t *asked, mod_mnv_verdict_t *verdict);
} mod_mnv_rule_row_t;

/** All rows; one without a name ends them. */
const mod_mnv_rule_row_t *mod_mnv_rule_rows(void);

/** @return NULL: there is no such rule */
const mod_mnv_rule_row_t *mod_mnv_rule_find(const char *name);

/** How somebody of whom nothing is known comes in: MOD_MNV_NEED_SIGNIN, _CARD or _CHOICE, 0: not at all. */
unsigned mod_mnv_rule_entry(const mod_mnv_asked_t *asked);

/** How somebody who came by card shows an account: MOD_MNV_NEED_SIGNIN; or _ACCOUNT where people come by card who may have lost the password, who are not sent to the sign-in without a word. */
unsigned mod_mnv_rule_account(const mod_mnv_asked_t *asked);

/** What a line "Require ARGUMENTS" needs to know: bits of facts.def, and an attribute of the account (NULL: none). For the scopes. Pool: pool. */
apr_uint32_t mod_mnv_rule_needs(apr_pool_t *pool, const char *arguments, const char **attribute);

#endif
