#include "httpd/sector.h"

#include <apr_strings.h>
#include <string.h>
#include "base/log.h"
#include "httpd/record_cache.h"
#include "lib/crypt.h"
#include "out/assertion.h"

#define MAGIC 0x4d4e5353u /* "MNSS"; changes with the layout */

/* What tells sectors apart. */
#define IS_SHARED 1u
#define HAS_ASSERTION 2u
#define HAS_ACCOUNT 4u

/* Its place in the cache: the session's key, turned by what the configuration says here. Only who knows a session's id can find anything of that session. */
static void key_of(const mod_mnv_visit_t *visit, const mod_mnv_dir_config_t *dir, int knows_account, unsigned char key[MNV_DIGEST_BYTES])
{
    apr_uint64_t turn[4] = {0}, word;
    int i;

    turn[0] = MAGIC;
    if (dir->subject == MNV_SUBJECT_SHARED) {
        turn[0] |= (apr_uint64_t)IS_SHARED << 32;
    }
    else {
        turn[1] = dir->name_print;
    }
    if (dir->assertion.is_on) {
        turn[0] |= (apr_uint64_t)(HAS_ASSERTION | (knows_account ? HAS_ACCOUNT : 0)) << 32;
        turn[1] += dir->assertion.audience ? 0 : dir->name_print; /* part of the audience then, also of a shared subject */
        turn[2] = dir->exported->print;
        turn[3] = dir->assertion.print;
    }
    for (i = 0; i < 4; i++) {
        memcpy(&word, visit->digest + 8 * i, sizeof(word));
        word ^= turn[i];
        memcpy(key + 8 * i, &word, sizeof(word));
    }
}

/* Checking. ------------------------------------------------------------------ */

/* Within the block, whose last byte is NUL? */
static int is_inside(const mod_mnv_sector_t *sector, apr_uint32_t at)
{
    return !at || (at >= sizeof(*sector) && at < sector->size);
}

/* A whole entry of this site? */
static int is_sound(const mod_mnv_sector_t *sector, apr_size_t length, apr_uint32_t site)
{
    return length > sizeof(*sector) && sector->magic == MAGIC && sector->size == length && sector->site == site && !sector->reserved && sector->renew_at >= 0
           && !((const unsigned char *)sector)[length - 1];
}

static int is_good(const mod_mnv_sector_t *sector, const mnv_record_t *record)
{
    return !memcmp(sector->content, record->content, sizeof(record->content)) && (!sector->renew_at || apr_time_now() < sector->renew_at)
           && is_inside(sector, sector->subject) && is_inside(sector, sector->assertion);
}

/* Making. -------------------------------------------------------------------- */

static const char *host_of(const mod_mnv_server_config_t *conf)
{
    const char *host = strstr(conf->options.site.base_url, "://");

    return host ? host + 3 : "";
}

/* @param who whose hash, never handed on itself */
static const char *hash(mnv_ctx_t *ctx, const mod_mnv_server_config_t *conf, const mod_mnv_dir_config_t *dir, const char *who)
{
    int is_shared = dir->subject == MNV_SUBJECT_SHARED;

    /* Two hosts may share the secret file, and are two sites to a person all the same. */
    return mnv_keyring_hash(ctx, conf->keyring, MNV_HASH_PAIRWISE, host_of(conf), !is_shared && dir->name ? dir->name : "", who, is_shared ? "shared" : NULL, NULL);
}

/* Somebody of whom only an account is known has no subject for headers; an assertion has one always. */
static const char *assertion_subject(mnv_ctx_t *ctx, const mod_mnv_server_config_t *conf, const mod_mnv_dir_config_t *dir, const mnv_record_t *record)
{
    const char *issuer = mnv_record_value(record, MNV_ENCODING_UTF8, MNV_FACT_ACCOUNT_ISSUER), *account = mnv_record_value(record, MNV_ENCODING_UTF8, MNV_FACT_ACCOUNT);

    if (!account) {
        (void)mnv_fail(ctx, MNV_FAIL_INTERNAL, "a session without account and identity");
        return NULL;
    }
    return hash(ctx, conf, dir, apr_pstrcat(ctx->pool, "account ", issuer ? issuer : "", " ", account, NULL));
}

static void find_exported(request_rec *r, mnv_assertion_source_t *source)
{
    const apr_array_header_t *exports = mod_mnv_exports(r);
    int i;

    for (i = 0; i < exports->nelts; i++) {
        apr_uint32_t slot = APR_ARRAY_IDX(exports, i, mod_mnv_export_t).slot;

        if (mod_mnv_is_of_account(slot) && !mod_mnv_knows_account(r, source->record)) {
            continue;
        }
        if (slot < MNV_FACT_COUNT) {
            source->facts |= 1u << slot;
        }
        else {
            source->exported_attributes |= APR_UINT64_C(1) << (slot - MNV_FACT_COUNT);
        }
    }
}

