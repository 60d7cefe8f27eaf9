#include "proto/saml_metadata.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "lib/json.h"

/* The length of the index in decimal digits, a line break, the index as JSON, the texts of the providers in its order. */

static mnv_json_t *row_of(apr_pool_t *pool, const mnv_saml_entry_t *entry)
{
    mnv_json_t *row = mnv_json_object(pool);

    mnv_json_set_string(row, "id", entry->entity_id);
    mnv_json_set_integer(row, "length", (apr_int64_t)entry->length);
    if (entry->valid_until) {
        mnv_json_set_integer(row, "valid_until", entry->valid_until);
    }
    return row;
}

apr_status_t mnv_saml_metadata_pack(apr_pool_t *pool, const mnv_saml_metadata_t *metadata, const char **text, apr_size_t *length)
{
    apr_size_t count = mnv_saml_metadata_count(metadata), i = 2;
    struct iovec *parts = apr_palloc(pool, (count + 2) * sizeof(*parts));
    mnv_json_t *index = mnv_json_object(pool), *rows = mnv_json_array(pool);
    apr_hash_index_t *at;
    const char *json;

    for (at = apr_hash_first(pool, metadata->entries); at; at = apr_hash_next(at), i++) {
        const mnv_saml_entry_t *entry = apr_hash_this_val(at);

        mnv_json_add(rows, row_of(pool, entry));
        parts[i].iov_base = (void *)entry->text;
        parts[i].iov_len = entry->length;
    }
    mnv_json_set_integer(index, "valid_until", metadata->valid_until);
    mnv_json_set_integer(index, "cache", metadata->cache);
    mnv_json_set(index, "providers", rows);
    json = mnv_json_print(pool, index);
    parts[1].iov_base = (void *)json;
    parts[1].iov_len = strlen(json);
    parts[0].iov_base = apr_psprintf(pool, "%" APR_SIZE_T_FMT "\n", parts[1].iov_len);
    parts[0].iov_len = strlen(parts[0].iov_base);
    *text = apr_pstrcatv(pool, parts, count + 2, length);
    return *text ? APR_SUCCESS : APR_ENOMEM;
}

/* What is still to be unpacked. */
typedef struct rest_t {
    const char *text;
    apr_size_t length;
} rest_t;

static apr_status_t take_entry(apr_pool_t *pool, const mnv_json_t *row, rest_t *rest, mnv_saml_metadata_t *metadata)
{
    mnv_saml_entry_t *entry = apr_pcalloc(pool, sizeof(*entry));
    const char *entity_id = mnv_json_string(row, "id");
    apr_int64_t length = -1;

    if (!entity_id || mnv_json_integer(row, "length", &length) != APR_SUCCESS || length < 0 || (apr_uint64_t)length > rest->length) {
        return APR_EINVAL;
    }
    mnv_json_integer(row, "valid_until", &entry->valid_until); /* absent: none */
    entry->entity_id = apr_pstrdup(pool, entity_id);
    entry->text = rest->text;
    entry->length = (apr_size_t)length;
    rest->text += length;
    rest->length -= (apr_size_t)length;
    apr_hash_set(metadata->entries, entry->entity_id, APR_HASH_KEY_STRING, entry);
    metadata->first = entry->entity_id;
    return APR_SUCCESS;
}

static apr_status_t take_index(apr_pool_t *pool, apr_pool_t *scratch, rest_t *rest, mnv_saml_metadata_t *metadata)
{
    const char *end = memchr(rest->text, '\n', rest->length < 20 ? rest->length : 20);
    apr_int64_t size = end ? apr_atoi64(rest->text) : -1;
    const mnv_json_t *rows;
    mnv_json_t *index;
    apr_size_t i;

    if (!end || size < 0 || (apr_uint64_t)size > rest->length - (apr_size_t)(end + 1 - rest->text) || mnv_json_parse(scratch, end + 1, (apr_size_t)size, &index) != APR_SUCCESS
        || mnv_json_integer(index, "valid_until", &metadata->valid_until) != APR_SUCCESS || mnv_json_integer(index, "cache", &metadata->cache) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    rest->length -= (apr_size_t)(end + 1 + size - rest->text);
    rest->text = end + 1 + size;
    rows = mnv_json_member(index, "providers");
    for (i = 0; i < mnv_json_size(rows); i++) {
        if (take_entry(pool, mnv_json_at(rows, i), rest, metadata) != APR_SUCCESS) {
            return APR_EINVAL;
        }
    }
    return i && rest->length == 0 ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t mnv_saml_metadata_unpack(apr_pool_t *pool, const char *text, apr_size_t length, mnv_saml_metadata_t **metadata)
{
    mnv_saml_metadata_t *made = apr_pcalloc(pool, sizeof(*made));
    rest_t rest = { text, length };
    apr_pool_t *scratch;
    apr_status_t status;

    made->entries = apr_hash_make(pool);
    apr_pool_create(&scratch, pool);
    status = take_index(pool, scratch, &rest, made);
    apr_pool_destroy(scratch);
    if (status == APR_SUCCESS) {
        *metadata = made;
    }
    return status;
}
