#include "out/record.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <stdint.h>
#include <string.h>
#include "base/base64url.h"
#include "base/civil.h"
#include "base/log.h"
#include "base/text.h"
#include "lib/crypt.h"
#include "out/assurance.h"

#define KNOWN_FLAGS (MNV_HAS_ACCOUNT | MNV_HAS_IDENTITY | MNV_HAS_LINKED_ACCOUNT | MNV_HAS_LINKED_IDENTITY | MNV_HAS_LINK | MNV_IS_HELD | MNV_IS_ANOTHER)

/* Where a record's values begin. */
static apr_size_t values_start(apr_uint32_t slots)
{
    return sizeof(mnv_record_t) + (apr_size_t)MNV_ENCODING_COUNT * slots * sizeof(apr_uint32_t);
}

/* Making. ------------------------------------------------------------------ */

/* What is true of the session, before it is laid out. */
typedef struct facts_t {
    const mnv_record_source_t *source;
    const mnv_identity_t *identity; /* the session's, else what a fitting link keeps; NULL: none */
    apr_uint32_t flags, slots;
    apr_time_t now, fresh_until;
    const char **text;              /* [slots], NULL: absent */
} facts_t;

/* A live link that every half present belongs to. A link of only one of two halves is a conflict and tells nothing. */
static int link_fits(const mnv_record_source_t *source, apr_time_t now)
{
    const mnv_session_t *session = source->session;
    const mnv_link_t *link = source->link;

    return link && mnv_link_is_live(link, now) && (session->account || session->identity)
           && (!session->account || mnv_link_has_account(link, session->account))
           && (!session->identity || mnv_link_has_identity(link, session->identity));
}

/* Earlier, but only when it is still to come. */
static void fresh_only_until(facts_t *facts, apr_time_t moment)
{
    if (moment > facts->now && moment < facts->fresh_until) {
        facts->fresh_until = moment;
    }
}

/* By card alone nobody comes in through a new link. */
static int is_held(facts_t *facts)
{
    const mnv_record_source_t *source = facts->source;
    apr_time_t end = source->hold ? source->link->linked_at + source->hold : 0;

    if (source->session->account || end <= facts->now) {
        return 0;
    }
    fresh_only_until(facts, end);
    return 1;
}

static int is_another(const facts_t *facts)
{
    const mnv_session_t *session = facts->source->session;
    const mnv_link_t *link = facts->source->link;

    return session->account && session->identity && link && mnv_link_is_live(link, facts->now) && mnv_link_has_account(link, session->account)
           && !mnv_link_has_identity(link, session->identity);
}

static void find_flags(facts_t *facts)
{
    const mnv_session_t *session = facts->source->session;

    facts->flags = (session->account ? MNV_HAS_ACCOUNT : 0) | (session->identity ? MNV_HAS_IDENTITY : 0);
    facts->identity = session->identity;
    if (is_another(facts)) {
        facts->flags |= MNV_IS_ANOTHER;
    }
    if (!link_fits(facts->source, facts->now)) {
        return;
    }
    if (is_held(facts)) {
        facts->flags |= MNV_IS_HELD;
    }
    else {
        facts->flags |= MNV_HAS_LINK | (session->identity ? MNV_HAS_LINKED_ACCOUNT : 0) | (session->account ? MNV_HAS_LINKED_IDENTITY : 0);
        if (!facts->identity) {
            facts->identity = facts->source->link->identity;
        }
    }
}

static const char *age_over(facts_t *facts, int age)
{
    apr_time_t moment;

    if (!facts->identity->birthdate || mnv_civil_reaches(facts->identity->birthdate, age, &moment) != APR_SUCCESS) {
        return NULL;
    }
    fresh_only_until(facts, moment);
    return moment <= facts->now ? "1" : "0";
}

