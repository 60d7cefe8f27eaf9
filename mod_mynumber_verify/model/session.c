#include "model/session.h"

#include <string.h>
#include <apr_strings.h>
#include "base/base64url.h"
#include "base/civil.h"
#include "base/text.h"
#include "lib/crypt.h"
#include "lib/json.h"

#define VERSION 1
#define ID_BYTES 32
#define ID_CHARACTERS 43
#define KIND_LIMIT 64
#define BIRTHDATE_CHARACTERS 10 /* YYYY-MM-DD */
#define LAST_SECOND 253402300799 /* 9999-12-31T23:59:59Z */

apr_status_t mnv_session_make(mnv_ctx_t *ctx, const char *base_url, mnv_session_t **session)
{
    const char *id = mnv_random_id(ctx, ID_BYTES);

    return id ? mnv_session_named(ctx, base_url, id, session) : APR_EGENERAL;
}

apr_status_t mnv_session_named(mnv_ctx_t *ctx, const char *base_url, const char *id, mnv_session_t **session)
{
    mnv_session_t *made = apr_pcalloc(ctx->pool, sizeof(*made));

    made->id = id;
    made->key = mnv_session_key(ctx->pool, made->id, strlen(made->id));
    if (!made->key) {
        return mnv_fail(ctx, MNV_FAIL_CRYPTO, "key of a session");
    }
    made->base_url = base_url;
    made->created = made->seen = mnv_now(ctx);
    *session = made;
    return APR_SUCCESS;
}

apr_status_t mnv_session_renew(mnv_ctx_t *ctx, const mnv_session_t *old, mnv_session_t **session)
{
    mnv_session_t *made;
    apr_status_t rv = mnv_session_make(ctx, old->base_url, &made);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* Not a new beginning, because a session must not outlive its absolute limit by being renewed */
    made->created = old->created;
    made->account = old->account;
    made->identity = old->identity;
    *session = made;
    return APR_SUCCESS;
}

const char *mnv_session_key(apr_pool_t *pool, const char *id, apr_size_t length)
{
    unsigned char digest[MNV_DIGEST_BYTES], *bytes;
    apr_size_t count;

    if (!id || length != ID_CHARACTERS || mnv_base64url_decode(pool, id, length, &bytes, &count) != APR_SUCCESS
        || mnv_crypt_sha256(id, length, digest) != APR_SUCCESS) {
        return NULL;
    }
    return mnv_base64url_encode(pool, digest, sizeof(digest));
}

int mnv_session_is_expired(const mnv_session_t *session, const mnv_session_options_t *options, apr_time_t now)
{
    return session->created > now + MNV_NODE_SKEW || session->seen > now + MNV_NODE_SKEW
           || now - session->seen >= options->inactivity || now - session->created >= options->lifetime
           || (session->account && session->account->ends_at && now >= session->account->ends_at);
}

int mnv_proof_is_fresh(apr_time_t proof_at, apr_time_t now)
{
    return proof_at > 0 && proof_at <= now + MNV_NODE_SKEW && now - proof_at < MNV_PROOF_LIFETIME;
}

const char *mnv_session_cookie_name(const mnv_options_t *options)
{
    if (options->session.cookie) {
        return options->session.cookie;
    }
    return options->site.secure ? "__Host-mynumber" : "mynumber";
}

/* Writing. ------------------------------------------------------------------------- */

static void set_time(mnv_json_t *json, const char *name, apr_time_t at)
{
    if (at != 0) {
        mnv_json_set_integer(json, name, apr_time_sec(at));
    }
}

static int set_attribute(void *json, const char *name, const char *value)
{
    mnv_json_set_string(json, name, value);
    return 1;
}

mnv_json_t *mnv_account_to_json(apr_pool_t *pool, const mnv_account_t *account)
{
    mnv_json_t *json = mnv_json_object(pool);

    mnv_json_set_string(json, "issuer", account->issuer);
    mnv_json_set_string(json, "kind", account->kind);
    mnv_json_set_string(json, "value", account->value);
    mnv_json_set_string(json, "name", account->name);
    mnv_json_set_string(json, "acr", account->acr);
    mnv_json_set_string(json, "method", account->method);
    set_time(json, "at", account->at);
    set_time(json, "proof_at", account->proof_at);
    set_time(json, "ends_at", account->ends_at);
    if (account->attributes && !apr_is_empty_table(account->attributes)) {
        mnv_json_t *attributes = mnv_json_object(pool);

        apr_table_do(set_attribute, attributes, account->attributes, NULL);
        mnv_json_set(json, "attributes", attributes);
    }
    return json;
}

mnv_json_t *mnv_identity_to_json(apr_pool_t *pool, const mnv_identity_t *identity)
{
    mnv_json_t *json = mnv_json_object(pool);

    mnv_json_set_string(json, "issuer", identity->issuer);
    mnv_json_set_string(json, "subject", identity->subject);
    mnv_json_set_string(json, "acr", identity->acr);
    mnv_json_set_string(json, "name", identity->name);
    mnv_json_set_string(json, "birthdate", identity->birthdate);
    mnv_json_set_string(json, "gender", identity->gender);
    mnv_json_set_string(json, "address", identity->address);
    set_time(json, "at", identity->at);
    set_time(json, "proof_at", identity->proof_at);
    return json;
}

