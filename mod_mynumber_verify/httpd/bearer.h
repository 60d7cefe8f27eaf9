/* Access tokens of API clients in place of a session (MyNumberBearer): a request that bears one is a visit of its own, with a record like a session's, so that link, rules and
 * hand-off go the same way. No cookie is set for it and nobody is redirected. */
#ifndef MNV_HTTPD_BEARER_H
#define MNV_HTTPD_BEARER_H

#include <httpd.h>
#include "httpd/session_io.h"
#include "model/reply.h"

/** Let request->visit be the token's where this location takes one, else the browser's. */
void mod_mnv_bearer_choose(request_rec *r, mod_mnv_request_t *request);

/** Load the person of visit's token: from the cache while the record is fresh, else the token is checked again. */
void mod_mnv_bearer_load(mod_mnv_visit_t *visit);

/** Is this visit a token's, or one to a location that takes nothing else? */
static inline int mod_mnv_bearer_is_visit(const mod_mnv_visit_t *visit)
{
    return visit->browser != NULL;
}

/** Say how to come in (RFC 6750 3), at a location that takes tokens: ctx has the failure that reply tells. */
void mod_mnv_bearer_answer(request_rec *r, const mnv_ctx_t *ctx, mnv_reply_t *reply);

#endif
