#include "flow/provider_copy.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "lib/crypt.h"
#include "lib/json.h"

#define COPY_LIMIT_BYTES 2097152 /* both documents at their limits, as JSON strings */
#define NAME_BYTES 8

const char *mnv_provider_copy_name(apr_pool_t *pool, const char *state_dir, const char *issuer)
{
    unsigned char digest[MNV_DIGEST_BYTES];
    const char *hash = "";
    int i;

    if (mnv_crypt_sha256(issuer, strlen(issuer), digest) != APR_SUCCESS) {
        return NULL;
    }
    for (i = 0; i < NAME_BYTES; i++) {
        hash = apr_psprintf(pool, "%s%02x", hash, digest[i]);
    }
    return apr_psprintf(pool, "%s/provider-%s.json", state_dir, hash);
}

static mnv_provider_texts_t *texts_of(mnv_ctx_t *ctx, const char *issuer, const char *text, apr_size_t length)
{
    mnv_provider_texts_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    mnv_json_t *copy;
    apr_int64_t fetched_at;
    const char *owner;

    if (mnv_json_parse(ctx->pool, text, length, &copy) != APR_SUCCESS
        || mnv_json_integer(copy, "fetched_at", &fetched_at) != APR_SUCCESS
        || fetched_at < 0 || fetched_at > apr_time_sec(mnv_now(ctx) + MNV_PROVIDER_CLOCK_SLACK)) {
        return NULL;
    }
    owner = mnv_json_string(copy, "issuer");
    made->fetched_at = apr_time_from_sec(fetched_at);
    made->metadata = mnv_json_string(copy, "metadata");
    made->jwks_uri = mnv_json_string(copy, "jwks_uri");
    made->jwks = mnv_json_string(copy, "jwks");
    return owner && !strcmp(owner, issuer) && made->jwks_uri && made->jwks ? made : NULL;
}

apr_status_t mnv_provider_copy_read(mnv_ctx_t *ctx, const char *name, const char *issuer, apr_time_t *seen,
                                    mnv_provider_texts_t **texts)
{
    mnv_provider_texts_t *made;
    apr_finfo_t info;
    const char *problem = "";
    char *text;
    apr_size_t length;
    apr_status_t status = apr_stat(&info, name, APR_FINFO_MTIME, ctx->pool);

    if (status != APR_SUCCESS || info.mtime == *seen) {
        return APR_ENOENT;
    }
    *seen = info.mtime;
    status = mnv_file_is_private(ctx->pool, name, &problem);
    if (status == APR_SUCCESS) {
        status = mnv_file_read(ctx->pool, name, COPY_LIMIT_BYTES, &text, &length);
    }
    made = status == APR_SUCCESS ? texts_of(ctx, issuer, text, length) : NULL;
    if (!made) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1210) "copy \"%s\" is not used: %s", name,
                status == APR_SUCCESS ? "it is not a copy of this provider" : *problem ? problem : "it cannot be read");
        return APR_EINVAL;
    }
    *texts = made;
    return APR_SUCCESS;
}

void mnv_provider_copy_write(mnv_ctx_t *ctx, const char *name, const char *issuer, const mnv_provider_texts_t *texts)
{
    mnv_json_t *copy = mnv_json_object(ctx->pool);
    const char *text;
    char reason[120];
    apr_status_t status;

    mnv_json_set_string(copy, "issuer", issuer);
    mnv_json_set_integer(copy, "fetched_at", apr_time_sec(texts->fetched_at));
    mnv_json_set_string(copy, "metadata", texts->metadata); /* NULL: nothing is set */
    mnv_json_set_string(copy, "jwks_uri", texts->jwks_uri);
    mnv_json_set_string(copy, "jwks", texts->jwks);
    text = mnv_json_print(ctx->pool, copy);
    status = mnv_file_write(ctx->pool, name, text, strlen(text), 1, 1);
    if (status != APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1211) "could not write copy \"%s\": %s", name,
                apr_strerror(status, reason, sizeof(reason)));
    }
}
