/* What we know of a request while it passes through httpd, and the session behind its cookie.
 *
 * Every request_rec has a mod_mnv_request_t in its request_config, made on first use. All request_recs that come from one request of the browser (internal redirects by
 * r->prev, sub-requests by r->main) share one mod_mnv_visit_t, which belongs to the first of them: the session is loaded at most once per request of the browser.
 */
#ifndef MNV_HTTPD_SESSION_IO_H
#define MNV_HTTPD_SESSION_IO_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/process.h"
#include "httpd/server_config.h"
#include "out/record.h"

#define MOD_MNV_AUTH_TYPE "mynumber"

typedef enum {
    MOD_MNV_SESSION_UNASKED,
    MOD_MNV_SESSION_NONE,    /* no cookie, or one that is no session */
    MOD_MNV_SESSION_PRESENT, /* record is set */
    MOD_MNV_SESSION_FAILED   /* nobody can tell: rules refuse, the hand-off refuses; never "no session" */
} mod_mnv_session_e;

/** One request of a browser. */
typedef struct mod_mnv_visit_t {
    request_rec *first;
    mnv_ctx_t *ctx;               /* made on first use: mod_mnv_visit_ctx() */
    mod_mnv_session_e state;
    const mnv_record_t *record;
    const unsigned char *digest;  /* of the cookie, the record's key; set where record is */
    mnv_failure_t failure;        /* why state is FAILED */
    const char *cookies;          /* the Cookie header as it came, NULL: none */
    int has_cookies;              /* cookies was read */
    int is_private;               /* the answer was marked as one person's own */
    struct mod_mnv_visit_t *bearer;  /* of the same request, as the bearer of a token (httpd/bearer.h), made on first use */
    struct mod_mnv_visit_t *browser; /* of a token's visit: the other; else NULL */
    const char *credentials;      /* of a token's visit: the Authorization header, NULL: none of that kind */
} mod_mnv_visit_t;

/** What would satisfy a rule (bits), least first: that is the order in which they are tried. */
#define MOD_MNV_NEED_SIGNIN 1u
#define MOD_MNV_NEED_CHOICE 2u    /* sign-in or card, as the person likes */
#define MOD_MNV_NEED_LINK 4u      /* both halves are there: the link page */
#define MOD_MNV_NEED_CARD 8u
#define MOD_MNV_NEED_ACCOUNT 16u  /* came by card, which leads to no account: a page tells what can be done */

/** One request_rec. */
typedef struct mod_mnv_request_t {
    mod_mnv_visit_t *visit;
    const char *own;              /* path below MyNumberPath; NULL: not one of our URLs */
    int is_stripped;              /* client-sent copies of our headers are gone */
    int is_inside;                /* our hook is asking the other modules: stay out of the way */
    const void *admitted;         /* the per_dir_config under which the gate let it pass */
    const void *ruled;            /* the per_dir_config of which a rule of ours was evaluated */
    int has_asked;                /* something of this request_rec depends on the session */
    int is_known;                 /* under MyNumberSignIn external: the other module was asked who this is */
    int is_somebody;              /* and names somebody */
    int is_unsure;                /* whom, its fixups may tell better */
    int is_provisional;           /* and until then the session speaks */
    int is_postponed;             /* a rule of ours waits until it was asked */
    int is_forced;                /* rules that asked the session before are to be asked again then */
    unsigned missing;             /* MOD_MNV_NEED_…, recorded by rules */
    int is_step_up;               /* the card among them is the linked person's own, held again */
    mnv_failure_e why;            /* of a rule that nothing cures, for the page */
    const void *visit_of;         /* the per_dir_config that visit was chosen for */
    const void *auth_of;          /* the per_dir_config that is_our_auth was found for */
    int is_our_auth, has_auth;    /* AuthType "mynumber"; any */
    const void *handed;           /* the per_dir_config whose exports were handed on */
    char *hidden_user;            /* r->user of a request redirected to a location that may not know it; put back for the log */
    const struct mod_mnv_sector_t *sector; /* what the application of sector_of is given (httpd/sector.h), made on first use */
    const mod_mnv_dir_config_t *sector_of;
    mod_mnv_visit_t own_visit;    /* used by the first request_rec alone */
} mod_mnv_request_t;

/** Make what mod_mnv_request() gives. */
mod_mnv_request_t *mod_mnv_request_make(request_rec *r);

/** Never NULL. Pool: r->pool. */
static inline mod_mnv_request_t *mod_mnv_request(request_rec *r)
{
    mod_mnv_request_t *request = ap_get_module_config(r->request_config, &mynumber_verify_module);

    return request ? request : mod_mnv_request_make(r);
}

/** The request_rec that r came from, NULL for the browser's own. */
request_rec *mod_mnv_parent(const request_rec *r);

mnv_ctx_t *mod_mnv_visit_ctx(mod_mnv_visit_t *visit);

/** The Cookie header as the browser sent it: applications see it without our cookies. @return NULL: none */
const char *mod_mnv_cookies(mod_mnv_visit_t *visit);

/** As mod_mnv_session(), for who only compares: the request does not depend on it yet. */
mod_mnv_visit_t *mod_mnv_session_look(request_rec *r);

/** The session, loaded on the first call: from the cache while the record is fresh, else from the database. @return visit with state other than UNASKED */
mod_mnv_visit_t *mod_mnv_session(request_rec *r);

/** May a record speak without the database (or the token's issuer) being asked? */
int mod_mnv_session_is_fresh(const mnv_record_t *record, const mod_mnv_server_config_t *conf, apr_time_t now);

/** A session and its link as a record. @param source has what was read before the session: time and generation @return APR_SUCCESS or a told failure */
apr_status_t mod_mnv_session_record(mod_mnv_visit_t *visit, const mnv_site_t *site, const mnv_session_t *session, mnv_record_source_t *source, mnv_record_t **record);

/** Is AuthType "mynumber" in force here? */
int mod_mnv_is_our_auth(request_rec *r);

/** May this location be told the account, and let in by it? The one that signed in; with MyNumberEntry card or choose also the one that a card is linked with. */
int mod_mnv_knows_account(const request_rec *r, const mnv_record_t *record);

/** Is it one of the facts that mod_mnv_knows_account() decides about? slot of mnv_record_value() */
static inline int mod_mnv_is_of_account(apr_uint32_t slot)
{
    return slot == MNV_FACT_ACCOUNT || slot == MNV_FACT_ACCOUNT_ISSUER || slot >= MNV_FACT_COUNT;
}

/** The answer is of one person: no shared cache may keep it. Also where nobody was there yet, because the next one may be. */
void mod_mnv_mark_private(request_rec *r);

#endif
