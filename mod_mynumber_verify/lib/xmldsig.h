/* XML signatures as SAML uses them (saml-core 5.4, xmldsig-core), by xmlsec1. Whoever verifies gets the very bytes that were digested, read anew: what
 * stands elsewhere in a document, however it is wrapped, was not signed and is not there any more. */
#ifndef MNV_LIB_XMLDSIG_H
#define MNV_LIB_XMLDSIG_H

#include <apr_tables.h>
#include "lib/xml.h"

struct mnv_private_key_t;

#define MNV_XMLDSIG_NS "http://www.w3.org/2000/09/xmldsig#"

/** Who may have signed, and how. */
typedef struct mnv_xmldsig_trust_t {
    const apr_array_header_t *certificates; /* mnv_certificate_t *; a key in the message is never looked at */
    int sha1;                               /* 1: SHA-1 is let through */
} mnv_xmldsig_trust_t;

/** Does an element have a signature of its own, directly below it? */
int mnv_xmldsig_is_signed(const mnv_xml_node_t *element);

/** Verify an element's own enveloped signature. The form is SAML's: one Reference to the element's ID; the transforms enveloped-signature, then exclusive
 * canonicalization; RSA PKCS#1 1.5 or ECDSA with SHA-256, -384 or -512; no Object, no comments within.
 * @param is_signed the digested bytes, read anew: a document of the element without this signature
 * @return APR_SUCCESS; APR_ENOTIMPL: an algorithm that is not allowed; APR_EACCES: signed by none of the keys or changed afterwards; APR_EINVAL: not of this form.
 * problem is a phrase for the log. Pool: pool. */
apr_status_t mnv_xmldsig_verify(apr_pool_t *pool, const mnv_xml_node_t *element, const mnv_xmldsig_trust_t *trust, mnv_xml_t **is_signed, const char **problem);

/** The same for what is too large to be made a tree of: the digested bytes themselves, which are canonical XML of an element of the name and ID of this one. */
apr_status_t mnv_xmldsig_verify_bytes(apr_pool_t *pool, const mnv_xml_node_t *element, const mnv_xmldsig_trust_t *trust, const char **text, apr_size_t *length,
                                      const char **problem);

/** A signature still to be made over the element with this ID, to be put where the schema wants it; mnv_xmldsig_sign() fills it. Pool: pool. */
const char *mnv_xmldsig_template(apr_pool_t *pool, const struct mnv_private_key_t *key, const char *id);

/** Sign a document of ours, whose outermost element has that template directly below it. @return APR_SUCCESS or APR_EGENERAL. Pool: pool. */
apr_status_t mnv_xmldsig_sign(apr_pool_t *pool, const struct mnv_private_key_t *key, const char *text, const char **is_signed);

#endif
