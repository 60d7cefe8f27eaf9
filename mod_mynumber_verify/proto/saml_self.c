#include "proto/saml_self.h"

#include <apr_strings.h>
#include "base/text.h"
#include "lib/certificate.h"
#include "lib/xmlenc.h"
#include "proto/saml.h"
#include "proto/saml_attributes.h"

#define UI_NS        "urn:oasis:names:tc:SAML:metadata:ui"
#define DISCOVERY    "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol"
#define URI_FORMAT   "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
#define UNNAMED      "MyNumber"

static const char *name_xml(apr_pool_t *pool, const char *element, const char *language, const char *name)
{
    return name ? apr_pstrcat(pool, "<", element, " xml:lang=\"", language, "\">", mnv_text_html(pool, name), "</", element, ">", NULL) : "";
}

static const char *extensions_xml(apr_pool_t *pool, const mnv_saml_self_t *self)
{
    const char *info = "", *discovery = "";

    if (self->name_ja || self->name_en) {
        info = apr_pstrcat(pool, "<mdui:UIInfo xmlns:mdui=\"" UI_NS "\">", name_xml(pool, "mdui:DisplayName", "ja", self->name_ja),
                           name_xml(pool, "mdui:DisplayName", "en", self->name_en), "</mdui:UIInfo>", NULL);
    }
    if (self->discovery_url) {
        discovery = apr_pstrcat(pool, "<idpdisc:DiscoveryResponse xmlns:idpdisc=\"" DISCOVERY "\" Binding=\"" DISCOVERY "\" Location=\"",
                                mnv_text_html(pool, self->discovery_url), "\" index=\"1\"/>", NULL);
    }
    return *info || *discovery ? apr_pstrcat(pool, "<md:Extensions>", info, discovery, "</md:Extensions>", NULL) : "";
}

/* What we can open, the best first; a provider that finds nothing here may choose what we refuse. */
static const char *const encryption =
    "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/><md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>"
    "<md:EncryptionMethod Algorithm=\"" MNV_XMLENC_NS "aes256-cbc\"/><md:EncryptionMethod Algorithm=\"" MNV_XMLENC_NS "aes128-cbc\"/>"
    "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\"/><md:EncryptionMethod Algorithm=\"" MNV_XMLENC_NS "rsa-oaep-mgf1p\"/>";

static const char *key_xml(apr_pool_t *pool, const mnv_certificate_t *certificate)
{
    int is_rsa = mnv_certificate_is_rsa(certificate);

    return apr_pstrcat(pool, "<md:KeyDescriptor", is_rsa ? "" : " use=\"signing\"", "><ds:KeyInfo xmlns:ds=\"" MNV_XMLDSIG_NS "\"><ds:X509Data><ds:X509Certificate>",
                       mnv_certificate_text(pool, certificate), "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>", is_rsa ? encryption : "",
                       "</md:KeyDescriptor>", NULL);
}

static const char *keys_xml(apr_pool_t *pool, const mnv_saml_self_t *self)
{
    const char *xml = "";
    int i;

    for (i = 0; self->certificates && i < self->certificates->nelts; i++) {
        xml = apr_pstrcat(pool, xml, key_xml(pool, APR_ARRAY_IDX(self->certificates, i, const mnv_certificate_t *)), NULL);
    }
    return xml;
}

static const char *logout_xml(apr_pool_t *pool, const mnv_saml_self_t *self)
{
    const char *url = self->logout_url ? mnv_text_html(pool, self->logout_url) : NULL;

    return url ? apr_pstrcat(pool, "<md:SingleLogoutService Binding=\"" MNV_SAML_REDIRECT "\" Location=\"", url,
                             "\"/><md:SingleLogoutService Binding=\"" MNV_SAML_POST "\" Location=\"", url, "\"/>", NULL)
               : "";
}

/* Metadata 2.4.4.1: with attributes asked for comes a name of the service. */
static const char *requested_xml(apr_pool_t *pool, const mnv_saml_self_t *self)
{
    const char *xml = "", *name = self->name_en ? self->name_en : self->name_ja ? self->name_ja : UNNAMED;
    int i;

    if (!self->requested || self->requested->nelts == 0) {
        return "";
    }
    for (i = 0; i < self->requested->nelts; i++) {
        const char *asked = APR_ARRAY_IDX(self->requested, i, const char *);
        xml = apr_pstrcat(pool, xml, "<md:RequestedAttribute Name=\"", mnv_text_html(pool, mnv_saml_wire_name(asked)), "\" NameFormat=\"" URI_FORMAT "\" FriendlyName=\"",
                          mnv_text_html(pool, mnv_saml_short_name(asked)), "\"/>", NULL);
    }
    return apr_pstrcat(pool, "<md:AttributeConsumingService index=\"1\">", name_xml(pool, "md:ServiceName", "ja", self->name_ja),
                       self->name_ja && !self->name_en ? "" : name_xml(pool, "md:ServiceName", "en", name), xml, "</md:AttributeConsumingService>", NULL);
}

const char *mnv_saml_self_xml(apr_pool_t *pool, const mnv_saml_self_t *self)
{
    return apr_pstrcat(pool, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"" MNV_SAML_MD_NS "\" entityID=\"",
                       mnv_text_html(pool, self->entity_id), "\"><md:SPSSODescriptor protocolSupportEnumeration=\"" MNV_SAMLP_NS "\" AuthnRequestsSigned=\"",
                       self->signs ? "true" : "false", "\" WantAssertionsSigned=\"true\">", extensions_xml(pool, self), keys_xml(pool, self),
                       logout_xml(pool, self), "<md:AssertionConsumerService Binding=\"" MNV_SAML_POST "\" Location=\"", mnv_text_html(pool, self->acs_url),
                       "\" index=\"1\" isDefault=\"true\"/>", requested_xml(pool, self), "</md:SPSSODescriptor></md:EntityDescriptor>\n", NULL);
}
