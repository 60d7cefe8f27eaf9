/* What the configuration says, as plain structs of the core. Filled by httpd/server_config.c from directives.def; flows get the ones they need.
 * Lists are arrays of const char *. Absent texts are NULL. */
#ifndef MNV_MODEL_OPTIONS_H
#define MNV_MODEL_OPTIONS_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

struct mnv_private_key_t;

/* Limits that no directive moves. */
#define MNV_FLOW_LIFETIME apr_time_from_sec(15 * 60)  /* a card and an app take minutes */
#define MNV_FLOW_MAX 4                                /* more cookies would pass httpd's 8,190-byte header limit */
#define MNV_PROOF_LIFETIME apr_time_from_sec(15 * 60) /* the right to link */
#define MNV_PREDECESSOR_LIFETIME apr_time_from_sec(60)  /* a form sent twice is sent within that */
#define MNV_NODE_SKEW apr_time_from_sec(60)           /* how far the clocks of two nodes may differ: a time of another node may lie so far ahead */
#define MNV_FORM_LIMIT_BYTES 16384
#define MNV_SAML_FORM_LIMIT_BYTES 393216              /* a message of 256 KB as base64, and what else a form holds */
#define MNV_RETURN_LIMIT_BYTES 6000                   /* longer places are not come back to */
#define MNV_TEXT_LIMIT_BYTES 4096                     /* one personal detail or attribute from a provider */
#define MNV_SUBJECT_LIMIT 255                         /* width of the service's sub is not published */
#define MNV_OP_NAME_LIMIT 1024                        /* what a provider calls a person or a session; a NameID may be an entityID */
#define MNV_ATTRIBUTE_MAX 64                          /* attributes of an account */
#define MNV_ATTRIBUTE_WITHHELD "_claim_names"         /* and one more: names of those that the provider has but did not send (OpenID Connect Core 5.6.2) */
#define MNV_ATTRIBUTE_LIMIT_BYTES 16384               /* all values of one of them, joined */
#define MNV_BASE_URL_LIMIT 255                        /* width of a column */
#define MNV_ASSURANCE_MAX 32                          /* rows of MyNumberAssurance */
#define MNV_ASSURANCE_LIMIT_BYTES 2048                /* all their URIs, as one value of a header */

/** A key that signs: MyNumberClientKey FILE [kid]. */
typedef struct mnv_client_key_t {
    const char *file; /* NULL: made of the secret file */
    const char *kid; /* NULL: thumbprint */
    struct mnv_private_key_t *key; /* read at start */
} mnv_client_key_t;

/** One OpenID Provider and how we stand to it: the card's and the sign-in's have the same shape. */
typedef struct mnv_provider_options_t {
    const char *issuer;          /* exact string; NULL: this half is absent. Under MyNumberSignIn external the name of the source, and nothing else here is set */
    const char *metadata_file;   /* metadata read from a file instead of discovery */
    const char *metadata_text;   /* its content, read at start */
    const char *authorization_endpoint, *token_endpoint, *userinfo_endpoint, *jwks_uri; /* by hand; win over metadata */
    const char *ca_file;         /* NULL: the system's CAs */
    const char *client_id;
    apr_array_header_t *client_keys; /* mnv_client_key_t; the first signs */
    const char *client_secret_file;
    const char *client_secret;   /* read at start */
    const char *scope;           /* NULL: computed */
    const char *acr_values;      /* NULL: not sent */
    apr_array_header_t *accept_acr; /* NULL or empty: any */
} mnv_provider_options_t;

typedef enum { MNV_SIGNIN_UNSET, MNV_SIGNIN_NONE, MNV_SIGNIN_OIDC, MNV_SIGNIN_SAML, MNV_SIGNIN_EXTERNAL } mnv_signin_e;

/** What something is called in each language of people; NULL: not said. */
typedef struct mnv_names_t {
    const char *ja, *en;
} mnv_names_t;

/** Sign-in by SAML. The identity provider's entityID is the issuer of mnv_options_t.account, where one is named. */
typedef struct mnv_saml_options_t {
    const char *entity_id;            /* ours */
    const char *metadata;             /* file or URL; NULL: no sign-in by SAML */
    int is_url;
    apr_array_header_t *signers;      /* mnv_certificate_t *: who may have signed the metadata; NULL: nobody need have */
    const char *discovery;            /* URL of the discovery service; NULL: none */
    apr_array_header_t *keys;         /* struct mnv_private_key_t *: the first signs, all open what is encrypted for us; may be empty */
    apr_array_header_t *certificates; /* mnv_certificate_t * of these keys; may be empty */
    mnv_names_t names;                /* of the service, in our metadata */
    int sha1;                         /* signatures of messages may be made with SHA-1 */
} mnv_saml_options_t;

