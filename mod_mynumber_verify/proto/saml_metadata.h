/* Metadata of identity providers (metadata), of one or of a whole federation.
 *
 * It is read once, by whoever fetches it, and becomes an index from entityID to the few kilobytes that describe this one provider. Looking one up reads those alone, so that
 * five thousand cost no more than one. What is kept is the signed text itself where certificates are given.
 */
#ifndef MNV_PROTO_SAML_METADATA_H
#define MNV_PROTO_SAML_METADATA_H

#include "proto/saml.h"
#include "lib/certificate.h"

/** Metadata as it came. */
typedef struct mnv_saml_source_t {
    const char *text;
    apr_size_t length;
    const mnv_xmldsig_trust_t *trust; /* who must have signed it; NULL: nobody, for a file that an administrator has put there or a URL of Entra ID */
} mnv_saml_source_t;

typedef struct mnv_saml_metadata_t mnv_saml_metadata_t;

/** An identity provider. */
typedef struct mnv_saml_provider_t {
    const char *entity_id;
    apr_array_header_t *certificates;  /* mnv_certificate_t *: signing keys, at least one; all of them are tried */
    const char *signon;                /* SingleSignOnService for HTTP-Redirect; NULL: none */
    const char *logout_redirect, *logout_post;                   /* SingleLogoutService; NULL: none */
    const char *logout_redirect_response, *logout_post_response; /* where responses go: ResponseLocation, else the same */
    apr_array_header_t *scopes;        /* const char *: shibmd:Scope; may be empty */
    int wants_signed;                  /* WantAuthnRequestsSigned */
} mnv_saml_provider_t;

/** Read metadata: an EntityDescriptor or EntitiesDescriptor, signed as demanded, not past its validUntil. Providers past their own, without IDPSSODescriptor, or met twice are
 * left out. @return APR_SUCCESS or a told failure SAML_METADATA, SAML_METADATA_SIGNATURE, SAML_METADATA_EXPIRED. Pool: pool (may outlive ctx->pool).
 * Thread: the result is read-only and may be shared. */
apr_status_t mnv_saml_metadata_load(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_saml_source_t *source, mnv_saml_metadata_t **metadata);

/** How many identity providers. */
apr_size_t mnv_saml_metadata_count(const mnv_saml_metadata_t *metadata);

/** The entityID of the one provider there is. @return NULL: there are several */
const char *mnv_saml_metadata_only(const mnv_saml_metadata_t *metadata);

/** The moment it must not be used any more. @return 0: none is told */
apr_time_t mnv_saml_metadata_valid_until(const mnv_saml_metadata_t *metadata);

/** For how long it need not be fetched anew (cacheDuration, at most 30 days). @return 0: none is told */
apr_interval_time_t mnv_saml_metadata_cache(const mnv_saml_metadata_t *metadata);

/** Find a provider. Its keys are those for signing or for anything; unusable ones are left out with a warning. Endpoints must be https, or http on loopback. Scopes that are
 * regular expressions are left out with a warning: one ".*" would let a university speak for all.
 * @return APR_SUCCESS or a told failure SAML_PROVIDER, SAML_METADATA_EXPIRED, SAML_METADATA. Pool: pool. */
apr_status_t mnv_saml_metadata_find(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_saml_metadata_t *metadata, const char *entity_id, mnv_saml_provider_t **provider);

/** What stands for a provider where its entityID has no room. */
#define MNV_SAML_PRINT_BYTES 16
apr_status_t mnv_saml_print(const char *entity_id, unsigned char print[MNV_SAML_PRINT_BYTES]);

/** The entityID of a print. @return NULL: there is none (any more). Pool: pool, for the walk. */
const char *mnv_saml_metadata_printed(apr_pool_t *pool, const mnv_saml_metadata_t *metadata, const unsigned char print[MNV_SAML_PRINT_BYTES]);

/** What was read, as bytes from which it is back in a moment, without XML and signatures: an index, behind it the texts of the providers. Pool: pool. (saml_pack.c) */
apr_status_t mnv_saml_metadata_pack(apr_pool_t *pool, const mnv_saml_metadata_t *metadata, const char **text, apr_size_t *length);

/** Back again. The bytes must be known to be those of mnv_saml_metadata_pack(), and must stay: providers are read from them. @return APR_SUCCESS or APR_EINVAL. Pool: pool. */
apr_status_t mnv_saml_metadata_unpack(apr_pool_t *pool, const char *text, apr_size_t length, mnv_saml_metadata_t **metadata);

/* Between proto/saml_metadata.c, proto/saml_pack.c and proto/saml_provider.c. */

struct mnv_saml_metadata_t {
    struct apr_hash_t *entries; /* entityID -> mnv_saml_entry_t; read by many threads, so never walked without a pool of one's own */
    const char *first;          /* any one's entityID */
    apr_time_t valid_until;
    apr_interval_time_t cache;
};

/** What the index knows of a provider. */
typedef struct mnv_saml_entry_t {
    const char *entity_id;
    const char *text;       /* its EntityDescriptor within what stood around it, a document of its own */
    apr_size_t length;
    apr_time_t valid_until; /* the least of its own and those of what stood around it; 0: none */
} mnv_saml_entry_t;

/** Read a provider from it. @return APR_SUCCESS or the told failure SAML_METADATA */
apr_status_t mnv_saml_provider_read(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_saml_entry_t *entry, mnv_saml_provider_t **provider);

#endif
