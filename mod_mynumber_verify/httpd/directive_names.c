/* Names that people read, one for each language: MyNumberSAMLName ja|en NAME. */
#include "httpd/directive_kinds.h"

#include <apr_lib.h>
#include <string.h>
#include "base/text.h"

#define NAME_LIMIT_BYTES 255

static int is_name(const char *text)
{
    const apr_size_t length = strlen(text);
    apr_size_t i;

    for (i = 0; i < length && !apr_iscntrl(text[i]); i++) {
    }
    return length > 0 && i == length && length <= NAME_LIMIT_BYTES && mnv_text_is_utf8(text, length);
}

const char *mod_mnv_names_set(const mod_mnv_setting_t *setting, void *field)
{
    mnv_names_t *names = field;
    const char *language = setting->argv[0], *name = setting->argv[1], **place;

    place = !strcmp(language, "ja") ? &names->ja : !strcmp(language, "en") ? &names->en : NULL;
    if (!place) {
        return mod_mnv_wrong(setting, language, "is no language here: write ja or en and the name");
    }
    if (*place) {
        return mod_mnv_wrong(setting, language, "is given twice: remove one of the two");
    }
    if (!is_name(name)) {
        return mod_mnv_wrong(setting, language, "is followed by no name: write one line of up to 255 bytes in UTF-8");
    }
    *place = name;
    return NULL;
}

void mod_mnv_names_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const mnv_names_t *names = field;
    mnv_json_t *value = mnv_json_object(pool);

    (void)row;
    mnv_json_set_string(value, "ja", names->ja);
    mnv_json_set_string(value, "en", names->en);
    mnv_json_set(object, "value", value);
}
