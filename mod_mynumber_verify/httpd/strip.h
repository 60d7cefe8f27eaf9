/* Headers that look like ours, when a client sent them, are an attack or a mistake: they go before anybody reads them, on every host of the server. */
#ifndef MNV_HTTPD_STRIP_H
#define MNV_HTTPD_STRIP_H

#include <httpd.h>

/** post_read_request, before all other modules (mod_setenvif copies headers into variables). */
int mod_mnv_strip_post_read(request_rec *r);

/** Could an application take a header (or, behind HTTP_, a CGI variable) of this name for one of ours? Any case, "_" and other marks as "-". */
int mod_mnv_is_identity_name(const char *name);

/** Once per request_rec: what the client or, for sub-requests, our own hand-off to the main request put there. */
void mod_mnv_strip(request_rec *r);

#endif