mnv_json_t *mnv_session_to_json(apr_pool_t *pool, const mnv_session_t *session)
{
    mnv_json_t *json = mnv_json_object(pool);

    mnv_json_set_integer(json, "v", VERSION);
    mnv_json_set_string(json, "successor", session->successor);
    mnv_json_set_string(json, "predecessor", session->predecessor);
    set_time(json, "succeeded_at", session->succeeded_at);
    mnv_json_set_string(json, "browser", session->browser);
    if (session->is_parked) {
        mnv_json_set_bool(json, "parked", 1);
    }
    if (session->account) {
        mnv_json_set(json, "account", mnv_account_to_json(pool, session->account));
        mnv_json_set_string(json, "op_subject", session->account->op_subject);
        mnv_json_set_string(json, "op_session", session->account->op_session);
        mnv_json_set_string(json, "op_format", session->account->op_format);
        mnv_json_set_string(json, "op_qualifier", session->account->op_qualifier);
        mnv_json_set_string(json, "op_sp_qualifier", session->account->op_sp_qualifier);
    }
    if (session->identity) {
        mnv_json_set(json, "identity", mnv_identity_to_json(pool, session->identity));
    }
    return json;
}

/* Reading. A row is sealed by us, yet perhaps by another version of us, or by whoever got hold of a key. ----- */

/** A string member that may be absent. one_line: no control characters. @return 0 when it does not fit */
static int get_text(apr_pool_t *pool, const mnv_json_t *json, const char *name, apr_size_t limit, int one_line,
                    const char **text)
{
    const char *value = mnv_json_string(json, name);

    if (!value) {
        *text = NULL;
        return mnv_json_kind(json, name) == MNV_JSON_ABSENT;
    }
    if (strlen(value) > limit || (one_line && mnv_text_has_control(value))) {
        return 0;
    }
    *text = *value ? apr_pstrdup(pool, value) : NULL;
    return 1;
}

static int get_identifier(apr_pool_t *pool, const mnv_json_t *json, const char *name, apr_size_t limit,
                          const char **text)
{
    return get_text(pool, json, name, limit, 1, text) && *text;
}

/** A time in whole seconds that may be absent (0). @return 0 when it does not fit */
static int get_time(const mnv_json_t *json, const char *name, apr_time_t *at)
{
    apr_int64_t seconds;
    apr_status_t rv = mnv_json_integer(json, name, &seconds);

    if (rv == APR_ENOENT) {
        *at = 0;
        return 1;
    }
    if (rv != APR_SUCCESS || seconds <= 0 || seconds > LAST_SECOND) {
        return 0;
    }
    *at = apr_time_from_sec(seconds);
    return 1;
}

typedef struct attributes_t {
    apr_table_t *table;
    int refused;
} attributes_t;

static int get_attribute(void *baton, const char *name, const mnv_json_t *value)
{
    attributes_t *attributes = baton;
    const char *text = mnv_json_string(value, NULL);

    if (!text || strlen(text) > MNV_ATTRIBUTE_LIMIT_BYTES || !mnv_text_is_token(name, KIND_LIMIT)) {
        attributes->refused = 1;
        return 1;
    }
    apr_table_addn(attributes->table, apr_pstrdup(apr_table_elts(attributes->table)->pool, name),
                   apr_pstrdup(apr_table_elts(attributes->table)->pool, text));
    return 0;
}

static int get_attributes(apr_pool_t *pool, const mnv_json_t *json, apr_table_t **table)
{
    attributes_t attributes = { apr_table_make(pool, 8), 0 };

    *table = attributes.table;
    if (mnv_json_kind(json, "attributes") == MNV_JSON_ABSENT) {
        return 1;
    }
    if (mnv_json_kind(json, "attributes") != MNV_JSON_OBJECT
        || mnv_json_size(mnv_json_member(json, "attributes")) > MNV_ATTRIBUTE_MAX + 1) {
        return 0;
    }
    mnv_json_each(mnv_json_member(json, "attributes"), get_attribute, &attributes);
    return !attributes.refused;
}

apr_status_t mnv_account_from_json(apr_pool_t *pool, const mnv_json_t *json, mnv_account_t **account)
{
    mnv_account_t *made = apr_pcalloc(pool, sizeof(*made));

    if (mnv_json_kind(json, NULL) != MNV_JSON_OBJECT
        || !get_identifier(pool, json, "issuer", MNV_TEXT_LIMIT_BYTES, &made->issuer)
        || !get_identifier(pool, json, "kind", KIND_LIMIT, &made->kind)
        || !get_identifier(pool, json, "value", MNV_TEXT_LIMIT_BYTES, &made->value)
        || !get_text(pool, json, "name", MNV_TEXT_LIMIT_BYTES, 0, &made->name)
        || !get_text(pool, json, "acr", MNV_TEXT_LIMIT_BYTES, 1, &made->acr)
        || !get_text(pool, json, "method", KIND_LIMIT, 1, &made->method)
        || !get_time(json, "at", &made->at) || !get_time(json, "proof_at", &made->proof_at) || !get_time(json, "ends_at", &made->ends_at)
        || !get_attributes(pool, json, &made->attributes)) {
        return APR_EINVAL;
    }
    *account = made;
    return APR_SUCCESS;
}

