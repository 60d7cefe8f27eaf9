#include "model/pending.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64url.h"
#include "base/secret.h"
#include "model/options.h"

/* Plain text of the cookie: version, half, start in seconds (8 bytes, big endian), secret, with CHOSEN the print of the provider, place to return to without NUL.
 * 58 + 380 bytes, sealed and as base64url with its key id, are 639: below the 700 of the header */
#define VERSION 1
#define AT_HALF 1 /* mnv_half_e, or one of these */
#define STEP_UP 3 /* a card again */
#define CHOOSING 4
#define CHOOSING_TO_LINK 5
#define CHOSEN 6
#define AT_STARTED 2
#define AT_SECRET 10
#define HEAD_BYTES 42
#define ID_BYTES 16
#define ID_CHARACTERS 22

apr_status_t mnv_pending_make(mnv_ctx_t *ctx, mnv_half_e half, const char *return_to, mnv_pending_t **pending)
{
    mnv_pending_t *made = (mnv_pending_t *)mnv_secret_make(ctx->pool, sizeof(*made));
    apr_status_t rv;

    made->id = mnv_random_id(ctx, ID_BYTES);
    if (!made->id) {
        return APR_EGENERAL;
    }
    if ((rv = mnv_random(ctx, made->secret, sizeof(made->secret))) != APR_SUCCESS) {
        return rv;
    }
    made->half = half;
    made->started = apr_time_from_sec(apr_time_sec(mnv_now(ctx)));
    made->return_to = return_to;
    *pending = made;
    return APR_SUCCESS;
}

static const char *derived(mnv_ctx_t *ctx, const mnv_pending_t *pending, const char *label)
{
    unsigned char key[MNV_KEY_BYTES];
    const char *text;

    if (mnv_crypt_derive(pending->secret, label, key) != APR_SUCCESS) {
        mnv_fail(ctx, MNV_FAIL_CRYPTO, "derive \"%s\"", label);
        return NULL;
    }
    text = mnv_base64url_encode(ctx->pool, key, sizeof(key));
    mnv_secret_wipe(key, sizeof(key));
    return text;
}

const char *mnv_pending_nonce(mnv_ctx_t *ctx, const mnv_pending_t *pending)
{
    return derived(ctx, pending, "mynumber_verify nonce");
}

const char *mnv_pending_verifier(mnv_ctx_t *ctx, const mnv_pending_t *pending)
{
    return derived(ctx, pending, "mynumber_verify verifier");
}

const char *mnv_pending_request_id(mnv_ctx_t *ctx, const mnv_pending_t *pending)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char key[MNV_KEY_BYTES];
    char *id = apr_pcalloc(ctx->pool, 2 * sizeof(key) + 2), *out = id;
    apr_size_t i;

    if (mnv_crypt_derive(pending->secret, "mynumber_verify request", key) != APR_SUCCESS) {
        (void)mnv_fail(ctx, MNV_FAIL_CRYPTO, "id of a request");
        return NULL;
    }
    *out++ = '_';
    for (i = 0; i < sizeof(key); i++) {
        *out++ = hex[key[i] >> 4];
        *out++ = hex[key[i] & 15];
    }
    return id;
}

const char *mnv_pending_parked_id(mnv_ctx_t *ctx, const mnv_pending_t *pending)
{
    return derived(ctx, pending, "mynumber_verify parked");
}

/** The cookie opens under its own name and beside its own browser cookie only. */
static const char *associated(mnv_ctx_t *ctx, const char *browser, const char *id)
{
    return apr_pstrcat(ctx->pool, "flow|", id, "|", browser, NULL);
}

static unsigned char half_byte(const mnv_pending_t *pending)
{
    if (pending->half == MNV_HALF_IDENTITY) {
        return pending->is_step_up ? STEP_UP : MNV_HALF_IDENTITY;
    }
    return pending->is_choosing ? pending->to_link ? CHOOSING_TO_LINK : CHOOSING : pending->has_print ? CHOSEN : MNV_HALF_ACCOUNT;
}

