/* Case folders: t/data/SUBJECT/RULE/CASE.json, each an input and what must come of it. Every file is a test of its own; a new case needs no code.
 *
 * In every case {"repeat":"a","times":300} stands for a text of 300 "a", {"join":[…]} for its texts put together, and {"now":60} for the number of the
 * second 60 s after the test's beginning. "expect" names the failure that must be told ("none": success), "detail" a part of its detail, "why" is for people.
 */
#ifndef T_UNIT_CASES_H
#define T_UNIT_CASES_H

#include <stdlib.h>
#include <apr_file_info.h>
#include "unit.h"
#include "base/file.h"
#include "lib/crypt.h"
#include "lib/json.h"

typedef struct case_t {
    unit_t *unit;
    const char *file;
    mnv_json_t *json;
} case_t;

UNIT_MAYBE_UNUSED const mnv_json_t *case_expand(apr_pool_t *pool, const mnv_json_t *value);

typedef struct case_expanding_t {
    apr_pool_t *pool;
    mnv_json_t *object;
} case_expanding_t;

UNIT_MAYBE_UNUSED int case_expand_member(void *baton, const char *name, const mnv_json_t *value)
{
    case_expanding_t *expanding = baton;
    mnv_json_set(expanding->object, name, case_expand(expanding->pool, value));
    return 0;
}

/* Values that stand in no object. */
UNIT_MAYBE_UNUSED const mnv_json_t *case_text(apr_pool_t *pool, const char *text)
{
    mnv_json_t *holder = mnv_json_array(pool);
    mnv_json_add_string(holder, text);
    return mnv_json_at(holder, 0);
}

UNIT_MAYBE_UNUSED const mnv_json_t *case_moment(apr_pool_t *pool, apr_int64_t seconds)
{
    const char *text = apr_psprintf(pool, "{\"moment\":[%" APR_INT64_T_FMT "]}", apr_time_sec(UNIT_START) + seconds);
    mnv_json_t *holder;
    assert_int_equal(mnv_json_parse(pool, text, strlen(text), &holder), APR_SUCCESS);
    return mnv_json_at(mnv_json_member(holder, "moment"), 0);
}

UNIT_MAYBE_UNUSED const mnv_json_t *case_expand(apr_pool_t *pool, const mnv_json_t *value)
{
    apr_int64_t number;
    const char *text = mnv_json_string(value, "repeat");
    const mnv_json_t *parts = mnv_json_member(value, "join");

    if (mnv_json_kind(value, NULL) == MNV_JSON_ARRAY) {
        mnv_json_t *list = mnv_json_array(pool);
        for (apr_size_t i = 0; i < mnv_json_size(value); i++) {
            mnv_json_add(list, case_expand(pool, mnv_json_at(value, i)));
        }
        return list;
    }
    if (mnv_json_kind(value, NULL) != MNV_JSON_OBJECT) {
        return value;
    }
    if (text && mnv_json_integer(value, "times", &number) == APR_SUCCESS) {
        apr_size_t unit_length = strlen(text);
        char *made = apr_pcalloc(pool, unit_length * (apr_size_t)number + 1);
        for (apr_int64_t i = 0; i < number; i++) {
            memcpy(made + (apr_size_t)i * unit_length, text, unit_length);
        }
        return case_text(pool, made);
    }
    if (parts) {
        const char *joined = "";
        for (apr_size_t i = 0; i < mnv_json_size(parts); i++) {
            joined = apr_pstrcat(pool, joined, mnv_json_string(case_expand(pool, mnv_json_at(parts, i)), NULL), NULL);
        }
        return case_text(pool, joined);
    }
    if (mnv_json_integer(value, "now", &number) == APR_SUCCESS) {
        return case_moment(pool, number);
    }
    case_expanding_t expanding = { pool, mnv_json_object(pool) };
    mnv_json_each(value, case_expand_member, &expanding);
    return expanding.object;
}

UNIT_MAYBE_UNUSED int case_setup(void **state)
{
    const char *file = *state;
    void *unit;
    char *text;
    apr_size_t length;
    mnv_json_t *json;

    if (unit_setup(&unit) != 0) {
        return -1;
    }
    case_t *made = apr_pcalloc(((unit_t *)unit)->pool, sizeof(*made));
    made->unit = unit;
    made->file = file;
    if (mnv_file_read(made->unit->pool, file, 1000000, &text, &length) != APR_SUCCESS || mnv_json_parse(made->unit->pool, text, length, &json) != APR_SUCCESS ||
        !mnv_json_string(json, "expect")) {
        print_error("%s: cannot be read, is no JSON object or has no \"expect\"\n", file);
        return -1;
    }
    made->json = (mnv_json_t *)case_expand(made->unit->pool, json);
    *state = made;
    return 0;
}

