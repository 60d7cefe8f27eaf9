#include "base/mnv.h"

#include <stdio.h>
#include <apr_general.h>
#include "base/base64url.h"
#include "base/secret.h"

#define MNV_ID_BYTES_MIN 16
#define MNV_ID_BYTES_MAX 64

static apr_time_t machine_now(void *baton)
{
    (void)baton;
    return apr_time_now();
}

static apr_status_t machine_random(void *baton, unsigned char *buffer, apr_size_t length)
{
    (void)baton;
    return apr_generate_random_bytes(buffer, length);
}

static int stderr_wants(void *baton, int level)
{
    return level <= *(const int *)baton;
}

static void stderr_log(void *baton, int level, const char *line)
{
    (void)baton;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static const mnv_ports_t machine_ports = { machine_now, machine_random, stderr_wants, stderr_log };

mnv_ctx_t *mnv_ctx_make(apr_pool_t *pool, int level)
{
    mnv_ctx_t *ctx = apr_pcalloc(pool, sizeof(*ctx));
    int *wanted = apr_palloc(pool, sizeof(*wanted));
    *wanted = level;
    ctx->pool = pool;
    ctx->ports = &machine_ports;
    ctx->baton = wanted;
    return ctx;
}

apr_time_t mnv_now(const mnv_ctx_t *ctx)
{
    return ctx->ports->now(ctx->baton);
}

apr_status_t mnv_random(mnv_ctx_t *ctx, unsigned char *buffer, apr_size_t length)
{
    apr_status_t status = ctx->ports->random(ctx->baton, buffer, length);
    return status == APR_SUCCESS ? status : mnv_fail(ctx, MNV_FAIL_RANDOM, "status %d", status);
}

const char *mnv_random_id(mnv_ctx_t *ctx, apr_size_t bytes)
{
    unsigned char buffer[MNV_ID_BYTES_MAX];
    if (bytes < MNV_ID_BYTES_MIN || bytes > MNV_ID_BYTES_MAX) {
        (void)mnv_fail(ctx, MNV_FAIL_INTERNAL, "identifier of %lu bytes", (unsigned long)bytes);
        return NULL;
    }
    if (mnv_random(ctx, buffer, bytes) != APR_SUCCESS) {
        return NULL;
    }
    const char *id = mnv_base64url_encode(ctx->pool, buffer, bytes);
    mnv_secret_wipe(buffer, sizeof(buffer));
    return id;
}
