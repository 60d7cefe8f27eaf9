/* The secret file: one lookup key that never rolls and sealing keys that do (the first seals, all open).
 *
 * File format, one entry a line, "#" starts a comment:
 *     lookup KEY
 *     seal KID KEY
 * KEY is 32 bytes as base64url, KID 1 to 16 of [0-9A-Za-z_-]. Each purpose gets a key of its own by HKDF.
 */
#ifndef MNV_MODEL_KEYRING_H
#define MNV_MODEL_KEYRING_H

#include "base/mnv.h"
#include "lib/crypt.h"

typedef struct mnv_keyring_t mnv_keyring_t;

/** Keyed hashes, by the lookup key. */
typedef enum { MNV_HASH_LINK_ID, MNV_HASH_LINK_ACCOUNT, MNV_HASH_PAIRWISE, MNV_HASH_LOG, MNV_HASH_CSRF, MNV_HASH_OP_SESSION, MNV_HASH_COPY, MNV_HASH_COUNT } mnv_hash_e;

/** Sealing, by the sealing keys: FLOW for cookies in browsers, RECORD for caches that leave the machine, ROW for the database. */
typedef enum { MNV_SEAL_FLOW, MNV_SEAL_RECORD, MNV_SEAL_ROW, MNV_SEAL_COUNT } mnv_seal_e;

/** Read a secret file's text. @param problem a sentence with the line number @return APR_SUCCESS or APR_EINVAL. Pool: wiped with pool. Thread: read-only after. */
apr_status_t mnv_keyring_parse(apr_pool_t *pool, const char *text, mnv_keyring_t **keyring, const char **problem);

/** A fresh secret file's text, or text with a new sealing key put first (text NULL: fresh). @param kid of the new sealing key, e.g. its date */
apr_status_t mnv_keyring_generate(mnv_ctx_t *ctx, const char *text, const char *kid, const char **result);

/** Keyed hash of the parts (const char *, ended by NULL; each is length-prefixed so that parts cannot run together): 43 characters of base64url.
 * @return NULL after the told failure CRYPTO. Pool: ctx->pool. */
const char *mnv_keyring_hash(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, mnv_hash_e purpose, ...) __attribute__((sentinel));

/** 8 characters that stand for a subject or account in log lines. Pool: ctx->pool. */
const char *mnv_keyring_log_tag(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const char *issuer, const char *value);

/** Seal bytes as text "KID.base64url"; aad says where it stands ("mynumber_links|ROWID|data"), so that it opens nowhere else.
 * @return APR_SUCCESS or a told failure SEAL. Pool: ctx->pool. */
apr_status_t mnv_keyring_seal(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, mnv_seal_e purpose, const char *aad, const void *plain, apr_size_t length, const char **text);

/** Open. Tells nothing (the caller knows what it means). @return APR_SUCCESS (plain NUL-terminated behind length), or APR_EACCES. Pool: ctx->pool. */
apr_status_t mnv_keyring_open(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, mnv_seal_e purpose, const char *aad, const char *text, unsigned char **plain, apr_size_t *length);

/** A secret made of a sealing key (number 0: the one that seals), for the key that signs assertions where MyNumberAssertionKey names none.
 * @return 0 past the last sealing key, or when the cryptographic library fails */
int mnv_keyring_assertion_secret(const mnv_keyring_t *keyring, int number, unsigned char secret[MNV_KEY_BYTES]);

/** Kid of the key that seals. */
const char *mnv_keyring_sealing_kid(const mnv_keyring_t *keyring);

#endif
