#include "out/pages.h"

#include "base/civil.h"
#include "lib/json.h"
#include "out/assurance.h"

/* A moment and how long ago that was, as "<what>_at" and "<what>_age_sec". */
typedef struct moment_names_t {
    const char *at, *age;
} moment_names_t;

static void set_moment(mnv_ctx_t *ctx, mnv_json_t *json, const moment_names_t *names, apr_time_t at)
{
    apr_time_t age = mnv_now(ctx) - at;

    if (at) {
        mnv_json_set_string(json, names->at, mnv_civil_rfc3339(ctx->pool, at));
        mnv_json_set_integer(json, names->age, age > 0 ? apr_time_sec(age) : 0);
    }
}

static mnv_json_t *account_json(mnv_ctx_t *ctx, const mnv_account_t *account, int is_session)
{
    static const moment_names_t names = {"signed_in_at", "signed_in_age_sec"};
    mnv_json_t *json = mnv_json_object(ctx->pool);

    mnv_json_set_string(json, "id", account->value);
    mnv_json_set_string(json, "issuer", account->issuer);
    mnv_json_set_string(json, "kind", account->kind);
    mnv_json_set_string(json, "name", account->name);
    if (is_session) {
        mnv_json_set_string(json, "method", account->method);
        mnv_json_set_string(json, "acr", account->acr);
        set_moment(ctx, json, &names, account->at);
    }
    return json;
}

/* The subject is left out: it is the card's lasting identifier. So are birthdate, gender and address: any script of this origin can ask here, and a location that
 * needs them is given them by MyNumberExport. */
static mnv_json_t *identity_json(mnv_ctx_t *ctx, const mnv_identity_t *identity)
{
    static const moment_names_t names = {"verified_at", "verified_age_sec"};
    mnv_json_t *json = mnv_json_object(ctx->pool);

    mnv_json_set_string(json, "issuer", identity->issuer);
    mnv_json_set_string(json, "acr", identity->acr);
    mnv_json_set_string(json, "name", identity->name);
    set_moment(ctx, json, &names, identity->at);
    return json;
}

/* Each half as the link knows it stands inside the link, so that nobody takes it for one obtained now. */
static mnv_json_t *link_json(mnv_ctx_t *ctx, const mnv_link_t *link)
{
    static const moment_names_t names = {"linked_at", "linked_age_sec"};
    mnv_json_t *json = mnv_json_object(ctx->pool);

    set_moment(ctx, json, &names, link->linked_at);
    if (link->expires_at) {
        mnv_json_set_string(json, "expires_at", mnv_civil_rfc3339(ctx->pool, link->expires_at));
    }
    mnv_json_set(json, "account", account_json(ctx, link->account, 0));
    mnv_json_set(json, "identity", identity_json(ctx, link->identity));
    return json;
}

/* A link that does not belong to every half present is somebody else's, or a conflict: nothing of it is told. */
static int fits(mnv_ctx_t *ctx, const mnv_session_t *session, const mnv_link_t *link)
{
    return session && link && (session->account || session->identity) && mnv_link_is_live(link, mnv_now(ctx))
           && (!session->account || mnv_link_has_account(link, session->account))
           && (!session->identity || mnv_link_has_identity(link, session->identity));
}

static void set_or_null(mnv_json_t *json, const char *name, const mnv_json_t *value)
{
    if (value) {
        mnv_json_set(json, name, value);
    }
    else {
        mnv_json_set_null(json, name);
    }
}

static mnv_json_t *assurance_json(mnv_ctx_t *ctx, const apr_array_header_t *rows, const mnv_identity_t *identity, int is_linked)
{
    const apr_array_header_t *uris = mnv_assurance_of(ctx->pool, rows, identity, is_linked);
    mnv_json_t *json = mnv_json_array(ctx->pool);
    int i;

    for (i = 0; i < uris->nelts; i++) {
        mnv_json_add_string(json, APR_ARRAY_IDX(uris, i, const char *));
    }
    return json;
}

void mnv_page_info(mnv_ctx_t *ctx, const mnv_session_t *session, const mnv_link_t *link, const apr_array_header_t *assurance, mnv_reply_t *reply)
{
    mnv_json_t *json = mnv_json_object(ctx->pool);
    int is_linked = fits(ctx, session, link);
    const mnv_identity_t *identity = session && session->identity ? session->identity : is_linked ? link->identity : NULL;

    mnv_json_set_bool(json, "verified", identity != NULL);
    mnv_json_set_bool(json, "linked", is_linked);
    set_or_null(json, "account", session && session->account ? account_json(ctx, session->account, 1) : NULL);
    set_or_null(json, "identity", session && session->identity ? identity_json(ctx, session->identity) : NULL);
    set_or_null(json, "link", is_linked ? link_json(ctx, link) : NULL);
    mnv_json_set(json, "assurance", assurance_json(ctx, assurance, identity, is_linked));
    mnv_reply_body(reply, 200, "application/json", mnv_json_print(ctx->pool, json));
}
