/* What one application is given of a session and no other application: its pairwise subject, and its assertion. Made on first use and kept in the cache beside the record, so that
 * no request pays for a hash or a signature while it is good.
 *
 * A sector is what shares a subject: the innermost section that says MyNumberSubject or MyNumberExport, or the host. An assertion is further told apart by its audience and by what
 * it may hold. */
#ifndef MNV_HTTPD_SECTOR_H
#define MNV_HTTPD_SECTOR_H

#include "httpd/session_io.h"

/** Flat, position independent: this header, then NUL-terminated texts. */
typedef struct mod_mnv_sector_t {
    apr_uint32_t magic, size;
    apr_uint32_t site;              /* as mnv_record_t.site */
    apr_uint32_t subject, assertion; /* offsets; 0: absent */
    apr_uint32_t reserved;
    apr_uint64_t content[2];        /* of the record it was made of */
    apr_time_t renew_at;            /* half-way to the assertion's end; 0: never */
} mod_mnv_sector_t;

/** @return NULL when there is no session, or after a told failure in the visit's ctx. Pool: the request's. */
const mod_mnv_sector_t *mod_mnv_sector(request_rec *r);

/** The subject as this location may know it: a keyed hash for the sector, or the whole site's with MyNumberSubject shared. @return NULL when no identity is known */
const char *mod_mnv_subject(request_rec *r);

/** The assertion for this location's application. @return NULL where MyNumberAssertion is off, or nobody is known, or it could not be made (told) */
const char *mod_mnv_assertion(request_rec *r);

/** Set r->user and r->ap_auth_type from the session: the account id, else the subject, else NULL. */
void mod_mnv_set_user(request_rec *r);

#endif
