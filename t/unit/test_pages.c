#include "people.h"
#include "base/url.h"
#include "out/pages.h"

#define OTHER_ACCOUNT "victim@univ.example"
#define OTHER_NAME "被害 太郎"

typedef struct shown_t {
    unit_t *unit;
    mnv_service_view_t view;
    mnv_options_t *options;
    mnv_request_t *request;
    mnv_session_t *session;
    mnv_reply_t *reply;
} shown_t;

/* @param has the halves of the session, both fresh: 0 no session, 1 account, 2 identity, 3 both */
static shown_t *prepare(void **state, int has)
{
    unit_t *unit = *state;
    shown_t *shown = apr_pcalloc(unit->pool, sizeof(*shown));

    shown->unit = unit;
    shown->options = people_options(unit->pool);
    shown->request = people_request(unit->pool, MNV_LANGUAGE_EN);
    shown->session = has ? people_session(unit->pool, has) : NULL;
    shown->view.options = shown->options;
    shown->view.request = shown->request;
    shown->view.session = shown->session;
    shown->view.csrf = has ? "csrf-token" : NULL;
    shown->view.account_is_fresh = shown->view.account_is_strong = has & 1;
    shown->view.identity_is_fresh = (has & 2) != 0;
    shown->view.can_link = has == 3;
    return shown;
}

static void link_them(shown_t *shown)
{
    shown->view.link = people_link(shown->unit->pool);
    shown->view.link_fits = 1;
    shown->view.can_link = 0;
    shown->view.can_unlink = shown->session->account != NULL;
}

static shown_t *prepare_linked(void **state, int has)
{
    shown_t *shown = prepare(state, has);

    link_them(shown);
    return shown;
}

static const char *show(shown_t *shown)
{
    shown->reply = mnv_reply_make(shown->unit->pool);
    mnv_page_service(shown->unit->ctx, &shown->view, shown->reply);
    assert_int_equal(shown->reply->status, 200);
    assert_int_equal(shown->reply->cache_sec, 0);
    return shown->reply->body;
}

#define assert_shows(body, text) assert_non_null(strstr(body, text))
#define assert_hides(body, text) assert_null(strstr(body, text))

static void escapes_every_value(void **state)
{
    shown_t *shown = prepare(state, 3);
    const char *body;

    shown->session->account->value = "<script>a</script>";
    shown->session->account->name = "\"><img src=x onerror=b>";
    shown->session->identity->name = "<script>c</script>";
    shown->view.csrf = "\"><script>d";
    shown->view.return_to = "/app?x=\"><script>e&y='f'";
    body = show(shown);
    assert_hides(body, "<script");
    assert_hides(body, "<img src=x");
    assert_shows(body, "<bdi>&lt;script&gt;c&lt;/script&gt;</bdi>");
    assert_shows(body, "value=\"&quot;&gt;&lt;script&gt;d\"");
}

static void escapes_what_the_link_keeps(void **state)
{
    shown_t *shown = prepare_linked(state, 1);

    shown->view.link->identity->name = "<script>a";
    assert_hides(show(shown), "<script");
}

static void never_shows_the_subject(void **state)
{
    for (int has = 1; has <= 3; has++) {
        shown_t *shown = prepare(state, has);

        assert_hides(show(shown), PEOPLE_SUBJECT);
        link_them(shown);
        assert_hides(show(shown), PEOPLE_SUBJECT);
    }
}

static void return_to_script_is_no_link(void **state)
{
    shown_t *shown = prepare_linked(state, 1);

    shown->view.return_to = "javascript:alert(1)";
    assert_hides(show(shown), "href=\"javascript:");
}

static void taken_identity_does_not_reveal_the_other_account(void **state)
{
    shown_t *shown = prepare_linked(state, 3);
    const char *body;

    shown->view.link_fits = shown->view.can_unlink = 0;
    shown->view.link->account->value = OTHER_ACCOUNT;
    shown->view.link->account->name = OTHER_NAME;
    body = show(shown);
    assert_shows(body, "data-conflict=\"identity\"");
    assert_shows(body, "data-linked=\"0\"");
    assert_hides(body, OTHER_ACCOUNT);
    assert_hides(body, OTHER_NAME);
    assert_hides(body, "/mynumber/link");
    assert_hides(body, "/mynumber/unlink");
    assert_hides(body, "2026-11-14");
}

