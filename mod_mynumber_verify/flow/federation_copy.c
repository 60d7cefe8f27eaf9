#include "flow/federation.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_file_info.h>
#include <apr_mmap.h>
#include <apr_strings.h>
#include "base/base64url.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "flow/provider_copy.h"
#include "lib/json.h"

/* The file: keyed hash (43 characters) of what follows and a line break; a head of one line of JSON; what proto/saml_pack.c has made. */
#define MAC_CHARACTERS 43
#define HEAD_LIMIT     16384
#define NAME_CHARACTERS 22
/* Texts of providers repeat what stands around them. */
#define COPY_LIMIT_BYTES (4 * (apr_off_t)MNV_FEDERATION_LIMIT_BYTES)

static const char *digest_of(mnv_ctx_t *ctx, const void *data, apr_size_t length)
{
    unsigned char digest[MNV_DIGEST_BYTES];

    if (mnv_crypt_sha256(data, length, digest) != APR_SUCCESS) {
        mnv_fail(ctx, MNV_FAIL_CRYPTO, "digest of metadata");
        return NULL;
    }
    return mnv_base64url_encode(ctx->pool, digest, sizeof(digest));
}

static const char *mac_of(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const void *data, apr_size_t length)
{
    const char *digest = digest_of(ctx, data, length);

    return digest ? mnv_keyring_hash(ctx, keyring, MNV_HASH_COPY, "saml metadata", digest, NULL) : NULL;
}

const char *mnv_copy_name(mnv_ctx_t *ctx, apr_pool_t *pool, const char *state_dir, const mnv_keyring_t *keyring, const char *place)
{
    const char *hash = mnv_keyring_hash(ctx, keyring, MNV_HASH_COPY, "saml name", place, NULL);

    return hash ? apr_psprintf(pool, "%s/saml-%.*s", state_dir, NAME_CHARACTERS, hash) : NULL;
}

apr_status_t mnv_snapshot_release(void *data)
{
    mnv_snapshot_t *snapshot = data;

    if (snapshot && !apr_atomic_dec32(&snapshot->holders)) {
        apr_pool_destroy(snapshot->pool);
    }
    return APR_SUCCESS;
}

/* Not a child of any pool: it outlives the request that fetched it, and ends in whichever thread lets go last. @return NULL after a told failure */
static mnv_snapshot_t *make(mnv_ctx_t *ctx)
{
    mnv_snapshot_t *made;
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS) {
        mnv_fail(ctx, MNV_FAIL_INTERNAL, "no pool");
        return NULL;
    }
    made = apr_pcalloc(pool, sizeof(*made));
    made->pool = pool;
    made->holders = 1;
    return made;
}

/* Reading. ---------------------------------------------------------------------- */

/* Certificates that were taken away may have been the signer's. One that came in changes nothing: so a federation rolls its key over. */
static int has_our_signers(mnv_ctx_t *ctx, const mnv_copy_t *copy, const mnv_json_t *then)
{
    const int now = copy->signers ? copy->signers->nelts : 0;
    apr_size_t i;
    int j;

    if (!then || (mnv_json_size(then) == 0) != (now == 0)) {
        return 0;
    }
    for (i = 0; i < mnv_json_size(then); i++) {
        const char *one = mnv_json_string(mnv_json_at(then, i), NULL);

        for (j = 0; one && j < now; j++) {
            const char *text = mnv_certificate_text(ctx->pool, APR_ARRAY_IDX(copy->signers, j, const mnv_certificate_t *)), *print = digest_of(ctx, text, strlen(text));

            if (print && !strcmp(one, print)) {
                break;
            }
        }
        if (!one || j == now) {
            return 0;
        }
    }
    return 1;
}

