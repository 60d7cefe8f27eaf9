/* X.509 certificates of identity providers and federations, as carriers of keys: who issued one and what stands in it is not looked at (saml-metadata
 * leaves that to agreement; both GakuNin and Entra use certificates that nobody signed). A certificate that has run out still names its key: the metadata
 * decides about keys, and an outage at night would help nobody; the times are there for warnings. */
#ifndef MNV_LIB_CERTIFICATE_H
#define MNV_LIB_CERTIFICATE_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

struct mnv_private_key_t;

typedef struct mnv_certificate_t mnv_certificate_t;

/** Read one certificate from base64 of its DER form, blanks allowed (ds:X509Certificate). The key must be RSA of 2048 to 16384 bits with a usable exponent,
 * or on P-256, P-384 or P-521. @return APR_SUCCESS or APR_EINVAL with problem. Pool: freed with pool. Thread: read-only, may be shared. */
apr_status_t mnv_certificate_base64(apr_pool_t *pool, const char *text, mnv_certificate_t **certificate, const char **problem);

/** Read all certificates of a PEM file, at least one. @param certificates mnv_certificate_t * elements @return APR_SUCCESS or APR_EINVAL with problem. Pool: pool. */
apr_status_t mnv_certificate_pem(apr_pool_t *pool, const char *pem, apr_size_t length, apr_array_header_t **certificates, const char **problem);

/** When the certificate begins and ends. */
apr_time_t mnv_certificate_begins(const mnv_certificate_t *certificate);
apr_time_t mnv_certificate_ends(const mnv_certificate_t *certificate);

/** base64 of the DER form in one line, for our own metadata. Pool: pool. */
const char *mnv_certificate_text(apr_pool_t *pool, const mnv_certificate_t *certificate);

/** Is its key an RSA key, which others can also encrypt for? */
int mnv_certificate_is_rsa(const mnv_certificate_t *certificate);

/** Does a private key belong to the certificate? */
int mnv_certificate_fits(const mnv_certificate_t *certificate, const struct mnv_private_key_t *key);

/* Signatures over bytes, as the redirect binding makes them (saml-bindings 3.4.4.1). */

/** URI of the algorithm a key of ours signs with: rsa-sha256 or ecdsa-sha256. */
const char *mnv_signature_uri(const struct mnv_private_key_t *key);

/** Sign bytes so. @return APR_SUCCESS or APR_EGENERAL. Pool: pool. */
apr_status_t mnv_signature_make(apr_pool_t *pool, const struct mnv_private_key_t *key, const void *data, apr_size_t length, unsigned char **signature,
                                apr_size_t *signature_length);

/** A signature over bytes. */
typedef struct mnv_signature_t {
    const char *uri; /* of the algorithm */
    const void *data;
    apr_size_t length;
    const unsigned char *signature;
    apr_size_t signature_length;
} mnv_signature_t;

/** Verify by any of certificates (mnv_certificate_t *). RSA PKCS#1 1.5 or ECDSA with SHA-256, -384, -512; SHA-1 only when sha1 is set.
 * @return APR_SUCCESS, APR_ENOTIMPL for another algorithm, APR_EACCES for a wrong signature */
apr_status_t mnv_signature_verify(const apr_array_header_t *certificates, int sha1, const mnv_signature_t *signature);

#endif
