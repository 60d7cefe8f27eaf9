#include "store/work.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64url.h"
#include "lib/json.h"

#define ID_CHARACTERS 22

static const char *place_of(apr_pool_t *pool, const char *id)
{
    return apr_pstrcat(pool, "links|", id, "|data", NULL);
}

/** A link as it is written. */
typedef struct row_t {
    const mnv_link_t *link;
    const char *account_hash, *identity_hash, *data;
    mnv_history_t history;
} row_t;

/** Hash and seal. What would not be read again is not written: the check is the reader's own. */
static apr_status_t make_row(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_link_t *link, row_t *row)
{
    const mnv_json_t *json = mnv_link_to_json(ctx->pool, link);
    mnv_link_t copy = { 0 };

    if (strlen(link->id) != ID_CHARACTERS || mnv_link_from_json(ctx->pool, json, &copy) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "a link has a member that does not fit its row");
    }
    row->link = link;
    row->account_hash = mnv_store_account_hash(ctx, store, link->account);
    row->identity_hash = mnv_store_identity_hash(ctx, store, link->identity);
    if (!row->account_hash || !row->identity_hash) {
        return APR_EGENERAL;
    }
    return mnv_store_seal(ctx, store, place_of(ctx->pool, link->id), json, &row->data);
}

static apr_status_t make_history(mnv_ctx_t *ctx, row_t *row, const char *event, const char *by, const char *why)
{
    row->history.id = mnv_random_id(ctx, MNV_HISTORY_ID_BYTES);
    row->history.event = event;
    row->history.link_id = row->link->id;
    row->history.account_hash = row->account_hash;
    row->history.identity_hash = row->identity_hash;
    row->history.by = by;
    row->history.why = why;
    return row->history.id ? APR_SUCCESS : APR_EGENERAL;
}

/* Making. ------------------------------------------------------------------------------ */

typedef struct make_t {
    row_t row;
    const char *uniq;
    const char *now;
    mnv_succession_rows_t *succession;
    mnv_link_outcome_e outcome;
    const row_t *old;         /* the link that gives way to the new one, NULL: none */
    int replaced;             /* it was there, and did */
} make_t;

/** What a live link of one end means; cells: its id and the hash of its other end. */
static mnv_link_outcome_e meaning(const make_t *make, const char *const *cells, const char *other_end,
                                  mnv_link_outcome_e taken)
{
    if (cells[0] && strcmp(cells[0], make->row.link->id) == 0) {
        return MNV_LINK_MADE; /* in an attempt whose COMMIT was not answered */
    }
    return cells[1] && strcmp(cells[1], other_end) == 0 ? MNV_LINK_WAS_OURS : taken;
}

/** After a failed attempt the link to be replaced may be there again: that decides nothing. */
static int is_old(const make_t *make, const char *const *cells)
{
    return make->old && cells[0] && strcmp(cells[0], make->old->link->id) == 0;
}

/** Who holds the two ends now? @return APR_SUCCESS with the outcome, MNV_WORK_AGAIN when both are free, or as mnv_work_select() */
static apr_status_t judge(mnv_work_t *work, void *baton)
{
    make_t *make = baton;
    const char *account[] = { make->row.account_hash, make->now };
    const char *identity[] = { make->row.identity_hash, make->now };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_LINK_LIVE_BY_ACCOUNT, account, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (rows->nelts > 0 && !is_old(make, APR_ARRAY_IDX(rows, 0, const char *const *))) {
        make->outcome = meaning(make, APR_ARRAY_IDX(rows, 0, const char *const *), make->row.identity_hash,
                                MNV_LINK_ACCOUNT_TAKEN);
        return APR_SUCCESS;
    }
    if (work->store->policy != MNV_POLICY_ONE_TO_ONE) {
        return MNV_WORK_AGAIN;
    }
    /* Not left to "uniq" alone: links made under many-accounts, before the policy was changed, carry another one. What is found may also be our own pair,
     * linked by another browser since the first look. */
    rv = mnv_work_select(work, MNV_SQL_LINK_LIVE_BY_IDENTITY, identity, &rows);
    if (rv != APR_SUCCESS || rows->nelts == 0) {
        return rv == APR_SUCCESS ? MNV_WORK_AGAIN : rv;
    }
    make->outcome = meaning(make, APR_ARRAY_IDX(rows, 0, const char *const *), make->row.account_hash,
                            MNV_LINK_IDENTITY_TAKEN);
    return APR_SUCCESS;
}

