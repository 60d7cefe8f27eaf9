#include "httpd/config_judge.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "lib/jose.h"
#include "lib/json.h"
#include "proto/op_metadata.h"
#include "httpd/directive_kinds.h"
#include "httpd/process.h"

#include <unistd.h>
#include <apr_strings.h>
#include <unixd.h>

#define MNV_FILE_LIMIT_BYTES 262144 /* metadata, keys, secrets: the largest real ones have a few KB */
#define MNV_CA_FILE_LIMIT_BYTES 4194304

char *mod_mnv_judge_file(mod_mnv_judge_t *judge, apr_pool_t *pool, mod_mnv_directive_e directive, const char *name, apr_size_t limit, apr_size_t *length)
{
    char *text, reason[120];
    apr_status_t status = mnv_file_read(pool, name, limit, &text, length);

    if (status == APR_SUCCESS) {
        return text;
    }
    if (APR_STATUS_IS_ENOENT(status)) {
        mod_mnv_complain(judge, directive, MNVLOGNO(1301) "there is no file \"%s\": correct the name or make the file", name);
    }
    else {
        mod_mnv_complain(judge, directive, MNVLOGNO(1302) "could not read \"%s\": %s: name a regular file of at most %" APR_SIZE_T_FMT " bytes that httpd can read", name,
                         apr_strerror(status, reason, sizeof(reason)), limit);
    }
    return NULL;
}

char *mod_mnv_judge_private_file(mod_mnv_judge_t *judge, apr_pool_t *pool, mod_mnv_directive_e directive, const char *name, apr_size_t *length)
{
    const char *problem = NULL;
    char *text, *kept;

    if (mnv_file_is_private(pool, name, &problem) == APR_EACCES) {
        mod_mnv_complain(judge, directive, MNVLOGNO(1303) "%s, and replace what it holds if somebody may have read it", problem ? problem : "others can read it: chmod 600 it");
        return NULL;
    }
    text = mod_mnv_judge_file(judge, pool, directive, name, MNV_FILE_LIMIT_BYTES, length);
    if (!text) {
        return NULL;
    }
    kept = (char *)mnv_secret_make(pool, *length + 1);
    memcpy(kept, text, *length + 1);
    mnv_secret_wipe(text, *length);
    return kept;
}

void mod_mnv_judge_secret(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    const char *problem = NULL;
    mnv_keyring_t *keyring = NULL;
    apr_size_t length;
    char *text;

    text = mod_mnv_judge_private_file(judge, judge->ptemp, MNV_DIRECTIVE_SECRET_FILE, config->secret_file, &length);
    if (!text) {
        return;
    }
    if (strlen(text) != length || mnv_keyring_parse(judge->pconf, text, &keyring, &problem) != APR_SUCCESS) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SECRET_FILE, MNVLOGNO(1304) "\"%s\" is no secret file: %s: make one with mynumberctl keygen secret FILE", config->secret_file,
                         problem ? problem : "it holds a NUL byte");
        return;
    }
    config->keyring = keyring;
}

/* Folders. ---------------------------------------------------------------------------- */

int mod_mnv_user_may(const apr_finfo_t *file, int what)
{
    const uid_t user = geteuid() ? geteuid() : ap_unixd_config.user_id;
    const int bits = (int)file->protection; /* APR's bits are 0x400 0x200 0x100 for the owner, 0x40… for the group, 0x4… for others */

    if (user == 0) {
        return 1;
    }
    if (file->user == user) {
        return ((bits >> 8) & what) == what;
    }
    /* any group counts: the user may have further ones */
    return ((bits >> 4) & what) == what || (bits & what) == what;
}