static void taken_account_does_not_reveal_the_other_identity(void **state)
{
    shown_t *shown = prepare_linked(state, 3);
    const char *body;

    shown->view.link_fits = 0;
    shown->view.link->identity->subject = "other-subject";
    shown->view.link->identity->name = OTHER_NAME;
    body = show(shown);
    assert_shows(body, "data-conflict=\"account\"");
    assert_hides(body, OTHER_NAME);
    assert_hides(body, "action=\"/mynumber/link\"");
    assert_shows(body, "action=\"/mynumber/unlink\"");
}

static void a_link_is_replaced_with_both_proofs_alone(void **state)
{
    shown_t *shown = prepare_linked(state, 3);
    const char *body;

    shown->view.link_fits = 0;
    shown->view.link->identity->subject = "other-subject";
    shown->view.account_is_fresh = shown->view.account_is_strong = shown->view.identity_is_fresh = 1;
    shown->view.replaceable = "LLLLLLLLLLLLLLLLLLLLLL";
    body = show(shown);
    assert_shows(body, "data-conflict=\"account\"");
    assert_shows(body, "action=\"/mynumber/link\"");
    assert_shows(body, "name=\"replace\" value=\"LLLLLLLLLLLLLLLLLLLLLL\"");
    shown->view.identity_is_fresh = 0;
    body = show(shown);
    assert_hides(body, "action=\"/mynumber/link\"");
    assert_shows(body, "/mynumber/verify");
    shown->view.identity_is_fresh = 1;
    shown->view.account_is_fresh = 0;
    body = show(shown);
    assert_hides(body, "action=\"/mynumber/link\"");
    assert_shows(body, "/mynumber/signin");
    shown->view.account_is_fresh = 1;
    shown->view.account_is_strong = 0;
    assert_hides(show(shown), "action=\"/mynumber/link\"");
}

static void link_that_does_not_fit_one_half_is_not_shown(void **state)
{
    shown_t *shown = prepare(state, 1);
    const char *body;

    shown->view.link = people_link(shown->unit->pool);
    shown->view.link->identity->name = OTHER_NAME;
    body = show(shown);
    assert_shows(body, "data-linked=\"0\"");
    assert_hides(body, OTHER_NAME);
}

static void no_link_form_without_fresh_proofs(void **state)
{
    shown_t *shown = prepare(state, 3);
    const char *body;

    shown->view.can_link = shown->view.account_is_fresh = 0;
    body = show(shown);
    assert_hides(body, "action=\"/mynumber/link\"");
    assert_shows(body, "href=\"/mynumber/signin\">Sign in again");
    assert_hides(body, "Verify identity again");
    shown->view.account_is_fresh = 1;
    shown->view.identity_is_fresh = 0;
    body = show(shown);
    assert_hides(body, "action=\"/mynumber/link\"");
    assert_shows(body, "href=\"/mynumber/verify\">Verify identity again");
    assert_hides(body, "Sign in again");
}

static void no_form_without_a_token(void **state)
{
    shown_t *shown = prepare(state, 3);

    shown->view.csrf = NULL;
    assert_hides(show(shown), "<form");
    link_them(shown);
    assert_hides(show(shown), "<form");
}

static void unlinking_needs_a_recent_sign_in(void **state)
{
    shown_t *shown = prepare_linked(state, 1);
    const char *body;

    shown->view.can_unlink = 0;
    body = show(shown);
    assert_hides(body, "action=\"/mynumber/unlink\"");
    assert_shows(body, "href=\"/mynumber/signin?return=%2Fmynumber%2F%3Funlink%3D1\">Sign in again to unlink");
    shown->view.return_to = "/app";
    shown->request->query = "lang=en";
    assert_shows(show(shown), "return=%2Fmynumber%2F%3Freturn%3D%252Fapp%26lang%3Den%26unlink%3D1\">Sign in again to unlink");
}

