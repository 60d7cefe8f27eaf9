#include "people.h"
#include <stdlib.h>
#include "out/record.h"

#define SITE 0xfeedbeefu

typedef struct made_t {
    mnv_record_source_t source;
    mnv_options_t *options;
    mnv_session_t *session;
    mnv_record_t *record;
    apr_interval_time_t database_took;
} made_t;

static void prepare(unit_t *unit, made_t *made, int has)
{
    memset(made, 0, sizeof(*made));
    made->options = people_options(unit->pool);
    made->session = people_session(unit->pool, has);
    made->source.session = made->session;
    made->source.options = &made->options->session;
    made->source.generation = 7;
    made->source.site = SITE;
}

static void make(unit_t *unit, made_t *made)
{
    made->source.asked_at = unit->now - made->database_took;
    assert_int_equal(mnv_record_make(unit->ctx, &made->source, &made->record), APR_SUCCESS);
    assert_true(mnv_record_check(made->record, made->record->size, made->record->slots, SITE));
}

static const char *value(const made_t *made, apr_uint32_t slot)
{
    return mnv_record_value(made->record, MNV_ENCODING_UTF8, slot);
}

static void pass_display_name(unit_t *unit, made_t *made)
{
    apr_array_header_t *names = apr_array_make(unit->pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(names, const char *) = "affiliation";
    APR_ARRAY_PUSH(names, const char *) = "displayName";
    made->source.attributes = names;
}

/* A copy that may be damaged; its end is the end of its memory, so that ASan sees every byte read past it. */
static mnv_record_t *copy_of(const made_t *made)
{
    mnv_record_t *copy = malloc(made->record->size);

    memcpy(copy, made->record, made->record->size);
    return copy;
}

#define refuse_when(made, change)                                                                 \
    do {                                                                                          \
        mnv_record_t *copy = copy_of(made);                                                       \
        apr_size_t length = copy->size;                                                           \
        assert_true(mnv_record_check(copy, length, (made)->record->slots, SITE));                 \
        change;                                                                                   \
        assert_false(mnv_record_check(copy, length, (made)->record->slots, SITE));                \
        free(copy);                                                                          \
    } while (0)

static apr_uint32_t *offsets(mnv_record_t *record)
{
    return (apr_uint32_t *)(void *)(record + 1);
}

static void refuses_foreign_or_stale_headers(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    make(unit, &made);
    assert_false(mnv_record_check(NULL, 1000, MNV_FACT_COUNT, SITE));
    refuse_when(&made, copy->magic++);
    refuse_when(&made, copy->site++);
    refuse_when(&made, copy->slots++);
    refuse_when(&made, copy->slots--);
    refuse_when(&made, copy->reserved = 1);
    refuse_when(&made, copy->size++);
    refuse_when(&made, copy->size = 0xffffffffu);
    refuse_when(&made, copy->size = 0);
    refuse_when(&made, copy->size = (apr_uint32_t)sizeof(*copy));
    refuse_when(&made, length = sizeof(*copy) - 1);
    refuse_when(&made, length--);
    assert_false(mnv_record_check(made.record, made.record->size, made.record->slots + 1, SITE));
    assert_false(mnv_record_check(made.record, made.record->size, made.record->slots, SITE + 1));
}

static void refuses_blocks_smaller_than_they_say(void **state)
{
    unit_t *unit = *state;
    made_t made;
    mnv_record_t *small;

    prepare(unit, &made, 0);
    make(unit, &made);
    /* four bytes at hand: not even a header may be read */
    small = malloc(sizeof(small->magic));
    memcpy(small, made.record, sizeof(small->magic));
    assert_false(mnv_record_check(small, sizeof(small->magic), MNV_FACT_COUNT, SITE));
    free(small);
    /* a header alone, true to its size: there is no table of offsets to be read */
    small = malloc(sizeof(*small));
    memcpy(small, made.record, sizeof(*small));
    small->size = (apr_uint32_t)sizeof(*small);
    assert_false(mnv_record_check(small, sizeof(*small), MNV_FACT_COUNT, SITE));
    /* the same for a site without slots: facts would be looked for behind it */
    small->slots = 0;
    assert_false(mnv_record_check(small, sizeof(*small), 0, SITE));
    free(small);
}

static void refuses_blocks_at_odd_addresses(void **state)
{
    unit_t *unit = *state;
    made_t made;
    char *room;

    prepare(unit, &made, 3);
    make(unit, &made);
    room = apr_palloc(unit->pool, made.record->size + 8);
    memcpy(room + 4, made.record, made.record->size);
    assert_false(mnv_record_check((const mnv_record_t *)(const void *)(room + 4), made.record->size, made.record->slots, SITE));
}

static void refuses_huge_slot_counts(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    make(unit, &made);
    made.record->slots = 0x55555556u;
    assert_false(mnv_record_check(made.record, made.record->size, 0x55555556u, SITE));
}

static void refuses_impossible_flags_and_times(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 1);
    make(unit, &made);
    refuse_when(&made, copy->flags |= 32u);
    refuse_when(&made, copy->flags |= MNV_HAS_LINK);
    refuse_when(&made, copy->flags |= MNV_HAS_LINKED_IDENTITY);
    refuse_when(&made, copy->flags |= MNV_HAS_LINKED_ACCOUNT);
    refuse_when(&made, copy->flags |= MNV_HAS_IDENTITY);
    refuse_when(&made, copy->flags &= ~MNV_HAS_ACCOUNT);
    refuse_when(&made, copy->flags = MNV_HAS_LINK; copy->account_at = 0);
    refuse_when(&made, copy->account_at = -1);
    refuse_when(&made, copy->identity_at = -1);
    refuse_when(&made, copy->generation = -1);
    refuse_when(&made, copy->checked_at = 0);
    refuse_when(&made, copy->fresh_until = copy->checked_at - 1);
    refuse_when(&made, copy->expires_at = 0);
    refuse_when(&made, copy->seen_at = 0);
}

