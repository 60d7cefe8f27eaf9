/* Attributes of a statement by whatever name, and the account that they make (facts of GakuNin and Entra ID). */
#ifndef MNV_PROTO_SAML_ATTRIBUTES_H
#define MNV_PROTO_SAML_ATTRIBUTES_H

#include "model/options.h"
#include "model/session.h"
#include "proto/saml_response.h"

/** Among names of attributes: the persistent NameID. */
#define MNV_SAML_NAME_ID "NameID"

/** The short name of an attribute: "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", the bare OID, "urn:mace:dir:attribute-def:eduPersonPrincipalName" and
 * "eduPersonPrincipalName" all are the last. @return name itself where there is none */
const char *mnv_saml_short_name(const char *name);

/** The Name on the wire of a short name, "urn:oid:…" or another URI. @return name itself where there is none */
const char *mnv_saml_wire_name(const char *name);

/** Values of an attribute (const char *), asked for by any of its names. Name, not FriendlyName, decides (core 2.7.3.1). @return NULL: absent */
const apr_array_header_t *mnv_saml_values(const mnv_saml_statement_t *statement, const char *name);

/** Are the groups more than Entra ID puts into an assertion, so that nothing is known about them? */
int mnv_saml_groups_are_unknown(const mnv_saml_statement_t *statement);

/** Is the part behind the only "@" one of the scopes? */
int mnv_saml_is_in_scope(const apr_array_header_t *scopes, const char *value);

/** What decides about an account. */
typedef struct mnv_saml_account_rules_t {
    const apr_array_header_t *scopes;  /* const char *, of the identity provider's metadata; NULL: not looked at, which is for a server with a single identity
                                          provider that has none; empty: no scoped value is taken */
    const char *tenant;                /* Entra ID's; NULL: any */
    int refuse_guests;
    const mnv_signin_options_t *signin;
} mnv_saml_account_rules_t;

/** The account half. Its id is the first usable one of signin->account_attributes, else of the default order: subject-id, pairwise-id,
 * objectidentifier, persistent NameID, eduPersonTargetedID, and with a warning eduPersonPrincipalName, upn, which may be given to another person later. Usable: exactly one value of 1 to 255 bytes
 * without control characters or blanks at the ends; scoped ones of the provider's scopes. kind is the short name. A transient NameID is never one.
 * attributes holds what signin->account_keep names; scoped values out of scope are left out; groups that are unknown are absent.
 * @return APR_SUCCESS or a told failure SAML_TENANT, ACCOUNT_ATTRIBUTE. Pool: ctx->pool. */
apr_status_t mnv_saml_account(mnv_ctx_t *ctx, const mnv_saml_statement_t *statement, const mnv_saml_account_rules_t *rules, mnv_account_t **account);

#endif
