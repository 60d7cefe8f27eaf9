#include "flow/flow_saml.h"

#include <apr_strings.h>
#include <string.h>
#include "flow/federation.h"
#include "flow/steps.h"
#include "proto/saml_attributes.h"
#include "proto/saml_request.h"
#include "proto/saml_self.h"

#define FORM_PARAMETERS 8
#define METADATA_TYPE "application/samlmetadata+xml"

static const char *acs_url(mnv_ctx_t *ctx, const mnv_site_t *site)
{
    return mnv_own_url(ctx->pool, site->options, "/saml/acs");
}

const char *mnv_saml_only(const mnv_site_t *site, const mnv_saml_metadata_t *metadata)
{
    const char *named = site->options->account.issuer;

    return named ? named : mnv_saml_metadata_only(metadata);
}

/* The provider that a flow is with: the one that was chosen, else the one there is. */
static apr_status_t find_provider(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending, const mnv_saml_metadata_t **metadata, mnv_saml_provider_t **provider)
{
    const char *entity_id;
    apr_status_t status = mnv_federation_metadata(ctx, site->federation, metadata);

    if (status != APR_SUCCESS) {
        return status;
    }
    entity_id = pending->has_print ? mnv_saml_metadata_printed(ctx->pool, *metadata, pending->print) : mnv_saml_only(site, *metadata);
    if (!entity_id) {
        return mnv_fail(ctx, MNV_FAIL_SAML_PROVIDER, pending->has_print ? "the one that was chosen is gone" : "of %" APR_SIZE_T_FMT " none is named: write MyNumberSignInProvider or MyNumberSAMLDiscovery",
                        mnv_saml_metadata_count(*metadata));
    }
    return mnv_saml_metadata_find(ctx, ctx->pool, *metadata, entity_id, provider);
}

int mnv_saml_is_issuer(mnv_ctx_t *ctx, const mnv_site_t *site, const char *entity_id)
{
    const mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;

    return mnv_federation_metadata(ctx, site->federation, &metadata) == APR_SUCCESS && mnv_saml_metadata_find(ctx, ctx->pool, metadata, entity_id, &provider) == APR_SUCCESS;
}

/* Out. ------------------------------------------------------------------------ */

/* Ways of signing in that are asked for, and in which the person must have signed in. NULL: any, and none is asked for. */
static const apr_array_header_t *contexts_of(mnv_ctx_t *ctx, const mnv_site_t *site)
{
    const char *rest = site->options->account.acr_values;
    apr_array_header_t *contexts;

    if (!rest) {
        return NULL;
    }
    contexts = apr_array_make(ctx->pool, 2, sizeof(const char *));
    while (*rest) {
        apr_size_t length = strcspn(rest, " ");

        APR_ARRAY_PUSH(contexts, const char *) = apr_pstrmemdup(ctx->pool, rest, length);
        rest += length + strspn(rest + length, " ");
    }
    return contexts;
}

static apr_status_t request_url(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_aim_t *aim, const mnv_pending_t *pending, const char **url)
{
    const mnv_saml_options_t *saml = &site->options->saml;
    const apr_array_header_t *stronger = site->options->link.signin_acr;
    const mnv_saml_metadata_t *metadata;
    mnv_saml_request_t request = {0};
    mnv_saml_provider_t *provider;
    apr_status_t status = find_provider(ctx, site, pending, &metadata, &provider);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!provider->signon) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "\"%.200s\" has no SingleSignOnService for HTTP-Redirect", provider->entity_id);
    }
    if (provider->wants_signed && !saml->keys->nelts) {
        return mnv_fail(ctx, MNV_FAIL_SAML_METADATA, "\"%.200s\" wants requests to be signed: give MyNumberSAMLKey and MyNumberSAMLCert", provider->entity_id);
    }
    request.id = mnv_pending_request_id(ctx, pending);
    request.entity_id = saml->entity_id;
    request.acs_url = acs_url(ctx, site);
    request.destination = provider->signon;
    request.relay_state = pending->id;
    request.contexts = aim->to_link && stronger && stronger->nelts ? stronger : contexts_of(ctx, site);
    request.key = saml->keys->nelts ? APR_ARRAY_IDX(saml->keys, 0, const struct mnv_private_key_t *) : NULL;
    return request.id ? mnv_saml_request_url(ctx, &request, url) : APR_EGENERAL;
}

