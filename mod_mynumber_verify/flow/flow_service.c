#include "flow/steps.h"

#include <apr_strings.h>
#include <string.h>
#include "lib/json.h"
#include "out/pages.h"

/* A word about what just happened, shown only while it is still true: the query is anybody's. */
static const char *notice_of(const mnv_service_view_t *view, const mnv_params_t *query)
{
    const char *text;
    const mnv_session_t *session = view->session;

    if (mnv_params_one(query, "notice", &text) != APR_SUCCESS || !text) {
        return NULL;
    }
    if (!strcmp(text, "stopped")) {
        return "stopped";
    }
    if (!strcmp(text, "linked")) {
        return view->link && view->link_fits ? "linked" : NULL;
    }
    if (!strcmp(text, "unlinked")) {
        return session && !view->link ? "unlinked" : NULL;
    }
    if (!strcmp(text, "verified")) {
        return session && session->identity ? "verified" : NULL;
    }
    if (!strcmp(text, "signed-in")) {
        return session && session->account ? "signed-in" : NULL;
    }
    return NULL;
}

/* Does the link belong to every half that is present? */
static int fits(const mnv_session_t *session, const mnv_link_t *link)
{
    return link && (!session->account || mnv_link_has_account(link, session->account))
           && (!session->identity || mnv_link_has_identity(link, session->identity));
}

/* Unfolds a part of the page and no more: the query is anybody's. */
static int wants_unlink(const mnv_params_t *query)
{
    const char *text;

    return mnv_params_one(query, "unlink", &text) == APR_SUCCESS && text && !strcmp(text, "1");
}

static apr_status_t look(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_service_view_t *view)
{
    mnv_session_t *session;
    mnv_link_t *link = NULL;
    apr_time_t now = mnv_now(ctx);
    apr_status_t status = mnv_flow_session(ctx, site, request->cookies, &session);

    if (status != APR_SUCCESS || !session) {
        return status;
    }
    status = mnv_flow_link_of(ctx, site, session, &link);
    if (status != APR_SUCCESS) {
        return status;
    }
    view->session = session;
    view->link = link;
    view->link_fits = fits(session, link);
    view->account_is_fresh = session->account && mnv_proof_is_fresh(session->account->proof_at, now);
    view->identity_is_fresh = session->identity && mnv_proof_is_fresh(session->identity->proof_at, now);
    view->account_is_strong = session->account && mnv_signin_may_link(site->options, session->account);
    view->can_link = !link && view->account_is_fresh && view->account_is_strong && view->identity_is_fresh;
    view->can_unlink = link && view->account_is_fresh && mnv_link_has_account(link, session->account);
    if (link && !view->link_fits && session->account && session->identity && mnv_link_has_account(link, session->account)) {
        int is_taken;

        if ((status = mnv_flow_identity_taken(ctx, site, session, &is_taken)) != APR_SUCCESS) {
            return status;
        }
        view->replaceable = is_taken ? NULL : link->id;
    }
    view->csrf = mnv_csrf_token(ctx, site, session->id);
    return view->csrf ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t mnv_step_service(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_service_view_t view = {0};
    mnv_params_t *query;
    apr_status_t status;

    view.options = site->options;
    view.request = request;
    if (mnv_params_parse(ctx->pool, request->query, request->query ? strlen(request->query) : 0, 16, &query) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_BAD_REQUEST, "query cannot be read");
    }
    status = mnv_return_of(ctx, site->options, query, &view.return_to);
    if (status != APR_SUCCESS || (status = look(ctx, site, request, &view)) != APR_SUCCESS) {
        return status;
    }
    view.notice = notice_of(&view, query);
    view.wants_unlink = wants_unlink(query);
    mnv_page_service(ctx, &view, reply);
    return APR_SUCCESS;
}

/* By card alone nobody is told of a link that is too new to speak for it: programs are told what rules and headers say. */
static int is_held(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_service_view_t *view)
{
    return !view->session->account && view->link->linked_at + site->options->link.hold > mnv_now(ctx);
}

apr_status_t mnv_step_info(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_service_view_t view = {0};
    apr_status_t status = look(ctx, site, request, &view);

    if (status == APR_SUCCESS) {
        mnv_page_info(ctx, view.session, view.link_fits && !is_held(ctx, site, &view) ? view.link : NULL, site->options->assurance, reply);
    }
    return status;
}

static void add_keys(mnv_ctx_t *ctx, mnv_json_t *array, const apr_array_header_t *keys)
{
    int i;

    for (i = 0; keys && i < keys->nelts; i++) {
        mnv_json_add(array, mnv_private_key_jwk(ctx->pool, APR_ARRAY_IDX(keys, i, mnv_client_key_t).key));
    }
}

apr_status_t mnv_step_jwks(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_json_t *set = mnv_json_object(ctx->pool), *keys = mnv_json_array(ctx->pool);

    (void)request;
    add_keys(ctx, keys, site->options->card.client_keys);
    add_keys(ctx, keys, site->options->account.client_keys);
    add_keys(ctx, keys, site->options->site.assertion_keys);
    mnv_json_set(set, "keys", keys);
    mnv_reply_body(reply, 200, "application/jwk-set+json", mnv_json_print(ctx->pool, set));
    reply->cache_sec = 300;
    return APR_SUCCESS;
}

apr_status_t mnv_step_asset(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    const char *name = request->path + strlen("/assets/");

    (void)site;
    return mnv_page_asset(name, reply) == APR_SUCCESS ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_NOT_FOUND, NULL);
}
