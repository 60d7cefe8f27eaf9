/* The module: its record and the table of hooks. What they do stands in httpd/. */
#include <httpd.h>
#include <ap_expr.h>
#include <ap_mmn.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include "httpd/authz.h"
#include "httpd/expr.h"
#include "httpd/external.h"
#include "httpd/gate.h"
#include "httpd/handoff.h"
#include "httpd/notify.h"
#include "httpd/own_urls.h"
#include "httpd/process.h"
#include "httpd/record_cache.h"
#include "httpd/server_config.h"
#include "httpd/strip.h"

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    return mod_mnv_record_cache_pre_config(pconf) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    (void)plog;
    return mod_mnv_server_config_finish(pconf, ptemp, server);
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    int status;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) { /* the first of the two passes of a start is thrown away */
        return OK;
    }
    status = mod_mnv_process_post_config(pconf, server);
    if (status == OK) {
        status = mod_mnv_record_cache_post_config(pconf, ptemp, server);
    }
    if (status == OK) {
        status = mod_mnv_notify_post_config(pconf, server);
    }
    return status == OK ? mod_mnv_watchdog_register(pconf, server) : status;
}

static void child_init(apr_pool_t *pchild, server_rec *server)
{
    mod_mnv_record_cache_child_init(pchild, server);
    mod_mnv_process_child_init(pchild, server);
    mod_mnv_watchdog_child_init(pchild);
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const after_dbd[] = {"mod_dbd.c", NULL}, *const before_watchdog[] = {"mod_watchdog.c", NULL};
    static const char *const before_authz_core[] = {"mod_authz_core.c", NULL};

    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(mod_mnv_dump, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, after_dbd, before_watchdog, APR_HOOK_MIDDLE);

    /* In the order in which a request meets them. */
    ap_hook_post_read_request(mod_mnv_strip_post_read, NULL, NULL, APR_HOOK_REALLY_FIRST);
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 109)
    ap_hook_pre_translate_name(mod_mnv_own_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
#endif
    ap_hook_translate_name(mod_mnv_own_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(mod_mnv_own_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_check_access_ex(mod_mnv_gate_access, NULL, before_authz_core, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_force_authn(mod_mnv_external_force, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_authn(mod_mnv_gate_user, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(mod_mnv_gate_authz, NULL, before_authz_core, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_fixups(mod_mnv_handoff_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mod_mnv_external_fixups, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(mod_mnv_own_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(mod_mnv_handoff_log, NULL, NULL, APR_HOOK_REALLY_FIRST);

    ap_hook_expr_lookup(mod_mnv_expr_lookup, NULL, NULL, APR_HOOK_FIRST);
    mod_mnv_authz_register(pool);
}

AP_DECLARE_MODULE(mynumber_verify) = {
    STANDARD20_MODULE_STUFF,
    mod_mnv_dir_config_create,
    mod_mnv_dir_config_merge,
    mod_mnv_server_config_create,
    mod_mnv_server_config_merge,
    mod_mnv_directives,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
