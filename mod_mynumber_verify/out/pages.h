/* The pages people see: plain HTML, no script needed, Japanese and English, usable on a phone and at 200 % zoom. Texts are rows of texts.def (both languages in a row). */
#ifndef MNV_OUT_PAGES_H
#define MNV_OUT_PAGES_H

#include "base/mnv.h"
#include "model/link.h"
#include "model/options.h"
#include "model/reply.h"
#include "model/request.h"

/** What the service page shows. */
typedef struct mnv_service_view_t {
    const mnv_options_t *options;
    const mnv_request_t *request;
    const mnv_session_t *session;  /* NULL: none */
    const mnv_link_t *link;        /* the live link of either half, NULL: none */
    int link_fits;                 /* both halves present belong to link, or the one present does */
    int account_is_fresh, identity_is_fresh; /* the proofs for linking are not used up or too old */
    int account_is_strong;         /* signed in by a kind that gives the right to link */
    int can_link, can_unlink;      /* may press the button */
    const char *replaceable;       /* id of the account's link to another identity, which the session's own may replace; NULL: none */
    int wants_unlink;              /* comes back from the sign-in that unlinking asked for (?unlink=1) */
    const char *csrf;              /* token for this session's forms, NULL without session */
    const char *return_to;         /* checked place to go on to, NULL: none */
    const char *notice;            /* text id of a message on top ("linked", "unlinked", "stopped", "verified", "signed-in"), NULL: none */
} mnv_service_view_t;

/** The service page: where you stand ("step 2 of 4"), what next, link and unlink. Forms POST to path/link, path/unlink, path/logout with fields csrf and return.
 * The state is also machine readable: <main data-step="N" data-account="0|1" data-identity="0|1" data-linked="0|1">. Pool: ctx->pool. */
void mnv_page_service(mnv_ctx_t *ctx, const mnv_service_view_t *view, mnv_reply_t *reply);

/** The page (or, when !request->is_navigation, the JSON object {"error","code","message","next","reference","cure"}) of the failure in ctx: code MNV0123, a sentence, what was not changed, a next
 * step, the reference. Status from the row. @param options NULL: as little as possible. @param cure URL where a person can mend it, NULL: by the row */
void mnv_page_failure(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request, const char *cure, mnv_reply_t *reply);

/** The page of RULE_CHOICE, told in ctx: sign in or verify by card, and come back to place (a checked path, NULL: the service page). */
void mnv_page_choice(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request, const char *place, mnv_reply_t *reply);

/** What somebody has signed out from, and what not. */
typedef enum {
    MNV_SIGNED_OUT_HERE,
    MNV_SIGNED_OUT_LEADING,     /* here, and on the way to the provider's sign-out */
    MNV_SIGNED_OUT_BOTH,        /* here, and come back from there */
    MNV_SIGNED_OUT_UNREACHABLE, /* here; where the provider's is could not be found out */
    MNV_SIGNED_OUT_SENDING,     /* here, and on the way to the identity provider, which need not ask */
    MNV_SIGNED_OUT_THERE,       /* here and there, as the identity provider has answered */
    MNV_SIGNED_OUT_PARTLY,      /* and there, but not at every other service */
    MNV_SIGNED_OUT_REFUSED,     /* here; the identity provider has answered that it could not */
    MNV_SIGNED_OUT_ALONE,       /* here; there is no way to be signed out there from here */
    MNV_SIGNED_OUT_ASKED        /* here, because the identity provider asked for it, which waits for the answer */
} mnv_signed_out_e;

/** A message to an identity provider that a person sends on by a button (HTTP-POST). */
typedef struct mnv_signed_out_form_t {
    const char *action;
    const char *name, *message; /* SAMLRequest or SAMLResponse */
    const char *relay_state;    /* NULL: none */
} mnv_signed_out_form_t;

typedef struct mnv_signed_out_view_t {
    const mnv_options_t *options;
    const mnv_request_t *request;
    mnv_signed_out_e from;
    const char *onward;         /* the provider's sign-out, or the place to go on to; NULL: none */
    const mnv_signed_out_form_t *form; /* in its place; NULL: none */
} mnv_signed_out_view_t;

/** "You are signed out.", <main data-signed-out="here|leading|both|unreachable|there|partly|refused|alone|asked">. */
void mnv_page_signed_out(mnv_ctx_t *ctx, const mnv_signed_out_view_t *view, mnv_reply_t *reply);

/** GET /info: JSON of the session's halves, link, ages, and the institution's statements. session NULL: {"account":null,…}. Never the card subject.
 * @param assurance rows of MyNumberAssurance, NULL: none */
void mnv_page_info(mnv_ctx_t *ctx, const mnv_session_t *session, const mnv_link_t *link, const apr_array_header_t *assurance, mnv_reply_t *reply);

/** GET /assets/NAME: style.css, logo.svg. @return APR_SUCCESS, or APR_ENOENT (nothing told) */
apr_status_t mnv_page_asset(const char *name, mnv_reply_t *reply);

#endif