static void unlinking_is_unfolded_for_those_who_came_for_it(void **state)
{
    shown_t *shown = prepare_linked(state, 1);

    assert_shows(show(shown), "<details class=\"unlink\">"); /* just linked, say */
    shown->view.wants_unlink = 1;
    assert_shows(show(shown), "<details class=\"unlink\" open>");
    shown->view.can_unlink = 0;
    assert_shows(show(shown), "<details class=\"unlink\">");
}

static void stranger_is_at_step_one(void **state)
{
    shown_t *shown = prepare(state, 0);
    const char *body = show(shown);

    assert_shows(body, "<main data-step=\"1\" data-account=\"0\" data-identity=\"0\" data-linked=\"0\">");
    assert_shows(body, "Step 1 of 4");
    assert_shows(body, "href=\"/mynumber/verify\">");
    assert_shows(body, "href=\"/mynumber/signin\">");
    assert_shows(body, "keep this tab open");
    assert_shows(body, "This is optional");
    assert_shows(body, "My Number itself is never received");
    assert_hides(body, "not finished");
    assert_hides(body, "<form");
}

static void card_alone_is_not_finished(void **state)
{
    shown_t *shown = prepare(state, 2);
    const char *body = show(shown);

    assert_shows(body, "<main data-step=\"2\" data-account=\"0\" data-identity=\"1\" data-linked=\"0\">");
    assert_shows(body, "<h1>You are not finished yet</h1>");
    assert_shows(body, "href=\"/mynumber/signin\">Sign in with the university account");
    assert_hides(body, "href=\"/mynumber/verify\"");
    assert_shows(body, "<bdi>山田 花子</bdi>");
    assert_hides(body, "本郷");
}

static void account_alone_is_not_finished(void **state)
{
    shown_t *shown = prepare(state, 1);
    const char *body = show(shown);

    assert_shows(body, "<main data-step=\"2\" data-account=\"1\" data-identity=\"0\" data-linked=\"0\">");
    assert_shows(body, "<h1>You are not finished yet</h1>");
    assert_shows(body, "href=\"/mynumber/verify\">");
    assert_hides(body, "href=\"/mynumber/signin\"");
    assert_shows(body, PEOPLE_ACCOUNT);
    /* the step that was done first stands first */
    assert_true(strstr(body, "<li class=\"is-done\">") < strstr(body, "Sign in with your university account"));
}

static void both_halves_are_linked_by_one_button(void **state)
{
    shown_t *shown = prepare(state, 3);
    const char *body;

    shown->view.return_to = "/app?a=1&b=2";
    body = show(shown);
    assert_shows(body, "<main data-step=\"3\" data-account=\"1\" data-identity=\"1\" data-linked=\"0\">");
    assert_shows(body, "<form method=\"post\" action=\"/mynumber/link\"><input type=\"hidden\" name=\"csrf\" value=\"csrf-token\">"
                       "<input type=\"hidden\" name=\"return\" value=\"/app?a=1&amp;b=2\">"
                       "<button class=\"button main\">Link your account and the verified identity above</button></form>");
    assert_hides(body, "/mynumber/unlink");
}

/* Nobody has to look for the button: the headline, what it links ("above" is true), the button, and only then other things. */
static void link_button_stands_right_below_what_it_links(void **state)
{
    static const char *const parts[] = {"</h1>", "<div class=\"halves\">", PEOPLE_ACCOUNT, "action=\"/mynumber/link\"", "Go back without finishing",
                                        "<ol class=\"steps\"", "If you are interrupted", "This is optional"};
    shown_t *shown = prepare(state, 3);
    const char *body, *last;

    shown->view.return_to = "/app";
    body = last = show(shown);
    for (apr_size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *found = strstr(body, parts[i]);

        if (!found || found < last || strstr(found + 1, parts[i])) {
            fail_msg("\"%s\" does not stand where it should, or not once", parts[i]);
        }
        last = found;
    }
}

