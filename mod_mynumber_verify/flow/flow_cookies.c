#include "flow/steps.h"

#include <apr_strings.h>
#include <string.h>
#include "base/base64url.h"
#include "base/log.h"

/* A place too long for the flow's own cookie travels in one cookie beside it; browsers keep 4,096 bytes. */
#define LONG_RETURN_BYTES 2800
#define NAMES_LIMIT 64
/* Long enough for the way back to the page that asked. */
#define ARRIVED_LIFETIME apr_time_from_sec(3)

static const char *browser_name(const mnv_site_t *site)
{
    return site->options->site.secure ? "__Host-mnv-b" : "mnv-b";
}

static const char *flow_prefix(const mnv_site_t *site)
{
    return site->options->site.secure ? "__Secure-mnv-f-" : "mnv-f-";
}

static const char *return_name(const mnv_site_t *site)
{
    return site->options->site.secure ? "__Secure-mnv-r" : "mnv-r";
}

/* SameSite=None lets the cookie arrive with a provider's cross-site POST; it carries no authority. Without Secure (loopback) browsers refuse None. */
static void set_cookie(const mnv_site_t *site, const char *name, const char *value, const char *path, apr_interval_time_t lifetime, mnv_reply_t *reply)
{
    mnv_cookie_t cookie = {0};

    cookie.name = name;
    cookie.value = value;
    cookie.path = path;
    cookie.lifetime = value ? lifetime : 0;
    cookie.secure = site->options->site.secure;
    cookie.same_site = cookie.secure ? "None" : "Lax";
    mnv_reply_cookie(reply, &cookie);
}

static const char *cookie_of(mnv_ctx_t *ctx, const mnv_request_t *request, const char *name, apr_size_t limit)
{
    const char *value;
    apr_size_t length;

    if (mnv_cookie_find(request->cookies, name, &value, &length) != 1 || length == 0 || length > limit) {
        return NULL;
    }
    return apr_pstrmemdup(ctx->pool, value, length);
}

const char *mnv_flow_browser(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request)
{
    const char *browser = cookie_of(ctx, request, browser_name(site), 22);

    return browser && strlen(browser) == 22 && mnv_base64url_is(browser, 22) ? browser : NULL;
}

/* What a flow is sealed beside: this browser and this site, because the hosts of a server may share their secret, and a name their cookies. */
static const char *binding_of(mnv_ctx_t *ctx, const mnv_site_t *site, const char *browser)
{
    return apr_pstrcat(ctx->pool, browser, "|", site->options->site.base_url, NULL);
}

static const char *return_aad(mnv_ctx_t *ctx, const char *binding, const char *id)
{
    return apr_pstrcat(ctx->pool, "return|", binding, "|", id, NULL);
}

static apr_status_t set_return(mnv_ctx_t *ctx, const mnv_site_t *site, const char *binding, mnv_pending_t *pending, mnv_reply_t *reply)
{
    const char *place = pending->return_to, *value;
    apr_size_t length = place ? strlen(place) : 0;
    apr_status_t status;

    if (length <= MNV_PENDING_RETURN_BYTES) {
        return APR_SUCCESS;
    }
    pending->return_to = NULL;
    if (length > LONG_RETURN_BYTES) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1602) "place to return to is too long (%" APR_SIZE_T_FMT " bytes): the flow ends on the service page", length);
        return APR_SUCCESS;
    }
    status = mnv_keyring_seal(ctx, site->keyring, MNV_SEAL_FLOW, return_aad(ctx, binding, pending->id), place, length, &value);
    if (status == APR_SUCCESS) {
        set_cookie(site, return_name(site), value, site->options->site.path, MNV_FLOW_LIFETIME, reply);
    }
    return status;
}

static void get_return(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char *binding, mnv_pending_t *pending)
{
    const char *value = pending->return_to ? NULL : cookie_of(ctx, request, return_name(site), 4096);
    unsigned char *place;
    apr_size_t length;

    if (value && mnv_keyring_open(ctx, site->keyring, MNV_SEAL_FLOW, return_aad(ctx, binding, pending->id), value, &place, &length) == APR_SUCCESS) {
        pending->return_to = (const char *)place;
    }
}

/* More flows than this would push the Cookie header over httpd's 8,190 bytes. Browsers send older cookies first (RFC 6265 section 5.4). */
static void drop_oldest(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    apr_array_header_t *names = mnv_cookie_names(ctx->pool, request->cookies, flow_prefix(site), NAMES_LIMIT);
    int i;

    for (i = 0; i <= names->nelts - MNV_FLOW_MAX; i++) {
        set_cookie(site, APR_ARRAY_IDX(names, i, const char *), NULL, site->options->site.path, 0, reply);
    }
}

apr_status_t mnv_flow_cookies_set(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_pending_t *pending, mnv_reply_t *reply)
{
    const char *browser = mnv_flow_browser(ctx, site, request), *binding, *value;
    apr_status_t status;

    if (!browser) {
        browser = mnv_random_id(ctx, 16);
        if (!browser) {
            return APR_EGENERAL;
        }
        set_cookie(site, browser_name(site), browser, "/", 0, reply);
    }
    binding = binding_of(ctx, site, browser);
    status = set_return(ctx, site, binding, pending, reply);
    if (status == APR_SUCCESS) {
        status = mnv_pending_seal(ctx, site->keyring, binding, pending, &value);
    }
    if (status == APR_SUCCESS) {
        drop_oldest(ctx, site, request, reply);
        set_cookie(site, apr_pstrcat(ctx->pool, flow_prefix(site), pending->id, NULL), value, site->options->site.path, MNV_FLOW_LIFETIME, reply);
    }
    return status;
}