apr_status_t mnv_saml_send(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, const char *chosen, mnv_reply_t *reply)
{
    mnv_pending_t *pending;
    const char *url;
    apr_status_t status = mnv_pending_make(ctx, aim->half, aim->return_to, &pending);

    if (status == APR_SUCCESS && chosen) {
        pending->has_print = 1;
        status = mnv_saml_print(chosen, pending->print) == APR_SUCCESS ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_CRYPTO, "print of an identity provider");
    }
    if (status == APR_SUCCESS) {
        status = request_url(ctx, site, aim, pending, &url);
    }
    if (status == APR_SUCCESS) {
        status = mnv_flow_cookies_set(ctx, site, request, pending, reply);
    }
    if (status == APR_SUCCESS) {
        mnv_reply_redirect(reply, url);
    }
    return status;
}

apr_status_t mnv_saml_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_aim_t *aim, mnv_reply_t *reply)
{
    const mnv_saml_metadata_t *metadata;
    apr_status_t status = mnv_federation_metadata(ctx, site->federation, &metadata);

    if (status == APR_SUCCESS && site->options->saml.discovery && !mnv_saml_only(site, metadata)) {
        return mnv_discovery_start(ctx, site, request, aim, reply);
    }
    return status == APR_SUCCESS ? mnv_saml_send(ctx, site, request, aim, NULL, reply) : status;
}

/* Back: POST /saml/acs. --------------------------------------------------------- */

static apr_status_t read_form(mnv_ctx_t *ctx, const mnv_request_t *request, const char **response, const char **state)
{
    mnv_params_t *form;

    if (!request->form || mnv_params_parse(ctx->pool, request->form, request->form_length, FORM_PARAMETERS, &form) != APR_SUCCESS
        || mnv_params_one(form, "SAMLResponse", response) != APR_SUCCESS || mnv_params_one(form, "RelayState", state) != APR_SUCCESS || !*response) {
        return mnv_fail(ctx, MNV_FAIL_SAML_FORMAT, "no form with one SAMLResponse and at most one RelayState");
    }
    return *state && **state ? APR_SUCCESS : mnv_fail(ctx, MNV_FAIL_SAML_UNSOLICITED, "without RelayState");
}

/* Microsoft Entra ID is one identity provider for each tenant, and says which: https://sts.windows.net/TENANT/. */
static const char *tenant_of(apr_pool_t *pool, const char *entity_id)
{
    static const char start[] = "https://sts.windows.net/";
    const char *tenant = entity_id + sizeof(start) - 1;

    return !strncmp(entity_id, start, sizeof(start) - 1) && *tenant ? apr_pstrmemdup(pool, tenant, strcspn(tenant, "/")) : NULL;
}

