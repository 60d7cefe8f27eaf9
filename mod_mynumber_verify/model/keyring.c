#include "model/keyring.h"

#include <stdarg.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/base64url.h"
#include "base/secret.h"

#define KID_BYTES 16
#define SEAL_KEYS 32            /* a roll-over a year for a generation of people; more is a mistake */
#define KEY_CHARACTERS 43       /* 32 bytes as base64url */
#define FIELDS 3
#define PART_PREFIX_BYTES 4
#define LOG_TAG_CHARACTERS 8

typedef struct seal_key_t {
    char kid[KID_BYTES + 1];
    unsigned char raw[MNV_KEY_BYTES];
    unsigned char keys[MNV_SEAL_COUNT][MNV_KEY_BYTES];
} seal_key_t;

struct mnv_keyring_t {
    int has_lookup, seals;
    unsigned char lookup[MNV_KEY_BYTES];
    unsigned char hash_keys[MNV_HASH_COUNT][MNV_KEY_BYTES];
    seal_key_t seal[SEAL_KEYS];
};

/* Labels are for ever: to change one is to lose every link and session */
static const char *const hash_labels[MNV_HASH_COUNT] = {
    [MNV_HASH_LINK_ID] = "mynumber_verify link-id",
    [MNV_HASH_LINK_ACCOUNT] = "mynumber_verify link-account",
    [MNV_HASH_PAIRWISE] = "mynumber_verify pairwise",
    [MNV_HASH_LOG] = "mynumber_verify log",
    [MNV_HASH_CSRF] = "mynumber_verify csrf",
    [MNV_HASH_OP_SESSION] = "mynumber_verify op-session",
    [MNV_HASH_COPY] = "mynumber_verify copy",
};

static const char *const seal_labels[MNV_SEAL_COUNT] = {
    [MNV_SEAL_FLOW] = "mynumber_verify flow",
    [MNV_SEAL_RECORD] = "mynumber_verify record",
    [MNV_SEAL_ROW] = "mynumber_verify row",
};

static int is_kid(const char *text, apr_size_t length)
{
    apr_size_t i;

    if (length < 1 || length > KID_BYTES) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if (!apr_isalnum(text[i]) && text[i] != '_' && text[i] != '-') {
            return 0;
        }
    }
    return 1;
}

static const seal_key_t *find_seal(const mnv_keyring_t *keyring, const char *kid, apr_size_t length)
{
    int i;

    for (i = 0; i < keyring->seals; i++) {
        if (strlen(keyring->seal[i].kid) == length && memcmp(keyring->seal[i].kid, kid, length) == 0) {
            return &keyring->seal[i];
        }
    }
    return NULL;
}

/* Reading. No message ever shows a field: a swapped line would print a key. -------- */

typedef struct field_t {
    const char *text;
    apr_size_t length;
} field_t;

/** Split a line at blanks and tabs. @return number of fields, FIELDS + 1 when there are more */
static int split(const char *line, apr_size_t length, field_t fields[FIELDS])
{
    const char *end = line + length;
    int count = 0;

    while (line < end) {
        const char *start;

        while (line < end && (*line == ' ' || *line == '\t')) {
            line++;
        }
        start = line;
        while (line < end && *line != ' ' && *line != '\t') {
            line++;
        }
        if (line == start) {
            break;
        }
        if (count == FIELDS) {
            return FIELDS + 1;
        }
        fields[count].text = start;
        fields[count].length = (apr_size_t)(line - start);
        count++;
    }
    return count;
}

static int field_is(const field_t *field, const char *word)
{
    return field->length == strlen(word) && memcmp(field->text, word, field->length) == 0;
}

static int read_key(apr_pool_t *pool, const field_t *field, unsigned char key[MNV_KEY_BYTES])
{
    unsigned char *data;
    apr_size_t length;

    if (field->length != KEY_CHARACTERS
        || mnv_base64url_decode(pool, field->text, field->length, &data, &length) != APR_SUCCESS) {
        return 0;
    }
    memcpy(key, data, MNV_KEY_BYTES);
    mnv_secret_wipe(data, length);
    return 1;
}

/** Does a key stand in the file already? Copied lines are mistakes: a key that rolled to itself has not rolled. */
static int is_repeated(const mnv_keyring_t *keyring, const unsigned char *key)
{
    int i;

    if (keyring->has_lookup && mnv_secret_equal(keyring->lookup, key, MNV_KEY_BYTES)) {
        return 1;
    }
    for (i = 0; i < keyring->seals; i++) {
        if (mnv_secret_equal(keyring->seal[i].raw, key, MNV_KEY_BYTES)) {
            return 1;
        }
    }
    return 0;
}