/** Expired links of either end would stand in the way of the new one. */
static apr_status_t give_way(mnv_work_t *work, const make_t *make)
{
    const char *args[] = { make->row.account_hash, make->row.identity_hash, make->now };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_LINKS_EXPIRED, args, &rows);
    int i, deleted;

    for (i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        const char *const *cells = APR_ARRAY_IDX(rows, i, const char *const *);
        mnv_history_t history = { .event = "expired", .by = "system" };

        rv = mnv_work_query(work, MNV_SQL_LINK_DELETE, cells, &deleted);
        /* 0: whoever races with us for the same end was quicker, and has written the history */
        if (rv == APR_SUCCESS && deleted > 0) {
            history.id = mnv_random_id(work->ctx, MNV_HISTORY_ID_BYTES);
            history.link_id = cells[0];
            history.account_hash = cells[1] ? cells[1] : "";
            history.identity_hash = cells[2] ? cells[2] : "";
            rv = mnv_history_add(work, &history);
        }
    }
    return rv;
}

/** The link to be replaced gives way, and the sessions that stood on it end. Not there any more: then there is nothing in the way, or somebody else's new link. */
static apr_status_t remove_old(mnv_work_t *work, make_t *make)
{
    const char *args[] = { make->old->link->id };
    int deleted;
    apr_status_t rv = mnv_work_query(work, MNV_SQL_LINK_DELETE, args, &deleted);

    make->replaced = rv == APR_SUCCESS && deleted > 0;
    if (!make->replaced) {
        return rv;
    }
    rv = mnv_history_add(work, &make->old->history);
    return rv == APR_SUCCESS ? mnv_sessions_end(work, make->old->account_hash, make->old->identity_hash, mnv_succession_from(make->succession)) : rv;
}

static apr_status_t make_body(mnv_work_t *work, void *baton)
{
    make_t *make = baton;
    const row_t *row = &make->row;
    const char *args[] = { row->link->id, row->account_hash, row->identity_hash, make->uniq, row->data,
                           mnv_arg_time(work->pool, row->link->linked_at),
                           mnv_arg_time(work->pool, row->link->identity->at),
                           mnv_arg_time(work->pool, row->link->expires_at) };
    apr_status_t rv = make->old ? remove_old(work, make) : APR_SUCCESS;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = judge(work, make)) != MNV_WORK_AGAIN) {
        return rv == APR_SUCCESS ? MNV_WORK_UNDO : rv;
    }
    if ((rv = give_way(work, make)) != APR_SUCCESS
        || (rv = mnv_work_query(work, MNV_SQL_LINK_ADD, args, NULL)) != APR_SUCCESS
        || (rv = mnv_history_add(work, &row->history)) != APR_SUCCESS) {
        return rv;
    }
    make->outcome = MNV_LINK_MADE;
    return mnv_succession_do(work, make->succession);
}

static apr_status_t run_make(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const mnv_succession_t *succession, make_t *make)
{
    static const mnv_work_plan_t plan = { "make a link", 1, make_body, judge };
    apr_status_t rv;

    make->now = mnv_arg_time(ctx->pool, mnv_now(ctx));
    if ((rv = make_row(ctx, store, link, &make->row)) != APR_SUCCESS
        || (rv = make_history(ctx, &make->row, "linked", make->row.history.by, NULL)) != APR_SUCCESS
        || (rv = mnv_succession_prepare(ctx, store, succession, &make->succession)) != APR_SUCCESS) {
        return rv;
    }
    make->uniq = store->policy == MNV_POLICY_ONE_TO_ONE
                     ? make->row.identity_hash
                     : apr_pstrcat(ctx->pool, make->row.identity_hash, ":", make->row.account_hash, NULL);
    rv = mnv_work_run(ctx, store, &plan, make);
    return rv == APR_SUCCESS && mnv_succession_came_late(make->succession) ? APR_ENOENT : rv;
}

apr_status_t mnv_store_link_make(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const char *by,
                                 const mnv_succession_t *succession, mnv_link_outcome_e *outcome)
{
    make_t make = { .row.history.by = by };
    apr_status_t rv = run_make(ctx, store, link, succession, &make);

    if (rv == APR_SUCCESS) {
        *outcome = make.outcome;
    }
    return rv;
}

