/* The seam to mod_mynumber_bearer: what that module offers to this one, by httpd's provider table. Neither links the other, and only that one links liboauth2.
 * It is asked with what was judged before, and what it says is judged again (proto/bearer_token.h). */
#ifndef MNV_HTTPD_BEARER_LIBRARY_H
#define MNV_HTTPD_BEARER_LIBRARY_H

#include <apr_pools.h>

#define MOD_MNV_BEARER_GROUP "mynumber-bearer"
#define MOD_MNV_BEARER_NAME "liboauth2"
#define MOD_MNV_BEARER_VERSION "1"

typedef enum {
    MOD_MNV_BEARER_ACCEPTED,
    MOD_MNV_BEARER_REFUSED,   /* the signature is wrong; introspection says so */
    MOD_MNV_BEARER_UNCHECKED  /* nobody could be asked, or what came back says neither */
} mod_mnv_bearer_verdict_e;

/** A question: a line of MyNumberBearerVerify, and a token. */
typedef struct mod_mnv_bearer_question_t {
    const char *type, *value, *options; /* liboauth2's words; options urlencoded, "": none */
    const char *token;
} mod_mnv_bearer_question_t;

typedef struct mod_mnv_bearer_library_t {
    /** @param claims the library's answer as JSON text where it accepts; NULL: not to be had. Thread: any. Pool: pool. */
    mod_mnv_bearer_verdict_e (*ask)(apr_pool_t *pool, const mod_mnv_bearer_question_t *question, const char **claims);
} mod_mnv_bearer_library_t;

#endif
