/* In place of config_saml.c in a build without libxml2 and xmlsec1. */
#include "base/log.h"
#include "httpd/config_judge.h"

void mod_mnv_judge_saml(mod_mnv_judge_t *judge)
{
    mod_mnv_complain(judge, MNV_DIRECTIVE_SIGN_IN, MNVLOGNO(1382) "saml is not in this build: configure it where libxml2 and xmlsec1 with their headers are installed, or write oidc");
}