static const char *read_lookup(apr_pool_t *pool, mnv_keyring_t *keyring, const field_t *fields, int count)
{
    unsigned char *key = mnv_secret_make(pool, MNV_KEY_BYTES);

    if (count != 2) {
        return "\"lookup\" takes one key and nothing else";
    }
    if (keyring->has_lookup) {
        return "there is a second lookup key; it never rolls, remove this one";
    }
    if (!read_key(pool, &fields[1], key)) {
        return "the lookup key is not 32 bytes as base64url (43 characters)";
    }
    if (is_repeated(keyring, key)) {
        return "this key stands in the file already";
    }
    memcpy(keyring->lookup, key, MNV_KEY_BYTES);
    keyring->has_lookup = 1;
    return NULL;
}

static const char *read_seal(apr_pool_t *pool, mnv_keyring_t *keyring, const field_t *fields, int count)
{
    unsigned char *key = mnv_secret_make(pool, MNV_KEY_BYTES);
    seal_key_t *seal;

    if (count != FIELDS) {
        return "\"seal\" takes a key id, a key and nothing else";
    }
    if (!is_kid(fields[1].text, fields[1].length)) {
        return "the key id is not 1 to 16 of A-Z a-z 0-9 _ -";
    }
    if (find_seal(keyring, fields[1].text, fields[1].length)) {
        return "this key id stands in the file already";
    }
    if (!read_key(pool, &fields[2], key)) {
        return "the sealing key is not 32 bytes as base64url (43 characters)";
    }
    if (is_repeated(keyring, key)) {
        return "this key stands in the file already";
    }
    if (keyring->seals == SEAL_KEYS) {
        return "there are more than 32 sealing keys";
    }
    seal = &keyring->seal[keyring->seals++];
    memcpy(seal->kid, fields[1].text, fields[1].length);
    memcpy(seal->raw, key, MNV_KEY_BYTES);
    return NULL;
}

/** One line without its line break. @return NULL, or what is wrong */
static const char *read_line(apr_pool_t *pool, mnv_keyring_t *keyring, const char *line, apr_size_t length)
{
    field_t fields[FIELDS];
    int count = split(line, length, fields);

    if (count == 0 || fields[0].text[0] == '#') {
        return NULL;
    }
    if (field_is(&fields[0], "lookup")) {
        return read_lookup(pool, keyring, fields, count);
    }
    if (field_is(&fields[0], "seal")) {
        return read_seal(pool, keyring, fields, count);
    }
    return "a line starts with \"lookup\", \"seal\" or \"#\"";
}

static apr_status_t derive_keys(mnv_keyring_t *keyring)
{
    apr_status_t rv = APR_SUCCESS;
    int i, purpose;

    for (purpose = 0; purpose < MNV_HASH_COUNT && rv == APR_SUCCESS; purpose++) {
        rv = mnv_crypt_derive(keyring->lookup, hash_labels[purpose], keyring->hash_keys[purpose]);
    }
    for (i = 0; i < keyring->seals; i++) {
        for (purpose = 0; purpose < MNV_SEAL_COUNT && rv == APR_SUCCESS; purpose++) {
            rv = mnv_crypt_derive(keyring->seal[i].raw, seal_labels[purpose], keyring->seal[i].keys[purpose]);
        }
    }
    return rv;
}

apr_status_t mnv_keyring_parse(apr_pool_t *pool, const char *text, mnv_keyring_t **keyring, const char **problem)
{
    mnv_keyring_t *made = (mnv_keyring_t *)mnv_secret_make(pool, sizeof(*made));
    int line = 0;

    while (*text) {
        apr_size_t whole = strcspn(text, "\n"), length = whole;
        const char *wrong;

        line++;
        if (length > 0 && text[length - 1] == '\r') {
            length--;
        }
        wrong = read_line(pool, made, text, length);
        if (wrong) {
            *problem = apr_psprintf(pool, "line %d: %s", line, wrong);
            return APR_EINVAL;
        }
        text += whole + (text[whole] == '\n' ? 1 : 0);
    }
    if (!made->has_lookup) {
        *problem = apr_psprintf(pool, "line %d: the file ends without a lookup key", line);
        return APR_EINVAL;
    }
    if (made->seals == 0) {
        *problem = apr_psprintf(pool, "line %d: the file ends without a sealing key", line);
        return APR_EINVAL;
    }
    if (derive_keys(made) != APR_SUCCESS) {
        *problem = "the cryptographic library cannot derive keys";
        return APR_EINVAL;
    }
    *keyring = made;
    return APR_SUCCESS;
}

