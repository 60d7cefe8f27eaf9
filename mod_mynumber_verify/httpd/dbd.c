#include "httpd/process.h"
#include "httpd/config_tree.h"

#include <apr_strings.h>
#include <http_main.h>
#include <mod_dbd.h>

#define MNV_PREPARED_KEY "mynumber-prepared"

/* mod_dbd's connections of one host. Not ap_dbd_acquire(): it holds a connection to the end of the request, through calls to providers. */
typedef struct {
    server_rec *server;
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) *open;
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close;
} lender_t;

static apr_status_t lend(void *baton, apr_pool_t *pool, mnv_dbd_handle_t **handle)
{
    const lender_t *lender = baton;
    ap_dbd_t *connection = lender->open(pool, lender->server);
    mnv_dbd_handle_t *lent;
    void *prepared;

    if (!connection) {
        return APR_EGENERAL;
    }
    /* Statements live and die with the connection: mod_dbd gives each its own pool and destroys it with the connection. */
    if (apr_pool_userdata_get(&prepared, MNV_PREPARED_KEY, connection->pool) != APR_SUCCESS || !prepared) {
        prepared = apr_pcalloc(connection->pool, sizeof(apr_hash_t *));
        apr_pool_userdata_setn(prepared, MNV_PREPARED_KEY, NULL, connection->pool);
    }
    lent = apr_pcalloc(pool, sizeof(*lent));
    lent->handle = connection->handle;
    lent->driver = connection->driver;
    lent->pool = connection->pool;
    lent->prepared = prepared;
    lent->lease = connection;
    *handle = lent;
    return APR_SUCCESS;
}

static void give_back(void *baton, mnv_dbd_handle_t *handle)
{
    const lender_t *lender = baton;

    lender->close(lender->server, handle->lease);
}

apr_status_t mod_mnv_dbd_lender(apr_pool_t *pool, server_rec *server, const mnv_dbd_lender_t **lender)
{
    lender_t *made = apr_pcalloc(pool, sizeof(*made));
    mnv_dbd_lender_t *port = apr_pcalloc(pool, sizeof(*port));

    made->server = server;
    made->open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    made->close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    if (!made->open || !made->close) {
        return APR_ENOTIMPL;
    }
    port->baton = made;
    port->open = lend;
    port->close = give_back;
    *lender = port;
    return APR_SUCCESS;
}

int mod_mnv_dbd_is_there(const server_rec *server, const char **problem)
{
    if (!APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open)) {
        *problem = "mod_dbd is not loaded: load it (LoadModule dbd_module modules/mod_dbd.so, on Debian a2enmod dbd) and write DBDriver and DBDParams";
        return 0;
    }
    if (!mod_mnv_tree_find(server, ap_server_conf, "DBDriver", 1)) {
        *problem = "DBDriver is not given: write DBDriver sqlite3, pgsql or mysql, and DBDParams";
        return 0;
    }
    if (!mod_mnv_tree_find(server, ap_server_conf, "DBDParams", 1)) {
        *problem = "DBDParams is not given: write the driver's parameters, for sqlite3 the name of the database file";
        return 0;
    }
    return 1;
}