static void tell_identity(mnv_ctx_t *ctx, facts_t *facts)
{
    const mnv_identity_t *identity = facts->identity;
    const char **text = facts->text;

    text[MNV_FACT_SUBJECT] = apr_pstrcat(ctx->pool, identity->issuer, " ", identity->subject, NULL);
    text[MNV_FACT_VERIFIED_AT] = mnv_civil_rfc3339(ctx->pool, identity->at);
    text[MNV_FACT_ACR] = identity->acr;
    text[MNV_FACT_NAME] = identity->name;
    text[MNV_FACT_BIRTHDATE] = identity->birthdate;
    text[MNV_FACT_GENDER] = identity->gender;
    text[MNV_FACT_ADDRESS] = identity->address;
    text[MNV_FACT_AGE_OVER_18] = age_over(facts, 18);
    text[MNV_FACT_AGE_OVER_20] = age_over(facts, 20);
    text[MNV_FACT_ASSURANCE] = mnv_text_join(ctx->pool, mnv_assurance_of(ctx->pool, facts->source->assurance, identity, (facts->flags & MNV_HAS_LINK) != 0));
}

/* A link keeps no attributes of the account: they would be old. */
static void tell_account(facts_t *facts)
{
    const mnv_account_t *signed_in = facts->source->session->account;
    const mnv_account_t *account = signed_in ? signed_in : facts->source->link->account;
    const apr_array_header_t *names = facts->source->attributes;
    apr_uint32_t i;

    facts->text[MNV_FACT_ACCOUNT] = account->value;
    facts->text[MNV_FACT_ACCOUNT_ISSUER] = account->issuer;
    for (i = MNV_FACT_COUNT; signed_in && i < facts->slots; i++) {
        facts->text[i] = apr_table_get(signed_in->attributes, APR_ARRAY_IDX(names, i - MNV_FACT_COUNT, const char *));
    }
}

static const char *method_of(const mnv_session_t *session)
{
    const char *by = session->account ? session->account->method : NULL;

    return by && (!strcmp(by, "external") || !strcmp(by, "bearer")) ? by : session->account ? "account" : session->identity ? "card" : NULL;
}

static void tell(mnv_ctx_t *ctx, facts_t *facts)
{
    const mnv_session_t *session = facts->source->session;
    const mnv_link_t *link = facts->source->link;

    if (session->account || facts->flags & MNV_HAS_LINKED_ACCOUNT) {
        tell_account(facts);
    }
    if (facts->identity) {
        tell_identity(ctx, facts);
    }
    facts->text[MNV_FACT_METHOD] = method_of(session);
    facts->text[MNV_FACT_VERIFIED] = facts->identity ? "1" : "0";
    facts->text[MNV_FACT_LINKED] = facts->flags & MNV_HAS_LINK ? "1" : "0";
    if (facts->flags & MNV_HAS_LINK) {
        facts->text[MNV_FACT_LINKED_AT] = mnv_civil_rfc3339(ctx->pool, link->linked_at);
        fresh_only_until(facts, link->expires_at);
    }
}

/* Is it fit for a header? Providers' answers are judged when they come in; this is the last door before an application. */
static int is_presentable(const char *text)
{
    return mnv_text_is_utf8(text, strlen(text)) && !mnv_text_has_control(text);
}

/* The value as each encoding has it; equal texts share one place. */
static void encode(apr_pool_t *pool, const char *text, apr_uint32_t slot, const char *encoded[MNV_ENCODING_COUNT])
{
    const char *percent = mnv_text_percent(pool, text);

    encoded[MNV_ENCODING_UTF8] = text;
    /* The subject is for computing with, never for export: one form whatever the location's encoding. */
    encoded[MNV_ENCODING_PERCENT] = slot == MNV_FACT_SUBJECT || !strcmp(percent, text) ? text : percent;
    encoded[MNV_ENCODING_BASE64URL] = slot == MNV_FACT_SUBJECT ? text : mnv_base64url_encode(pool, text, strlen(text));
}

typedef struct block_t {
    unsigned char *bytes;
    apr_size_t used;
} block_t;

/* @return the offset, 0 when there is no room */
static apr_uint32_t append(block_t *block, const char *text)
{
    apr_size_t length = strlen(text) + 1, at = block->used;

    if (length > MNV_RECORD_LIMIT_BYTES - at) {
        return 0;
    }
    memcpy(block->bytes + at, text, length);
    block->used += length;
    return (apr_uint32_t)at;
}