static apr_status_t judge(mnv_ctx_t *ctx, const mnv_site_t *site, const char *response, const mnv_pending_t *pending, mnv_account_t **account, mnv_saml_statement_t **statement)
{
    const mnv_options_t *options = site->options;
    mnv_saml_account_rules_t rules = {0};
    const mnv_saml_metadata_t *metadata;
    mnv_saml_expect_t expect = {0};
    mnv_saml_provider_t *provider;
    apr_status_t status = find_provider(ctx, site, pending, &metadata, &provider);

    if (status != APR_SUCCESS) {
        return status;
    }
    expect.issuer = provider->entity_id;
    expect.trust.certificates = provider->certificates;
    expect.trust.sha1 = options->saml.sha1;
    expect.entity_id = options->saml.entity_id;
    expect.acs_url = acs_url(ctx, site);
    expect.request_id = mnv_pending_request_id(ctx, pending);
    expect.keys = options->saml.keys;
    expect.skew = options->call.clock_skew;
    expect.contexts = contexts_of(ctx, site);
    if (!expect.request_id) {
        return APR_EGENERAL;
    }
    status = mnv_saml_response_judge(ctx, response, &expect, statement);
    if (status != APR_SUCCESS) {
        if (ctx->failure.what == MNV_FAIL_SAML_SIGNATURE || ctx->failure.what == MNV_FAIL_SAML_ENCRYPTED) {
            mnv_saml_doubt(ctx, site);
        }
        return status;
    }
    /* One provider alone, put there by the administrator, speaks for its own people whatever it calls them; in a federation the metadata say whose names are whose. */
    rules.scopes = mnv_saml_metadata_count(metadata) == 1 && !provider->scopes->nelts ? NULL : provider->scopes;
    rules.tenant = tenant_of(ctx->pool, provider->entity_id);
    rules.refuse_guests = options->signin.refuse_guests;
    rules.signin = &options->signin;
    status = mnv_saml_account(ctx, *statement, &rules, account);
    if (status == APR_SUCCESS) {
        (*account)->ends_at = (*statement)->session_ends;
    }
    return status;
}

/* The flow is used once, and so is the assertion, whatever flow it was sent for, at whatever node. */
static apr_status_t use(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending, const mnv_saml_statement_t *statement)
{
    apr_status_t status = mnv_flow_use(ctx, site, pending);

    if (status == APR_SUCCESS) {
        status = mnv_store_use_once(ctx, site->store, apr_pstrcat(ctx->pool, "saml ", statement->issuer, " ", statement->assertion_id, NULL), statement->replay_until);
        status = APR_STATUS_IS_EEXIST(status) ? mnv_fail(ctx, MNV_FAIL_FLOW_REPLAYED, "the assertion was used before") : status;
    }
    return status;
}

static apr_status_t park(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending, mnv_account_t *account)
{
    const char *id = mnv_pending_parked_id(ctx, pending);
    mnv_session_t *parked;

    if (!id || mnv_session_named(ctx, site->options->site.base_url, id, &parked) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    parked->is_parked = 1;
    parked->account = account;
    return mnv_store_session_put(ctx, site->store, parked, NULL, MNV_FLOW_LIFETIME);
}

apr_status_t mnv_step_saml_acs(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    const char *response, *state;
    mnv_saml_statement_t *statement;
    mnv_account_t *account;
    mnv_pending_t *pending;
    apr_status_t status = site->federation ? read_form(ctx, request, &response, &state) : mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, NULL);

    if (status == APR_SUCCESS) {
        status = mnv_flow_cookies_get(ctx, site, request, state, &pending);
    }
    if (status == APR_SUCCESS && (pending->half != MNV_HALF_ACCOUNT || pending->is_choosing)) {
        status = mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow belongs to another callback");
    }
    if (status == APR_SUCCESS) {
        status = judge(ctx, site, response, pending, &account, &statement);
    }
    if (status == APR_SUCCESS && (status = use(ctx, site, pending, statement)) == APR_SUCCESS) {
        status = park(ctx, site, pending, account);
    }
    if (status == APR_SUCCESS) {
        mnv_reply_redirect(reply, mnv_url_add(ctx->pool, mnv_own_url(ctx->pool, site->options, "/signin/callback"), "state", state));
    }
    return status;
}

/* Into the session: GET /signin/callback. ------------------------------------------ */

