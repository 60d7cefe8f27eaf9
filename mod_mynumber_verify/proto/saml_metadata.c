#include "proto/saml_metadata.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/civil.h"
#include "base/log.h"
#include "base/text.h"
#include "lib/crypt.h"

#define GROUPS_LIMIT 8 /* EntitiesDescriptor within each other */
#define CACHE_LIMIT  apr_time_from_sec(30 * 24 * 3600)

/* An EntitiesDescriptor that is open: its start tag, repeated around each provider, declares the prefixes that are used within. */
typedef struct group_t {
    const char *before, *behind;
    apr_time_t valid_until;
} group_t;

/* The walk over the text. */
typedef struct indexing_t {
    mnv_ctx_t *ctx;
    apr_pool_t *pool;
    const char *text;
    apr_time_t now;
    mnv_saml_metadata_t *metadata;
    group_t groups[GROUPS_LIMIT + 1]; /* the first one stands for the document */
    int depth;                        /* of groups */
    mnv_saml_entry_t entry;           /* of the EntityDescriptor that is open */
    int has_provider;
} indexing_t;

static const char *attribute(const mnv_xml_span_t *span, const char *name)
{
    const char **pair;

    for (pair = span->attributes; *pair; pair += 2) {
        if (!strcmp(pair[0], name)) {
            return pair[1];
        }
    }
    return NULL;
}

/* One part of an xs:duration, "12H". @return its seconds, -1 when it is none */
static apr_int64_t read_part(const char **text, const char *units, const apr_int64_t *seconds)
{
    apr_int64_t number = 0;
    const char *unit;

    if (!apr_isdigit(**text)) {
        return -1;
    }
    for (; apr_isdigit(**text); (*text)++) {
        number = number < 1000000 ? number * 10 + (**text - '0') : number;
    }
    unit = **text ? strchr(units, *(*text)++) : NULL;
    return unit ? number * seconds[unit - units] : -1;
}

/* xs:duration in whole numbers, a year of 365 days and a month of 30. @return 0 when it is none */
static apr_interval_time_t read_duration(const char *text)
{
    static const apr_int64_t days[] = { 365 * 86400, 30 * 86400, 86400 }, times[] = { 3600, 60, 1 };
    apr_int64_t total = 0, part = 0;
    int is_time = 0;

    if (!text || *text++ != 'P') {
        return 0;
    }
    for (; *text && part >= 0; total += part) {
        if (*text == 'T' && !is_time) {
            is_time = 1;
            text++;
        }
        part = read_part(&text, is_time ? "HMS" : "YMD", is_time ? times : days);
    }
    return part < 0 ? 0 : total * APR_USEC_PER_SEC < CACHE_LIMIT ? total * APR_USEC_PER_SEC : CACHE_LIMIT;
}