/* A damaged name is absent, as if it had not been given. */
#define absent_when(made, change)                                                                 \
    do {                                                                                          \
        mnv_record_t *copy = copy_of(made);                                                       \
        assert_non_null(mnv_record_value(copy, MNV_ENCODING_UTF8, MNV_FACT_NAME));                \
        change;                                                                                   \
        assert_null(mnv_record_value(copy, MNV_ENCODING_UTF8, MNV_FACT_NAME));                    \
        free(copy);                                                                               \
    } while (0)

static void offsets_that_lead_elsewhere_are_no_value(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    make(unit, &made);
    absent_when(&made, offsets(copy)[MNV_FACT_NAME] = copy->size);
    absent_when(&made, offsets(copy)[MNV_FACT_NAME] = 0xffffffffu);
    absent_when(&made, offsets(copy)[MNV_FACT_NAME] = 4);
    absent_when(&made, offsets(copy)[MNV_FACT_NAME] = (apr_uint32_t)sizeof(*copy));
}

/* What is made of a record is good as long as this is the same. */
static void the_content_tells_when_something_changed(void **state)
{
    unit_t *unit = *state;
    made_t made;
    apr_uint64_t first[2];

    prepare(unit, &made, 3);
    make(unit, &made);
    memcpy(first, made.record->content, sizeof(first));
    unit->now += apr_time_from_sec(10);
    made.source.generation++;
    made.session->seen++;
    make(unit, &made);
    assert_memory_equal(made.record->content, first, sizeof(first));
    made.session->identity->name = "another";
    make(unit, &made);
    assert_memory_not_equal(made.record->content, first, sizeof(first));
    prepare(unit, &made, 3);
    made.session->account->at++;
    make(unit, &made);
    assert_memory_not_equal(made.record->content, first, sizeof(first));
    prepare(unit, &made, 1);
    make(unit, &made);
    assert_memory_not_equal(made.record->content, first, sizeof(first));
}

static void refuses_an_unterminated_record(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    make(unit, &made);
    refuse_when(&made, ((char *)copy)[copy->size - 1] = 'x');
}

static const char *long_text(unit_t *unit, const char *piece, int count)
{
    char *text = apr_palloc(unit->pool, strlen(piece) * count + 1);

    for (int i = 0; i < count; i++) {
        memcpy(text + i * strlen(piece), piece, strlen(piece) + 1);
    }
    return text;
}

