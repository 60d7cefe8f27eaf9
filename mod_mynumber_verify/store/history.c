#include "store/work.h"

apr_status_t mnv_history_add(mnv_work_t *work, const mnv_history_t *entry)
{
    const char *args[] = {
        entry->id,
        mnv_arg_time(work->pool, mnv_now(work->ctx)),
        entry->event,
        entry->link_id,
        entry->account_hash,
        entry->identity_hash,
        mnv_arg_word(work->pool, entry->by),
        mnv_arg_word(work->pool, entry->why),
    };

    if (!entry->id) {
        return APR_EGENERAL; /* told by mnv_random_id() */
    }
    return mnv_work_query(work, MNV_SQL_HISTORY_ADD, args, NULL);
}

apr_status_t mnv_history_look(mnv_work_t *work, const mnv_history_t *entry)
{
    const char *args[] = { entry->id };
    apr_array_header_t *rows;
    apr_status_t rv = mnv_work_select(work, MNV_SQL_HISTORY_EXISTS, args, &rows);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return rows->nelts > 0 ? APR_SUCCESS : MNV_WORK_AGAIN;
}
