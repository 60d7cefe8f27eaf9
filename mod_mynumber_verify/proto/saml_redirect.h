/* The HTTP-Redirect binding (bindings 3.4): a message in a query, packed, perhaps signed over the query's own bytes. */
#ifndef MNV_PROTO_SAML_REDIRECT_H
#define MNV_PROTO_SAML_REDIRECT_H

#include "proto/saml.h"
#include "lib/certificate.h"

/** A message to be sent. */
typedef struct mnv_saml_outgoing_t {
    const char *destination;             /* the endpoint's URL, may have a query */
    int is_response;                     /* SAMLResponse, not SAMLRequest */
    const char *xml;
    const char *relay_state;             /* NULL: none */
    const struct mnv_private_key_t *key; /* NULL: not signed */
} mnv_saml_outgoing_t;

/** The URL to send a browser to. @return APR_SUCCESS or a told failure (SIGN, INTERNAL). Pool: ctx->pool. */
apr_status_t mnv_saml_redirect_url(mnv_ctx_t *ctx, const mnv_saml_outgoing_t *message, const char **url);

/** A message that came so, its signature not yet looked at. */
typedef struct mnv_saml_incoming_t {
    int is_response;
    const char *text;        /* the XML */
    apr_size_t length;
    const char *relay_state; /* NULL: none */
    const char *algorithm;   /* SigAlg; NULL: not signed */
    mnv_signature_t signature;
} mnv_saml_incoming_t;

/** Take a query apart: exactly one of SAMLRequest and SAMLResponse, none of the parameters twice (CVE-2025-27773: one was verified, the other one used), SAMLEncoding only
 * DEFLATE, at most MNV_XML_MESSAGE_LIMIT_BYTES unpacked. The signature covers the parameters as they came, percent-encoding included (3.4.4.1).
 * @param query without "?" @return APR_SUCCESS or the told failure SAML_FORMAT. Pool: ctx->pool. */
apr_status_t mnv_saml_redirect_read(mnv_ctx_t *ctx, const char *query, mnv_saml_incoming_t **message);

/** Verify its signature. @return APR_SUCCESS or a told failure SAML_UNSIGNED, SAML_ALGORITHM, SAML_SIGNATURE */
apr_status_t mnv_saml_redirect_verify(mnv_ctx_t *ctx, const mnv_saml_incoming_t *message, const mnv_xmldsig_trust_t *trust);

#endif
