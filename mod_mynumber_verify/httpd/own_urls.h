/* Our own URLs, MyNumberPath and below. They are claimed before anybody else can (ProxyPass /, RewriteRule … [P], FallbackResource would swallow them). */
#ifndef MNV_HTTPD_OWN_URLS_H
#define MNV_HTTPD_OWN_URLS_H

#include <httpd.h>

/** pre_translate_name and translate_name, first of all. */
int mod_mnv_own_translate(request_rec *r);

/** map_to_storage: there is no file behind our URLs. */
int mod_mnv_own_storage(request_rec *r);

/** handler, first of all: answers our own URLs. */
int mod_mnv_own_handler(request_rec *r);

#endif