static void linked_account_first_needs_no_card(void **state)
{
    shown_t *shown = prepare_linked(state, 1);
    const char *body = show(shown);

    assert_shows(body, "<main data-step=\"4\" data-account=\"1\" data-identity=\"0\" data-linked=\"1\">");
    assert_shows(body, "The card is not needed again");
    assert_shows(body, "<bdi>山田 花子</bdi>");
    assert_shows(body, "<time datetime=\"2026-11-14T08:00:00Z\">2026-11-14 17:00</time>");
    assert_hides(body, "/mynumber/verify");
    assert_shows(body, "action=\"/mynumber/unlink\"");
    assert_shows(body, "action=\"/mynumber/logout\"");
}

static void linked_card_first_shows_the_account(void **state)
{
    shown_t *shown = prepare_linked(state, 2);
    const char *body = show(shown);

    assert_shows(body, "<main data-step=\"4\" data-account=\"0\" data-identity=\"1\" data-linked=\"1\">");
    assert_shows(body, PEOPLE_ACCOUNT);
    assert_hides(body, "action=\"/mynumber/unlink\"");
    assert_shows(body, "Sign in again to unlink");
}

static void many_accounts_are_no_conflict(void **state)
{
    shown_t *shown = prepare(state, 3);
    const char *body;

    shown->options->link.policy = MNV_POLICY_MANY_ACCOUNTS;
    shown->view.link = people_link(shown->unit->pool);
    shown->view.link->account->value = OTHER_ACCOUNT;
    shown->view.can_link = 0;
    body = show(shown);
    assert_hides(body, "data-conflict");
    assert_hides(body, OTHER_ACCOUNT);
    assert_shows(body, "action=\"/mynumber/link\"");
}

static void return_is_carried_through_a_round_trip(void **state)
{
    shown_t *shown = prepare(state, 0);

    shown->view.return_to = "/app";
    assert_shows(show(shown), "href=\"/mynumber/verify?return=%2Fmynumber%2F%3Freturn%3D%252Fapp\"");
}

static void return_too_long_to_carry_is_left_behind(void **state)
{
    shown_t *shown = prepare(state, 0);
    char *place = apr_palloc(shown->unit->pool, 5001);

    memset(place, '/', 5000);
    place[5000] = '\0';
    shown->view.return_to = place;
    assert_shows(show(shown), "href=\"/mynumber/verify?return=%2Fmynumber%2F\"");
}

/* What is added to the longest place that is carried must not make it one that is refused. */
static void return_that_is_carried_is_never_too_long(void **state)
{
    shown_t *shown = prepare_linked(state, 1);
    apr_size_t longest = 0;

    shown->view.can_unlink = 0;
    shown->request->query = "lang=en";
    for (apr_size_t length = MNV_RETURN_LIMIT_BYTES - 100; length < MNV_RETURN_LIMIT_BYTES; length++) {
        char *place = apr_palloc(shown->unit->pool, length + 1);
        const char *link;
        mnv_params_t *params;

        memset(place, 'x', length);
        place[0] = '/';
        place[length] = '\0';
        shown->view.return_to = place;
        link = strstr(show(shown), "/signin?lang=en&amp;return=") + strlen("/signin?lang=en&amp;");
        assert_int_equal(mnv_params_parse(shown->unit->pool, link, strcspn(link, "\""), 1, &params), APR_SUCCESS);
        assert_int_equal(mnv_params_one(params, "return", &link), APR_SUCCESS);
        longest = strlen(link) > longest ? strlen(link) : longest;
    }
    assert_in_range(longest, MNV_RETURN_LIMIT_BYTES - 50, MNV_RETURN_LIMIT_BYTES);
}

static void forms_may_lead_to_the_origin_of_return(void **state)
{
    shown_t *shown = prepare(state, 3);

    shown->view.return_to = "https://app.univ.example/x";
    show(shown);
    assert_string_equal(shown->reply->form_action, "https://app.univ.example");
    shown->view.return_to = "/x";
    show(shown);
    assert_null(shown->reply->form_action);
}

