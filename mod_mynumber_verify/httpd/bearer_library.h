/* The seam to mod_mynumber_bearer: what that module offers to this one, by httpd's provider table. Neither links the other, and only that one links liboauth2.
 * It is asked about tokens that were judged before (proto/bearer_token.h). */
#ifndef MNV_HTTPD_BEARER_LIBRARY_H
#define MNV_HTTPD_BEARER_LIBRARY_H

#define MOD_MNV_BEARER_GROUP "mynumber-bearer"
#define MOD_MNV_BEARER_NAME "liboauth2"
#define MOD_MNV_BEARER_VERSION "1"

typedef enum {
    MOD_MNV_BEARER_ACCEPTED,
    MOD_MNV_BEARER_REFUSED,  /* the signature is wrong */
    MOD_MNV_BEARER_UNCHECKED /* the key is of no use to the library */
} mod_mnv_bearer_verdict_e;

typedef struct mod_mnv_bearer_library_t {
    /** Was a token signed by a key? @param jwk the public key as JSON text, of the kid that the token names, if any @param token a JWS of RS256 or ES256. Thread: any. */
    mod_mnv_bearer_verdict_e (*verify)(const char *jwk, const char *token);
} mod_mnv_bearer_library_t;

#endif
