#include "ctl/ctl.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/civil.h"
#include "base/file.h"
#include "lib/jose.h"
#include "model/keyring.h"

#define SECRET_FILE_LIMIT_BYTES 65536
#define RSA_BITS 3072
#define KIDS_A_DAY 99

/* keygen secret ------------------------------------------------------------------ */

/* Does the text have a line "seal KID …"? The text was judged before: fields are apart by blanks. */
static int has_kid(const char *text, const char *kid)
{
    const char *line;
    apr_size_t length = strlen(kid);

    for (line = text; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
        const char *at = line + strspn(line, " \t");

        if (!strncmp(at, "seal", 4) && (at[4] == ' ' || at[4] == '\t')) {
            at += 4 + strspn(at + 4, " \t");
            if (!strncmp(at, kid, length) && (at[length] == ' ' || at[length] == '\t')) {
                return 1;
            }
        }
    }
    return 0;
}

/* The day, "20261124", and from its second key on "20261124-2". @return NULL when a day is used up */
static const char *choose_kid(const ctl_t *ctl, const char *text)
{
    const char *now = mnv_civil_rfc3339(ctl->pool, mnv_now(ctl->ctx));
    const char *day = apr_psprintf(ctl->pool, "%.4s%.2s%.2s", now, now + 5, now + 8), *kid = day;
    int i;

    for (i = 2; text && has_kid(text, kid); i++) {
        if (i > KIDS_A_DAY) {
            return NULL;
        }
        kid = apr_psprintf(ctl->pool, "%s-%d", day, i);
    }
    return kid;
}

/* What stands in the file, and its real name: a link must not be replaced by a file. @param text NULL when there is no file yet */
static int read_secret(const ctl_t *ctl, const char **name, char **text)
{
    char real[PATH_MAX];
    const char *problem;
    apr_size_t length;
    apr_status_t status;

    *text = NULL;
    if (!realpath(*name, real)) {
        struct stat info;

        if (errno != ENOENT || lstat(*name, &info) == 0) {
            return ctl_fail(ctl, "could not look at \"%s\": %s", *name, ctl_status(ctl, errno));
        }
        return CTL_DONE;
    }
    *name = apr_pstrdup(ctl->pool, real);
    status = mnv_file_is_private(ctl->pool, *name, &problem);
    if (status != APR_SUCCESS) {
        return ctl_fail(ctl, "%s", status == APR_EACCES ? problem : ctl_status(ctl, status));
    }
    status = mnv_file_read(ctl->pool, *name, SECRET_FILE_LIMIT_BYTES, text, &length);
    if (status == APR_SUCCESS && strlen(*text) != length) {
        status = APR_EINVAL;
    }
    return status == APR_SUCCESS ? CTL_DONE : ctl_fail(ctl, "could not read \"%s\": %s", *name, ctl_status(ctl, status));
}

/* The file may belong to the server's user although root renews it. By descriptor: the name could lead elsewhere by now. */
static void keep_owner(const char *name, const struct stat *before)
{
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0) {
        if (fchown(fd, before->st_uid, before->st_gid) == 0) {
            (void)fchmod(fd, before->st_mode & 0740);
        }
        close(fd);
    }
}

