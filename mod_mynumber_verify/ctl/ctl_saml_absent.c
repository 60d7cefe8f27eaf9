/* In place of ctl_saml.c in a build without libxml2 and xmlsec1. */
#include "ctl/ctl_saml.h"

void ctl_saml(const ctl_t *ctl, const ctl_saml_t *saml, ctl_found_t *found, void *baton)
{
    (void)ctl;
    (void)saml;
    found(baton, CTL_WARN, "use the mynumberctl of httpd's own build", "keys and metadata of SAML sign-in were not looked at: this mynumberctl was built without SAML");
}
