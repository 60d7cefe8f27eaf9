/* MyNumberSignIn external: the account half comes from another authentication module of httpd. */
#ifndef MNV_FLOW_FLOW_EXTERNAL_H
#define MNV_FLOW_FLOW_EXTERNAL_H

#include "flow/steps.h"

/** Send the browser to /signin, which the other module guards, and back. */
void mnv_external_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_aim_t *aim, mnv_reply_t *reply);

/** GET /signin behind that module: put the account of request->vouched into the session. @return APR_SUCCESS or a told failure */
apr_status_t mnv_external_signin(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply);

/** Somebody else has signed in at that module: end the session of a key (of mnv_session_key()), card half included. A database that cannot do it has told so; the browser loses the
 * cookie in any case. */
void mnv_external_drop(mnv_ctx_t *ctx, const mnv_site_t *site, const char *key, mnv_reply_t *reply);

#endif
