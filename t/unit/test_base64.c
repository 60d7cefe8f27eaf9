/* base/base64.c: what XML calls base64. */
#include "unit.h"
#include "base/base64.h"

static void encodes_and_decodes(void **state)
{
    static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "\xfb\xff\xfe", "+//+" } };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        unsigned char *data = NULL;
        apr_size_t length;
        assert_string_equal(mnv_base64_encode(unit->pool, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
        assert_int_equal(mnv_base64_decode(unit->pool, pairs[i][1], strlen(pairs[i][1]), &data, &length), APR_SUCCESS);
        assert_int_equal(length, strlen(pairs[i][0]));
        assert_memory_equal(data, pairs[i][0], length + 1);
    }
}

static void blanks_may_stand_anywhere(void **state)
{
    unit_t *unit = *state;
    const char *text = "\r\n Zm9v\n\tY g =\n= ";
    unsigned char *data;
    apr_size_t length;
    assert_int_equal(mnv_base64_decode(unit->pool, text, strlen(text), &data, &length), APR_SUCCESS);
    assert_string_equal((const char *)data, "foob");
}

static void refuses_all_else(void **state)
{
    static const char *const bad[] = { "Z", "Zg", "Zg=", "Zm8", "Zm9v=", "Zm9v==", "Zm9v====", "Zg===", "=", "==", "Zg==Zg==", "Z=g=", "Zh==", "Zm9=", "-__-", "Zm9v?", "Zm9v\v", "Zm\xc3\xa9v" };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned char *data = NULL;
        apr_size_t length;
        if (mnv_base64_decode(unit->pool, bad[i], strlen(bad[i]), &data, &length) == APR_SUCCESS) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_null(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(encodes_and_decodes),
        UNIT_TEST(blanks_may_stand_anywhere),
        UNIT_TEST(refuses_all_else),
    };
    return unit_run(tests);
}
