#include "ctl/ctl_saml.h"

#include <apr_strings.h>
#include "base/civil.h"
#include "flow/federation.h"
#include "lib/certificate.h"
#include "lib/jose.h"
#include "proto/saml_metadata.h"

#define HOUR apr_time_from_sec(60 * 60)
#define SOON apr_time_from_sec(30 * 86400)
#define METADATA_SOON apr_time_from_sec(2 * 86400) /* federations sign theirs anew every day, for a week or two */
#define COPY_OLD apr_time_from_sec(2 * 86400)      /* httpd fetches them anew once a day at least */

typedef struct judging_t {
    const ctl_t *ctl;
    ctl_found_t *found;
    void *baton;
} judging_t;

/* Metadata that could be read. */
typedef struct known_t {
    const char *place;      /* of the metadata, a file or a URL */
    const char *copied;     /* what there is to say of its copy; of a file nothing */
    const char *mend;       /* what to do before they run out */
    const char *next_key;   /* what to do before the provider's certificate does */
    apr_time_t fetched_at;  /* 0: a file */
    mnv_saml_metadata_t *metadata;
} known_t;

/* A certificate or key with the file it stands in. */
typedef struct named_t {
    const char *file;
    mnv_certificate_t *certificate;
    mnv_private_key_t *key;
} named_t;

static const char *day(const judging_t *judging, apr_time_t at)
{
    return apr_pstrndup(judging->ctl->pool, mnv_civil_rfc3339(judging->ctl->pool, at), 10);
}

/* @return the parsed ones (named_t), NULL when one of them cannot be used (told) */
static apr_array_header_t *certificates_of(judging_t *judging, const char *what, const apr_array_header_t *files)
{
    apr_pool_t *pool = judging->ctl->pool;
    apr_array_header_t *all = apr_array_make(pool, 2, sizeof(named_t)), *some;
    const char *problem;
    int i, k, is_whole = 1;

    for (i = 0; i < files->nelts; i++) {
        const ctl_file_t *file = &APR_ARRAY_IDX(files, i, ctl_file_t);

        if (mnv_certificate_pem(pool, file->text, file->length, &some, &problem) != APR_SUCCESS) {
            judging->found(judging->baton, CTL_FAIL, "name a PEM file with a certificate", apr_psprintf(pool, "%s \"%s\" cannot be used: %s", what, file->name, problem));
            is_whole = 0;
            continue;
        }
        for (k = 0; k < some->nelts; k++) {
            named_t *one = apr_array_push(all);
            one->file = file->name;
            one->certificate = APR_ARRAY_IDX(some, k, mnv_certificate_t *);
        }
    }
    return is_whole ? all : NULL;
}

static apr_array_header_t *keys_of(judging_t *judging, const apr_array_header_t *files)
{
    apr_pool_t *pool = judging->ctl->pool;
    apr_array_header_t *all = apr_array_make(pool, 2, sizeof(named_t));
    mnv_private_key_t *key;
    const char *problem;
    int i;

    for (i = 0; i < files->nelts; i++) {
        const ctl_file_t *file = &APR_ARRAY_IDX(files, i, ctl_file_t);

        if (mnv_private_key_parse(pool, file->text, file->length, NULL, &key, &problem) != APR_SUCCESS) {
            judging->found(judging->baton, CTL_FAIL, "make one with openssl req -x509 -newkey rsa:3072 -nodes -keyout FILE -out CERTFILE",
                           apr_psprintf(pool, "SAML key \"%s\" cannot be used: %s", file->name, problem));
            continue;
        }
        named_t *one = apr_array_push(all);
        one->file = file->name;
        one->key = key;
    }
    return all;
}

/* What there is to say of a certificate's end. @param mend what to do when it is near or past */
static void tell_end(judging_t *judging, const char *of, const mnv_certificate_t *certificate, const char *mend)
{
    apr_time_t ends = mnv_certificate_ends(certificate), now = mnv_now(judging->ctl->ctx);
    ctl_level_e level = ends < now + SOON ? CTL_WARN : CTL_OK;

    judging->found(judging->baton, level, level == CTL_OK ? NULL : mend,
                   apr_psprintf(judging->ctl->pool, "%s: certificate %s %s", of, ends < now ? "ran out on" : "is good until", day(judging, ends)));
}

