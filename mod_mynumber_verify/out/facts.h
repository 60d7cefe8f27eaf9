/* The facts table: names of what applications receive. Values are rendered once, into a record (out/record.h). */
#ifndef MNV_OUT_FACTS_H
#define MNV_OUT_FACTS_H

#include <apr_pools.h>

typedef enum {
#define MNV_FACT(id, header, name, exported, claim) MNV_FACT_##id,
#include "out/facts.def"
#undef MNV_FACT
    MNV_FACT_COUNT
} mnv_fact_e;

/** How a fact stands in an assertion (out/assertion.h): among the claims, or among those that the card proves. */
typedef enum {
    MNV_CLAIM_ELSEWHERE, /* has a claim of its own, exported or not */
    MNV_CLAIM_TEXT,
    MNV_CLAIM_FLAG,      /* "1" is true, "0" false */
    MNV_CLAIM_LIST,      /* of several values: an array */
    MNV_CLAIM_PERSONAL,
    MNV_CLAIM_PERSONAL_FLAG,
    MNV_CLAIM_PERSONAL_ADDRESS
} mnv_claim_e;

typedef struct mnv_fact_t {
    const char *header; /* "Verified-At" */
    const char *name;   /* "verified-at" */
    int by_default;     /* member of MyNumberExport's default */
    mnv_claim_e claim;
} mnv_fact_t;

/** All rows, MNV_FACT_COUNT of them. */
const mnv_fact_t *mnv_facts(void);

/** Row number of a name in MyNumberExport. @return -1 when there is none */
int mnv_fact_find(const char *name);

/** "MYNUMBER_VERIFIED_AT" of "Verified-At": upper case, "-" and everything else not a letter or digit as "_". Pool: pool. */
const char *mnv_fact_variable(apr_pool_t *pool, const char *header);

/** Header name of a passed attribute: "Attribute-displayName" (characters outside [0-9A-Za-z-] become "-"). Pool: pool. */
const char *mnv_fact_attribute_header(apr_pool_t *pool, const char *attribute);

/** How values are written into headers. Variables are always UTF-8. */
typedef enum { MNV_ENCODING_UTF8, MNV_ENCODING_PERCENT, MNV_ENCODING_BASE64URL, MNV_ENCODING_COUNT } mnv_encoding_e;

#endif
