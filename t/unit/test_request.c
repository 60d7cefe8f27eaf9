#include "unit.h"
#include "model/request.h"

#define assert_ja(query, header) assert_int_equal(mnv_language_choose(unit->pool, query, header), MNV_LANGUAGE_JA)
#define assert_en(query, header) assert_int_equal(mnv_language_choose(unit->pool, query, header), MNV_LANGUAGE_EN)

static void is_japanese_where_nothing_is_preferred(void **state)
{
    unit_t *unit = *state;
    assert_ja(NULL, NULL);
    assert_ja("", "");
    assert_ja(NULL, "de, fr;q=0.5");
    assert_ja(NULL, "*");
    assert_ja(NULL, "ja, en");
    assert_ja(NULL, "en;q=0.8, ja;q=0.8");
    assert_ja(NULL, "en;q=0");
}

static void does_not_take_malformed_weights(void **state)
{
    unit_t *unit = *state;
    assert_ja(NULL, "en;q=2");
    assert_ja(NULL, "en;q=-1");
    assert_ja(NULL, "en;q=1.5");
    assert_ja(NULL, "en;q=0.9x");
    assert_ja(NULL, "en;q=0.9999");
    assert_ja(NULL, "en;q=");
    assert_ja(NULL, "en;");
    assert_ja(NULL, ",;,;;q=1,en-;q,,");
    assert_ja(NULL, "eng");
    assert_ja(NULL, "e");
}

static void does_not_read_beyond_its_limit(void **state)
{
    unit_t *unit = *state;
    char *header = apr_palloc(unit->pool, 70000);
    memset(header, ',', 69990);
    memcpy(header + 69990, "en", 3);
    assert_ja(NULL, header);
}

static void follows_weights(void **state)
{
    unit_t *unit = *state;
    assert_en(NULL, "en");
    assert_en(NULL, "en-US,en;q=0.9,ja;q=0.8");
    assert_en(NULL, "ja;q=0.1, EN-gb;q=0.2");
    assert_en(NULL, "fr, en;q=0.5");
    assert_en(NULL, "ja;q=0, *;q=0.1");
    assert_en(NULL, "en ; q=0.123 , ja;q=0.122");
    assert_ja(NULL, "ja-JP,ja;q=0.9,en;q=0.8");
    assert_ja(NULL, "*;q=0.9, en;q=0.5");
}

static void the_query_wins_over_the_header(void **state)
{
    unit_t *unit = *state;
    assert_en("lang=en", "ja");
    assert_en("return=%2Fx&lang=EN", "ja");
    assert_ja("lang=ja", "en");
    assert_en("lang=ja-JP&x=1&y=%zz", "en");
}

static void a_query_that_says_nothing_usable_does_not_decide(void **state)
{
    unit_t *unit = *state;
    assert_en("lang=xx", "en");
    assert_en("lang=ja&lang=ja", "en");
    assert_en("lang", "en");
    assert_en("language=ja", "en");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(is_japanese_where_nothing_is_preferred),
        UNIT_TEST(does_not_take_malformed_weights),
        UNIT_TEST(does_not_read_beyond_its_limit),
        UNIT_TEST(follows_weights),
        UNIT_TEST(the_query_wins_over_the_header),
        UNIT_TEST(a_query_that_says_nothing_usable_does_not_decide),
    };
    return unit_run(tests);
}
