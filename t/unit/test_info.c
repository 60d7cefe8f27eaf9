#include "people.h"
#include "lib/json.h"
#include "out/pages.h"

/* What the institution states; NULL: nothing. */
static apr_array_header_t *stated;

static const mnv_json_t *info(unit_t *unit, const mnv_session_t *session, const mnv_link_t *link, const char **text)
{
    mnv_reply_t *reply = mnv_reply_make(unit->pool);
    mnv_json_t *json;

    mnv_page_info(unit->ctx, session, link, stated, reply);
    assert_int_equal(reply->status, 200);
    assert_string_equal(reply->content_type, "application/json");
    assert_int_equal(reply->cache_sec, 0);
    assert_int_equal(mnv_json_parse(unit->pool, reply->body, reply->length, &json), APR_SUCCESS);
    *text = reply->body;
    return json;
}

static void never_tells_the_subject_or_more_than_the_name(void **state)
{
    unit_t *unit = *state;
    const char *text;

    info(unit, people_session(unit->pool, 3), people_link(unit->pool), &text);
    assert_null(strstr(text, PEOPLE_SUBJECT));
    assert_null(strstr(text, "2000-02-29"));
    assert_null(strstr(text, "female"));
    assert_null(strstr(text, "本郷"));
    assert_non_null(strstr(text, "山田 花子"));
}

static void tells_nothing_of_a_link_in_conflict(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link = people_link(unit->pool);
    const char *text;

    link->account->value = "victim@univ.example";
    assert_int_equal(mnv_json_bool(info(unit, people_session(unit->pool, 3), link, &text), "linked"), 0);
    assert_null(strstr(text, "victim"));
}

static void tells_nothing_of_an_expired_link(void **state)
{
    unit_t *unit = *state;
    mnv_link_t *link = people_link(unit->pool);
    const char *text;
    const mnv_json_t *json;

    link->expires_at = unit->now - 1;
    json = info(unit, people_session(unit->pool, 1), link, &text);
    assert_int_equal(mnv_json_bool(json, "linked"), 0);
    assert_int_equal(mnv_json_bool(json, "verified"), 0);
}

static void nobody_is_all_null(void **state)
{
    unit_t *unit = *state;
    const char *text;

    info(unit, NULL, NULL, &text);
    assert_string_equal(text, "{\"verified\":false,\"linked\":false,\"account\":null,\"identity\":null,\"link\":null,\"assurance\":[]}");
}

static void session_tells_halves_and_ages(void **state)
{
    unit_t *unit = *state;
    const char *text;
    const mnv_json_t *json = info(unit, people_session(unit->pool, 3), NULL, &text), *half;
    apr_int64_t age;

    half = mnv_json_member(json, "account");
    assert_string_equal(mnv_json_string(half, "id"), PEOPLE_ACCOUNT);
    assert_string_equal(mnv_json_string(half, "signed_in_at"), "2026-11-24T07:59:00Z");
    assert_int_equal(mnv_json_integer(half, "signed_in_age_sec", &age), APR_SUCCESS);
    assert_int_equal(age, 60);
    half = mnv_json_member(json, "identity");
    assert_string_equal(mnv_json_string(half, "acr"), "aal3");
    assert_int_equal(mnv_json_integer(half, "verified_age_sec", &age), APR_SUCCESS);
    assert_int_equal(age, 120);
    assert_int_equal(mnv_json_bool(json, "verified"), 1);
    assert_int_equal(mnv_json_bool(json, "linked"), 0);
    assert_int_equal(mnv_json_kind(json, "link"), MNV_JSON_NULL);
}

static void link_tells_the_missing_half_apart(void **state)
{
    unit_t *unit = *state;
    const char *text;
    const mnv_json_t *json = info(unit, people_session(unit->pool, 1), people_link(unit->pool), &text), *link;

    assert_int_equal(mnv_json_kind(json, "identity"), MNV_JSON_NULL);
    assert_int_equal(mnv_json_bool(json, "verified"), 1);
    link = mnv_json_member(json, "link");
    assert_string_equal(mnv_json_string(link, "linked_at"), "2026-11-14T08:00:00Z");
    assert_string_equal(mnv_json_string(mnv_json_member(link, "identity"), "name"), "山田 花子");
    assert_null(mnv_json_string(mnv_json_member(link, "account"), "method"));
}

static void tells_what_the_institution_states(void **state)
{
    unit_t *unit = *state;
    const char *text;
    const mnv_json_t *uris;
    mnv_assurance_t *row;

    stated = apr_array_make(unit->pool, 1, sizeof(mnv_assurance_t));
    row = apr_array_push(stated);
    row->needs_link = 1;
    row->acr = NULL;
    row->uris = apr_array_make(unit->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(row->uris, const char *) = "urn:a";
    uris = mnv_json_member(info(unit, people_session(unit->pool, 1), people_link(unit->pool), &text), "assurance");
    assert_int_equal(mnv_json_size(uris), 1);
    assert_string_equal(mnv_json_string(mnv_json_at(uris, 0), NULL), "urn:a");
    uris = mnv_json_member(info(unit, people_session(unit->pool, 3), NULL, &text), "assurance");
    assert_int_equal(mnv_json_size(uris), 0);
    stated = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(never_tells_the_subject_or_more_than_the_name),
        UNIT_TEST(tells_nothing_of_a_link_in_conflict),
        UNIT_TEST(tells_nothing_of_an_expired_link),
        UNIT_TEST(nobody_is_all_null),
        UNIT_TEST(session_tells_halves_and_ages),
        UNIT_TEST(link_tells_the_missing_half_apart),
        UNIT_TEST(tells_what_the_institution_states),
    };
    return unit_run(tests);
}
