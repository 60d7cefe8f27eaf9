/* MyNumberAssertion and the keys that sign for it. */
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "httpd/config_judge.h"
#include "httpd/config_tree.h"
#include "httpd/directive_kinds.h"
#include "lib/jose.h"

#include <apr_strings.h>

#define AUDIENCE_LIMIT_BYTES 255
/* Of the secret file's keys, the newest being 0: the one before it signs, which applications have known since it was the newest; then what will sign after the next roll-over, and
 * what signed before the last one. So no application meets a key that it could not have fetched. */
static const int made_of[] = { 1, 0, 2 };

/* The directive. ------------------------------------------------------------------ */

const char *mod_mnv_assertion_set(const mod_mnv_setting_t *setting, void *field)
{
    mod_mnv_assertion_t made = { 0, NULL, 0 };
    const char *word = setting->argv[0], *audience = setting->argc > 1 ? setting->argv[1] : NULL;

    made.is_on = !strcasecmp(word, "on");
    if (!made.is_on && strcasecmp(word, "off")) {
        return mod_mnv_wrong(setting, word, "is no value of it: write on or off");
    }
    if (audience && (!made.is_on || strncasecmp(audience, "aud=", 4) || !mnv_text_is_token(audience + 4, AUDIENCE_LIMIT_BYTES))) {
        return mod_mnv_wrong(setting, audience, "is no audience: write on aud=NAME, by which the application knows itself, in up to 255 printable ASCII characters without blanks");
    }
    if (audience) {
        made.audience = audience + 4;
        made.print = mod_mnv_print_of(made.audience);
    }
    *(mod_mnv_assertion_t *)field = made;
    return NULL;
}

void mod_mnv_assertion_print(apr_pool_t *pool, const mod_mnv_directive_t *row, const void *field, mnv_json_t *object)
{
    const mod_mnv_assertion_t *assertion = field;

    (void)row;
    mnv_json_set_string(object, "value", !assertion->is_on ? "off" : assertion->audience ? apr_pstrcat(pool, "on aud=", assertion->audience, NULL) : "on");
}

/* The keys. ------------------------------------------------------------------------ */

static int turns_on(void *baton, const ap_directive_t *line)
{
    return !strcasecmp(line->directive, "MyNumberAssertion") && !strcasecmp(mod_mnv_tree_argument(baton, line), "on");
}

static int is_used(const mod_mnv_judge_t *judge)
{
    return mod_mnv_tree_walk(mod_mnv_tree_of(judge->server), turns_on, judge->ptemp) || mod_mnv_tree_walk(mod_mnv_tree_of(judge->main_server), turns_on, judge->ptemp);
}

/* Every node that has the secret file has the same ones. */
static void make_keys(mod_mnv_judge_t *judge, apr_array_header_t **keys)
{
    unsigned char *secret = mnv_secret_make(judge->ptemp, MNV_KEY_BYTES);
    mnv_client_key_t key = { NULL, NULL, NULL };
    apr_size_t i;

    *keys = apr_array_make(judge->pconf, 3, sizeof(mnv_client_key_t));
    for (i = 0; i < sizeof(made_of) / sizeof(*made_of); i++) {
        if (mnv_keyring_assertion_secret(judge->config->keyring, made_of[i], secret) && mnv_private_key_of(judge->pconf, secret, &key.key) == APR_SUCCESS) {
            APR_ARRAY_PUSH(*keys, mnv_client_key_t) = key;
        }
    }
    if (!(*keys)->nelts) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_ASSERTION_KEY, MNVLOGNO(1390) "no key could be made of the secret file: make one with mynumberctl keygen assertion FILE and name it here");
    }
}

static int has_key(const apr_array_header_t *keys, const mnv_private_key_t *key)
{
    int i;

    for (i = 0; keys && i < keys->nelts; i++) {
        const mnv_client_key_t *other = &APR_ARRAY_IDX(keys, i, mnv_client_key_t);

        if (other->key && !strcmp(mnv_private_key_kid(other->key), mnv_private_key_kid(key))) {
            return 1;
        }
    }
    return 0;
}

static void judge_given(mod_mnv_judge_t *judge, const apr_array_header_t *keys)
{
    const mnv_options_t *options = &judge->config->options;
    int i;

    for (i = 0; i < keys->nelts; i++) {
        const mnv_client_key_t *key = &APR_ARRAY_IDX(keys, i, mnv_client_key_t);

        if (key->key && mnv_private_key_alg(key->key) != MNV_JWS_ES256) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_ASSERTION_KEY, MNVLOGNO(1391) "\"%s\" holds no P-256 key, and assertions are signed by ES256: make one with mynumberctl keygen assertion FILE",
                             key->file);
        }
        if (key->key && (has_key(options->card.client_keys, key->key) || has_key(options->account.client_keys, key->key))) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_ASSERTION_KEY, MNVLOGNO(1392) "\"%s\" signs for a provider too, so that one signature could be taken for the other: make a key of its own with "
                             "mynumberctl keygen assertion FILE", key->file);
        }
    }
}

void mod_mnv_judge_assertion(mod_mnv_judge_t *judge)
{
    apr_array_header_t **keys = &judge->config->options.site.assertion_keys;

    *keys = judge->config->assertion_keys;
    if (*keys) {
        mod_mnv_judge_keys(judge, MNV_DIRECTIVE_ASSERTION_KEY, "keygen assertion FILE", keys);
        judge_given(judge, *keys);
    }
    else if (judge->config->keyring && is_used(judge)) {
        make_keys(judge, keys);
    }
}
