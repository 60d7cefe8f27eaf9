/* Rules: Require mynumber-account, mynumber-verified, mynumber-linked (design section 5). They judge and record what is missing; gate.c acts on it. */
#ifndef MNV_HTTPD_AUTHZ_H
#define MNV_HTTPD_AUTHZ_H

#include <httpd.h>

void mod_mnv_authz_register(apr_pool_t *pool);

/** How somebody unknown comes in here (MyNumberEntry and the providers there are): MOD_MNV_NEED_SIGNIN, _CARD or _CHOICE, 0: not at all. */
unsigned mod_mnv_authz_entry(request_rec *r);

/** How who came by card shows an account, as httpd's own rules about users ask for: MOD_MNV_NEED_… */
unsigned mod_mnv_authz_account(request_rec *r);

#endif
