/* lib/json.c */
#include "unit.h"
#include "lib/json.h"

static void refuse(unit_t *unit, const char *text)
{
    mnv_json_t *json = NULL;
    assert_int_equal(mnv_json_parse(unit->pool, text, strlen(text), &json), APR_EINVAL);
    assert_null(json);
}

static mnv_json_t *parse(unit_t *unit, const char *text)
{
    mnv_json_t *json = NULL;
    assert_int_equal(mnv_json_parse(unit->pool, text, strlen(text), &json), APR_SUCCESS);
    return json;
}

static void refuses_duplicate_members(void **state)
{
    refuse(*state, "{\"a\":1,\"a\":2}");
    refuse(*state, "{\"b\":{\"a\":1,\"\\u0061\":2}}");
}

static void refuses_what_is_no_object(void **state)
{
    static const char *const texts[] = { "", " ", "null", "1", "\"a\"", "[]", "[{}]", "{", "{}}", "{} x", "{}{}", "{'a':1}", "{a:1}", "{\"a\":}", "{\"a\":01}",
                                         "{\"a\":NaN}", "{\"a\":1e999}", "{\"a\":99999999999999999999}", "{\"a\":1,}", "\xef\xbb\xbf{}" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuse(*state, texts[i]);
    }
    mnv_json_t *json;
    assert_int_equal(mnv_json_parse(((unit_t *)*state)->pool, NULL, 0, &json), APR_EINVAL);
}

static void refuses_nul_and_broken_text(void **state)
{
    mnv_json_t *json;
    refuse(*state, "{\"a\":\"\\u0000\"}");
    refuse(*state, "{\"a\\u0000\":1}");
    refuse(*state, "{\"a\":\"\\ud800\"}");
    refuse(*state, "{\"a\":\"\xed\xa0\x80\"}");
    refuse(*state, "{\"a\":\"\xc0\xaf\"}");
    refuse(*state, "{\"a\":\"\n\"}");
    assert_int_equal(mnv_json_parse(((unit_t *)*state)->pool, "{}\0{", 4, &json), APR_EINVAL);
}

static const char *nested(unit_t *unit, int depth)
{
    char *text = apr_pcalloc(unit->pool, (apr_size_t)(2 * depth) + 8);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', (size_t)depth - 1);
    memset(text + 4 + depth, ']', (size_t)depth - 1);
    text[3 + 2 * depth] = '}';
    return text;
}

static void refuses_deep_nesting(void **state)
{
    unit_t *unit = *state;
    parse(unit, nested(unit, 32));
    refuse(unit, nested(unit, 33));
    refuse(unit, nested(unit, 100000));
    /* brackets in strings are no nesting, escaped quotes end no string */
    parse(unit, "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[\\\\\"}");
}

static void knows_kinds(void **state)
{
    const mnv_json_t *json = parse(*state, "{\"s\":\"x\",\"i\":-5,\"r\":1.0,\"e\":1e3,\"t\":true,\"f\":false,\"n\":null,\"a\":[1,\"b\"],\"o\":{\"k\":\"v\"}}");
    apr_int64_t number = 7;
    assert_int_equal(mnv_json_kind(json, NULL), MNV_JSON_OBJECT);
    assert_int_equal(mnv_json_kind(json, "x"), MNV_JSON_ABSENT);
    assert_int_equal(mnv_json_kind(NULL, NULL), MNV_JSON_ABSENT);
    assert_int_equal(mnv_json_kind(NULL, "x"), MNV_JSON_ABSENT);
    assert_int_equal(mnv_json_kind(json, "n"), MNV_JSON_NULL);
    assert_int_equal(mnv_json_kind(json, "r"), MNV_JSON_REAL);
    assert_int_equal(mnv_json_kind(json, "f"), MNV_JSON_BOOL);
    assert_string_equal(mnv_json_string(json, "s"), "x");
    assert_null(mnv_json_string(json, "i"));
    assert_int_equal(mnv_json_integer(json, "x", &number), APR_ENOENT);
    assert_int_equal(mnv_json_integer(json, "s", &number), APR_EINVAL);
    assert_int_equal(mnv_json_integer(json, "r", &number), APR_EINVAL);
    assert_int_equal(mnv_json_integer(json, "e", &number), APR_EINVAL);
    assert_int_equal(number, 7);
    assert_int_equal(mnv_json_integer(json, "i", &number), APR_SUCCESS);
    assert_int_equal(number, -5);
    assert_int_equal(mnv_json_bool(json, "t"), 1);
    assert_int_equal(mnv_json_bool(json, "f"), 0);
    assert_int_equal(mnv_json_bool(json, "i"), -1);
    assert_int_equal(mnv_json_bool(json, "x"), -1);
    assert_null(mnv_json_member(json, "s"));
    assert_int_equal(mnv_json_size(mnv_json_member(json, "a")), 2);
    assert_int_equal(mnv_json_size(mnv_json_member(json, "o")), 1);
    assert_int_equal(mnv_json_size(NULL), 0);
    assert_string_equal(mnv_json_string(mnv_json_at(mnv_json_member(json, "a"), 1), NULL), "b");
    assert_null(mnv_json_at(mnv_json_member(json, "a"), 2));
    assert_null(mnv_json_at(json, 0));
    assert_string_equal(mnv_json_string(mnv_json_member(json, "o"), "k"), "v");
}

