/* What a flow may know of a request. A value; made by httpd/request_in.c or by a test. */
#ifndef MNV_MODEL_REQUEST_H
#define MNV_MODEL_REQUEST_H

#include <apr_tables.h>
#include "base/url.h"

typedef enum { MNV_LANGUAGE_JA, MNV_LANGUAGE_EN } mnv_language_e;

/** What other modules of httpd say of the person. Nothing of it was sent by the client. */
typedef struct mnv_vouched_t {
    int is_authenticated;         /* somebody, named or not */
    const char *user;             /* whom they authenticated, NULL: nobody, or a person without a name */
    const apr_table_t *variables; /* environment variables of the request; NULL: none */
} mnv_vouched_t;

typedef struct mnv_request_t {
    const char *method;       /* "GET", "POST", "HEAD", … */
    const char *path;         /* below MyNumberPath: "/", "/verify/callback" */
    const char *query;        /* raw, NULL: none */
    const char *cookies;      /* the Cookie header, several joined by "; ", NULL: none */
    const char *form;         /* body of an urlencoded POST, NULL: none */
    apr_size_t form_length;
    const char *origin;       /* Origin header, NULL: none */
    const char *fetch_site;   /* Sec-Fetch-Site, NULL: none */
    const char *accept_language;
    mnv_language_e language;  /* chosen by mnv_language_choose() */
    int is_navigation;        /* a person is looking: pages; otherwise JSON */
    mnv_vouched_t vouched;    /* under MyNumberSignIn external */
} mnv_request_t;

/** Choose by "lang" in the query, else Accept-Language's weights; Japanese unless English is preferred. */
mnv_language_e mnv_language_choose(apr_pool_t *pool, const char *query, const char *accept_language);

#endif
