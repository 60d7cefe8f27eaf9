/* proto/claims.c. Members of a case: "userinfo" (null: none was fetched), "claims" of the ID token; below claims/identity "identity", what the half must
 * hold (null: nothing there); below claims/account "issuer", "refuse_guests", "attributes" and "pass" (the options), "account" likewise, "passed" the attributes
 * handed on, "warns": a line tells of what was left out.
 */
#include "cases.h"
#include "proto/userinfo.h"

typedef struct field_t {
    const char *name, *value;
} field_t;

typedef struct fields_t {
    const field_t *fields;
    apr_table_t *table; /* instead of fields */
} fields_t;

static int holds(void *baton, const char *name, const mnv_json_t *value)
{
    const fields_t *fields = baton;
    const field_t *field = fields->fields;
    const char *wanted = mnv_json_string(value, NULL), *found;

    for (; field && field->name && strcmp(field->name, name); field++) {
        continue;
    }
    assert_true(!field || field->name);
    found = field ? field->value : apr_table_get(fields->table, name);
    if (wanted) {
        assert_non_null(found);
        assert_string_equal(found, wanted);
    }
    else {
        assert_null(found);
    }
    return 0;
}

static void judges_identity(case_t *c, const mnv_idtoken_t *token)
{
    mnv_identity_t *identity = NULL;
    apr_status_t status = mnv_identity_from_claims(c->unit->ctx, "https://op.example", token, mnv_json_member(c->json, "userinfo"), &identity);

    case_judge(c, status);
    if (status == APR_SUCCESS) {
        const field_t fields[] = {
            { "name", identity->name }, { "address", identity->address }, { "birthdate", identity->birthdate }, { "gender", identity->gender }, { NULL, NULL }
        };
        fields_t all = { fields, NULL };
        assert_non_null(mnv_json_member(c->json, "identity"));
        mnv_json_each(mnv_json_member(c->json, "identity"), holds, &all);
        assert_string_equal(identity->issuer, "https://op.example");
        assert_string_equal(identity->subject, "token-subject");
        assert_string_equal(identity->acr, "aal3");
        assert_true(identity->at == UNIT_START && identity->proof_at == UNIT_START);
    }
    else {
        assert_null(identity);
    }
}

static void judges_account(case_t *c, const mnv_idtoken_t *token)
{
    mnv_signin_options_t options = { .method = MNV_SIGNIN_OIDC, .account_attributes = case_list(c, "attributes"), .account_keep = case_list(c, "pass") };
    const char *issuer = mnv_json_string(c->json, "issuer") ? mnv_json_string(c->json, "issuer") : "https://op.example";
    mnv_account_t *account = NULL;
    apr_status_t status;

    options.refuse_guests = mnv_json_bool(c->json, "refuse_guests") == 1;
    status = mnv_account_from_claims(c->unit->ctx, issuer, token, mnv_json_member(c->json, "userinfo"), &options, &account);

    case_judge(c, status);
    if (status == APR_SUCCESS) {
        const field_t fields[] = { { "kind", account->kind }, { "value", account->value }, { "name", account->name }, { NULL, NULL } };
        fields_t all = { fields, NULL }, passed = { NULL, account->attributes };
        if (mnv_json_member(c->json, "account")) {
            mnv_json_each(mnv_json_member(c->json, "account"), holds, &all);
        }
        if (mnv_json_member(c->json, "passed")) {
            mnv_json_each(mnv_json_member(c->json, "passed"), holds, &passed);
        }
        assert_string_equal(account->issuer, issuer);
        assert_string_equal(account->op_subject, "token-subject");
        assert_string_equal(account->method, "oidc");
        assert_string_equal(account->acr, "aal3");
        assert_true(account->at == UNIT_START && account->proof_at == UNIT_START);
    }
    else {
        assert_null(account);
    }
    assert_int_equal(unit_logged(c->unit, "MNV1200"), mnv_json_bool(c->json, "warns") == 1);
}

static void judges_claims(void **state)
{
    case_t *c = *state;
    mnv_idtoken_t token = { 0 };

    token.subject = "token-subject";
    token.acr = "aal3";
    token.claims = mnv_json_member(c->json, "claims");
    if (strstr(c->file, "/identity/")) {
        judges_identity(c, &token);
    }
    else {
        judges_account(c, &token);
    }
    for (int i = 0; i < c->unit->log->nelts; i++) { /* no personal data: a log line is ASCII here */
        for (const char *at = APR_ARRAY_IDX(c->unit->log, i, const char *); *at; at++) {
            assert_true((unsigned char)*at < 0x80);
        }
    }
}

int main(void)
{
    return CASES_RUN(judges_claims, "claims");
}
