#include "flow/steps.h"

#include <apr_strings.h>
#include <string.h>
#include "base/log.h"
#include "base/secret.h"

const char *mnv_own_url(apr_pool_t *pool, const mnv_options_t *options, const char *path)
{
    return apr_pstrcat(pool, options->site.base_url, options->site.path, path, NULL);
}

const char *mnv_service_url(apr_pool_t *pool, const mnv_options_t *options, const char *notice, const char *return_to)
{
    const char *url = mnv_own_url(pool, options, "/");

    if (notice) {
        url = mnv_url_add(pool, url, "notice", notice);
    }
    return return_to ? mnv_url_add(pool, url, "return", return_to) : url;
}

const char *mnv_place_url(apr_pool_t *pool, const mnv_options_t *options, const char *place)
{
    return *place == '/' ? apr_pstrcat(pool, options->site.base_url, place, NULL) : place;
}

apr_status_t mnv_return_of(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_params_t *params, const char **place)
{
    const char *text;

    if (mnv_params_one(params, "return", &text) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_BAD_REQUEST, "parameter \"return\" occurs twice");
    }
    if (!text || !*text) {
        *place = NULL;
        return APR_SUCCESS;
    }
    if (mnv_url_return(ctx->pool, text, options->site.base_url, options->site.return_allow, MNV_RETURN_LIMIT_BYTES, place) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_RETURN_REFUSED, NULL);
    }
    return APR_SUCCESS;
}

/* Browsers say where a form came from; what is silent is judged by the token alone. "null" comes from privacy settings. */
static int from_another_site(const mnv_options_t *options, const mnv_request_t *request)
{
    if (request->fetch_site && strcmp(request->fetch_site, "same-origin") && strcmp(request->fetch_site, "none")) {
        return 1;
    }
    return request->origin && strcmp(request->origin, "null") && strcmp(request->origin, options->site.base_url);
}

apr_status_t mnv_from_own_site(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request)
{
    return from_another_site(options, request) ? mnv_fail(ctx, MNV_FAIL_CROSS_SITE, NULL) : APR_SUCCESS;
}

static apr_status_t judge_token(mnv_ctx_t *ctx, const mnv_site_t *site, const char *given, mnv_pressed_session_t *who)
{
    const char *token = mnv_csrf_token(ctx, site, who->form_id), *former = NULL;

    if (!token || (who->former_id && !(former = mnv_csrf_token(ctx, site, who->former_id)))) {
        return APR_EGENERAL;
    }
    if (mnv_secret_equal_text(given, token)) {
        return APR_SUCCESS;
    }
    if (former && mnv_secret_equal_text(given, former)) {
        who->is_repeated = 1;
        return APR_SUCCESS;
    }
    return mnv_fail(ctx, MNV_FAIL_CSRF, NULL);
}

apr_status_t mnv_form_of(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_pressed_session_t *who, mnv_params_t **form)
{
    const char *given;

    if (mnv_from_own_site(ctx, site->options, request) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!request->form || mnv_params_parse(ctx->pool, request->form, request->form_length, 16, form) != APR_SUCCESS
        || mnv_params_one(*form, "csrf", &given) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_FORM, NULL);
    }
    return who->form_id ? judge_token(ctx, site, given, who) : mnv_fail(ctx, MNV_FAIL_SESSION_NONE, NULL);
}

int mnv_signin_may_link(const mnv_options_t *options, const mnv_account_t *account)
{
    const apr_array_header_t *list = options->link.signin_acr;
    int i, is_listed = !list || !list->nelts;

    for (i = 0; !is_listed && i < list->nelts; i++) {
        is_listed = account->acr && !strcmp(account->acr, APR_ARRAY_IDX(list, i, const char *));
    }
    return is_listed;
}

const char *mnv_csrf_token(mnv_ctx_t *ctx, const mnv_site_t *site, const char *session_id)
{
    return mnv_keyring_hash(ctx, site->keyring, MNV_HASH_CSRF, session_id, NULL);
}

void mnv_session_cookie(const mnv_site_t *site, const mnv_session_t *session, mnv_reply_t *reply)
{
    mnv_cookie_t cookie = {0};

    cookie.name = mnv_session_cookie_name(site->options);
    cookie.value = session ? session->id : NULL;
    cookie.path = "/";
    cookie.secure = site->options->site.secure;
    cookie.same_site = "Lax";
    mnv_reply_cookie(reply, &cookie);
}

apr_status_t mnv_session_keep(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, const mnv_session_t *old, mnv_reply_t *reply)
{
    apr_status_t status = mnv_store_session_put(ctx, site->store, session, old ? old->key : NULL, site->options->session.lifetime);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (old) {
        mnv_reply_forget(reply, old->key);
    }
    mnv_session_cookie(site, session, reply);
    return APR_SUCCESS;
}

/* The row of an id, when it is one of this site and has not ended. @param session NULL: none */
static apr_status_t session_of(mnv_ctx_t *ctx, const mnv_site_t *site, const char *id, apr_size_t length, mnv_session_t **session)
{
    const char *key = mnv_session_key(ctx->pool, id, length);
    mnv_session_t *found;
    apr_status_t status;

    *session = NULL;
    if (!key) {
        return APR_SUCCESS;
    }
    status = mnv_store_session_get(ctx, site->store, key, &found);
    if (status != APR_SUCCESS || !found || strcmp(found->base_url, site->options->site.base_url)
        || mnv_session_is_expired(found, &site->options->session, mnv_now(ctx))) {
        return status;
    }
    found->id = apr_pstrmemdup(ctx->pool, id, length);
    *session = found;
    return APR_SUCCESS;
}

