#include "store/store.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>

/** One connection, lent to one thread at a time. */
typedef struct single_t {
    apr_pool_t *pool;             /* of the lender */
    apr_thread_mutex_t *mutex;
    const apr_dbd_driver_t *driver;
    const char *params;
    apr_hash_t *prepared;         /* of the connection */
    mnv_dbd_handle_t lent;
} single_t;

static apr_status_t hang_up(void *data)
{
    single_t *single = data;

    if (single->lent.handle) {
        apr_dbd_close(single->driver, single->lent.handle);
        single->lent.handle = NULL;
    }
    return APR_SUCCESS;
}

static apr_status_t connect_to(single_t *single)
{
    apr_pool_t *pool;
    apr_status_t rv;

    apr_pool_create(&pool, single->pool);
    single->prepared = NULL;
    rv = apr_dbd_open_ex(single->driver, pool, single->params, &single->lent.handle, NULL);
    if (rv != APR_SUCCESS) {
        single->lent.handle = NULL;
        apr_pool_destroy(pool);
        return rv;
    }
    single->lent.pool = pool;
    /* statements stand in pools below and go before this cleanup: MySQL wants them closed while there is a connection */
    apr_pool_cleanup_register(pool, single, hang_up, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static apr_status_t single_open(void *baton, apr_pool_t *pool, mnv_dbd_handle_t **handle)
{
    single_t *single = baton;
    apr_status_t rv = apr_thread_mutex_lock(single->mutex);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (single->lent.handle) {
        int check = apr_dbd_check_conn(single->driver, pool, single->lent.handle);

        if (check != APR_SUCCESS && check != APR_ENOTIMPL) {
            apr_pool_destroy(single->lent.pool);
        }
    }
    if (!single->lent.handle) {
        rv = connect_to(single);
    }
    if (rv != APR_SUCCESS) {
        apr_thread_mutex_unlock(single->mutex);
        return rv;
    }
    *handle = &single->lent;
    return APR_SUCCESS;
}

static void single_close(void *baton, mnv_dbd_handle_t *handle)
{
    single_t *single = baton;

    (void)handle;
    apr_thread_mutex_unlock(single->mutex);
}

apr_status_t mnv_dbd_lender_single(apr_pool_t *pool, const char *driver, const char *params, mnv_dbd_lender_t **lender)
{
    single_t *single = apr_pcalloc(pool, sizeof(*single));
    mnv_dbd_lender_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv;

    single->pool = pool;
    single->params = apr_pstrdup(pool, params);
    if ((rv = apr_thread_mutex_create(&single->mutex, APR_THREAD_MUTEX_DEFAULT, pool)) != APR_SUCCESS
        || (rv = apr_dbd_init(pool)) != APR_SUCCESS
        || (rv = apr_dbd_get_driver(pool, driver, &single->driver)) != APR_SUCCESS) {
        return rv;
    }
    single->lent.driver = single->driver;
    single->lent.prepared = &single->prepared;
    if ((rv = connect_to(single)) != APR_SUCCESS) {
        return rv;
    }
    made->baton = single;
    made->open = single_open;
    made->close = single_close;
    *lender = made;
    return APR_SUCCESS;
}
