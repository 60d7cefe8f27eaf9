#include "flow/expiry.h"

#include "base/civil.h"
#include "base/log.h"

static const apr_interval_time_t thresholds[] = { 30, 7, 1, 0 }; /* days */
#define LEVELS ((int)(sizeof(thresholds) / sizeof(*thresholds)))

static apr_interval_time_t days(apr_interval_time_t count)
{
    return apr_time_from_sec(count * 86400);
}

/* How many thresholds are passed. */
static int level_of(const mnv_ending_t *ending, apr_time_t now)
{
    int level = 0, i;

    for (i = 0; i < LEVELS; i++) {
        const int counts = !thresholds[i] || !ending->begins || ending->ends - ending->begins > days(thresholds[i]);

        if (counts && ending->ends - now <= days(thresholds[i])) {
            level = i + 1;
        }
    }
    return level;
}

void mnv_expiry_tell(mnv_ctx_t *ctx, mnv_expiry_t *told, const mnv_ending_t *ending)
{
    const apr_time_t now = mnv_now(ctx);
    const int level = ending->ends ? level_of(ending, now) : 0;
    const int is_new = told->ends != ending->ends;

    if (level > (is_new ? 0 : told->level)) {
        const char *at = mnv_civil_rfc3339(ctx->pool, ending->ends);

        if (level == LEVELS) {
            mnv_log(ctx, MNV_LOG_ERROR, MNVLOGNO(1267) "%s ran out at %s: %s", ending->what, at, ending->mend);
        }
        else {
            mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1268) "%s will run out within %d days, at %s: %s", ending->what, (int)((ending->ends - now) / days(1)) + 1, at, ending->mend);
        }
    }
    if (is_new || level > told->level) {
        told->ends = ending->ends;
        told->level = level;
    }
}
