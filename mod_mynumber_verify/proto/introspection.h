/* Token introspection (RFC 7662): what the issuer says of a token that only it can read. */
#ifndef MNV_PROTO_INTROSPECTION_H
#define MNV_PROTO_INTROSPECTION_H

#include "base/mnv.h"
#include "lib/http.h"
#include "model/options.h"

struct mnv_json_t;

/** Ask about a token. One call, to the endpoint itself: a redirect is an answer like any that is not 200.
 * @param said what the issuer says; it says "active": true. Not judged further. Pool: ctx->pool.
 * @return APR_SUCCESS; BEARER_REFUSED where it says "active": false; or a told failure of the call: http's, PROVIDER_STATUS, PROVIDER_CONTENT */
apr_status_t mnv_introspect(mnv_ctx_t *ctx, mnv_http_t *http, const mnv_introspection_options_t *options, const char *token, struct mnv_json_t **said);

#endif