/* @return APR_SUCCESS or the told failure FLOW_REPLAYED when nothing is parked there (any more) */
static apr_status_t take(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_pending_t *pending, mnv_account_t **account)
{
    const char *id = mnv_pending_parked_id(ctx, pending);
    mnv_session_t *named, *parked;
    int deleted = 0;
    apr_status_t status = id ? mnv_session_named(ctx, site->options->site.base_url, id, &named) : APR_EGENERAL;

    if (status != APR_SUCCESS || (status = mnv_store_session_get(ctx, site->store, named->key, &parked)) != APR_SUCCESS) {
        return status;
    }
    if (parked && parked->is_parked && !strcmp(parked->base_url, site->options->site.base_url)) {
        status = mnv_store_session_delete(ctx, site->store, named->key, &deleted);
    }
    if (status == APR_SUCCESS && !deleted) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_REPLAYED, NULL);
    }
    *account = parked->account;
    return status;
}

apr_status_t mnv_saml_finish(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, const mnv_pending_t **pending, mnv_account_t **account, mnv_reply_t *reply)
{
    mnv_params_t *query;
    mnv_pending_t *found;
    const char *state;
    apr_status_t status;

    if (mnv_params_parse(ctx->pool, request->query, request->query ? strlen(request->query) : 0, FORM_PARAMETERS, &query) != APR_SUCCESS
        || mnv_params_one(query, "state", &state) != APR_SUCCESS || !state) {
        return mnv_fail(ctx, MNV_FAIL_CALLBACK_STATE, NULL);
    }
    status = mnv_flow_cookies_get(ctx, site, request, state, &found);
    if (status != APR_SUCCESS) {
        return status;
    }
    *pending = found;
    if (found->half != MNV_HALF_ACCOUNT || found->is_choosing) {
        return mnv_fail(ctx, MNV_FAIL_FLOW_FORGED, "flow belongs to another callback");
    }
    mnv_flow_cookies_end(ctx, site, state, reply);
    return take(ctx, site, found, account);
}

/* Our own metadata. ------------------------------------------------------------------ */

/* Attributes: what an account is known by, what applications receive, what rules ask for. */
static const apr_array_header_t *requested(mnv_ctx_t *ctx, const mnv_signin_options_t *signin)
{
    const apr_array_header_t *lists[] = {signin->account_attributes, signin->account_keep};
    apr_array_header_t *all = apr_array_make(ctx->pool, 8, sizeof(const char *));
    apr_table_t *seen = apr_table_make(ctx->pool, 8);
    int i, k;

    apr_table_setn(seen, MNV_SAML_NAME_ID, "no attribute");
    apr_table_setn(seen, MNV_ATTRIBUTE_WITHHELD, "ours");
    for (i = 0; i < 2; i++) {
        for (k = 0; lists[i] && k < lists[i]->nelts; k++) {
            const char *name = mnv_saml_short_name(APR_ARRAY_IDX(lists[i], k, const char *));

            if (!apr_table_get(seen, name)) {
                apr_table_setn(seen, name, "asked for");
                APR_ARRAY_PUSH(all, const char *) = name;
            }
        }
    }
    return all;
}

apr_status_t mnv_step_saml_metadata(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    const mnv_options_t *options = site->options;
    mnv_saml_self_t self = {0};

    (void)request;
    if (!site->federation) {
        return mnv_fail(ctx, MNV_FAIL_NO_SIGNIN, NULL);
    }
    self.entity_id = options->saml.entity_id;
    self.acs_url = acs_url(ctx, site);
    self.discovery_url = options->saml.discovery ? mnv_own_url(ctx->pool, options, "/signin/discovery") : NULL;
    self.certificates = options->saml.certificates;
    self.signs = options->saml.keys->nelts > 0;
    self.logout_url = self.signs ? mnv_own_url(ctx->pool, options, "/saml/slo") : NULL; /* what is sent from there must be signed */
    self.name_ja = options->saml.names.ja;
    self.name_en = options->saml.names.en;
    self.requested = requested(ctx, &options->signin);
    mnv_reply_body(reply, 200, METADATA_TYPE, mnv_saml_self_xml(ctx->pool, &self));
    return APR_SUCCESS;
}