/* @param ends_at when the assertion ends */
static apr_status_t make_assertion(request_rec *r, mnv_ctx_t *ctx, const char *subject, const char **assertion, apr_time_t *ends_at)
{
    const mod_mnv_server_config_t *conf = mod_mnv_server_config(r->server);
    const mod_mnv_dir_config_t *dir = mod_mnv_dir_config(r);
    const apr_array_header_t *keys = conf->options.site.assertion_keys;
    mnv_assertion_source_t source = {0};

    if (!keys) {
        return mnv_fail(ctx, MNV_FAIL_SIGN, "no key for assertions");
    }
    source.record = mod_mnv_request(r)->visit->record;
    source.issuer = conf->options.site.base_url;
    source.audience = dir->assertion.audience ? dir->assertion.audience : apr_pstrcat(ctx->pool, source.issuer, dir->name && *dir->name == '/' ? dir->name : NULL, NULL);
    source.subject = subject ? subject : assertion_subject(ctx, conf, dir, source.record);
    source.attributes = conf->options.signin.account_pass;
    find_exported(r, &source);
    return source.subject ? mnv_assertion_make(ctx, &source, APR_ARRAY_IDX(keys, 0, mnv_client_key_t).key, assertion, ends_at) : APR_EGENERAL;
}

static apr_uint32_t put_text(mod_mnv_sector_t *sector, const char *text)
{
    apr_uint32_t at = sector->size;

    if (!text) {
        return 0;
    }
    memcpy((char *)sector + at, text, strlen(text) + 1);
    sector->size += (apr_uint32_t)strlen(text) + 1;
    return at;
}

static mod_mnv_sector_t *lay_out(request_rec *r, const char *subject, const char *assertion)
{
    const mnv_record_t *record = mod_mnv_request(r)->visit->record;
    mod_mnv_sector_t *sector = apr_pcalloc(r->pool, sizeof(*sector) + (subject ? strlen(subject) + 1 : 0) + (assertion ? strlen(assertion) + 1 : 0) + 1);

    sector->magic = MAGIC;
    sector->size = sizeof(*sector);
    sector->site = record->site;
    memcpy(sector->content, record->content, sizeof(sector->content));
    sector->subject = put_text(sector, subject);
    sector->assertion = put_text(sector, assertion);
    sector->size++; /* never without a NUL at its end */
    return sector;
}

/* @return NULL after a told failure */
static mod_mnv_sector_t *make(request_rec *r)
{
    mod_mnv_visit_t *visit = mod_mnv_request(r)->visit;
    mnv_ctx_t *ctx = mod_mnv_visit_ctx(visit);
    const mod_mnv_dir_config_t *dir = mod_mnv_dir_config(r);
    const char *who = mnv_record_value(visit->record, MNV_ENCODING_UTF8, MNV_FACT_SUBJECT), *subject = NULL, *assertion = NULL;
    mod_mnv_sector_t *sector;
    apr_time_t ends_at = 0, now = apr_time_now();

    if (who) {
        subject = hash(ctx, mod_mnv_server_config(r->server), dir, who);
        if (!subject) {
            return NULL;
        }
    }
    if (dir->assertion.is_on && make_assertion(r, ctx, subject, &assertion, &ends_at) != APR_SUCCESS) {
        return NULL;
    }
    sector = lay_out(r, subject, assertion);
    sector->renew_at = assertion ? now + (ends_at - now) / 2 : 0;
    return sector;
}

/* Use. ----------------------------------------------------------------------- */

static const mod_mnv_sector_t *find(request_rec *r)
{
    mod_mnv_visit_t *visit = mod_mnv_request(r)->visit;
    const mod_mnv_dir_config_t *dir = mod_mnv_dir_config(r);
    unsigned char key[MNV_DIGEST_BYTES];
    const mod_mnv_sector_t *sector;
    mod_mnv_sector_t *made;
    apr_size_t length;

    key_of(visit, dir, mod_mnv_knows_account(r, visit->record), key);
    sector = mod_mnv_cache_get(r, key, &length);
    if (sector && is_sound(sector, length, visit->record->site) && is_good(sector, visit->record)) {
        return sector;
    }
    made = make(r);
    if (!made) {
        visit->failure = mod_mnv_visit_ctx(visit)->failure;
        return NULL;
    }
    mod_mnv_cache_put(r, key, made, made->size, made->renew_at ? made->renew_at : visit->record->expires_at);
    return made;
}

const mod_mnv_sector_t *mod_mnv_sector(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);
    const mod_mnv_dir_config_t *dir = mod_mnv_dir_config(r);

    if (!request->visit->record) {
        return NULL;
    }
    if (request->sector_of != dir) {
        request->sector_of = dir;
        request->sector = find(r);
    }
    return request->sector;
}

static const char *text_at(const mod_mnv_sector_t *sector, apr_uint32_t at)
{
    return at ? (const char *)sector + at : NULL;
}

const char *mod_mnv_subject(request_rec *r)
{
    const mod_mnv_sector_t *sector = mod_mnv_sector(r);

    return sector ? text_at(sector, sector->subject) : NULL;
}

const char *mod_mnv_assertion(request_rec *r)
{
    const mod_mnv_sector_t *sector = mod_mnv_dir_config(r)->assertion.is_on ? mod_mnv_sector(r) : NULL;

    return sector ? text_at(sector, sector->assertion) : NULL;
}

void mod_mnv_set_user(request_rec *r)
{
    const mnv_record_t *record = mod_mnv_session(r)->record;
    const char *user = NULL;

    if (record && mod_mnv_knows_account(r, record)) {
        user = mnv_record_value(record, MNV_ENCODING_UTF8, MNV_FACT_ACCOUNT);
    }
    else if (record) {
        user = mod_mnv_subject(r);
    }
    /* Not left as it was: under our AuthType nobody else says who this is. */
    r->user = (char *)user;
    r->ap_auth_type = user ? MOD_MNV_AUTH_TYPE : NULL;
}
