/* %{MYNUMBER:name} in httpd's expressions. */
#ifndef MNV_HTTPD_EXPR_H
#define MNV_HTTPD_EXPR_H

#include <httpd.h>
#include <ap_expr.h>

/** expr_lookup hook. Answers what the location exports under the name (design section 6) as UTF-8, "" for everything else. */
int mod_mnv_expr_lookup(ap_expr_lookup_parms *parms);

#endif
