#include "httpd/process.h"
#include "base/log.h"
#include "flow/flow_saml.h"
#include "httpd/config_judge.h"

#include <errno.h>
#include <unistd.h>
#include <apr_atomic.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <unixd.h>

APLOG_USE_MODULE(mynumber_verify);

#define MNV_RETRY_AFTER apr_time_from_sec(1)

/** A host in this process. */
typedef struct mod_mnv_host_t {
    mnv_site_t site;
    int creates_schema;
    volatile apr_uint32_t is_ready;
    apr_thread_mutex_t *trying;    /* of what follows */
    apr_time_t tried_at;
    mnv_failure_e failed_by;
} mod_mnv_host_t;

/* The generation. ------------------------------------------------------------------------- */

/* Shared between the processes; of this one alone until the memory is made. */
static apr_uint32_t alone;
static volatile apr_uint32_t *generation = &alone;

static apr_status_t forget_generation(void *data)
{
    (void)data;
    generation = &alone;
    return APR_SUCCESS;
}

apr_int64_t mod_mnv_generation(void)
{
    return apr_atomic_read32(generation);
}

void mod_mnv_generation_raise(void)
{
    apr_atomic_inc32(generation);
}

static apr_status_t make_generation(apr_pool_t *pconf)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, sizeof(*generation), NULL, pconf); /* anonymous: no name to collide or to be opened by others */

    if (status != APR_SUCCESS) {
        return status;
    }
    generation = apr_shm_baseaddr_get(memory);
    apr_atomic_set32(generation, (apr_uint32_t)apr_time_sec(apr_time_now()));
    apr_pool_cleanup_register(pconf, NULL, forget_generation, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

/* Start of the server. ----------------------------------------------------------------------- */

/** Make the default state folder and give it to the server's user. A folder named by MyNumberStateDir is the administrator's. */
static void make_state_dir(apr_pool_t *pool, server_rec *server, const char *name)
{
    apr_finfo_t folder;
    apr_status_t status = apr_dir_make(name, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, pool);

    if (status == APR_SUCCESS && geteuid() == 0 && lchown(name, ap_unixd_config.user_id, ap_unixd_config.group_id)) {
        status = APR_FROM_OS_ERROR(errno);
    }
    if (APR_STATUS_IS_EEXIST(status)) {
        status = apr_stat(&folder, name, APR_FINFO_TYPE | APR_FINFO_PROT | APR_FINFO_OWNER | APR_FINFO_LINK, pool);
        if (status == APR_SUCCESS && (folder.filetype != APR_DIR || !mod_mnv_user_may(&folder, 3))) {
            status = APR_EACCES;
        }
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, server, MNVLOGNO(1341) "could not make the folder \"%s\", so that no copy of the providers' metadata is kept: name another by "
                     "MyNumberStateDir", name);
    }
}

/** What is kept of metadata from a URL, read once for all processes. That there is nothing is no reason not to start. */
static void start_federations(apr_pool_t *pconf, server_rec *main_server)
{
    server_rec *server;
    apr_pool_t *ptemp;

    apr_pool_create(&ptemp, pconf);
    for (server = main_server; server; server = server->next) {
        const mod_mnv_server_config_t *config = mod_mnv_server_config(server);

        if (config->enabled && config->federation) {
            mnv_saml_ready(mod_mnv_ctx_server(ptemp, server), pconf, &config->options, config->federation);
        }
    }
    apr_pool_destroy(ptemp);
}

int mod_mnv_process_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    const char *state_dir = ap_runtime_dir_relative(pconf, "mynumber");
    int is_enabled = 0, needs_state_dir = 0;
    server_rec *server;
    apr_status_t status;

    for (server = main_server; server; server = server->next) {
        const mod_mnv_server_config_t *config = mod_mnv_server_config(server);

        is_enabled |= config->enabled;
        needs_state_dir |= config->enabled && state_dir && !strcmp(config->options.site.state_dir, state_dir);
    }
    if (!is_enabled || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    if (needs_state_dir) {
        make_state_dir(pconf, main_server, state_dir);
    }
    start_federations(pconf, main_server);
    status = make_generation(pconf);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server, MNVLOGNO(1342) "could not get shared memory for the generation");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* Start of a process. -------------------------------------------------------------------------- */

/* The issuer of bearer tokens: the one people sign in at, or another, whose copy on disk must not be taken for a namesake's. */
static apr_status_t make_bearer(apr_pool_t *pchild, server_rec *server, mnv_site_t *site)
{
    const mnv_options_t *options = site->options;
    const mnv_bearer_options_t *bearer = &options->bearer;
    const int is_account = site->account && bearer->keys.issuer && !strcmp(bearer->keys.issuer, options->account.issuer);
    const int is_known = is_account || (bearer->keys.issuer && options->card.issuer && !strcmp(bearer->keys.issuer, options->card.issuer));

    if (bearer->keys_text) {
        return mnv_jwks_parse(mod_mnv_ctx_server(pchild, server), pchild, bearer->keys_text, strlen(bearer->keys_text), &site->bearer_keys);
    }
    if (is_account && !bearer->keys.jwks_uri) {
        site->bearer = site->account;
        return APR_SUCCESS;
    }
    return bearer->keys.issuer ? mnv_provider_make(pchild, &bearer->keys, is_known ? NULL : options->site.state_dir, site->http, &site->bearer) : APR_SUCCESS;
}

