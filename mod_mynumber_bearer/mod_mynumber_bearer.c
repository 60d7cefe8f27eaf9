/* The second module: has liboauth2 verify signatures for mod_mynumber_verify (httpd/bearer_library.h), which judges tokens before and after. It has no directive and meets no request by itself.
 *
 * liboauth2 is given as little as it can do its work with: a token whose shape was judged, the one key that must have signed it, no cache and no network. */
#include <httpd.h>
#include <ap_provider.h>
#include <http_config.h>
#include <http_log.h>
#include <jansson.h>
#include <oauth2/cfg.h>
#include <oauth2/log.h>
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#include "base/log.h"
#include "httpd/bearer_library.h"

/* Claims and times are judged by who asks. Without the name of no cache the library keeps results in shared memory under a lock that a dying process never lets go, and gives them out after
 * they have expired. */
#define OPTIONS "verify.iss=skip&verify.exp=skip&verify.iat=skip&verify.cache=none"

/* Its lines hold tokens: nobody hears them. */
static void drop(oauth2_log_sink_t *sink, const char *filename, unsigned long line, const char *function, oauth2_log_level_t level, const char *message)
{
    (void)sink;
    (void)filename;
    (void)line;
    (void)function;
    (void)level;
    (void)message;
}

static oauth2_log_sink_t *make_sink(void)
{
    return oauth2_log_sink_create(OAUTH2_LOG_ERROR, drop, NULL);
}

static oauth2_cfg_token_verify_t *make(oauth2_log_t *log, const char *type, const char *value)
{
    oauth2_cfg_token_verify_t *verify = NULL;
    char *problem = oauth2_cfg_token_verify_add_options(log, &verify, type, value, OPTIONS);

    if (problem) {
        oauth2_mem_free(problem);
        oauth2_cfg_token_verify_free(log, verify);
        return NULL;
    }
    return verify;
}

static bool is_right(oauth2_log_t *log, oauth2_cfg_token_verify_t *verify, const char *token)
{
    json_t *claims = NULL;
#ifdef MNV_LIBOAUTH2_TELLS_STATUS
    oauth2_http_status_code_t status = 0; /* of a call, and none is made */
    bool is = oauth2_token_verify(log, NULL, verify, token, &claims, &status);
#else
    bool is = oauth2_token_verify(log, NULL, verify, token, &claims);
#endif

    json_decref(claims);
    return is;
}

static mod_mnv_bearer_verdict_e verify_token(const char *jwk, const char *token)
{
    mod_mnv_bearer_verdict_e verdict = MOD_MNV_BEARER_UNCHECKED;
    oauth2_log_t *log = oauth2_log_init(OAUTH2_LOG_ERROR, make_sink());
    oauth2_cfg_token_verify_t *verify = make(log, "jwk", jwk);

    if (verify) {
        verdict = is_right(log, verify, token) ? MOD_MNV_BEARER_ACCEPTED : MOD_MNV_BEARER_REFUSED;
    }
    oauth2_cfg_token_verify_free(log, verify);
    oauth2_log_free(log);
    return verdict;
}

static const mod_mnv_bearer_library_t library = {verify_token};

/* The library's locks are made here, not before the fork: what a process holds when it dies then stops nobody else. It makes them on first use, which is no matter for several threads. */
static void child_init(apr_pool_t *pchild, server_rec *server)
{
    oauth2_log_t *log = oauth2_init(OAUTH2_LOG_ERROR, make_sink());
    oauth2_cfg_token_verify_t *first = make(log, "plain", "of no use but this");

    (void)pchild;
    if (!first) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, MNVLOGNO(1749) "liboauth2 cannot be used in this process");
    }
    oauth2_cfg_token_verify_free(log, first);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_register_provider(pool, MOD_MNV_BEARER_GROUP, MOD_MNV_BEARER_NAME, MOD_MNV_BEARER_VERSION, &library);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(mynumber_bearer) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE};
