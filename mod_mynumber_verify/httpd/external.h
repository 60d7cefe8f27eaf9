/* MyNumberSignIn external, request by request: under another module's AuthType a session speaks for the person whom that module names, or for nobody.
 *
 * Modules tell r->user and most variables when they authenticate (check_user_id), but mod_shib its variables in fixups only. So the session is compared twice: before the rules are judged
 * by what is known then, and once more behind all fixups where that did not decide. */
#ifndef MNV_HTTPD_EXTERNAL_H
#define MNV_HTTPD_EXTERNAL_H

#include <httpd.h>
#include "httpd/session_io.h"
#include "model/reply.h"
#include "model/request.h"

/** Does another module say who makes this request? MyNumberSignIn external, and not our AuthType. */
int mod_mnv_external_is_here(request_rec *r);

/** Compare the session with whom the other module has named: another person's is ended, and one without an account half does not speak here. After authentication. */
void mod_mnv_external_compare(request_rec *r);

/** May what the session says be handed on here? Not where other rules let everybody in (Require ip) before the module was asked: its user may be another by now. For requests that
 * took another's place after authentication this compares anew. */
int mod_mnv_external_speaks(request_rec *r);

/** fixups, last of all: the second comparison. @return DECLINED, or as mod_mnv_gate_sign_in() */
int mod_mnv_external_fixups(request_rec *r);

/** force_authn: what asked the session before the other module was asked has to be asked again. */
int mod_mnv_external_force(request_rec *r);

/** On our own URLs: tell the flow whom the other module names there, and end another person's session. Cookies to set go into reply. */
void mod_mnv_external_own(request_rec *r, mnv_request_t *request, mnv_reply_t *reply);

#endif
