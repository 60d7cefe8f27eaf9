/* What each process needs, made after fork: the mnv_site_t of every virtual host (store over mod_dbd, HTTP client, providers), whether the schema is ready, and the
 * generation shared by all processes of the server. */
#ifndef MNV_HTTPD_PROCESS_H
#define MNV_HTTPD_PROCESS_H

#include "httpd/server_config.h"
#include "flow/flow.h"

/** In post_config (second pass): shared memory for the generation counter. */
int mod_mnv_process_post_config(apr_pool_t *pconf, server_rec *main_server);

/** In child_init, after mod_dbd's. */
void mod_mnv_process_child_init(apr_pool_t *pchild, server_rec *main_server);

/** The site of a host; NULL where the module is not enabled. */
const mnv_site_t *mod_mnv_site(const server_rec *server);

/** Is the database ready (schema prepared)? Tries again, at most once a second per process, until it is. @return APR_SUCCESS or a told failure DATABASE… */
apr_status_t mod_mnv_database_ready(mnv_ctx_t *ctx, const server_rec *server);

/** The generation all processes share: one atomic read. Records made under an older one are to be rechecked. */
apr_int64_t mod_mnv_generation(void);
void mod_mnv_generation_raise(void);

/** A context for a request: ports are httpd's (log lines go to ap_log_rerror with this request), pool the request's. (log_sink.c) */
mnv_ctx_t *mod_mnv_ctx(request_rec *r);

/** A context without a request (start, watchdog). Lines go to the server's log. */
mnv_ctx_t *mod_mnv_ctx_server(apr_pool_t *pool, server_rec *server);

/** The lender of mod_dbd connections of a host (dbd.c). */
apr_status_t mod_mnv_dbd_lender(apr_pool_t *pool, server_rec *server, const mnv_dbd_lender_t **lender);

/** Is mod_dbd loaded and configured for this host? For configtest. @param problem a sentence */
int mod_mnv_dbd_is_there(server_rec *server, const char **problem);

/** Register with mod_watchdog: refresh providers' metadata, purge. (watchdog.c) In post_config. */
int mod_mnv_watchdog_register(apr_pool_t *pconf, server_rec *main_server);

#endif
