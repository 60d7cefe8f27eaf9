#include "ctl/ctl.h"

#include <apr_strings.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "lib/jose.h"

#define PEM_LIMIT_BYTES 65536

/* The same key may be given twice, as private key and as certificate; a JWKS names it once. */
static int has_kid(const mnv_json_t *keys, const char *kid)
{
    apr_size_t i;

    for (i = 0; i < mnv_json_size(keys); i++) {
        if (!strcmp(mnv_json_string(mnv_json_at(keys, i), "kid"), kid)) {
            return 1;
        }
    }
    return 0;
}

static int add(const ctl_t *ctl, const char *name, mnv_json_t *keys)
{
    const char *problem;
    mnv_json_t *jwk;
    apr_size_t length;
    char *pem;
    apr_status_t status = mnv_file_read(ctl->pool, name, PEM_LIMIT_BYTES, &pem, &length);

    if (status != APR_SUCCESS) {
        return ctl_fail(ctl, "could not read \"%s\": %s", name, ctl_status(ctl, status));
    }
    if (mnv_public_jwk_parse(ctl->pool, pem, length, NULL, &jwk, &problem) != APR_SUCCESS) {
        return ctl_fail(ctl, "could not use \"%s\": %s", name, problem);
    }
    if (has_kid(keys, mnv_json_string(jwk, "kid"))) {
        fprintf(stderr, "mynumberctl: \"%s\" holds a key that is there already; it is listed once\n", name);
        return CTL_DONE;
    }
    mnv_json_add(keys, jwk);
    return CTL_DONE;
}

int ctl_jwks(ctl_t *ctl)
{
    mnv_json_t *set = mnv_json_object(ctl->pool), *keys = mnv_json_array(ctl->pool);
    const char *text;
    int i;

    if (ctl_operands(ctl, 1, INT_MAX) != CTL_DONE) {
        return CTL_USAGE;
    }
    for (i = 0; i < ctl->words; i++) {
        if (add(ctl, ctl->word[i], keys) != CTL_DONE) {
            return CTL_FAILED;
        }
    }
    mnv_json_set(set, "keys", keys);
    text = mnv_json_print_pretty(ctl->pool, set);
    ctl_say(ctl, set, apr_pstrmemdup(ctl->pool, text, strlen(text) - 1)); /* ends in a line break, and so does what is said */
    return CTL_DONE;
}