apr_status_t mnv_store_link_replace(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_replacement_t *links, const mnv_succession_t *succession,
                                    mnv_link_outcome_e *outcome, int *replaced)
{
    row_t old = { .link = links->old };
    make_t make = { .row.history.by = links->by, .old = &old };
    apr_status_t rv;

    old.account_hash = mnv_store_account_hash(ctx, store, links->old->account);
    old.identity_hash = mnv_store_identity_hash(ctx, store, links->old->identity);
    if (!old.account_hash || !old.identity_hash) {
        return APR_EGENERAL;
    }
    if ((rv = make_history(ctx, &old, "unlinked", links->by, "replaced")) != APR_SUCCESS) {
        return rv;
    }
    rv = run_make(ctx, store, links->made, succession, &make);
    if (rv == APR_SUCCESS) {
        *outcome = make.outcome;
        *replaced = make.outcome == MNV_LINK_MADE && make.replaced;
    }
    return rv;
}

/* Finding. ------------------------------------------------------------------------------ */

typedef struct find_t {
    mnv_sql_e sql;
    const char *hash;
    const mnv_account_t *account;   /* what the links must belong to: one of both, the other NULL */
    const mnv_identity_t *identity;
    apr_array_header_t *links;
} find_t;

/** id, data, linked_at, expires_at. The times stand in the sealed column too: a row whose columns somebody changed does not count. */
static apr_status_t read_row(mnv_work_t *work, const char *const *cells, mnv_link_t **link)
{
    apr_pool_t *pool = work->ctx->pool;
    mnv_link_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_time_t linked, expires;
    mnv_json_t *json;

    if (!cells[0] || strlen(cells[0]) != ID_CHARACTERS || !mnv_base64url_is(cells[0], ID_CHARACTERS)
        || mnv_cell_time(cells[2], &linked) != APR_SUCCESS || mnv_cell_time(cells[3], &expires) != APR_SUCCESS
        || mnv_store_open(work->ctx, work->store, place_of(work->pool, cells[0]), cells[1], &json) != APR_SUCCESS
        || mnv_link_from_json(pool, json, made) != APR_SUCCESS || made->linked_at != linked
        || apr_time_sec(made->expires_at) != apr_time_sec(expires)) {
        return APR_EINVAL;
    }
    made->id = apr_pstrdup(pool, cells[0]);
    *link = made;
    return APR_SUCCESS;
}

static apr_status_t find_body(mnv_work_t *work, void *baton)
{
    find_t *find = baton;
    const char *args[] = { find->hash };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, find->sql, args, &rows);
    int i;

    apr_array_clear(find->links);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < rows->nelts; i++) {
        mnv_link_t *link;

        if (read_row(work, APR_ARRAY_IDX(rows, i, const char *const *), &link) != APR_SUCCESS) {
            return mnv_fail(work->ctx, MNV_FAIL_DATABASE_ROW, "link");
        }
        if ((find->account && !mnv_link_has_account(link, find->account))
            || (find->identity && !mnv_link_has_identity(link, find->identity))) {
            return mnv_fail(work->ctx, MNV_FAIL_DATABASE_ROW, "link %s stands under the hash of somebody else", link->id);
        }
        APR_ARRAY_PUSH(find->links, mnv_link_t *) = link;
    }
    return APR_SUCCESS;
}

apr_status_t mnv_store_link_by_account(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_account_t *account,
                                       mnv_link_t **link)
{
    static const mnv_work_plan_t plan = { "find the link of an account", 0, find_body, NULL };
    find_t find = { .sql = MNV_SQL_LINK_BY_ACCOUNT, .account = account,
                    .links = apr_array_make(ctx->pool, 1, sizeof(mnv_link_t *)) };
    apr_status_t rv;

    find.hash = mnv_store_account_hash(ctx, store, account);
    if (!find.hash) {
        return APR_EGENERAL;
    }
    rv = mnv_work_run(ctx, store, &plan, &find);
    if (rv == APR_SUCCESS) {
        *link = find.links->nelts > 0 ? APR_ARRAY_IDX(find.links, 0, mnv_link_t *) : NULL;
    }
    return rv;
}

apr_status_t mnv_store_links_by_identity(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_identity_t *identity,
                                         apr_array_header_t **links)
{
    static const mnv_work_plan_t plan = { "find the links of an identity", 0, find_body, NULL };
    find_t find = { .sql = MNV_SQL_LINKS_BY_IDENTITY, .identity = identity,
                    .links = apr_array_make(ctx->pool, 2, sizeof(mnv_link_t *)) };
    apr_status_t rv;

    find.hash = mnv_store_identity_hash(ctx, store, identity);
    if (!find.hash) {
        return APR_EGENERAL;
    }
    rv = mnv_work_run(ctx, store, &plan, &find);
    if (rv == APR_SUCCESS) {
        *links = find.links;
    }
    return rv;
}

