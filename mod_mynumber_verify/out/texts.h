/* The texts of the pages: one row of texts.def each, both languages side by side, so that they cannot drift apart. Plain text without markup, escaped when printed. */
#ifndef MNV_OUT_TEXTS_H
#define MNV_OUT_TEXTS_H

#include "model/request.h"

typedef enum {
#define MNV_TEXT(id, ja, en) MNV_TEXT_##id,
#include "out/texts.def"
#undef MNV_TEXT
    MNV_TEXT_COUNT
} mnv_texts_e;

/** A text. @return UTF-8; never NULL, "" for a number that is no text's */
const char *mnv_texts_get(mnv_texts_e id, mnv_language_e language);

/** The row of a notice ("linked", "signed-in", "signed_in"). @return MNV_TEXT_COUNT when there is none */
mnv_texts_e mnv_texts_notice(const char *notice);

/** "ja" or "en", for lang attributes and the lang parameter. */
const char *mnv_texts_language_tag(mnv_language_e language);

#endif