/* Each key has its certificate, and each certificate its key. */
static void judge_pairs(judging_t *judging, const apr_array_header_t *keys, const apr_array_header_t *certificates)
{
    apr_pool_t *pool = judging->ctl->pool;
    char *matched = apr_pcalloc(pool, (apr_size_t)certificates->nelts + 1);
    int i, k;

    for (i = 0; i < keys->nelts; i++) {
        const named_t *key = &APR_ARRAY_IDX(keys, i, named_t), *fits = NULL;

        for (k = 0; k < certificates->nelts; k++) {
            if (mnv_certificate_fits(APR_ARRAY_IDX(certificates, k, named_t).certificate, key->key)) {
                fits = &APR_ARRAY_IDX(certificates, k, named_t);
                matched[k] = 1;
            }
        }
        if (!fits) {
            judging->found(judging->baton, CTL_FAIL, "name it by MyNumberSAMLCert", apr_psprintf(pool, "SAML key \"%s\" has no certificate", key->file));
            continue;
        }
        tell_end(judging, apr_psprintf(pool, "SAML key \"%s\" is private, fits certificate \"%s\" and %s", key->file, fits->file, i ? "opens" : "signs and opens"), fits->certificate,
                 "make another pair, name it behind this one, give providers the new metadata, and exchange the two once they have it");
    }
    for (k = 0; k < certificates->nelts; k++) {
        if (!matched[k]) {
            judging->found(judging->baton, CTL_FAIL, "name its key by MyNumberSAMLKey, or remove it", apr_psprintf(pool, "SAML certificate \"%s\" has no key", APR_ARRAY_IDX(certificates, k, named_t).file));
        }
    }
}

static void judge_provider(judging_t *judging, const known_t *known, const char *entity_id)
{
    apr_pool_t *pool = judging->ctl->pool;
    mnv_saml_provider_t *provider;
    int i;

    if (mnv_saml_metadata_find(judging->ctl->ctx, pool, known->metadata, entity_id, &provider) != APR_SUCCESS) {
        judging->found(judging->baton, CTL_FAIL, "write the entityID as it stands there", apr_psprintf(pool, "metadata \"%s\" cannot be used for %s: %s", known->place, entity_id, ctl_failure(judging->ctl)));
        return;
    }
    for (i = 0; i < provider->certificates->nelts; i++) {
        tell_end(judging, apr_psprintf(pool, "identity provider %s, key %d of %d", provider->entity_id, i + 1, provider->certificates->nelts),
                 APR_ARRAY_IDX(provider->certificates, i, const mnv_certificate_t *), known->next_key);
    }
}

static void judge_known(judging_t *judging, const ctl_saml_t *saml, const known_t *known)
{
    const apr_time_t now = mnv_now(judging->ctl->ctx), ends = mnv_saml_metadata_valid_until(known->metadata);
    const int is_old = known->fetched_at && now - known->fetched_at > COPY_OLD;
    const ctl_level_e level = ends && ends <= now ? CTL_FAIL : is_old || (ends && ends < now + METADATA_SOON) ? CTL_WARN : CTL_OK;
    const char *until = !ends ? "" : apr_psprintf(judging->ctl->pool, level == CTL_FAIL ? ", ran out on %s" : ", valid until %s", day(judging, ends));
    const char *entity_id = saml->provider ? saml->provider : mnv_saml_metadata_only(known->metadata);

    judging->found(judging->baton, level, level == CTL_OK ? NULL : known->mend,
                   apr_psprintf(judging->ctl->pool, "metadata \"%s\" %s be used%s: %" APR_SIZE_T_FMT " identity providers, %s%s", known->place, level == CTL_FAIL ? "cannot" : "can", known->copied,
                                mnv_saml_metadata_count(known->metadata), saml->metadata_certificates->nelts ? "signed" : "not looked at by whom signed", until));
    if (entity_id && level != CTL_FAIL) {
        judge_provider(judging, known, entity_id);
    }
}

