#include "proto/saml.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"

#define ID_BYTES 16

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

apr_status_t mnv_saml_name_id(const mnv_xml_node_t *node, mnv_saml_name_id_t *name_id)
{
    mnv_saml_name_id_t read = { mnv_xml_token(node), mnv_xml_attr(node, "Format"), mnv_xml_attr(node, "NameQualifier"), mnv_xml_attr(node, "SPNameQualifier") };

    if (!read.value || !*read.value || !is_plain(read.value) || (read.format && !is_plain(read.format))
        || (read.name_qualifier && !is_plain(read.name_qualifier)) || (read.sp_name_qualifier && !is_plain(read.sp_name_qualifier))) {
        return APR_EINVAL;
    }
    *name_id = read;
    return APR_SUCCESS;
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

const char *mnv_saml_status(const mnv_xml_node_t *response, int *is_success)
{
    const mnv_xml_node_t *outer = mnv_xml_child(mnv_xml_child(response, MNV_SAMLP_NS, "Status"), MNV_SAMLP_NS, "StatusCode");
    const char *first = mnv_xml_attr(outer, "Value"), *second = mnv_xml_attr(mnv_xml_child(outer, MNV_SAMLP_NS, "StatusCode"), "Value");
    const char *code = second ? second : first ? first : "";
    apr_size_t length = strlen(MNV_SAML_STATUS);

    *is_success = first && !strcmp(first, MNV_SAML_SUCCESS);
    return !strncmp(code, MNV_SAML_STATUS, length) ? code + length : code;
}