static const char *name_of(const facts_t *facts, apr_uint32_t slot)
{
    return slot < MNV_FACT_COUNT ? mnv_facts()[slot].name : APR_ARRAY_IDX(facts->source->attributes, slot - MNV_FACT_COUNT, const char *);
}

/* Told by the largest: that one is worth mending. */
static apr_status_t is_too_large(mnv_ctx_t *ctx, const facts_t *facts)
{
    apr_uint32_t slot, largest = 0;
    apr_size_t length, most = 0;

    for (slot = 0; slot < facts->slots; slot++) {
        length = facts->text[slot] ? strlen(facts->text[slot]) : 0;
        if (length > most) {
            most = length;
            largest = slot;
        }
    }
    return mnv_fail(ctx, MNV_FAIL_SESSION_SIZE, "all encodings of all of it are more than %d bytes, the largest is %s \"%s\" of %" APR_SIZE_T_FMT " bytes: %s", MNV_RECORD_LIMIT_BYTES,
                    largest < MNV_FACT_COUNT ? "fact" : "account attribute", name_of(facts, largest), most,
                    largest < MNV_FACT_COUNT ? "leave it out of MyNumberExport, rules and MyNumberScope" : "leave it out of MyNumberAccountPass and rules, or have the sign-in send less of it");
}

static apr_status_t lay_out(mnv_ctx_t *ctx, const facts_t *facts, block_t *block)
{
    apr_uint32_t *offset = (apr_uint32_t *)(void *)(block->bytes + sizeof(mnv_record_t));
    apr_uint32_t slot;
    int encoding;

    for (slot = 0; slot < facts->slots; slot++) {
        const char *text = facts->text[slot], *encoded[MNV_ENCODING_COUNT];

        if (!text || !*text) {
            continue;
        }
        if (!is_presentable(text)) {
            mnv_log(ctx, MNV_LOG_WARNING, MNVLOGNO(1500) "value %u of a session holds control characters and is not handed on", slot);
            continue;
        }
        encode(ctx->pool, text, slot, encoded);
        for (encoding = 0; encoding < MNV_ENCODING_COUNT; encoding++) {
            apr_uint32_t at;

            if (encoding != MNV_ENCODING_UTF8 && strlen(encoded[encoding]) > MNV_HEADER_VALUE_LIMIT_BYTES) {
                continue;
            }
            at = encoding && encoded[encoding] == text ? offset[slot] : append(block, encoded[encoding]);
            if (!at) {
                return is_too_large(ctx, facts);
            }
            offset[(apr_size_t)encoding * facts->slots + slot] = at;
        }
    }
    return APR_SUCCESS;
}

/* Times of asking aside: what is made of a record's values is good as long as this is the same. */
static apr_status_t mark_content(mnv_ctx_t *ctx, mnv_record_t *record)
{
    const char *values = (const char *)record + sizeof(*record), *told;
    unsigned char digest[MNV_DIGEST_BYTES];
    apr_size_t length = record->size - sizeof(*record);
    char *text;

    told = apr_psprintf(ctx->pool, "%u %" APR_TIME_T_FMT " %" APR_TIME_T_FMT " ", record->flags, record->account_at, record->identity_at);
    text = apr_palloc(ctx->pool, strlen(told) + length);
    memcpy(text, told, strlen(told));
    memcpy(text + strlen(told), values, length);
    if (mnv_crypt_sha256(text, strlen(told) + length, digest) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_CRYPTO, "session record");
    }
    memcpy(record->content, digest, sizeof(record->content));
    return APR_SUCCESS;
}

apr_uint32_t mnv_record_kind(const char *kind)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;
    unsigned number = apr_hashfunc_default(kind, &length);

    return number ? number : 1;
}