void mod_mnv_judge_state_dir(mod_mnv_judge_t *judge)
{
    mnv_site_options_t *site = &judge->config->options.site;
    apr_finfo_t folder;
    apr_status_t status;

    if (!site->state_dir) {
        site->state_dir = ap_runtime_dir_relative(judge->pconf, "mynumber");
        return;
    }
    status = apr_stat(&folder, site->state_dir, APR_FINFO_TYPE | APR_FINFO_PROT | APR_FINFO_OWNER, judge->ptemp);
    if ((status != APR_SUCCESS && status != APR_INCOMPLETE) || folder.filetype != APR_DIR) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_STATE_DIR, MNVLOGNO(1305) "there is no folder \"%s\": make it, owned by the user httpd runs as", site->state_dir);
    }
    else if (!mod_mnv_user_may(&folder, 3)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_STATE_DIR, MNVLOGNO(1306) "the user httpd runs as cannot write to \"%s\": make that user its owner", site->state_dir);
    }
}

/* Providers. ------------------------------------------------------------------------------ */

/** The issuer's name, from the directive or from the metadata file it names. */
static int judge_issuer(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows, mnv_provider_options_t *options, const char *written)
{
    const char *problem;
    mnv_json_t *document;
    apr_size_t length;

    if (mod_mnv_provider_is_issuer(written)) {
        options->issuer = written;
        return 1;
    }
    options->metadata_file = written;
    options->metadata_text = mod_mnv_judge_file(judge, judge->pconf, rows->provider, written, MNV_FILE_LIMIT_BYTES, &length);
    if (!options->metadata_text) {
        return 0;
    }
    if (mnv_json_parse(judge->pconf, options->metadata_text, length, &document) != APR_SUCCESS) {
        mod_mnv_complain(judge, rows->provider, MNVLOGNO(1307) "\"%s\" is no JSON object: save the provider's discovery document there, or write the issuer's URL instead", written);
        return 0;
    }
    options->issuer = mnv_json_string(document, "issuer");
    problem = options->issuer ? mod_mnv_provider_url_check(judge->ptemp, options->issuer) : "it has no member \"issuer\"";
    if (problem) {
        options->issuer = NULL;
        mod_mnv_complain(judge, rows->provider, MNVLOGNO(1308) "metadata in \"%s\" cannot be used: %s: save the provider's discovery document there as it is", written, problem);
        return 0;
    }
    return 1;
}

/** Where no discovery is needed, the metadata are complete now or never. */
static void judge_metadata(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows, const mnv_provider_options_t *options)
{
    mnv_op_metadata_t *metadata;
    mnv_ctx_t *ctx = mod_mnv_ctx_server(judge->ptemp, judge->server);
    const char *text = options->metadata_text;

    if ((text || mnv_op_is_by_hand(options)) &&
        mnv_op_metadata_parse(ctx, judge->ptemp, options, text, text ? strlen(text) : 0, &metadata) != APR_SUCCESS) {
        mod_mnv_complain(judge, rows->provider, MNVLOGNO(1309) "the provider's metadata cannot be used: %s: correct them, or give the endpoint by %s",
                         ctx->failure.detail ? ctx->failure.detail : "see the line before", mod_mnv_directive_rows()[rows->endpoint].name);
    }
}

void mod_mnv_judge_keys(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *make, apr_array_header_t **keys)
{
    int i, j;

    *keys = apr_array_copy(judge->pconf, *keys); /* hosts that inherit it read it for themselves */
    for (i = 0; i < (*keys)->nelts; i++) {
        mnv_client_key_t *key = &APR_ARRAY_IDX(*keys, i, mnv_client_key_t);
        const char *problem = NULL;
        apr_size_t length;
        char *pem = mod_mnv_judge_private_file(judge, judge->ptemp, directive, key->file, &length);

        if (!pem) {
            continue;
        }
        if (mnv_private_key_parse(judge->pconf, pem, length, key->kid, &key->key, &problem) != APR_SUCCESS) {
            mod_mnv_complain(judge, directive, MNVLOGNO(1310) "\"%s\" holds no key that can sign: %s: make one with mynumberctl %s", key->file,
                             problem ? problem : "it cannot be read", make);
            continue;
        }
        for (j = 0; j < i; j++) {
            const mnv_client_key_t *other = &APR_ARRAY_IDX(*keys, j, mnv_client_key_t);

            if (other->key && !strcmp(mnv_private_key_kid(other->key), mnv_private_key_kid(key->key))) {
                mod_mnv_complain(judge, directive, MNVLOGNO(1311) "\"%s\" and \"%s\" have the same key identifier \"%s\": give each its own", other->file, key->file,
                                 mnv_private_key_kid(key->key));
            }
        }
    }
}

