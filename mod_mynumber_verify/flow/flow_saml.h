/* Sign-in by SAML 2.0 (saml-profiles 4.1): out by a redirect, back by a POST from the identity provider's page. With that POST only the flow's own cookies arrive, for the session
 * cookie is Lax. So what was said is judged there, parked under a name that only this browser's flow knows, and put into the session by the GET that follows. */
#ifndef MNV_FLOW_FLOW_SAML_H
#define MNV_FLOW_FLOW_SAML_H

#include "flow/flow.h"

/** At start, before there are processes: metadata of a URL as they were kept; warnings of what runs out. Pool: pool, of the configuration. */
void mnv_saml_ready(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_options_t *options, struct mnv_federation_t *federation);

/** In each process, once the site is made. */
void mnv_saml_connect(const mnv_site_t *site);

/** A signature was made by none of the keys in the metadata: let the watchdog look for newer ones. */
void mnv_saml_doubt(mnv_ctx_t *ctx, const mnv_site_t *site);

/** For the watchdog: metadata ahead of need. @param stop not 0: the process ends */
void mnv_saml_refresh(mnv_ctx_t *ctx, const mnv_site_t *site, const volatile apr_uint32_t *stop);

/** Does this identity provider sign in people here now? @return 0 also after a told failure */
int mnv_saml_is_issuer(mnv_ctx_t *ctx, const mnv_site_t *site, const char *entity_id);

/** Send the browser to the identity provider. @return APR_SUCCESS or a told failure (reply then untouched) */
apr_status_t mnv_saml_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply);

/** The same, to the provider that the person has chosen. @param chosen its entityID, NULL: the one there is */
apr_status_t mnv_saml_send(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, const char *chosen, mnv_reply_t *reply);

/** The one provider there is to sign in at: named by the configuration, or alone in the metadata. @return NULL: people choose (while metadata lives) */
struct mnv_saml_metadata_t;
const char *mnv_saml_only(const mnv_site_t *site, const struct mnv_saml_metadata_t *metadata);

/** Send the browser to the discovery service, as the first part of a sign-in. @return APR_SUCCESS or a told failure (reply then untouched) (flow_discovery.c) */
apr_status_t mnv_discovery_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply);

/** The flow and the account that a GET /signin/callback belongs to, once. Deletes the flow's cookies in reply.
 * @param pending set as soon as it is known @return APR_SUCCESS or a told failure CALLBACK_STATE, FLOW_…, DATABASE… */
apr_status_t mnv_saml_finish(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_pending_t **pending, mnv_account_t **account, mnv_reply_t *reply);

#endif
