/* Our own metadata (metadata 2.4.4), for identity providers and federations. */
#ifndef MNV_PROTO_SAML_SELF_H
#define MNV_PROTO_SAML_SELF_H

#include <apr_tables.h>

/** What we are. */
typedef struct mnv_saml_self_t {
    const char *entity_id, *acs_url;
    const char *logout_url;                 /* for both bindings; NULL: none */
    const char *discovery_url;              /* where a discovery service sends people back to; NULL: none */
    const apr_array_header_t *certificates; /* mnv_certificate_t *: all for signing, the RSA ones also for encryption; two during a roll-over; NULL: none */
    int signs;                              /* we sign requests */
    const char *name_ja, *name_en;          /* of the service as people know it; NULL: none */
    const apr_array_header_t *requested;    /* const char *: attributes we ask for, by any name; NULL: none */
} mnv_saml_self_t;

/** Write it. Pool: pool. */
const char *mnv_saml_self_xml(apr_pool_t *pool, const mnv_saml_self_t *self);

#endif
