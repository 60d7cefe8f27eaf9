#include "proto/saml.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64.h"
#include "base/text.h"
#include "lib/xmlenc.h"

#define ID_BYTES 16
/* A base64 text of the largest message, with its line breaks. */
#define FORM_LIMIT_BYTES (MNV_XML_MESSAGE_LIMIT_BYTES / 2 * 3)

const char *mnv_saml_id(mnv_ctx_t *ctx)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[ID_BYTES];
    char *id = apr_palloc(ctx->pool, 2 * ID_BYTES + 2);
    int i;

    if (mnv_random(ctx, bytes, sizeof(bytes)) != APR_SUCCESS) {
        return NULL;
    }
    id[0] = '_';
    for (i = 0; i < ID_BYTES; i++) {
        id[2 * i + 1] = digits[bytes[i] >> 4];
        id[2 * i + 2] = digits[bytes[i] & 15];
    }
    id[2 * ID_BYTES + 1] = '\0';
    return id;
}

static int is_plain(const char *text)
{
    return strlen(text) <= MNV_SAML_TEXT_LIMIT && !mnv_text_has_control(text);
}

apr_status_t mnv_saml_form_read(mnv_ctx_t *ctx, const char *form, mnv_xml_t **xml)
{
    apr_size_t length = form ? strlen(form) : 0;
    unsigned char *text;
    const char *problem = "it is not base64";

    if (length > FORM_LIMIT_BYTES) {
        problem = "too large";
    }
    else if (mnv_base64_decode(ctx->pool, form, length, &text, &length) == APR_SUCCESS
             && mnv_xml_parse(ctx->pool, MNV_XML_MESSAGE, (const char *)text, length, xml, &problem) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "%s", problem);
}

static apr_status_t name_id_of(const mnv_xml_node_t *node, mnv_saml_name_id_t *name_id, const char **problem)
{
    mnv_saml_name_id_t read = { mnv_xml_token(node), mnv_xml_attr(node, "Format"), mnv_xml_attr(node, "NameQualifier"), mnv_xml_attr(node, "SPNameQualifier") };

    if (!read.value || !*read.value || !is_plain(read.value) || (read.format && !is_plain(read.format))
        || (read.name_qualifier && !is_plain(read.name_qualifier)) || (read.sp_name_qualifier && !is_plain(read.sp_name_qualifier))) {
        *problem = "NameID is empty, too long or has control characters";
        return APR_EINVAL;
    }
    *name_id = read;
    return APR_SUCCESS;
}

apr_status_t mnv_saml_name_id_read(apr_pool_t *pool, const mnv_xml_node_t *holder, const apr_array_header_t *keys, mnv_saml_name_id_t *name_id,
                                   const char **problem)
{
    const mnv_xml_node_t *plain = mnv_xml_child(holder, MNV_SAML_NS, "NameID"), *encrypted = mnv_xml_child(holder, MNV_SAML_NS, "EncryptedID");
    apr_size_t count = mnv_xml_count(holder, MNV_SAML_NS, "NameID") + mnv_xml_count(holder, MNV_SAML_NS, "EncryptedID");
    mnv_xml_t *opened;

    if (count != 1) {
        *problem = count ? "there is more than one name" : "there is no name";
        return count ? APR_EINVAL : APR_ENOENT;
    }
    if (plain) {
        return name_id_of(plain, name_id, problem);
    }
    *problem = "EncryptedID cannot be opened";
    if (!keys || mnv_xmlenc_open(pool, encrypted, keys, &opened, problem) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    *problem = "EncryptedID holds no NameID";
    return mnv_xml_is(mnv_xml_root(opened), MNV_SAML_NS, "NameID") ? name_id_of(mnv_xml_root(opened), name_id, problem) : APR_EINVAL;
}

static const char *attribute_xml(apr_pool_t *pool, const char *name, const char *value)
{
    return value ? apr_pstrcat(pool, " ", name, "=\"", mnv_text_html(pool, value), "\"", NULL) : "";
}

const char *mnv_saml_name_id_xml(apr_pool_t *pool, const mnv_saml_name_id_t *name_id)
{
    return apr_pstrcat(pool, "<saml:NameID", attribute_xml(pool, "Format", name_id->format), attribute_xml(pool, "NameQualifier", name_id->name_qualifier),
                       attribute_xml(pool, "SPNameQualifier", name_id->sp_name_qualifier), ">", mnv_text_html(pool, name_id->value), "</saml:NameID>", NULL);
}

int mnv_saml_text_is(const mnv_xml_node_t *node, const char *text)
{
    const char *found = mnv_xml_token(node);

    return found && text && !strcmp(found, text);
}

const char *mnv_saml_claimed_issuer(apr_pool_t *pool, const char *text, apr_size_t length)
{
    const char *problem, *issuer = NULL;
    mnv_xml_t *xml;

    if (mnv_xml_parse(pool, MNV_XML_MESSAGE, text, length, &xml, &problem) == APR_SUCCESS) {
        issuer = mnv_xml_token(mnv_xml_child(mnv_xml_root(xml), MNV_SAML_NS, "Issuer"));
    }
    return issuer && *issuer && is_plain(issuer) ? issuer : NULL;
}

const char *mnv_saml_status(const mnv_xml_node_t *response, int *is_success)
{
    const mnv_xml_node_t *outer = mnv_xml_child(mnv_xml_child(response, MNV_SAMLP_NS, "Status"), MNV_SAMLP_NS, "StatusCode");
    const char *first = mnv_xml_attr(outer, "Value"), *second = mnv_xml_attr(mnv_xml_child(outer, MNV_SAMLP_NS, "StatusCode"), "Value");
    const char *code = second ? second : first ? first : "";
    apr_size_t length = strlen(MNV_SAML_STATUS);

    *is_success = first && !strcmp(first, MNV_SAML_SUCCESS);
    return !strncmp(code, MNV_SAML_STATUS, length) ? code + length : code;
}
