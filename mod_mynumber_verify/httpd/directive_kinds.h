/* Kinds of directives: what is a valid value, how it is kept and how it is printed again. A directive of a known kind is one row of directives.def. */
#ifndef MNV_HTTPD_DIRECTIVE_KINDS_H
#define MNV_HTTPD_DIRECTIVE_KINDS_H

#include "httpd/server_config.h"
#include "lib/json.h"

/* X(kind, type of the field, fewest and most arguments, may be repeated in a section, set_…, print_… of directive_kinds.c) */
#define MNV_KINDS(X)                                                                                \
    X(PATH, const char *, 1, 1, 0, path, text)                                                      \
    X(ORIGIN, const char *, 1, 1, 0, origin, text)                                                  \
    X(FILE, const char *, 1, 1, 0, file, text)                                                      \
    X(FOLDER, const char *, 1, 1, 0, file, text)                                                    \
    X(PROVIDER, const char *, 1, 1, 0, provider, text)                                              \
    X(ENDPOINT, const char *, 1, 1, 0, endpoint, text)                                              \
    X(ENDPOINTS, mod_mnv_endpoints_t, 2, 2, 1, endpoints, endpoints)                                \
    X(NAMES, mnv_names_t, 2, 2, 1, names, names)                                                    \
    X(TEXT, const char *, 1, 1, 0, text, text)                                                      \
    X(FILES, apr_array_header_t *, 1, 1, 1, files, list)                                            \
    X(KEYS, apr_array_header_t *, 1, 2, 1, keys, keys)                                              \
    X(SCOPE, const char *, 1, 16, 0, scope, text)                                                   \
    X(WORDS, const char *, 1, 16, 0, words, text)                                                   \
    X(WORD_LIST, apr_array_header_t *, 1, 16, 0, word_list, list)                                   \
    X(ATTRIBUTES, apr_array_header_t *, 1, 32, 0, attributes, list)                                 \
    X(KEEP, apr_array_header_t *, 1, 4, 0, keep, list)                                              \
    X(ORIGINS, apr_array_header_t *, 1, 32, 0, origins, list)                                       \
    X(COOKIE, const char *, 1, 1, 0, cookie, text)                                                  \
    X(CACHE, const char *, 1, 1, 0, cache, text)                                                    \
    X(SPAN, apr_interval_time_t, 1, 1, 0, span, span)                                               \
    X(SPANS, mod_mnv_timeouts_t, 2, 2, 0, spans, spans)                                             \
    X(NUMBER, int, 1, 1, 0, number, number)                                                         \
    X(PIPE, const char *, 1, 1, 0, pipe, text)                                                      \
    X(ASSURANCE, apr_array_header_t *, 2, 33, 1, assurance, assurance)                              \
    X(FLAG, int, 1, 1, 0, word, word)                                                               \
    X(SCHEMA, mod_mnv_schema_e, 1, 1, 0, word, word)                                                \
    X(SIGNIN, mnv_signin_e, 1, 1, 0, word, word)                                                    \
    X(POLICY, mnv_policy_e, 1, 1, 0, word, word)                                                    \
    X(PASS, mod_mnv_pass_e, 1, 1, 0, word, word)                                                    \
    X(ENCODING, mnv_encoding_e, 1, 1, 0, word, word)                                                \
    X(UNAUTHENTICATED, mod_mnv_unauthenticated_e, 1, 1, 0, word, word)                              \
    X(SUBJECT, mod_mnv_subject_e, 1, 1, 0, word, word)                                              \
    X(ENTRY, mod_mnv_entry_e, 1, 1, 0, word, word)                                                  \
    X(BEARER, mod_mnv_bearer_e, 1, 1, 0, word, word)                                                \
    X(VERIFY, apr_array_header_t *, 2, 3, 1, verify, verify)                                        \
    X(PREFIX, const mod_mnv_prefix_t *, 1, 1, 0, prefix, prefix)                                    \
    X(EXPORTS, const mod_mnv_export_list_t *, 1, 47, 0, exports, exports)                           \
    X(ASSERTION, mod_mnv_assertion_t, 1, 2, 0, assertion, assertion)

typedef enum {
#define MNV_KIND_ID(kind, type, fewest, most, repeats, set, print) MNV_KIND_##kind,
    MNV_KINDS(MNV_KIND_ID)
#undef MNV_KIND_ID
    MNV_KIND_COUNT
} mod_mnv_kind_e;

typedef enum { MNV_CONTEXT_SERVER, MNV_CONTEXT_LOCATION, MNV_CONTEXT_HTACCESS } mod_mnv_context_e;

