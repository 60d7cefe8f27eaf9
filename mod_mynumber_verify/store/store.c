#include "store/work.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"
#include "lib/json.h"

#define INTEGER_DIGITS 18      /* all of them fit an apr_int64_t */
#define LAST_SECOND 253402300799 /* 9999-12-31T23:59:59Z */
#define WORD_CHARACTERS 64

mnv_store_t *mnv_store_make(apr_pool_t *pool, const mnv_dbd_lender_t *lender, const mnv_keyring_t *keyring,
                            mnv_policy_e policy)
{
    mnv_store_t *store = apr_pcalloc(pool, sizeof(*store));

    store->lender = lender;
    store->keyring = keyring;
    store->policy = policy;
    return store;
}

apr_status_t mnv_cell_integer(const char *cell, apr_int64_t *value)
{
    apr_int64_t number = 0;
    apr_size_t i;

    if (!cell || !*cell || strnlen(cell, INTEGER_DIGITS + 1) > INTEGER_DIGITS) {
        return APR_EINVAL;
    }
    for (i = 0; cell[i]; i++) {
        if (!apr_isdigit(cell[i])) {
            return APR_EINVAL;
        }
        number = number * 10 + (cell[i] - '0');
    }
    *value = number;
    return APR_SUCCESS;
}

apr_status_t mnv_cell_time(const char *cell, apr_time_t *at)
{
    apr_int64_t seconds;

    if (mnv_cell_integer(cell, &seconds) != APR_SUCCESS || seconds > LAST_SECOND) {
        return APR_EINVAL;
    }
    *at = apr_time_from_sec(seconds);
    return APR_SUCCESS;
}

const char *mnv_arg_integer(apr_pool_t *pool, apr_int64_t value)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
}

const char *mnv_arg_time(apr_pool_t *pool, apr_time_t at)
{
    return mnv_arg_integer(pool, apr_time_sec(at));
}

const char *mnv_arg_word(apr_pool_t *pool, const char *text)
{
    return text ? apr_pstrndup(pool, mnv_text_percent(pool, text), WORD_CHARACTERS) : "";
}

const char *mnv_store_account_hash(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_account_t *account)
{
    return mnv_keyring_hash(ctx, store->keyring, MNV_HASH_LINK_ACCOUNT, account->issuer, account->kind, account->value,
                            NULL);
}

const char *mnv_store_identity_hash(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_identity_t *identity)
{
    return mnv_keyring_hash(ctx, store->keyring, MNV_HASH_LINK_ID, identity->issuer, identity->subject, NULL);
}

apr_status_t mnv_store_op_hashes(mnv_ctx_t *ctx, const mnv_store_t *store, const mnv_account_t *account, const char **subject_hash, const char **session_hash)
{
    *subject_hash = *session_hash = NULL;
    if ((account->op_subject && !(*subject_hash = mnv_keyring_hash(ctx, store->keyring, MNV_HASH_OP_SESSION, account->issuer, "sub", account->op_subject, NULL)))
        || (account->op_session && !(*session_hash = mnv_keyring_hash(ctx, store->keyring, MNV_HASH_OP_SESSION, account->issuer, "sid", account->op_session, NULL)))) {
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

apr_status_t mnv_store_seal(mnv_ctx_t *ctx, const mnv_store_t *store, const char *place, const mnv_json_t *json,
                            const char **data)
{
    const char *text = mnv_json_print(ctx->pool, json);
    apr_status_t rv = mnv_keyring_seal(ctx, store->keyring, MNV_SEAL_ROW, place, text, strlen(text), data);

    if (rv == APR_SUCCESS && strlen(*data) > MNV_CELL_LIMIT_BYTES) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "a row of %" APR_SIZE_T_FMT " bytes does not fit its column", strlen(*data));
    }
    return rv;
}

apr_status_t mnv_store_open(mnv_ctx_t *ctx, const mnv_store_t *store, const char *place, const char *data,
                            mnv_json_t **json)
{
    unsigned char *plain;
    apr_size_t length;

    if (!data
        || mnv_keyring_open(ctx, store->keyring, MNV_SEAL_ROW, place, data, &plain, &length) != APR_SUCCESS
        || mnv_json_parse(ctx->pool, (const char *)plain, length, json) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}
