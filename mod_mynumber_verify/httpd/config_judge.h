/* Judging one host's configuration once all is read. Shared by config_finish.c (combinations) and config_files.c (what stands in files). */
#ifndef MNV_HTTPD_CONFIG_JUDGE_H
#define MNV_HTTPD_CONFIG_JUDGE_H

#include "httpd/server_config.h"

typedef struct mod_mnv_judge_t {
    apr_pool_t *pconf, *ptemp;
    server_rec *main_server, *server;
    mod_mnv_server_config_t *config; /* of server */
    int problems;                    /* complaints about any host so far */
} mod_mnv_judge_t;

/** The directives of one half, card or account. */
typedef struct mod_mnv_half_rows_t {
    mod_mnv_directive_e provider, endpoint, ca_file, client_id, client_key, client_secret /* of the account; the card's: client_key again */, scope, acr_values;
    const char *keygen_for; /* whose registration the key's public half belongs to */
} mod_mnv_half_rows_t;

/** Tell a problem that stops the start: text starts with its MNVLOGNO(); file, line and the directive's name are put between. */
void mod_mnv_complain(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** What a line can use of the person. */
typedef struct mod_mnv_use_t {
    const ap_directive_t *line;
    apr_uint32_t facts;           /* rows of facts.def */
} mod_mnv_use_t;

/** A rule that asks for an attribute of the account. */
typedef struct mod_mnv_attribute_use_t {
    const char *attribute;
    const ap_directive_t *line;
} mod_mnv_attribute_use_t;

/** What a host's lines use. */
typedef struct mod_mnv_uses_t {
    apr_pool_t *pool;
    apr_array_header_t *uses;       /* mod_mnv_use_t */
    apr_array_header_t *attributes; /* of the account, that rules ask for (mod_mnv_attribute_use_t) */
    const ap_directive_t *line;     /* one that asks this module for something, NULL: none */
} mod_mnv_uses_t;

/** Tell something doubtful, once per start. */
void mod_mnv_warn(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** The same about a line that may be of another module (Require). */
void mod_mnv_warn_line(mod_mnv_judge_t *judge, const ap_directive_t *line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** As mod_mnv_complain(), likewise. */
void mod_mnv_complain_line(mod_mnv_judge_t *judge, const ap_directive_t *line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** Look at all lines of a host, sections included, and at those outside of hosts. (config_scopes.c) @param main_server NULL: without these. Pool: pool. */
mod_mnv_uses_t mod_mnv_uses_of(apr_pool_t *pool, const server_rec *server, const server_rec *main_server);

/** Compute what is asked of the providers, and tell where lines count on what is not. */
void mod_mnv_judge_scopes(mod_mnv_judge_t *judge, const mod_mnv_uses_t *uses);

/** What access tokens of API clients are judged by. After the scopes. (config_bearer.c) */
void mod_mnv_judge_bearer(mod_mnv_judge_t *judge);

/** Make ready what a line about introspection says. (config_introspection.c) Pool: judge->pconf. */
void mod_mnv_judge_introspection(mod_mnv_judge_t *judge, const mnv_bearer_verify_t *line, mnv_introspection_options_t *into);

/** Read the secret file into the keyring. (config_files.c) */
void mod_mnv_judge_secret(mod_mnv_judge_t *judge);

/** The state folder: there, and writable by the server's user; the default one is made later. */
void mod_mnv_judge_state_dir(mod_mnv_judge_t *judge);

/** Read what a provider's directives name: metadata, keys, secret, CAs. options->issuer is set where all is well with it. @param written ISSUER|FILE, not NULL */
void mod_mnv_judge_provider(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows, mnv_provider_options_t *options, const char *written);

/** The CAs to trust for a provider. @param name NULL: none is given */
void mod_mnv_judge_ca_file(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *name);

/** Read the keys that a directive names, each with an identifier of its own. @param make how mynumberctl makes one @param keys mnv_client_key_t, copied before they are filled; not NULL */
void mod_mnv_judge_keys(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *make, apr_array_header_t **keys);

/** A file a directive names, and one that others must not read (wiped with pool). @return NULL after a complaint. Pool: pool. */
char *mod_mnv_judge_file(mod_mnv_judge_t *judge, apr_pool_t *pool, mod_mnv_directive_e directive, const char *name, apr_size_t limit, apr_size_t *length);
char *mod_mnv_judge_private_file(mod_mnv_judge_t *judge, apr_pool_t *pool, mod_mnv_directive_e directive, const char *name, apr_size_t *length);

/** The secret of a client in a private file, one line. @return NULL after a complaint. Pool: judge->pconf, wiped with it. */
const char *mod_mnv_judge_secret_file(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *name);

/** Sign-in by SAML: metadata, keys and certificates, and that they belong together. (config_saml.c; without it config_saml_absent.c) */
void mod_mnv_judge_saml(mod_mnv_judge_t *judge);
/** What identifies an account: the default for its provider, and a warning of claims that identify nobody. After the provider. (config_account.c) */
void mod_mnv_judge_account_attributes(mod_mnv_judge_t *judge);

/** The keys of assertions: those of MyNumberAssertionKey, else made of the secret file where a location of the host has assertions. After the secret. (config_assertion.c) */
void mod_mnv_judge_assertion(mod_mnv_judge_t *judge);

/** Is the directive given in this very host, with a value? */
int mod_mnv_is_given_here(const mod_mnv_judge_t *judge, mod_mnv_directive_e directive);

/** MyNumberSignIn external: the source's name, and what is of no use beside it. (config_external.c) */
void mod_mnv_judge_external(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows);

/** Under MyNumberSignIn external: no account and no attribute comes from what a client sends. After mod_mnv_judge_scopes(). */
void mod_mnv_judge_variables(mod_mnv_judge_t *judge);

/** Can httpd's user do this (R_OK 4, W_OK 2, X_OK 1 bits) to a file of this owner and mode? */
int mod_mnv_user_may(const apr_finfo_t *file, int what);

#endif
