#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <apr_strings.h>
#include "base/mnv.h"
#include "base/log.h"

/* short enough that the reference behind it is never cut off */
#define MNV_FAILURE_DETAIL_BYTES 1600
#define MNV_FAILURE_REFERENCE_BYTES 4

static const mnv_failure_row_t rows[] = {
#define MNV_FAILURE(name, number, http_status, level, next, log, ja, en) { #name, number, http_status, level, next, log, ja, en },
#include "base/failures.def"
#undef MNV_FAILURE
};

const mnv_failure_row_t *mnv_failure_row(mnv_failure_e what)
{
    return what > MNV_OK && what < MNV_FAILURE_COUNT ? &rows[what - 1] : &rows[MNV_FAIL_INTERNAL - 1];
}

const char *mnv_failure_code(mnv_failure_e what, apr_pool_t *pool)
{
    return apr_psprintf(pool, "MNV%04d", mnv_failure_row(what)->number);
}

/* It only has to be found again in the log, so that a broken random source may be answered with the clock. */
static const char *make_reference(mnv_ctx_t *ctx)
{
    unsigned char bytes[MNV_FAILURE_REFERENCE_BYTES];
    if (ctx->ports->random(ctx->baton, bytes, sizeof(bytes)) != APR_SUCCESS) {
        return apr_psprintf(ctx->pool, "%08x", (unsigned int)mnv_now(ctx));
    }
    return apr_psprintf(ctx->pool, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
}

apr_status_t mnv_fail(mnv_ctx_t *ctx, mnv_failure_e what, const char *fmt, ...)
{
    const mnv_failure_row_t *row = mnv_failure_row(what);
    ctx->failure.what = what > MNV_OK && what < MNV_FAILURE_COUNT ? what : MNV_FAIL_INTERNAL;
    ctx->failure.detail = NULL;
    ctx->failure.reference = make_reference(ctx);
    if (fmt != NULL) {
        char raw[MNV_FAILURE_DETAIL_BYTES + 1], *detail = apr_palloc(ctx->pool, sizeof(raw));
        va_list arguments;
        va_start(arguments, fmt);
        if (vsnprintf(raw, sizeof(raw), fmt, arguments) >= 0) {
            mnv_log_escape(detail, sizeof(raw), raw);
            ctx->failure.detail = detail;
        }
        va_end(arguments);
    }
    const char *detail = ctx->failure.detail;
    mnv_log(ctx, (mnv_log_level_e)row->level, "MNV%04d: %s%s%s [ref %s]", row->number, row->log, detail != NULL ? ": " : "",
            detail != NULL ? detail : "", ctx->failure.reference);
    return APR_EGENERAL;
}