UNIT_MAYBE_UNUSED int case_teardown(void **state)
{
    void *unit = ((case_t *)*state)->unit;
    return unit_teardown(&unit);
}

/** A text member, or the member printed as JSON when it is of another kind; NULL when absent. */
UNIT_MAYBE_UNUSED const char *case_body(const case_t *c, const char *name)
{
    const char *text = mnv_json_string(c->json, name);
    return text || mnv_json_kind(c->json, name) == MNV_JSON_ABSENT ? text : mnv_json_print(c->unit->pool, mnv_json_member(c->json, name));
}

/** An array member as an array of const char *, NULL when absent. */
UNIT_MAYBE_UNUSED apr_array_header_t *case_list(const case_t *c, const char *name)
{
    const mnv_json_t *list = mnv_json_member(c->json, name);
    apr_array_header_t *made = list ? apr_array_make(c->unit->pool, 4, sizeof(const char *)) : NULL;
    for (apr_size_t i = 0; list && i < mnv_json_size(list); i++) {
        APR_ARRAY_PUSH(made, const char *) = mnv_json_string(mnv_json_at(list, i), NULL);
    }
    return made;
}

/** What happened is what the case expects. */
UNIT_MAYBE_UNUSED void case_judge(const case_t *c, apr_status_t status)
{
    mnv_failure_e what = c->unit->ctx->failure.what;
    const char *detail = mnv_json_string(c->json, "detail"), *told = c->unit->ctx->failure.detail;

    assert_string_equal(what == MNV_OK ? "none" : mnv_failure_row(what)->name, mnv_json_string(c->json, "expect"));
    assert_int_equal(status == APR_SUCCESS, what == MNV_OK);
    if (detail && (!told || !strstr(told, detail))) {
        fail_msg("detail is \"%s\", expected is \"%s\" in it", told ? told : "", detail);
    }
}

UNIT_MAYBE_UNUSED int case_compare(const void *a, const void *b)
{
    return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

UNIT_MAYBE_UNUSED void case_collect(apr_pool_t *pool, const char *top, const char *below, CMUnitTestFunction function, apr_array_header_t *tests)
{
    apr_dir_t *dir;
    apr_finfo_t info;

    if (apr_dir_open(&dir, apr_pstrcat(pool, top, "/", below, NULL), pool) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        apr_size_t length = strlen(info.name);
        const char *name = apr_pstrcat(pool, below, *below ? "/" : "", info.name, NULL);
        if (info.filetype == APR_DIR && info.name[0] != '.') {
            case_collect(pool, top, name, function, tests);
        }
        else if (length > 5 && !strcmp(info.name + length - 5, ".json")) {
            struct CMUnitTest test = { name, function, case_setup, case_teardown, apr_pstrcat(pool, top, "/", name, NULL) };
            APR_ARRAY_PUSH(tests, struct CMUnitTest) = test;
        }
    }
    apr_dir_close(dir);
}

/** Run a function (void **state: a case_t) over every case of t/data/SUBJECT. An empty folder is a failure. @return for main() */
#define CASES_RUN(function, subject) cases_run(function, subject, NULL, 0)
/** The same, and an array of ordinary tests (UNIT_TEST) after them. */
#define CASES_RUN_WITH(function, subject, tests) cases_run(function, subject, tests, sizeof(tests) / sizeof((tests)[0]))

UNIT_MAYBE_UNUSED int cases_run(CMUnitTestFunction function, const char *subject, const struct CMUnitTest *more, apr_size_t count)
{
    const char *data = getenv("MNV_T_DATA");
    apr_pool_t *pool;
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    mnv_crypt_init();
    apr_array_header_t *tests = apr_array_make(pool, 64, sizeof(struct CMUnitTest));
    case_collect(pool, apr_pstrcat(pool, data ? data : "t/data", "/", subject, NULL), "", function, tests);
    if (tests->nelts == 0) {
        print_error("no cases in t/data/%s; run from the top folder or set MNV_T_DATA\n", subject);
        return 1;
    }
    qsort(tests->elts, (size_t)tests->nelts, sizeof(struct CMUnitTest), case_compare);
    for (apr_size_t i = 0; i < count; i++) {
        APR_ARRAY_PUSH(tests, struct CMUnitTest) = more[i];
    }
    failed = _cmocka_run_group_tests(subject, (const struct CMUnitTest *)tests->elts, (size_t)tests->nelts, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}

#endif
