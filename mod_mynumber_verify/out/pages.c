#include "out/pages.h"

#include <apr_strings.h>
#include <string.h>
#include "base/url.h"
#include "out/page_frame.h"

/* Where a person stands. Each state has one row of words; what can be done in it is decided below. */
typedef enum { AT_START, AT_CARD, AT_ACCOUNT, AT_BOTH, AT_LINKED, AT_CONFLICT_ACCOUNT, AT_CONFLICT_IDENTITY } state_e;

typedef struct service_t {
    const mnv_service_view_t *view;
    mnv_page_t *page;
    const mnv_account_t *account;   /* the session's, NULL: absent */
    const mnv_identity_t *identity; /* the session's, NULL: absent */
    const mnv_link_t *link;         /* only where it may be shown: it belongs to every half that is present */
    state_e state;
    int has_card, has_signin;       /* providers of this site */
} service_t;

/* Under many-accounts an identity's link to some other account is nobody's obstacle. */
static int is_obstacle(const mnv_service_view_t *view)
{
    return view->link && !view->link_fits
           && (view->options->link.policy == MNV_POLICY_ONE_TO_ONE || mnv_link_has_account(view->link, view->session->account));
}

static state_e find_state(const service_t *service)
{
    const mnv_service_view_t *view = service->view;

    if (!service->account && !service->identity) {
        return AT_START;
    }
    if (service->link) {
        return AT_LINKED;
    }
    if (!service->account) {
        return AT_CARD;
    }
    if (!service->identity) {
        return AT_ACCOUNT;
    }
    if (is_obstacle(view)) {
        return mnv_link_has_account(view->link, service->account) ? AT_CONFLICT_ACCOUNT : AT_CONFLICT_IDENTITY;
    }
    return AT_BOTH;
}

static void find_service(service_t *service, const mnv_service_view_t *view, mnv_page_t *page)
{
    service->view = view;
    service->page = page;
    service->account = view->session ? view->session->account : NULL;
    service->identity = view->session ? view->session->identity : NULL;
    service->link = view->link_fits && (service->account || service->identity) ? view->link : NULL;
    service->has_card = view->options->card.issuer != NULL;
    service->has_signin = view->options->signin.method == MNV_SIGNIN_OIDC
                          || (view->options->signin.method == MNV_SIGNIN_UNSET && view->options->account.issuer);
    service->state = find_state(service);
}

/* The step a person is at: what has been done, in whichever order, plus one. */
static int step_of(state_e state)
{
    static const int steps[] = {1, 2, 2, 3, 4, 3, 3};

    return steps[state];
}

/* URLs. ------------------------------------------------------------------------ */

/* Room for "&lang=ja&unlink=1" behind the place. */
#define HERE_MORE_BYTES 32

/* This page, as a place to come back to. */
static const char *here(const service_t *service, int with_language)
{
    const mnv_page_t *page = service->page;
    const char *plain = apr_pstrcat(page->pool, page->site->path, "/", NULL), *url = plain;

    if (service->view->return_to) {
        url = mnv_url_add(page->pool, plain, "return", service->view->return_to);
        /* Coming back here matters more than going on from here. */
        url = strlen(url) > MNV_RETURN_LIMIT_BYTES - HERE_MORE_BYTES ? plain : url;
    }
    return with_language && page->keeps_language ? mnv_url_add(page->pool, url, "lang", mnv_texts_language_tag(page->language)) : url;
}

/* Begin to obtain a half. Without return both come back to the plain service page. */
static const char *start_url(const service_t *service, const char *path)
{
    const mnv_page_t *page = service->page;
    const char *url = mnv_page_url(page, path);

    return service->view->return_to || page->keeps_language ? mnv_url_add(page->pool, url, "return", here(service, 1)) : url;
}

/* Comes back to where the part for unlinking is unfolded: whoever signed in for it need not look for it again. */
static const char *unlink_signin_url(const service_t *service)
{
    apr_pool_t *pool = service->page->pool;

    return mnv_url_add(pool, mnv_page_url(service->page, "/signin"), "return", mnv_url_add(pool, here(service, 1), "unlink", "1"));
}

static void verify_button(const service_t *service, const char *kind, mnv_texts_e label)
{
    if (service->has_card) {
        mnv_page_button(service->page, kind, start_url(service, "/verify"), label);
    }
}

