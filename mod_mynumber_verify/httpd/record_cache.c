#include "httpd/record_cache.h"

#include <apr_atomic.h>
#include <apr_global_mutex.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>
#include <util_mutex.h>
#include "base/base64url.h"
#include "base/log.h"
#include "httpd/process.h"
#include "lib/crypt.h"

APLOG_USE_MODULE(mynumber_verify);

#define MUTEX_TYPE "mynumber"
#define CACHE_NAME "mynumber"
/* base64url of a sealed record, with the key's name in front */
#define SEALED_LIMIT_BYTES ((MNV_RECORD_LIMIT_BYTES + MNV_SEAL_OVERHEAD) / 3 * 4 + 64)

#if APR_HAS_PROC_PTHREAD_SERIALIZE
#define OWN_MECHANISM APR_LOCK_PROC_PTHREAD
#else
#define OWN_MECHANISM APR_LOCK_DEFAULT
#endif

/* One for the whole server, made in post_config, read-only afterwards. */
static struct {
    const ap_socache_provider_t *provider; /* NULL: no cache, every request is a miss */
    ap_socache_instance_t *instance;
    apr_global_mutex_t *mutex;             /* NULL: the provider locks by itself */
    int is_open;                           /* records are not sealed */
} cache;

/* Configuration. ------------------------------------------------------------ */

/* "shmcb(32M)": bytes with an optional K or M. @return 0 when it is no size */
static apr_int64_t size_of(const char *text, apr_size_t length)
{
    char *end;
    apr_int64_t size = apr_strtoi64(text, &end, 10);

    if (end == text || size <= 0 || size > (apr_int64_t)1 << 40) {
        return 0;
    }
    if (*end == 'K' || *end == 'k') {
        size *= 1024;
        end++;
    }
    else if (*end == 'M' || *end == 'm') {
        size *= 1024 * 1024;
        end++;
    }
    return end == text + length ? size : 0;
}

/* Split PROVIDER[:args] and make an instance of it. @return NULL, or the sentence for the administrator */
static const char *make_instance(apr_pool_t *pool, const char *text, const ap_socache_provider_t **provider, ap_socache_instance_t **instance)
{
    apr_size_t length = strcspn(text, ":(");
    const char *name = apr_pstrmemdup(pool, text, length), *arguments = NULL, *problem;

    if (text[length] == ':') {
        arguments = text + length + 1;
    }
    else if (text[length] == '(') {
        const char *end = strchr(text, ')');
        apr_int64_t size = end && !end[1] ? size_of(text + length + 1, (apr_size_t)(end - text) - length - 1) : 0;

        if (strcmp(name, "shmcb") || !size) {
            return "a size in brackets goes with shmcb alone and is a number of bytes, also with K or M, as in \"shmcb(32M)\"";
        }
        arguments = apr_psprintf(pool, "%s(%" APR_INT64_T_FMT ")", ap_runtime_dir_relative(pool, "mynumber-shmcb"), size);
    }
    *provider = ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name, AP_SOCACHE_PROVIDER_VERSION);
    if (!*provider) {
        return apr_psprintf(pool, "there is no cache provider \"%s\"; load mod_socache_%s", name, name);
    }
    problem = (*provider)->create(instance, arguments, pool, pool);
    return problem ? apr_psprintf(pool, "cache provider \"%s\" says: %s", name, problem) : NULL;
}

apr_status_t mod_mnv_record_cache_pre_config(apr_pool_t *pconf)
{
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, OWN_MECHANISM, 0);
}

const char *mod_mnv_record_cache_check(apr_pool_t *pool, const char *text)
{
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;

    return make_instance(pool, text, &provider, &instance);
}

/* Start. -------------------------------------------------------------------- */

/* Not by ap_mutex_register()'s default: "Mutex file:… default", as Debian ships it, would win and cost two system calls per request. */
static int administrator_chose_mutex(apr_pool_t *pool)
{
    const ap_directive_t *directive;

    for (directive = ap_conftree; directive; directive = directive->next) {
        const char *arguments = directive->args;

        if (ap_cstr_casecmp(directive->directive, "Mutex")) {
            continue;
        }
        while (*arguments) {
            if (!ap_cstr_casecmp(ap_getword_conf(pool, &arguments), MUTEX_TYPE)) {
                return 1;
            }
        }
    }
    return 0;
}