typedef struct mnv_signin_options_t {
    mnv_signin_e method;
    apr_array_header_t *account_attributes; /* names in order of preference, NULL: the default order */
    apr_array_header_t *account_pass;       /* attributes handed on */
    apr_array_header_t *account_keep;       /* those, behind them what rules ask for, and where they ask for any MNV_ATTRIBUTE_WITHHELD; made at start */
    int refuse_guests;
    int logout;                             /* a sign-out here leads to the provider's own */
} mnv_signin_options_t;

typedef enum { MNV_POLICY_ONE_TO_ONE, MNV_POLICY_MANY_ACCOUNTS } mnv_policy_e;

typedef struct mnv_link_options_t {
    mnv_policy_e policy;
    apr_interval_time_t lifetime; /* 0: for ever */
    apr_array_header_t *keep;     /* of name birthdate gender address (and "none") */
    apr_array_header_t *signin_acr; /* NULL or empty: any */
    apr_interval_time_t hold;     /* a link as young as that lets nobody in by card alone; 0: none */
} mnv_link_options_t;

/** A row of MyNumberAssurance: the institution's own statement about whom it applies to. */
typedef struct mnv_assurance_t {
    int needs_link;             /* "linked": a live link; else "verified": an identity is known */
    apr_array_header_t *acr;    /* one of these kinds of verification; NULL: any */
    apr_array_header_t *uris;   /* what is stated */
} mnv_assurance_t;

typedef struct mnv_session_options_t {
    const char *cookie;             /* NULL: by scheme */
    apr_interval_time_t inactivity, lifetime, recheck;
} mnv_session_options_t;

typedef struct mnv_call_options_t {
    apr_interval_time_t connect_timeout, total_timeout, clock_skew;
    int max_outbound;
} mnv_call_options_t;

/** A line of MyNumberBearerVerify, in liboauth2's own words. */
typedef struct mnv_bearer_verify_t {
    const char *type, *value;
    const char *options;         /* urlencoded, "" where there are none */
} mnv_bearer_verify_t;

/** How an issuer is asked about tokens (RFC 7662), and by whom. */
typedef struct mnv_introspection_options_t {
    const char *url;               /* NULL: it is not */
    const char *basic;             /* "user:password" as it goes out, NULL: none */
    const char *form;              /* behind the token: "&client_id=…&client_secret=…", or "" */
    const char *certificate, *key; /* PEM, NULL: no TLS client */
    const char *ca_file;           /* NULL: the system's CAs */
} mnv_introspection_options_t;

/** Access tokens of API clients. */
typedef struct mnv_bearer_options_t {
    apr_array_header_t *verify;  /* mnv_bearer_verify_t, as written; NULL: none */
    const char *issuer;          /* exact */
    apr_array_header_t *audiences, *clients; /* NULL: the base URL, any */
    apr_array_header_t *attributes;          /* NULL: those of the sign-in */
    const char *account_issuer, *account_kind; /* NULL: the issuer, the claim's name */
    const char *ca_file;
    /* Made at start: */
    mnv_provider_options_t keys; /* where keys are fetched; issuer NULL: nowhere */
    const char *keys_text;       /* a JWKS that the configuration holds, NULL: none */
    int takes_any_kid;           /* of those; there is one */
    mnv_introspection_options_t introspection;
    const char *cache_label;     /* what a token is accepted for, in front of it where it becomes a key of the cache */
    mnv_signin_options_t signin; /* how claims become an account */
} mnv_bearer_options_t;

/** The site as a person sees it. */
typedef struct mnv_site_options_t {
    const char *path;       /* MyNumberPath, "/mynumber", no slash at the end */
    const char *base_url;   /* "https://host[:port]", no slash at the end */
    int secure;             /* base_url is https: cookie prefixes and Secure */
    apr_array_header_t *return_allow; /* origins */
    const char *state_dir;
    apr_array_header_t *assertion_keys; /* mnv_client_key_t, ES256; the first signs; NULL after the start: no location has an assertion */
} mnv_site_options_t;

/** Everything of one virtual host that flows may read. */
typedef struct mnv_options_t {
    mnv_site_options_t site;
    mnv_provider_options_t card;
    mnv_provider_options_t account;
    mnv_saml_options_t saml;
    mnv_signin_options_t signin;
    mnv_bearer_options_t bearer;
    mnv_link_options_t link;
    mnv_session_options_t session;
    mnv_call_options_t call;
    apr_array_header_t *details;   /* of the person, that something can use or that were asked for by hand: name birthdate gender address; NULL: all */
    apr_array_header_t *assurance; /* mnv_assurance_t, as written; NULL: none */
} mnv_options_t;

/** Is there any way to sign in? (Not yet known while the configuration is read.) */
static inline int mnv_has_signin(const mnv_options_t *options)
{
    return options->signin.method != MNV_SIGNIN_NONE && (options->signin.method != MNV_SIGNIN_UNSET || options->account.issuer);
}

#endif
