#include "httpd/process.h"
#include "base/log.h"
#include "lib/crypt.h"

#include <http_log.h>

APLOG_USE_MODULE(mynumber_verify);

static const int levels[] = { [MNV_LOG_ERROR] = APLOG_ERR, [MNV_LOG_WARNING] = APLOG_WARNING, [MNV_LOG_INFO] = APLOG_INFO, [MNV_LOG_DEBUG] = APLOG_DEBUG, [MNV_LOG_TRACE] = APLOG_TRACE1 };

static apr_time_t now(void *baton)
{
    (void)baton;
    return apr_time_now();
}

static apr_status_t fill(void *baton, unsigned char *buffer, apr_size_t length)
{
    (void)baton;
    return mnv_crypt_random(buffer, length);
}

static int request_wants(void *baton, int level)
{
    const request_rec *r = baton;

    return APLOG_R_IS_LEVEL(r, levels[level]);
}

static void request_log(void *baton, int level, const char *line)
{
    ap_log_rerror(APLOG_MARK, levels[level], 0, (request_rec *)baton, "%s", line);
}

static int server_wants(void *baton, int level)
{
    const server_rec *server = baton;

    return APLOG_IS_LEVEL(server, levels[level]);
}

static void server_log(void *baton, int level, const char *line)
{
    ap_log_error(APLOG_MARK, levels[level], 0, (server_rec *)baton, "%s", line);
}

static const mnv_ports_t request_ports = { now, fill, request_wants, request_log };
static const mnv_ports_t server_ports = { now, fill, server_wants, server_log };

static mnv_ctx_t *make(apr_pool_t *pool, const mnv_ports_t *ports, void *baton)
{
    mnv_ctx_t *ctx = apr_pcalloc(pool, sizeof(*ctx));

    ctx->pool = pool;
    ctx->ports = ports;
    ctx->baton = baton;
    return ctx;
}

mnv_ctx_t *mod_mnv_ctx(request_rec *r)
{
    return make(r->pool, &request_ports, r);
}

mnv_ctx_t *mod_mnv_ctx_server(apr_pool_t *pool, server_rec *server)
{
    return make(pool, &server_ports, server);
}
