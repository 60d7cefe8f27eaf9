#include "httpd/process.h"
#include "base/log.h"

#include <http_log.h>
#include <mod_watchdog.h>

APLOG_USE_MODULE(mynumber_verify);

#define MNV_STEP apr_time_from_sec(60)             /* a provider decides itself whether it is time to fetch */
#define MNV_PURGE_INTERVAL apr_time_from_sec(10 * 60)

/* Of the one thread that runs the steps. */
typedef struct {
    server_rec *main_server;
    apr_time_t purge_at;
} watch_t;

int mod_mnv_watchdog_is_there(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance) && APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
}

static void refresh(mnv_ctx_t *ctx, mnv_provider_t *provider)
{
    if (provider) {
        mnv_provider_refresh(ctx, provider); /* a failure is told, and tried again in the next step */
    }
}

static void step_host(apr_pool_t *pool, server_rec *server, int is_purging)
{
    const mnv_site_t *site = mod_mnv_site(server);
    mnv_ctx_t *ctx = mod_mnv_ctx_server(pool, server);

    if (!site) {
        return;
    }
    refresh(ctx, site->card);
    refresh(ctx, site->account);
    if (is_purging && mod_mnv_database_ready(ctx, server) == APR_SUCCESS) {
        mnv_store_purge(ctx, site->store, mnv_now(ctx));
    }
}

/** @return APR_SUCCESS always: with anything else mod_watchdog would never call again */
static apr_status_t step(int state, void *data, apr_pool_t *pool)
{
    watch_t *watch = data;
    const apr_time_t now = apr_time_now();
    const int is_purging = now >= watch->purge_at;
    server_rec *server;
    apr_pool_t *of_host;

    if (state != AP_WATCHDOG_STATE_STARTING && state != AP_WATCHDOG_STATE_RUNNING) {
        return APR_SUCCESS;
    }
    if (is_purging) {
        watch->purge_at = now + MNV_PURGE_INTERVAL;
    }
    apr_pool_create(&of_host, pool);
    for (server = watch->main_server; server; server = server->next) {
        step_host(of_host, server, is_purging);
        apr_pool_clear(of_host);
    }
    apr_pool_destroy(of_host);
    return APR_SUCCESS;
}

int mod_mnv_watchdog_register(apr_pool_t *pconf, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get_instance = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *register_callback = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    server_rec *server = main_server;
    watch_t *watch;
    apr_status_t status;

    while (server && !mod_mnv_server_config(server)->enabled) {
        server = server->next;
    }
    if (!server || !get_instance || !register_callback) {
        return OK; /* nothing to watch, or told at the check of the configuration already */
    }
    watch = apr_pcalloc(pconf, sizeof(*watch));
    watch->main_server = main_server;
    status = get_instance(&watchdog, "_mynumber_", 0, 1, pconf); /* a singleton: one child at a time */
    if (status == APR_SUCCESS) {
        status = register_callback(watchdog, MNV_STEP, watch, step);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server, MNVLOGNO(1340) "could not register with mod_watchdog");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
