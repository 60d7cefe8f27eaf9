/* The database: sessions, links and their history, flows used, over APR DBD (SQLite, PostgreSQL, MySQL).
 *
 * All SQL stands in statements.def and schema.def. Values and personal details are sealed rows (table, row and column as associated data); accounts and
 * identities are looked up by keyed hash. A connection is borrowed for one operation and given back at once, never held through outbound calls.
 * Statements are prepared per connection on first use with label NULL and kept with the connection's pool.
 * Every operation answers APR_SUCCESS or the told failure DATABASE (also DATABASE_ROW where a sealed column does not open), unless it says more.
 * A driver's message is never logged whole (PostgreSQL's DETAIL holds key values): only the operation's name and the driver's number.
 * Thread: an mnv_store_t is shared by all threads of a process.
 */
#ifndef MNV_STORE_STORE_H
#define MNV_STORE_STORE_H

#include <apr_dbd.h>
#include <apr_hash.h>
#include "base/mnv.h"
#include "model/keyring.h"
#include "model/link.h"
#include "model/session.h"

/** A borrowed connection. */
typedef struct mnv_dbd_handle_t {
    apr_dbd_t *handle;
    const apr_dbd_driver_t *driver;
    apr_pool_t *pool;             /* the connection's own pool: prepared statements live below it */
    apr_hash_t **prepared;        /* where this connection keeps its statements (store/work.c); the lender makes the variable with the connection, NULL in it */
    void *lease;                  /* the lender's */
} mnv_dbd_handle_t;

/** Who lends connections: mod_dbd in httpd, a plain apr_dbd connection in tests and mynumberctl. */
typedef struct mnv_dbd_lender_t {
    void *baton;
    /** @return APR_SUCCESS, or an error (then nothing was lent) */
    apr_status_t (*open)(void *baton, apr_pool_t *pool, mnv_dbd_handle_t **handle);
    void (*close)(void *baton, mnv_dbd_handle_t *handle);
} mnv_dbd_lender_t;

typedef struct mnv_store_t mnv_store_t;

/** @param one_to_one link policy: decides "uniq" of new links. Pool: pool. */
mnv_store_t *mnv_store_make(apr_pool_t *pool, const mnv_dbd_lender_t *lender, const mnv_keyring_t *keyring, mnv_policy_e policy);

/** A lender over one apr_dbd connection of its own, mutex around it (tests, mynumberctl). @param driver "sqlite3" @return the driver's status. Pool: closed with pool. */
apr_status_t mnv_dbd_lender_single(apr_pool_t *pool, const char *driver, const char *params, mnv_dbd_lender_t **lender);

/* Schema (schema.c). ------------------------------------------------------------ */

#define MNV_SCHEMA_VERSION 1
#define MNV_SCHEMA_COMPATIBLE_FROM 1

/** Look at the schema and, with create, make it in an empty database (several nodes may do so at once: who loses the race looks again).
 * @return APR_SUCCESS, or a told failure DATABASE, DATABASE_SCHEMA (empty and not create), DATABASE_OLD, DATABASE_NEW (compatible_from above ours) */
apr_status_t mnv_schema_prepare(mnv_ctx_t *ctx, mnv_store_t *store, int create);

/* Sessions (sessions.c). --------------------------------------------------------- */

/** Keep a new session and, in the same transaction, end the one it replaces (key, NULL: none). @param lifetime of the row from created on
 * @return APR_SUCCESS, APR_ENOENT (nothing told, nothing kept) when the one to replace has ended meanwhile, or a told failure */
apr_status_t mnv_store_session_put(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_session_t *session, const char *replaces, apr_interval_time_t lifetime);

/** A session that goes on under a new id because of what is done, in one transaction with it. The old row stays for MNV_PREDECESSOR_LIFETIME and names its
 * successor: a form that is sent twice, or whose answer was lost, still finds the session. */
typedef struct mnv_succession_t {
    const mnv_session_t *from, *to;
    const char *browser;          /* its cookie; NULL: none, and nobody is told the successor */
    apr_interval_time_t lifetime; /* of the new row, from its created on */
} mnv_succession_t;

/** Find by key. Expiry is the caller's to judge. @param session NULL when there is none; its id is NULL, key and base_url are set */
apr_status_t mnv_store_session_get(mnv_ctx_t *ctx, mnv_store_t *store, const char *key, mnv_session_t **session);