static int collect(void *baton, const char *name, const mnv_json_t *value)
{
    (void)value;
    strncat(baton, name, 10);
    return strcmp(name, "c") == 0;
}

static void keeps_the_order_of_members(void **state)
{
    char names[50] = "";
    mnv_json_each(parse(*state, "{\"b\":1,\"a\":2,\"c\":3,\"d\":4}"), collect, names);
    assert_string_equal(names, "bac");
    mnv_json_each(NULL, collect, names);
}

static void prints_what_was_set(void **state)
{
    unit_t *unit = *state;
    mnv_json_t *object = mnv_json_object(unit->pool), *array = mnv_json_array(unit->pool);
    mnv_json_set_string(object, "name", "\xe5\xb1\xb1\"\n</script>");
    mnv_json_set_string(object, "nothing", NULL);
    mnv_json_set_string(object, "broken", "\xff");
    mnv_json_set_integer(object, "i", 1795507200);
    mnv_json_set_bool(object, "b", 7);
    mnv_json_set_null(object, "z");
    mnv_json_add_string(array, "x");
    mnv_json_add_string(array, NULL);
    mnv_json_add(array, object);
    assert_string_equal(mnv_json_print(unit->pool, array),
                        "[\"x\",{\"name\":\"\xe5\xb1\xb1\\\"\\n</script>\",\"i\":1795507200,\"b\":true,\"z\":null}]");
    mnv_json_set(object, "i", array); /* a circle through an array: jansson prints nothing then, and must not run away */
    assert_string_equal(mnv_json_print(unit->pool, object), "");
    mnv_json_set_integer(object, "i", 2);
    assert_string_equal(mnv_json_print_pretty(unit->pool, parse(unit, "{\"a\":1}")), "{\n  \"a\": 1\n}\n");
}

static void outlives_the_pool_it_was_shared_from(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *child;
    mnv_json_t *object = mnv_json_object(unit->pool), *inner;
    assert_int_equal(apr_pool_create(&child, unit->pool), APR_SUCCESS);
    assert_int_equal(mnv_json_parse(child, "{\"k\":\"v\"}", 9, &inner), APR_SUCCESS);
    mnv_json_set(object, "o", inner);
    apr_pool_destroy(child);
    assert_string_equal(mnv_json_print(unit->pool, object), "{\"o\":{\"k\":\"v\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_duplicate_members),
        UNIT_TEST(refuses_what_is_no_object),
        UNIT_TEST(refuses_nul_and_broken_text),
        UNIT_TEST(refuses_deep_nesting),
        UNIT_TEST(knows_kinds),
        UNIT_TEST(keeps_the_order_of_members),
        UNIT_TEST(prints_what_was_set),
        UNIT_TEST(outlives_the_pool_it_was_shared_from),
    };
    return unit_run(tests);
}