static void fill_header(mnv_record_t *record, const facts_t *facts, apr_size_t size)
{
    const mnv_record_source_t *source = facts->source;
    const mnv_session_t *session = source->session;

    record->magic = MNV_RECORD_MAGIC;
    record->size = (apr_uint32_t)size;
    record->flags = facts->flags;
    record->slots = facts->slots;
    record->site = source->site;
    record->kind = session->account ? mnv_record_kind(session->account->kind) : 0;
    record->generation = source->generation;
    record->checked_at = source->asked_at;
    record->fresh_until = facts->fresh_until;
    record->expires_at = session->created + source->options->lifetime;
    if (session->account && session->account->ends_at && session->account->ends_at < record->expires_at) {
        record->expires_at = session->account->ends_at;
    }
    record->seen_at = session->seen;
    record->account_at = session->account ? session->account->at : 0;
    record->identity_at = session->identity ? session->identity->at : 0;
}

apr_status_t mnv_record_make(mnv_ctx_t *ctx, const mnv_record_source_t *source, mnv_record_t **record)
{
    facts_t facts = {0};
    block_t block;
    apr_status_t status;

    facts.source = source;
    facts.now = mnv_now(ctx);
    facts.fresh_until = source->asked_at + source->options->recheck;
    facts.slots = MNV_FACT_COUNT + (source->attributes ? (apr_uint32_t)source->attributes->nelts : 0);
    if (values_start(facts.slots) > MNV_RECORD_LIMIT_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "too many attributes are passed on");
    }
    facts.text = apr_pcalloc(ctx->pool, facts.slots * sizeof(const char *));
    find_flags(&facts);
    tell(ctx, &facts);
    block.bytes = apr_pcalloc(ctx->pool, MNV_RECORD_LIMIT_BYTES);
    block.used = values_start(facts.slots);
    status = lay_out(ctx, &facts, &block);
    if (status == APR_SUCCESS) {
        *record = (mnv_record_t *)(void *)block.bytes;
        fill_header(*record, &facts, block.used);
        status = mark_content(ctx, *record);
    }
    return status;
}

/* Checking. A cache that leaves the machine holds records sealed, and what opens is what was sealed; this is for memory gone wrong, and for records of another configuration:
 * nothing is read outside the block, and no combination of flags is believed that mnv_record_make() never makes. ------------------- */

static int header_is_sane(const mnv_record_t *record)
{
    apr_uint32_t flags = record->flags;
    int account = (flags & MNV_HAS_ACCOUNT) != 0, identity = (flags & MNV_HAS_IDENTITY) != 0, link = (flags & MNV_HAS_LINK) != 0;
    int held = (flags & MNV_IS_HELD) != 0, another = (flags & MNV_IS_ANOTHER) != 0;

    return !(flags & ~KNOWN_FLAGS) && (!held || (identity && !account && !link)) && (!another || (identity && account && !link)) && (record->kind != 0) == account && (!link || account || identity)
           && ((flags & MNV_HAS_LINKED_ACCOUNT) != 0) == (link && identity)
           && ((flags & MNV_HAS_LINKED_IDENTITY) != 0) == (link && account)
           && (record->account_at > 0) == account && record->account_at >= 0
           && (record->identity_at > 0) == identity && record->identity_at >= 0
           && record->generation >= 0 && record->checked_at > 0 && record->fresh_until >= record->checked_at
           && record->expires_at > 0 && record->seen_at > 0;
}

int mnv_record_check(const mnv_record_t *record, apr_size_t length, apr_uint32_t slots, apr_uint32_t site)
{
    if (!record || (uintptr_t)record % _Alignof(mnv_record_t) || length < sizeof(*record) || record->magic != MNV_RECORD_MAGIC
        || record->size > length || record->size > MNV_RECORD_LIMIT_BYTES || record->slots != slots || record->site != site
        || slots < MNV_FACT_COUNT || slots > MNV_RECORD_LIMIT_BYTES / sizeof(apr_uint32_t) || record->size < values_start(slots)) {
        return 0;
    }
    return header_is_sane(record) && (record->size == values_start(slots) || !((const unsigned char *)record)[record->size - 1]);
}
