#include "out/facts.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

static const mnv_fact_t facts[MNV_FACT_COUNT] = {
#define MNV_FACT(id, header, name, exported, claim) {header, name, exported, MNV_CLAIM_##claim},
#include "out/facts.def"
#undef MNV_FACT
};

const mnv_fact_t *mnv_facts(void)
{
    return facts;
}

int mnv_fact_find(const char *name)
{
    int i;

    for (i = 0; name && i < MNV_FACT_COUNT; i++) {
        if (!strcmp(facts[i].name, name)) {
            return i;
        }
    }
    return -1;
}

static int is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *mnv_fact_variable(apr_pool_t *pool, const char *header)
{
    char *name = apr_pstrcat(pool, "MYNUMBER_", header, NULL);
    char *c;

    for (c = name; *c; c++) {
        *c = is_alnum(*c) ? (char)apr_toupper(*c) : '_';
    }
    return name;
}

const char *mnv_fact_attribute_header(apr_pool_t *pool, const char *attribute)
{
    char *name = apr_pstrcat(pool, "Attribute-", attribute, NULL);
    char *c;

    for (c = name; *c; c++) {
        if (!is_alnum(*c)) {
            *c = '-';
        }
    }
    return name;
}