/** Write last-seen. */
apr_status_t mnv_store_session_seen(mnv_ctx_t *ctx, mnv_store_t *store, const char *key, apr_time_t seen);

/** End a session. @param deleted 0 when it was not there (any more) */
apr_status_t mnv_store_session_delete(mnv_ctx_t *ctx, mnv_store_t *store, const char *key, int *deleted);

/** End all sessions of an account and/or an identity (either may be NULL) except one key (may be NULL). */
apr_status_t mnv_store_sessions_delete(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_account_t *account, const mnv_identity_t *identity, const char *except);

/* Links (links.c). ------------------------------------------------------------------ */

typedef enum {
    MNV_LINK_MADE,           /* a new row */
    MNV_LINK_WAS_OURS,       /* this very pair was linked already */
    MNV_LINK_ACCOUNT_TAKEN,  /* the account has a live link to another identity */
    MNV_LINK_IDENTITY_TAKEN  /* the identity has a live link to another account (one-to-one) */
} mnv_link_outcome_e;

/** For the history. */
typedef struct mnv_reason_t {
    const char *by;  /* "self" or an administrator's name */
    const char *why; /* NULL: none */
} mnv_reason_t;

/** Make a link, with history, in one transaction. Expired links of either end give way (history "expired"). Unique constraints decide races: after a failed INSERT roll
 * back and re-read by account and by identity; after an error at COMMIT re-read too. @param by who: "self" or an administrator's name @param succession carried out with MNV_LINK_MADE alone, NULL: none
 * @return also APR_ENOENT (nothing told, nothing done): succession->from has ended meanwhile */
apr_status_t mnv_store_link_make(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const char *by, const mnv_succession_t *succession,
                                 mnv_link_outcome_e *outcome);

/** One link in place of another, of the same account. */
typedef struct mnv_replacement_t {
    const mnv_link_t *old, *made;
    const char *by;                /* as mnv_store_link_make() */
} mnv_replacement_t;

/** As mnv_store_link_make(), and in the same transaction the old link goes (history "unlinked", why "replaced") and the sessions of its account and its identity end but for
 * succession->from: all of it or nothing. What else is in the way is in the way still. @param replaced 0: the old link was gone before, or nothing was done */
apr_status_t mnv_store_link_replace(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_replacement_t *links, const mnv_succession_t *succession, mnv_link_outcome_e *outcome,
                                    int *replaced);

/** The link of an account (NULL when none; live or not is the caller's to judge). */
apr_status_t mnv_store_link_by_account(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_account_t *account, mnv_link_t **link);

/** The links of an identity, oldest first (several under many-accounts): mnv_link_t * elements, at most 16. */
apr_status_t mnv_store_links_by_identity(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_identity_t *identity, apr_array_header_t **links);

/** Remove a link by its id, with history (why: "unlinked", "admin"), and end all sessions of its account and of its identity, in one transaction.
 * @param succession of the one session that goes on, NULL: none @param removed 0 when there was no such link: then nothing is done
 * @return also APR_ENOENT as mnv_store_link_make() */
apr_status_t mnv_store_link_remove(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const mnv_reason_t *reason, const mnv_succession_t *succession,
                                   int *removed);

/** The linked identity was verified again: refresh the sealed column (acr, at, kept details) and write history "re-verified". */
apr_status_t mnv_store_link_reverified(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link);

/** Something was refused for the sake of a link: history "refused" alone. @param why at most 64 characters */
apr_status_t mnv_store_link_refused(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const char *why);

/* Replay and generation (replay.c). ---------------------------------------------------- */

/** Use an id (a flow's) once, ever. Inserted under its SHA-256. @return APR_SUCCESS the first time, APR_EEXIST (nothing told) when used before, or the told failure DATABASE: then it
 * must be treated as used */
apr_status_t mnv_store_use_once(mnv_ctx_t *ctx, mnv_store_t *store, const char *id, apr_time_t expires);

apr_status_t mnv_store_generation(mnv_ctx_t *ctx, mnv_store_t *store, apr_int64_t *generation);
apr_status_t mnv_store_generation_raise(mnv_ctx_t *ctx, mnv_store_t *store);

/** Delete expired sessions and replay rows. */
apr_status_t mnv_store_purge(mnv_ctx_t *ctx, mnv_store_t *store, apr_time_t now);

#endif
