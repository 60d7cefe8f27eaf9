/* Kinds of directives whose values are words of a closed set: one list a kind. And one whose value is a URL as it stands. */
#include "httpd/directive_kinds.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *word;
    int value;
} word_t;

/* "" ends a list */
static const word_t flag_words[] = { { "on", 1 }, { "off", 0 }, { "", 0 } };
static const word_t schema_words[] = { { "auto", MNV_SCHEMA_AUTO }, { "check", MNV_SCHEMA_CHECK }, { "", 0 } };
static const word_t signin_words[] = { { "auto", MNV_SIGNIN_UNSET }, { "oidc", MNV_SIGNIN_OIDC }, { "saml", MNV_SIGNIN_SAML }, { "external", MNV_SIGNIN_EXTERNAL }, { "none", MNV_SIGNIN_NONE }, { "", 0 } };
static const word_t policy_words[] = { { "one-to-one", MNV_POLICY_ONE_TO_ONE }, { "many-accounts", MNV_POLICY_MANY_ACCOUNTS }, { "", 0 } };
static const word_t pass_words[] = { { "env", MNV_PASS_ENV }, { "headers", MNV_PASS_HEADERS }, { "both", MNV_PASS_BOTH }, { "", 0 } };
static const word_t encoding_words[] = { { "percent", MNV_ENCODING_PERCENT }, { "utf8", MNV_ENCODING_UTF8 }, { "base64url", MNV_ENCODING_BASE64URL }, { "", 0 } };
static const word_t unauthenticated_words[] = { { "redirect", MNV_UNAUTHENTICATED_REDIRECT }, { "401", MNV_UNAUTHENTICATED_401 }, { "403", MNV_UNAUTHENTICATED_403 },
                                                { "pass", MNV_UNAUTHENTICATED_PASS }, { "", 0 } };
static const word_t entry_words[] = { { "account", MNV_ENTRY_ACCOUNT }, { "card", MNV_ENTRY_CARD }, { "choose", MNV_ENTRY_CHOOSE }, { "", 0 } };
static const word_t bearer_words[] = { { "on", MNV_BEARER_ON }, { "required", MNV_BEARER_REQUIRED }, { "off", MNV_BEARER_OFF }, { "", 0 } };
static const word_t subject_words[] = { { "pairwise", MNV_SUBJECT_PAIRWISE }, { "shared", MNV_SUBJECT_SHARED }, { "", 0 } };

static const word_t *words_of(mod_mnv_kind_e kind)
{
    return kind == MNV_KIND_FLAG              ? flag_words
           : kind == MNV_KIND_SCHEMA          ? schema_words
           : kind == MNV_KIND_SIGNIN          ? signin_words
           : kind == MNV_KIND_POLICY          ? policy_words
           : kind == MNV_KIND_PASS            ? pass_words
           : kind == MNV_KIND_ENCODING        ? encoding_words
           : kind == MNV_KIND_UNAUTHENTICATED ? unauthenticated_words
           : kind == MNV_KIND_BEARER          ? bearer_words
           : kind == MNV_KIND_ENTRY           ? entry_words
                                              : subject_words;
}

const char *mod_mnv_word_set(const mod_mnv_setting_t *setting, void *field)
{
    const word_t *word = words_of(setting->row->kind);
    const char *list = "";

    for (; *word->word; word++) {
        if (!strcasecmp(setting->argv[0], word->word)) {
            *(int *)field = word->value; /* enums with these values have the size of int, see server_config.c */
            return NULL;
        }
        list = apr_pstrcat(setting->pool, list, *list ? (*word[1].word ? ", " : " or ") : "", word->word, NULL);
    }
    return mod_mnv_wrong(setting, setting->argv[0], apr_psprintf(setting->pool, "is no value of it: write %s", list));
}

void mod_mnv_word_print(const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const word_t *word = words_of(row->kind);

    while (*word->word && word->value != *(const int *)field) {
        word++;
    }
    mnv_json_set_string(object, "value", word->word);
}

const char *mod_mnv_endpoint_set(const mod_mnv_setting_t *setting, void *field)
{
    const char *problem = mod_mnv_provider_url_check(setting->pool, setting->argv[0]);

    if (!problem) {
        *(const char **)field = setting->argv[0];
    }
    return problem;
}
