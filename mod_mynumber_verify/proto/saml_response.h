/* All decisions about a SAML response, one function per rule, in the order of profiles 4.1.4.2 and 4.1.4.3. Identity is read only from bytes that were signed. */
#ifndef MNV_PROTO_SAML_RESPONSE_H
#define MNV_PROTO_SAML_RESPONSE_H

#include "proto/saml.h"

/** What the response must match. */
typedef struct mnv_saml_expect_t {
    const char *issuer;                 /* the identity provider's entityID */
    mnv_xmldsig_trust_t trust;          /* its keys */
    const char *entity_id, *acs_url;    /* ours */
    const char *request_id;             /* of the AuthnRequest of this browser's flow */
    const apr_array_header_t *keys;     /* mnv_private_key_t *: open what is encrypted for us; NULL: none */
    apr_interval_time_t skew;
    const apr_array_header_t *contexts; /* const char *: accepted AuthnContextClassRef; NULL or empty: any, also none */
} mnv_saml_expect_t;

/** A saml:Attribute; those of one Name are one. */
typedef struct mnv_saml_attribute_t {
    const char *name;
    apr_array_header_t *values; /* const char *, none of them empty */
    int is_bad;                 /* one of them cannot be handed on, so that it has none */
} mnv_saml_attribute_t;

/** What an identity provider says about a person. */
typedef struct mnv_saml_statement_t {
    const char *issuer;
    const char *assertion_id;      /* good for one sign-in: whoever accepts the statement keeps it until replay_until */
    apr_time_t replay_until;
    mnv_saml_name_id_t name_id;
    const char *session_index;     /* NULL: none */
    const char *context;           /* AuthnContextClassRef; NULL: none */
    apr_time_t authn_instant;
    apr_time_t session_ends;       /* SessionNotOnOrAfter; 0: not told */
    apr_array_header_t *attributes; /* mnv_saml_attribute_t */
} mnv_saml_statement_t;

/** Judge the form parameter SAMLResponse. Rules, each with its failure: base64 of an XML samlp:Response, Version 2.0 (SAML_FORMAT); its own signature, where there is one
 * (SAML_ALGORITHM, SAML_SIGNATURE); Destination our acs_url, present where the response is signed (SAML_DESTINATION); Issuer, where present, the identity provider
 * (SAML_ISSUER); InResponseTo the request's ID (SAML_IN_RESPONSE_TO); status Success (SAML_STATUS…); exactly one Assertion or
 * EncryptedAssertion (SAML_ASSERTIONS); signed itself or within a signed response (SAML_UNSIGNED, SAML_ALGORITHM, SAML_SIGNATURE; all of them SAML_ENCRYPTED
 * for what was encrypted, see lib/xmlenc.h); then of the assertion: Version and ID (SAML_FORMAT), IssueInstant not in the future (SAML_ISSUED), Issuer (SAML_ISSUER), a subject (SAML_SUBJECT) with
 * a bearer confirmation for this address, this request and now (SAML_CONFIRMATION), Conditions that are known (SAML_CONDITIONS) and hold now (SAML_NOT_YET, SAML_EXPIRED), every AudienceRestriction
 * naming us, at least one (SAML_AUDIENCE), an AuthnStatement (SAML_AUTHN) of a session that has not ended (SAML_SESSION) and made in an accepted way
 * (SAML_CONTEXT), attributes (SAML_ATTRIBUTES). Whether the assertion was used before is for the caller to ask.
 * @return APR_SUCCESS or the told failure. Pool: ctx->pool. */
apr_status_t mnv_saml_response_judge(mnv_ctx_t *ctx, const char *form, const mnv_saml_expect_t *expect, mnv_saml_statement_t **statement);

#endif