static int is_gender(const char *text)
{
    static const char *const genders[] = { "male", "female", "other", "unknown" };
    apr_size_t i;

    for (i = 0; i < sizeof(genders) / sizeof(genders[0]); i++) {
        if (strcmp(text, genders[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t mnv_identity_from_json(apr_pool_t *pool, const mnv_json_t *json, mnv_identity_t **identity)
{
    mnv_identity_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_time_t born;

    if (mnv_json_kind(json, NULL) != MNV_JSON_OBJECT
        || !get_identifier(pool, json, "issuer", MNV_TEXT_LIMIT_BYTES, &made->issuer)
        || !get_identifier(pool, json, "subject", MNV_SUBJECT_LIMIT, &made->subject)
        || !get_text(pool, json, "acr", MNV_TEXT_LIMIT_BYTES, 1, &made->acr)
        || !get_text(pool, json, "name", MNV_TEXT_LIMIT_BYTES, 0, &made->name)
        || !get_text(pool, json, "birthdate", BIRTHDATE_CHARACTERS, 1, &made->birthdate)
        || !get_text(pool, json, "gender", KIND_LIMIT, 1, &made->gender)
        || !get_text(pool, json, "address", MNV_TEXT_LIMIT_BYTES, 0, &made->address)
        || !get_time(json, "at", &made->at) || !get_time(json, "proof_at", &made->proof_at)) {
        return APR_EINVAL;
    }
    if ((made->birthdate
         && (strlen(made->birthdate) != BIRTHDATE_CHARACTERS || mnv_civil_reaches(made->birthdate, 0, &born) != APR_SUCCESS))
        || (made->gender && !is_gender(made->gender))) {
        return APR_EINVAL;
    }
    *identity = made;
    return APR_SUCCESS;
}

/** What the provider calls the session of an account half. @return 0 when it does not fit */
static int get_op_names(apr_pool_t *pool, const mnv_json_t *json, mnv_account_t *account)
{
    static const char *const names[] = { "op_subject", "op_session", "op_format", "op_qualifier", "op_sp_qualifier" };
    const char *read[5];
    int i, count = 0;

    for (i = 0; i < 5; i++) {
        if (!get_text(pool, json, names[i], MNV_OP_NAME_LIMIT, 1, &read[i])) {
            return 0;
        }
        count += read[i] != NULL;
    }
    if (account) {
        account->op_subject = read[0];
        account->op_session = read[1];
        account->op_format = read[2];
        account->op_qualifier = read[3];
        account->op_sp_qualifier = read[4];
    }
    return account || !count;
}

apr_status_t mnv_session_from_json(apr_pool_t *pool, const mnv_json_t *json, mnv_session_t *session)
{
    mnv_account_t *account = NULL;
    mnv_identity_t *identity = NULL;
    const char *successor, *browser;
    apr_int64_t version;

    if (mnv_json_integer(json, "v", &version) != APR_SUCCESS || version != VERSION) {
        return APR_EINVAL;
    }
    /* A member of another kind than object is refused by the half's own check: mnv_json_member() gives NULL then */
    if (mnv_json_kind(json, "account") != MNV_JSON_ABSENT
        && (mnv_account_from_json(pool, mnv_json_member(json, "account"), &account) != APR_SUCCESS || account->at == 0)) {
        return APR_EINVAL;
    }
    if (mnv_json_kind(json, "identity") != MNV_JSON_ABSENT
        && (mnv_identity_from_json(pool, mnv_json_member(json, "identity"), &identity) != APR_SUCCESS
            || identity->at == 0)) {
        return APR_EINVAL;
    }
    if (!get_text(pool, json, "successor", ID_CHARACTERS, 1, &successor)
        || (successor && (account || identity || strlen(successor) != ID_CHARACTERS || !mnv_base64url_is(successor, ID_CHARACTERS)))
        || !get_text(pool, json, "browser", KIND_LIMIT, 1, &browser) || (browser && !successor)) {
        return APR_EINVAL;
    }
    if (!get_op_names(pool, json, account) || !get_text(pool, json, "predecessor", ID_CHARACTERS, 1, &session->predecessor) || !get_time(json, "succeeded_at", &session->succeeded_at)) {
        return APR_EINVAL;
    }
    if (mnv_json_kind(json, "parked") != MNV_JSON_ABSENT && (mnv_json_bool(json, "parked") != 1 || !account || identity || successor)) {
        return APR_EINVAL;
    }
    session->is_parked = mnv_json_kind(json, "parked") != MNV_JSON_ABSENT;
    session->account = account;
    session->identity = identity;
    session->successor = successor;
    session->browser = browser;
    return APR_SUCCESS;
}
