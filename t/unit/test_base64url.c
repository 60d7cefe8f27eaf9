/* base/base64url.c */
#include "unit.h"
#include "base/base64url.h"

static void refuse(unit_t *unit, const char *text, apr_size_t length)
{
    unsigned char *data = NULL;
    apr_size_t data_length = 77;
    assert_int_equal(mnv_base64url_decode(unit->pool, text, length, &data, &data_length), APR_EINVAL);
    assert_null(data);
    assert_int_equal(data_length, 77);
}

static void refuses_padding(void **state)
{
    refuse(*state, "QQ==", 4);
    refuse(*state, "QUI=", 4);
    refuse(*state, "AAAAA===", 8);
}

static void refuses_foreign_characters(void **state)
{
    static const char *const texts[] = { "QU+D", "QU/D", "QU D", "QU\nD", "QUI.", "QU\xc3\xa9", "\x80QUI", "QU@D", "QU[D", "QU`D", "QU{D" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuse(*state, texts[i], strlen(texts[i]));
    }
    refuse(*state, "QU\0D", 4);
    refuse(*state, NULL, 0);
}

static void refuses_a_lone_character(void **state)
{
    refuse(*state, "A", 1);
    refuse(*state, "AAAAA", 5);
}

static void refuses_unused_bits_that_are_set(void **state)
{
    refuse(*state, "QR", 2);
    refuse(*state, "QUJ", 3);
}

static void gives_back_what_was_encoded(void **state)
{
    unit_t *unit = *state;
    unsigned char bytes[256], *data;
    apr_size_t length;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (unsigned char)(255 - i);
    }
    for (apr_size_t i = 0; i <= sizeof(bytes); i++) {
        char *text = mnv_base64url_encode(unit->pool, bytes, i);
        assert_int_equal(mnv_base64url_decode(unit->pool, text, strlen(text), &data, &length), APR_SUCCESS);
        assert_int_equal(length, i);
        assert_memory_equal(data, bytes, i);
        assert_int_equal(data[length], 0);
    }
}

/* RFC 4648 section 10, and the two characters that differ from base64 */
static void agrees_with_the_rfc(void **state)
{
    unit_t *unit = *state;
    static const char *const pairs[][2] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
                                            { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "-__-" } };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_string_equal(mnv_base64url_encode(unit->pool, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
    }
}

static void knows_its_alphabet(void **state)
{
    (void)state;
    assert_false(mnv_base64url_is(NULL, 4));
    assert_false(mnv_base64url_is("", 4));
    assert_false(mnv_base64url_is("ab=d", 4));
    assert_false(mnv_base64url_is("abcde", 4));
    assert_true(mnv_base64url_is("a-_9", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_padding),
        UNIT_TEST(refuses_foreign_characters),
        UNIT_TEST(refuses_a_lone_character),
        UNIT_TEST(refuses_unused_bits_that_are_set),
        UNIT_TEST(gives_back_what_was_encoded),
        UNIT_TEST(agrees_with_the_rfc),
        UNIT_TEST(knows_its_alphabet),
    };
    return unit_run(tests);
}
