/* What a person goes through, one URL below MyNumberPath after the other. A flow takes a request and returns a reply; it never writes to the server. */
#ifndef MNV_FLOW_FLOW_H
#define MNV_FLOW_FLOW_H

#include "base/mnv.h"
#include "flow/provider.h"
#include "lib/http.h"
#include "model/keyring.h"
#include "model/options.h"
#include "model/pending.h"
#include "model/reply.h"
#include "model/request.h"
#include "store/store.h"

/** The surroundings of a flow: one per virtual host and process. */
typedef struct mnv_site_t {
    const mnv_options_t *options;
    const mnv_keyring_t *keyring;
    mnv_store_t *store;
    mnv_http_t *http;
    mnv_provider_t *card;     /* NULL: no card provider */
    mnv_provider_t *account;  /* NULL: no OIDC sign-in */
    struct mnv_federation_t *federation; /* NULL: no SAML sign-in */
    mnv_provider_t *bearer;   /* whose keys sign bearer tokens; NULL: fetched nowhere */
    mnv_jwks_t *bearer_keys;  /* those of the configuration, NULL: none */
    mnv_http_t *introspection; /* a client of its own: an issuer that hangs keeps nobody from signing in; NULL: none is asked */
} mnv_site_t;

/** Answer a request to one of our own URLs. Always fills reply: failures become pages. */
void mnv_flow_handle(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply);

/** How many bytes a form sent to one of our URLs may have. */
apr_size_t mnv_flow_form_limit(const char *path);

/** What a flow is begun for. */
typedef struct mnv_aim_t {
    mnv_half_e half;
    const char *return_to; /* checked already; NULL: the service page */
    int to_link;           /* a sign-in that is to give the right to link: asked for by MyNumberLinkSignInAcr */
    int is_step_up;        /* the card held again: only the linked one will do */
} mnv_aim_t;

/** Send the browser to obtain a half and come back. Fills reply with a 303 and cookies. @return APR_SUCCESS or a told failure (reply then untouched) */
apr_status_t mnv_flow_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply);

/** Did this browser bring this half a moment ago, to go back to a page? If the page still asks for it, the session does not come back with the browser (cookies refused, one of the
 * same name from somebody else): another flow would be the next turn of an endless redirect. */
int mnv_flow_has_just_arrived(const mnv_site_t *site, const mnv_request_t *request, mnv_half_e half);

/** The session of a request's cookie, from the database, judged (expiry, base URL). @param session NULL: none. @return APR_SUCCESS or a told failure DATABASE… */
apr_status_t mnv_flow_session(mnv_ctx_t *ctx, const mnv_site_t *site, const char *cookies, mnv_session_t **session);

/** The live link of a session's halves: by account, else by identity; when both are present and disagree, the account's. @param link NULL: none */
apr_status_t mnv_flow_link_of(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_session_t *session, mnv_link_t **link);

#endif
