/* proto/saml_account.c, proto/saml_attributes.c: names of attributes, and which of them makes the account. */
#include "unit.h"
#include "proto/saml_attributes.h"

#define ENTRA "https://sts.windows.net/7f0f0000-0000-0000-0000-000000000000/"
#define CLAIM "http://schemas.microsoft.com/identity/claims/"

typedef struct fixture_t {
    unit_t *unit;
    mnv_saml_statement_t statement;
    mnv_signin_options_t signin;
    mnv_saml_account_rules_t rules;
    apr_array_header_t *scopes;
} fixture_t;

static fixture_t fixture_of(void **state)
{
    fixture_t f = { *state, { 0 }, { 0 }, { 0 }, NULL };
    f.statement.issuer = "https://idp.example.ac.jp/idp";
    f.statement.context = "urn:x";
    f.statement.attributes = apr_array_make(f.unit->pool, 4, sizeof(mnv_saml_attribute_t));
    f.scopes = apr_array_make(f.unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(f.scopes, const char *) = "example.ac.jp";
    return f;
}

static void give(fixture_t *f, const char *name, const char *first, const char *second)
{
    mnv_saml_attribute_t *attribute = apr_array_push(f->statement.attributes);
    attribute->name = name;
    attribute->is_bad = 0;
    attribute->values = apr_array_make(f->unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(attribute->values, const char *) = first;
    if (second) {
        APR_ARRAY_PUSH(attribute->values, const char *) = second;
    }
}

static void list(fixture_t *f, apr_array_header_t **array, const char *a, const char *b)
{
    *array = apr_array_make(f->unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(*array, const char *) = a;
    if (b) {
        APR_ARRAY_PUSH(*array, const char *) = b;
    }
}

static const mnv_account_t *account_of(fixture_t *f)
{
    mnv_account_t *account = NULL;
    f->rules.signin = &f->signin;
    return mnv_saml_account(f->unit->ctx, &f->statement, &f->rules, &account) == APR_SUCCESS ? account : NULL;
}

static void is_account(fixture_t *f, const char *kind, const char *value)
{
    const mnv_account_t *account = account_of(f);
    assert_non_null(account);
    assert_string_equal(account->kind, kind);
    assert_string_equal(account->value, value);
    assert_string_equal(account->issuer, f->statement.issuer);
    assert_string_equal(account->method, "saml");
    assert_true(account->at == UNIT_START && account->proof_at == UNIT_START);
}

static void is_none(fixture_t *f)
{
    assert_null(account_of(f));
    assert_told(f->unit, ACCOUNT_ATTRIBUTE);
}

static void takes_what_never_changes_hands_first(void **state)
{
    fixture_t f = fixture_of(state);
    f.statement.context = NULL;
    is_none(&f);
    give(&f, "mail", "a@example.ac.jp", NULL);
    give(&f, "displayName", "A", NULL);
    is_none(&f);
    give(&f, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "a@example.ac.jp", NULL);
    is_account(&f, "upn", "a@example.ac.jp");
    assert_int_equal(unit_logged(f.unit, "MNV1251"), 1);
    give(&f, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "e@example.ac.jp", NULL);
    is_account(&f, "eduPersonPrincipalName", "e@example.ac.jp");
    assert_int_equal(unit_logged(f.unit, "MNV1251"), 2);
    give(&f, "eduPersonTargetedID", "t-1", NULL);
    is_account(&f, "eduPersonTargetedID", "t-1");
    f.statement.name_id.value = "n-1";
    f.statement.name_id.format = MNV_SAML_PERSISTENT;
    is_account(&f, "NameID", "n-1");
    give(&f, CLAIM "objectidentifier", "o-1", NULL);
    is_account(&f, "objectidentifier", "o-1");
    give(&f, "urn:oasis:names:tc:SAML:attribute:pairwise-id", "p-1@example.ac.jp", NULL);
    is_account(&f, "pairwise-id", "p-1@example.ac.jp");
    give(&f, "urn:oasis:names:tc:SAML:attribute:subject-id", "s-1@example.ac.jp", NULL);
    is_account(&f, "subject-id", "s-1@example.ac.jp");
    assert_int_equal(unit_logged(f.unit, "MNV1251"), 2);
}

static void never_a_transient_name(void **state)
{
    fixture_t f = fixture_of(state);
    f.statement.name_id.value = "n-1";
    f.statement.name_id.format = MNV_SAML_TRANSIENT;
    is_none(&f);
    f.statement.name_id.format = NULL;
    is_none(&f);
    list(&f, &f.signin.account_attributes, "NameID", NULL);
    is_none(&f);
    f.statement.name_id.format = MNV_SAML_TRANSIENT;
    is_none(&f);
    f.statement.name_id.format = MNV_SAML_PERSISTENT;
    is_account(&f, "NameID", "n-1");
}

static void takes_what_is_named_by_any_name(void **state)
{
    fixture_t f = fixture_of(state);
    give(&f, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "e@example.ac.jp", NULL);
    give(&f, "urn:oid:0.9.2342.19200300.100.1.1", "u1", NULL);
    list(&f, &f.signin.account_attributes, "urn:mace:dir:attribute-def:uid", "eduPersonPrincipalName");
    is_account(&f, "uid", "u1");
    list(&f, &f.signin.account_attributes, "employeeNumber", "1.3.6.1.4.1.5923.1.1.1.6");
    is_account(&f, "eduPersonPrincipalName", "e@example.ac.jp");
    assert_int_equal(unit_logged(f.unit, "MNV1251"), 0); /* the administrator has chosen it */
    list(&f, &f.signin.account_attributes, "employeeNumber", NULL);
    is_none(&f);
}

static void not_one_of_several_nor_a_long_one(void **state)
{
    fixture_t f = fixture_of(state);
    list(&f, &f.signin.account_attributes, "uid", NULL);
    give(&f, "uid", "a", "b");
    is_none(&f);
    f.statement.attributes->nelts = 0;
    give(&f, "uid", memset(apr_pcalloc(f.unit->pool, 257), 'x', 255), NULL);
    assert_non_null(account_of(&f));
    f.statement.attributes->nelts = 0;
    give(&f, "uid", memset(apr_pcalloc(f.unit->pool, 257), 'x', 256), NULL);
    is_none(&f);
}

static void scoped_values_are_of_the_providers_scopes(void **state)
{
    static const char *const bad[] = {
        "a@evil.example", "a@sub.example.ac.jp", "a@example.ac.jp@evil.example", "a@evil.example@example.ac.jp", "@example.ac.jp", "example.ac.jp", "a@", "a@EXAMPLE.ac.jp",
    };
    fixture_t f = fixture_of(state);
    f.rules.scopes = f.scopes;
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        f.statement.attributes->nelts = 0;
        give(&f, "eduPersonPrincipalName", bad[i], NULL);
        is_none(&f);
    }
    give(&f, "subject-id", "s@example.ac.jp", NULL);
    is_account(&f, "subject-id", "s@example.ac.jp");
    f.scopes->nelts = 0;
    is_none(&f);
    f.rules.scopes = NULL;
    is_account(&f, "subject-id", "s@example.ac.jp");
}

static void hands_on_what_is_named(void **state)
{
    fixture_t f = fixture_of(state);
    const mnv_account_t *account;
    f.rules.scopes = f.scopes;
    give(&f, "uid", "u1", NULL);
    give(&f, "urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "member@example.ac.jp", "staff@evil.example");
    give(&f, "urn:oid:2.5.4.10", "一橋大学", "a;b");
    give(&f, "jaDisplayName", "試験 太郎", NULL);
    list(&f, &f.signin.account_attributes, "uid", NULL);
    list(&f, &f.signin.account_keep, "eduPersonScopedAffiliation", "o");
    account = account_of(&f);
    assert_string_equal(apr_table_get(account->attributes, "eduPersonScopedAffiliation"), "member@example.ac.jp");
    assert_string_equal(apr_table_get(account->attributes, "o"), "一橋大学;a\\;b");
    assert_int_equal(apr_table_elts(account->attributes)->nelts, 2);
    assert_string_equal(account->name, "試験 太郎");
    assert_string_equal(account->acr, "urn:x");
    assert_int_equal(unit_logged(f.unit, "MNV1252"), 1);
    assert_false(unit_logged(f.unit, "evil.example") || unit_logged(f.unit, "u1") || unit_logged(f.unit, "太郎"));
}

/* 150 groups of Entra ID are 5,550 bytes. */
static void what_is_too_long_is_withheld(void **state)
{
    fixture_t f = fixture_of(state);
    const mnv_account_t *account;
    char *half = memset(apr_pcalloc(f.unit->pool, 4001), 'x', 4000);
    give(&f, "uid", "u1", NULL);
    give(&f, "isMemberOf", half, half);
    list(&f, &f.signin.account_attributes, "uid", NULL);
    list(&f, &f.signin.account_keep, "isMemberOf", MNV_ATTRIBUTE_WITHHELD);
    account = account_of(&f);
    assert_int_equal(strlen(apr_table_get(account->attributes, "isMemberOf")), 8001);
    assert_null(apr_table_get(account->attributes, MNV_ATTRIBUTE_WITHHELD));
    f.statement.attributes->nelts--;
    half = memset(apr_pcalloc(f.unit->pool, 8193), 'x', 8192);
    give(&f, "isMemberOf", half, half);
    account = account_of(&f);
    assert_null(apr_table_get(account->attributes, "isMemberOf"));
    assert_string_equal(apr_table_get(account->attributes, MNV_ATTRIBUTE_WITHHELD), "isMemberOf");
    assert_int_equal(unit_logged(f.unit, "MNV1253"), 1);
    list(&f, &f.signin.account_keep, "isMemberOf", NULL);
    assert_int_equal(apr_table_elts(account_of(&f)->attributes)->nelts, 0);
}

/* What is told, of no scope or of no form, is not the same as what is not told. */
static void what_cannot_be_handed_on_is_withheld(void **state)
{
    fixture_t f = fixture_of(state);
    f.rules.scopes = f.scopes;
    give(&f, "uid", "u1", NULL);
    list(&f, &f.signin.account_attributes, "uid", NULL);
    list(&f, &f.signin.account_keep, "eduPersonScopedAffiliation", MNV_ATTRIBUTE_WITHHELD);
    assert_int_equal(apr_table_elts(account_of(&f)->attributes)->nelts, 0);
    give(&f, "eduPersonScopedAffiliation", "member@evil.example", NULL);
    assert_string_equal(apr_table_get(account_of(&f)->attributes, MNV_ATTRIBUTE_WITHHELD), "eduPersonScopedAffiliation");
    APR_ARRAY_IDX(f.statement.attributes, 1, mnv_saml_attribute_t).values->nelts = 0;
    assert_int_equal(apr_table_elts(account_of(&f)->attributes)->nelts, 0);
    APR_ARRAY_IDX(f.statement.attributes, 1, mnv_saml_attribute_t).is_bad = 1;
    assert_string_equal(apr_table_get(account_of(&f)->attributes, MNV_ATTRIBUTE_WITHHELD), "eduPersonScopedAffiliation");
}

static void shows_the_name_that_there_is(void **state)
{
    fixture_t f = fixture_of(state);
    list(&f, &f.signin.account_attributes, "uid", NULL);
    give(&f, "uid", "u1", NULL);
    assert_null(account_of(&f)->name);
    give(&f, "upn", "u1@example.ac.jp", NULL);
    assert_string_equal(account_of(&f)->name, "u1@example.ac.jp");
    give(&f, "jasn", "試験", NULL);
    assert_string_equal(account_of(&f)->name, "u1@example.ac.jp");
    give(&f, "jaGivenName", "太郎", NULL);
    assert_string_equal(account_of(&f)->name, "試験 太郎");
    give(&f, "urn:oid:2.16.840.1.113730.3.1.241", "Taro", NULL);
    assert_string_equal(account_of(&f)->name, "Taro");
}

static void groups_that_are_too_many_are_unknown(void **state)
{
    fixture_t f = fixture_of(state);
    const char *groups = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
    const mnv_account_t *account;
    give(&f, CLAIM "objectidentifier", "o-1", NULL);
    give(&f, groups, "g1", "g2");
    list(&f, &f.signin.account_keep, "groups", groups);
    account = account_of(&f);
    assert_string_equal(apr_table_get(account->attributes, "groups"), "g1;g2");
    assert_false(mnv_saml_groups_are_unknown(&f.statement));
    assert_int_equal(unit_logged(f.unit, "MNV1254"), 0);
    give(&f, "http://schemas.microsoft.com/claims/groups.link", "https://graph.windows.net/x", NULL);
    account = account_of(&f);
    assert_true(mnv_saml_groups_are_unknown(&f.statement));
    assert_int_equal(apr_table_elts(account->attributes)->nelts, 0);
    assert_int_equal(unit_logged(f.unit, "MNV1254"), 1);
    f.statement.attributes->nelts -= 2;
    give(&f, "http://schemas.microsoft.com/claims/groups.link", "https://graph.windows.net/x", NULL);
    list(&f, &f.signin.account_keep, groups, MNV_ATTRIBUTE_WITHHELD);
    assert_string_equal(apr_table_get(account_of(&f)->attributes, MNV_ATTRIBUTE_WITHHELD), groups);
    list(&f, &f.signin.account_keep, "role", MNV_ATTRIBUTE_WITHHELD);
    assert_int_equal(apr_table_elts(account_of(&f)->attributes)->nelts, 0);
}

static void another_tenant_and_guests_are_refused(void **state)
{
    fixture_t f = fixture_of(state);
    f.statement.issuer = ENTRA;
    give(&f, CLAIM "objectidentifier", "o-1", NULL);
    f.rules.tenant = "7f0f0000-0000-0000-0000-000000000000";
    f.rules.refuse_guests = 1;
    assert_null(account_of(&f));
    assert_told(f.unit, SAML_TENANT);
    give(&f, CLAIM "tenantid", "7f0f0000-0000-0000-0000-000000000000", NULL);
    is_account(&f, "objectidentifier", "o-1");
    give(&f, CLAIM "identityprovider", ENTRA, NULL);
    is_account(&f, "objectidentifier", "o-1");
    f.statement.attributes->nelts--;
    give(&f, CLAIM "identityprovider", "live.com", NULL);
    assert_null(account_of(&f));
    assert_told(f.unit, SAML_TENANT);
    f.rules.refuse_guests = 0;
    is_account(&f, "objectidentifier", "o-1");
    f.rules.tenant = "another";
    assert_null(account_of(&f));
    assert_told(f.unit, SAML_TENANT);
}

static void names_are_one_on_the_wire_and_here(void **state)
{
    (void)state;
    assert_string_equal(mnv_saml_short_name("urn:oid:2.5.4.42"), "givenName");
    assert_string_equal(mnv_saml_short_name("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"), "givenName");
    assert_string_equal(mnv_saml_short_name("2.5.4.42"), "givenName");
    assert_string_equal(mnv_saml_short_name("urn:oid:2.5.4.421"), "urn:oid:2.5.4.421");
    assert_string_equal(mnv_saml_short_name("givenName"), "givenName");
    assert_string_equal(mnv_saml_wire_name("givenName"), "urn:oid:2.5.4.42");
    assert_string_equal(mnv_saml_wire_name("mail"), "urn:oid:0.9.2342.19200300.100.1.3");
    assert_string_equal(mnv_saml_wire_name("2.5.4.42"), "urn:oid:2.5.4.42");
    assert_string_equal(mnv_saml_wire_name("x"), "x");
}

static void what_the_provider_calls_people_comes_along(void **state)
{
    fixture_t f = fixture_of(state);
    const mnv_account_t *account;
    give(&f, "urn:oasis:names:tc:SAML:attribute:subject-id", "s@example.ac.jp", NULL);
    f.statement.name_id = (mnv_saml_name_id_t){ "n", "urn:f", "urn:q", "urn:s" };
    f.statement.session_index = "i";
    account = account_of(&f);
    assert_non_null(account);
    assert_string_equal(account->op_subject, "n");
    assert_string_equal(account->op_format, "urn:f");
    assert_string_equal(account->op_qualifier, "urn:q");
    assert_string_equal(account->op_sp_qualifier, "urn:s");
    assert_string_equal(account->op_session, "i");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(takes_what_never_changes_hands_first),
        UNIT_TEST(never_a_transient_name),
        UNIT_TEST(takes_what_is_named_by_any_name),
        UNIT_TEST(not_one_of_several_nor_a_long_one),
        UNIT_TEST(scoped_values_are_of_the_providers_scopes),
        UNIT_TEST(hands_on_what_is_named),
        UNIT_TEST(what_is_too_long_is_withheld),
        UNIT_TEST(what_cannot_be_handed_on_is_withheld),
        UNIT_TEST(shows_the_name_that_there_is),
        UNIT_TEST(groups_that_are_too_many_are_unknown),
        UNIT_TEST(another_tenant_and_guests_are_refused),
        UNIT_TEST(names_are_one_on_the_wire_and_here),
        UNIT_TEST(what_the_provider_calls_people_comes_along),
    };
    return unit_run(tests);
}