static void refuses_too_large_a_record(void **state)
{
    unit_t *unit = *state;
    made_t made;
    const char *line;

    prepare(unit, &made, 2);
    made.session->identity->address = long_text(unit, "a", MNV_RECORD_LIMIT_BYTES - 1);
    assert_int_not_equal(mnv_record_make(unit->ctx, &made.source, &made.record), APR_SUCCESS);
    assert_told(unit, SESSION_SIZE);
    assert_null(made.record);
    line = APR_ARRAY_IDX(unit->log, unit->log->nelts - 1, const char *);
    assert_non_null(strstr(line, "fact \"address\" of 32767 bytes"));
    assert_null(strstr(line, "aaaa"));
}

static void tells_which_attribute_is_the_largest(void **state)
{
    unit_t *unit = *state;
    made_t made;
    const char *line;

    prepare(unit, &made, 3);
    pass_display_name(unit, &made);
    made.session->identity->name = long_text(unit, "a", 5899);
    apr_table_setn(made.session->account->attributes, "affiliation", long_text(unit, "b", 5900));
    apr_table_setn(made.session->account->attributes, "displayName", long_text(unit, "c", 5901));
    assert_int_not_equal(mnv_record_make(unit->ctx, &made.source, &made.record), APR_SUCCESS);
    assert_told(unit, SESSION_SIZE);
    line = APR_ARRAY_IDX(unit->log, unit->log->nelts - 1, const char *);
    assert_non_null(strstr(line, "account attribute \"displayName\" of 5901 bytes: leave it out of MyNumberAccountPass"));
}

/* As a variable it can still be handed on, and in the encoding in which it is short enough. */
static void too_long_for_a_header_is_absent_in_that_encoding(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 2);
    made.session->identity->address = long_text(unit, "長", 889); /* 8,001 bytes percent-encoded */
    make(unit, &made);
    assert_null(mnv_record_value(made.record, MNV_ENCODING_PERCENT, MNV_FACT_ADDRESS));
    assert_string_equal(value(&made, MNV_FACT_ADDRESS), made.session->identity->address);
    assert_int_equal(strlen(mnv_record_value(made.record, MNV_ENCODING_BASE64URL, MNV_FACT_ADDRESS)), 3556);
    made.session->identity->address = long_text(unit, "長", 888);
    make(unit, &made);
    assert_int_equal(strlen(mnv_record_value(made.record, MNV_ENCODING_PERCENT, MNV_FACT_ADDRESS)), 7992);
}

static void refuses_too_many_attributes(void **state)
{
    unit_t *unit = *state;
    made_t made;
    apr_array_header_t *names = apr_array_make(unit->pool, 4000, sizeof(const char *));

    for (int i = 0; i < 4000; i++) {
        APR_ARRAY_PUSH(names, const char *) = "a";
    }
    prepare(unit, &made, 1);
    made.source.attributes = names;
    assert_int_not_equal(mnv_record_make(unit->ctx, &made.source, &made.record), APR_SUCCESS);
    assert_told(unit, INTERNAL);
}

static void hands_on_no_value_with_line_breaks(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    made.session->identity->name = "A\r\nX-Admin: 1";
    made.session->identity->address = "\xff";
    make(unit, &made);
    assert_null(value(&made, MNV_FACT_NAME));
    assert_null(value(&made, MNV_FACT_ADDRESS));
    assert_int_equal(unit_logged(unit, "MNV1500"), 2);
    assert_int_equal(unit_logged(unit, "X-Admin"), 0);
}

static void conflict_tells_nothing_of_the_link(void **state)
{
    unit_t *unit = *state;
    made_t made;
    mnv_link_t *link = people_link(unit->pool);

    prepare(unit, &made, 3);
    link->identity->subject = "somebody-else";
    link->identity->acr = "other";
    made.source.link = link;
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_ACCOUNT | MNV_HAS_IDENTITY | MNV_IS_ANOTHER);
    assert_string_equal(value(&made, MNV_FACT_LINKED), "0");
    assert_null(value(&made, MNV_FACT_LINKED_AT));
    assert_string_equal(value(&made, MNV_FACT_ACR), "aal3");
    assert_non_null(strstr(value(&made, MNV_FACT_SUBJECT), PEOPLE_SUBJECT));
}

