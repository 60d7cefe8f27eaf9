/* What a location hands on, and under which names: values of MyNumberExport, MyNumberHeaderPrefix and MyNumberAssertion, settled while the configuration is read. (exports.c) */
#ifndef MNV_HTTPD_EXPORTS_H
#define MNV_HTTPD_EXPORTS_H

#include <apr_tables.h>

/** A fact as one location hands it on; names made at configuration time. */
typedef struct mod_mnv_export_t {
    apr_uint32_t slot;    /* of mnv_record_value() */
    const char *variable; /* "MYNUMBER_VERIFIED_AT" */
    const char *header;   /* "MyNumber-Verified-At" */
} mod_mnv_export_t;

/** A value of MyNumberExport. Equal lists are one object (exports.c), so that a location's list is found by its number. */
typedef struct mod_mnv_export_list_t {
    int number;                     /* 0: the default list */
    apr_uint32_t facts;             /* bit n: row n of facts.def */
    apr_array_header_t *attributes; /* "attribute-…" names in lower case; NULL: every attribute of MyNumberAccountPass */
    const char *text;               /* as written */
    apr_uint64_t print;             /* tells lists apart, on every node alike; 0: the default list */
} mod_mnv_export_list_t;

/** A value of MyNumberHeaderPrefix, likewise. */
typedef struct mod_mnv_prefix_t {
    int number;       /* 0: "MyNumber-" */
    const char *text; /* as written */
    const char *assertion; /* "MyNumber-Assertion" */
} mod_mnv_prefix_t;

/** A value of MyNumberAssertion. */
typedef struct mod_mnv_assertion_t {
    int is_on;
    const char *audience;           /* NULL: the section's URL */
    apr_uint64_t print;             /* tells audiences apart; 0: none */
} mod_mnv_assertion_t;

/** Every header prefix any section of any host sets, lower case with "_" as "-" (const char *), for the strip. "mynumber-" always. Collected while directives are read. */
const apr_array_header_t *mod_mnv_header_prefixes(void);

/** Whether a byte is the first letter of one of them, [256]: tells nearly every header apart at once. */
const unsigned char *mod_mnv_header_starts(void);

#endif