/* People come here to link: signed in is as linking needs it. */
static void signin_button(const service_t *service, const char *kind, mnv_texts_e label)
{
    const apr_array_header_t *acr = service->view->options->link.signin_acr;

    if (service->has_signin) {
        mnv_page_button(service->page, kind, start_url(service, acr && acr->nelts ? "/signin?for=link" : "/signin"), label);
    }
}

/* return_to was checked by mnv_url_return(); a scheme that runs script must not get through even if that fails one day. */
static int is_place(const char *url)
{
    return url && (*url == '/' || !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7));
}

static void return_button(const service_t *service)
{
    if (is_place(service->view->return_to)) {
        int is_done = service->state == AT_LINKED;

        mnv_page_button(service->page, is_done ? "main" : "plain", service->view->return_to, is_done ? MNV_TEXT_DO_CONTINUE : MNV_TEXT_DO_RETURN);
    }
}

/* Parts. ------------------------------------------------------------------------ */

static void notice(const service_t *service)
{
    mnv_texts_e id = mnv_texts_notice(service->view->notice);

    if (id != MNV_TEXT_COUNT) {
        int is_stop = id == MNV_TEXT_NOTICE_STOPPED; /* the one notice that stands for a failure: no look of success, and support can look it up */

        mnv_page_element(service->page, is_stop ? "<p class=\"notice\" role=\"status\">" : "<p class=\"notice good\" role=\"status\">", id, "");
        if (is_stop) {
            mnv_page_raw(service->page, apr_pstrcat(service->page->pool, " <small>", mnv_failure_code(MNV_FAIL_FLOW_STOPPED, service->page->pool), "</small>", NULL));
        }
        mnv_page_raw(service->page, "</p>\n");
    }
}

static void step(const service_t *service, int number, mnv_texts_e label)
{
    mnv_page_t *page = service->page;
    int now = step_of(service->state), is_linked = service->state == AT_LINKED;
    int is_done = number < now || is_linked, is_next = number == now && !is_linked;

    mnv_page_raw(page, is_done ? "<li class=\"is-done\">" : is_next ? "<li class=\"is-next\" aria-current=\"step\">" : "<li>");
    mnv_page_raw(page, "<span class=\"mark\" aria-hidden=\"true\">");
    mnv_page_raw(page, is_done ? "✓" : apr_itoa(page->pool, number));
    mnv_page_element(page, "</span><span class=\"what\">", label, "");
    if (is_done || is_next) {
        mnv_page_element(page, " <small>", is_done ? MNV_TEXT_STEP_IS_DONE : MNV_TEXT_STEP_IS_NEXT, "</small>");
    }
    mnv_page_raw(page, "</span></li>\n");
}

/* Who signed in first sees that step first: either order is right. */
static void steps(const service_t *service)
{
    mnv_page_t *page = service->page;
    int is_begun = service->state == AT_CARD || service->state == AT_ACCOUNT || service->state == AT_BOTH;
    int account_first = service->account
                        && (!service->identity || service->account->at < service->identity->at);

    mnv_page_element(page, "<ol class=\"steps\" aria-label=\"", MNV_TEXT_PROGRESS, "\">\n");
    step(service, 1, account_first ? MNV_TEXT_STEP_ACCOUNT : MNV_TEXT_STEP_CARD);
    step(service, 2, account_first ? MNV_TEXT_STEP_CARD : MNV_TEXT_STEP_ACCOUNT);
    step(service, 3, MNV_TEXT_STEP_LINK);
    step(service, 4, MNV_TEXT_STEP_CONFIRM);
    mnv_page_raw(page, "</ol>\n");
    if (is_begun) {
        mnv_page_element(page, "<p class=\"soft\">", MNV_TEXT_RESUME, "</p>\n");
    }
}

/* Headline and sentence of each state. */
typedef struct words_t {
    const char *look; /* class names */
    mnv_texts_e head, text;
} words_t;

/* A site with one half only has no procedure to be in the middle of. */
static words_t words_of_half_site(const service_t *service)
{
    words_t words = {"lead", MNV_TEXT_NOTHING_HEAD, MNV_TEXT_NEITHER_TEXT};
    int is_started = service->state != AT_START;

    if (service->has_card) {
        words.head = is_started ? MNV_TEXT_ONLY_CARD_HEAD : MNV_TEXT_SITE;
        words.text = is_started ? MNV_TEXT_ONLY_CARD_TEXT : MNV_TEXT_ONLY_CARD_START;
    }
    else if (service->has_signin) {
        words.head = is_started ? MNV_TEXT_ONLY_ACCOUNT_HEAD : MNV_TEXT_SITE;
        words.text = is_started ? MNV_TEXT_ONLY_ACCOUNT_TEXT : MNV_TEXT_ONLY_ACCOUNT_START;
    }
    return words;
}