apr_status_t mnv_pending_seal(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const char *browser,
                              const mnv_pending_t *pending, const char **value)
{
    apr_size_t place = pending->return_to ? strlen(pending->return_to) : 0, head = HEAD_BYTES;
    unsigned char *plain;
    apr_int64_t started = apr_time_sec(pending->started);
    int i;

    if (place > MNV_PENDING_RETURN_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_SEAL, "place to return to of %" APR_SIZE_T_FMT " bytes does not fit a flow cookie",
                        place);
    }
    plain = mnv_secret_make(ctx->pool, HEAD_BYTES + MNV_PENDING_PRINT_BYTES + place + 1);
    plain[0] = VERSION;
    plain[AT_HALF] = half_byte(pending);
    for (i = 0; i < 8; i++) {
        plain[AT_STARTED + i] = (unsigned char)((apr_uint64_t)started >> (8 * (7 - i)));
    }
    memcpy(plain + AT_SECRET, pending->secret, sizeof(pending->secret));
    if (plain[AT_HALF] == CHOSEN) {
        memcpy(plain + head, pending->print, MNV_PENDING_PRINT_BYTES);
        head += MNV_PENDING_PRINT_BYTES;
    }
    if (place > 0) {
        memcpy(plain + head, pending->return_to, place);
    }
    return mnv_keyring_seal(ctx, keyring, MNV_SEAL_FLOW, associated(ctx, browser, pending->id), plain, head + place, value);
}

/** What the opened cookie holds. @return NULL when it is none of ours */
static mnv_pending_t *unpack(mnv_ctx_t *ctx, const char *id, const unsigned char *plain, apr_size_t length)
{
    mnv_pending_t *made;
    apr_uint64_t started = 0;
    int i;

    apr_size_t head = HEAD_BYTES + (length > AT_HALF && plain[AT_HALF] == CHOSEN ? MNV_PENDING_PRINT_BYTES : 0);

    if (length < head || plain[0] != VERSION || plain[AT_HALF] < MNV_HALF_IDENTITY || plain[AT_HALF] > CHOSEN || memchr(plain + head, '\0', length - head)) {
        return NULL;
    }
    for (i = 0; i < 8; i++) {
        started = (started << 8) | plain[AT_STARTED + i];
    }
    if (started > (apr_uint64_t)(APR_INT64_MAX / APR_USEC_PER_SEC)) {
        return NULL;
    }
    made = (mnv_pending_t *)mnv_secret_make(ctx->pool, sizeof(*made));
    made->id = apr_pstrdup(ctx->pool, id);
    made->is_step_up = plain[AT_HALF] == STEP_UP;
    made->half = made->is_step_up || plain[AT_HALF] == MNV_HALF_IDENTITY ? MNV_HALF_IDENTITY : MNV_HALF_ACCOUNT;
    made->is_choosing = plain[AT_HALF] == CHOOSING || plain[AT_HALF] == CHOOSING_TO_LINK;
    made->to_link = plain[AT_HALF] == CHOOSING_TO_LINK;
    made->has_print = plain[AT_HALF] == CHOSEN;
    if (made->has_print) {
        memcpy(made->print, plain + HEAD_BYTES, MNV_PENDING_PRINT_BYTES);
    }
    made->started = apr_time_from_sec((apr_int64_t)started);
    memcpy(made->secret, plain + AT_SECRET, sizeof(made->secret));
    if (length > head) {
        made->return_to = apr_pstrmemdup(ctx->pool, (const char *)plain + head, length - head);
    }
    return made;
}

apr_status_t mnv_pending_open(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const char *browser, const char *id,
                              const char *value, mnv_pending_t **pending)
{
    apr_time_t now = mnv_now(ctx);
    mnv_pending_t *made;
    unsigned char *plain;
    apr_size_t length;

    if (strlen(id) != ID_CHARACTERS || !mnv_base64url_is(id, ID_CHARACTERS)) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow id is malformed");
    }
    if (strnlen(value, MNV_PENDING_LIMIT_BYTES + 1) > MNV_PENDING_LIMIT_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow cookie is longer than %d bytes", MNV_PENDING_LIMIT_BYTES);
    }
    if (mnv_keyring_open(ctx, keyring, MNV_SEAL_FLOW, associated(ctx, browser, id), value, &plain, &length)
        != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, NULL);
    }
    made = unpack(ctx, id, plain, length);
    mnv_secret_wipe(plain, length);
    if (!made) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow cookie of an unknown version");
    }
    if (made->started > now + MNV_NODE_SKEW) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_EXPIRED, "started %" APR_INT64_T_FMT " s in the future: compare the clocks of the nodes",
                        apr_time_sec(made->started - now));
    }
    if (now - made->started >= MNV_FLOW_LIFETIME) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_EXPIRED, "started %" APR_INT64_T_FMT " s ago", apr_time_sec(now - made->started));
    }
    *pending = made;
    return APR_SUCCESS;
}
