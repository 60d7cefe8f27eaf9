/* What an application receives: variables and headers from the session's record, by the allow-list of the location that answers. */
#ifndef MNV_HTTPD_HANDOFF_H
#define MNV_HTTPD_HANDOFF_H

#include <httpd.h>
#include "httpd/session_io.h"

/** fixups, first. Internal redirects and sub-requests begin with what an earlier location was given: that goes first. @return DECLINED, or HTTP_SERVICE_UNAVAILABLE when the session
 * that this request depends on could not be loaded */
int mod_mnv_handoff_fixups(request_rec *r);

/** What a session tells of one entry of the allow-list, in UTF-8. @param record NULL: nobody is known @return NULL: nothing */
const char *mod_mnv_value(request_rec *r, const mnv_record_t *record, const mod_mnv_export_t *one);

/** handler, first: mod_dir may have put another location's request in place of this one after fixups (ap_internal_fast_redirect). @return as above */
int mod_mnv_handoff_again(request_rec *r);

/** log_transaction, before mod_log_config. @return DECLINED */
int mod_mnv_handoff_log(request_rec *r);

#endif
