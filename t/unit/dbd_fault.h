/* A database that fails when a test says so: these stand before apr-util's functions of the same names. Statements are counted from 1 once a fault is set. */
#ifndef T_UNIT_DBD_FAULT_H
#define T_UNIT_DBD_FAULT_H

#include <dlfcn.h>
#include <apr_dbd.h>

typedef enum {
    FAULT_NONE,
    FAULT_ONCE,   /* statement n is not carried out and fails */
    FAULT_LOST,   /* statement n is carried out, its answer is lost */
    FAULT_FOREVER /* statement n and all behind it are not carried out and fail: the server is gone */
} fault_e;

static fault_e fault_kind;
static int fault_at, fault_count;

static void fault_set(fault_e kind, int at)
{
    fault_kind = kind;
    fault_at = at;
    fault_count = 0;
}

/* 1: fail without carrying out */
static int fault_before(void)
{
    fault_count++;
    return (fault_kind == FAULT_ONCE && fault_count == fault_at) || (fault_kind == FAULT_FOREVER && fault_count >= fault_at);
}

static int fault_behind(int error)
{
    return fault_kind == FAULT_LOST && fault_count == fault_at && error == 0 ? 99 : error;
}

int apr_dbd_query(const apr_dbd_driver_t *driver, apr_dbd_t *handle, int *nrows, const char *statement)
{
    int (*real)(const apr_dbd_driver_t *, apr_dbd_t *, int *, const char *) = dlsym(RTLD_NEXT, "apr_dbd_query");
    return fault_before() ? 99 : fault_behind(real(driver, handle, nrows, statement));
}

int apr_dbd_pquery(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, int *nrows, apr_dbd_prepared_t *statement, int nargs, const char **args)
{
    int (*real)(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, int *, apr_dbd_prepared_t *, int, const char **) = dlsym(RTLD_NEXT, "apr_dbd_pquery");
    return fault_before() ? 99 : fault_behind(real(driver, pool, handle, nrows, statement, nargs, args));
}

int apr_dbd_pselect(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, apr_dbd_results_t **res, apr_dbd_prepared_t *statement, int random, int nargs, const char **args)
{
    int (*real)(const apr_dbd_driver_t *, apr_pool_t *, apr_dbd_t *, apr_dbd_results_t **, apr_dbd_prepared_t *, int, int, const char **) = dlsym(RTLD_NEXT, "apr_dbd_pselect");
    return fault_before() ? 99 : fault_behind(real(driver, pool, handle, res, statement, random, nargs, args));
}

#endif
