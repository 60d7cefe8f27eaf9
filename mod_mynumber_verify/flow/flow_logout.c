#include "flow/steps.h"

#include "base/log.h"
#include "out/pages.h"

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
    mnv_reply_redirect(reply, place ? mnv_place_url(ctx->pool, site->options, place) : mnv_own_url(ctx->pool, site->options, "/logout/done"));
    return APR_SUCCESS;
}

apr_status_t mnv_step_logout_done(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_page_signed_out(ctx, site->options, request, reply);
    return APR_SUCCESS;
}