/* @return NULL, or why it is not used */
static const char *read_head(mnv_ctx_t *ctx, const mnv_copy_t *copy, const char *head, apr_size_t length, apr_time_t *fetched_at)
{
    const char *place;
    apr_int64_t at;
    mnv_json_t *json;

    if (mnv_json_parse(ctx->pool, head, length, &json) != APR_SUCCESS || mnv_json_integer(json, "fetched_at", &at) != APR_SUCCESS) {
        return "it is of another version";
    }
    *fetched_at = apr_time_from_sec(at);
    place = mnv_json_string(json, "place");
    if (!place || strcmp(place, copy->place)) {
        return "it is of another place";
    }
    if (!has_our_signers(ctx, copy, mnv_json_member(json, "signers"))) {
        return "other certificates might sign then (MyNumberSAMLMetadataCert)";
    }
    return *fetched_at > mnv_now(ctx) + MNV_PROVIDER_CLOCK_SLACK ? "it is from the future" : NULL;
}

/* @return NULL, or why it is not used */
static const char *read_text(mnv_ctx_t *ctx, const mnv_copy_t *copy, const char *text, apr_size_t length, mnv_snapshot_t *snapshot)
{
    const char *body = text + MAC_CHARACTERS + 1, *end, *mac, *problem;

    if (length < MAC_CHARACTERS + 3 || body[-1] != '\n') {
        return "it is no copy";
    }
    length -= MAC_CHARACTERS + 1;
    mac = mac_of(ctx, copy->keyring, body, length);
    if (!mac || !mnv_secret_equal(mac, text, MAC_CHARACTERS)) {
        return "it was changed, or made with another secret file";
    }
    end = memchr(body, '\n', length < HEAD_LIMIT ? length : HEAD_LIMIT);
    if (!end) {
        return "it is no copy";
    }
    problem = read_head(ctx, copy, body, (apr_size_t)(end - body), &snapshot->fetched_at);
    if (!problem && mnv_saml_metadata_unpack(snapshot->pool, end + 1, length - (apr_size_t)(end + 1 - body), &snapshot->metadata) != APR_SUCCESS) {
        problem = "it is of another version";
    }
    return problem;
}

/* The bytes belong to all processes that map them. The file is never written again: a newer copy is another file of that name. @return NULL, or why it is not used */
static const char *map_file(mnv_ctx_t *ctx, const mnv_copy_t *copy, mnv_snapshot_t *snapshot)
{
    const char *problem = "it cannot be read";
    apr_finfo_t info;
    apr_file_t *file;
    apr_mmap_t *map;

    if (mnv_file_is_private(ctx->pool, copy->name, &problem) != APR_SUCCESS
        || apr_file_open(&file, copy->name, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, ctx->pool) != APR_SUCCESS) {
        return problem;
    }
    if (apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file) != APR_SUCCESS || info.filetype != APR_REG || info.size <= 0 || info.size > COPY_LIMIT_BYTES
        || apr_mmap_create(&map, file, 0, (apr_size_t)info.size, APR_MMAP_READ, snapshot->pool) != APR_SUCCESS) {
        problem = "it is no copy";
    }
    else {
        problem = read_text(ctx, copy, map->mm, map->size, snapshot);
    }
    apr_file_close(file);
    return problem;
}

mnv_snapshot_t *mnv_copy_read(mnv_ctx_t *ctx, mnv_copy_t *copy, apr_time_t newer_than, const char **refused)
{
    const mnv_failure_t before = ctx->failure;
    mnv_snapshot_t *made;
    const char *problem;
    apr_finfo_t info;

    if (!copy->name || apr_stat(&info, copy->name, APR_FINFO_MTIME, ctx->pool) != APR_SUCCESS || info.mtime == copy->seen || !(made = make(ctx))) {
        return NULL;
    }
    copy->seen = info.mtime;
    problem = map_file(ctx, copy, made);
    if (problem) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1263) "copy \"%s\" of the metadata is not used: %s", copy->name, problem);
    }
    if (problem && refused) {
        *refused = problem;
    }
    if (problem || made->fetched_at <= newer_than) {
        mnv_snapshot_release(made);
        made = NULL;
    }
    ctx->failure = before;
    return made;
}