static void link_of_another_account_is_none(void **state)
{
    unit_t *unit = *state;
    made_t made;
    mnv_link_t *link = people_link(unit->pool);

    prepare(unit, &made, 1);
    link->account->value = "other@univ.example";
    made.source.link = link;
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_ACCOUNT);
    assert_string_equal(value(&made, MNV_FACT_VERIFIED), "0");
    assert_null(value(&made, MNV_FACT_NAME));
    assert_null(value(&made, MNV_FACT_SUBJECT));
}

static void expired_link_is_none(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 1);
    made.source.link = people_link(unit->pool);
    ((mnv_link_t *)made.source.link)->expires_at = unit->now;
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_ACCOUNT);
}

static void account_without_link_is_not_verified(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 1);
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_ACCOUNT);
    assert_string_equal(value(&made, MNV_FACT_VERIFIED), "0");
    assert_string_equal(value(&made, MNV_FACT_LINKED), "0");
    assert_string_equal(value(&made, MNV_FACT_METHOD), "account");
    assert_string_equal(value(&made, MNV_FACT_ACCOUNT), PEOPLE_ACCOUNT);
    assert_null(value(&made, MNV_FACT_VERIFIED_AT));
    assert_int_equal(made.record->identity_at, 0);
}

static void account_first_knows_what_the_link_keeps(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 1);
    made.source.link = people_link(unit->pool);
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_ACCOUNT | MNV_HAS_LINK | MNV_HAS_LINKED_IDENTITY);
    assert_string_equal(value(&made, MNV_FACT_VERIFIED), "1");
    assert_string_equal(value(&made, MNV_FACT_VERIFIED_AT), "2026-11-14T08:00:00Z");
    assert_string_equal(value(&made, MNV_FACT_LINKED_AT), "2026-11-14T08:00:00Z");
    assert_string_equal(value(&made, MNV_FACT_NAME), "山田 花子");
    assert_null(value(&made, MNV_FACT_ADDRESS));
    assert_null(value(&made, MNV_FACT_AGE_OVER_18));
    assert_int_equal(made.record->identity_at, 0);
}

static void card_first_knows_the_linked_account(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 2);
    made.source.link = people_link(unit->pool);
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_IDENTITY | MNV_HAS_LINK | MNV_HAS_LINKED_ACCOUNT);
    assert_string_equal(value(&made, MNV_FACT_ACCOUNT), made.source.link->account->value);
    assert_string_equal(value(&made, MNV_FACT_ACCOUNT_ISSUER), made.source.link->account->issuer);
    assert_string_equal(value(&made, MNV_FACT_METHOD), "card");
    assert_string_equal(value(&made, MNV_FACT_SUBJECT), "https://card.example/api/realms/main " PEOPLE_SUBJECT);
}

static void a_held_link_says_nothing_to_a_card_alone(void **state)
{
    unit_t *unit = *state;
    made_t made;
    mnv_link_t *link;

    prepare(unit, &made, 2);
    made.source.link = link = people_link(unit->pool);
    made.source.hold = apr_time_from_sec(3);
    link->linked_at = unit->now - apr_time_from_sec(1);
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_IDENTITY | MNV_IS_HELD);
    assert_null(value(&made, MNV_FACT_ACCOUNT));
    assert_string_equal(value(&made, MNV_FACT_LINKED), "0");
    assert_true(made.record->fresh_until == link->linked_at + apr_time_from_sec(3));
    refuse_when(&made, copy->flags |= MNV_HAS_LINK | MNV_HAS_LINKED_ACCOUNT);
    refuse_when(&made, copy->flags = MNV_IS_HELD; copy->identity_at = 0);
    link->linked_at = unit->now - apr_time_from_sec(3);
    make(unit, &made);
    assert_int_equal(made.record->flags, MNV_HAS_IDENTITY | MNV_HAS_LINK | MNV_HAS_LINKED_ACCOUNT);
    prepare(unit, &made, 3);
    made.source.link = link;
    made.source.hold = apr_time_from_sec(1000);
    make(unit, &made);
    assert_true(made.record->flags & MNV_HAS_LINK);
}

