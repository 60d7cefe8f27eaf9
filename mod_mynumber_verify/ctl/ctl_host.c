#include "ctl/ctl_host.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DUMP_LIMIT_BYTES 1048576
#define COMPLAINT_LIMIT_BYTES 2000
#define HTTPD_TIMEOUT apr_time_from_sec(60)

/* Where distributions put it; apache2ctl sets the environment that Debian's configuration needs. */
static const char *const programs[] = {"/usr/sbin/apache2ctl", "/usr/sbin/apachectl", "/usr/sbin/httpd", "/usr/local/apache2/bin/httpd"};

static const char *find_program(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (access(programs[i], X_OK) == 0) {
            return programs[i];
        }
    }
    return "httpd";
}

/* Running. ------------------------------------------------------------------------- */

/* What a child says goes to the pipe (the dump) and to a file without a name (complaints), so that neither can block the other. */
typedef struct child_t {
    apr_proc_t process;
    apr_file_t *complaints;
} child_t;

static apr_status_t start(const ctl_t *ctl, const char *const *argv, child_t *child)
{
    apr_procattr_t *attributes;
    const char *folder;
    char *name;
    apr_status_t status;

    if ((status = apr_temp_dir_get(&folder, ctl->pool)) != APR_SUCCESS) {
        return status;
    }
    name = apr_pstrcat(ctl->pool, folder, "/mynumberctl.XXXXXX", NULL);
    if ((status = apr_file_mktemp(&child->complaints, name, APR_FOPEN_CREATE | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_EXCL | APR_FOPEN_DELONCLOSE, ctl->pool))
            != APR_SUCCESS
        || (status = apr_procattr_create(&attributes, ctl->pool)) != APR_SUCCESS
        || (status = apr_procattr_io_set(attributes, APR_NO_PIPE, APR_CHILD_BLOCK, APR_NO_PIPE)) != APR_SUCCESS
        || (status = apr_procattr_child_err_set(attributes, child->complaints, NULL)) != APR_SUCCESS
        || (status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_PATH)) != APR_SUCCESS
        || (status = apr_procattr_error_check_set(attributes, 1)) != APR_SUCCESS
        || (status = apr_proc_create(&child->process, argv[0], argv, NULL, attributes, ctl->pool)) != APR_SUCCESS) {
        return status;
    }
    return apr_file_pipe_timeout_set(child->process.out, HTTPD_TIMEOUT);
}

/* @return NULL when it is too much, or does not come */
static char *read_dump(const ctl_t *ctl, const child_t *child)
{
    char *text = apr_palloc(ctl->pool, DUMP_LIMIT_BYTES + 1);
    apr_size_t used = 0;
    apr_status_t status = APR_SUCCESS;

    while (used < DUMP_LIMIT_BYTES) {
        apr_size_t count = DUMP_LIMIT_BYTES - used;

        status = apr_file_read(child->process.out, text + used, &count);
        if (status != APR_SUCCESS) {
            break;
        }
        used += count;
    }
    text[used] = '\0';
    return APR_STATUS_IS_EOF(status) && strlen(text) == used ? text : NULL;
}

/* The end of what it complained of, where the reason stands. */
static const char *read_complaints(const ctl_t *ctl, apr_file_t *file)
{
    char text[COMPLAINT_LIMIT_BYTES + 1];
    apr_size_t length = COMPLAINT_LIMIT_BYTES;
    apr_off_t end = 0, start_at;

    if (apr_file_seek(file, APR_END, &end) != APR_SUCCESS) {
        return "";
    }
    start_at = end > COMPLAINT_LIMIT_BYTES ? end - COMPLAINT_LIMIT_BYTES : 0;
    if (apr_file_seek(file, APR_SET, &start_at) != APR_SUCCESS || apr_file_read(file, text, &length) != APR_SUCCESS) {
        return "";
    }
    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r')) {
        length--;
    }
    return apr_pstrmemdup(ctl->pool, text, length);
}

static int run_httpd(const ctl_t *ctl, const char *program, const char *config, char **dump)
{
    const char *argv[] = {program, "-t", "-D", "DUMP_MYNUMBER", config ? "-f" : NULL, config, NULL};
    child_t child = {0};
    int code = 0;
    apr_exit_why_e why = APR_PROC_EXIT;
    apr_status_t status = start(ctl, argv, &child);

    if (status != APR_SUCCESS) {
        return ctl_fail(ctl, "could not run \"%s\": %s; name httpd's program with --httpd", program, ctl_status(ctl, status));
    }
    *dump = read_dump(ctl, &child);
    apr_file_close(child.process.out);
    if (!*dump) {
        apr_proc_kill(&child.process, SIGTERM);
    }
    apr_proc_wait(&child.process, &code, &why, APR_WAIT);
    if (!*dump) {
        return ctl_fail(ctl, "\"%s\" printed too much, or nothing within a minute", program);
    }
    if (why != APR_PROC_EXIT || code) {
        return ctl_fail(ctl, "\"%s\" does not accept its configuration: %s", program, read_complaints(ctl, child.complaints));
    }
    return CTL_DONE;
}

