#include "unit.h"
#include "base/text.h"
#include "out/texts.h"

static void no_text_has_markup_or_controls(void **state)
{
    (void)state;
    for (int i = 0; i < MNV_TEXT_COUNT; i++) {
        for (int language = MNV_LANGUAGE_JA; language <= MNV_LANGUAGE_EN; language++) {
            const char *text = mnv_texts_get((mnv_texts_e)i, (mnv_language_e)language);

            assert_true(*text);
            assert_true(mnv_text_is_utf8(text, strlen(text)));
            assert_false(mnv_text_has_control(text));
            assert_null(strpbrk(text, "<>&\""));
        }
    }
}

static void fixed_terms_are_kept(void **state)
{
    static const char *const wrong[] = {"紐付", "ひも付", "紐づけ", "連係", "サイン イン", "ログイン"};

    (void)state;
    for (int i = 0; i < MNV_TEXT_COUNT; i++) {
        const char *ja = mnv_texts_get((mnv_texts_e)i, MNV_LANGUAGE_JA), *en = mnv_texts_get((mnv_texts_e)i, MNV_LANGUAGE_EN);

        for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
            assert_null(strstr(ja, wrong[w]));
        }
        assert_null(strstr(en, "log in"));
        assert_null(strstr(en, "Log in"));
    }
}

static void number_out_of_range_is_empty(void **state)
{
    (void)state;
    assert_string_equal(mnv_texts_get(MNV_TEXT_COUNT, MNV_LANGUAGE_JA), "");
    assert_string_equal(mnv_texts_get((mnv_texts_e)-1, MNV_LANGUAGE_EN), "");
}

static void unknown_notice_is_none(void **state)
{
    (void)state;
    assert_int_equal(mnv_texts_notice(NULL), MNV_TEXT_COUNT);
    assert_int_equal(mnv_texts_notice(""), MNV_TEXT_COUNT);
    assert_int_equal(mnv_texts_notice("<b>"), MNV_TEXT_COUNT);
}

static void known_notices_have_texts(void **state)
{
    (void)state;
    assert_int_equal(mnv_texts_notice("linked"), MNV_TEXT_NOTICE_LINKED);
    assert_int_equal(mnv_texts_notice("unlinked"), MNV_TEXT_NOTICE_UNLINKED);
    assert_int_equal(mnv_texts_notice("signed_out"), MNV_TEXT_NOTICE_SIGNED_OUT);
    assert_int_equal(mnv_texts_notice("verified"), MNV_TEXT_NOTICE_VERIFIED);
    assert_int_equal(mnv_texts_notice("signed_in"), MNV_TEXT_NOTICE_SIGNED_IN);
    assert_int_equal(mnv_texts_notice("signed-in"), MNV_TEXT_NOTICE_SIGNED_IN);
    assert_int_equal(mnv_texts_notice("stopped"), MNV_TEXT_NOTICE_STOPPED);
}

static void languages_differ(void **state)
{
    (void)state;
    assert_string_equal(mnv_texts_get(MNV_TEXT_DO_LINK, MNV_LANGUAGE_JA), "上記のアカウントと本人確認情報を連携する");
    assert_string_equal(mnv_texts_get(MNV_TEXT_DO_LINK, MNV_LANGUAGE_EN), "Link your account and the verified identity above");
    assert_string_equal(mnv_texts_language_tag(MNV_LANGUAGE_JA), "ja");
    assert_string_equal(mnv_texts_language_tag(MNV_LANGUAGE_EN), "en");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(no_text_has_markup_or_controls),
        UNIT_TEST(fixed_terms_are_kept),
        UNIT_TEST(number_out_of_range_is_empty),
        UNIT_TEST(unknown_notice_is_none),
        UNIT_TEST(known_notices_have_texts),
        UNIT_TEST(languages_differ),
    };
    return unit_run(tests);
}