/* Writing. ------------------------------------------------------------------------- */

static const char *head_of(mnv_ctx_t *ctx, const mnv_copy_t *copy, apr_time_t fetched_at)
{
    mnv_json_t *head = mnv_json_object(ctx->pool), *signers = mnv_json_array(ctx->pool);
    int i;

    mnv_json_set_string(head, "place", copy->place);
    mnv_json_set_integer(head, "fetched_at", apr_time_sec(fetched_at));
    for (i = 0; copy->signers && i < copy->signers->nelts; i++) {
        const char *text = mnv_certificate_text(ctx->pool, APR_ARRAY_IDX(copy->signers, i, const mnv_certificate_t *)), *digest = digest_of(ctx, text, strlen(text));

        if (!digest) {
            return NULL;
        }
        mnv_json_add_string(signers, digest);
    }
    mnv_json_set(head, "signers", signers);
    return mnv_json_print(ctx->pool, head);
}

/* @return NULL after a told failure */
static char *write_text(mnv_ctx_t *ctx, const mnv_copy_t *copy, const mnv_saml_metadata_t *metadata, apr_time_t fetched_at, apr_size_t *length)
{
    const char *head = head_of(ctx, copy, fetched_at), *pack, *mac;
    apr_size_t head_length, pack_length;
    char *text;

    if (!head || mnv_saml_metadata_pack(ctx->pool, metadata, &pack, &pack_length) != APR_SUCCESS) {
        return NULL;
    }
    head_length = strlen(head);
    *length = MAC_CHARACTERS + 1 + head_length + 1 + pack_length;
    text = apr_palloc(ctx->pool, *length);
    memcpy(text + MAC_CHARACTERS + 1, head, head_length);
    text[MAC_CHARACTERS] = text[MAC_CHARACTERS + 1 + head_length] = '\n';
    memcpy(text + *length - pack_length, pack, pack_length);
    mac = mac_of(ctx, copy->keyring, text + MAC_CHARACTERS + 1, *length - MAC_CHARACTERS - 1);
    if (!mac) {
        return NULL;
    }
    memcpy(text, mac, MAC_CHARACTERS);
    return text;
}

/* @return 0: not written, which is told */
static int write_copy(mnv_ctx_t *ctx, const mnv_copy_t *copy, const char *text, apr_size_t length)
{
    char reason[120];
    apr_status_t status = copy->name ? mnv_file_write(ctx->pool, copy->name, text, length, 1, 1) : APR_ENOENT;

    if (copy->name && status != APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1264) "could not write copy \"%s\" of the metadata, so that other processes and the next start do without: %s", copy->name, apr_strerror(status, reason, sizeof(reason)));
    }
    return status == APR_SUCCESS;
}

apr_status_t mnv_copy_keep(mnv_ctx_t *ctx, mnv_copy_t *copy, const mnv_saml_metadata_t *metadata, apr_time_t fetched_at, mnv_snapshot_t **snapshot)
{
    apr_size_t length;
    char *text = write_text(ctx, copy, metadata, fetched_at, &length);
    const char *problem;

    if (!text) {
        return APR_EGENERAL;
    }
    if (write_copy(ctx, copy, text, length)) {
        copy->seen = 0;
        *snapshot = mnv_copy_read(ctx, copy, 0, NULL);
        if (*snapshot) {
            return APR_SUCCESS;
        }
    }
    *snapshot = make(ctx);
    if (!*snapshot) {
        return APR_EGENERAL;
    }
    problem = read_text(ctx, copy, apr_pmemdup((*snapshot)->pool, text, length), length, *snapshot);
    if (problem) {
        mnv_snapshot_release(*snapshot);
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "metadata as packed: %s", problem);
    }
    return APR_SUCCESS;
}
