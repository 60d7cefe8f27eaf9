#include "model/link.h"

#include <string.h>
#include <apr_strings.h>
#include "lib/json.h"

#define VERSION 1
#define ID_BYTES 16
#define LAST_SECOND 253402300799 /* 9999-12-31T23:59:59Z */

int mnv_link_is_live(const mnv_link_t *link, apr_time_t now)
{
    return link->expires_at == 0 || now < link->expires_at;
}

int mnv_link_has_account(const mnv_link_t *link, const mnv_account_t *account)
{
    return strcmp(link->account->issuer, account->issuer) == 0 && strcmp(link->account->kind, account->kind) == 0
           && strcmp(link->account->value, account->value) == 0;
}

int mnv_link_has_identity(const mnv_link_t *link, const mnv_identity_t *identity)
{
    return strcmp(link->identity->issuer, identity->issuer) == 0
           && strcmp(link->identity->subject, identity->subject) == 0;
}

static int keeps(const mnv_link_options_t *options, const char *detail)
{
    int i;

    if (!options->keep) {
        return strcmp(detail, "name") == 0;
    }
    for (i = 0; i < options->keep->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(options->keep, i, const char *), detail) == 0) {
            return 1;
        }
    }
    return 0;
}

/** A detail to keep: what was not given this time does not wipe out what is known, what is no longer to be kept goes. */
static const char *kept(apr_pool_t *pool, const mnv_link_options_t *options, const char *detail, const char *given,
                        const char *known)
{
    if (!keeps(options, detail)) {
        return NULL;
    }
    return given ? apr_pstrdup(pool, given) : known;
}

void mnv_link_keep(apr_pool_t *pool, mnv_link_t *link, const mnv_identity_t *identity,
                   const mnv_link_options_t *options)
{
    mnv_identity_t *into = link->identity;

    into->acr = identity->acr ? apr_pstrdup(pool, identity->acr) : NULL;
    into->at = apr_time_from_sec(apr_time_sec(identity->at));
    into->name = kept(pool, options, "name", identity->name, into->name);
    into->birthdate = kept(pool, options, "birthdate", identity->birthdate, into->birthdate);
    into->gender = kept(pool, options, "gender", identity->gender, into->gender);
    into->address = kept(pool, options, "address", identity->address, into->address);
}

apr_status_t mnv_link_make(mnv_ctx_t *ctx, const mnv_session_t *session, const mnv_link_options_t *options,
                           mnv_link_t **link)
{
    mnv_link_t *made = apr_pcalloc(ctx->pool, sizeof(*made));

    if (!session->account || !session->identity) {
        return mnv_fail(ctx, MNV_FAIL_INTERNAL, "a link needs both halves");
    }
    made->id = mnv_random_id(ctx, ID_BYTES);
    if (!made->id) {
        return APR_EGENERAL;
    }
    made->account = apr_pcalloc(ctx->pool, sizeof(*made->account));
    made->account->issuer = session->account->issuer;
    made->account->kind = session->account->kind;
    made->account->value = session->account->value;
    made->account->name = session->account->name;
    made->account->attributes = apr_table_make(ctx->pool, 1);
    made->identity = apr_pcalloc(ctx->pool, sizeof(*made->identity));
    made->identity->issuer = session->identity->issuer;
    made->identity->subject = session->identity->subject;
    mnv_link_keep(ctx->pool, made, session->identity, options);
    made->linked_at = apr_time_from_sec(apr_time_sec(mnv_now(ctx)));
    made->expires_at = options->lifetime > 0 ? made->linked_at + options->lifetime : 0;
    *link = made;
    return APR_SUCCESS;
}

mnv_json_t *mnv_link_to_json(apr_pool_t *pool, const mnv_link_t *link)
{
    mnv_json_t *json = mnv_json_object(pool);

    mnv_json_set_integer(json, "v", VERSION);
    mnv_json_set(json, "account", mnv_account_to_json(pool, link->account));
    mnv_json_set(json, "identity", mnv_identity_to_json(pool, link->identity));
    mnv_json_set_integer(json, "linked_at", apr_time_sec(link->linked_at));
    mnv_json_set_integer(json, "expires_at", apr_time_sec(link->expires_at));
    return json;
}

apr_status_t mnv_link_from_json(apr_pool_t *pool, const mnv_json_t *json, mnv_link_t *link)
{
    apr_int64_t version, linked, expires;
    mnv_account_t *account;
    mnv_identity_t *identity;

    if (mnv_json_integer(json, "v", &version) != APR_SUCCESS || version != VERSION
        || mnv_json_integer(json, "linked_at", &linked) != APR_SUCCESS || linked <= 0 || linked > LAST_SECOND
        || mnv_json_integer(json, "expires_at", &expires) != APR_SUCCESS || expires < 0 || expires > LAST_SECOND
        || (expires != 0 && expires < linked)
        || mnv_account_from_json(pool, mnv_json_member(json, "account"), &account) != APR_SUCCESS
        || mnv_identity_from_json(pool, mnv_json_member(json, "identity"), &identity) != APR_SUCCESS
        || identity->at == 0) {
        return APR_EINVAL;
    }
    link->account = account;
    link->identity = identity;
    link->linked_at = apr_time_from_sec(linked);
    link->expires_at = apr_time_from_sec(expires);
    return APR_SUCCESS;
}