static void language_switch_keeps_the_place(void **state)
{
    shown_t *shown = prepare(state, 0);
    const char *body;

    shown->view.return_to = "/app";
    body = show(shown);
    assert_shows(body, "<html lang=\"en\">");
    assert_shows(body, "lang=\"ja\" hreflang=\"ja\" href=\"/mynumber/?return=%2Fapp&amp;lang=ja\">日本語</a>");
    shown->request->language = MNV_LANGUAGE_JA;
    body = show(shown);
    assert_shows(body, "<html lang=\"ja\">");
    assert_shows(body, "lang=en\">English</a>");
    assert_shows(body, "手順 1/4");
}

static void chosen_language_is_carried_on(void **state)
{
    shown_t *shown = prepare(state, 3);
    const char *body;

    shown->request->query = "lang=en";
    body = show(shown);
    assert_shows(body, "action=\"/mynumber/link?lang=en\"");
    assert_shows(body, "action=\"/mynumber/logout?lang=en\"");
    shown = prepare(state, 2);
    shown->request->query = "x=1&lang=en";
    assert_shows(show(shown), "href=\"/mynumber/signin?lang=en&amp;return=%2Fmynumber%2F%3Flang%3Den\"");
    shown->request->query = "lang=%22%3E";
    assert_shows(show(shown), "href=\"/mynumber/signin\"");
}

static void absent_half_says_so(void **state)
{
    shown_t *shown = prepare(state, 1);
    const char *body;

    shown->options->card.issuer = NULL;
    body = show(shown);
    assert_shows(body, "This site does not verify identity by card");
    assert_hides(body, "/mynumber/verify");
    assert_hides(body, "Step ");
    link_them(shown);
    assert_shows(show(shown), "data-step=\"4\"");
    shown = prepare(state, 2);
    shown->options->signin.method = MNV_SIGNIN_NONE;
    body = show(shown);
    assert_shows(body, "This site does not offer an account sign-in");
    assert_hides(body, "/mynumber/signin");
    assert_hides(body, "not finished");
}

static void second_pin_only_for_details(void **state)
{
    shown_t *shown = prepare(state, 0);

    assert_shows(show(shown), "card-information input support");
    shown->options->card.scope = "openid";
    assert_hides(show(shown), "card-information input support");
}

static void says_what_is_kept(void **state)
{
    shown_t *shown = prepare(state, 0);

    assert_shows(show(shown), "and: name.");
    APR_ARRAY_PUSH(shown->options->link.keep, const char *) = "address";
    assert_shows(show(shown), "and: name, address.");
    apr_array_clear(shown->options->link.keep);
    APR_ARRAY_PUSH(shown->options->link.keep, const char *) = "none";
    assert_shows(show(shown), "only these are kept");
}

static void notice_is_shown_only_when_known(void **state)
{
    shown_t *shown = prepare_linked(state, 1);

    shown->view.notice = "linked";
    assert_shows(show(shown), "role=\"status\">Your account and identity are now linked.");
    shown->view.notice = "<b>";
    assert_hides(show(shown), "role=\"status\"");
}

static void stopping_does_not_look_like_success(void **state)
{
    shown_t *shown = prepare(state, 1);
    const char *body;

    shown->view.notice = "signed-in";
    assert_shows(show(shown), "class=\"notice good\"");
    shown->view.notice = "stopped";
    body = show(shown);
    assert_shows(body, "<p class=\"notice\" role=\"status\">This was not completed");
    assert_shows(body, "MNV0201");
}

static void pages_need_no_script_and_no_inline_style(void **state)
{
    shown_t *shown = prepare(state, 3);
    const char *body = show(shown);

    assert_hides(body, "<script");
    assert_hides(body, " style=");
    assert_hides(body, " onclick");
    assert_shows(body, "<link rel=\"stylesheet\" href=\"/mynumber/assets/style.css\">");
}

static void signed_out_says_that_the_link_stays(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);

    mnv_page_signed_out(unit->ctx, &(mnv_signed_out_view_t){ people_options(unit->pool), people_request(unit->pool, MNV_LANGUAGE_EN), MNV_SIGNED_OUT_HERE, NULL, NULL }, reply);
    assert_int_equal(reply->status, 200);
    assert_shows(reply->body, "A link stays as it is");
    assert_shows(reply->body, "href=\"/mynumber/logout/done?lang=ja\"");
}