/* Without can_link a form would be refused; the sentence must say so. Under many-accounts the session's own link is not looked at by the flow. */
static int may_link(const service_t *service)
{
    const mnv_service_view_t *view = service->view;

    return view->can_link || (service->state == AT_BOTH && view->account_is_fresh && view->account_is_strong && view->identity_is_fresh);
}

/* Is pressing the link button the thing to do now? Then what is linked and the button come first. */
static int link_is_next(const service_t *service)
{
    return service->state == AT_BOTH && may_link(service) && service->view->csrf;
}

static words_t words_of(const service_t *service)
{
    static const words_t table[] = {
        [AT_START] = {"lead", MNV_TEXT_NOTHING_HEAD, MNV_TEXT_NOTHING_TEXT},
        [AT_CARD] = {"lead todo", MNV_TEXT_NOT_FINISHED, MNV_TEXT_NEXT_ACCOUNT},
        [AT_ACCOUNT] = {"lead todo", MNV_TEXT_NOT_FINISHED, MNV_TEXT_NEXT_CARD},
        [AT_BOTH] = {"lead todo", MNV_TEXT_NOT_FINISHED, MNV_TEXT_NEXT_LINK},
        [AT_LINKED] = {"lead done", MNV_TEXT_DONE_HEAD, MNV_TEXT_DONE_TEXT},
        [AT_CONFLICT_ACCOUNT] = {"lead bad", MNV_TEXT_CONFLICT_ACCOUNT_HEAD, MNV_TEXT_CONFLICT_ACCOUNT_TEXT},
        [AT_CONFLICT_IDENTITY] = {"lead bad", MNV_TEXT_CONFLICT_IDENTITY_HEAD, MNV_TEXT_CONFLICT_IDENTITY_TEXT},
    };
    words_t words = table[service->state];

    if (service->state <= AT_ACCOUNT && !(service->has_card && service->has_signin)) {
        return words_of_half_site(service);
    }
    if (service->state == AT_LINKED && !service->account) {
        words.text = MNV_TEXT_DONE_CARD_TEXT;
    }
    if (service->state == AT_BOTH && !may_link(service)) {
        words.text = service->view->account_is_strong ? MNV_TEXT_NEXT_AGAIN : MNV_TEXT_NEXT_STRONGER;
    }
    return words;
}

/* Replacing needs what linking needs. */
static int may_replace(const service_t *service)
{
    const mnv_service_view_t *view = service->view;

    return view->replaceable && view->account_is_fresh && view->account_is_strong && view->identity_is_fresh && view->csrf;
}

/* Whichever proof for linking is missing is obtained again. */
static void proof_buttons(const service_t *service, int is_enough)
{
    const mnv_service_view_t *view = service->view;

    if (!is_enough && !(view->account_is_fresh && view->account_is_strong)) {
        signin_button(service, "main", MNV_TEXT_DO_SIGNIN_AGAIN);
    }
    if (!is_enough && !view->identity_is_fresh) {
        verify_button(service, "main", MNV_TEXT_DO_VERIFY_AGAIN);
    }
}

/* What to press next, except for linking itself, which stands below what it links. */
static void next_buttons(const service_t *service)
{
    const mnv_service_view_t *view = service->view;

    switch (service->state) {
    case AT_START:
        verify_button(service, "main", MNV_TEXT_DO_VERIFY);
        signin_button(service, service->has_card ? "plain" : "main", MNV_TEXT_DO_SIGNIN);
        break;
    case AT_CARD:
        signin_button(service, "main", MNV_TEXT_DO_SIGNIN);
        break;
    case AT_ACCOUNT:
        verify_button(service, "main", MNV_TEXT_DO_VERIFY);
        break;
    case AT_BOTH:
        proof_buttons(service, may_link(service));
        break;
    case AT_CONFLICT_ACCOUNT:
        proof_buttons(service, !view->replaceable || may_replace(service));
        break;
    case AT_CONFLICT_IDENTITY:
        signin_button(service, "main", MNV_TEXT_DO_SIGNIN_OTHER);
        break;
    case AT_LINKED:
        break;
    }
}