static apr_status_t make_host(apr_pool_t *pchild, mod_mnv_server_config_t *config, mod_mnv_host_t *host)
{
    const mnv_options_t *options = &config->options;
    const mnv_dbd_lender_t *lender;
    mnv_site_t *site = &host->site;
    apr_status_t status;

    site->options = options;
    site->keyring = config->keyring;
    status = apr_thread_mutex_create(&host->trying, APR_THREAD_MUTEX_DEFAULT, pchild);
    if (status == APR_SUCCESS) {
        status = mod_mnv_dbd_lender(pchild, config->server, &lender);
    }
    if (status == APR_SUCCESS) {
        site->store = mnv_store_make(pchild, lender, config->keyring, options->link.policy);
        host->creates_schema = config->schema == MNV_SCHEMA_AUTO;
        status = mnv_http_curl_make(pchild, options->call.connect_timeout, options->call.total_timeout, options->call.max_outbound, &site->http);
    }
    if (status == APR_SUCCESS && options->card.issuer) {
        status = mnv_provider_make(pchild, &options->card, options->site.state_dir, site->http, &site->card);
    }
    if (status == APR_SUCCESS && config->federation) {
        site->federation = config->federation;
        mnv_saml_connect(site);
    }
    if (status == APR_SUCCESS && options->signin.method == MNV_SIGNIN_OIDC) {
        status = mnv_provider_make(pchild, &options->account, options->site.state_dir, site->http, &site->account);
    }
    if (status == APR_SUCCESS && options->bearer.introspection.url) {
        status = mnv_http_curl_make(pchild, options->call.connect_timeout, options->call.total_timeout, options->call.max_outbound, &site->introspection);
    }
    if (status == APR_SUCCESS && options->bearer.verify) {
        status = make_bearer(pchild, config->server, site);
    }
    return status;
}

void mod_mnv_process_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    server_rec *server;
    apr_pool_t *ptemp;
    apr_status_t status;

    apr_pool_create(&ptemp, pchild);
    for (server = main_server; server; server = server->next) {
        mod_mnv_server_config_t *config = mod_mnv_server_config(server);
        mod_mnv_host_t *host;

        if (!config->enabled) {
            continue;
        }
        host = apr_pcalloc(pchild, sizeof(*host));
        status = mnv_crypt_init();
        if (status == APR_SUCCESS) {
            status = make_host(pchild, config, host);
        }
        if (status != APR_SUCCESS) {
            /* without a site the host's protected places answer errors, which is what should happen */
            ap_log_error(APLOG_MARK, APLOG_ERR, status, server, MNVLOGNO(1343) "could not set up the host in this process");
            continue;
        }
        config->host = host;
        mod_mnv_database_ready(mod_mnv_ctx_server(ptemp, server), server); /* a failure is told, and tried again by requests */
        apr_pool_clear(ptemp);
    }
    apr_pool_destroy(ptemp);
}

/* For requests. ------------------------------------------------------------------------------------ */

const mnv_site_t *mod_mnv_site(const server_rec *server)
{
    const mod_mnv_server_config_t *config = mod_mnv_server_config(server);

    return config->host ? &config->host->site : NULL;
}

/** Under the host's mutex. */
static apr_status_t try_database(mnv_ctx_t *ctx, mod_mnv_host_t *host)
{
    const apr_time_t now = mnv_now(ctx);
    apr_status_t status;

    if (apr_atomic_read32(&host->is_ready)) {
        return APR_SUCCESS;
    }
    if (host->failed_by != MNV_OK && now >= host->tried_at && now - host->tried_at < MNV_RETRY_AFTER) {
        return mnv_fail(ctx, host->failed_by, "less than a second ago");
    }
    status = mnv_schema_prepare(ctx, host->site.store, host->creates_schema);
    host->tried_at = mnv_now(ctx);
    host->failed_by = status == APR_SUCCESS ? MNV_OK : ctx->failure.what != MNV_OK ? ctx->failure.what : MNV_FAIL_DATABASE;
    if (status == APR_SUCCESS) {
        apr_atomic_set32(&host->is_ready, 1);
    }
    return status;
}

apr_status_t mod_mnv_database_ready(mnv_ctx_t *ctx, const server_rec *server)
{
    mod_mnv_host_t *host = mod_mnv_server_config(server)->host;
    apr_status_t status;

    if (!host) {
        return mnv_fail(ctx, MNV_FAIL_DATABASE, "the host is not set up in this process");
    }
    if (apr_atomic_read32(&host->is_ready)) {
        return APR_SUCCESS;
    }
    /* not waiting: a database that hangs must not take every thread with it */
    if (apr_thread_mutex_trylock(host->trying) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_DATABASE_SCHEMA, "another thread is at it");
    }
    status = try_database(ctx, host);
    apr_thread_mutex_unlock(host->trying);
    return status;
}
