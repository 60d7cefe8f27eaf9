#include "out/texts.h"

#include <string.h>

static const struct text_row_t {
    const char *ja, *en;
} rows[MNV_TEXT_COUNT] = {
#define MNV_TEXT(id, ja, en) {ja, en},
#include "out/texts.def"
#undef MNV_TEXT
};

static const struct notice_row_t {
    const char *name;
    mnv_texts_e id;
} notices[] = {
    {"linked", MNV_TEXT_NOTICE_LINKED},
    {"unlinked", MNV_TEXT_NOTICE_UNLINKED},
    {"signed-out", MNV_TEXT_NOTICE_SIGNED_OUT},
    {"signed_out", MNV_TEXT_NOTICE_SIGNED_OUT},
    {"verified", MNV_TEXT_NOTICE_VERIFIED},
    {"signed-in", MNV_TEXT_NOTICE_SIGNED_IN},
    {"signed_in", MNV_TEXT_NOTICE_SIGNED_IN},
    {"stopped", MNV_TEXT_NOTICE_STOPPED},
};

const char *mnv_texts_get(mnv_texts_e id, mnv_language_e language)
{
    if ((unsigned)id >= MNV_TEXT_COUNT) {
        return "";
    }
    return language == MNV_LANGUAGE_EN ? rows[id].en : rows[id].ja;
}

mnv_texts_e mnv_texts_notice(const char *notice)
{
    apr_size_t i;

    for (i = 0; notice && i < sizeof(notices) / sizeof(notices[0]); i++) {
        if (!strcmp(notices[i].name, notice)) {
            return notices[i].id;
        }
    }
    return MNV_TEXT_COUNT;
}

const char *mnv_texts_language_tag(mnv_language_e language)
{
    return language == MNV_LANGUAGE_EN ? "en" : "ja";
}