/* The row says "linked": a link that is held, somebody else's or gone states nothing. */
static void assurance_goes_with_the_link_that_counts(void **state)
{
    unit_t *unit = *state;
    made_t made;
    apr_array_header_t *rows = apr_array_make(unit->pool, 1, sizeof(mnv_assurance_t));
    mnv_assurance_t *row = apr_array_push(rows);

    row->needs_link = 1;
    row->acr = NULL;
    row->uris = apr_array_make(unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(row->uris, const char *) = "urn:a";
    APR_ARRAY_PUSH(row->uris, const char *) = "urn:b\\c";
    prepare(unit, &made, 1);
    made.source.assurance = rows;
    make(unit, &made);
    assert_null(value(&made, MNV_FACT_ASSURANCE));
    made.source.link = people_link(unit->pool);
    make(unit, &made);
    assert_string_equal(value(&made, MNV_FACT_ASSURANCE), "urn:a;urn:b\\\\c");
    ((mnv_link_t *)made.source.link)->expires_at = unit->now - 1;
    make(unit, &made);
    assert_null(value(&made, MNV_FACT_ASSURANCE));
    prepare(unit, &made, 2);
    made.source.assurance = rows;
    made.source.link = people_link(unit->pool);
    made.source.hold = apr_time_from_sec(864001);
    make(unit, &made);
    assert_null(value(&made, MNV_FACT_ASSURANCE));
}

static void session_without_halves_has_no_link(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 0);
    made.source.link = people_link(unit->pool);
    make(unit, &made);
    assert_int_equal(made.record->flags, 0);
    assert_null(value(&made, MNV_FACT_METHOD));
    assert_string_equal(value(&made, MNV_FACT_LINKED), "0");
}

static void values_stand_in_each_encoding(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 2);
    made.session->identity->name = "山 %x";
    make(unit, &made);
    assert_string_equal(mnv_record_value(made.record, MNV_ENCODING_UTF8, MNV_FACT_NAME), "山 %x");
    assert_string_equal(mnv_record_value(made.record, MNV_ENCODING_PERCENT, MNV_FACT_NAME), "%E5%B1%B1 %25x");
    assert_string_equal(mnv_record_value(made.record, MNV_ENCODING_BASE64URL, MNV_FACT_NAME), "5bGxICV4");
    assert_string_equal(mnv_record_value(made.record, MNV_ENCODING_PERCENT, MNV_FACT_ACR), "aal3");
    assert_string_equal(mnv_record_value(made.record, MNV_ENCODING_BASE64URL, MNV_FACT_SUBJECT), value(&made, MNV_FACT_SUBJECT));
    assert_null(mnv_record_value(made.record, MNV_ENCODING_COUNT, MNV_FACT_NAME));
    assert_null(mnv_record_value(made.record, MNV_ENCODING_UTF8, made.record->slots));
    assert_null(mnv_record_value(made.record, MNV_ENCODING_UTF8, 0xffffffffu));
}

static void attributes_follow_the_facts(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 1);
    pass_display_name(unit, &made);
    make(unit, &made);
    assert_int_equal(made.record->slots, MNV_FACT_COUNT + 2);
    assert_null(value(&made, MNV_FACT_COUNT));
    assert_string_equal(value(&made, MNV_FACT_COUNT + 1), "花子");
}

static void attributes_need_the_account(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 2);
    made.source.link = people_link(unit->pool);
    pass_display_name(unit, &made);
    make(unit, &made);
    assert_null(value(&made, MNV_FACT_COUNT + 1));
}

static void times_are_those_of_session_and_configuration(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    make(unit, &made);
    assert_int_equal(made.record->generation, 7);
    assert_int_equal(made.record->checked_at, unit->now);
    assert_int_equal(made.record->fresh_until, unit->now + apr_time_from_sec(5));
    assert_int_equal(made.record->expires_at, made.session->created + apr_time_from_sec(8 * 3600));
    assert_int_equal(made.record->seen_at, made.session->seen);
    assert_int_equal(made.record->account_at, made.session->account->at);
    assert_int_equal(made.record->identity_at, made.session->identity->at);
}

/* A logout on another node while the database was slow would else go unnoticed for longer than MyNumberRecheck. */
static void is_fresh_from_the_moment_the_database_was_asked(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 3);
    made.database_took = apr_time_from_sec(7);
    make(unit, &made);
    assert_int_equal(made.record->checked_at, unit->now - apr_time_from_sec(7));
    assert_int_equal(made.record->fresh_until, unit->now - apr_time_from_sec(2));
}

