#include "proto/saml_redirect.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64.h"
#include "base/url.h"
#include "lib/deflate.h"

#define QUERY_LIMIT_BYTES (64 * 1024)
#define DEFLATE_ENCODING  "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

apr_status_t mnv_saml_redirect_url(mnv_ctx_t *ctx, const mnv_saml_outgoing_t *message, const char **url)
{
    apr_pool_t *pool = ctx->pool;
    unsigned char *packed, *signature;
    apr_size_t length;
    const char *query;

    if (mnv_deflate(pool, message->xml, strlen(message->xml), &packed, &length) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "could not pack a SAML message");
    }
    query = apr_pstrcat(pool, message->is_response ? "SAMLResponse=" : "SAMLRequest=", mnv_url_encode(pool, mnv_base64_encode(pool, packed, length)), NULL);
    if (message->relay_state) {
        query = apr_pstrcat(pool, query, "&RelayState=", mnv_url_encode(pool, message->relay_state), NULL);
    }
    if (message->key) {
        query = apr_pstrcat(pool, query, "&SigAlg=", mnv_url_encode(pool, mnv_signature_uri(message->key)), NULL);
        if (mnv_signature_make(pool, message->key, query, strlen(query), &signature, &length) != APR_SUCCESS) {
            return mnv_fail(ctx, MNV_FAIL_SIGN, "a SAML message");
        }
        query = apr_pstrcat(pool, query, "&Signature=", mnv_url_encode(pool, mnv_base64_encode(pool, signature, length)), NULL);
    }
    *url = apr_pstrcat(pool, message->destination, strchr(message->destination, '?') ? "&" : "?", query, NULL);
    return APR_SUCCESS;
}

/* A parameter as it stands in the query: "name=value", NULL when absent. mnv_params_parse() has seen to it that it is there once at most; a name written with
 * percent signs is not found here and then counts as absent. */
static const char *raw(apr_pool_t *pool, const char *query, const char *name)
{
    apr_size_t length = strlen(name);

    while (query) {
        const char *end = strchr(query, '&');
        if (!strncmp(query, name, length) && query[length] == '=') {
            return end ? apr_pstrmemdup(pool, query, (apr_size_t)(end - query)) : query;
        }
        query = end ? end + 1 : NULL;
    }
    return NULL;
}

typedef struct parameters_t {
    const char *request, *response, *relay_state, *encoding, *algorithm, *signature;
} parameters_t;

/* Each at most once. @return NULL or the problem */
static const char *read_parameters(mnv_ctx_t *ctx, const char *query, parameters_t *found)
{
    mnv_params_t *params;
    const struct {
        const char *name, **value;
    } wanted[] = {
        { "SAMLRequest", &found->request },    { "SAMLResponse", &found->response }, { "RelayState", &found->relay_state },
        { "SAMLEncoding", &found->encoding },  { "SigAlg", &found->algorithm },      { "Signature", &found->signature },
    };
    apr_size_t i;

    if (strlen(query) > QUERY_LIMIT_BYTES || mnv_params_parse(ctx->pool, query, strlen(query), 16, &params) != APR_SUCCESS) {
        return "query is malformed";
    }
    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (mnv_params_one(params, wanted[i].name, wanted[i].value) != APR_SUCCESS) {
            return "a parameter occurs twice";
        }
    }
    if (!found->request == !found->response) {
        return "there is not exactly one of SAMLRequest and SAMLResponse";
    }
    if (found->encoding && strcmp(found->encoding, DEFLATE_ENCODING)) {
        return "SAMLEncoding is another one than DEFLATE";
    }
    return !found->algorithm == !found->signature ? NULL : "SigAlg and Signature do not come together";
}

/* 3.4.4.1: in this order, in the form in which they came. @return NULL: a parameter was not found as it was read */
static const char *signed_part(apr_pool_t *pool, const char *query, const parameters_t *found)
{
    const char *message = raw(pool, query, found->request ? "SAMLRequest" : "SAMLResponse");
    const char *relay_state = raw(pool, query, "RelayState"), *algorithm = raw(pool, query, "SigAlg");

    if (!message || !algorithm || (found->relay_state && !relay_state)) {
        return NULL;
    }
    return apr_pstrcat(pool, message, relay_state ? "&" : "", relay_state ? relay_state : "", "&", algorithm, NULL);
}

/* The parts of the signature. @return NULL or the problem */
static const char *read_signature(apr_pool_t *pool, const char *query, const parameters_t *found, mnv_saml_incoming_t *message)
{
    const char *data = signed_part(pool, query, found);
    unsigned char *bytes;

    if (!data || mnv_base64_decode(pool, found->signature, strlen(found->signature), &bytes, &message->signature.signature_length) != APR_SUCCESS) {
        return "Signature is malformed";
    }
    message->algorithm = message->signature.uri = found->algorithm;
    message->signature.signature = bytes;
    message->signature.data = data;
    message->signature.length = strlen(data);
    return NULL;
}

apr_status_t mnv_saml_redirect_read(mnv_ctx_t *ctx, const char *query, mnv_saml_incoming_t **message)
{
    mnv_saml_incoming_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    parameters_t found = { NULL };
    const char *problem = read_parameters(ctx, query, &found), *packed = found.request ? found.request : found.response;
    unsigned char *bytes;
    apr_size_t length;
    char *text;

    if (!problem && found.signature) {
        problem = read_signature(ctx->pool, query, &found, made);
    }
    if (!problem && mnv_base64_decode(ctx->pool, packed, strlen(packed), &bytes, &length) != APR_SUCCESS) {
        problem = "message is not base64";
    }
    if (!problem && mnv_inflate(ctx->pool, bytes, length, MNV_XML_MESSAGE_LIMIT_BYTES, &text, &made->length) != APR_SUCCESS) {
        problem = "message is not DEFLATE, or too large unpacked";
    }
    if (problem) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "%s", problem);
    }
    made->is_response = found.response != NULL;
    made->text = text;
    made->relay_state = found.relay_state;
    *message = made;
    return APR_SUCCESS;
}

apr_status_t mnv_saml_redirect_verify(mnv_ctx_t *ctx, const mnv_saml_incoming_t *message, const mnv_xmldsig_trust_t *trust)
{
    apr_status_t status;

    if (!message->algorithm) {
        return mnv_fail(ctx, MNV_FAIL_SAML_UNSIGNED, "message in a redirect");
    }
    status = mnv_signature_verify(trust->certificates, trust->sha1, &message->signature);
    if (status == APR_ENOTIMPL) {
        return mnv_fail(ctx, MNV_FAIL_SAML_ALGORITHM, "SigAlg \"%.100s\"", message->algorithm);
    }
    return status == APR_SUCCESS ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_SAML_SIGNATURE, "message in a redirect");
}
