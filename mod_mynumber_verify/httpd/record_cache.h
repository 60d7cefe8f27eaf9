/* The cache of flat session records and of what is made of them: ap_socache (shmcb by default), sealed where the cache leaves the machine or touches a disk (every provider but shmcb). */
#ifndef MNV_HTTPD_RECORD_CACHE_H
#define MNV_HTTPD_RECORD_CACHE_H

#include "httpd/server_config.h"
#include "out/record.h"

/** In pre_config: the mutex type "mynumber" (ap_mutex_register; own default: pthread / APR_LOCK_PROC_PTHREAD where there is, robust). */
apr_status_t mod_mnv_record_cache_pre_config(apr_pool_t *pconf);

/** Check what MyNumberSessionCache says. @return NULL, or the sentence for the administrator */
const char *mod_mnv_record_cache_check(apr_pool_t *pool, const char *text);

/** In post_config: one cache and one mutex for the whole server (all hosts must say the same). @return OK or HTTP_INTERNAL_SERVER_ERROR (told) */
int mod_mnv_record_cache_post_config(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);
void mod_mnv_record_cache_child_init(apr_pool_t *pchild, server_rec *main_server);

/** Get, into the request's pool, checked by mnv_record_check(). digest: SHA-256 of the cookie value. A cache that fails counts as a miss. @return NULL: a miss */
const mnv_record_t *mod_mnv_record_get(request_rec *r, const unsigned char *digest);
void mod_mnv_record_put(request_rec *r, const unsigned char *digest, const mnv_record_t *record);

/** Any block of bytes under a key of MNV_DIGEST_BYTES that nobody can guess. Get: unchecked, into the request's pool; a cache that fails counts as a miss. @return NULL: a miss
 * Put: at most MNV_RECORD_LIMIT_BYTES come back. @param expiry when it is of no more use */
const void *mod_mnv_cache_get(request_rec *r, const unsigned char *key, apr_size_t *length);
void mod_mnv_cache_put(request_rec *r, const unsigned char *key, const void *data, apr_size_t length, apr_time_t expiry);
void mod_mnv_record_drop(request_rec *r, const unsigned char *digest);

#endif
