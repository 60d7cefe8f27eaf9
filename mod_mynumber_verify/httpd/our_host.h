/* One name for the site: cookies of a flow begun under another name of this host would not come back to the callback. */
#ifndef MNV_HTTPD_OUR_HOST_H
#define MNV_HTTPD_OUR_HOST_H

#include <httpd.h>
#include "base/mnv.h"
#include "model/reply.h"
#include "model/request.h"

/** Where the request came to another name than the base URL's, send the browser to the same place under ours, once.
 * @param place path and query, checked; NULL: nowhere @return 1 when reply is that redirect, 0 when the request is to be answered here */
int mod_mnv_go_to_our_host(mnv_ctx_t *ctx, request_rec *r, const mnv_request_t *request, const char *place, mnv_reply_t *reply);

#endif
