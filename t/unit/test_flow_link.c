/* What a form that links or unlinks is worth once its session has gone on under a new id. t/server/40_link.t, 45_linking_races.t and t/browser/41_back_and_twice.t have the rest. */
#include "store_fixture.h"

#include "flow/flow.h"
#include "flow/steps.h"

#define BROWSER "BBBBBBBBBBBBBBBBBBBBBB"
#define SECONDS(n) apr_time_from_sec(n)

typedef struct place_t {
    unit_t *unit;
    db_t *db;
    mnv_options_t options;
    mnv_site_t site;
    mnv_reply_t *reply; /* of the last form */
} place_t;

static place_t *place_make(unit_t *unit)
{
    place_t *place = apr_pcalloc(unit->pool, sizeof(*place));
    place->unit = unit;
    place->db = db_make(unit);
    place->options.site = (mnv_site_options_t){ .path = "/mynumber", .base_url = BASE, .secure = 1 };
    place->options.card.issuer = some_identity(unit->pool, "s1", 0)->issuer;
    place->options.account.issuer = some_account(unit->pool, "taro", 0)->issuer;
    place->options.session = (mnv_session_options_t){ .inactivity = SECONDS(1800), .lifetime = SECONDS(28800) };
    place->site.options = &place->options;
    place->site.keyring = place->db->keyring;
    place->site.store = place->db->store;
    return place;
}

/* Press the button of a page that was shown for a session with an id, with the cookie of another. @return the HTTP status */
static int press(place_t *place, const char *path, const char *shown_for, const char *cookie)
{
    apr_pool_t *pool = place->unit->pool;
    mnv_request_t request = { .method = "POST", .path = path, .fetch_site = "same-origin", .origin = BASE, .is_navigation = 1 };
    request.cookies = apr_pstrcat(pool, "__Host-mynumber=", cookie, "; __Host-mnv-b=" BROWSER, NULL);
    request.form = apr_pstrcat(pool, "csrf=", mnv_csrf_token(place->unit->ctx, &place->site, shown_for), NULL);
    request.form_length = strlen(request.form);
    place->reply = mnv_reply_make(pool);
    mnv_flow_handle(place->unit->ctx, &place->site, &request, place->reply);
    return place->reply->status;
}

/* The session id that the last answer gave the browser; NULL: none. */
static const char *id_given(const place_t *place)
{
    for (int i = 0; i < place->reply->cookies->nelts; i++) {
        const mnv_cookie_t *cookie = &APR_ARRAY_IDX(place->reply->cookies, i, mnv_cookie_t);
        if (strcmp(cookie->name, "__Host-mynumber") == 0) {
            return cookie->value;
        }
    }
    return NULL;
}

/* A person links. @param old the id of the page's session @return the id after */
static const char *link_up(place_t *place, const char **old)
{
    *old = put_session(place->unit, place->db, "taro", "s1")->id;
    assert_int_equal(press(place, "/link", *old, *old), 303);
    assert_non_null(id_given(place));
    assert_string_not_equal(id_given(place), *old);
    return id_given(place);
}

static void the_page_before_is_good_for_a_minute_with_the_new_id(void **state)
{
    place_t *place = place_make(*state);
    const char *old, *new = link_up(place, &old);
    place->unit->now += MNV_PREDECESSOR_LIFETIME - 1;
    assert_int_equal(press(place, "/link", old, new), 303);
    assert_non_null(strstr(place->reply->location, "notice=linked"));
    assert_int_equal(db_count(place->db, "mynumber_links"), 1);
    assert_int_equal(db_count(place->db, "mynumber_link_history"), 1);
    place->unit->now += 1;
    assert_int_equal(press(place, "/link", old, new), 403);
    assert_told(place->unit, CSRF);
    assert_int_equal(press(place, "/link", new, new), 303);
}

static void the_page_before_is_good_for_a_minute_with_its_own_id(void **state)
{
    place_t *place = place_make(*state);
    const char *old, *new = link_up(place, &old);
    place->unit->now += MNV_PREDECESSOR_LIFETIME - 1;
    assert_int_equal(press(place, "/link", old, old), 303);
    assert_string_equal(id_given(place), new);
    place->unit->now += 1;
    assert_int_not_equal(press(place, "/link", old, old), 303);
    assert_told(place->unit, SESSION_NONE);
    assert_null(id_given(place));
}

static void no_other_page_is_good_with_the_new_id(void **state)
{
    place_t *place = place_make(*state);
    const char *old, *new = link_up(place, &old), *other = put_session(place->unit, place->db, "jiro", "s2")->id;
    assert_int_equal(press(place, "/link", other, new), 403);
    assert_told(place->unit, CSRF);
    assert_int_equal(press(place, "/link", new, old), 403); /* a page of now, sent by who knows the id of before */
    assert_told(place->unit, CSRF);
    assert_null(id_given(place));
}

static void a_page_before_unlinks_only_once(void **state)
{
    place_t *place = place_make(*state);
    mnv_ctx_t *ctx = place->unit->ctx;
    const char *old = put_session(place->unit, place->db, "taro", "s1")->id, *new;
    mnv_link_outcome_e outcome;
    assert_int_equal(mnv_store_link_make(ctx, place->db->store, some_link(ctx, "taro", "s1", 0), "self", NULL, &outcome), APR_SUCCESS);
    assert_int_equal(press(place, "/unlink", old, old), 303);
    new = id_given(place);
    assert_non_null(new);
    assert_int_equal(db_count(place->db, "mynumber_links"), 0);
    place->unit->now += MNV_PREDECESSOR_LIFETIME - 1;
    assert_int_equal(press(place, "/unlink", old, new), 303);
    assert_int_equal(db_count(place->db, "mynumber_link_history"), 2);
    place->unit->now += 1;
    assert_int_equal(press(place, "/unlink", old, new), 403);
    assert_told(place->unit, CSRF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_page_before_is_good_for_a_minute_with_the_new_id),
        UNIT_TEST(the_page_before_is_good_for_a_minute_with_its_own_id),
        UNIT_TEST(no_other_page_is_good_with_the_new_id),
        UNIT_TEST(a_page_before_unlinks_only_once),
    };
    return unit_run(tests);
}
