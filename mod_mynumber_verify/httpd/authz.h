/* Rules: Require mynumber-account, mynumber-verified, mynumber-linked (design section 5). They judge and record what is missing; gate.c acts on it. */
#ifndef MNV_HTTPD_AUTHZ_H
#define MNV_HTTPD_AUTHZ_H

#include <apr_pools.h>

void mod_mnv_authz_register(apr_pool_t *pool);

#endif
