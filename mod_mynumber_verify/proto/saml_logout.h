/* Single logout (core 3.7, profiles 4.4) by HTTP-Redirect and HTTP-POST: LogoutRequest and LogoutResponse, ours and theirs. */
#ifndef MNV_PROTO_SAML_LOGOUT_H
#define MNV_PROTO_SAML_LOGOUT_H

#include "proto/saml.h"

struct mnv_private_key_t;

/** What became of a request to end sessions (core 3.7.3.2). */
typedef enum { MNV_SAML_ENDED, MNV_SAML_ENDED_PARTLY, MNV_SAML_NOT_ENDED } mnv_saml_ended_e;

/** A message of ours. Profiles 4.4.3.1, 4.4.3.4: they are signed. */
typedef struct mnv_saml_logout_out_t {
    const char *id;                      /* of mnv_saml_id() */
    const char *entity_id;               /* ours */
    const char *destination;
    const char *relay_state;             /* NULL: none; by POST a form parameter of the caller's */
    const struct mnv_private_key_t *key;
    const mnv_saml_name_id_t *name_id;   /* a request: who */
    const char *session_index;           /* a request: which session; NULL: all of them */
    const char *in_response_to;          /* a response: to which request; NULL: this is a request */
    mnv_saml_ended_e ended;              /* a response */
} mnv_saml_logout_out_t;

/** By HTTP-Redirect: the URL to send the browser to. @return APR_SUCCESS or a told failure (SIGN, INTERNAL). Pool: ctx->pool. */
apr_status_t mnv_saml_logout_url(mnv_ctx_t *ctx, const mnv_saml_logout_out_t *message, const char **url);

/** By HTTP-POST: the form parameter SAMLRequest or SAMLResponse. @return APR_SUCCESS or a told failure SIGN. Pool: ctx->pool. */
apr_status_t mnv_saml_logout_form(mnv_ctx_t *ctx, const mnv_saml_logout_out_t *message, const char **form);

/** What a message of theirs must match. */
typedef struct mnv_saml_logout_expect_t {
    const char *issuer;
    mnv_xmldsig_trust_t trust;
    const char *logout_url;         /* ours, the Destination */
    const char *request_id;         /* a response: our request's; NULL: there is none, so that no response is expected */
    const apr_array_header_t *keys; /* mnv_private_key_t *, for an EncryptedID; NULL: none */
    apr_interval_time_t skew;
} mnv_saml_logout_expect_t;

/** A message of theirs. */
typedef struct mnv_saml_logout_in_t {
    int is_response;
    const char *id;                       /* of the request, for the response to it; a request is good once, until replay_until */
    apr_time_t replay_until;
    const char *relay_state;              /* NULL: none */
    mnv_saml_name_id_t name_id;           /* a request: who */
    apr_array_header_t *session_indexes;  /* const char *: which sessions; empty: all of them */
    int is_success, is_partial;           /* a response */
} mnv_saml_logout_in_t;

/** Judge a message by HTTP-Redirect. Rules, each with its failure: the query (SAML_FORMAT); signed over it (SAML_UNSIGNED, SAML_ALGORITHM, SAML_SIGNATURE); a samlp:LogoutRequest
 * or samlp:LogoutResponse, Version 2.0, with an ID (SAML_FORMAT); Destination ours (SAML_DESTINATION); Issuer (SAML_ISSUER); IssueInstant within five minutes (SAML_ISSUED);
 * a request: NotOnOrAfter, if any, to come (SAML_EXPIRED), a name (SAML_SUBJECT); a response: InResponseTo (SAML_LOGOUT_ANSWER).
 * @param query without "?" @return APR_SUCCESS or the told failure. Pool: ctx->pool. */
apr_status_t mnv_saml_logout_by_redirect(mnv_ctx_t *ctx, const char *query, const mnv_saml_logout_expect_t *expect, mnv_saml_logout_in_t **message);

/** Judge one by HTTP-POST: the form parameter, with an enveloped signature. The same rules; relay_state is left for the caller. */
apr_status_t mnv_saml_logout_by_post(mnv_ctx_t *ctx, const char *form, const mnv_saml_logout_expect_t *expect, mnv_saml_logout_in_t **message);

#endif
