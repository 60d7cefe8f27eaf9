/* Obtaining a half of the session: what the card verification and the account sign-in have in common. */
#ifndef MNV_FLOW_HALVES_H
#define MNV_FLOW_HALVES_H

#include "flow/steps.h"

/** The half that arrived: one of both is set. */
typedef struct mnv_half_t {
    mnv_account_t *account;
    mnv_identity_t *identity;
} mnv_half_t;

/** What GET /verify or /signin asks for: "return" and "for" (link: a sign-in as linking needs it), judged. */
apr_status_t mnv_half_aim(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half, mnv_aim_t *aim);

/** GET /verify or /signin: judge what is asked for, and send the browser to the provider. */
apr_status_t mnv_half_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half, mnv_reply_t *reply);

/** Put a half into this browser's session, under a new id, and send the browser on. @param return_to where the flow was begun, NULL: the service page @return APR_SUCCESS or a told failure */
apr_status_t mnv_half_arrived(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_half_t *half,
                              const char *return_to, mnv_reply_t *reply);

#endif
