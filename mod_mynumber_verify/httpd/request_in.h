/* request_rec -> mnv_request_t, what a flow may know. */
#ifndef MNV_HTTPD_REQUEST_IN_H
#define MNV_HTTPD_REQUEST_IN_H

#include <httpd.h>
#include "httpd/session_io.h"
#include "model/request.h"

/** Everything but the body. @param path below MyNumberPath. Pool: r->pool. */
mnv_request_t *mod_mnv_request_in(request_rec *r, const char *path, const char *query);

/** Read the form of a POST, as many bytes as mnv_flow_form_limit() says. @return APR_SUCCESS or a told failure FORM, TOO_LARGE; the connection is closed after the answer then */
apr_status_t mod_mnv_form_in(mnv_ctx_t *ctx, request_rec *r, mnv_request_t *request);

/** Is a person waiting for a page (and not a script for data)? */
int mod_mnv_is_navigation(const request_rec *r);

#endif
