#include "httpd/process.h"
#include "base/log.h"
#include "flow/flow_saml.h"
#include "lib/crypt.h"

#include <apr_atomic.h>
#include <apr_thread_mutex.h>
#include <http_log.h>
#include <mod_watchdog.h>

APLOG_USE_MODULE(mynumber_verify);

#define MNV_STEP apr_time_from_sec(2)              /* SAML's metadata decide themselves whether it is time to fetch */
#define MNV_PROVIDER_INTERVAL apr_time_from_sec(60) /* and so do OpenID Providers, which tell a failure each time */
#define MNV_PURGE_INTERVAL apr_time_from_sec(10 * 60)

/* Of the one thread that runs the steps, and of the end of the process, which waits for it. */
typedef struct {
    server_rec *main_server;
    apr_time_t purge_at, providers_at;
    apr_thread_mutex_t *stepping;  /* held during a step */
    volatile apr_uint32_t is_over; /* no step may begin any more */
} watch_t;

/* What a step does besides. */
typedef struct {
    int providers, purge;
} due_t;

static watch_t *registered; /* NULL: no steps in this server */

int mod_mnv_watchdog_is_there(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance) && APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
}

static void refresh(watch_t *watch, mnv_ctx_t *ctx, mnv_provider_t *provider)
{
    if (provider && !apr_atomic_read32(&watch->is_over)) {
        mnv_provider_refresh(ctx, provider); /* a failure is told, and tried again in the next step */
    }
}

static void step_host(watch_t *watch, apr_pool_t *pool, server_rec *server, const due_t *due)
{
    const mnv_site_t *site = mod_mnv_site(server);
    mnv_ctx_t *ctx = mod_mnv_ctx_server(pool, server);

    if (!site) {
        return;
    }
    if (due->providers) {
        refresh(watch, ctx, site->card);
        refresh(watch, ctx, site->account);
        refresh(watch, ctx, site->bearer != site->account ? site->bearer : NULL);
    }
    if (site->federation && !apr_atomic_read32(&watch->is_over)) {
        mnv_saml_refresh(ctx, site, &watch->is_over);
    }
    if (due->purge && !apr_atomic_read32(&watch->is_over) && mod_mnv_database_ready(ctx, server) == APR_SUCCESS) {
        mnv_store_purge(ctx, site->store, mnv_now(ctx));
    }
}

/* A clock that was set back must not put it off. */
static int is_time(apr_time_t at, apr_interval_time_t interval, apr_time_t now)
{
    return now >= at || at > now + interval;
}

static void step_all(watch_t *watch, apr_pool_t *pool)
{
    const apr_time_t now = apr_time_now();
    const due_t due = { is_time(watch->providers_at, MNV_PROVIDER_INTERVAL, now), is_time(watch->purge_at, MNV_PURGE_INTERVAL, now) };
    server_rec *server;
    apr_pool_t *of_host;

    watch->providers_at = due.providers ? now + MNV_PROVIDER_INTERVAL : watch->providers_at;
    watch->purge_at = due.purge ? now + MNV_PURGE_INTERVAL : watch->purge_at;
    apr_pool_create(&of_host, pool);
    for (server = watch->main_server; server && !apr_atomic_read32(&watch->is_over); server = server->next) {
        step_host(watch, of_host, server, &due);
        apr_pool_clear(of_host);
    }
    apr_pool_destroy(of_host);
}

/** @return APR_SUCCESS always: with anything else mod_watchdog would never call again */
static apr_status_t step(int state, void *data, apr_pool_t *pool)
{
    watch_t *watch = data;

    if (state != AP_WATCHDOG_STATE_STARTING && state != AP_WATCHDOG_STATE_RUNNING) {
        return APR_SUCCESS;
    }
    apr_thread_mutex_lock(watch->stepping);
    if (!apr_atomic_read32(&watch->is_over)) {
        step_all(watch, pool);
        mnv_crypt_thread_end(); /* nobody joins this thread before exit() */
    }
    apr_thread_mutex_unlock(watch->stepping);
    return APR_SUCCESS;
}

/* mod_watchdog ends its thread with the pool of the process, which goes after pchild: the sites a step works on would be gone by then. */
static apr_status_t end_steps(void *data)
{
    watch_t *watch = data;

    apr_atomic_set32(&watch->is_over, 1);
    apr_thread_mutex_lock(watch->stepping);
    apr_thread_mutex_unlock(watch->stepping);
    return APR_SUCCESS;
}

void mod_mnv_watchdog_child_init(apr_pool_t *pchild)
{
    if (registered) {
        apr_pool_pre_cleanup_register(pchild, registered, end_steps);
    }
}

static apr_status_t forget_watch(void *data)
{
    (void)data;
    registered = NULL;
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
    status = apr_thread_mutex_create(&watch->stepping, APR_THREAD_MUTEX_DEFAULT, pconf);
    if (status == APR_SUCCESS) {
        status = get_instance(&watchdog, "_mynumber_", 0, 1, pconf); /* a singleton: one child at a time */
    }
    if (status == APR_SUCCESS) {
        status = register_callback(watchdog, MNV_STEP, watch, step);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server, MNVLOGNO(1340) "could not register with mod_watchdog");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    registered = watch;
    apr_pool_cleanup_register(pconf, NULL, forget_watch, apr_pool_cleanup_null);
    return OK;
}
