/* proto/saml_self.c: our metadata, as XML that others can read. */
#include "proto/saml_self.h"
#include "proto/saml.h"
#include "saml_tools.h"

#define UI "urn:oasis:names:tc:SAML:metadata:ui"

static const mnv_xml_node_t *role_of(unit_t *unit, const mnv_saml_self_t *self)
{
    const char *text = mnv_saml_self_xml(unit->pool, self), *problem;
    const mnv_xml_node_t *root;
    mnv_xml_t *xml;
    assert_int_equal(mnv_xml_parse(unit->pool, MNV_XML_METADATA, text, strlen(text), &xml, &problem), APR_SUCCESS);
    root = mnv_xml_root(xml);
    assert_true(mnv_xml_is(root, MNV_SAML_MD_NS, "EntityDescriptor"));
    assert_string_equal(mnv_xml_attr(root, "entityID"), self->entity_id);
    return mnv_xml_child(root, MNV_SAML_MD_NS, "SPSSODescriptor");
}

static void the_least_is_an_address(void **state)
{
    unit_t *unit = *state;
    mnv_saml_self_t self = { SAML_SP, SAML_ACS, NULL, NULL, NULL, 0, NULL, NULL, NULL };
    const mnv_xml_node_t *role = role_of(unit, &self), *acs = mnv_xml_first(role);
    assert_true(mnv_xml_is(acs, MNV_SAML_MD_NS, "AssertionConsumerService"));
    assert_null(mnv_xml_next(acs));
    assert_string_equal(mnv_xml_attr(acs, "Location"), SAML_ACS);
    assert_string_equal(mnv_xml_attr(acs, "Binding"), MNV_SAML_POST);
    assert_string_equal(mnv_xml_attr(role, "AuthnRequestsSigned"), "false");
    assert_string_equal(mnv_xml_attr(role, "WantAssertionsSigned"), "true");
}

static mnv_saml_self_t whole(unit_t *unit)
{
    mnv_saml_self_t self = { SAML_SP "?a=1&b=2", SAML_ACS, SAML_SLO, "https://portal.example.ac.jp/ds", saml_certificates(unit->pool, "sp sp2 ec"), 1, "手続き & 本人確認", "Procedures", NULL };
    apr_array_header_t *requested = apr_array_make(unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(requested, const char *) = "eduPersonPrincipalName";
    APR_ARRAY_PUSH(requested, const char *) = "urn:x:own";
    self.requested = requested;
    return self;
}

/* Metadata 2.4.2, 2.4.4 and saml-schema-metadata: the order is part of the schema. */
static void elements_come_in_the_order_of_the_schema(void **state)
{
    static const char *const names[] = { "Extensions", "KeyDescriptor", "KeyDescriptor", "KeyDescriptor", "SingleLogoutService", "SingleLogoutService", "AssertionConsumerService", "AttributeConsumingService" };
    unit_t *unit = *state;
    mnv_saml_self_t self = whole(unit);
    const mnv_xml_node_t *node = mnv_xml_first(role_of(unit, &self));
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(mnv_xml_is(node, MNV_SAML_MD_NS, names[i]));
        node = mnv_xml_next(node);
    }
    assert_null(node);
}

static void both_keys_stand_in_it_during_a_roll_over(void **state)
{
    unit_t *unit = *state;
    mnv_saml_self_t self = whole(unit);
    const mnv_xml_node_t *key = mnv_xml_child(role_of(unit, &self), MNV_SAML_MD_NS, "KeyDescriptor");
    static const char *const names[] = { "sp", "sp2", "ec" };
    for (int i = 0; i < 3; i++) {
        const mnv_xml_node_t *data = mnv_xml_first(mnv_xml_child(key, MNV_XMLDSIG_NS, "KeyInfo"));
        assert_string_equal(mnv_xml_text(mnv_xml_first(data)), saml_certificate_text(unit->pool, names[i]));
        assert_int_equal(mnv_xml_count(key, MNV_SAML_MD_NS, "EncryptionMethod"), i < 2 ? 6 : 0);
        assert_true(i < 2 ? mnv_xml_attr(key, "use") == NULL : !strcmp(mnv_xml_attr(key, "use"), "signing"));
        key = mnv_xml_sibling(key);
    }
}

static void names_attributes_and_discovery(void **state)
{
    unit_t *unit = *state;
    mnv_saml_self_t self = whole(unit);
    const mnv_xml_node_t *role = role_of(unit, &self), *extensions = mnv_xml_first(role), *names = mnv_xml_child(extensions, UI, "UIInfo"), *discovery = mnv_xml_next(names);
    const mnv_xml_node_t *service = mnv_xml_child(role, MNV_SAML_MD_NS, "AttributeConsumingService"), *asked = mnv_xml_child(service, MNV_SAML_MD_NS, "RequestedAttribute");
    assert_string_equal(mnv_xml_text(mnv_xml_first(names)), "手続き & 本人確認");
    assert_string_equal(mnv_xml_text(mnv_xml_next(mnv_xml_first(names))), "Procedures");
    assert_true(mnv_xml_is(discovery, "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol", "DiscoveryResponse"));
    assert_string_equal(mnv_xml_attr(discovery, "Location"), "https://portal.example.ac.jp/ds");
    assert_int_equal(mnv_xml_count(service, MNV_SAML_MD_NS, "ServiceName"), 2);
    assert_string_equal(mnv_xml_attr(asked, "Name"), "urn:oid:1.3.6.1.4.1.5923.1.1.1.6");
    assert_string_equal(mnv_xml_attr(asked, "FriendlyName"), "eduPersonPrincipalName");
    assert_string_equal(mnv_xml_attr(mnv_xml_sibling(asked), "Name"), "urn:x:own");
    self.name_ja = self.name_en = NULL;
    service = mnv_xml_child(role_of(unit, &self), MNV_SAML_MD_NS, "AttributeConsumingService");
    assert_int_equal(mnv_xml_count(service, MNV_SAML_MD_NS, "ServiceName"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_least_is_an_address),
        UNIT_TEST(elements_come_in_the_order_of_the_schema),
        UNIT_TEST(both_keys_stand_in_it_during_a_roll_over),
        UNIT_TEST(names_attributes_and_discovery),
    };
    int failed = unit_run(tests);
    saml_end();
    return failed;
}