static int secret(ctl_t *ctl)
{
    const char *name = ctl->word[0], *kid, *result;
    mnv_json_t *object = mnv_json_object(ctl->pool);
    struct stat before;
    char *text;
    apr_status_t status;

    if (read_secret(ctl, &name, &text) != CTL_DONE) {
        return CTL_FAILED;
    }
    if (text && stat(name, &before) != 0) {
        return ctl_fail(ctl, "could not look at \"%s\": %s", name, ctl_status(ctl, errno));
    }
    kid = choose_kid(ctl, text);
    if (!kid) {
        return ctl_fail(ctl, "\"%s\" has %d sealing keys of today", name, KIDS_A_DAY);
    }
    if (mnv_keyring_generate(ctl->ctx, text, kid, &result) != APR_SUCCESS) {
        return ctl_fail(ctl, "could not make a key for \"%s\": %s", name, ctl_failure(ctl));
    }
    status = mnv_file_write(ctl->pool, name, result, strlen(result), 1, text != NULL);
    if (status != APR_SUCCESS) {
        return ctl_fail(ctl, "could not write \"%s\": %s", name, ctl_status(ctl, status));
    }
    if (text) {
        keep_owner(name, &before);
    }
    mnv_json_set_string(object, "file", name);
    mnv_json_set_string(object, "kid", kid);
    mnv_json_set_bool(object, "made", text == NULL);
    ctl_say(ctl, object,
            text ? apr_psprintf(ctl->pool, "added sealing key %s to \"%s\"; it seals from the next restart on, older keys still open", kid, name)
                 : apr_psprintf(ctl->pool, "made \"%s\" with sealing key %s; keep a copy in a safe place: without its lookup key all links are lost", name, kid));
    return CTL_DONE;
}

/* keygen client, keygen assertion ---------------------------------------------------------------------- */

static int find_alg(const char *name, mnv_jws_alg_e *alg)
{
    static const mnv_jws_alg_e known[] = {MNV_JWS_RS256, MNV_JWS_ES256};
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(name, mnv_jws_alg_name(known[i]))) {
            *alg = known[i];
            return 1;
        }
    }
    return 0;
}

/* @param next what to do with the file, as one would write it in front of its name */
static int private_key(ctl_t *ctl, mnv_jws_alg_e alg, const char *next)
{
    const char *name = ctl->word[0], *pem;
    mnv_private_key_t *key;
    mnv_json_t *object = mnv_json_object(ctl->pool);
    apr_status_t status;

    if (mnv_private_key_generate(ctl->pool, alg, RSA_BITS, &key) != APR_SUCCESS || !(pem = mnv_private_key_pem(ctl->pool, key))) {
        return ctl_fail(ctl, "could not make a key");
    }
    status = mnv_file_write(ctl->pool, name, pem, strlen(pem), 1, 0);
    if (APR_STATUS_IS_EEXIST(status)) {
        return ctl_fail(ctl, "\"%s\" exists and is left as it is; name another file", name);
    }
    if (status != APR_SUCCESS) {
        return ctl_fail(ctl, "could not write \"%s\": %s", name, ctl_status(ctl, status));
    }
    mnv_json_set_string(object, "file", name);
    mnv_json_set_string(object, "alg", mnv_jws_alg_name(alg));
    mnv_json_set_string(object, "kid", mnv_private_key_kid(key));
    ctl_say(ctl, object, apr_psprintf(ctl->pool, "made \"%s\": private key for %s, key identifier %s; next: %s \"%s\"", name, mnv_jws_alg_name(alg), mnv_private_key_kid(key), next, name));
    return CTL_DONE;
}

int ctl_keygen(ctl_t *ctl)
{
    const char *kind = ctl->words ? ctl->word[0] : "", *alg_name = NULL;
    int is_client = !strcmp(kind, "client"), is_assertion = !strcmp(kind, "assertion");
    mnv_jws_alg_e alg = MNV_JWS_ES256;

    if (!is_client && !is_assertion && strcmp(kind, "secret")) {
        return ctl_misuse(ctl, "say what to make: secret, client or assertion");
    }
    ctl->word++;
    ctl->words--;
    if (is_client && ctl_option(ctl, "--alg", &alg_name) != CTL_DONE) {
        return CTL_USAGE;
    }
    if (ctl_operands(ctl, 1, 1) != CTL_DONE) {
        return CTL_USAGE;
    }
    if (is_assertion) {
        return private_key(ctl, MNV_JWS_ES256, "MyNumberAssertionKey");
    }
    if (!is_client) {
        return secret(ctl);
    }
    if (!alg_name || !find_alg(alg_name, &alg)) {
        return ctl_misuse(ctl, "say --alg RS256 or --alg ES256, as the provider asks for");
    }
    return private_key(ctl, alg, "mynumberctl jwks");
}