apr_status_t mnv_flow_cookies_get(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char *state, mnv_pending_t **pending)
{
    const char *value = cookie_of(ctx, request, apr_pstrcat(ctx->pool, flow_prefix(site), state, NULL), MNV_PENDING_LIMIT_BYTES);
    const char *browser = mnv_flow_browser(ctx, site, request), *binding;
    apr_status_t status;

    if (!value || !browser) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_UNKNOWN, "%s", value ? "no browser cookie" : "no flow cookie");
    }
    binding = binding_of(ctx, site, browser);
    status = mnv_pending_open(ctx, site->keyring, binding, state, value, pending);
    if (status == APR_SUCCESS) {
        get_return(ctx, site, request, binding, *pending);
    }
    return status;
}

static const char *arrived_name(const mnv_site_t *site)
{
    return site->options->site.secure ? "__Host-mnv-a" : "mnv-a";
}

static const char *arrived_value(mnv_half_e half)
{
    return half == MNV_HALF_ACCOUNT ? "account" : "identity";
}

void mnv_flow_arrived_set(const mnv_site_t *site, mnv_half_e half, mnv_reply_t *reply)
{
    set_cookie(site, arrived_name(site), arrived_value(half), "/", ARRIVED_LIFETIME, reply);
}

void mnv_flow_linked_set(const mnv_site_t *site, mnv_reply_t *reply)
{
    set_cookie(site, arrived_name(site), "link", "/", ARRIVED_LIFETIME, reply);
}

int mnv_flow_has_just_arrived(const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half)
{
    const char *value, *expected = arrived_value(half);
    apr_size_t length;
    int times = mnv_cookie_find(request->cookies, arrived_name(site), &value, &length);

    /* Twice: somebody tosses cookies in, and perhaps a second session cookie too. */
    return times < 0 || (times == 1 && length == strlen(expected) && !strncmp(value, expected, length));
}

void mnv_flow_arrived_end(const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    const char *value;
    apr_size_t length;

    if (mnv_cookie_find(request->cookies, arrived_name(site), &value, &length)) {
        set_cookie(site, arrived_name(site), NULL, "/", 0, reply);
    }
}

void mnv_flow_cookies_end(mnv_ctx_t *ctx, const mnv_site_t *site, const char *state, mnv_reply_t *reply)
{
    set_cookie(site, apr_pstrcat(ctx->pool, flow_prefix(site), state, NULL), NULL, site->options->site.path, 0, reply);
}

void mnv_flow_cookies_end_all(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    apr_array_header_t *names = mnv_cookie_names(ctx->pool, request->cookies, flow_prefix(site), NAMES_LIMIT);
    int i;

    for (i = 0; i < names->nelts; i++) {
        set_cookie(site, APR_ARRAY_IDX(names, i, const char *), NULL, site->options->site.path, 0, reply);
    }
    set_cookie(site, browser_name(site), NULL, "/", 0, reply);
    set_cookie(site, arrived_name(site), NULL, "/", 0, reply);
}

static const char *signing_out_name(const mnv_site_t *site)
{
    return site->options->site.secure ? "__Host-mnv-o" : "mnv-o";
}

static const char *signing_out_aad(mnv_ctx_t *ctx, const mnv_site_t *site, const char *state)
{
    return apr_pstrcat(ctx->pool, "signing-out|", site->options->site.base_url, "|", state, NULL);
}

apr_status_t mnv_flow_signing_out_set(mnv_ctx_t *ctx, const mnv_site_t *site, const char *place, const char **state, mnv_reply_t *reply)
{
    const char *made = mnv_random_id(ctx, 16), *value, *kept = place && strlen(place) <= LONG_RETURN_BYTES ? place : "";
    apr_status_t status;

    if (!made) {
        return APR_EGENERAL;
    }
    status = mnv_keyring_seal(ctx, site->keyring, MNV_SEAL_FLOW, signing_out_aad(ctx, site, made), kept, strlen(kept), &value);
    if (status == APR_SUCCESS) {
        set_cookie(site, signing_out_name(site), value, "/", MNV_FLOW_LIFETIME, reply);
        *state = made;
    }
    return status;
}

int mnv_flow_signing_out_get(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char *state, const char **place)
{
    const char *value = cookie_of(ctx, request, signing_out_name(site), 4096);
    unsigned char *kept;
    apr_size_t length;

    if (!value || mnv_keyring_open(ctx, site->keyring, MNV_SEAL_FLOW, signing_out_aad(ctx, site, state), value, &kept, &length) != APR_SUCCESS) {
        return 0;
    }
    *place = length ? (const char *)kept : NULL;
    return 1;
}

void mnv_flow_signing_out_end(const mnv_site_t *site, mnv_reply_t *reply)
{
    set_cookie(site, signing_out_name(site), NULL, "/", 0, reply);
}