/** A row of directives.def. */
typedef struct mod_mnv_directive_t {
    const char *name;
    mod_mnv_kind_e kind;
    mod_mnv_context_e context;
    apr_size_t offset, size; /* of the field in the server's or the directory's struct */
    const char *standard;    /* the default as one would write it */
    const char *range;       /* "1s 30d" */
    const char *syntax, *help;
} mod_mnv_directive_t;

/** What a kind gets to judge. */
typedef struct mod_mnv_setting_t {
    apr_pool_t *pool;
    const mod_mnv_directive_t *row;
    int argc;                /* within the kind's limits */
    char *const *argv;       /* none is empty */
} mod_mnv_setting_t;

/** What a kind can do. */
typedef struct mod_mnv_kind_t {
    int fewest, most, repeats;
    /** Check the arguments and write the field (untouched on failure; repeatable kinds add to it). @return NULL, or what is wrong and how to mend it */
    const char *(*set)(const mod_mnv_setting_t *setting, void *field);
    /** The value as it would be written: a string, or an array of them. absent: the row's word for a value that is not there. Pool: pool. */
    void (*print)(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object);
} mod_mnv_kind_t;

const mod_mnv_kind_t *mod_mnv_kind(mod_mnv_kind_e kind);

/** All rows, MNV_DIRECTIVE_COUNT of them. (server_config.c) */
const mod_mnv_directive_t *mod_mnv_directive_rows(void);

/** Does the default mean "no value" ("none", "auto", "any", "system")? Then that word alone sets the field back to zero bytes, whatever the kind. */
int mod_mnv_directive_has_absence(const mod_mnv_directive_t *row);

/** An issuer or endpoint: https, or http on this machine. @return NULL, or what is wrong */
const char *mod_mnv_provider_url_check(apr_pool_t *pool, const char *url);

/** Set of a URL that somebody is sent to or that is called, its query included. (directive_words.c) */
const char *mod_mnv_endpoint_set(const mod_mnv_setting_t *setting, void *field);

/** Is it an issuer (http: or https:) rather than a file? */
int mod_mnv_provider_is_issuer(const char *text);

/** The sentence about a bad argument. @param mend what is wrong and how to mend it @return "ARGUMENT" and mend. Pool: setting->pool. */
const char *mod_mnv_wrong(const mod_mnv_setting_t *setting, const char *argument, const char *mend);

/** Set and print of the kinds whose values are words of a closed set. (directive_words.c) */
const char *mod_mnv_word_set(const mod_mnv_setting_t *setting, void *field);
void mod_mnv_word_print(const mod_mnv_directive_t *row, const void *field, mnv_json_t *object);

/** Set and print of MyNumberAssurance. (directive_assurance.c) */
const char *mod_mnv_assurance_set(const mod_mnv_setting_t *setting, void *field);
void mod_mnv_assurance_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object);

/** Set and print of MyNumberSAMLName. (directive_names.c) */
const char *mod_mnv_names_set(const mod_mnv_setting_t *setting, void *field);
void mod_mnv_names_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object);

#define MNV_VERIFY_OPTION_MAX 16 /* in a line of MyNumberBearerVerify */

/** Set and print of MyNumberBearerVerify. (directive_bearer.c) */
const char *mod_mnv_verify_set(const mod_mnv_setting_t *setting, void *field);
void mod_mnv_verify_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object);

/** Set and print of MyNumberAssertion. (config_assertion.c) */
const char *mod_mnv_assertion_set(const mod_mnv_setting_t *setting, void *field);
void mod_mnv_assertion_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object);

static inline int mod_mnv_bits_have(const mod_mnv_bits_t *bits, int number)
{
    return (bits->word[number / 64] >> (number % 64)) & 1;
}

static inline void mod_mnv_bits_add(mod_mnv_bits_t *bits, int number)
{
    bits->word[number / 64] |= APR_UINT64_C(1) << (number % 64);
}

/* exports.c ------------------------------------------------------------------ */

/** The one object of a list or prefix; equal ones are the same. Pool: pconf; call while directives are read only. @return NULL, or what is wrong */
const char *mod_mnv_export_list_make(const mod_mnv_setting_t *setting, const mod_mnv_export_list_t **list);
const char *mod_mnv_prefix_make(const mod_mnv_setting_t *setting, const mod_mnv_prefix_t **prefix);

/** A number that two different texts of a configuration do not share, the same on every node. */
apr_uint64_t mod_mnv_print_of(const char *text);

/** Make the lists mod_mnv_exports() hands out. Pool: pconf. */
void mod_mnv_exports_compile(apr_pool_t *pconf, mod_mnv_server_config_t *config);

#endif
