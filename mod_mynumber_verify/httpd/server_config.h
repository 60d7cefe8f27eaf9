/* The configuration as httpd keeps it: one struct per server, one per directory, both filled, merged and dumped by directives.def.
 * A directive is one field and one row; set/unset is a bit of its own, never a comparison with the default. */
#ifndef MNV_HTTPD_SERVER_CONFIG_H
#define MNV_HTTPD_SERVER_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <ap_socache.h>
#include "model/keyring.h"
#include "model/options.h"
#include "out/facts.h"

extern module AP_MODULE_DECLARE_DATA mynumber_verify_module;

typedef enum { MNV_PASS_ENV = 1, MNV_PASS_HEADERS = 2, MNV_PASS_BOTH = 3 } mod_mnv_pass_e;
typedef enum { MNV_UNAUTHENTICATED_REDIRECT, MNV_UNAUTHENTICATED_401, MNV_UNAUTHENTICATED_403, MNV_UNAUTHENTICATED_PASS } mod_mnv_unauthenticated_e;
typedef enum { MNV_SUBJECT_PAIRWISE, MNV_SUBJECT_SHARED } mod_mnv_subject_e;

/** A fact as one location hands it on; names made at configuration time. */
typedef struct mod_mnv_export_t {
    apr_uint32_t slot;    /* of mnv_record_value() */
    const char *variable; /* "MYNUMBER_VERIFIED_AT" */
    const char *header;   /* "MyNumber-Verified-At" */
} mod_mnv_export_t;

/** Per virtual host. */
typedef struct mod_mnv_server_config_t {
    apr_uint64_t set[2];           /* bit n: row n of directives.def was given here or inherited */
    mnv_options_t options;
    const char *secret_file;
    const char *session_cache;     /* "shmcb(32M)" as written */
    int schema_check;              /* MyNumberSchema check */
    int strip_cookies;
    /* Made in post_config: */
    int enabled;                   /* MyNumberSecretFile is set here: the host takes part */
    const mnv_keyring_t *keyring;
    apr_uint32_t site_check;       /* see mnv_record_t.site */
    apr_uint32_t record_slots;     /* MNV_FACT_COUNT + MyNumberAccountPass */
    apr_array_header_t *cookie_names; /* for mnv_cookie_strip(): session cookie, "__Secure-mnv-*", "__Host-mnv-*" (or "mnv-*") */
    server_rec *server;
} mod_mnv_server_config_t;

/** Per directory or location. */
typedef struct mod_mnv_dir_config_t {
    apr_uint64_t set[2];
    int pass, encoding, unauthenticated, subject; /* the enums above, mnv_encoding_e */
    const char *header_prefix;
    apr_array_header_t *exported;  /* names as written; NULL: the default */
    const char *name;              /* of the section, the sector of pairwise subjects */
} mod_mnv_dir_config_t;

void *mod_mnv_server_config_create(apr_pool_t *pool, server_rec *server);
void *mod_mnv_server_config_merge(apr_pool_t *pool, void *base, void *added);
void *mod_mnv_dir_config_create(apr_pool_t *pool, char *name);
void *mod_mnv_dir_config_merge(apr_pool_t *pool, void *base, void *added);
extern const command_rec mod_mnv_directives[];

mod_mnv_server_config_t *mod_mnv_server_config(const server_rec *server);
mod_mnv_dir_config_t *mod_mnv_dir_config(const request_rec *r);

/** What this request's location hands on, in table order; made once per distinct (location, server) and kept: lookups in the hot path are a pointer. mod_mnv_export_t elements. */
const apr_array_header_t *mod_mnv_exports(request_rec *r);

/** post_config's part: read files, compute defaults (base URL, scope, cookie name), judge combinations. Tells every problem with file, line, directive and mend.
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR: the server does not start */
int mod_mnv_server_config_finish(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);

/** Every header prefix any section of any host sets, lower case with "_" as "-" (const char *), for the strip. "mynumber-" always. Collected while directives are read. */
const apr_array_header_t *mod_mnv_header_prefixes(void);

#endif