/* Is pressing the card's button the thing to do now? */
static int card_is_next(const service_t *service)
{
    return service->has_card && (service->state == AT_START || service->state == AT_ACCOUNT
                                 || (service->state == AT_BOTH && !may_link(service) && !service->view->identity_is_fresh));
}

/* One's own card issued anew is another identity; somebody else's card looks the same to us. The words part them. */
static void replace_part(const service_t *service)
{
    mnv_page_t *page = service->page;
    mnv_page_form_t form = {"/link", service->view->csrf, service->view->return_to, service->view->replaceable};

    if (service->state != AT_CONFLICT_ACCOUNT || !service->view->replaceable) {
        return;
    }
    mnv_page_element(page, "<p>", MNV_TEXT_REPLACE_TEXT, "</p>\n");
    if (!may_replace(service)) {
        mnv_page_element(page, "<p>", service->view->account_is_strong ? MNV_TEXT_REPLACE_AGAIN : MNV_TEXT_NEXT_STRONGER, "</p>\n");
        return;
    }
    mnv_page_raw(page, "<div class=\"actions\">");
    mnv_page_form(page, "danger", &form, MNV_TEXT_DO_REPLACE);
    mnv_page_raw(page, "</div>\n");
}

static void lead(const service_t *service)
{
    mnv_page_t *page = service->page;
    words_t words = words_of(service);
    int is_whole = (service->has_card && service->has_signin) || service->state == AT_LINKED;
    int is_conflict = service->state == AT_CONFLICT_ACCOUNT || service->state == AT_CONFLICT_IDENTITY;

    mnv_page_raw(page, "<section class=\"card ");
    mnv_page_raw(page, words.look);
    mnv_page_raw(page, "\">\n");
    if (is_whole && !is_conflict) {
        mnv_page_raw(page, "<p class=\"badge\">");
        mnv_page_say_number(page, MNV_TEXT_STEP, step_of(service->state));
        mnv_page_raw(page, "</p>\n");
    }
    mnv_page_element(page, "<h1>", words.head, "</h1>\n");
    mnv_page_element(page, "<p>", words.text, "</p>\n");
    if (is_conflict) {
        mnv_page_element(page, "<p>", MNV_TEXT_UNCHANGED, "</p>\n");
        replace_part(service);
    }
    if (!link_is_next(service)) {
        mnv_page_raw(page, "<div class=\"actions\">");
        next_buttons(service);
        return_button(service);
        mnv_page_raw(page, "</div>\n");
    }
    if (card_is_next(service)) {
        mnv_page_element(page, "<p class=\"hint\">", MNV_TEXT_HINT_TAB, "</p>\n");
    }
    if (is_whole && !is_conflict && !link_is_next(service)) {
        steps(service);
    }
    mnv_page_raw(page, "</section>\n");
}

static void identity_half(const service_t *service)
{
    mnv_page_t *page = service->page;
    const mnv_identity_t *identity = service->identity ? service->identity : service->link ? service->link->identity : NULL;

    mnv_page_element(page, "<section class=\"card\">\n<h2>", MNV_TEXT_IDENTITY, "</h2>\n");
    if (!identity) {
        mnv_page_element(page, "<p class=\"soft\">", service->has_card ? MNV_TEXT_IDENTITY_NONE : MNV_TEXT_IDENTITY_ABSENT, "</p>\n");
    }
    else {
        mnv_page_raw(page, "<dl>\n");
        mnv_page_row(page, MNV_TEXT_NAME, identity->name ? identity->name : mnv_texts_get(MNV_TEXT_NAME_ABSENT, page->language));
        mnv_page_row_time(page, MNV_TEXT_VERIFIED_AT, identity->at);
        mnv_page_raw(page, "</dl>\n");
    }
    if (identity && !service->identity) {
        mnv_page_element(page, "<p class=\"soft\">", MNV_TEXT_IDENTITY_BY_LINK, "</p>\n");
    }
    mnv_page_raw(page, "</section>\n");
}

