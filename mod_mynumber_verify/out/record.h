/* A flat record of a session: all that a protected request needs, rendered once at sign-in so that the hot path copies and points.
 *
 * One block of bytes, position independent: this header, a table of offsets [encoding][fact + attribute], then NUL-terminated values. Whoever takes one from a cache
 * checks it with mnv_record_check() before use.
 */
#ifndef MNV_OUT_RECORD_H
#define MNV_OUT_RECORD_H

#include "base/mnv.h"
#include "model/link.h"
#include "out/facts.h"

#define MNV_RECORD_MAGIC 0x4d4e5632u /* "MNV2"; changes with the layout */
#define MNV_RECORD_LIMIT_BYTES 32768
#define MNV_HEADER_VALUE_LIMIT_BYTES 8000 /* with the longest name, what httpd and others take for one header: 8,190 */

/* What is known, and from where. */
#define MNV_HAS_ACCOUNT 1u          /* A: signed in in this session */
#define MNV_HAS_IDENTITY 2u         /* I: verified in this session */
#define MNV_HAS_LINKED_ACCOUNT 4u   /* a: known through a live link */
#define MNV_HAS_LINKED_IDENTITY 8u  /* i: known through a live link */
#define MNV_IS_ANOTHER 64u          /* the account is linked, and the verified card is not its own */
#define MNV_IS_HELD 32u             /* only a card, whose link is too new to speak for it (MyNumberLinkHold); then no link is known */
#define MNV_HAS_LINK 16u            /* a live link that fits every half present */

typedef struct mnv_record_t {
    apr_uint32_t magic, size;       /* size of the whole block */
    apr_uint32_t flags;
    apr_uint32_t slots;             /* offsets per encoding: MNV_FACT_COUNT + attributes */
    apr_uint32_t site;              /* check of the base URL and configuration it was made for */
    apr_uint32_t reserved;
    apr_int64_t generation;         /* MNV generation it was made under */
    apr_time_t checked_at;          /* before the database was asked */
    apr_time_t fresh_until;         /* from then on the database is asked again: recheck, or an age being reached */
    apr_time_t expires_at;          /* absolute end of the session */
    apr_time_t seen_at;             /* last-seen as the database knows it */
    apr_time_t account_at, identity_at; /* when the halves were obtained, 0: absent */
    apr_uint64_t content[2];        /* a digest of flags, halves and values: the same when the session was asked for again and nothing had changed */
    /* apr_uint32_t offset[MNV_ENCODING_COUNT][slots]; values */
} mnv_record_t;

/** What a record is made of. */
typedef struct mnv_record_source_t {
    const mnv_session_t *session;
    const mnv_link_t *link;         /* the live link of either half, NULL: none */
    const apr_array_header_t *attributes; /* names of MyNumberAccountPass, may be NULL */
    const apr_array_header_t *assurance;  /* rows of MyNumberAssurance, may be NULL */
    const mnv_session_options_t *options;
    apr_interval_time_t hold;       /* MyNumberLinkHold */
    apr_time_t asked_at;            /* before the database was asked: what it said may have changed since then */
    apr_int64_t generation;
    apr_uint32_t site;
} mnv_record_source_t;

/** Render. A value that is longer than MNV_HEADER_VALUE_LIMIT_BYTES in an encoding for headers is absent in that encoding alone.
 * @return APR_SUCCESS, or the told failure SESSION_SIZE when all would pass MNV_RECORD_LIMIT_BYTES. Pool: ctx->pool. */
apr_status_t mnv_record_make(mnv_ctx_t *ctx, const mnv_record_source_t *source, mnv_record_t **record);

/** Is this block a whole record of this site (magic, size, slots, site, times and flags that belong together, NUL at its end)? @param length bytes at hand */
int mnv_record_check(const mnv_record_t *record, apr_size_t length, apr_uint32_t slots, apr_uint32_t site);

/** A value: slot is a fact's number, or MNV_FACT_COUNT + number of the attribute. What may stand in a header was judged when the record was made.
 * @return NULL when absent, or when what stands there is outside the block. Lives as long as record. */
static inline const char *mnv_record_value(const mnv_record_t *record, mnv_encoding_e encoding, apr_uint32_t slot)
{
    const apr_uint32_t *offset = (const apr_uint32_t *)(const void *)(record + 1);
    apr_uint32_t at, first = (apr_uint32_t)sizeof(*record) + MNV_ENCODING_COUNT * record->slots * (apr_uint32_t)sizeof(*offset);

    if ((unsigned)encoding >= MNV_ENCODING_COUNT || slot >= record->slots) {
        return NULL;
    }
    at = offset[(apr_size_t)encoding * record->slots + slot];
    return at >= first && at < record->size ? (const char *)record + at : NULL; /* 0: absent; the block's last byte is NUL */
}

/** Has a value the same bytes in this encoding as in UTF-8 (most have: they are ASCII)? slot as above, present. */
static inline int mnv_record_is_same(const mnv_record_t *record, mnv_encoding_e encoding, apr_uint32_t slot)
{
    const apr_uint32_t *offset = (const apr_uint32_t *)(const void *)(record + 1);

    return offset[(apr_size_t)encoding * record->slots + slot] == offset[slot];
}

#endif
