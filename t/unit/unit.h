/* What every unit test needs: a pool, and a context whose clock can be set, whose random bytes repeat and whose log can be read.
 *
 * static void refuses_something(void **state)
 * {
 *     unit_t *unit = *state;
 *     assert_int_not_equal(mnv_jws_parse(unit->ctx, "x", &jws), APR_SUCCESS);
 *     assert_told(unit, JWS_FORMAT);
 * }
 * int main(void)
 * {
 *     const struct CMUnitTest tests[] = { UNIT_TEST(refuses_something), };
 *     return unit_run(tests);
 * }
 */
#ifndef T_UNIT_UNIT_H
#define T_UNIT_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "base/mnv.h"
#include "base/log.h"
#include "base/failure.h"

/* 2026-11-24T08:00:00Z, the moment at which every test starts */
#define UNIT_START (apr_time_from_sec(1795507200))

typedef struct unit_t {
    apr_pool_t *pool;         /* gone after the test */
    mnv_ctx_t *ctx;
    apr_time_t now;           /* set it to move the clock */
    apr_uint64_t seed;        /* of the random bytes */
    int random_fails;         /* 1: the random source is broken */
    int level;                /* log lines up to this level are wanted (all by default) */
    apr_array_header_t *log;  /* const char * elements, level lost */
} unit_t;

#define UNIT_MAYBE_UNUSED __attribute__((unused)) static

UNIT_MAYBE_UNUSED apr_time_t unit_now(void *baton)
{
    return ((unit_t *)baton)->now;
}

/* splitmix64: the same bytes in every run, different ones in every call */
UNIT_MAYBE_UNUSED apr_status_t unit_random(void *baton, unsigned char *buffer, apr_size_t length)
{
    unit_t *unit = baton;
    if (unit->random_fails) {
        return APR_EGENERAL;
    }
    for (apr_size_t i = 0; i < length; i++) {
        apr_uint64_t z = (unit->seed += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        buffer[i] = (unsigned char)(z ^ (z >> 31));
    }
    return APR_SUCCESS;
}

UNIT_MAYBE_UNUSED int unit_log_wants(void *baton, int level)
{
    return level <= ((unit_t *)baton)->level;
}

UNIT_MAYBE_UNUSED void unit_log(void *baton, int level, const char *line)
{
    unit_t *unit = baton;
    (void)level;
    APR_ARRAY_PUSH(unit->log, const char *) = apr_pstrdup(unit->pool, line);
}

UNIT_MAYBE_UNUSED const mnv_ports_t unit_ports = { unit_now, unit_random, unit_log_wants, unit_log };

UNIT_MAYBE_UNUSED int unit_setup(void **state)
{
    apr_pool_t *pool;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return -1;
    }
    unit_t *unit = apr_pcalloc(pool, sizeof(*unit));
    unit->pool = pool;
    unit->now = UNIT_START;
    unit->level = MNV_LOG_TRACE;
    unit->log = apr_array_make(pool, 8, sizeof(const char *));
    unit->ctx = apr_pcalloc(pool, sizeof(*unit->ctx));
    unit->ctx->pool = pool;
    unit->ctx->ports = &unit_ports;
    unit->ctx->baton = unit;
    *state = unit;
    return 0;
}

UNIT_MAYBE_UNUSED int unit_teardown(void **state)
{
    apr_pool_destroy(((unit_t *)*state)->pool);
    return 0;
}

UNIT_MAYBE_UNUSED int unit_begin(void **state)
{
    (void)state;
    return apr_initialize() == APR_SUCCESS ? 0 : -1;
}

UNIT_MAYBE_UNUSED int unit_end(void **state)
{
    (void)state;
    apr_terminate();
    return 0;
}

/** How many log lines hold a text. */
UNIT_MAYBE_UNUSED int unit_logged(const unit_t *unit, const char *text)
{
    int count = 0;
    for (int i = 0; i < unit->log->nelts; i++) {
        count += strstr(APR_ARRAY_IDX(unit->log, i, const char *), text) != NULL;
    }
    return count;
}

/** The last failure told was this one (NAME without MNV_FAIL_); it is then forgotten. */
#define assert_told(unit, NAME) unit_assert_told((unit), MNV_FAIL_##NAME, #NAME, __FILE__, __LINE__)

UNIT_MAYBE_UNUSED void unit_assert_told(unit_t *unit, mnv_failure_e what, const char *name, const char *file, int line)
{
    mnv_failure_e told = unit->ctx->failure.what;
    if (told != what) {
        print_error("expected failure %s, told was %s (%s)\n", name,
                    told == MNV_OK ? "none" : mnv_failure_row(told)->name,
                    unit->ctx->failure.detail != NULL ? unit->ctx->failure.detail : "no detail");
    }
    _assert_int_equal((LargestIntegralType)told, (LargestIntegralType)what, file, line);
    memset(&unit->ctx->failure, 0, sizeof(unit->ctx->failure));
}

#define UNIT_TEST(f) cmocka_unit_test_setup_teardown(f, unit_setup, unit_teardown)
#define unit_run(tests) cmocka_run_group_tests(tests, unit_begin, unit_end)

#endif