static void account_half(const service_t *service)
{
    mnv_page_t *page = service->page;
    const mnv_account_t *account = service->account ? service->account : service->link ? service->link->account : NULL;

    mnv_page_element(page, "<section class=\"card\">\n<h2>", MNV_TEXT_ACCOUNT, "</h2>\n");
    if (!account) {
        mnv_page_element(page, "<p class=\"soft\">", service->has_signin ? MNV_TEXT_ACCOUNT_NONE : MNV_TEXT_ACCOUNT_ABSENT, "</p>\n");
    }
    else {
        mnv_page_raw(page, "<dl>\n");
        mnv_page_row(page, MNV_TEXT_ACCOUNT_ID, account->value);
        mnv_page_row(page, MNV_TEXT_ACCOUNT_NAME, account->name);
        mnv_page_row_time(page, MNV_TEXT_SIGNED_IN_AT, service->account ? account->at : 0);
        mnv_page_raw(page, "</dl>\n");
    }
    if (account && !service->account) {
        mnv_page_element(page, "<p class=\"soft\">", MNV_TEXT_ACCOUNT_BY_LINK, "</p>\n");
    }
    mnv_page_raw(page, "</section>\n");
}

/* The way back stands below the button, and the steps below both: on a phone the button would else be far down. */
static void link_form(const service_t *service)
{
    mnv_page_t *page = service->page;
    mnv_page_form_t form = {"/link", service->view->csrf, service->view->return_to, NULL};

    if (link_is_next(service)) {
        mnv_page_raw(page, "<section class=\"card\">\n<div class=\"actions\">");
        mnv_page_form(page, "main", &form, MNV_TEXT_DO_LINK);
        return_button(service);
        mnv_page_raw(page, "</div>\n</section>\n<section class=\"card\">\n");
        steps(service);
        mnv_page_raw(page, "</section>\n");
    }
}

/* Folded, so that nobody unlinks by a slip, except for those who came for it; unfolding needs no script. */
static void unlink_part(const service_t *service)
{
    mnv_page_t *page = service->page;
    mnv_page_form_t form = {"/unlink", service->view->csrf, service->view->return_to, NULL};
    int is_wanted = service->view->wants_unlink && service->view->can_unlink;

    mnv_page_raw(page, is_wanted || service->state == AT_CONFLICT_ACCOUNT ? "<details class=\"unlink\" open>" : "<details class=\"unlink\">");
    mnv_page_element(page, "<summary>", MNV_TEXT_UNLINK_HEAD, "</summary>\n");
    mnv_page_element(page, "<p>", MNV_TEXT_UNLINK_TEXT, "</p>\n");
    if (service->view->can_unlink && form.csrf) {
        mnv_page_raw(page, "<div class=\"actions\">");
        mnv_page_form(page, "danger", &form, MNV_TEXT_DO_UNLINK);
        mnv_page_raw(page, "</div>\n");
    }
    else if (service->has_signin) {
        mnv_page_element(page, "<p>", MNV_TEXT_UNLINK_SIGNIN, "</p>\n<div class=\"actions\">");
        mnv_page_button(page, "danger", unlink_signin_url(service), MNV_TEXT_DO_UNLINK_SIGNIN);
        mnv_page_raw(page, "</div>\n");
    }
    else {
        mnv_page_element(page, "<p>", MNV_TEXT_UNLINK_ELSEWHERE, "</p>\n");
    }
    mnv_page_raw(page, "</details>\n");
}

/* In a conflict the account's own link can be removed, but what it leads to is not shown. */
static void link_part(const service_t *service)
{
    mnv_page_t *page = service->page;

    if (service->state != AT_LINKED && service->state != AT_CONFLICT_ACCOUNT) {
        return;
    }
    mnv_page_element(page, "<section class=\"card\">\n<h2>", MNV_TEXT_LINK, "</h2>\n");
    if (service->link) {
        mnv_page_raw(page, "<dl>\n");
        mnv_page_row_time(page, MNV_TEXT_LINKED_AT, service->link->linked_at);
        mnv_page_row_time(page, MNV_TEXT_EXPIRES_AT, service->link->expires_at);
        mnv_page_raw(page, "</dl>\n");
    }
    unlink_part(service);
    mnv_page_raw(page, "</section>\n");
}

static void item(mnv_page_t *page, mnv_texts_e id)
{
    mnv_page_element(page, "<li>", id, "</li>\n");
}

static void needs(const service_t *service)
{
    mnv_page_t *page = service->page;
    const char *scope = service->view->options->card.scope;

    if (!card_is_next(service)) {
        return;
    }
    mnv_page_element(page, "<section class=\"card\">\n<h2>", MNV_TEXT_NEED_HEAD, "</h2>\n<ul>\n");
    item(page, MNV_TEXT_NEED_CARD);
    item(page, MNV_TEXT_NEED_PIN);
    /* Details beyond the bare verification are read with a PIN of their own. */
    if (!scope || strcmp(scope, "openid")) {
        item(page, MNV_TEXT_NEED_PIN_TEXT);
    }
    item(page, MNV_TEXT_NEED_PHONE);
    mnv_page_element(page, "</ul>\n<p class=\"soft\">", MNV_TEXT_NEED_NOT, "</p>\n</section>\n");
}