static void judge_file(judging_t *judging, const ctl_saml_t *saml, apr_array_header_t *signers)
{
    apr_pool_t *pool = judging->ctl->pool;
    const mnv_xmldsig_trust_t trust = {signers, 0};
    const mnv_saml_source_t source = {saml->metadata->text, saml->metadata->length, signers ? &trust : NULL};
    known_t known = {saml->metadata->name, "", "save them anew before that: nobody can sign in afterwards",
                     "ask the provider for its next one, and save its metadata anew; it works on until the provider takes it away", 0, NULL};

    if (mnv_saml_metadata_load(judging->ctl->ctx, pool, &source, &known.metadata) != APR_SUCCESS) {
        judging->found(judging->baton, CTL_FAIL, "save them anew, as the provider or the federation publishes them",
                       apr_psprintf(pool, "metadata \"%s\" cannot be used: %s", known.place, ctl_failure(judging->ctl)));
        return;
    }
    judge_known(judging, saml, &known);
}

/* Of a URL what httpd has fetched last. */
static void judge_copy(judging_t *judging, const ctl_saml_t *saml, apr_array_header_t *signers)
{
    mnv_ctx_t *ctx = judging->ctl->ctx;
    apr_pool_t *pool = judging->ctl->pool;
    mnv_copy_t copy = {mnv_copy_name(ctx, pool, saml->state_dir, saml->keyring, saml->url), saml->url, saml->keyring, signers, 0};
    const char *refused = NULL;
    mnv_snapshot_t *snapshot = mnv_copy_read(ctx, &copy, 0, &refused);
    known_t known = {saml->url, NULL, "httpd's error log says why nothing newer could be fetched",
                     "ask the provider when its next one will be in its metadata; it works on until the provider takes it away", 0, NULL};

    if (refused) {
        judging->found(judging->baton, CTL_WARN, "httpd fetches them anew; if it runs already, look at its error log",
                       apr_psprintf(pool, "copy \"%s\" of metadata \"%s\" is not used: %s", copy.name, saml->url, refused));
    }
    else if (!snapshot) {
        judging->found(judging->baton, CTL_WARN, "httpd fetches them when it runs; if it does already, look at its error log",
                       apr_psprintf(pool, "of metadata \"%s\" there is no copy in \"%s\" yet", saml->url, saml->state_dir));
    }
    else {
        apr_pool_cleanup_register(pool, snapshot, mnv_snapshot_release, apr_pool_cleanup_null);
        known.metadata = snapshot->metadata;
        known.fetched_at = snapshot->fetched_at;
        known.copied = apr_psprintf(pool, ", copy \"%s\" of %s, %d h old", copy.name, mnv_civil_rfc3339(pool, snapshot->fetched_at), (int)((mnv_now(ctx) - snapshot->fetched_at) / HOUR));
        judge_known(judging, saml, &known);
    }
}

/* As those who read metadata want them. @return NULL: nobody need have signed */
static apr_array_header_t *judge_signers(judging_t *judging, const apr_array_header_t *signers)
{
    apr_pool_t *pool = judging->ctl->pool;
    apr_array_header_t *certificates = apr_array_make(pool, 2, sizeof(mnv_certificate_t *));
    int i;

    for (i = 0; i < signers->nelts; i++) {
        const named_t *one = &APR_ARRAY_IDX(signers, i, named_t);

        APR_ARRAY_PUSH(certificates, mnv_certificate_t *) = one->certificate;
        tell_end(judging, apr_psprintf(pool, "signer of the metadata in \"%s\"", one->file), one->certificate, "name the federation's next one too, and remove this one when nothing is signed by it any more");
    }
    return certificates->nelts ? certificates : NULL;
}

void ctl_saml(const ctl_t *ctl, const ctl_saml_t *saml, ctl_found_t *found, void *baton)
{
    judging_t judging = { ctl, found, baton };
    apr_array_header_t *keys = keys_of(&judging, saml->keys), *certificates = certificates_of(&judging, "SAML certificate", saml->certificates);
    const apr_array_header_t *signers = certificates_of(&judging, "certificate of the metadata's signer", saml->metadata_certificates);

    if (keys->nelts == saml->keys->nelts && certificates) { /* else it has been told already */
        judge_pairs(&judging, keys, certificates);
    }
    if (mnv_xml_init() != APR_SUCCESS) {
        found(baton, CTL_FAIL, "check their installation", "libxml2 or xmlsec1 does not work");
    }
    else if (signers && saml->metadata) {
        judge_file(&judging, saml, judge_signers(&judging, signers));
    }
    else if (signers && saml->url) {
        judge_copy(&judging, saml, judge_signers(&judging, signers));
    }
}
