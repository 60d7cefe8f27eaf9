/* Sign-in by SAML 2.0 (saml-profiles 4.1): out by a redirect, back by a POST from the identity provider's page. With that POST only the flow's own cookies arrive, for the session
 * cookie is Lax. So what was said is judged there, parked under a name that only this browser's flow knows, and put into the session by the GET that follows. */
#ifndef MNV_FLOW_FLOW_SAML_H
#define MNV_FLOW_FLOW_SAML_H

#include "flow/flow.h"

/** Send the browser to the identity provider. @return APR_SUCCESS or a told failure (reply then untouched) */
apr_status_t mnv_saml_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply);

/** The flow and the account that a GET /signin/callback belongs to, once. Deletes the flow's cookies in reply.
 * @param pending set as soon as it is known @return APR_SUCCESS or a told failure CALLBACK_STATE, FLOW_…, DATABASE… */
apr_status_t mnv_saml_finish(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_pending_t **pending, mnv_account_t **account, mnv_reply_t *reply);

#endif
