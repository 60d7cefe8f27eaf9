/* The request that ends a person's session at the provider too (OpenID Connect RP-Initiated Logout 1.0, 2). */
#ifndef MNV_PROTO_END_SESSION_H
#define MNV_PROTO_END_SESSION_H

#include "proto/op_metadata.h"

/** Where the browser goes. Without id_token_hint: the ID token is personal data, and URLs are written into logs. So the provider asks the person, who may want to leave this site alone.
 * @param back our post_logout_redirect_uri @return NULL: the provider has no such endpoint. Pool: pool. */
const char *mnv_end_session_url(apr_pool_t *pool, const mnv_op_metadata_t *metadata, const char *client_id, const char *back, const char *state);

#endif
