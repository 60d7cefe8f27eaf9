#include "unit.h"
#include "out/facts.h"

static void finds_no_unknown_name(void **state)
{
    (void)state;
    assert_int_equal(mnv_fact_find("Account"), -1);
    assert_int_equal(mnv_fact_find("accoun"), -1);
    assert_int_equal(mnv_fact_find("account-issuer "), -1);
    assert_int_equal(mnv_fact_find(""), -1);
    assert_int_equal(mnv_fact_find(NULL), -1);
}

static void finds_each_row_by_its_name(void **state)
{
    (void)state;
    for (int i = 0; i < MNV_FACT_COUNT; i++) {
        assert_int_equal(mnv_fact_find(mnv_facts()[i].name), i);
    }
}

static void exports_account_verified_linked_and_time_by_default(void **state)
{
    unit_t *unit = *state;
    char *names = apr_pstrdup(unit->pool, "");

    for (int i = 0; i < MNV_FACT_COUNT; i++) {
        if (mnv_facts()[i].by_default) {
            names = apr_pstrcat(unit->pool, names, mnv_facts()[i].name, " ", NULL);
        }
    }
    assert_string_equal(names, "account verified verified-at linked ");
}

static void variables_are_upper_case_words(void **state)
{
    unit_t *unit = *state;

    assert_string_equal(mnv_fact_variable(unit->pool, "Verified-At"), "MYNUMBER_VERIFIED_AT");
    assert_string_equal(mnv_fact_variable(unit->pool, "Attribute-displayName"), "MYNUMBER_ATTRIBUTE_DISPLAYNAME");
    assert_string_equal(mnv_fact_variable(unit->pool, "a.b:c\r\n"), "MYNUMBER_A_B_C__");
}

static void attribute_headers_are_header_names(void **state)
{
    unit_t *unit = *state;

    assert_string_equal(mnv_fact_attribute_header(unit->pool, "displayName"), "Attribute-displayName");
    assert_string_equal(mnv_fact_attribute_header(unit->pool, "urn:oid:2.5.4.4"), "Attribute-urn-oid-2-5-4-4");
    assert_string_equal(mnv_fact_attribute_header(unit->pool, "a_b\r\nX: y"), "Attribute-a-b--X--y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(finds_no_unknown_name),
        UNIT_TEST(finds_each_row_by_its_name),
        UNIT_TEST(exports_account_verified_linked_and_time_by_default),
        UNIT_TEST(variables_are_upper_case_words),
        UNIT_TEST(attribute_headers_are_header_names),
    };
    return unit_run(tests);
}