static void signed_out_carries_a_message_on_by_a_form(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);
    const mnv_signed_out_form_t form = { "https://idp.example.ac.jp/slo?a=1&b=2", "SAMLRequest", "PHg+", "a\"b" };

    mnv_page_signed_out(unit->ctx, &(mnv_signed_out_view_t){ people_options(unit->pool), people_request(unit->pool, MNV_LANGUAGE_EN), MNV_SIGNED_OUT_SENDING, NULL, &form }, reply);
    assert_shows(reply->body, "<main data-signed-out=\"leading\">");
    assert_shows(reply->body, "<form method=\"post\" action=\"https://idp.example.ac.jp/slo?a=1&amp;b=2\">");
    assert_shows(reply->body, "name=\"SAMLRequest\" value=\"PHg+\"");
    assert_shows(reply->body, "name=\"RelayState\" value=\"a&quot;b\"");
    assert_hides(reply->body, "lang=ja\"");
    assert_string_equal(reply->form_action, "https://idp.example.ac.jp https:");
}

static void assets_are_known_names_only(void **state)
{
    unit_t *unit = *state;
    mnv_reply_t *reply = mnv_reply_make(unit->pool);

    assert_int_equal(mnv_page_asset("../style.css", reply), APR_ENOENT);
    assert_int_equal(mnv_page_asset("", reply), APR_ENOENT);
    assert_null(reply->body);
    assert_int_equal(mnv_page_asset("style.css", reply), APR_SUCCESS);
    assert_string_equal(reply->content_type, "text/css; charset=utf-8");
    assert_true(reply->cache_sec > 0);
    assert_int_equal(mnv_page_asset("logo.svg", reply), APR_SUCCESS);
    assert_string_equal(reply->content_type, "image/svg+xml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(escapes_every_value),
        UNIT_TEST(escapes_what_the_link_keeps),
        UNIT_TEST(never_shows_the_subject),
        UNIT_TEST(return_to_script_is_no_link),
        UNIT_TEST(taken_identity_does_not_reveal_the_other_account),
        UNIT_TEST(taken_account_does_not_reveal_the_other_identity),
        UNIT_TEST(a_link_is_replaced_with_both_proofs_alone),
        UNIT_TEST(link_that_does_not_fit_one_half_is_not_shown),
        UNIT_TEST(no_link_form_without_fresh_proofs),
        UNIT_TEST(no_form_without_a_token),
        UNIT_TEST(unlinking_needs_a_recent_sign_in),
        UNIT_TEST(unlinking_is_unfolded_for_those_who_came_for_it),
        UNIT_TEST(stranger_is_at_step_one),
        UNIT_TEST(card_alone_is_not_finished),
        UNIT_TEST(account_alone_is_not_finished),
        UNIT_TEST(both_halves_are_linked_by_one_button),
        UNIT_TEST(link_button_stands_right_below_what_it_links),
        UNIT_TEST(linked_account_first_needs_no_card),
        UNIT_TEST(linked_card_first_shows_the_account),
        UNIT_TEST(many_accounts_are_no_conflict),
        UNIT_TEST(return_is_carried_through_a_round_trip),
        UNIT_TEST(return_too_long_to_carry_is_left_behind),
        UNIT_TEST(return_that_is_carried_is_never_too_long),
        UNIT_TEST(forms_may_lead_to_the_origin_of_return),
        UNIT_TEST(language_switch_keeps_the_place),
        UNIT_TEST(chosen_language_is_carried_on),
        UNIT_TEST(absent_half_says_so),
        UNIT_TEST(second_pin_only_for_details),
        UNIT_TEST(says_what_is_kept),
        UNIT_TEST(notice_is_shown_only_when_known),
        UNIT_TEST(stopping_does_not_look_like_success),
        UNIT_TEST(pages_need_no_script_and_no_inline_style),
        UNIT_TEST(signed_out_says_that_the_link_stays),
        UNIT_TEST(signed_out_carries_a_message_on_by_a_form),
        UNIT_TEST(assets_are_known_names_only),
    };
    return unit_run(tests);
}
