/* What each process needs, made after fork: the mnv_site_t of every virtual host (store over mod_dbd, HTTP client, providers), whether the schema is ready, and the
 * generation shared by all processes of the server. */
#ifndef MNV_HTTPD_PROCESS_H
#define MNV_HTTPD_PROCESS_H

#include "httpd/server_config.h"
#include "flow/flow.h"

/** In post_config: shared memory for the generation counter, the default state folder. Nothing happens where no host is enabled or in the first of the two passes of a start.
 * @return OK, or HTTP_INTERNAL_SERVER_ERROR (told) */
int mod_mnv_process_post_config(apr_pool_t *pconf, server_rec *main_server);

/** In child_init, after mod_dbd's (connections) and before mod_watchdog's (whose thread uses what is made here):
 * ap_hook_child_init(…, {"mod_dbd.c", NULL}, {"mod_watchdog.c", NULL}, APR_HOOK_MIDDLE). */
void mod_mnv_process_child_init(apr_pool_t *pchild, server_rec *main_server);

/** The site of a host; NULL where the module is not enabled. Thread: any. */
const mnv_site_t *mod_mnv_site(const server_rec *server);

/** Is the database ready (schema prepared)? Tries again, at most once a second per process, until it is; once it is, this is one atomic read. Thread: any.
 * @return APR_SUCCESS or a told failure DATABASE… */
apr_status_t mod_mnv_database_ready(mnv_ctx_t *ctx, const server_rec *server);

/** The generation all processes share: one atomic read. Records made under an older one are to be rechecked. Starts with the time of the start in seconds, so that
 * records of an earlier life of the server, kept by a cache elsewhere, are older. */
apr_int64_t mod_mnv_generation(void);
void mod_mnv_generation_raise(void);

/** A context for a request: ports are httpd's (log lines go to ap_log_rerror with this request), pool the request's. (log_sink.c) */
mnv_ctx_t *mod_mnv_ctx(request_rec *r);

/** A context without a request (start, watchdog). Lines go to the server's log. */
mnv_ctx_t *mod_mnv_ctx_server(apr_pool_t *pool, server_rec *server);

/** The lender of mod_dbd connections of a host (dbd.c). @return APR_SUCCESS, or APR_ENOTIMPL: mod_dbd is not loaded */
apr_status_t mod_mnv_dbd_lender(apr_pool_t *pool, server_rec *server, const mnv_dbd_lender_t **lender);

/** Is mod_dbd loaded and configured for this host? For configtest. @param problem a sentence, with the mend */
int mod_mnv_dbd_is_there(const server_rec *server, const char **problem);

/** Is mod_watchdog loaded? (watchdog.c) */
int mod_mnv_watchdog_is_there(void);

/** Register with mod_watchdog: refresh providers' metadata, purge. (watchdog.c) In post_config. @return OK, or HTTP_INTERNAL_SERVER_ERROR (told) */
int mod_mnv_watchdog_register(apr_pool_t *pconf, server_rec *main_server);

/** In child_init: the end of the process waits for a step that is under way. (watchdog.c) */
void mod_mnv_watchdog_child_init(apr_pool_t *pchild);

#endif
