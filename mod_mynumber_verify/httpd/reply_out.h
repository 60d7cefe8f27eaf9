/* mnv_reply_t -> the browser. The only place that writes an answer of ours to a request_rec. */
#ifndef MNV_HTTPD_REPLY_OUT_H
#define MNV_HTTPD_REPLY_OUT_H

#include <httpd.h>
#include "model/reply.h"
#include "model/request.h"

/** Drop the cached records that the reply says must go, then send it: status, headers, cookies, body (not for HEAD). What r->err_headers_out holds is sent too. The caller ends the
 * request with OK (a handler) or DONE (an earlier hook): not with the status, which would let ErrorDocument replace the page. */
void mod_mnv_reply_out(request_rec *r, const mnv_request_t *request, const mnv_reply_t *reply);

/** What a reply changes beside being an answer, for a request that goes on: cached records dropped, cookies set. */
void mod_mnv_reply_effects(request_rec *r, const mnv_reply_t *reply);

#endif