static apr_status_t make_mutex(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *server)
{
    if (!administrator_chose_mutex(ptemp) && apr_global_mutex_create(&cache.mutex, NULL, OWN_MECHANISM, pconf) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return ap_global_mutex_create(&cache.mutex, NULL, MUTEX_TYPE, NULL, server, pconf, 0);
}

static apr_status_t forget_cache(void *server)
{
    if (cache.provider) {
        cache.provider->destroy(cache.instance, server);
    }
    memset(&cache, 0, sizeof(cache));
    return APR_SUCCESS;
}

/* What all enabled hosts say; that they agree was judged with the configuration. @return NULL: no host is enabled */
static const char *find_text(const server_rec *server)
{
    while (server && !mod_mnv_server_config(server)->enabled) {
        server = server->next;
    }
    return server ? mod_mnv_server_config(server)->session_cache : NULL;
}

int mod_mnv_record_cache_post_config(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    /* mod_socache_shmcb gives every 256th of its memory (128 KB of 32 MB) a list that it searches from end to end. Told that records are small it makes as many lists as it
     * can, and a search stays short. */
    static struct ap_socache_hints hints = {MNV_DIGEST_BYTES, 200, apr_time_from_sec(60)};
    const char *text = find_text(main_server), *problem;
    apr_status_t status;

    if (!text) {
        return OK;
    }
    problem = make_instance(pconf, text, &cache.provider, &cache.instance);
    if (problem) {
        cache.provider = NULL;
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, MNVLOGNO(1401) "MyNumberSessionCache \"%s\": %s", text, problem);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    status = cache.provider->init(cache.instance, CACHE_NAME, &hints, main_server, pconf);
    if (status != APR_SUCCESS) {
        cache.provider = NULL;
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server, MNVLOGNO(1402) "could not make the session cache \"%s\"", text);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(pconf, main_server, forget_cache, apr_pool_cleanup_null);
    /* shmcb is anonymous memory of this server; every other provider is another process, another machine or a file. */
    cache.is_open = !strcmp(cache.provider->name, "shmcb");
    if (cache.provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE) {
        status = make_mutex(pconf, ptemp, main_server);
        if (status != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server, MNVLOGNO(1403) "could not make the mutex \"" MUTEX_TYPE "\"");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

void mod_mnv_record_cache_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t status;

    if (!cache.mutex) {
        return;
    }
    status = apr_global_mutex_child_init(&cache.mutex, apr_global_mutex_lockfile(cache.mutex), pchild);
    if (status != APR_SUCCESS) {
        cache.provider = NULL; /* slow, but right: every request asks the database */
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server, MNVLOGNO(1404) "could not open the mutex \"" MUTEX_TYPE "\" in this process, which goes without session cache");
    }
}

/* Use. ---------------------------------------------------------------------- */

static apr_status_t lock(void)
{
    return cache.mutex ? apr_global_mutex_lock(cache.mutex) : APR_SUCCESS;
}

static void unlock(void)
{
    if (cache.mutex) {
        (void)apr_global_mutex_unlock(cache.mutex);
    }
}

static apr_status_t retrieve(request_rec *r, const unsigned char *key, unsigned char *buffer, unsigned int *length)
{
    apr_status_t status = lock();

    if (status == APR_SUCCESS) {
        status = cache.provider->retrieve(cache.instance, r->server, key, MNV_DIGEST_BYTES, buffer, length, r->pool);
        unlock();
    }
    return status;
}

/* A block opens under its own key only: whoever can write to the cache cannot put one person's record where another's belongs. */
static const char *aad_of(apr_pool_t *pool, const unsigned char *key)
{
    return apr_pstrcat(pool, "mynumber-record|", mnv_base64url_encode(pool, key, MNV_DIGEST_BYTES), NULL);
}

static const void *get_open(request_rec *r, const unsigned char *key, apr_size_t *got)
{
    /* Not in the request's pool: the size is known only afterwards. */
    unsigned char buffer[MNV_RECORD_LIMIT_BYTES];
    unsigned int length = sizeof(buffer);

    if (retrieve(r, key, buffer, &length) != APR_SUCCESS) {
        return NULL;
    }
    *got = length;
    return apr_pmemdup(r->pool, buffer, length);
}

static const void *get_sealed(request_rec *r, const unsigned char *key, apr_size_t *got)
{
    const mnv_keyring_t *keyring = mod_mnv_server_config(r->server)->keyring;
    unsigned int length = SEALED_LIMIT_BYTES;
    unsigned char *buffer, *plain = NULL;
    apr_pool_t *pool;

    apr_pool_create(&pool, r->pool);
    buffer = apr_palloc(pool, SEALED_LIMIT_BYTES + 1);
    if (retrieve(r, key, buffer, &length) == APR_SUCCESS && length <= SEALED_LIMIT_BYTES) {
        buffer[length] = '\0';
        if (mnv_keyring_open(mod_mnv_ctx(r), keyring, MNV_SEAL_RECORD, aad_of(pool, key), (const char *)buffer, &plain, got) != APR_SUCCESS) {
            plain = NULL;
        }
    }
    apr_pool_destroy(pool);
    return plain;
}

const void *mod_mnv_cache_get(request_rec *r, const unsigned char *key, apr_size_t *length)
{
    if (!cache.provider) {
        return NULL;
    }
    return cache.is_open ? get_open(r, key, length) : get_sealed(r, key, length);
}

const mnv_record_t *mod_mnv_record_get(request_rec *r, const unsigned char *digest)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    apr_size_t length;
    const mnv_record_t *record = mod_mnv_cache_get(r, digest, &length);

    return record && mnv_record_check(record, length, conf->record_slots, conf->site_check) ? record : NULL;
}

