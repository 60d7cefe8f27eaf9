/* Words of SAML 2.0 and what all its messages have in common. "core", "bindings", "profiles", "metadata" in comments are the OASIS documents saml-core-2.0-os,
 * saml-bindings-2.0-os, saml-profiles-2.0-os and saml-metadata-2.0-os. */
#ifndef MNV_PROTO_SAML_H
#define MNV_PROTO_SAML_H

#include "base/mnv.h"
#include "lib/xml.h"
#include "lib/xmldsig.h"

#define MNV_SAML_NS     "urn:oasis:names:tc:SAML:2.0:assertion"
#define MNV_SAMLP_NS    "urn:oasis:names:tc:SAML:2.0:protocol"
#define MNV_SAML_MD_NS  "urn:oasis:names:tc:SAML:2.0:metadata"

#define MNV_SAML_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define MNV_SAML_POST     "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define MNV_SAML_BEARER   "urn:oasis:names:tc:SAML:2.0:cm:bearer"

#define MNV_SAML_PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define MNV_SAML_TRANSIENT  "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

#define MNV_SAML_STATUS         "urn:oasis:names:tc:SAML:2.0:status:"
#define MNV_SAML_SUCCESS        MNV_SAML_STATUS "Success"
#define MNV_SAML_RESPONDER      MNV_SAML_STATUS "Responder"
#define MNV_SAML_PARTIAL_LOGOUT MNV_SAML_STATUS "PartialLogout"

/** RelayState is 80 bytes at most (bindings 3.4.3). */
#define MNV_SAML_RELAY_LIMIT 80
/** Whatever is a URI or an identifier in a message (entityIDs: 1024 characters, metadata 2.2.1). */
#define MNV_SAML_TEXT_LIMIT 1024

/** A NameID (core 2.2.2). */
typedef struct mnv_saml_name_id_t {
    const char *value;                            /* NULL: there is none */
    const char *format;                           /* NULL: unspecified */
    const char *name_qualifier, *sp_name_qualifier; /* NULL: none */
} mnv_saml_name_id_t;

/** A new ID (core 1.3.4): "_" and 32 random hexadecimal digits, for Entra ID refuses those that begin with a digit. @return NULL after a told failure. Pool: ctx->pool. */
const char *mnv_saml_id(mnv_ctx_t *ctx);

/** Read a form parameter SAMLResponse or SAMLRequest (bindings 3.5.4). @return APR_SUCCESS or the told failure SAML_FORMAT. Pool: ctx->pool. */
apr_status_t mnv_saml_form_read(mnv_ctx_t *ctx, const char *form, mnv_xml_t **xml);

/** Read the one saml:NameID or saml:EncryptedID (core 2.2.3, 2.2.4) directly below an element: 1 to MNV_SAML_TEXT_LIMIT bytes without control characters.
 * @param keys mnv_private_key_t *, NULL: none @return APR_SUCCESS, APR_ENOENT when there is none, APR_EINVAL with problem. Pool: pool. */
apr_status_t mnv_saml_name_id_read(apr_pool_t *pool, const mnv_xml_node_t *holder, const apr_array_header_t *keys, mnv_saml_name_id_t *name_id,
                                   const char **problem);

/** Write one as XML with prefix "saml", which the surroundings declare. Pool: pool. */
const char *mnv_saml_name_id_xml(apr_pool_t *pool, const mnv_saml_name_id_t *name_id);

/** Is the text of an element exactly this? An absent element equals nothing. Blanks around it do not count. */
int mnv_saml_text_is(const mnv_xml_node_t *node, const char *text);

/** Issuer of a message that is not verified yet, to find out whose keys to verify it by; NULL: none is told, or it is no XML. Pool: pool. */
const char *mnv_saml_claimed_issuer(apr_pool_t *pool, const char *text, apr_size_t length);

/** The second-level status code of a response for the log, without its common beginning; the first-level one where there is none; "" without a status. */
const char *mnv_saml_status(const mnv_xml_node_t *response, int *is_success);

#endif
