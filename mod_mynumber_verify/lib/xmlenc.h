/* Decryption of XML (xmlenc-core1) as SAML uses it: an element that holds one EncryptedData, its key encrypted for us by RSA-OAEP. By EVP and not by xmlsec1,
 * whose version 1.2 knows OAEP with SHA-1 only. */
#ifndef MNV_LIB_XMLENC_H
#define MNV_LIB_XMLENC_H

#include <apr_tables.h>
#include "lib/xml.h"

#define MNV_XMLENC_NS "http://www.w3.org/2001/04/xmlenc#"

/** Open what an element (saml:EncryptedAssertion, saml:EncryptedID) holds. Allowed are AES-128 and AES-256 in GCM and CBC mode, and RSA-OAEP with SHA-1 (as
 * Shibboleth and SimpleSAMLphp send) or SHA-256, -384, -512; not RSA PKCS#1 1.5, nor 3DES. Up to 8 EncryptedKey elements and all keys are tried.
 * CBC is not authenticated: whoever can send one message after another and learn why each is refused can read it. So the caller must answer every failure from here
 * to the verified signature within in the same way.
 * @param keys mnv_private_key_t *, RSA ones are tried @return APR_SUCCESS with the opened element as a document; APR_ENOTIMPL: an algorithm that is not allowed;
 * APR_EACCES: no key opens it; APR_EINVAL: malformed. problem is a phrase for the log. Pool: pool. */
apr_status_t mnv_xmlenc_open(apr_pool_t *pool, const mnv_xml_node_t *element, const apr_array_header_t *keys, mnv_xml_t **opened, const char **problem);

#endif
