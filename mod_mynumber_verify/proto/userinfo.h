/* Userinfo (OpenID Connect Core 5.3), bound to the ID token's subject, and the claims of both halves. */
#ifndef MNV_PROTO_USERINFO_H
#define MNV_PROTO_USERINFO_H

#include "base/mnv.h"
#include "lib/http.h"
#include "lib/json.h"
#include "model/session.h"
#include "proto/idtoken.h"

/** Whose userinfo is asked for. */
typedef struct mnv_token_subject_t {
    const char *access_token, *subject;
} mnv_token_subject_t;

/** Fetch userinfo with the access token; sub must be a string equal to the ID token's (5.3.2: MUST be verified).
 * @return APR_SUCCESS or a told failure (http's, PROVIDER_STATUS, PROVIDER_CONTENT, USERINFO_SUB). Pool: ctx->pool. */
apr_status_t mnv_userinfo_fetch(mnv_ctx_t *ctx, mnv_http_t *http, const char *endpoint, const char *ca_file, const mnv_token_subject_t *who, mnv_json_t **claims);

/** The identity half from userinfo (or, where a detail is missing there, from the ID token's claims). Both the service's shapes and OIDC's are read:
 * name a string, or given_name/family_name joined when absent; address a string or an object (formatted, else postal_code region locality street_address joined);
 * birthdate YYYYMMDD or YYYY-MM-DD; gender "1" male "2" female "9" other "0" unknown (also as integers), or the words male, female, else "other".
 * Missing, null and "" are alike: NULL. Line breaks inside OIDC's address become blanks. A detail of another JSON kind, with control characters, over
 * MNV_TEXT_LIMIT_BYTES, or a birthdate that is no day is the told failure USERINFO_CONTENT naming the claim, never its value. at and proof_at are set to now.
 * @param userinfo NULL: none was fetched. Pool: ctx->pool. */
apr_status_t mnv_identity_from_claims(mnv_ctx_t *ctx, const char *issuer, const mnv_idtoken_t *token, const mnv_json_t *userinfo, mnv_identity_t **identity);

/** The account half. The account id is the first of options->account_attributes (default: "sub") with a usable value (string of 1 to 255 bytes UTF-8 without control
 * characters or blanks at the ends; also "tid+oid": both, from the same place and without ":" in them, joined by ":"), looked for in
 * userinfo, then in the ID token; none: ACCOUNT_ATTRIBUTE. Its name is kept as kind.
 * For an issuer of a Microsoft Entra tenant a tid of another tenant is refused (IDTOKEN_ISS), and oid alone as account id without tid (ACCOUNT_ATTRIBUTE); with options->refuse_guests an idp that is
 * not the issuer (ACCOUNT_GUEST). MNV_ATTRIBUTE_WITHHELD in options->account_keep stands for the names of claims that were not sent along ("_claim_names", "hasgroups") or cannot be handed on, joined.
 * name from "name" (shown only). Attributes of options->account_keep: strings, integers, booleans and arrays of them, joined by mnv_text_join(); one that holds anything else,
 * control characters or too much is left out whole, with a warning. */
apr_status_t mnv_account_from_claims(mnv_ctx_t *ctx, const char *issuer, const mnv_idtoken_t *token, const mnv_json_t *userinfo, const mnv_signin_options_t *options, mnv_account_t **account);

#endif