/* The lesser of two moments, 0 being none. */
static apr_time_t sooner(apr_time_t a, apr_time_t b)
{
    return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

/* validUntil of an element. One that is no time counts as long past. */
static apr_time_t valid_until(const mnv_xml_span_t *span)
{
    const char *text = attribute(span, "validUntil");
    apr_time_t at = 0;

    return text && mnv_civil_utc(text, &at) != APR_SUCCESS ? 1 : at;
}

static const char *end_tag(apr_pool_t *pool, const char *start_tag)
{
    return apr_pstrcat(pool, "</", apr_pstrmemdup(pool, start_tag + 1, strcspn(start_tag + 1, " \t\r\n>")), ">", NULL);
}

static apr_status_t open_group(indexing_t *indexing, const mnv_xml_span_t *span)
{
    const group_t *outer = &indexing->groups[indexing->depth];
    const char *tag = apr_pstrmemdup(indexing->pool, indexing->text + span->begin, span->inside - span->begin);
    group_t *group;

    if (indexing->depth == GROUPS_LIMIT) {
        return APR_ENOSPC;
    }
    group = &indexing->groups[++indexing->depth];
    group->before = apr_pstrcat(indexing->pool, outer->before, tag, NULL);
    group->behind = apr_pstrcat(indexing->pool, end_tag(indexing->pool, tag), outer->behind, NULL);
    group->valid_until = sooner(outer->valid_until, valid_until(span));
    return APR_SUCCESS;
}

static void open_entity(indexing_t *indexing, const mnv_xml_span_t *span)
{
    const char *entity_id = attribute(span, "entityID");

    indexing->has_provider = 0;
    indexing->entry.entity_id = mnv_text_is_token(entity_id, MNV_SAML_TEXT_LIMIT) ? apr_pstrdup(indexing->pool, entity_id) : "";
    indexing->entry.valid_until = sooner(indexing->groups[indexing->depth].valid_until, valid_until(span));
}

/* Keep what is behind, or note why not. */
static void close_entity(indexing_t *indexing, const mnv_xml_span_t *span)
{
    const group_t *group = &indexing->groups[indexing->depth];
    mnv_saml_entry_t *entry = apr_pmemdup(indexing->pool, &indexing->entry, sizeof(*entry));
    const struct iovec parts[] = {
        { (void *)group->before, strlen(group->before) },
        { (void *)(indexing->text + span->begin), span->end - span->begin },
        { (void *)group->behind, strlen(group->behind) },
    };
    const char *problem = !*entry->entity_id ? "has no usable entityID" : entry->valid_until && entry->valid_until <= indexing->now ? "has expired" : NULL;

    if (!indexing->has_provider) {
        return;
    }
    if (!problem && apr_hash_get(indexing->metadata->entries, entry->entity_id, APR_HASH_KEY_STRING)) {
        problem = "is there twice, the first one counts";
    }
    if (problem) {
        mnv_log(indexing->ctx, MNV_LOG_WARNING, MNVLOGNO(1260) "identity provider \"%s\" in the metadata %s", entry->entity_id, problem);
        return;
    }
    entry->text = apr_pstrcatv(indexing->pool, parts, 3, &entry->length);
    apr_hash_set(indexing->metadata->entries, entry->entity_id, APR_HASH_KEY_STRING, entry);
    indexing->metadata->first = entry->entity_id;
}

/* Metadata 2.3.1, 2.3.2, 2.4.3: groups within groups, entities in them, roles in those. What bears such a name elsewhere (in Extensions) is something else.
 * On the level of the innermost group there is only its end. */
static apr_status_t visit(void *baton, const mnv_xml_span_t *span)
{
    indexing_t *indexing = baton;
    int level = span->depth - indexing->depth;

    if (!span->ns || strcmp(span->ns, MNV_SAML_MD_NS)) {
        return APR_SUCCESS;
    }
    if (!strcmp(span->name, "EntitiesDescriptor")) {
        if (level == 1) {
            return open_group(indexing, span);
        }
        indexing->depth -= level == 0;
    }
    else if (level == 1 && !strcmp(span->name, "EntityDescriptor")) {
        if (span->attributes) {
            open_entity(indexing, span);
        }
        else {
            close_entity(indexing, span);
        }
    }
    else if (level == 2 && !strcmp(span->name, "IDPSSODescriptor")) {
        indexing->has_provider = 1;
    }
    return APR_SUCCESS;
}

/* The text to be read: the signed bytes, or the canonical form, which has no comments, instructions or default prefixes out of sight either. The tree lives no longer than this. */
static apr_status_t settle_text(mnv_ctx_t *ctx, apr_pool_t *tree, const mnv_saml_source_t *source, indexing_t *indexing, apr_size_t *length)
{
    apr_pool_t *scratch = apr_pool_parent_get(tree);
    const mnv_xml_node_t *root;
    const char *problem = NULL, *text, *until, *cache;
    mnv_xml_t *xml;
    apr_status_t status;

    if (mnv_xml_parse(tree, MNV_XML_METADATA, source->text, source->length, &xml, &problem) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "%s", problem);
    }
    root = mnv_xml_root(xml);
    if (!mnv_xml_is(root, MNV_SAML_MD_NS, "EntitiesDescriptor") && !mnv_xml_is(root, MNV_SAML_MD_NS, "EntityDescriptor")) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "it is neither an EntityDescriptor nor an EntitiesDescriptor");
    }
    status = source->trust ? mnv_xmldsig_verify_bytes(scratch, root, source->trust, &text, length, &problem)
                           : mnv_xml_canonical(scratch, xml, (char **)&text, length);
    if (status != APR_SUCCESS) {
        return mnv_fail(ctx, source->trust ? MNV_FAIL_SAML_METADATA_SIGNATURE : MNV_FAIL_SAML_METADATA, "%s", problem ? problem : "no canonical form");
    }
    until = mnv_xml_attr(root, "validUntil"); /* of the signed element itself, so that the tree is as good as the bytes */
    cache = mnv_xml_attr(root, "cacheDuration");
    if (until && mnv_civil_utc(until, &indexing->metadata->valid_until) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "validUntil is no time");
    }
    indexing->metadata->cache = read_duration(cache);
    indexing->text = text;
    return APR_SUCCESS;
}

