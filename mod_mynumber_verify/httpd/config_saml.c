/* Sign-in by SAML: what its directives name, read and held against each other. */
#include "base/log.h"
#include "httpd/config_judge.h"
#include "httpd/config_tree.h"
#include "httpd/directive_kinds.h"
#include "httpd/process.h"
#include "lib/certificate.h"
#include "lib/jose.h"
#include "lib/xml.h"
#include "flow/federation.h"

#include <apr_strings.h>

#define CERTIFICATE_LIMIT_BYTES 65536
#define LONGEST_ENTITY_ID 255 /* an account's issuer stands in the database */

/* Certificates of one PEM file after the other. @return NULL after a complaint */
static apr_array_header_t *read_certificates(mod_mnv_judge_t *judge, mod_mnv_directive_e directive, const apr_array_header_t *files)
{
    apr_array_header_t *all = apr_array_make(judge->pconf, 2, sizeof(mnv_certificate_t *)), *some;
    const char *problem;
    apr_size_t length;
    int i, is_whole = 1;

    for (i = 0; files && i < files->nelts; i++) {
        const char *file = APR_ARRAY_IDX(files, i, const char *);
        char *pem = mod_mnv_judge_file(judge, judge->ptemp, directive, file, CERTIFICATE_LIMIT_BYTES, &length);

        if (pem && mnv_certificate_pem(judge->pconf, pem, length, &some, &problem) != APR_SUCCESS) {
            mod_mnv_complain(judge, directive, MNVLOGNO(1371) "\"%s\" holds no certificate that can be used: %s: name a PEM file that does", file, problem);
            pem = NULL;
        }
        if (pem) {
            apr_array_cat(all, some);
        }
        is_whole &= pem != NULL;
    }
    return is_whole ? all : NULL;
}

static void read_keys(mod_mnv_judge_t *judge, apr_array_header_t *keys)
{
    const apr_array_header_t *files = judge->config->saml_keys;
    mnv_private_key_t *key;
    const char *problem;
    apr_size_t length;
    int i;

    for (i = 0; files && i < files->nelts; i++) {
        const char *file = APR_ARRAY_IDX(files, i, const char *);
        char *pem = mod_mnv_judge_private_file(judge, judge->ptemp, MNV_DIRECTIVE_SAML_KEY, file, &length);

        if (!pem) {
            continue;
        }
        if (mnv_private_key_parse(judge->pconf, pem, length, NULL, &key, &problem) != APR_SUCCESS) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_KEY, MNVLOGNO(1372) "\"%s\" holds no key that can sign: %s: make one with openssl req -x509 -newkey rsa:3072 -nodes -keyout FILE -out CERTFILE",
                             file, problem);
            continue;
        }
        APR_ARRAY_PUSH(keys, mnv_private_key_t *) = key;
    }
}

/* Metadata that name a key which we do not have would lock everybody out, and a key that they do not name is of no use. */
static void match(mod_mnv_judge_t *judge, const mnv_saml_options_t *saml)
{
    int i, j, keys = judge->config->saml_keys ? judge->config->saml_keys->nelts : 0;

    if (keys != saml->keys->nelts || !saml->certificates) { /* complained already */
        return;
    }
    for (i = 0; i < saml->keys->nelts; i++) {
        for (j = 0; j < saml->certificates->nelts
                    && !mnv_certificate_fits(APR_ARRAY_IDX(saml->certificates, j, const mnv_certificate_t *), APR_ARRAY_IDX(saml->keys, i, const mnv_private_key_t *)); j++) {
        }
        if (j == saml->certificates->nelts) {
            mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_KEY, MNVLOGNO(1373) "\"%s\" has no certificate: name it by MyNumberSAMLCert, so that our metadata tell it",
                             APR_ARRAY_IDX(judge->config->saml_keys, i, const char *));
        }
    }
    if (saml->certificates->nelts > saml->keys->nelts) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_CERT, MNVLOGNO(1374) "%d certificates for %d keys: what others encrypt by one of them could not be opened; name its key by MyNumberSAMLKey",
                         saml->certificates->nelts, saml->keys->nelts);
    }
}

/* Which of them people sign in at. Nothing is known yet of those that a URL has. */
static void choose_provider(mod_mnv_judge_t *judge, mnv_ctx_t *ctx, const mnv_saml_metadata_t *metadata)
{
    mnv_saml_options_t *saml = &judge->config->options.saml;
    /* as it was written: elsewhere the directive reads what is no URL as the name of a file */
    const char *wanted = judge->config->account_provider ? mod_mnv_tree_argument(judge->ptemp, judge->config->given[MNV_DIRECTIVE_SIGN_IN_PROVIDER]) : NULL;
    mnv_saml_provider_t *provider;

    if (wanted && saml->discovery) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_DISCOVERY, MNVLOGNO(1383) "of no use beside MyNumberSignInProvider, which says where people sign in: remove one of the two");
        return;
    }
    if (metadata && !wanted) {
        wanted = mnv_saml_metadata_only(metadata);
    }
    if (metadata && !wanted && !saml->discovery) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER, MNVLOGNO(1377) "missing: the metadata name %" APR_SIZE_T_FMT " identity providers; write the entityID of yours, or let people choose by "
                         "MyNumberSAMLDiscovery", mnv_saml_metadata_count(metadata));
        return;
    }
    if (wanted && (strlen(wanted) > LONGEST_ENTITY_ID || (metadata && mnv_saml_metadata_find(ctx, judge->ptemp, metadata, wanted, &provider) != APR_SUCCESS))) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER, MNVLOGNO(1378) "the metadata have no identity provider \"%s\" that can be used: %s: write the entityID as it stands there", wanted,
                         ctx->failure.detail ? ctx->failure.detail : strlen(wanted) > LONGEST_ENTITY_ID ? "it is too long" : "see the line before");
        return;
    }
    judge->config->options.account.issuer = wanted ? apr_pstrdup(judge->pconf, wanted) : NULL;
}

