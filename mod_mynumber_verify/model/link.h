/* A link: the durable statement that an account belongs to an identity. A value; the store keeps it. */
#ifndef MNV_MODEL_LINK_H
#define MNV_MODEL_LINK_H

#include "model/session.h"

typedef struct mnv_link_t {
    const char *id;            /* 22 random characters; key of the row */
    mnv_account_t *account;    /* issuer, kind, value, name */
    mnv_identity_t *identity;  /* issuer, subject, acr, at = last verification, and the kept details */
    apr_time_t linked_at;
    apr_time_t expires_at;     /* 0: never */
} mnv_link_t;

/** Is the link live (not expired) at now? */
int mnv_link_is_live(const mnv_link_t *link, apr_time_t now);

/** Do an account half / an identity half belong to this link (issuer and kind and value / issuer and subject, compared as bytes)? */
int mnv_link_has_account(const mnv_link_t *link, const mnv_account_t *account);
int mnv_link_has_identity(const mnv_link_t *link, const mnv_identity_t *identity);

/** A new link of both halves of a session, keeping what options say (keep NULL: the name). Times are whole seconds. @return APR_SUCCESS or a told failure. Pool: ctx->pool. */
apr_status_t mnv_link_make(mnv_ctx_t *ctx, const mnv_session_t *session, const mnv_link_options_t *options, mnv_link_t **link);

/** Take acr, time and the details that options keep from a verified identity into the link. Pool: pool. */
void mnv_link_keep(apr_pool_t *pool, mnv_link_t *link, const mnv_identity_t *identity, const mnv_link_options_t *options);

/** For the sealed column, as session.h. From: fills all but the id, which is the row's. */
struct mnv_json_t *mnv_link_to_json(apr_pool_t *pool, const mnv_link_t *link);
apr_status_t mnv_link_from_json(apr_pool_t *pool, const struct mnv_json_t *json, mnv_link_t *link);

#endif
