/* proto/vouched.c: whom another module vouches for, and the account made of that. */
#include "unit.h"
#include "proto/vouched.h"

#define ISSUER "https://source.example"

typedef struct given_t {
    mnv_vouched_t vouched;
    mnv_signin_options_t options;
    mnv_account_t *account;
} given_t;

static apr_array_header_t *names(unit_t *unit, const char *words)
{
    apr_array_header_t *list = apr_array_make(unit->pool, 4, sizeof(const char *));
    char *rest, *word = apr_strtok(apr_pstrdup(unit->pool, words), " ", &rest);

    for (; word; word = apr_strtok(NULL, " ", &rest)) {
        APR_ARRAY_PUSH(list, const char *) = word;
    }
    return list;
}

static given_t given(unit_t *unit, const char *user, const char *attributes)
{
    given_t made = {0};

    made.vouched.user = user;
    made.vouched.variables = apr_table_make(unit->pool, 4);
    made.options.account_attributes = attributes ? names(unit, attributes) : NULL;
    return made;
}

static void set(given_t *one, const char *name, const char *value)
{
    apr_table_set((apr_table_t *)one->vouched.variables, name, value);
}

static apr_status_t make(unit_t *unit, given_t *one)
{
    return mnv_account_from_external(unit->ctx, ISSUER, &one->vouched, &one->options, &one->account);
}

static void takes_the_user_by_default(void **state)
{
    unit_t *unit = *state;
    given_t one = given(unit, "0123456789@example.ac.jp", NULL);

    set(&one, "REMOTE_USER", "somebody-else"); /* a variable of that name is not the user */
    assert_int_equal(make(unit, &one), APR_SUCCESS);
    assert_string_equal(one.account->value, "0123456789@example.ac.jp");
    assert_string_equal(one.account->kind, "REMOTE_USER");
    assert_string_equal(one.account->issuer, ISSUER);
    assert_string_equal(one.account->method, "external");
    assert_true(one.account->at == UNIT_START && one.account->proof_at == UNIT_START);
    assert_null(one.account->acr);
}

static void takes_the_first_that_is_there(void **state)
{
    unit_t *unit = *state;
    given_t one = given(unit, "user", "subject-id eppn REMOTE_USER");

    set(&one, "eppn", "a@example.ac.jp");
    set(&one, "subject-id", "");
    assert_int_equal(make(unit, &one), APR_SUCCESS);
    assert_string_equal(one.account->kind, "eppn");
    set(&one, "subject-id", "s@example.ac.jp");
    assert_int_equal(make(unit, &one), APR_SUCCESS);
    assert_string_equal(one.account->value, "s@example.ac.jp");
}

static void joins_two_that_are_both_there(void **state)
{
    unit_t *unit = *state;
    given_t one = given(unit, "user", "tid+oid REMOTE_USER");

    set(&one, "tid", "t");
    assert_int_equal(make(unit, &one), APR_SUCCESS);
    assert_string_equal(one.account->value, "user");
    set(&one, "oid", "o");
    assert_int_equal(make(unit, &one), APR_SUCCESS);
    assert_string_equal(one.account->value, "t:o");
    assert_string_equal(one.account->kind, "tid+oid");
    set(&one, "oid", "o:p");
    assert_int_not_equal(make(unit, &one), APR_SUCCESS);
    assert_told(unit, ACCOUNT_ATTRIBUTE);
}

static void tells_nobody_from_somebody_without_an_account(void **state)
{
    unit_t *unit = *state;
    given_t one = given(unit, NULL, "eppn");

    assert_int_not_equal(make(unit, &one), APR_SUCCESS);
    assert_told(unit, EXTERNAL_NOBODY);
    one.vouched.user = "";
    assert_int_not_equal(make(unit, &one), APR_SUCCESS);
    assert_told(unit, EXTERNAL_NOBODY);
    one.vouched.is_authenticated = 1;
    assert_int_not_equal(make(unit, &one), APR_SUCCESS);
    assert_told(unit, ACCOUNT_ATTRIBUTE);
    one.options.account_attributes = NULL;
    assert_int_not_equal(make(unit, &one), APR_SUCCESS);
    assert_told(unit, ACCOUNT_ATTRIBUTE);
}

/* The next name would make another account of the same person, or one person of two. */
static void what_cannot_identify_is_refused_not_passed_over(void **state)
{
    unit_t *unit = *state;
    const char *const bad[] = {"a;b", "a\\;b", ";", " a", "a ", "a\tb", "a\nb", "\x7f", "a\xff", "\xed\xa0\x80", apr_pstrcat(unit->pool, "256", apr_psprintf(unit->pool, "%0253d", 0), NULL)};
    apr_size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        given_t one = given(unit, "user", "eppn REMOTE_USER");

        set(&one, "eppn", bad[i]);
        assert_int_not_equal(make(unit, &one), APR_SUCCESS);
        assert_told(unit, ACCOUNT_ATTRIBUTE);
        assert_null(one.account);
    }
}

static void keeps_what_is_passed_on(void **state)
{
    unit_t *unit = *state;
    given_t one = given(unit, "user", NULL);

    one.options.account_keep = names(unit, "affiliation semicolon backslash control long longest absent empty " MNV_ATTRIBUTE_WITHHELD);
    set(&one, "affiliation", "member@example.ac.jp;student@example.ac.jp");
    set(&one, "semicolon", "a\\;b;c");
    set(&one, "backslash", "DOMAIN\\user");
    set(&one, "control", "a\nb");
    set(&one, "long", apr_psprintf(unit->pool, "%016384d", 0));
    set(&one, "longest", apr_psprintf(unit->pool, "%016385d", 0));
    set(&one, "empty", "");
    assert_int_equal(make(unit, &one), APR_SUCCESS);
    assert_string_equal(apr_table_get(one.account->attributes, "affiliation"), "member@example.ac.jp;student@example.ac.jp");
    assert_string_equal(apr_table_get(one.account->attributes, "semicolon"), "a\\;b;c");
    assert_string_equal(apr_table_get(one.account->attributes, "backslash"), "DOMAIN\\\\user");
    assert_int_equal(strlen(apr_table_get(one.account->attributes, "long")), MNV_ATTRIBUTE_LIMIT_BYTES);
    assert_string_equal(apr_table_get(one.account->attributes, MNV_ATTRIBUTE_WITHHELD), "control;longest");
    assert_int_equal(apr_table_elts(one.account->attributes)->nelts, 5);
    assert_int_equal(unit->log->nelts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(takes_the_user_by_default),
        UNIT_TEST(takes_the_first_that_is_there),
        UNIT_TEST(joins_two_that_are_both_there),
        UNIT_TEST(tells_nobody_from_somebody_without_an_account),
        UNIT_TEST(what_cannot_identify_is_refused_not_passed_over),
        UNIT_TEST(keeps_what_is_passed_on),
    };
    return unit_run(tests);
}