/* Taking apart. -------------------------------------------------------------------- */

/* A span as httpd/span.c prints it. @return fallback when it is nothing of that kind */
static apr_interval_time_t span_of(const char *text, apr_interval_time_t fallback)
{
    static const struct {
        const char *name;
        apr_interval_time_t length;
    } units[] = {{"ms", 1000}, {"s", APR_USEC_PER_SEC}, {"min", APR_USEC_PER_SEC * 60}, {"h", APR_USEC_PER_SEC * 3600}, {"d", APR_USEC_PER_SEC * 86400}};
    char *end;
    apr_int64_t number = text ? apr_strtoi64(text, &end, 10) : 0;
    apr_size_t i;

    for (i = 0; text && end != text && number >= 0 && number < 1000000 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (!strcmp(end, units[i].name)) {
            return number * units[i].length;
        }
    }
    return fallback;
}

static const mnv_json_t *directive(const mnv_json_t *host, const char *name)
{
    return mnv_json_member(mnv_json_member(host, "directives"), name);
}

static const char *value_of(const mnv_json_t *host, const char *name)
{
    return mnv_json_string(directive(host, name), "value");
}

/* A file's name is absolute; words such as "none" and "system" stand for no file. */
static const char *file_of(const mnv_json_t *host, const char *name)
{
    const char *value = value_of(host, name);

    return value && *value == '/' ? value : NULL;
}

static apr_array_header_t *keys_of(const ctl_t *ctl, const mnv_json_t *host, const char *name)
{
    const mnv_json_t *list = mnv_json_member(directive(host, name), "value"), *one;
    apr_array_header_t *keys = apr_array_make(ctl->pool, 2, sizeof(mnv_client_key_t));
    apr_size_t i;

    for (i = 0; (one = mnv_json_at(list, i)) != NULL; i++) {
        mnv_client_key_t *key = apr_array_push(keys);

        key->file = mnv_json_string(one, "file");
        key->kid = mnv_json_string(one, "kid");
        if (!key->file) {
            apr_array_pop(keys);
        }
    }
    return keys;
}

/* @param start of the directives' names: "MyNumber" or "MyNumberSignIn" @param issuer_member of the host */
static void read_provider(const ctl_t *ctl, const mnv_json_t *host, const char *start_of_name, const char *issuer_member, mnv_provider_options_t *options)
{
    const char *names[] = {"Provider", "ProviderEndpoint", "ProviderCAFile", "ClientID", "ClientKey", "ClientSecretFile"};
    const mnv_json_t *endpoints;
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        names[i] = apr_pstrcat(ctl->pool, start_of_name, names[i], NULL);
    }
    options->issuer = mnv_json_string(host, issuer_member);
    options->metadata_file = file_of(host, names[0]);
    endpoints = mnv_json_member(directive(host, names[1]), "value");
    options->authorization_endpoint = mnv_json_string(endpoints, "authorization");
    options->token_endpoint = mnv_json_string(endpoints, "token");
    options->userinfo_endpoint = mnv_json_string(endpoints, "userinfo");
    options->jwks_uri = mnv_json_string(endpoints, "jwks");
    options->ca_file = file_of(host, names[2]);
    options->client_id = value_of(host, names[3]);
    options->client_keys = keys_of(ctl, host, names[4]);
    options->client_secret_file = file_of(host, names[5]);
}

static apr_array_header_t *files_of(const ctl_t *ctl, const mnv_json_t *host, const char *name)
{
    const mnv_json_t *list = mnv_json_member(directive(host, name), "value"), *one;
    apr_array_header_t *files = apr_array_make(ctl->pool, 2, sizeof(const char *));
    apr_size_t i;

    for (i = 0; (one = mnv_json_at(list, i)) != NULL; i++) {
        const char *file = mnv_json_string(one, NULL);

        if (file) {
            APR_ARRAY_PUSH(files, const char *) = file;
        }
    }
    return files;
}

static void read_saml(const ctl_t *ctl, const mnv_json_t *json, ctl_host_t *host)
{
    const char *sign_in = mnv_json_string(json, "sign_in");

    host->saml = sign_in && !strcmp(sign_in, "saml");
    host->saml_provider = mnv_json_string(json, "account_issuer");
    host->saml_metadata = file_of(json, "MyNumberSAMLMetadata");
    host->saml_metadata_url = host->saml_metadata ? NULL : value_of(json, "MyNumberSAMLMetadata");
    host->saml_keys = files_of(ctl, json, "MyNumberSAMLKey");
    host->saml_certificates = files_of(ctl, json, "MyNumberSAMLCert");
    host->saml_metadata_certificates = files_of(ctl, json, "MyNumberSAMLMetadataCert");
}