/* A missing file and one that cannot be read have a complaint of their own. The text does not stay in a pool of the configuration. */
static int is_readable(mod_mnv_judge_t *judge, const char *file)
{
    apr_pool_t *once;
    apr_size_t length;
    int is_there;

    if (apr_pool_create_unmanaged_ex(&once, NULL, NULL) != APR_SUCCESS) {
        return 0;
    }
    is_there = mod_mnv_judge_file(judge, once, MNV_DIRECTIVE_SAML_METADATA, file, MNV_FEDERATION_LIMIT_BYTES, &length) != NULL;
    apr_pool_destroy(once);
    return is_there;
}

/* Metadata of a file are read here, so that a configuration that names a wrong one does not start; those of a URL when the server runs. */
static void read_metadata(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    mnv_saml_options_t *saml = &config->options.saml;
    mnv_ctx_t *ctx = mod_mnv_ctx_server(judge->ptemp, judge->server);
    const mnv_saml_metadata_t *metadata = NULL;

    saml->metadata = config->saml_metadata;
    saml->is_url = mod_mnv_provider_is_issuer(saml->metadata);
    if (!saml->is_url && mod_mnv_is_given_here(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER_CA_FILE)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER_CA_FILE, MNVLOGNO(1384) "of no use under MyNumberSignIn saml without a URL in MyNumberSAMLMetadata: remove it");
    }
    else {
        mod_mnv_judge_ca_file(judge, MNV_DIRECTIVE_SIGN_IN_PROVIDER_CA_FILE, config->options.account.ca_file);
    }
    if (!saml->is_url && !is_readable(judge, saml->metadata)) {
        return;
    }
    if (mnv_federation_make(ctx, judge->pconf, &config->options, config->keyring, &config->federation) != APR_SUCCESS) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_METADATA, MNVLOGNO(1385) "OpenSSL or the system's threads do not work: check their installation");
        return;
    }
    if (!saml->is_url && (mnv_federation_start(ctx, config->federation) != APR_SUCCESS || mnv_federation_metadata(ctx, config->federation, &metadata) != APR_SUCCESS)) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_METADATA, MNVLOGNO(1376) "\"%s\" cannot be used: %s: save the metadata anew, as the provider or the federation publishes them", saml->metadata,
                         ctx->failure.detail ? ctx->failure.detail : "see the line before");
        return;
    }
    choose_provider(judge, ctx, metadata);
}

/* Of OpenID Connect alone. */
static void judge_oidc_absent(mod_mnv_judge_t *judge)
{
    static const mod_mnv_directive_e useless[] = { MNV_DIRECTIVE_SIGN_IN_PROVIDER_ENDPOINT, MNV_DIRECTIVE_SIGN_IN_CLIENT_ID, MNV_DIRECTIVE_SIGN_IN_CLIENT_KEY,
                                                   MNV_DIRECTIVE_SIGN_IN_CLIENT_SECRET_FILE, MNV_DIRECTIVE_SIGN_IN_SCOPE };
    apr_size_t i;

    for (i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
        if (mod_mnv_is_given_here(judge, useless[i])) {
            mod_mnv_complain(judge, useless[i], MNVLOGNO(1379) "of no use under MyNumberSignIn saml: remove one of the two");
        }
    }
}

void mod_mnv_judge_saml(mod_mnv_judge_t *judge)
{
    mod_mnv_server_config_t *config = judge->config;
    mnv_saml_options_t *saml = &config->options.saml;

    judge_oidc_absent(judge);
    if (!config->saml_metadata) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_METADATA, MNVLOGNO(1380) "missing: name the file or the URL of your identity provider's metadata");
        return;
    }
    if (mnv_xml_init() != APR_SUCCESS) {
        mod_mnv_complain(judge, MNV_DIRECTIVE_SAML_METADATA, MNVLOGNO(1381) "libxml2 or xmlsec1 does not work: check their installation");
        return;
    }
    if (!saml->entity_id) {
        saml->entity_id = apr_pstrcat(judge->pconf, config->options.site.base_url, config->options.site.path, "/saml/metadata", NULL);
    }
    saml->keys = apr_array_make(judge->pconf, 2, sizeof(mnv_private_key_t *));
    read_keys(judge, saml->keys);
    saml->certificates = read_certificates(judge, MNV_DIRECTIVE_SAML_CERT, config->saml_certificates);
    match(judge, saml);
    if (saml->sha1) {
        mod_mnv_warn(judge, MNV_DIRECTIVE_SAML_SHA1, MNVLOGNO(1353) "signatures made with SHA-1 are let in, which can be forged with effort: let the identity provider sign with SHA-256, and remove this line");
    }
    if (config->saml_metadata_certificates) {
        saml->signers = read_certificates(judge, MNV_DIRECTIVE_SAML_METADATA_CERT, config->saml_metadata_certificates);
    }
    if (config->keyring && (saml->signers || !config->saml_metadata_certificates)) {
        read_metadata(judge);
    }
}