static int is_kept(const apr_array_header_t *keep, const char *name)
{
    int i;

    if (!keep) {
        return !strcmp(name, "name");
    }
    for (i = 0; i < keep->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(keep, i, const char *), name)) {
            return 1;
        }
    }
    return 0;
}

static void kept(const service_t *service)
{
    static const struct {
        const char *name;
        mnv_texts_e id;
    } details[] = {{"name", MNV_TEXT_KEPT_NAME}, {"birthdate", MNV_TEXT_KEPT_BIRTHDATE}, {"gender", MNV_TEXT_KEPT_GENDER}, {"address", MNV_TEXT_KEPT_ADDRESS}};
    mnv_page_t *page = service->page;
    apr_size_t i;
    int count = 0;

    mnv_page_raw(page, "<li>");
    for (i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
        if (is_kept(service->view->options->link.keep, details[i].name)) {
            mnv_page_say(page, count++ ? MNV_TEXT_KEPT_COMMA : MNV_TEXT_ABOUT_KEPT);
            mnv_page_say(page, details[i].id);
        }
    }
    mnv_page_say(page, count ? MNV_TEXT_KEPT_END : MNV_TEXT_ABOUT_KEPT_NONE);
    mnv_page_raw(page, "</li>\n");
}

static void about(const service_t *service)
{
    mnv_page_t *page = service->page;

    mnv_page_element(page, "<section class=\"card\">\n<h2>", MNV_TEXT_ABOUT_HEAD, "</h2>\n<ul>\n");
    item(page, MNV_TEXT_ABOUT_OPTIONAL);
    item(page, MNV_TEXT_ABOUT_MYNUMBER);
    if (service->has_card && service->has_signin) {
        kept(service);
        item(page, MNV_TEXT_ABOUT_RENEWAL);
        item(page, MNV_TEXT_ABOUT_LOST);
    }
    mnv_page_raw(page, "</ul>\n</section>\n");
}

/* Browsers apply form-action to the redirect after the form too. */
static void allow_return(mnv_ctx_t *ctx, const mnv_service_view_t *view, mnv_reply_t *reply)
{
    mnv_url_t *url;

    if (view->return_to && *view->return_to != '/' && mnv_url_parse(ctx->pool, view->return_to, &url) == APR_SUCCESS) {
        reply->form_action = url->origin;
    }
}

static void open_main(const service_t *service)
{
    mnv_page_raw(service->page, apr_psprintf(service->page->pool, "<main data-step=\"%d\" data-account=\"%d\" data-identity=\"%d\" data-linked=\"%d\"%s>\n",
                                             step_of(service->state), service->account != NULL, service->identity != NULL, service->state == AT_LINKED,
                                             service->state == AT_CONFLICT_ACCOUNT    ? " data-conflict=\"account\""
                                             : service->state == AT_CONFLICT_IDENTITY ? " data-conflict=\"identity\""
                                                                                      : ""));
}

void mnv_page_service(mnv_ctx_t *ctx, const mnv_service_view_t *view, mnv_reply_t *reply)
{
    service_t service = {0};
    mnv_page_t *page = mnv_page_make(ctx->pool, &view->options->site, view->request);
    mnv_page_form_t logout = {"/logout", view->csrf, NULL, NULL};

    find_service(&service, view, page);
    mnv_page_open(page, MNV_TEXT_SITE, here(&service, 0));
    open_main(&service);
    notice(&service);
    lead(&service);
    mnv_page_raw(page, "<div class=\"halves\">\n");
    identity_half(&service);
    account_half(&service);
    mnv_page_raw(page, "</div>\n");
    link_form(&service);
    link_part(&service);
    needs(&service);
    about(&service);
    if (view->session && view->csrf) {
        mnv_page_raw(page, "<div class=\"actions\">");
        mnv_page_form(page, "plain", &logout, MNV_TEXT_DO_LOGOUT);
        mnv_page_raw(page, "</div>\n");
    }
    mnv_page_raw(page, "</main>\n");
    mnv_page_close(page, 200, reply);
    allow_return(ctx, view, reply);
}
