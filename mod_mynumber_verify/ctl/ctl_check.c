#include "ctl/ctl.h"

#include <apr_date.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "ctl/ctl_host.h"
#include "ctl/ctl_saml.h"
#include "flow/provider.h"
#include "lib/http.h"
#include "lib/jose.h"
#include "lib/xml.h"
#include "model/keyring.h"
#include "store/store.h"

#define FILE_LIMIT_BYTES 262144
#define CA_FILE_LIMIT_BYTES 4194304
#define JWKS_LIMIT_BYTES 262144
#define CLOCK_DOUBTFUL apr_time_from_sec(10)

typedef enum { OK, WARN, FAIL } level_e;

/* One run: what was found so far. */
typedef struct check_t {
    const ctl_t *ctl;
    const ctl_host_t *host;
    mnv_json_t *results; /* for --json */
    apr_table_t *seen;   /* what several hosts share is tried once */
    int count[FAIL + 1];
} check_t;

static void find(check_t *check, level_e level, const char *mend, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* @param mend what to do, NULL: nothing */
static void find(check_t *check, level_e level, const char *mend, const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warn", "FAIL"}, *const json_names[] = {"ok", "warn", "fail"};
    mnv_json_t *one = mnv_json_object(check->ctl->pool);
    const char *what;
    va_list arguments;

    va_start(arguments, fmt);
    what = apr_pvsprintf(check->ctl->pool, fmt, arguments);
    va_end(arguments);
    check->count[level]++;
    mnv_json_set_string(one, "level", json_names[level]);
    mnv_json_set_string(one, "host", check->host->name);
    mnv_json_set_string(one, "what", what);
    mnv_json_set_string(one, "mend", mend);
    mnv_json_add(check->results, one);
    if (!check->ctl->json) {
        printf("%-4s %s: %s%s%s\n", names[level], check->host->name, what, mend ? ": " : "", mend ? mend : "");
    }
}

/* @return 1 the first time */
static int first_time(check_t *check, const char *kind, const char *name)
{
    const char *key = apr_pstrcat(check->ctl->pool, kind, " ", name, NULL);

    if (apr_table_get(check->seen, key)) {
        return 0;
    }
    apr_table_setn(check->seen, key, "1");
    return 1;
}

/* Files. ------------------------------------------------------------------------- */

static char *read_file(check_t *check, const char *what, const char *name, apr_size_t limit_bytes, apr_size_t *length)
{
    char *text;
    apr_status_t status = mnv_file_read(check->ctl->pool, name, limit_bytes, &text, length);

    if (status == APR_SUCCESS) {
        return text;
    }
    find(check, FAIL, APR_STATUS_IS_EACCES(status) ? "run mynumberctl as the user who starts httpd, or correct its owner" : "correct the name, or put the file there",
         "could not read %s \"%s\": %s", what, name, ctl_status(check->ctl, status));
    return NULL;
}

static char *read_private(check_t *check, const char *what, const char *name, apr_size_t *length)
{
    const char *problem = NULL;

    if (mnv_file_is_private(check->ctl->pool, name, &problem) == APR_EACCES && problem) {
        find(check, FAIL, "then replace what it holds if somebody may have read it", "%s %s", what, problem);
        return NULL;
    }
    return read_file(check, what, name, FILE_LIMIT_BYTES, length);
}

/* @return NULL when it cannot be used (found) */
static mnv_keyring_t *check_secret_file(check_t *check)
{
    const char *name = check->host->secret_file, *problem = "it holds a NUL byte";
    mnv_keyring_t *keyring;
    apr_size_t length;
    char *text = read_private(check, "secret file", name, &length);

    if (!text) {
        return NULL;
    }
    if (strlen(text) != length || mnv_keyring_parse(check->ctl->pool, text, &keyring, &problem) != APR_SUCCESS) {
        find(check, FAIL, "mynumberctl keygen secret FILE makes one; an older copy has the lookup key that the links need", "secret file \"%s\" cannot be used: %s", name, problem);
        return NULL;
    }
    if (first_time(check, "secret", name)) {
        find(check, OK, NULL, "secret file \"%s\" is private and readable, key %s seals", name, mnv_keyring_sealing_kid(keyring));
    }
    return keyring;
}

/* @param what "client key", "assertion key" */
static void check_key(check_t *check, const char *what, const mnv_client_key_t *key, apr_table_t *kids)
{
    int is_first = apr_is_empty_table(kids);
    const char *problem, *kid, *other;
    mnv_private_key_t *parsed;
    apr_size_t length;
    char *pem = read_private(check, what, key->file, &length);

    if (!pem) {
        return;
    }
    if (mnv_private_key_parse(check->ctl->pool, pem, length, key->kid, &parsed, &problem) != APR_SUCCESS) {
        find(check, FAIL, "mynumberctl keygen makes a key", "%s \"%s\" cannot be used: %s", what, key->file, problem);
        return;
    }
    kid = mnv_private_key_kid(parsed);
    other = apr_table_get(kids, kid);
    if (other) {
        find(check, FAIL, "give each key its own identifier, and each file its own key", "%ss \"%s\" and \"%s\" have the same identifier %s", what, other, key->file, kid);
        return;
    }
    apr_table_setn(kids, kid, key->file);
    find(check, OK, NULL, "%s \"%s\" is private and its halves fit: %s, %s, identifier %s", what, key->file, mnv_jws_alg_name(mnv_private_key_alg(parsed)),
         is_first ? "signs" : "is published", kid);
}

static void check_keys(check_t *check, const char *what, const apr_array_header_t *keys)
{
    apr_table_t *kids = apr_table_make(check->ctl->pool, 2);
    int i;

    for (i = 0; i < keys->nelts; i++) {
        check_key(check, what, &APR_ARRAY_IDX(keys, i, mnv_client_key_t), kids);
    }
}

static void check_client_secret(check_t *check, const char *name)
{
    apr_size_t length;
    char *text = name ? read_private(check, "client secret file", name, &length) : NULL;

    if (text) {
        int is_there = strcspn(text, "\r\n") > 0;

        find(check, is_there ? OK : FAIL, is_there ? NULL : "write the client secret on its first line", "client secret file \"%s\" is private and %s", name,
             is_there ? "readable" : "empty");
    }
}

/* SAML. ---------------------------------------------------------------------------- */

/* @return the files that could be read (ctl_file_t), NULL when one could not (found) */
static apr_array_header_t *saml_files(check_t *check, const char *what, const apr_array_header_t *names, int is_private)
{
    apr_array_header_t *files = apr_array_make(check->ctl->pool, 2, sizeof(ctl_file_t));
    int i, is_whole = 1;

    for (i = 0; i < names->nelts; i++) {
        ctl_file_t file = {APR_ARRAY_IDX(names, i, const char *), NULL, 0};

        file.text = is_private ? read_private(check, what, file.name, &file.length) : read_file(check, what, file.name, FILE_LIMIT_BYTES, &file.length);
        if (file.text) {
            APR_ARRAY_PUSH(files, ctl_file_t) = file;
        }
        is_whole &= file.text != NULL;
    }
    return is_whole ? files : NULL;
}

static void found_in_saml(void *baton, ctl_level_e level, const char *mend, const char *what)
{
    find(baton, level == CTL_OK ? OK : level == CTL_WARN ? WARN : FAIL, mend, "%s", what);
}

/* @param keyring NULL: it cannot be used (told already) */
static void check_saml(check_t *check, const mnv_keyring_t *keyring)
{
    const ctl_host_t *host = check->host;
    ctl_saml_t saml = {0};
    ctl_file_t metadata = {host->saml_metadata, NULL, 0};

    if (!host->saml) {
        return;
    }
    saml.keys = saml_files(check, "SAML key", host->saml_keys, 1);
    saml.certificates = saml_files(check, "SAML certificate", host->saml_certificates, 0);
    saml.metadata_certificates = saml_files(check, "certificate of the metadata's signer", host->saml_metadata_certificates, 0);
    metadata.text = metadata.name ? read_file(check, "metadata", metadata.name, MNV_XML_METADATA_LIMIT_BYTES, &metadata.length) : NULL;
    saml.metadata = metadata.text ? &metadata : NULL;
    saml.url = keyring && host->state_dir ? host->saml_metadata_url : NULL;
    saml.state_dir = host->state_dir;
    saml.keyring = keyring;
    saml.provider = host->saml_provider;
    if (saml.keys && saml.certificates && saml.metadata_certificates) {
        ctl_saml(check->ctl, &saml, found_in_saml, check);
    }
}

static void check_state_dir(check_t *check)
{
    const char *name = check->host->state_dir;
    apr_finfo_t info;
    apr_status_t status;

    if (!name || !first_time(check, "folder", name)) {
        return;
    }
    status = apr_stat(&info, name, APR_FINFO_TYPE | APR_FINFO_PROT, check->ctl->pool);
    if (APR_STATUS_IS_ENOENT(status)) {
        find(check, WARN, "httpd makes it when it starts; if it runs already, look at its error log", "state folder \"%s\" is not there yet", name);
    }
    else if (status != APR_SUCCESS && status != APR_INCOMPLETE) {
        find(check, FAIL, "make it, owned by the user httpd runs as", "could not look at state folder \"%s\": %s", name, ctl_status(check->ctl, status));
    }
    else if (info.filetype != APR_DIR) {
        find(check, FAIL, "name a folder", "state folder \"%s\" is no folder", name);
    }
    else if (info.protection & (APR_FPROT_WWRITE | APR_FPROT_GWRITE)) {
        find(check, FAIL, "chmod go-w it: what it holds says which keys of the provider are believed", "state folder \"%s\" can be changed by others", name);
    }
    else {
        find(check, OK, NULL, "state folder \"%s\" is there and only its owner can change it", name);
    }
}

/* Providers. ----------------------------------------------------------------------- */

static const char *mend_of(mnv_failure_e what)
{
    switch (what) {
    case MNV_FAIL_PROVIDER_UNREACHABLE:
        return "check name resolution, routes and firewall of this machine";
    case MNV_FAIL_PROVIDER_TIMEOUT:
        return "check the way to it; MyNumberTimeout sets the limit";
    case MNV_FAIL_PROVIDER_TLS:
        return "check this machine's clock and CA certificates, or name the CA by MyNumberProviderCAFile, MyNumberSignInProviderCAFile or MyNumberBearerCAFile";
    case MNV_FAIL_METADATA:
        return "compare the issuer letter by letter with the provider's documents, or give the endpoints by hand";
    case MNV_FAIL_JWKS:
        return "check the jwks endpoint; only RS256 and ES256 keys can be used";
    default:
        return "ask the provider, or try again later";
    }
}

/* The provider judges our assertions by its clock, and we its tokens by ours. */
static void check_clock(check_t *check, const char *issuer, const char *date)
{
    apr_time_t theirs = date ? apr_date_parse_http(date) : APR_DATE_BAD, ours = mnv_now(check->ctl->ctx);
    apr_interval_time_t apart = theirs > ours ? theirs - ours : ours - theirs;

    if (theirs == APR_DATE_BAD) {
        find(check, WARN, "compare this machine's clock by other means", "provider %s sends no usable Date: clocks were not compared", issuer);
    }
    else if (apart > CLOCK_DOUBTFUL) {
        find(check, apart > check->host->call.clock_skew ? FAIL : WARN, "set this machine's clock by NTP", "clock is %" APR_INT64_T_FMT " s %s that of provider %s",
             (apr_int64_t)apr_time_sec(apart), theirs > ours ? "behind" : "ahead of", issuer);
    }
    else {
        find(check, OK, NULL, "clock agrees with that of provider %s", issuer);
    }
}

/* Once more by itself, for its Date header. */
static void check_jwks(check_t *check, mnv_http_t *http, const mnv_provider_options_t *options, const char *jwks_uri)
{
    mnv_ctx_t *ctx = check->ctl->ctx;
    mnv_http_request_t request = {0};
    mnv_http_response_t *response;
    mnv_jwks_t *jwks;

    request.url = jwks_uri;
    request.accept = "application/json";
    request.ca_file = options->ca_file;
    request.limit_bytes = JWKS_LIMIT_BYTES;
    if (http->send(http->baton, ctx, &request, &response) != APR_SUCCESS || mnv_jwks_parse(ctx, ctx->pool, response->body, response->length, &jwks) != APR_SUCCESS) {
        find(check, FAIL, mend_of(ctx->failure.what), "keys of provider %s cannot be used: %s", options->issuer, ctl_failure(check->ctl));
        return;
    }
    find(check, OK, NULL, "provider %s can be reached, metadata and %d keys can be used", options->issuer, (int)mnv_jwks_count(jwks));
    check_clock(check, options->issuer, response->date);
}

static void check_reach(check_t *check, mnv_http_t *http, mnv_provider_options_t *options)
{
    mnv_ctx_t *ctx = check->ctl->ctx;
    const mnv_op_metadata_t *metadata;
    mnv_provider_t *provider;
    apr_size_t length;

    if (options->metadata_file) {
        options->metadata_text = read_file(check, "metadata file", options->metadata_file, FILE_LIMIT_BYTES, &length);
        if (!options->metadata_text) {
            return;
        }
    }
    /* Not the copy in the state folder: whether it can be reached now is the question. */
    if (mnv_provider_make(check->ctl->pool, options, NULL, http, &provider) != APR_SUCCESS) {
        find(check, FAIL, "see the error log of httpd", "provider %s cannot be used", options->issuer);
    }
    else if (mnv_provider_metadata(ctx, provider, &metadata) != APR_SUCCESS) {
        find(check, FAIL, mend_of(ctx->failure.what), "provider %s cannot be used: %s", options->issuer, ctl_failure(check->ctl));
    }
    else {
        check_jwks(check, http, options, metadata->jwks_uri);
    }
}

/* @return NULL when there is none (found) */
static mnv_http_t *make_client(check_t *check, const char *ca_file)
{
    const mnv_call_options_t *call = &check->host->call;
    apr_size_t length;
    mnv_http_t *http;

    if (ca_file && !read_file(check, "CA file", ca_file, CA_FILE_LIMIT_BYTES, &length)) {
        return NULL;
    }
    if (mnv_http_curl_make(check->ctl->pool, call->connect_timeout, call->total_timeout, call->max_outbound, &http) != APR_SUCCESS) {
        find(check, FAIL, "check the installation of libcurl", "could not start the HTTP client");
        return NULL;
    }
    return http;
}

static void check_provider(check_t *check, const char *half, mnv_provider_options_t *options)
{
    const char *identity = apr_pstrcat(check->ctl->pool, options->issuer ? options->issuer : "", " ", options->client_id ? options->client_id : "", NULL);
    mnv_http_t *http;

    if (!options->issuer || !first_time(check, half, identity)) {
        return;
    }
    check_keys(check, "client key", options->client_keys);
    check_client_secret(check, options->client_secret_file);
    http = make_client(check, options->ca_file);
    if (http) {
        check_reach(check, http, options);
    }
}

/* Access tokens. -------------------------------------------------------------------------- */

/* Who asks about a token must say who it is, and secrets are not printed: any answer will do. */
static void check_introspection(check_t *check)
{
    const char *url = check->host->introspection;
    mnv_ctx_t *ctx = check->ctl->ctx;
    mnv_http_request_t request = {0};
    mnv_http_response_t *response;
    mnv_http_t *http = url && first_time(check, "introspection", url) ? make_client(check, check->host->bearer.ca_file) : NULL;

    if (!http) {
        return;
    }
    request.url = url;
    request.form = "token=mynumberctl";
    request.accept = "application/json";
    request.ca_file = check->host->bearer.ca_file;
    request.limit_bytes = FILE_LIMIT_BYTES;
    if (http->send(http->baton, ctx, &request, &response) != APR_SUCCESS) {
        find(check, FAIL, mend_of(ctx->failure.what), "introspection endpoint \"%s\" cannot be asked: %s", url, ctl_failure(check->ctl));
    }
    else {
        find(check, OK, NULL, "introspection endpoint \"%s\" can be reached", url);
    }
}

static void check_bearer(check_t *check, ctl_host_t *host)
{
    const int is_account = host->bearer.issuer && host->account.issuer && !strcmp(host->bearer.issuer, host->account.issuer);

    if (!is_account || host->bearer.jwks_uri) { /* else its keys are those of sign-ins */
        check_provider(check, "access tokens", &host->bearer);
    }
    check_introspection(check);
}

/* Database. --------------------------------------------------------------------------- */

/* An open SQLite connection makes the file, which then belongs to whoever runs this and not to the server's user. */
static int would_make_file(const check_t *check)
{
    apr_finfo_t info;

    return !strncmp(check->host->dbd_driver, "sqlite", 6) && apr_stat(&info, check->host->dbd_params, APR_FINFO_TYPE, check->ctl->pool) != APR_SUCCESS;
}

static void check_schema(check_t *check, const mnv_dbd_lender_t *lender, const mnv_keyring_t *keyring)
{
    mnv_ctx_t *ctx = check->ctl->ctx;
    mnv_store_t *store = mnv_store_make(check->ctl->pool, lender, keyring, MNV_POLICY_ONE_TO_ONE);

    if (mnv_schema_prepare(ctx, store, 0) == APR_SUCCESS) {
        find(check, OK, NULL, "database answers and its schema fits");
    }
    else if (ctx->failure.what == MNV_FAIL_DATABASE_SCHEMA && !check->host->schema_check) {
        find(check, WARN, "httpd makes them when it starts; if it runs already, look at its error log", "database answers but has no tables yet");
    }
    else if (ctx->failure.what == MNV_FAIL_DATABASE_SCHEMA) {
        find(check, FAIL, "start once with MyNumberSchema auto by a user who may create tables", "database answers but has no tables");
    }
    else {
        find(check, FAIL, "see the documents on upgrades, or the database's own log", "database cannot be used: %s", ctl_failure(check->ctl));
    }
}

static void check_database(check_t *check, const mnv_keyring_t *keyring)
{
    const ctl_host_t *host = check->host;
    mnv_dbd_lender_t *lender;

    if (!host->dbd_driver || !host->dbd_params) {
        find(check, FAIL, "add DBDriver and DBDParams", "no database is configured");
        return;
    }
    if (!first_time(check, host->dbd_driver, host->dbd_params)) {
        return;
    }
    if (host->dbd_masked) {
        find(check, WARN, "look for MNV06 in httpd's error log; a password in the driver's own file (.pgpass) can be tried", "database was not tried: httpd does not print passwords");
    }
    else if (would_make_file(check)) {
        find(check, WARN, "httpd makes it when it starts; its folder must belong to the user httpd runs as", "database file \"%s\" is not there yet", host->dbd_params);
    }
    else if (mnv_dbd_lender_single(check->ctl->pool, host->dbd_driver, host->dbd_params, &lender) != APR_SUCCESS) {
        /* the driver's message could quote the parameters */
        find(check, FAIL, "check that the driver is installed (libaprutil1-dbd-...), the server runs and DBDParams are right", "could not open the %s database", host->dbd_driver);
    }
    else {
        check_schema(check, lender, keyring);
    }
}

/* The whole. ---------------------------------------------------------------------------- */

static void check_host(check_t *check, ctl_host_t *host)
{
    const mnv_keyring_t *keyring;

    check->host = host;
    keyring = check_secret_file(check);
    check_provider(check, "card", &host->card);
    check_provider(check, "account", &host->account);
    check_saml(check, keyring);
    check_bearer(check, host);
    check_keys(check, "assertion key", host->assertion_keys);
    check_state_dir(check);
    if (keyring) {
        check_database(check, keyring);
    }
}

int ctl_check(ctl_t *ctl)
{
    check_t check = {0};
    const char *config = NULL, *program = NULL;
    apr_array_header_t *hosts;
    mnv_json_t *object = mnv_json_object(ctl->pool);
    int i;

    if (ctl_option(ctl, "--config", &config) != CTL_DONE || ctl_option(ctl, "--httpd", &program) != CTL_DONE || ctl_operands(ctl, 0, 0) != CTL_DONE) {
        return CTL_USAGE;
    }
    if (ctl_hosts(ctl, program, config, &hosts) != CTL_DONE) {
        return CTL_FAILED;
    }
    check.ctl = ctl;
    check.results = mnv_json_array(ctl->pool);
    check.seen = apr_table_make(ctl->pool, 16);
    for (i = 0; i < hosts->nelts; i++) {
        check_host(&check, &APR_ARRAY_IDX(hosts, i, ctl_host_t));
    }
    mnv_json_set_bool(object, "ok", !check.count[FAIL]);
    mnv_json_set(object, "results", check.results);
    ctl_say(ctl, object, apr_psprintf(ctl->pool, "%d ok, %d to look at, %d failed", check.count[OK], check.count[WARN], check.count[FAIL]));
    return check.count[FAIL] ? CTL_FAILED : CTL_DONE;
}
