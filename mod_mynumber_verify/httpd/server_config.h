/* The configuration as httpd keeps it: one struct per server, one per directory, both filled, merged and dumped by directives.def.
 * A directive is one field and one row; set/unset is a bit of its own, never a comparison with the default. */
#ifndef MNV_HTTPD_SERVER_CONFIG_H
#define MNV_HTTPD_SERVER_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <ap_socache.h>
#include "base/cookie.h"
#include "httpd/exports.h"
#include "model/keyring.h"
#include "model/options.h"
#include "model/session.h"
#include "out/facts.h"

extern module AP_MODULE_DECLARE_DATA mynumber_verify_module;

struct mod_mnv_host_t; /* httpd/process.c */

typedef enum { MNV_SCHEMA_AUTO, MNV_SCHEMA_CHECK } mod_mnv_schema_e;
typedef enum { MNV_PASS_ENV = 1, MNV_PASS_HEADERS = 2, MNV_PASS_BOTH = 3 } mod_mnv_pass_e;
typedef enum { MNV_UNAUTHENTICATED_REDIRECT, MNV_UNAUTHENTICATED_401, MNV_UNAUTHENTICATED_403, MNV_UNAUTHENTICATED_PASS } mod_mnv_unauthenticated_e;
typedef enum { MNV_ENTRY_ACCOUNT, MNV_ENTRY_CARD, MNV_ENTRY_CHOOSE } mod_mnv_entry_e;
typedef enum { MNV_BEARER_OFF, MNV_BEARER_ON, MNV_BEARER_REQUIRED } mod_mnv_bearer_e;
typedef enum { MNV_SUBJECT_PAIRWISE, MNV_SUBJECT_SHARED } mod_mnv_subject_e;

/** Rows of directives.def. */
typedef enum {
#define MNV_DIRECTIVE(id, name, kind, context, field, standard, range, syntax, help) MNV_DIRECTIVE_##id,
#include "httpd/directives.def"
#undef MNV_DIRECTIVE
    MNV_DIRECTIVE_COUNT
} mod_mnv_directive_e;

/** Which rows were given: one bit each. */
typedef struct mod_mnv_bits_t {
    apr_uint64_t word[2];
} mod_mnv_bits_t;

_Static_assert(MNV_DIRECTIVE_COUNT <= 128, "mod_mnv_bits_t is full");

/** MyNumberTimeout. */
typedef struct mod_mnv_timeouts_t {
    apr_interval_time_t connect, total;
} mod_mnv_timeouts_t;

/** MyNumberProviderEndpoint. */
typedef struct mod_mnv_endpoints_t {
    const char *authorization, *token, *userinfo, *jwks;
} mod_mnv_endpoints_t;

/** Per virtual host. */
typedef struct mod_mnv_server_config_t {
    mod_mnv_bits_t set;            /* given here or inherited */
    mod_mnv_bits_t own;            /* given in this very host */
    const ap_directive_t *given[MNV_DIRECTIVE_COUNT]; /* where */
    mnv_options_t options;
    const char *secret_file;
    apr_array_header_t *assertion_keys; /* mnv_client_key_t as written; options.site has those in use */
    const char *link_notify;       /* "|/path/of/program arguments" */
    const char *session_cache;     /* "shmcb(32M)" as written */
    const char *card_provider, *account_provider; /* issuer or file, as written */
    const char *saml_metadata;     /* file or URL, as written */
    apr_array_header_t *saml_keys, *saml_certificates, *saml_metadata_certificates; /* files, const char * */
    mod_mnv_endpoints_t card_endpoints, account_endpoints;
    mod_mnv_timeouts_t timeouts;
    mod_mnv_schema_e schema;
    int strip_cookies;
    /* Made by mod_mnv_server_config_finish(): */
    int enabled;                   /* MyNumberSecretFile is set and the host can work: it takes part */
    const mnv_keyring_t *keyring;
    apr_uint32_t site_check;       /* see mnv_record_t.site */
    apr_uint32_t record_slots;     /* MNV_FACT_COUNT + MyNumberAccountPass */
    mnv_cookie_filter_t cookies[3]; /* for mnv_cookie_strip(): session cookie, "__Secure-mnv-…", "__Host-mnv-…" (or "mnv-…") */
    int cookie_count;
    apr_size_t path_length;        /* of MyNumberPath */
    const apr_array_header_t **exports; /* [list number * prefixes + prefix number], see mod_mnv_exports() */
    int prefixes;
    server_rec *server;
    struct mnv_federation_t *federation; /* of sign-in by SAML; shared by the processes until one knows newer metadata; NULL: none */
    piped_log *notify;             /* the program of link_notify, started in post_config; NULL: none */
    struct mod_mnv_host_t *host;   /* of this process, made in child_init; NULL before */
} mod_mnv_server_config_t;

/** Per directory or location. */
typedef struct mod_mnv_dir_config_t {
    mod_mnv_bits_t set;
    mod_mnv_pass_e pass;
    mnv_encoding_e encoding;
    mod_mnv_entry_e entry;
    mod_mnv_bearer_e bearer;
    mod_mnv_unauthenticated_e unauthenticated;
    mod_mnv_subject_e subject;
    const mod_mnv_prefix_t *header_prefix;
    const mod_mnv_export_list_t *exported;
    mod_mnv_assertion_t assertion;
    const char *section;           /* name of this very section */
    const char *name;              /* sector of pairwise subjects: the innermost <Location>, <Directory> or <Proxy> that says MyNumberSubject, MyNumberExport or MyNumberAssertion on, also in a part
                                    * of it; NULL: the host */
    apr_uint64_t name_print;       /* tells sectors apart; 0: the host */
} mod_mnv_dir_config_t;

void *mod_mnv_server_config_create(apr_pool_t *pool, server_rec *server);
void *mod_mnv_server_config_merge(apr_pool_t *pool, void *base, void *added);
void *mod_mnv_dir_config_create(apr_pool_t *pool, char *name);
void *mod_mnv_dir_config_merge(apr_pool_t *pool, void *base, void *added);
extern const command_rec mod_mnv_directives[];

mod_mnv_server_config_t *mod_mnv_server_config(const server_rec *server);
mod_mnv_dir_config_t *mod_mnv_dir_config(const request_rec *r);

/** What this request's location hands on, in table order; made at start, so that a lookup is a pointer. mod_mnv_export_t elements, empty where the host is not enabled. (exports.c) */
const apr_array_header_t *mod_mnv_exports(request_rec *r);

/** Is this a name that MyNumberExport takes? (exports.c) */
int mod_mnv_is_export_name(const char *name);

/** Read files, compute defaults (base URL, scope, cookie name), judge combinations. Tells every problem with file, line, directive and mend.
 * Call it in the check_config hook: `httpd -t` runs that one and not post_config; at a start it runs before post_config. (config_finish.c)
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR: the server does not start */
int mod_mnv_server_config_finish(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);

/** The test_config hook: under `httpd -t -D DUMP_MYNUMBER` prints the configuration of every enabled host as one JSON document. (dump.c) */
void mod_mnv_dump(apr_pool_t *pconf, server_rec *main_server);

#endif