/* Changing and removing. ----------------------------------------------------------------- */

typedef struct change_t {
    row_t row;
    mnv_succession_rows_t *succession;
    int changed;
} change_t;

/** A COMMIT may have been carried out although its answer was lost: our entry in the history tells. */
static apr_status_t change_look(mnv_work_t *work, void *baton)
{
    change_t *change = baton;
    apr_status_t rv = mnv_history_look(work, &change->row.history);

    if (rv == APR_SUCCESS) {
        change->changed = 1;
    }
    return rv;
}

static apr_status_t remove_body(mnv_work_t *work, void *baton)
{
    change_t *change = baton;
    const char *args[] = { change->row.link->id };
    int deleted;
    apr_status_t rv = mnv_work_query(work, MNV_SQL_LINK_DELETE, args, &deleted);

    change->changed = rv == APR_SUCCESS && deleted > 0;
    if (rv != APR_SUCCESS || !change->changed) {
        return rv == APR_SUCCESS ? MNV_WORK_UNDO : rv;
    }
    if ((rv = mnv_history_add(work, &change->row.history)) != APR_SUCCESS
        || (rv = mnv_sessions_end(work, change->row.account_hash, change->row.identity_hash, mnv_succession_from(change->succession))) != APR_SUCCESS) {
        return rv;
    }
    return mnv_succession_do(work, change->succession);
}

apr_status_t mnv_store_link_remove(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const mnv_reason_t *reason,
                                   const mnv_succession_t *succession, int *removed)
{
    static const mnv_work_plan_t plan = { "remove a link", 1, remove_body, change_look };
    change_t change = { .row.link = link };
    apr_status_t rv;

    change.row.account_hash = mnv_store_account_hash(ctx, store, link->account);
    change.row.identity_hash = mnv_store_identity_hash(ctx, store, link->identity);
    if (!change.row.account_hash || !change.row.identity_hash) {
        return APR_EGENERAL;
    }
    if ((rv = make_history(ctx, &change.row, "unlinked", reason->by, reason->why)) != APR_SUCCESS
        || (rv = mnv_succession_prepare(ctx, store, succession, &change.succession)) != APR_SUCCESS) {
        return rv;
    }
    rv = mnv_work_run(ctx, store, &plan, &change);
    if (rv == APR_SUCCESS && mnv_succession_came_late(change.succession)) {
        return APR_ENOENT;
    }
    if (rv == APR_SUCCESS) {
        *removed = change.changed;
    }
    return rv;
}

static apr_status_t reverified_body(mnv_work_t *work, void *baton)
{
    change_t *change = baton;
    const row_t *row = &change->row;
    const char *args[] = { row->data, mnv_arg_time(work->pool, row->link->identity->at), row->link->id,
                           row->identity_hash };
    int updated;
    apr_status_t rv = mnv_work_query(work, MNV_SQL_LINK_SET, args, &updated);

    if (rv != APR_SUCCESS || updated == 0) {
        return rv == APR_SUCCESS ? MNV_WORK_UNDO : rv; /* gone meanwhile */
    }
    return mnv_history_add(work, &row->history);
}

apr_status_t mnv_store_link_reverified(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link)
{
    static const mnv_work_plan_t plan = { "refresh a link", 1, reverified_body, change_look };
    change_t change = { 0 };
    apr_status_t rv;

    if ((rv = make_row(ctx, store, link, &change.row)) != APR_SUCCESS
        || (rv = make_history(ctx, &change.row, "re-verified", "self", NULL)) != APR_SUCCESS) {
        return rv;
    }
    return mnv_work_run(ctx, store, &plan, &change);
}

static apr_status_t refused_body(mnv_work_t *work, void *baton)
{
    const change_t *change = baton;

    return mnv_history_add(work, &change->row.history);
}

apr_status_t mnv_store_link_refused(mnv_ctx_t *ctx, mnv_store_t *store, const mnv_link_t *link, const char *why)
{
    static const mnv_work_plan_t plan = { "write a refusal into the history", 1, refused_body, change_look };
    change_t change = { .row.link = link };
    apr_status_t rv;

    change.row.account_hash = mnv_store_account_hash(ctx, store, link->account);
    change.row.identity_hash = mnv_store_identity_hash(ctx, store, link->identity);
    if (!change.row.account_hash || !change.row.identity_hash) {
        return APR_EGENERAL;
    }
    rv = make_history(ctx, &change.row, "refused", "self", why);
    return rv == APR_SUCCESS ? mnv_work_run(ctx, store, &plan, &change) : rv;
}