/* Born on 2006-11-25 in Japan: 20 at 0:00 on 2026-11-25, which is 15:00 UTC the day before. */
static void is_fresh_only_until_an_age_is_reached(void **state)
{
    unit_t *unit = *state;
    made_t made;
    apr_time_t birthday = UNIT_START + apr_time_from_sec(7 * 3600);

    prepare(unit, &made, 2);
    made.session->identity->birthdate = "2006-11-25";
    unit->now = birthday - apr_time_from_sec(2);
    make(unit, &made);
    assert_string_equal(value(&made, MNV_FACT_AGE_OVER_18), "1");
    assert_string_equal(value(&made, MNV_FACT_AGE_OVER_20), "0");
    assert_int_equal(made.record->fresh_until, birthday);
    unit->now = birthday;
    make(unit, &made);
    assert_string_equal(value(&made, MNV_FACT_AGE_OVER_20), "1");
    assert_int_equal(made.record->fresh_until, birthday + apr_time_from_sec(5));
}

/* Born on 29 February: in a common year an age is reached on 1 March, at 0:00 in Japan. */
static void leap_day_children_come_of_age_in_march(void **state)
{
    unit_t *unit = *state;
    made_t made;
    apr_time_t march = apr_time_from_sec(1772290800); /* 2026-03-01 00:00 in Japan */

    prepare(unit, &made, 2);
    made.session->identity->birthdate = "2008-02-29";
    unit->now = march - 1;
    make(unit, &made);
    assert_string_equal(value(&made, MNV_FACT_AGE_OVER_18), "0");
    assert_int_equal(made.record->fresh_until, march);
    unit->now = march;
    make(unit, &made);
    assert_string_equal(value(&made, MNV_FACT_AGE_OVER_18), "1");
    assert_string_equal(value(&made, MNV_FACT_AGE_OVER_20), "0");
}

static void is_fresh_only_until_the_link_expires(void **state)
{
    unit_t *unit = *state;
    made_t made;

    prepare(unit, &made, 1);
    made.source.link = people_link(unit->pool);
    ((mnv_link_t *)made.source.link)->expires_at = unit->now + apr_time_from_sec(1);
    make(unit, &made);
    assert_true(made.record->flags & MNV_HAS_LINK);
    assert_int_equal(made.record->fresh_until, unit->now + apr_time_from_sec(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_foreign_or_stale_headers),
        UNIT_TEST(refuses_blocks_smaller_than_they_say),
        UNIT_TEST(refuses_blocks_at_odd_addresses),
        UNIT_TEST(refuses_huge_slot_counts),
        UNIT_TEST(refuses_impossible_flags_and_times),
        UNIT_TEST(offsets_that_lead_elsewhere_are_no_value),
        UNIT_TEST(the_content_tells_when_something_changed),
        UNIT_TEST(refuses_an_unterminated_record),
        UNIT_TEST(refuses_too_large_a_record),
        UNIT_TEST(tells_which_attribute_is_the_largest),
        UNIT_TEST(too_long_for_a_header_is_absent_in_that_encoding),
        UNIT_TEST(refuses_too_many_attributes),
        UNIT_TEST(hands_on_no_value_with_line_breaks),
        UNIT_TEST(conflict_tells_nothing_of_the_link),
        UNIT_TEST(link_of_another_account_is_none),
        UNIT_TEST(expired_link_is_none),
        UNIT_TEST(account_without_link_is_not_verified),
        UNIT_TEST(account_first_knows_what_the_link_keeps),
        UNIT_TEST(card_first_knows_the_linked_account),
        UNIT_TEST(a_held_link_says_nothing_to_a_card_alone),
        UNIT_TEST(assurance_goes_with_the_link_that_counts),
        UNIT_TEST(session_without_halves_has_no_link),
        UNIT_TEST(values_stand_in_each_encoding),
        UNIT_TEST(attributes_follow_the_facts),
        UNIT_TEST(attributes_need_the_account),
        UNIT_TEST(times_are_those_of_session_and_configuration),
        UNIT_TEST(is_fresh_from_the_moment_the_database_was_asked),
        UNIT_TEST(is_fresh_only_until_an_age_is_reached),
        UNIT_TEST(leap_day_children_come_of_age_in_march),
        UNIT_TEST(is_fresh_only_until_the_link_expires),
    };
    return unit_run(tests);
}