const char *mod_mnv_judge_secret_file(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *name)
{
    apr_size_t length;
    char *text = mod_mnv_judge_private_file(judge, judge->pconf, directive, name, &length);

    if (!text) {
        return NULL;
    }
    /* RFC 6749 appendix A.2: printable ASCII, blanks included */
    length = strspn(text, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");
    if (!length || length > 1024 || strspn(text + length, "\r\n") != strlen(text + length)) {
        mod_mnv_complain(judge, directive, MNVLOGNO(1312) "\"%s\" is not one line of 1 to 1024 printable ASCII characters: write the client secret and nothing else into it", name);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

void mod_mnv_judge_ca_file(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const char *name)
{
    apr_finfo_t file;
    apr_size_t length;
    char *text;

    if (!name) {
        return;
    }
    text = mod_mnv_judge_file(judge, judge->ptemp, directive, name, MNV_CA_FILE_LIMIT_BYTES, &length);
    if (text && !strstr(text, "-----BEGIN CERTIFICATE-----")) {
        mod_mnv_complain(judge, directive, MNVLOGNO(1313) "\"%s\" holds no certificate in PEM form: name a file that does", name);
    }
    else if (text && (apr_stat(&file, name, APR_FINFO_PROT | APR_FINFO_OWNER, judge->ptemp) != APR_SUCCESS || !mod_mnv_user_may(&file, 4))) {
        /* read when a call is made, by the server's user */
        mod_mnv_complain(judge, directive, MNVLOGNO(1314) "the user httpd runs as cannot read \"%s\": certificates are public, run chmod 644 on it", name);
    }
}

void mod_mnv_judge_provider(mod_mnv_judge_t *judge, const mod_mnv_half_rows_t *rows, mnv_provider_options_t *options, const char *written)
{
    const mod_mnv_directive_t *names = mod_mnv_directive_rows();
    const int has_secret = rows->client_secret != rows->client_key;

    if (judge_issuer(judge, rows, options, written)) {
        judge_metadata(judge, rows, options);
    }
    if (!options->client_id) {
        mod_mnv_complain(judge, rows->client_id, MNVLOGNO(1315) "missing: write the client identifier the provider gave to this site");
    }
    if (!options->client_keys && !options->client_secret_file) {
        mod_mnv_complain(judge, rows->client_key, MNVLOGNO(1316) "missing: make a key with mynumberctl keygen client FILE, name it here, and register its public half (mynumberctl jwks FILE) %s%s%s",
                         rows->keygen_for, has_secret ? "; or name the file of the client secret by " : "", has_secret ? names[rows->client_secret].name : "");
    }
    if (options->client_keys && options->client_secret_file) {
        mod_mnv_complain(judge, rows->client_secret, MNVLOGNO(1317) "given beside %s: remove one of the two, as the client is registered for one of them", names[rows->client_key].name);
    }
    if (options->client_keys) {
        mod_mnv_judge_keys(judge, rows->client_key, "keygen client --alg RS256 FILE", &options->client_keys);
    }
    if (options->client_secret_file) {
        options->client_secret = mod_mnv_judge_secret_file(judge, rows->client_secret, options->client_secret_file);
    }
    mod_mnv_judge_ca_file(judge, rows->ca_file, options->ca_file);
}