/* A cache that is down makes every request say so: once a minute is enough. */
static void tell_trouble(request_rec *r, apr_status_t status)
{
    static apr_uint32_t told_minute;
    apr_uint32_t minute = (apr_uint32_t)(apr_time_sec(apr_time_now()) / 60);

    if (apr_atomic_xchg32(&told_minute, minute) != minute) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, status, r, MNVLOGNO(1405) "could not keep a session record in the cache; the database is asked instead");
    }
}

void mod_mnv_cache_put(request_rec *r, const unsigned char *key, const void *data, apr_size_t length, apr_time_t expiry)
{
    apr_status_t status;

    if (!cache.provider || expiry <= apr_time_now()) { /* MyNumberRecheck 0, or the database took longer than that */
        return;
    }
    if (!cache.is_open) {
        const char *text;

        if (mnv_keyring_seal(mod_mnv_ctx(r), mod_mnv_server_config(r->server)->keyring, MNV_SEAL_RECORD, aad_of(r->pool, key), data, length, &text) != APR_SUCCESS) {
            return;
        }
        data = text;
        length = strlen(text);
    }
    status = lock();
    if (status == APR_SUCCESS) {
        /* A stale record is of no use to anybody: it goes soon after it stops being fresh, which it says itself. A second more, because redis and memcache refuse what has less
         * than a whole one to live. The provider copies, its parameter is not const by oversight. */
        status = cache.provider->store(cache.instance, r->server, key, MNV_DIGEST_BYTES, expiry + apr_time_from_sec(1), (unsigned char *)data, (unsigned int)length, r->pool);
        unlock();
    }
    if (status != APR_SUCCESS) {
        tell_trouble(r, status);
    }
}

void mod_mnv_record_put(request_rec *r, const unsigned char *digest, const mnv_record_t *record)
{
    mod_mnv_cache_put(r, digest, record, record->size, record->fresh_until < record->expires_at ? record->fresh_until : record->expires_at);
}

void mod_mnv_record_drop(request_rec *r, const unsigned char *digest)
{
    if (cache.provider && lock() == APR_SUCCESS) {
        (void)cache.provider->remove(cache.instance, r->server, digest, MNV_DIGEST_BYTES, r->pool);
        unlock();
    }
}
