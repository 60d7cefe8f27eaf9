#include "flow/steps.h"

#include <string.h>
#include "base/log.h"
#include "out/pages.h"
#include "proto/end_session.h"

/* Another request of this browser may have renewed the session since it was read, under an id that we do not know: then all sessions of its halves end. To stay signed in after
 * a logout would be worse than to be signed out elsewhere too. */
static apr_status_t end(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session)
{
    int deleted;
    apr_status_t status = mnv_store_session_delete(ctx, site->store, session->key, &deleted);

    if (status == APR_SUCCESS && !deleted) {
        status = mnv_store_sessions_delete(ctx, site->store, session->account, session->account ? NULL : session->identity, NULL);
    }
    return status;
}

/* Did the provider that we would lead to sign this session in? */
static int is_of_provider(const mnv_site_t *site, const mnv_session_t *session)
{
    const mnv_account_t *account = session ? session->account : NULL;

    return account && site->account && site->options->signin.logout && account->op_subject && !strcmp(account->issuer, site->options->account.issuer);
}

/* Did an identity provider sign this session in by SAML, of which it is to be signed out too? */
static int is_of_saml(const mnv_site_t *site, const mnv_session_t *session)
{
    const mnv_account_t *account = session ? session->account : NULL;

    return account && account->method && !strcmp(account->method, "saml") && site->options->signin.method == MNV_SIGNIN_SAML && site->options->signin.logout;
}

/* To the provider's sign-out, over a page of ours: what it needs is looked for there, not while somebody waits for the session to end. */
static const char *way_on(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, const char *place, mnv_reply_t *reply)
{
    const char *done = mnv_own_url(ctx->pool, site->options, "/logout/done"), *state;

    if (is_of_provider(site, session) && mnv_flow_signing_out_set(ctx, site, place, &state, reply) == APR_SUCCESS) {
        return mnv_url_add(ctx->pool, done, "next", state);
    }
    return place ? mnv_place_url(ctx->pool, site->options, place) : done;
}

apr_status_t mnv_step_logout(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_pressed_session_t pressed; /* linked a moment ago, in another request of this browser: it is the session that goes on that ends */
    mnv_params_t *form;
    const char *place = NULL;
    apr_status_t status = mnv_session_pressed(ctx, site, request, &pressed);

    /* First of all: the session cookie (Lax) does not come with another site's POST, yet the answer that deletes cookies would be taken. */
    if (status != APR_SUCCESS || (status = mnv_from_own_site(ctx, site->options, request)) != APR_SUCCESS) {
        return status;
    }
    if (pressed.session) {
        if ((status = mnv_form_of(ctx, site, request, &pressed, &form)) != APR_SUCCESS
            || (status = mnv_return_of(ctx, site->options, form, &place)) != APR_SUCCESS
            || (status = end(ctx, site, pressed.session)) != APR_SUCCESS
            || (status = mnv_store_generation_raise(ctx, site->store)) != APR_SUCCESS) {
            return status;
        }
        mnv_reply_forget(reply, pressed.session->key);
        reply->raise_generation = 1;
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1607) "a session was ended by its owner");
    }
    mnv_session_cookie(site, NULL, reply);
    mnv_flow_cookies_end_all(ctx, site, request, reply);
    if (is_of_saml(site, pressed.session)) {
        mnv_saml_sign_out(ctx, site, request, pressed.session->account, place, reply);
    }
    else {
        mnv_reply_redirect(reply, way_on(ctx, site, pressed.session, place, reply));
    }
    return APR_SUCCESS;
}

/* A parameter that names a sign-out of this browser. */
static int is_ours(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char *parameter, const char **state, const char **place)
{
    mnv_params_t *query;

    return request->query && mnv_params_parse(ctx->pool, request->query, strlen(request->query), 16, &query) == APR_SUCCESS
           && mnv_params_one(query, parameter, state) == APR_SUCCESS && *state && mnv_flow_signing_out_get(ctx, site, request, *state, place);
}

/* Judged again: what is allowed may have changed since. @return NULL: nowhere */
static const char *judged(mnv_ctx_t *ctx, const mnv_site_t *site, const char *place)
{
    const char *checked;

    if (!place || mnv_url_return(ctx->pool, place, site->options->site.base_url, site->options->site.return_allow, MNV_RETURN_LIMIT_BYTES, &checked) != APR_SUCCESS) {
        return NULL;
    }
    return mnv_place_url(ctx->pool, site->options, checked);
}

/* On the way to the provider. @return where to go on to there; NULL: the end is here, view says why */
static const char *lead_on(mnv_ctx_t *ctx, const mnv_site_t *site, const char *state, mnv_signed_out_view_t *view)
{
    const mnv_op_metadata_t *metadata;
    const char *url;

    if (!site->account || mnv_provider_metadata(ctx, site->account, &metadata) != APR_SUCCESS) {
        view->from = MNV_SIGNED_OUT_UNREACHABLE;
        return NULL;
    }
    url = mnv_end_session_url(ctx->pool, metadata, site->options->account.client_id, mnv_own_url(ctx->pool, site->options, "/logout/done"), state);
    if (url) {
        view->from = MNV_SIGNED_OUT_LEADING;
    }
    return url;
}

/* Back from the provider: OpenID Providers bring the state, and /saml/slo says by its parameter what the answer was. @return 0: no */
static int is_back(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_signed_out_e *from, const char **place)
{
    static const struct {
        const char *parameter;
        mnv_signed_out_e from;
    } ways[] = {{"state", MNV_SIGNED_OUT_BOTH}, {"there", MNV_SIGNED_OUT_THERE}, {"partly", MNV_SIGNED_OUT_PARTLY}, {"refused", MNV_SIGNED_OUT_REFUSED}};
    const char *state;
    apr_size_t i;

    for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        if (is_ours(ctx, site, request, ways[i].parameter, &state, place)) {
            *from = ways[i].from;
            return 1;
        }
    }
    return 0;
}

apr_status_t mnv_step_logout_done(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_signed_out_view_t view = {site->options, request, MNV_SIGNED_OUT_HERE, NULL, NULL};
    const char *state, *place = NULL;
    int ends = 0;

    if (is_ours(ctx, site, request, "next", &state, &place)) {
        reply->refresh = view.onward = lead_on(ctx, site, state, &view);
        ends = !view.onward;
    }
    else {
        ends = is_back(ctx, site, request, &view.from, &place);
    }
    place = judged(ctx, site, place);
    if (ends) {
        mnv_flow_signing_out_end(site, reply);
        view.onward = place;
    }
    if (place && (view.from == MNV_SIGNED_OUT_HERE || view.from == MNV_SIGNED_OUT_BOTH || view.from == MNV_SIGNED_OUT_THERE)) { /* the application says that it is done */
        mnv_reply_redirect(reply, place);
    }
    else {
        mnv_page_signed_out(ctx, &view, reply);
    }
    return APR_SUCCESS;
}
