/* A pending flow: what we must remember between sending a browser to a provider and its coming back. Lives in a sealed cookie of at most 700 bytes,
 * named after its id and sealed with the browser cookie as associated data. Nonce and PKCE verifier are derived from its secret. */
#ifndef MNV_MODEL_PENDING_H
#define MNV_MODEL_PENDING_H

#include "base/mnv.h"
#include "model/keyring.h"

#define MNV_PENDING_LIMIT_BYTES 700
/* the longest place to return to that fits the flow cookie; longer ones go to a cookie of their own (flow/oidc.c) */
#define MNV_PENDING_RETURN_BYTES 380
#define MNV_PENDING_PRINT_BYTES 16

/** Which half of the session a flow obtains. */
typedef enum { MNV_HALF_IDENTITY = 1, MNV_HALF_ACCOUNT = 2 } mnv_half_e;

typedef struct mnv_pending_t {
    const char *id;           /* 22 characters of base64url: the state parameter and the end of the cookie's name */
    mnv_half_e half;
    int is_step_up;           /* of a card: only the one that the account is linked with will do */
    int is_choosing;          /* of an account: the person is at the discovery service, and no provider was asked yet */
    int to_link;              /* while choosing: see mnv_aim_t */
    int has_print;            /* of an account: the provider was chosen, and print stands for it; else it is the one there is */
    unsigned char print[MNV_PENDING_PRINT_BYTES];
    apr_time_t started;       /* whole seconds */
    unsigned char secret[32];
    const char *return_to;    /* same-origin path or allowed URL; NULL: the service page */
} mnv_pending_t;

/** A new flow: random id and secret. @return APR_SUCCESS or a told failure. Pool: ctx->pool. */
apr_status_t mnv_pending_make(mnv_ctx_t *ctx, mnv_half_e half, const char *return_to, mnv_pending_t **pending);

/** The nonce (43 characters) and the PKCE verifier (43 characters, RFC 7636 4.1). NULL after a told failure CRYPTO. Pool: ctx->pool. */
const char *mnv_pending_nonce(mnv_ctx_t *ctx, const mnv_pending_t *pending);
const char *mnv_pending_verifier(mnv_ctx_t *ctx, const mnv_pending_t *pending);

/** The ID of a SAML request ("_" and hexadecimal digits, saml-core 1.3.4), and the id under which its checked answer waits for the browser (43 characters of base64url, see
 * mnv_session_named()). NULL as above. */
const char *mnv_pending_request_id(mnv_ctx_t *ctx, const mnv_pending_t *pending);
const char *mnv_pending_parked_id(mnv_ctx_t *ctx, const mnv_pending_t *pending);

/** Seal as a cookie value bound to the browser cookie's value. */
apr_status_t mnv_pending_seal(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const char *browser, const mnv_pending_t *pending, const char **value);

/** Open a cookie value. Ages are judged here. @return APR_SUCCESS or a told failure FLOW_FORGED, FLOW_EXPIRED */
apr_status_t mnv_pending_open(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const char *browser, const char *id, const char *value, mnv_pending_t **pending);

#endif
