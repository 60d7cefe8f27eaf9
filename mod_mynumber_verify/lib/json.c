#include "lib/json.h"

#include <string.h>
#include <jansson.h>

#define MNV_JSON_DEPTH 32

/* A mnv_json_t is a jansson value under another name: the struct is never defined, pointers are only cast. The root of every tree is
 * released by a cleanup of the pool it was made in. */
static json_t *inner(const mnv_json_t *json)
{
    return (json_t *)json;
}

static apr_status_t release(void *data)
{
    json_decref(data);
    return APR_SUCCESS;
}

static mnv_json_t *own(apr_pool_t *pool, json_t *json)
{
    if (json != NULL) {
        apr_pool_cleanup_register(pool, json, release, apr_pool_cleanup_null);
    }
    return (mnv_json_t *)json;
}

/* The value itself, or its member. */
static json_t *pick(const mnv_json_t *json, const char *name)
{
    return name == NULL ? inner(json) : json_object_get(inner(json), name);
}

/* jansson descends 2,048 levels, recursively; a provider's answer never needs more than a handful. */
static int is_too_deep(const char *text, apr_size_t length)
{
    int depth = 0, in_string = 0;
    for (apr_size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            }
            else if (c == '"') {
                in_string = 0;
            }
        }
        else if (c == '"') {
            in_string = 1;
        }
        else if (c == '[' || c == '{') {
            if (++depth > MNV_JSON_DEPTH) {
                return 1;
            }
        }
        else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return 0;
}

apr_status_t mnv_json_parse(apr_pool_t *pool, const char *text, apr_size_t length, mnv_json_t **object)
{
    if (text == NULL || is_too_deep(text, length)) {
        return APR_EINVAL;
    }
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return APR_EINVAL;
    }
    *object = own(pool, json);
    return APR_SUCCESS;
}

mnv_json_kind_e mnv_json_kind(const mnv_json_t *json, const char *name)
{
    const json_t *value = pick(json, name);
    if (value == NULL) {
        return MNV_JSON_ABSENT;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return MNV_JSON_OBJECT;
    case JSON_ARRAY:
        return MNV_JSON_ARRAY;
    case JSON_STRING:
        return MNV_JSON_STRING;
    case JSON_INTEGER:
        return MNV_JSON_INTEGER;
    case JSON_REAL:
        return MNV_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return MNV_JSON_BOOL;
    case JSON_NULL:
    default:
        return MNV_JSON_NULL;
    }
}

const char *mnv_json_string(const mnv_json_t *json, const char *name)
{
    return json_string_value(pick(json, name));
}

apr_status_t mnv_json_integer(const mnv_json_t *json, const char *name, apr_int64_t *value)
{
    const json_t *number = pick(json, name);
    if (number == NULL) {
        return APR_ENOENT;
    }
    if (!json_is_integer(number)) {
        return APR_EINVAL;
    }
    *value = json_integer_value(number);
    return APR_SUCCESS;
}

int mnv_json_bool(const mnv_json_t *json, const char *name)
{
    const json_t *value = pick(json, name);
    return json_is_boolean(value) ? json_is_true(value) : -1;
}

const mnv_json_t *mnv_json_member(const mnv_json_t *json, const char *name)
{
    const json_t *value = pick(json, name);
    return json_is_object(value) || json_is_array(value) ? (const mnv_json_t *)value : NULL;
}

apr_size_t mnv_json_size(const mnv_json_t *json)
{
    return json_is_array(inner(json)) ? json_array_size(inner(json)) : json_object_size(inner(json));
}

const mnv_json_t *mnv_json_at(const mnv_json_t *array, apr_size_t index)
{
    return (const mnv_json_t *)json_array_get(inner(array), index);
}

void mnv_json_each(const mnv_json_t *object, int (*each)(void *baton, const char *name, const mnv_json_t *value), void *baton)
{
    const char *name;
    json_t *value;
    json_object_foreach(inner(object), name, value) {
        if (each(baton, name, (const mnv_json_t *)value)) {
            return;
        }
    }
}

mnv_json_t *mnv_json_object(apr_pool_t *pool)
{
    return own(pool, json_object());
}

mnv_json_t *mnv_json_array(apr_pool_t *pool)
{
    return own(pool, json_array());
}

/* jansson takes NULL values (of strings that are NULL or not UTF-8) and answers -1: nothing is set then, as promised. */
void mnv_json_set_string(mnv_json_t *object, const char *name, const char *value)
{
    (void)json_object_set_new(inner(object), name, json_string(value));
}

void mnv_json_set_integer(mnv_json_t *object, const char *name, apr_int64_t value)
{
    (void)json_object_set_new(inner(object), name, json_integer(value));
}

void mnv_json_set_bool(mnv_json_t *object, const char *name, int value)
{
    (void)json_object_set_new(inner(object), name, json_boolean(value));
}

void mnv_json_set_null(mnv_json_t *object, const char *name)
{
    (void)json_object_set_new(inner(object), name, json_null());
}

void mnv_json_set(mnv_json_t *object, const char *name, const mnv_json_t *value)
{
    (void)json_object_set(inner(object), name, inner(value));
}

void mnv_json_add_string(mnv_json_t *array, const char *value)
{
    (void)json_array_append_new(inner(array), json_string(value));
}

void mnv_json_add(mnv_json_t *array, const mnv_json_t *value)
{
    (void)json_array_append(inner(array), inner(value));
}

/* Measured first and then written into the pool, so that nothing of jansson's own allocator has to be freed. */
static const char *print(apr_pool_t *pool, const mnv_json_t *json, size_t flags, const char *end)
{
    size_t length = json_dumpb(inner(json), NULL, 0, flags);
    char *text = apr_palloc(pool, length + strlen(end) + 1);
    length = json_dumpb(inner(json), text, length, flags);
    memcpy(text + length, end, strlen(end) + 1);
    return text;
}

const char *mnv_json_print(apr_pool_t *pool, const mnv_json_t *json)
{
    return print(pool, json, JSON_COMPACT | JSON_ENCODE_ANY, "");
}

const char *mnv_json_print_pretty(apr_pool_t *pool, const mnv_json_t *json)
{
    return print(pool, json, JSON_INDENT(2) | JSON_ENCODE_ANY, "\n");
}