/* @param session may be a predecessor; NULL: none */
static apr_status_t session_of_cookie(mnv_ctx_t *ctx, const mnv_site_t *site, const char *cookies, mnv_session_t **session)
{
    const char *id;
    apr_size_t length;
    int times = mnv_cookie_find(cookies, mnv_session_cookie_name(site->options), &id, &length);

    *session = NULL;
    if (times < 0) { /* somebody tossed a second one in: which is ours cannot be told */
        mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1601) "session cookie occurs twice, none is used");
    }
    return times == 1 ? session_of(ctx, site, id, length, session) : APR_SUCCESS;
}

static apr_status_t write_seen(mnv_ctx_t *ctx, const mnv_site_t *site, mnv_session_t *session)
{
    apr_time_t now = mnv_now(ctx);

    if (now - session->seen <= site->options->session.inactivity / 10) {
        return APR_SUCCESS;
    }
    session->seen = now;
    return mnv_store_session_seen(ctx, site->store, session->key, now);
}

apr_status_t mnv_flow_session(mnv_ctx_t *ctx, const mnv_site_t *site, const char *cookies, mnv_session_t **session)
{
    apr_status_t status = session_of_cookie(ctx, site, cookies, session);

    if (*session && (*session)->successor) { /* what goes on under another id is no session under this one */
        *session = NULL;
    }
    return status == APR_SUCCESS && *session ? write_seen(ctx, site, *session) : status;
}

/* May this browser be told where a session goes on? */
static int is_told(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_session_t *predecessor)
{
    const char *browser = mnv_flow_browser(ctx, site, request);

    return browser && predecessor->browser && mnv_secret_equal_text(browser, predecessor->browser)
           && mnv_now(ctx) - predecessor->seen < MNV_PREDECESSOR_LIFETIME;
}

apr_status_t mnv_session_pressed(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_pressed_session_t *pressed)
{
    mnv_session_t *session;
    apr_status_t status = session_of_cookie(ctx, site, request->cookies, &session);

    memset(pressed, 0, sizeof(*pressed));
    if (status != APR_SUCCESS || !session) {
        return status;
    }
    pressed->form_id = session->id;
    pressed->session = session;
    if (session->predecessor && mnv_now(ctx) - session->succeeded_at < MNV_PREDECESSOR_LIFETIME) {
        pressed->former_id = session->predecessor;
    }
    if (session->successor) {
        pressed->is_repeated = 1;
        pressed->session = NULL;
        if (is_told(ctx, site, request, session)) {
            status = session_of(ctx, site, session->successor, strlen(session->successor), &pressed->session);
        }
        /* Signed out, or linked and unlinked since: that is another story */
        if (!pressed->session || pressed->session->successor) {
            memset(pressed, 0, sizeof(*pressed));
        }
    }
    return status;
}

/* Links of an identity come oldest first; the first live one speaks for it. */
static apr_status_t live_link_of_identity(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_identity_t *identity, mnv_link_t **link)
{
    apr_array_header_t *links;
    apr_status_t status = mnv_store_links_by_identity(ctx, site->store, identity, &links);
    int i;

    for (i = 0; status == APR_SUCCESS && i < links->nelts; i++) {
        mnv_link_t *candidate = APR_ARRAY_IDX(links, i, mnv_link_t *);

        if (mnv_link_is_live(candidate, mnv_now(ctx))) {
            *link = candidate;
            break;
        }
    }
    return status;
}

apr_status_t mnv_flow_link_of(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, mnv_link_t **link)
{
    apr_status_t status = APR_SUCCESS;

    *link = NULL;
    if (session->account) {
        status = mnv_store_link_by_account(ctx, site->store, session->account, link);
        if (status == APR_SUCCESS && *link && !mnv_link_is_live(*link, mnv_now(ctx))) {
            *link = NULL;
        }
    }
    /* Where a person may have several accounts, another account's link says nothing of this one. */
    if (status == APR_SUCCESS && !*link && session->identity
        && !(session->account && site->options->link.policy == MNV_POLICY_MANY_ACCOUNTS)) {
        status = live_link_of_identity(ctx, site, session->identity, link);
    }
    return status;
}

apr_status_t mnv_flow_identity_taken(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, int *is_taken)
{
    apr_array_header_t *links;
    apr_status_t status;
    int i;

    *is_taken = 0;
    if (site->options->link.policy != MNV_POLICY_ONE_TO_ONE) {
        return APR_SUCCESS;
    }
    status = mnv_store_links_by_identity(ctx, site->store, session->identity, &links);
    for (i = 0; status == APR_SUCCESS && i < links->nelts; i++) {
        const mnv_link_t *link = APR_ARRAY_IDX(links, i, mnv_link_t *);

        *is_taken |= mnv_link_is_live(link, mnv_now(ctx)) && !mnv_link_has_account(link, session->account);
    }
    return status;
}
