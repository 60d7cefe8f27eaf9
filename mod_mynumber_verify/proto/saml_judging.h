/* A response on its way through the rules; between proto/saml_response.c and proto/saml_assertion.c only. */
#ifndef MNV_PROTO_SAML_JUDGING_H
#define MNV_PROTO_SAML_JUDGING_H

#include "proto/saml_response.h"

typedef struct mnv_saml_judging_t {
    mnv_ctx_t *ctx;
    const mnv_saml_expect_t *expect;
    const mnv_xml_node_t *received;  /* the Response as it came */
    const mnv_xml_node_t *response;  /* the same of signed bytes where the response is signed */
    const mnv_xml_node_t *assertion; /* of signed bytes */
    mnv_saml_statement_t *statement; /* what the rules have accepted so far */
} mnv_saml_judging_t;

/** The rules of the assertion itself. @return APR_SUCCESS or the told failure */
apr_status_t mnv_saml_assertion_judge(mnv_saml_judging_t *judging);

/** The rule of its attributes. @return APR_SUCCESS or the told failure */
apr_status_t mnv_saml_attributes_read(mnv_saml_judging_t *judging);

#endif
