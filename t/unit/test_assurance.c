#include "people.h"
#include "out/assurance.h"

static apr_array_header_t *list(unit_t *unit, const char *words)
{
    apr_array_header_t *made = apr_array_make(unit->pool, 2, sizeof(const char *));
    char *rest = apr_pstrdup(unit->pool, words), *last, *word;

    for (word = apr_strtok(rest, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        APR_ARRAY_PUSH(made, const char *) = word;
    }
    return made;
}

static void add(unit_t *unit, apr_array_header_t *rows, int needs_link, const char *acr, const char *uris)
{
    mnv_assurance_t *row = apr_array_push(rows);

    row->needs_link = needs_link;
    row->acr = acr ? list(unit, acr) : NULL;
    row->uris = list(unit, uris);
}

static apr_array_header_t *table(unit_t *unit)
{
    apr_array_header_t *rows = apr_array_make(unit->pool, 4, sizeof(mnv_assurance_t));

    add(unit, rows, 1, NULL, "urn:linked urn:both");
    add(unit, rows, 0, NULL, "urn:verified urn:both");
    add(unit, rows, 0, "aal3 aal2", "urn:aal");
    add(unit, rows, 1, "aal1", "urn:low");
    return rows;
}

static void states(unit_t *unit, const mnv_identity_t *identity, int is_linked, const char *expected)
{
    assert_string_equal(apr_array_pstrcat(unit->pool, mnv_assurance_of(unit->pool, table(unit), identity, is_linked), ' '), expected);
}

static void states_nothing_of_its_own(void **state)
{
    unit_t *unit = *state;

    assert_int_equal(mnv_assurance_of(unit->pool, NULL, people_identity(unit->pool), 1)->nelts, 0);
    assert_int_equal(mnv_assurance_of(unit->pool, apr_array_make(unit->pool, 1, sizeof(mnv_assurance_t)), people_identity(unit->pool), 1)->nelts, 0);
}

static void states_nothing_of_nobody(void **state)
{
    states(*state, NULL, 0, "");
    states(*state, NULL, 1, "");
}

static void linked_needs_a_link(void **state)
{
    unit_t *unit = *state;

    states(unit, people_identity(unit->pool), 0, "urn:verified urn:both urn:aal");
}

static void unites_what_holds_in_the_order_written(void **state)
{
    unit_t *unit = *state;

    states(unit, people_identity(unit->pool), 1, "urn:linked urn:both urn:verified urn:aal");
}

static void an_acr_must_be_one_of_those_listed(void **state)
{
    unit_t *unit = *state;
    mnv_identity_t *identity = people_identity(unit->pool);

    identity->acr = "aal1";
    states(unit, identity, 1, "urn:linked urn:both urn:verified urn:low");
    identity->acr = "aal";
    states(unit, identity, 1, "urn:linked urn:both urn:verified");
    identity->acr = NULL;
    states(unit, identity, 1, "urn:linked urn:both urn:verified");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(states_nothing_of_its_own),
        UNIT_TEST(states_nothing_of_nobody),
        UNIT_TEST(linked_needs_a_link),
        UNIT_TEST(unites_what_holds_in_the_order_written),
        UNIT_TEST(an_acr_must_be_one_of_those_listed),
    };
    return unit_run(tests);
}
