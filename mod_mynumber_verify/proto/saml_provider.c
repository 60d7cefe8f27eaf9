#include "proto/saml_metadata.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "base/text.h"
#include "base/url.h"

#define SHIBMD_NS            "urn:mace:shibboleth:metadata:1.0"
#define ENDPOINT_LIMIT_BYTES 2048
#define KEYS_LIMIT           8
#define SCOPES_LIMIT         64
#define SCOPE_LIMIT_BYTES    255

typedef struct reading_t {
    mnv_ctx_t *ctx;
    apr_pool_t *pool;
    mnv_saml_provider_t *provider;
} reading_t;

/* One word of a list divided by blanks. */
static int lists(const char *list, const char *word)
{
    apr_size_t length = strlen(word);

    while (list && *list) {
        apr_size_t end = strcspn(list, " \t\r\n");
        if (end == length && !strncmp(list, word, end)) {
            return 1;
        }
        list += end + strspn(list + end, " \t\r\n");
    }
    return 0;
}

static int is_true(const char *text)
{
    return text && (!strcmp(text, "true") || !strcmp(text, "1"));
}

/* The certificates of a KeyDescriptor (metadata 2.4.1.1). */
static void read_key(reading_t *reading, const mnv_xml_node_t *descriptor)
{
    const mnv_xml_node_t *data = mnv_xml_child(mnv_xml_child(descriptor, MNV_XMLDSIG_NS, "KeyInfo"), MNV_XMLDSIG_NS, "X509Data");
    apr_array_header_t *certificates = reading->provider->certificates;
    const char *text, *problem = NULL;
    mnv_certificate_t *certificate;

    for (; data && certificates->nelts < KEYS_LIMIT; data = mnv_xml_sibling(data)) {
        text = mnv_xml_text(mnv_xml_child(data, MNV_XMLDSIG_NS, "X509Certificate"));
        if (text && mnv_certificate_base64(reading->pool, text, &certificate, &problem) == APR_SUCCESS) {
            APR_ARRAY_PUSH(certificates, mnv_certificate_t *) = certificate;
        }
        else if (text) {
            mnv_log(reading->ctx, MNV_LOG_WARNING, MNVLOGNO(1261) "a certificate of identity provider \"%s\" is left out: %s", reading->provider->entity_id, problem);
        }
    }
}

static void read_keys(reading_t *reading, const mnv_xml_node_t *role)
{
    const mnv_xml_node_t *descriptor = mnv_xml_child(role, MNV_SAML_MD_NS, "KeyDescriptor");

    reading->provider->certificates = apr_array_make(reading->pool, 2, sizeof(mnv_certificate_t *));
    for (; descriptor; descriptor = mnv_xml_sibling(descriptor)) {
        const char *use = mnv_xml_attr(descriptor, "use");
        if (!use || !strcmp(use, "signing")) {
            read_key(reading, descriptor);
        }
    }
}

/* https, or http on this machine: what is sent there in the clear could be read and changed on the way. */
static const char *endpoint_in(reading_t *reading, const mnv_xml_node_t *service, const char *name)
{
    const char *text = mnv_xml_attr(service, name);
    mnv_url_t *url;

    if (!text || strlen(text) > ENDPOINT_LIMIT_BYTES || mnv_url_parse(reading->ctx->pool, text, &url) != APR_SUCCESS
        || (strcmp(url->scheme, "https") && !mnv_url_is_loopback(url))) {
        return NULL;
    }
    return apr_pstrdup(reading->pool, text);
}

/* The first endpoint of a service for a binding. @param response its ResponseLocation, else the same; NULL: not asked for */
static const char *read_endpoint(reading_t *reading, const mnv_xml_node_t *role, const char *name, const char *binding, const char **response)
{
    const mnv_xml_node_t *service = mnv_xml_child(role, MNV_SAML_MD_NS, name);
    const char *place = NULL, *found;

    for (; service && !place; service = mnv_xml_sibling(service)) {
        found = mnv_xml_attr(service, "Binding");
        if (found && !strcmp(found, binding)) {
            place = endpoint_in(reading, service, "Location");
            if (place && response) {
                *response = endpoint_in(reading, service, "ResponseLocation");
                *response = *response ? *response : place;
            }
        }
    }
    return place;
}

static void read_scopes(reading_t *reading, const mnv_xml_node_t *holder)
{
    const mnv_xml_node_t *scope = mnv_xml_child(mnv_xml_child(holder, MNV_SAML_MD_NS, "Extensions"), SHIBMD_NS, "Scope");
    apr_array_header_t *scopes = reading->provider->scopes;

    for (; scope && scopes->nelts < SCOPES_LIMIT; scope = mnv_xml_sibling(scope)) {
        const char *text = mnv_xml_token(scope);
        if (is_true(mnv_xml_attr(scope, "regexp"))) {
            mnv_log(reading->ctx, MNV_LOG_WARNING, MNVLOGNO(1262) "a scope of identity provider \"%s\" is left out: a regular expression", reading->provider->entity_id);
        }
        else if (mnv_text_is_token(text, SCOPE_LIMIT_BYTES)) {
            APR_ARRAY_PUSH(scopes, const char *) = apr_pstrdup(reading->pool, text);
        }
    }
}

/* Down through the groups to the entity and its role for SAML 2.0. */
static const mnv_xml_node_t *find_entity(const mnv_xml_t *xml)
{
    const mnv_xml_node_t *node = mnv_xml_root(xml);

    while (mnv_xml_is(node, MNV_SAML_MD_NS, "EntitiesDescriptor")) {
        node = mnv_xml_first(node);
    }
    return node;
}

static const mnv_xml_node_t *find_role(const mnv_xml_node_t *entity)
{
    const mnv_xml_node_t *role = mnv_xml_child(entity, MNV_SAML_MD_NS, "IDPSSODescriptor");

    while (role && !lists(mnv_xml_attr(role, "protocolSupportEnumeration"), MNV_SAMLP_NS)) {
        role = mnv_xml_sibling(role);
    }
    return role;
}

apr_status_t mnv_saml_provider_read(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_saml_entry_t *entry, mnv_saml_provider_t **provider)
{
    mnv_saml_provider_t *made = apr_pcalloc(pool, sizeof(*made));
    reading_t reading = { ctx, pool, made };
    const mnv_xml_node_t *entity, *role;
    const char *problem;
    mnv_xml_t *xml;

    if (mnv_xml_parse(ctx->pool, MNV_XML_METADATA, entry->text, entry->length, &xml, &problem) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "\"%s\": %s", entry->entity_id, problem);
    }
    entity = find_entity(xml);
    role = find_role(entity);
    if (!role) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "\"%s\" does not speak SAML 2.0", entry->entity_id);
    }
    made->entity_id = apr_pstrdup(pool, entry->entity_id);
    read_keys(&reading, role);
    if (made->certificates->nelts == 0) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "\"%s\" has no usable signing key", entry->entity_id);
    }
    made->signon = read_endpoint(&reading, role, "SingleSignOnService", MNV_SAML_REDIRECT, NULL);
    made->logout_redirect = read_endpoint(&reading, role, "SingleLogoutService", MNV_SAML_REDIRECT, &made->logout_redirect_response);
    made->logout_post = read_endpoint(&reading, role, "SingleLogoutService", MNV_SAML_POST, &made->logout_post_response);
    made->wants_signed = is_true(mnv_xml_attr(role, "WantAuthnRequestsSigned"));
    made->scopes = apr_array_make(pool, 4, sizeof(const char *));
    read_scopes(&reading, entity);
    read_scopes(&reading, role);
    *provider = made;
    return APR_SUCCESS;
}
