/* What sign-in by SAML does beside requests: metadata at start and ahead of need, and warnings of what runs out. */
#include "flow/flow_saml.h"

#include <apr_atomic.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include "base/log.h"
#include "flow/expiry.h"
#include "flow/federation.h"

#define LOOK_INTERVAL apr_time_from_sec(60 * 60)

enum { OF_METADATA, OF_SIGNERS, OF_PROVIDER, OURS, THINGS };

/* Of one host, in memory that all processes share. */
typedef struct shared_t {
    mnv_expiry_t told[THINGS];
    volatile apr_uint32_t is_doubted; /* the keys in the metadata may be those of yesterday */
} shared_t;

/* Of one host, in this process. */
typedef struct notes_t {
    shared_t *shared;
    apr_time_t looked_at;
} notes_t;

/* The end of the first, or of the last, of some certificates. @return 0: there are none */
static apr_time_t end_of(const apr_array_header_t *certificates, int is_last)
{
    apr_time_t end = 0;
    int i;

    for (i = 0; certificates && i < certificates->nelts; i++) {
        const apr_time_t one = mnv_certificate_ends(APR_ARRAY_IDX(certificates, i, const mnv_certificate_t *));

        end = !end || (is_last ? one > end : one < end) ? one : end;
    }
    return end;
}

static void tell_metadata(mnv_ctx_t *ctx, const mnv_saml_options_t *saml, mnv_expiry_t *told, const mnv_saml_metadata_t *metadata, apr_time_t since)
{
    mnv_ending_t ending = {0};

    ending.what = apr_psprintf(ctx->pool, "what \"%s\" says of identity providers", saml->metadata);
    ending.mend = saml->is_url ? "earlier lines say why nothing newer could be fetched" : "put a newer file there";
    ending.begins = since;
    ending.ends = mnv_saml_metadata_valid_until(metadata);
    mnv_expiry_tell(ctx, told, &ending);
}

/* Of the one provider there is: where people choose among many, their keys are their federation's affair. While keys roll over there are two, and the older may run out. */
static void tell_provider(mnv_ctx_t *ctx, const mnv_options_t *options, mnv_expiry_t *told, const mnv_saml_metadata_t *metadata)
{
    const char *entity_id = options->account.issuer ? options->account.issuer : mnv_saml_metadata_only(metadata);
    const mnv_failure_t before = ctx->failure;
    mnv_ending_t ending = {0};
    mnv_saml_provider_t *provider;

    if (entity_id && mnv_saml_metadata_find(ctx, ctx->pool, metadata, entity_id, &provider) == APR_SUCCESS) {
        ending.what = apr_psprintf(ctx->pool, "the certificate of identity provider \"%s\"", entity_id);
        ending.mend = "its key is believed on, but will be another before long: see to it that newer metadata arrive";
        ending.ends = end_of(provider->certificates, 1);
        mnv_expiry_tell(ctx, told, &ending);
    }
    ctx->failure = before;
}

static void tell(mnv_ctx_t *ctx, const mnv_options_t *options, mnv_federation_t *federation)
{
    static const char ours[] = "a certificate of MyNumberSAMLCert", signers[] = "the certificate of MyNumberSAMLMetadataCert";
    notes_t *notes = *mnv_federation_notes(federation);
    const apr_time_t now = mnv_now(ctx);
    const mnv_ending_t own = { ours, "add a new pair by MyNumberSAMLKey and MyNumberSAMLCert, have our new metadata registered, then remove the old pair", 0, end_of(options->saml.certificates, 0) };
    const mnv_ending_t theirs = { signers, "add the next one of the federation", 0, end_of(options->saml.signers, 1) };
    const mnv_saml_metadata_t *metadata;
    apr_time_t since;

    if (!notes || (notes->looked_at <= now && now - notes->looked_at < LOOK_INTERVAL)) {
        return;
    }
    notes->looked_at = now;
    mnv_expiry_tell(ctx, &notes->shared->told[OURS], &own);
    mnv_expiry_tell(ctx, &notes->shared->told[OF_SIGNERS], &theirs);
    metadata = mnv_federation_current(ctx, federation, &since);
    if (metadata) {
        tell_metadata(ctx, &options->saml, &notes->shared->told[OF_METADATA], metadata, since);
        if (!mnv_saml_metadata_valid_until(metadata) || mnv_saml_metadata_valid_until(metadata) > now) {
            tell_provider(ctx, options, &notes->shared->told[OF_PROVIDER], metadata);
        }
    }
}

void mnv_saml_ready(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_options_t *options, struct mnv_federation_t *federation)
{
    notes_t *notes = apr_pcalloc(pool, sizeof(*notes));
    apr_shm_t *memory;

    if (options->saml.is_url) {
        mnv_federation_start(ctx, federation);
    }
    if (apr_shm_create(&memory, sizeof(shared_t), NULL, pool) == APR_SUCCESS) { /* anonymous, zero */
        notes->shared = apr_shm_baseaddr_get(memory);
        *mnv_federation_notes(federation) = notes;
        tell(ctx, options, federation);
    }
}

void mnv_saml_connect(const mnv_site_t *site)
{
    mnv_federation_connect(site->federation, site->http);
}

void mnv_saml_doubt(mnv_ctx_t *ctx, const mnv_site_t *site)
{
    const notes_t *notes = *mnv_federation_notes(site->federation);

    if (notes && site->options->saml.is_url && !apr_atomic_xchg32(&notes->shared->is_doubted, 1)) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1269) "metadata \"%s\" may lack a new key: they are fetched anew if they are older than 5 minutes", site->options->saml.metadata);
    }
}

void mnv_saml_refresh(mnv_ctx_t *ctx, const mnv_site_t *site, const volatile apr_uint32_t *stop)
{
    const notes_t *notes = *mnv_federation_notes(site->federation);
    const int is_doubted = notes && apr_atomic_xchg32(&notes->shared->is_doubted, 0);

    mnv_federation_refresh(ctx, site->federation, is_doubted, stop); /* a failure is told, and tried again in a later step */
    tell(ctx, site->options, site->federation);
}