/* Making. -------------------------------------------------------------------------- */

static apr_status_t random_key(mnv_ctx_t *ctx, const char **text)
{
    unsigned char *key = mnv_secret_make(ctx->pool, MNV_KEY_BYTES);
    char *encoded, *kept = (char *)mnv_secret_make(ctx->pool, KEY_CHARACTERS + 1);
    apr_status_t rv = mnv_random(ctx, key, MNV_KEY_BYTES);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    encoded = mnv_base64url_encode(ctx->pool, key, MNV_KEY_BYTES);
    memcpy(kept, encoded, KEY_CHARACTERS);
    mnv_secret_wipe(encoded, KEY_CHARACTERS);
    *text = kept;
    return APR_SUCCESS;
}

/** Where the first "seal" line starts in a file that parses. */
static const char *first_seal(const char *text)
{
    for (;;) {
        field_t fields[FIELDS];
        apr_size_t length = strcspn(text, "\n");
        int count = split(text, length, fields);

        if ((count > 0 && field_is(&fields[0], "seal")) || !text[length]) {
            return text;
        }
        text += length + 1;
    }
}

/** Head, a new seal line and tail as one text that is wiped with the pool. */
static const char *put_together(mnv_ctx_t *ctx, const char *head, apr_size_t head_length, const char *kid,
                                const char *key, const char *tail)
{
    apr_size_t size = head_length + strlen(kid) + strlen(key) + strlen(tail) + sizeof("seal  \n");
    char *text = (char *)mnv_secret_make(ctx->pool, size);

    memcpy(text, head, head_length);
    apr_snprintf(text + head_length, size - head_length, "seal %s %s\n%s", kid, key, tail);
    return text;
}

apr_status_t mnv_keyring_generate(mnv_ctx_t *ctx, const char *text, const char *kid, const char **result)
{
    static const char head[] = "# Secret file of mod_mynumber_verify. Keep it secret and keep a copy of it: without the\n"
                               "# lookup key all links are lost. The first sealing key seals, all of them open.\n"
                               "lookup ";
    const char *key, *lookup, *at, *problem;
    mnv_keyring_t *keyring;
    apr_status_t rv;

    if (!is_kid(kid, strlen(kid))) {
        return mnv_fail(ctx, MNV_FAIL_KEY_FILE, "the key id is not 1 to %d of A-Z a-z 0-9 _ -", KID_BYTES);
    }
    if ((rv = random_key(ctx, &key)) != APR_SUCCESS) {
        return rv;
    }
    if (text) {
        if (mnv_keyring_parse(ctx->pool, text, &keyring, &problem) != APR_SUCCESS) {
            return mnv_fail(ctx, MNV_FAIL_KEY_FILE, "%s", problem);
        }
        if (find_seal(keyring, kid, strlen(kid))) {
            return mnv_fail(ctx, MNV_FAIL_KEY_FILE, "key id \"%s\" stands in the file already", kid);
        }
        if (keyring->seals == SEAL_KEYS) {
            return mnv_fail(ctx, MNV_FAIL_KEY_FILE, "there are %d sealing keys already", SEAL_KEYS);
        }
        at = first_seal(text);
        *result = put_together(ctx, text, (apr_size_t)(at - text), kid, key, at);
        return APR_SUCCESS;
    }
    if ((rv = random_key(ctx, &lookup)) != APR_SUCCESS) {
        return rv;
    }
    {
        char *start = (char *)mnv_secret_make(ctx->pool, sizeof(head) + KEY_CHARACTERS + 1);

        apr_snprintf(start, sizeof(head) + KEY_CHARACTERS + 1, "%s%s\n", head, lookup);
        *result = put_together(ctx, start, strlen(start), kid, key, "");
    }
    return APR_SUCCESS;
}

/* Using. --------------------------------------------------------------------------- */

