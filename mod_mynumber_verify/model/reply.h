/* What a flow answers. A value; httpd/reply_out.c alone writes it to a request_rec. */
#ifndef MNV_MODEL_REPLY_H
#define MNV_MODEL_REPLY_H

#include <apr_pools.h>
#include <apr_tables.h>
#include "base/cookie.h"

typedef struct mnv_reply_t {
    int status;                  /* 200, 303, 4xx, 5xx */
    const char *location;        /* of a redirect */
    const char *content_type;    /* NULL: no body */
    const char *body;
    apr_size_t length;
    const char *allow;           /* of a 405 */
    const char *refresh;         /* where the browser goes on to by itself after the page, NULL: nowhere. Not a redirect, to which the form-action of the page before would apply */
    const char *authenticate;    /* WWW-Authenticate; NULL: that of a 401 for browsers */
    int retry_after_sec;         /* 0: none */
    int cache_sec;               /* 0: Cache-Control: no-store */
    const char *form_action;     /* origins forms of this page may lead to, for the Content-Security-Policy; NULL: 'self' */
    apr_array_header_t *cookies; /* mnv_cookie_t */
    apr_array_header_t *forget;  /* const char *: session keys (hashes) whose cached records must go */
    const char *notification;    /* one line of JSON for MyNumberLinkNotify, NULL: none */
    int raise_generation;        /* a link or session ended: records of every node are to be rechecked */
} mnv_reply_t;

mnv_reply_t *mnv_reply_make(apr_pool_t *pool);

/** 303 See Other. */
void mnv_reply_redirect(mnv_reply_t *reply, const char *location);

/** A body; text is shared. */
void mnv_reply_body(mnv_reply_t *reply, int status, const char *content_type, const char *text);

/** Set a cookie. */
void mnv_reply_cookie(mnv_reply_t *reply, const mnv_cookie_t *cookie);

/** Drop the cached record of a session. */
void mnv_reply_forget(mnv_reply_t *reply, const char *session_key);

#endif