static apr_status_t index_text(mnv_ctx_t *ctx, apr_pool_t *scratch, indexing_t *indexing, apr_size_t length)
{
    apr_time_t until = indexing->metadata->valid_until;

    if (until && until <= indexing->now) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA_EXPIRED, "validUntil was %s", mnv_civil_rfc3339(ctx->pool, until));
    }
    if (mnv_xml_scan(scratch, indexing->text, length, GROUPS_LIMIT + 2, visit, indexing) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "could not index it");
    }
    if (apr_hash_count(indexing->metadata->entries) == 0) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "there is no identity provider in it");
    }
    return APR_SUCCESS;
}

apr_status_t mnv_saml_metadata_load(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_saml_source_t *source, mnv_saml_metadata_t **metadata)
{
    mnv_saml_metadata_t *made = apr_pcalloc(pool, sizeof(*made));
    indexing_t indexing = { ctx, pool, NULL, mnv_now(ctx), made, { { "", "", 0 } }, 0, { NULL, NULL, 0, 0 }, 0 };
    apr_size_t length = 0;
    apr_pool_t *scratch, *tree;
    apr_status_t status;

    made->entries = apr_hash_make(pool);
    apr_pool_create(&scratch, ctx->pool);
    apr_pool_create(&tree, scratch);
    status = settle_text(ctx, tree, source, &indexing, &length);
    apr_pool_destroy(tree);
    if (status == APR_SUCCESS) {
        status = index_text(ctx, scratch, &indexing, length);
    }
    apr_pool_destroy(scratch);
    if (status == APR_SUCCESS) {
        *metadata = made;
    }
    return status;
}

apr_size_t mnv_saml_metadata_count(const mnv_saml_metadata_t *metadata)
{
    return apr_hash_count(metadata->entries);
}

const char *mnv_saml_metadata_only(const mnv_saml_metadata_t *metadata)
{
    return mnv_saml_metadata_count(metadata) == 1 ? metadata->first : NULL;
}

apr_time_t mnv_saml_metadata_valid_until(const mnv_saml_metadata_t *metadata)
{
    return metadata->valid_until;
}

apr_interval_time_t mnv_saml_metadata_cache(const mnv_saml_metadata_t *metadata)
{
    return metadata->cache;
}

apr_status_t mnv_saml_print(const char *entity_id, unsigned char print[MNV_SAML_PRINT_BYTES])
{
    unsigned char digest[MNV_DIGEST_BYTES];
    apr_status_t status = mnv_crypt_sha256(entity_id, strlen(entity_id), digest);

    memcpy(print, digest, MNV_SAML_PRINT_BYTES);
    return status;
}

const char *mnv_saml_metadata_printed(apr_pool_t *pool, const mnv_saml_metadata_t *metadata, const unsigned char print[MNV_SAML_PRINT_BYTES])
{
    unsigned char other[MNV_SAML_PRINT_BYTES];
    apr_hash_index_t *index;

    for (index = apr_hash_first(pool, metadata->entries); index; index = apr_hash_next(index)) {
        const char *entity_id = ((const mnv_saml_entry_t *)apr_hash_this_val(index))->entity_id;

        if (mnv_saml_print(entity_id, other) == APR_SUCCESS && !memcmp(print, other, MNV_SAML_PRINT_BYTES)) {
            return entity_id;
        }
    }
    return NULL;
}

apr_status_t mnv_saml_metadata_find(mnv_ctx_t *ctx, apr_pool_t *pool, const mnv_saml_metadata_t *metadata, const char *entity_id, mnv_saml_provider_t **provider)
{
    const mnv_saml_entry_t *entry = apr_hash_get(metadata->entries, entity_id, APR_HASH_KEY_STRING);

    if (!entry) {
        return mnv_fail(ctx, MNV_FAIL_SAML_PROVIDER, "\"%.200s\"", entity_id);
    }
    if (entry->valid_until && entry->valid_until <= mnv_now(ctx)) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA_EXPIRED, "\"%s\": validUntil was %s", entity_id, mnv_civil_rfc3339(ctx->pool, entry->valid_until));
    }
    return mnv_saml_provider_read(ctx, pool, entry, provider);
}
