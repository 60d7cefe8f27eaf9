/* The second module: puts questions to liboauth2 for mod_mynumber_verify (httpd/bearer_library.h), which judges before and after. It has no directive and meets no request by itself.
 *
 * liboauth2 is given as little as it can do its work with: a token whose shape was judged, the one key that must have signed it, and no cache. */
#include <httpd.h>
#include <ap_provider.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <jansson.h>
#include <oauth2/cfg.h>
#include <oauth2/log.h>
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#include <string.h>
#include "base/log.h"
#include "httpd/bearer_library.h"

/* Without this name of none the library keeps results in shared memory under a lock that a dying process never lets go, and gives them out after they have expired. */
#define NO_CACHE "verify.cache=none"

/* What the library says is read, never written on: its lines hold tokens. */
typedef struct heard_t {
    int is_inactive; /* introspection's own word */
} heard_t;

static void hear(oauth2_log_sink_t *sink, const char *filename, unsigned long line, const char *function, oauth2_log_level_t level, const char *message)
{
    heard_t *heard = oauth2_log_sink_ctx_get(sink);

    (void)filename;
    (void)line;
    (void)level;
    heard->is_inactive |= strstr(function, "introspect") && strstr(message, "\"active\"") && strstr(message, "\"false\"");
}

static oauth2_log_t *listen_to(heard_t *heard)
{
    heard->is_inactive = 0;
    return oauth2_log_init(OAUTH2_LOG_ERROR, oauth2_log_sink_create(OAUTH2_LOG_ERROR, hear, heard));
}

static oauth2_cfg_token_verify_t *make(apr_pool_t *pool, oauth2_log_t *log, const mod_mnv_bearer_question_t *question)
{
    oauth2_cfg_token_verify_t *verify = NULL;
    const char *options = *question->options ? apr_pstrcat(pool, question->options, "&", NO_CACHE, NULL) : NO_CACHE;
    char *problem = oauth2_cfg_token_verify_add_options(log, &verify, question->type, question->value, options);

    if (problem) {
        oauth2_mem_free(problem);
        oauth2_cfg_token_verify_free(log, verify);
        return NULL;
    }
    return verify;
}

static const char *print(apr_pool_t *pool, json_t *claims)
{
    char *text = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
    const char *copy = text ? apr_pstrdup(pool, text) : NULL;

    free(text);
    return copy;
}

static mod_mnv_bearer_verdict_e ask(apr_pool_t *pool, const mod_mnv_bearer_question_t *question, const char **claims)
{
    mod_mnv_bearer_verdict_e verdict = MOD_MNV_BEARER_UNCHECKED;
    heard_t heard;
    oauth2_log_t *log = listen_to(&heard);
    oauth2_cfg_token_verify_t *verify = make(pool, log, question);
    json_t *payload = NULL;

    if (verify && oauth2_token_verify(log, NULL, verify, question->token, &payload)) {
        verdict = MOD_MNV_BEARER_ACCEPTED;
        *claims = print(pool, payload);
    }
    else if (verify && (heard.is_inactive || strcmp(question->type, "introspect"))) {
        verdict = MOD_MNV_BEARER_REFUSED;
    }
    json_decref(payload);
    oauth2_cfg_token_verify_free(log, verify);
    oauth2_log_free(log);
    return verdict;
}

static const mod_mnv_bearer_library_t library = {ask};

/* The library's locks are made here, not before the fork: what a process holds when it dies then stops nobody else. It makes them on first use, which is no matter for several threads. */
static void child_init(apr_pool_t *pchild, server_rec *server)
{
    const mod_mnv_bearer_question_t first = {"introspect", "http://127.0.0.1/", "", ""};
    static heard_t heard;
    oauth2_log_t *log = oauth2_init(OAUTH2_LOG_ERROR, oauth2_log_sink_create(OAUTH2_LOG_ERROR, hear, &heard));
    oauth2_cfg_token_verify_t *verify = make(pchild, log, &first);

    if (!verify) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, MNVLOGNO(1749) "liboauth2 cannot be used in this process");
    }
    oauth2_cfg_token_verify_free(log, verify);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_register_provider(pool, MOD_MNV_BEARER_GROUP, MOD_MNV_BEARER_NAME, MOD_MNV_BEARER_VERSION, &library);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(mynumber_bearer) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE};
