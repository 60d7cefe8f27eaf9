#include "proto/saml_attributes.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "base/text.h"
#include "proto/saml_judging.h"

#define ATTRIBUTES_LIMIT 200
#define VALUES_LIMIT     2000
#define MACE             "urn:mace:dir:attribute-def:"
#define OID              "urn:oid:"

static const struct {
    const char *name, *on_wire;
} aliases[] = {
#define MNV_SAML_ALIAS(name, on_wire) { name, on_wire },
#include "proto/saml_aliases.def"
#undef MNV_SAML_ALIAS
};

const char *mnv_saml_short_name(const char *name)
{
    apr_size_t i;

    if (!strncmp(name, MACE, strlen(MACE))) {
        return name + strlen(MACE);
    }
    for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        const char *on_wire = aliases[i].on_wire;
        if (!strcmp(name, on_wire) || (!strncmp(on_wire, OID, strlen(OID)) && !strcmp(name, on_wire + strlen(OID)))) {
            return aliases[i].name;
        }
    }
    return name;
}

const char *mnv_saml_wire_name(const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (!strcmp(mnv_saml_short_name(name), aliases[i].name)) {
            return aliases[i].on_wire;
        }
    }
    return name;
}

const apr_array_header_t *mnv_saml_values(const mnv_saml_statement_t *statement, const char *name)
{
    const char *wanted = mnv_saml_short_name(name);
    int i;

    for (i = 0; i < statement->attributes->nelts; i++) {
        const mnv_saml_attribute_t *attribute = &APR_ARRAY_IDX(statement->attributes, i, mnv_saml_attribute_t);
        if (attribute->values->nelts > 0 && !strcmp(mnv_saml_short_name(attribute->name), wanted)) {
            return attribute->values;
        }
    }
    return NULL;
}

int mnv_saml_groups_are_unknown(const mnv_saml_statement_t *statement)
{
    return mnv_saml_values(statement, "groups.link") != NULL;
}

int mnv_saml_is_in_scope(const apr_array_header_t *scopes, const char *value)
{
    const char *at = strchr(value, '@');
    int i;

    if (!at || at == value || strchr(at + 1, '@')) {
        return 0;
    }
    for (i = 0; scopes && i < scopes->nelts; i++) {
        if (!strcmp(at + 1, APR_ARRAY_IDX(scopes, i, const char *))) {
            return 1;
        }
    }
    return 0;
}

/* Reading them. ------------------------------------------------------------- */

/* The text of an AttributeValue; eduPersonTargetedID holds a NameID, of which the value counts. @return NULL: of another form */
static const char *value_of(const mnv_xml_node_t *node)
{
    const mnv_xml_node_t *inner = mnv_xml_first(node);

    if (inner && (!mnv_xml_is(inner, MNV_SAML_NS, "NameID") || mnv_xml_next(inner))) {
        return NULL;
    }
    return mnv_xml_token(inner ? inner : node);
}

/* Add the values of an attribute. @return 0: one of them cannot be handed on */
static int add_values(const mnv_xml_node_t *attribute, apr_array_header_t *values)
{
    const mnv_xml_node_t *node = mnv_xml_child(attribute, MNV_SAML_NS, "AttributeValue");

    for (; node; node = mnv_xml_sibling(node)) {
        const char *value = value_of(node);
        if (!value || strlen(value) > MNV_TEXT_LIMIT_BYTES || mnv_text_has_control(value)) {
            return 0;
        }
        if (*value) {
            APR_ARRAY_PUSH(values, const char *) = value;
        }
    }
    return 1;
}

static mnv_saml_attribute_t *attribute_for(mnv_saml_judging_t *judging, const char *name)
{
    apr_array_header_t *attributes = judging->statement->attributes;
    mnv_saml_attribute_t *made;
    int i;

    for (i = 0; i < attributes->nelts; i++) {
        made = &APR_ARRAY_IDX(attributes, i, mnv_saml_attribute_t);
        if (!strcmp(made->name, name)) {
            return made;
        }
    }
    made = apr_array_push(attributes);
    made->name = name;
    made->is_bad = 0;
    made->values = apr_array_make(judging->ctx->pool, 2, sizeof(const char *));
    return made;
}

/* One saml:Attribute. With one bad value all are left out: half a list of groups would be another list. */
static apr_status_t read_attribute(mnv_saml_judging_t *judging, const mnv_xml_node_t *node, int *count)
{
    const char *name = mnv_xml_attr(node, "Name");
    mnv_saml_attribute_t *attribute;

    if (!name || !*name || strlen(name) > MNV_SAML_TEXT_LIMIT || mnv_text_has_control(name)) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ATTRIBUTES, "Name is missing or malformed");
    }
    attribute = attribute_for(judging, name);
    *count += (int)mnv_xml_count(node, MNV_SAML_NS, "AttributeValue");
    if (judging->statement->attributes->nelts > ATTRIBUTES_LIMIT || *count > VALUES_LIMIT) {
        return mnv_fail(judging->ctx, MNV_FAIL_SAML_ATTRIBUTES, "more than %d, or more than %d values", ATTRIBUTES_LIMIT, VALUES_LIMIT);
    }
    if (!attribute->is_bad && !add_values(node, attribute->values)) {
        mnv_log(judging->ctx, MNV_LOG_WARNING, MNVLOGNO(1250) "attribute \"%.200s\" is left out: not texts of at most %d bytes without control characters", name,
                MNV_TEXT_LIMIT_BYTES);
        attribute->is_bad = 1;
        attribute->values->nelts = 0;
    }
    return APR_SUCCESS;
}

/* Core 2.7.3. What is encrypted one by one is passed over. */
apr_status_t mnv_saml_attributes_read(mnv_saml_judging_t *judging)
{
    const mnv_xml_node_t *list = mnv_xml_child(judging->assertion, MNV_SAML_NS, "AttributeStatement"), *node;
    apr_status_t status = APR_SUCCESS;
    int count = 0;

    judging->statement->attributes = apr_array_make(judging->ctx->pool, 16, sizeof(mnv_saml_attribute_t));
    for (; list; list = mnv_xml_sibling(list)) {
        for (node = mnv_xml_child(list, MNV_SAML_NS, "Attribute"); node && status == APR_SUCCESS; node = mnv_xml_sibling(node)) {
            status = read_attribute(judging, node, &count);
        }
    }
    return status;
}
