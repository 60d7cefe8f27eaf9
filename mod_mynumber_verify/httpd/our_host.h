/* One name for the site: cookies of a flow begun under another name of this host would not come back to the callback. */
#ifndef MNV_HTTPD_OUR_HOST_H
#define MNV_HTTPD_OUR_HOST_H

#include <httpd.h>
#include "base/mnv.h"
#include "model/reply.h"
#include "model/request.h"

/** Below MyNumberPath: where browsers come through on their way to our name. */
#define MOD_MNV_HERE_PATH "/here"

/** Where the request came to another name than the base URL's, send the browser over "/here" to the same place under ours.
 * @param place path and query, checked; NULL: nowhere @return 1 when reply is that redirect, 0 when the request is to be answered here */
int mod_mnv_go_to_our_host(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, const char *place, mnv_reply_t *reply);

/** GET /here: on to the place, once a cookie has come back here: it says at the place, whatever Host arrives there, that the browser need not be sent again.
 * @return APR_SUCCESS, or a told failure RETURN_REFUSED, COOKIES_OFF */
apr_status_t mod_mnv_here(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, mnv_reply_t *reply);

#endif
