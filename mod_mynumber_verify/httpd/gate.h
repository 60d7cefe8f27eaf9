/* The gate: asks the rules of all modules and turns a refusal into what cures it. */
#ifndef MNV_HTTPD_GATE_H
#define MNV_HTTPD_GATE_H

#include <httpd.h>

/** access_checker_ex, before mod_authz_core: loads the session and says who it is, before any rule is judged; then asks the others and settles what they say. */
int mod_mnv_gate_access(request_rec *r);

/** After mod_negotiation (type_checker) or mod_dir (fixups) has put another location's request in place of this one, and where httpd skipped the rules because the request before was of
 * the same location: were they asked for the location that answers? Else it is done now. @return OK, or what mod_mnv_gate_access() returns for a refusal */
int mod_mnv_gate_again(request_rec *r);

/** check_user_id. */
int mod_mnv_gate_user(request_rec *r);

/** auth_checker, before mod_authz_core: our rules under another module's AuthType. */
int mod_mnv_gate_authz(request_rec *r);

/** Nobody can tell who this is, or what the application would have to be told: neither admitted nor sent to sign in. The page of the visit's failure.
 * @return DONE; the bare status in a sub-request or an error document */
int mod_mnv_gate_failed(request_rec *r);

#endif