static void read_bearer(const ctl_t *ctl, const mnv_json_t *json, ctl_host_t *host)
{
    const mnv_json_t *lines = mnv_json_member(directive(json, "MyNumberBearerVerify"), "value"), *one;
    mnv_provider_options_t *bearer = &host->bearer;
    apr_size_t i;

    bearer->ca_file = file_of(json, "MyNumberBearerCAFile");
    bearer->client_keys = apr_array_make(ctl->pool, 1, sizeof(mnv_client_key_t));
    for (i = 0; (one = mnv_json_at(lines, i)) != NULL; i++) {
        const char *line = mnv_json_string(one, NULL), *blank = line ? strchr(line, ' ') : NULL;
        const char *type = blank ? apr_pstrmemdup(ctl->pool, line, (apr_size_t)(blank - line)) : "", *value = blank ? blank + 1 : NULL;

        if (!strcmp(type, "introspect")) {
            host->introspection = value;
        }
        if (!strcmp(type, "jwks_uri")) {
            bearer->authorization_endpoint = bearer->token_endpoint = bearer->jwks_uri = value;
        }
        if (!strcmp(type, "jwks_uri") || !strcmp(type, "metadata")) {
            bearer->issuer = mnv_json_string(json, "bearer_issuer");
        }
    }
}

static void read_call(const ctl_t *ctl, const mnv_json_t *host, mnv_call_options_t *call)
{
    const char *both = value_of(host, "MyNumberTimeout");
    const char *blank = both ? strchr(both, ' ') : NULL;

    call->connect_timeout = span_of(blank ? apr_pstrmemdup(ctl->pool, both, (apr_size_t)(blank - both)) : NULL, apr_time_from_sec(3));
    call->total_timeout = span_of(blank ? blank + 1 : NULL, apr_time_from_sec(10));
    call->clock_skew = span_of(value_of(host, "MyNumberClockSkew"), apr_time_from_sec(60));
    call->max_outbound = 1;
}

static int read_host(const ctl_t *ctl, const mnv_json_t *json, ctl_host_t *host)
{
    const mnv_json_t *database = mnv_json_member(json, "database");
    const char *schema = value_of(json, "MyNumberSchema"), *sign_in = mnv_json_string(json, "sign_in");

    host->name = mnv_json_string(json, "base_url");
    host->secret_file = file_of(json, "MyNumberSecretFile");
    host->state_dir = mnv_json_string(json, "state_dir");
    host->schema_check = schema && !strcmp(schema, "check");
    host->dbd_driver = mnv_json_string(database, "driver");
    host->dbd_params = mnv_json_string(database, "params");
    host->dbd_masked = host->dbd_params && strstr(host->dbd_params, "***");
    read_provider(ctl, json, "MyNumber", "card_issuer", &host->card);
    if (!sign_in || !strcmp(sign_in, "oidc")) { /* others are not asked by us */
        read_provider(ctl, json, "MyNumberSignIn", "account_issuer", &host->account);
    }
    read_saml(ctl, json, host);
    read_bearer(ctl, json, host);
    host->assertion_keys = keys_of(ctl, json, "MyNumberAssertionKey");
    read_call(ctl, json, &host->call);
    return host->name && host->secret_file;
}

int ctl_hosts(const ctl_t *ctl, const char *program, const char *config, apr_array_header_t **hosts)
{
    mnv_json_t *document;
    const mnv_json_t *list, *one;
    apr_int64_t version;
    char *dump = NULL, *object;
    apr_size_t i;

    if (run_httpd(ctl, program ? program : find_program(), config, &dump) != CTL_DONE) {
        return CTL_FAILED;
    }
    /* A wrapper such as apachectl may say something first. */
    object = strchr(dump, '{');
    if (!object || mnv_json_parse(ctl->pool, object, strlen(object), &document) != APR_SUCCESS) {
        return ctl_fail(ctl, "httpd did not print its configuration; is mod_mynumber_verify loaded?");
    }
    if (mnv_json_integer(document, "version", &version) != APR_SUCCESS || version != 1) {
        return ctl_fail(ctl, "the module in httpd and this mynumberctl are of different versions");
    }
    list = mnv_json_member(document, "hosts");
    *hosts = apr_array_make(ctl->pool, 4, sizeof(ctl_host_t));
    for (i = 0; (one = mnv_json_at(list, i)) != NULL; i++) {
        ctl_host_t *host = apr_array_push(*hosts);

        memset(host, 0, sizeof(*host));
        if (!read_host(ctl, one, host)) {
            return ctl_fail(ctl, "host %d of the configuration that httpd printed cannot be read", (int)i + 1);
        }
    }
    return (*hosts)->nelts ? CTL_DONE : ctl_fail(ctl, "no host has MyNumberSecretFile: the module is loaded but not used");
}
