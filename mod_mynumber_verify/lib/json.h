/* JSON by jansson. Values belong to the pool they were made in; nobody frees. Reading is strict: UTF-8, no duplicate members, no NUL, at most 32 levels deep. */
#ifndef MNV_LIB_JSON_H
#define MNV_LIB_JSON_H

#include <apr_pools.h>
#include <apr_errno.h>

typedef struct mnv_json_t mnv_json_t;

typedef enum { MNV_JSON_ABSENT, MNV_JSON_NULL, MNV_JSON_STRING, MNV_JSON_INTEGER, MNV_JSON_REAL, MNV_JSON_BOOL, MNV_JSON_ARRAY, MNV_JSON_OBJECT } mnv_json_kind_e;

/** Parse one JSON object that fills the whole text. @return APR_SUCCESS, or APR_EINVAL (malformed, not an object, too deep). Pool: pool. */
apr_status_t mnv_json_parse(apr_pool_t *pool, const char *text, apr_size_t length, mnv_json_t **object);

/** Kind of a member; of the value itself when name is NULL. json NULL: ABSENT. */
mnv_json_kind_e mnv_json_kind(const mnv_json_t *json, const char *name);

/** A string member. @return NULL when absent or of another kind. Lives as long as json. name NULL: the value itself. */
const char *mnv_json_string(const mnv_json_t *json, const char *name);

/** An integer member (a JSON number without fraction or exponent). @return APR_SUCCESS, APR_ENOENT absent, APR_EINVAL another kind. name NULL: itself. */
apr_status_t mnv_json_integer(const mnv_json_t *json, const char *name, apr_int64_t *value);

/** A boolean member: 1, 0; -1 when absent or of another kind. */
int mnv_json_bool(const mnv_json_t *json, const char *name);

/** An object or array member. @return NULL when absent or neither. Pool: json's. */
const mnv_json_t *mnv_json_member(const mnv_json_t *json, const char *name);

/** Number of elements (array) or members (object), 0 for others. */
apr_size_t mnv_json_size(const mnv_json_t *json);

/** An array's element, any kind. @return NULL past the end */
const mnv_json_t *mnv_json_at(const mnv_json_t *array, apr_size_t index);

/** Call each(baton, name, value) for every member of an object, in order; a non-zero answer stops. */
void mnv_json_each(const mnv_json_t *object, int (*each)(void *baton, const char *name, const mnv_json_t *value), void *baton);

/** Make an empty object / array. Pool: pool. */
mnv_json_t *mnv_json_object(apr_pool_t *pool);
mnv_json_t *mnv_json_array(apr_pool_t *pool);

/** Set a member (value NULL: nothing happens). value is copied; it must be UTF-8, otherwise nothing is set. */
void mnv_json_set_string(mnv_json_t *object, const char *name, const char *value);
void mnv_json_set_integer(mnv_json_t *object, const char *name, apr_int64_t value);
void mnv_json_set_bool(mnv_json_t *object, const char *name, int value);
void mnv_json_set_null(mnv_json_t *object, const char *name);
/** Set a member to a value made before (shared, not copied). */
void mnv_json_set(mnv_json_t *object, const char *name, const mnv_json_t *value);
void mnv_json_add_string(mnv_json_t *array, const char *value);
void mnv_json_add(mnv_json_t *array, const mnv_json_t *value);

/** Compact text, members in the order they were set. Pool: pool. */
const char *mnv_json_print(apr_pool_t *pool, const mnv_json_t *json);

/** Indented text for people, ending in a line break. Pool: pool. */
const char *mnv_json_print_pretty(apr_pool_t *pool, const mnv_json_t *json);

#endif
