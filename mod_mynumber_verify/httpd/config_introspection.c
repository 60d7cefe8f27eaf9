/* MyNumberBearerVerify introspect: what its options say of who asks (RFC 7662 2.1), made ready to be sent. That each way has the options it needs was judged when the line was read. */
#include "httpd/config_judge.h"
#include "base/log.h"
#include "base/url.h"
#include "httpd/directive_kinds.h"
#include "lib/certificate.h"
#include "lib/jose.h"

#include <apr_strings.h>
#include <string.h>

#define CERTIFICATE_FILE_LIMIT_BYTES 65536

/* The options of the line. */
typedef struct asking_t {
    mod_mnv_judge_t *judge;
    mnv_params_t *options;
    mnv_introspection_options_t *into;
} asking_t;

static const char *option(const asking_t *asking, const char *name)
{
    const char *value = NULL;

    (void)mnv_params_one(asking->options, name, &value);
    return value;
}

static const char *encoded(const asking_t *asking, const char *value)
{
    return mnv_url_encode(asking->judge->pconf, value);
}

static const char *client_secret(const asking_t *asking)
{
    const char *file = option(asking, "client_secret_file"), *secret;

    secret = file ? mod_mnv_judge_secret_file(asking->judge, MNV_DIRECTIVE_BEARER_VERIFY, ap_server_root_relative(asking->judge->pconf, file)) : option(asking, "client_secret");
    return secret ? secret : ""; /* told */
}

static void ask_by_basic(const asking_t *asking)
{
    asking->into->basic = apr_pstrcat(asking->judge->pconf, option(asking, "username"), ":", option(asking, "password"), NULL);
}

/* RFC 6749 2.3.1. */
static void ask_by_client_secret_basic(const asking_t *asking)
{
    asking->into->basic = apr_pstrcat(asking->judge->pconf, encoded(asking, option(asking, "client_id")), ":", encoded(asking, client_secret(asking)), NULL);
}

static void ask_by_client_secret_post(const asking_t *asking)
{
    asking->into->form = apr_pstrcat(asking->judge->pconf, "&client_id=", encoded(asking, option(asking, "client_id")), "&client_secret=", encoded(asking, client_secret(asking)), NULL);
}

/* RFC 8705 2: the client is who the certificate says, and some issuers want its name besides. */
static void ask_by_client_cert(const asking_t *asking)
{
    mod_mnv_judge_t *judge = asking->judge;
    const char *certificate_file = ap_server_root_relative(judge->pconf, option(asking, "cert")), *key_file = ap_server_root_relative(judge->pconf, option(asking, "key"));
    const char *client = option(asking, "client_id"), *problem = NULL;
    apr_array_header_t *certificates;
    mnv_private_key_t *key;
    apr_size_t certificate_length, key_length;
    char *certificate = mod_mnv_judge_file(judge, judge->pconf, MNV_DIRECTIVE_BEARER_VERIFY, certificate_file, CERTIFICATE_FILE_LIMIT_BYTES, &certificate_length);
    char *secret = mod_mnv_judge_private_file(judge, judge->pconf, MNV_DIRECTIVE_BEARER_VERIFY, key_file, &key_length);

    if (!certificate || !secret) {
        return;
    }
    if (mnv_certificate_pem(judge->ptemp, certificate, certificate_length, &certificates, &problem) != APR_SUCCESS ||
        mnv_private_key_parse(judge->ptemp, secret, key_length, NULL, &key, &problem) != APR_SUCCESS ||
        !mnv_certificate_fits(APR_ARRAY_IDX(certificates, 0, const mnv_certificate_t *), key)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_BEARER_VERIFY, MNVLOGNO(1708) "certificate \"%s\" and key \"%s\" are of no use together: %s", certificate_file, key_file,
                         problem ? problem : "they do not belong to each other");
    }
    asking->into->certificate = certificate;
    asking->into->key = secret;
    asking->into->form = client ? apr_pstrcat(judge->pconf, "&client_id=", encoded(asking, client), NULL) : "";
}

void mod_mnv_judge_introspection(mod_mnv_judge_t *judge, const mnv_bearer_verify_t *line, mnv_introspection_options_t *into)
{
    static const struct {
        const char *name;
        void (*ask_by)(const asking_t *asking);
    } ways[] = {
        {"basic", ask_by_basic}, {"client_secret_basic", ask_by_client_secret_basic}, {"client_secret_post", ask_by_client_secret_post}, {"client_cert", ask_by_client_cert},
    };
    asking_t asking = {judge, NULL, into};
    const char *way;
    apr_size_t i;

    (void)mnv_params_parse(judge->ptemp, line->options, strlen(line->options), MNV_VERIFY_OPTION_MAX, &asking.options);
    way = option(&asking, "introspect.auth");
    into->url = line->value;
    into->form = "";
    into->ca_file = judge->config->options.bearer.ca_file;
    for (i = 0; way && i < sizeof(ways) / sizeof(*ways); i++) {
        if (!strcmp(ways[i].name, way)) {
            ways[i].ask_by(&asking);
        }
    }
}