/** HMAC of the parts, each behind its length: "ab","c" and "a","bc" differ. */
static apr_status_t hash_parts(apr_pool_t *pool, const unsigned char *key, const char *const *parts, int count,
                               unsigned char digest[MNV_DIGEST_BYTES])
{
    apr_size_t size = 0;
    unsigned char *data, *p;
    apr_status_t rv;
    int i;

    for (i = 0; i < count; i++) {
        size += PART_PREFIX_BYTES + strlen(parts[i]);
    }
    p = data = apr_palloc(pool, size + 1);
    for (i = 0; i < count; i++) {
        apr_size_t length = strlen(parts[i]);

        *p++ = (unsigned char)(length >> 24);
        *p++ = (unsigned char)(length >> 16);
        *p++ = (unsigned char)(length >> 8);
        *p++ = (unsigned char)length;
        memcpy(p, parts[i], length);
        p += length;
    }
    rv = mnv_crypt_hmac(key, data, size, digest);
    mnv_secret_wipe(data, size);
    return rv;
}

const char *mnv_keyring_hash(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, mnv_hash_e purpose, ...)
{
    const char *parts[8], *part;
    unsigned char digest[MNV_DIGEST_BYTES];
    int count = 0;
    va_list args;

    va_start(args, purpose);
    while ((part = va_arg(args, const char *)) != NULL && count < (int)(sizeof(parts) / sizeof(parts[0]))) {
        parts[count++] = part;
    }
    va_end(args);
    if (part || count == 0 || hash_parts(ctx->pool, keyring->hash_keys[purpose], parts, count, digest) != APR_SUCCESS) {
        mnv_fail(ctx, MNV_FAIL_CRYPTO, "keyed hash for \"%s\"", hash_labels[purpose]);
        return NULL;
    }
    return mnv_base64url_encode(ctx->pool, digest, sizeof(digest));
}

const char *mnv_keyring_log_tag(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, const char *issuer, const char *value)
{
    const char *parts[2] = { issuer ? issuer : "", value ? value : "" };
    unsigned char digest[MNV_DIGEST_BYTES];

    if (hash_parts(ctx->pool, keyring->hash_keys[MNV_HASH_LOG], parts, 2, digest) != APR_SUCCESS) {
        return "--------";
    }
    return apr_pstrndup(ctx->pool, mnv_base64url_encode(ctx->pool, digest, sizeof(digest)), LOG_TAG_CHARACTERS);
}

apr_status_t mnv_keyring_seal(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, mnv_seal_e purpose, const char *aad,
                              const void *plain, apr_size_t length, const char **text)
{
    const seal_key_t *seal = &keyring->seal[0];
    unsigned char *sealed = apr_palloc(ctx->pool, length + MNV_SEAL_OVERHEAD);

    if (mnv_crypt_seal(ctx, seal->keys[purpose], aad, strlen(aad), plain, length, sealed) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SEAL, "%s with key \"%s\"", seal_labels[purpose], seal->kid);
    }
    *text = apr_pstrcat(ctx->pool, seal->kid, ".",
                        mnv_base64url_encode(ctx->pool, sealed, length + MNV_SEAL_OVERHEAD), NULL);
    return APR_SUCCESS;
}

apr_status_t mnv_keyring_open(mnv_ctx_t *ctx, const mnv_keyring_t *keyring, mnv_seal_e purpose, const char *aad,
                              const char *text, unsigned char **plain, apr_size_t *length)
{
    const char *dot = strchr(text, '.');
    const seal_key_t *seal;
    unsigned char *sealed, *opened;
    apr_size_t sealed_length;

    if (!dot || !(seal = find_seal(keyring, text, (apr_size_t)(dot - text)))
        || mnv_base64url_decode(ctx->pool, dot + 1, strlen(dot + 1), &sealed, &sealed_length) != APR_SUCCESS
        || sealed_length < MNV_SEAL_OVERHEAD) {
        return APR_EACCES;
    }
    opened = apr_palloc(ctx->pool, sealed_length - MNV_SEAL_OVERHEAD + 1);
    if (mnv_crypt_open(seal->keys[purpose], aad, strlen(aad), sealed, sealed_length, opened) != APR_SUCCESS) {
        return APR_EACCES;
    }
    *length = sealed_length - MNV_SEAL_OVERHEAD;
    opened[*length] = '\0';
    *plain = opened;
    return APR_SUCCESS;
}

int mnv_keyring_assertion_secret(const mnv_keyring_t *keyring, int number, unsigned char secret[MNV_KEY_BYTES])
{
    return number < keyring->seals && mnv_crypt_derive(keyring->seal[number].raw, "mynumber_verify assertion", secret) == APR_SUCCESS;
}

const char *mnv_keyring_sealing_kid(const mnv_keyring_t *keyring)
{
    return keyring->seal[0].kid;
}
