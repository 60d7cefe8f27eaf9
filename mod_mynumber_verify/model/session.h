/* A browser session: two independent halves, each of which may be absent. A value; the store keeps it. */
#ifndef MNV_MODEL_SESSION_H
#define MNV_MODEL_SESSION_H

#include "base/mnv.h"
#include "model/options.h"

struct mnv_json_t;

/** The account half: who signed in. */
typedef struct mnv_account_t {
    const char *issuer;
    const char *kind;        /* which attribute identifies: "sub", "eduperson_principal_name", … */
    const char *value;       /* the account id */
    const char *name;        /* to show on the page, NULL: none */
    const char *acr;
    const char *method;      /* "oidc", "saml", "external", "bearer" */
    apr_time_t at;           /* when signed in */
    apr_time_t proof_at;     /* the right to link dates from here; 0: used up */
    apr_time_t ends_at;      /* the identity provider ends it then (SAML SessionNotOnOrAfter); 0: not told */
    apr_table_t *attributes; /* passed on: name -> value joined by mnv_text_join(); never NULL */
    const char *op_subject;  /* what the provider calls the person and its own session (sub, sid; NameID, SessionIndex), for its logout; NULL: not said. A session's: links keep none */
    const char *op_session;
    const char *op_format, *op_qualifier, *op_sp_qualifier; /* of a NameID: Format, NameQualifier, SPNameQualifier as they came; NULL: none. Of an op_subject alone */
} mnv_account_t;

/** The identity half: whose card was verified. Details are NULL where not asked for or not given. */
typedef struct mnv_identity_t {
    const char *issuer, *subject, *acr;
    const char *name, *birthdate /* YYYY-MM-DD */, *gender /* "male" "female" "other" "unknown" */, *address;
    apr_time_t at;
    apr_time_t proof_at;     /* as above */
} mnv_identity_t;

typedef struct mnv_session_t {
    const char *id;          /* the cookie's value: 32 random bytes as base64url (43 characters); known only while the browser's request is handled */
    const char *key;         /* base64url SHA-256 of id: what the database and the cache know */
    const char *base_url;    /* a record belongs to one base URL */
    apr_time_t created, seen;
    mnv_account_t *account;  /* NULL: absent */
    mnv_identity_t *identity;/* NULL: absent */
    const char *successor;   /* set: this one ended by linking or unlinking (at seen), and goes on under that id; it has no halves */
    const char *browser;     /* of a predecessor: the browser cookie that came with the form, NULL: none. No other browser is told the successor */
    const char *predecessor; /* the id that this one went on from by linking or unlinking, at succeeded_at; NULL: none */
    apr_time_t succeeded_at;
    int is_parked;           /* an account on its way from the provider's POST to the browser's session: no session */
} mnv_session_t;

/** A new, empty session with a random id. @return APR_SUCCESS or a told failure. Pool: ctx->pool. */
apr_status_t mnv_session_make(mnv_ctx_t *ctx, const char *base_url, mnv_session_t **session);

/** One without halves under an id that is known already (43 characters of base64url). @return APR_SUCCESS or the told failure CRYPTO. Pool: ctx->pool. */
apr_status_t mnv_session_named(mnv_ctx_t *ctx, const char *base_url, const char *id, mnv_session_t **session);

/** The same halves under a new random id (at every change of privilege); created stays, seen is now. */
apr_status_t mnv_session_renew(mnv_ctx_t *ctx, const mnv_session_t *old, mnv_session_t **session);

/** Key of a cookie value: base64url SHA-256. @return NULL when the value is no session id (43 base64url characters). Pool: pool. */
const char *mnv_session_key(apr_pool_t *pool, const char *id, apr_size_t length);

/** Has the session passed its inactivity or absolute limit or what the identity provider has set, or is it from the future (beyond MNV_NODE_SKEW)? */
int mnv_session_is_expired(const mnv_session_t *session, const mnv_session_options_t *options, apr_time_t now);

/** Is the proof of a half still good for linking at now (and not further in the future than MNV_NODE_SKEW)? */
int mnv_proof_is_fresh(apr_time_t proof_at, apr_time_t now);

/** The halves as JSON for the sealed column, with a version member. Pool: pool. */
struct mnv_json_t *mnv_session_to_json(apr_pool_t *pool, const mnv_session_t *session);

/** Back from JSON; every member checked, another version refused. Times are whole seconds. @param session key, base_url, created, seen already set by the caller @return APR_SUCCESS or APR_EINVAL */
apr_status_t mnv_session_from_json(apr_pool_t *pool, const struct mnv_json_t *json, mnv_session_t *session);

/** The two halves on their own, as sessions and links hold them. From: every member checked, APR_EINVAL where one does not fit; at and proof_at are 0
 * where they are absent. Pool: pool. */
struct mnv_json_t *mnv_account_to_json(apr_pool_t *pool, const mnv_account_t *account);
struct mnv_json_t *mnv_identity_to_json(apr_pool_t *pool, const mnv_identity_t *identity);
apr_status_t mnv_account_from_json(apr_pool_t *pool, const struct mnv_json_t *json, mnv_account_t **account);
apr_status_t mnv_identity_from_json(apr_pool_t *pool, const struct mnv_json_t *json, mnv_identity_t **identity);

/** Name of the session cookie: the option, else "__Host-mynumber" or, over plain http, "mynumber". */
const char *mnv_session_cookie_name(const mnv_options_t *options);

#endif
