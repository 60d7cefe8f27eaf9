#include "model/request.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* What is beyond is not read: a header of httpd's full 8,190 bytes says nothing more about two languages */
#define QUERY_PAIRS 64
#define ACCEPT_LANGUAGE_BYTES 1024
#define WEIGHT_ABSENT (-1)

/** Does a language tag mean this primary language ("en", "EN-gb", not "eng")? */
static int is_language(const char *tag, apr_size_t length, const char *primary)
{
    apr_size_t n = strlen(primary);

    return length >= n && strncasecmp(tag, primary, n) == 0 && (length == n || tag[n] == '-');
}

/** Weight of a language range in thousandths: RFC 9110 section 12.4.2. @return WEIGHT_ABSENT where it is malformed */
static int weight_of(const char *text, apr_size_t length)
{
    int weight, unit = 100;
    apr_size_t at = 0;

    while (at < length && (text[at] == ' ' || text[at] == '\t')) {
        at++;
    }
    if (length - at < 3 || (text[at] != 'q' && text[at] != 'Q') || text[at + 1] != '='
        || (text[at + 2] != '0' && text[at + 2] != '1')) {
        return WEIGHT_ABSENT;
    }
    weight = (text[at + 2] - '0') * 1000;
    at += 3;
    if (at < length && text[at] == '.') {
        for (at++; at < length && unit > 0 && apr_isdigit(text[at]); at++, unit /= 10) {
            weight += (text[at] - '0') * unit;
        }
    }
    while (at < length && (text[at] == ' ' || text[at] == '\t')) {
        at++;
    }
    return at == length && weight <= 1000 ? weight : WEIGHT_ABSENT;
}

/** One element of Accept-Language, without the comma: keep the best weight of each of the two languages and of "*". */
static void read_range(const char *range, apr_size_t length, int *ja, int *en, int *any)
{
    const char *semicolon;
    apr_size_t tag;
    int weight = 1000;

    while (length > 0 && (*range == ' ' || *range == '\t')) {
        range++;
        length--;
    }
    semicolon = memchr(range, ';', length);
    tag = semicolon ? (apr_size_t)(semicolon - range) : length;
    if (semicolon) {
        weight = weight_of(semicolon + 1, length - tag - 1);
    }
    while (tag > 0 && (range[tag - 1] == ' ' || range[tag - 1] == '\t')) {
        tag--;
    }
    if (is_language(range, tag, "ja")) {
        *ja = weight > *ja ? weight : *ja;
    }
    else if (is_language(range, tag, "en")) {
        *en = weight > *en ? weight : *en;
    }
    else if (tag == 1 && *range == '*') {
        *any = weight > *any ? weight : *any;
    }
}

/** The value of "lang" in the query. @return 1 when it decides */
static int choose_by_query(apr_pool_t *pool, const char *query, mnv_language_e *language)
{
    mnv_params_t *params;
    const char *lang;

    if (!query || mnv_params_parse(pool, query, strlen(query), QUERY_PAIRS, &params) != APR_SUCCESS
        || mnv_params_one(params, "lang", &lang) != APR_SUCCESS || !lang) {
        return 0;
    }
    if (is_language(lang, strlen(lang), "ja")) {
        *language = MNV_LANGUAGE_JA;
        return 1;
    }
    if (is_language(lang, strlen(lang), "en")) {
        *language = MNV_LANGUAGE_EN;
        return 1;
    }
    return 0;
}

mnv_language_e mnv_language_choose(apr_pool_t *pool, const char *query, const char *accept_language)
{
    int ja = WEIGHT_ABSENT, en = WEIGHT_ABSENT, any = WEIGHT_ABSENT;
    mnv_language_e language;
    apr_size_t left;

    if (choose_by_query(pool, query, &language)) {
        return language;
    }
    left = accept_language ? strnlen(accept_language, ACCEPT_LANGUAGE_BYTES) : 0;
    while (left > 0) {
        const char *comma = memchr(accept_language, ',', left);
        apr_size_t length = comma ? (apr_size_t)(comma - accept_language) : left;

        read_range(accept_language, length, &ja, &en, &any);
        accept_language += length + (comma ? 1 : 0);
        left -= length + (comma ? 1 : 0);
    }
    if (ja == WEIGHT_ABSENT) {
        ja = any;
    }
    if (en == WEIGHT_ABSENT) {
        en = any;
    }
    return en > 0 && en > ja ? MNV_LANGUAGE_EN : MNV_LANGUAGE_JA;
}
