/* The steps behind our URLs, one function each, and what they share. flow.c maps paths to them. */
#ifndef MNV_FLOW_STEPS_H
#define MNV_FLOW_STEPS_H

#include "flow/flow.h"
#include "proto/userinfo.h"

/** A step: fills reply and answers APR_SUCCESS, or tells a failure (reply then only holds cookies to set; the caller makes the page). */
typedef apr_status_t mnv_step_t(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply);

mnv_step_t mnv_step_service, mnv_step_info, mnv_step_jwks, mnv_step_asset;      /* flow_service.c */
mnv_step_t mnv_step_verify, mnv_step_verify_callback;                           /* flow_verify.c */
mnv_step_t mnv_step_signin, mnv_step_signin_callback;                           /* flow_signin.c */
mnv_step_t mnv_step_signin_discovery;                                           /* flow_discovery.c */
mnv_step_t mnv_step_saml_acs, mnv_step_saml_metadata;                           /* flow_saml.c */
mnv_step_t mnv_step_saml_slo;                                                   /* flow_saml_logout.c */
mnv_step_t mnv_step_link, mnv_step_unlink;                                      /* flow_link.c */
mnv_step_t mnv_step_logout, mnv_step_logout_done;                               /* flow_logout.c */
mnv_step_t mnv_step_backchannel_logout;                                         /* flow_backchannel.c */

struct mnv_op_logout_t;

/** End the sessions that a judged message of the provider names, at every node. The id of the message is used up with it (flow_backchannel.c).
 * @return APR_SUCCESS, APR_EEXIST (nothing told, nothing done) when the message came before, or a told failure */
apr_status_t mnv_flow_op_logout(mnv_ctx_t *ctx, const mnv_site_t *site, const struct mnv_op_logout_t *logout, mnv_reply_t *reply);

/** Sign out by SAML too, of a session that has ended here: fills reply with the page that leads on, or says why it does not (flow_saml_logout.c).
 * @param place where to go on to afterwards, checked; NULL: nowhere */
void mnv_saml_sign_out(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_account_t *account, const char *place, mnv_reply_t *reply);

/* Shared (common.c). ------------------------------------------------------------- */

/** URL of one of our pages: path below MyNumberPath, absolute. Pool: pool. */
const char *mnv_own_url(apr_pool_t *pool, const mnv_options_t *options, const char *path);

/** The service page with a notice (NULL: none) and the place to go on to (NULL: none). Pool: pool. */
const char *mnv_service_url(apr_pool_t *pool, const mnv_options_t *options, const char *notice, const char *return_to);

/** An absolute URL of a checked place: same-origin paths get the base URL in front. Pool: pool. */
const char *mnv_place_url(apr_pool_t *pool, const mnv_options_t *options, const char *place);

/** The "return" parameter of a query or form, checked. @param place NULL when absent
 * @return APR_SUCCESS or a told failure BAD_REQUEST, RETURN_REFUSED */
apr_status_t mnv_return_of(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_params_t *params, const char **place);

/** Was a POST sent by a page of our own, as far as the browser says? @return APR_SUCCESS or the told failure CROSS_SITE */
apr_status_t mnv_from_own_site(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request);

/** Whose form it is that links or unlinks. */
typedef struct mnv_pressed_session_t {
    mnv_session_t *session; /* NULL: none */
    const char *form_id;    /* the session's id, or the predecessor's that the browser still sends; NULL: none */
    const char *former_id;  /* an id whose forms are still good too: the page was shown before the browser got the new one; NULL: none */
    int is_repeated;        /* it was sent before: session is the one that goes on since, and the browser does not know its id */
} mnv_pressed_session_t;

/** As mnv_flow_session(), and also by the id that the last link or unlink has replaced, for MNV_PREDECESSOR_LIFETIME and in the browser that sent that form: of a double click
 * browsers drop the first answer with its cookie. Not elsewhere, because who planted or knew the id before linking must not be given the new one. */
apr_status_t mnv_session_pressed(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_pressed_session_t *pressed);

/** A POST that may change something: sent by our own page (Origin, Sec-Fetch-Site), a form that parses, a token made for who's session.
 * @param who without form_id: refused with SESSION_NONE; is_repeated is set for a form of former_id
 * @return APR_SUCCESS or a told failure CROSS_SITE, FORM, SESSION_NONE, CSRF */
apr_status_t mnv_form_of(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_pressed_session_t *who, mnv_params_t **form);

/** Does this kind of sign-in give the right to link (MyNumberLinkSignInAcr)? */
int mnv_signin_may_link(const mnv_options_t *options, const mnv_account_t *account);

/** Is the identity of a session with both halves linked to another account, under a policy that forbids it to be linked to two? */
apr_status_t mnv_flow_identity_taken(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, int *is_taken);

/** The token of a session's forms. @return NULL after a told failure. Pool: ctx->pool. */
const char *mnv_csrf_token(mnv_ctx_t *ctx, const mnv_site_t *site, const char *session_id);

/** Set (or, with session NULL, delete) the session cookie. */
void mnv_session_cookie(const mnv_site_t *site, const mnv_session_t *session, mnv_reply_t *reply);

/** Keep a session under its new id in place of old (NULL: none), and give the browser its cookie.
 * @return APR_SUCCESS, APR_ENOENT (nothing told, nothing kept) when another request of this browser has renewed or ended old meanwhile, or a told failure */
apr_status_t mnv_session_keep(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, const mnv_session_t *old, mnv_reply_t *reply);

/* A round trip to an OpenID Provider (oidc.c). ------------------------------------------ */

/** What came back and was proved. */
typedef struct mnv_oidc_result_t {
    const mnv_pending_t *pending; /* NULL when the callback belonged to no flow */
    const char *issuer;
    const mnv_idtoken_t *token;
    const mnv_json_t *userinfo;   /* NULL: the provider has none */
} mnv_oidc_result_t;

/** Finish the flow that a callback belongs to: flow cookie, replay, code exchange, ID token, userinfo. One outbound exchange per flow, ever.
 * @param result result->pending is set as soon as it is known, also when a failure is told after that @return APR_SUCCESS or a told failure; deletes the flow's cookies in reply */
apr_status_t mnv_oidc_finish(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half, mnv_oidc_result_t *result, mnv_reply_t *reply);

/** After a callback's failure: where a person goes on. A stop leads back to the service page, anything else to the failure's page. @return APR_SUCCESS, or status unchanged */
apr_status_t mnv_oidc_failed(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_oidc_result_t *result, apr_status_t status, mnv_reply_t *reply);

/** A flow is used once, ever, and before anything goes out: a database that cannot say so stops it. @return APR_SUCCESS or a told failure FLOW_REPLAYED, DATABASE… (oidc.c) */
apr_status_t mnv_flow_use(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending);

/* The cookies of pending flows (flow_cookies.c). ------------------------------------------ */

/** The browser cookie: nothing but a name for this browser, so that a flow cannot be finished in another, nor a form sent again. @return NULL: none */
const char *mnv_flow_browser(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request);

/** Add a flow's cookies: the flow, the browser cookie when it is new, a long place to return to; the oldest flows beyond the limit are dropped.
 * @return APR_SUCCESS or a told failure */
apr_status_t mnv_flow_cookies_set(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_pending_t *pending, mnv_reply_t *reply);

/** Open the flow of a state. @return APR_SUCCESS or a told failure FLOW_UNKNOWN, FLOW_FORGED, FLOW_EXPIRED */
apr_status_t mnv_flow_cookies_get(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char *state, mnv_pending_t **pending);

/** Remember for a few seconds that this browser brought a half: see mnv_flow_has_just_arrived(). */
void mnv_flow_arrived_set(const mnv_site_t *site, mnv_half_e half, mnv_reply_t *reply);

/** Forget it, where the request brought it: that the session does not come back has another reason now. */
void mnv_flow_arrived_end(const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply);

/** After a link was made or removed. The changed cookie makes browsers forget the page they kept for Back, whose button would be stale. */
void mnv_flow_linked_set(const mnv_site_t *site, mnv_reply_t *reply);

/** Remember in this browser that a sign-out goes on at the provider, and where to go on to afterwards (a checked place, NULL: nowhere).
 * @param state what to find it by, made here @return APR_SUCCESS or a told failure */
apr_status_t mnv_flow_signing_out_set(mnv_ctx_t *ctx, const mnv_site_t *site, const char *place, const char **state, mnv_reply_t *reply);

/** Is this the sign-out that goes on in this browser? @param place where to go on to, not judged again; NULL: nowhere */
int mnv_flow_signing_out_get(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const char *state, const char **place);

void mnv_flow_signing_out_end(const mnv_site_t *site, mnv_reply_t *reply);

/** Delete one flow's cookies. */
void mnv_flow_cookies_end(mnv_ctx_t *ctx, const mnv_site_t *site, const char *state, mnv_reply_t *reply);

/** Delete the browser cookie and every pending flow's: what was begun before a sign-out must not be finished after it. */
void mnv_flow_cookies_end_all(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply);

#endif
