#include "out/pages.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include "base/url.h"
#include "lib/json.h"
#include "out/page_frame.h"

#define RETRY_AFTER_SEC 30

/* Families of failures.def by their hundreds. */
#define FAMILY(number) ((number) / 100)
enum { FAMILY_MACHINE = 1, FAMILY_FLOW = 2, FAMILY_DATABASE = 6, FAMILY_RULE = 8 };

typedef struct failure_page_t {
    mnv_ctx_t *ctx;
    mnv_failure_e what;
    const mnv_failure_row_t *row;
    const mnv_options_t *options; /* NULL: as little as possible */
    const mnv_request_t *request;
    const char *cure;             /* absolute URL or path where a person goes on; NULL: nowhere */
    const char *place;            /* of RULE_CHOICE: where both ways lead */
} failure_page_t;

static int has_card(const mnv_options_t *options)
{
    return options->card.issuer != NULL;
}

static int has_signin(const mnv_options_t *options)
{
    return options->signin.method != MNV_SIGNIN_NONE && (options->signin.method != MNV_SIGNIN_UNSET || options->account.issuer);
}

/* Where the row sends a person; a half that this site does not have sends nobody anywhere. */
static const char *path_of(const failure_page_t *failure)
{
    if (failure->row->next == MNV_NEXT_VERIFY && has_card(failure->options)) {
        return "/verify";
    }
    if (failure->row->next == MNV_NEXT_SIGNIN && has_signin(failure->options)) {
        return failure->what == MNV_FAIL_LINK_SIGNIN_ACR ? "/signin?for=link" : "/signin";
    }
    return "/";
}

static mnv_texts_e label_of(const failure_page_t *failure)
{
    const char *path = path_of(failure);

    if (path[1]) {
        return path[1] == 'v' ? MNV_TEXT_DO_VERIFY_AGAIN : MNV_TEXT_DO_SIGNIN_AGAIN;
    }
    return failure->row->next == MNV_NEXT_LATER || (FAMILY(failure->row->number) == FAMILY_FLOW && failure->row->next == MNV_NEXT_SERVICE)
               ? MNV_TEXT_FAILURE_AGAIN
               : MNV_TEXT_TO_SERVICE;
}

static mnv_texts_e head_of(const failure_page_t *failure)
{
    if (failure->what == MNV_FAIL_FLOW_STOPPED) {
        return MNV_TEXT_FAILURE_STOPPED_HEAD;
    }
    if (failure->row->http_status == 404) {
        return MNV_TEXT_FAILURE_NOT_FOUND_HEAD;
    }
    if (FAMILY(failure->row->number) == FAMILY_RULE) {
        return failure->row->http_status == 401 ? MNV_TEXT_FAILURE_CURE_HEAD : MNV_TEXT_FAILURE_RULE_HEAD;
    }
    return MNV_TEXT_FAILURE_HEAD;
}

/* A form that is refused at the door may have got through before: sent by another tab, or again by a browser that was restored. */
static int may_come_second(mnv_failure_e what)
{
    return what == MNV_FAIL_SESSION_NONE || what == MNV_FAIL_CSRF || what == MNV_FAIL_CROSS_SITE;
}

/* What was not changed. A form that met a broken machine or database, or comes second, may have got through: nothing is promised then.
 * Rules and missing pages change nothing and say nothing. */
static mnv_texts_e changed_of(const failure_page_t *failure)
{
    int family = FAMILY(failure->row->number);

    if (family == FAMILY_RULE || failure->row->http_status == 404) {
        return MNV_TEXT_COUNT;
    }
    /* Sessions, proofs and conflicts (05xx, 07xx) are judged before anything is done. */
    if (!strcmp(failure->request->method, "POST")
        && (may_come_second(failure->what) || (family != 5 && family != 7 && failure->row->http_status >= 500))) {
        return MNV_TEXT_FAILURE_UNSURE;
    }
    return MNV_TEXT_FAILURE_UNCHANGED;
}

static const char *sentence(const failure_page_t *failure, mnv_language_e language)
{
    return language == MNV_LANGUAGE_EN ? failure->row->en : failure->row->ja;
}

static void details(const failure_page_t *failure, mnv_page_t *page)
{
    mnv_page_element(page, "<p class=\"reference\">", MNV_TEXT_FAILURE_CODE, " <code>");
    mnv_page_text(page, mnv_failure_code(failure->what, page->pool));
    mnv_page_raw(page, "</code>");
    if (failure->ctx->failure.reference) {
        mnv_page_element(page, " · ", MNV_TEXT_FAILURE_REFERENCE, " <code>");
        mnv_page_text(page, failure->ctx->failure.reference);
        mnv_page_raw(page, "</code>");
    }
    mnv_page_raw(page, "</p>\n");
}

static void way(const failure_page_t *failure, mnv_page_t *page, const char *kind, const char *path, mnv_texts_e label)
{
    const char *url = mnv_page_url(page, path);

    mnv_page_button(page, kind, failure->place ? mnv_url_add(page->pool, url, "return", failure->place) : url, label);
}

static void next_step(const failure_page_t *failure, mnv_page_t *page)
{
    if (failure->row->next == MNV_NEXT_LATER) {
        mnv_page_element(page, "<p>", MNV_TEXT_FAILURE_LATER, "</p>\n");
    }
    if (failure->row->next == MNV_NEXT_HELP) {
        mnv_page_element(page, "<p>", MNV_TEXT_FAILURE_HELP, "</p>\n");
    }
    if (failure->what == MNV_FAIL_RULE_CHOICE) {
        mnv_page_raw(page, "<div class=\"actions\">\n");
        way(failure, page, "main", "/signin", MNV_TEXT_DO_SIGNIN);
        way(failure, page, "plain", "/verify", MNV_TEXT_DO_VERIFY);
        mnv_page_raw(page, "</div>\n");
    }
    else if (failure->options) {
        mnv_page_raw(page, "<div class=\"actions\">\n");
        mnv_page_button(page, "main", failure->cure ? failure->cure : mnv_page_url(page, path_of(failure)), failure->cure ? MNV_TEXT_FAILURE_CURE : label_of(failure));
        mnv_page_raw(page, "</div>\n");
    }
}

/* Both languages on the page instead of a switch: asking for it again would repeat what failed, or send a form without its body. */
static void make_page(const failure_page_t *failure, mnv_reply_t *reply)
{
    mnv_page_t *page = mnv_page_make(failure->ctx->pool, failure->options ? &failure->options->site : NULL, failure->request);
    mnv_language_e other = page->language == MNV_LANGUAGE_EN ? MNV_LANGUAGE_JA : MNV_LANGUAGE_EN;
    mnv_texts_e changed = changed_of(failure);

    mnv_page_open(page, head_of(failure), NULL);
    mnv_page_raw(page, "<main data-failure=\"");
    mnv_page_text(page, mnv_failure_code(failure->what, page->pool));
    mnv_page_raw(page, failure->what == MNV_FAIL_FLOW_STOPPED ? "\">\n<section class=\"card lead\">\n" : "\">\n<section class=\"card lead bad\">\n");
    mnv_page_element(page, "<h1>", head_of(failure), "</h1>\n<p>");
    mnv_page_text(page, sentence(failure, page->language));
    mnv_page_raw(page, "</p>\n");
    if (changed != MNV_TEXT_COUNT) {
        mnv_page_element(page, "<p>", changed, "</p>\n");
    }
    next_step(failure, page);
    mnv_page_raw(page, "<p class=\"soft\" lang=\"");
    mnv_page_raw(page, mnv_texts_language_tag(other));
    mnv_page_raw(page, "\">");
    mnv_page_text(page, sentence(failure, other));
    if (changed != MNV_TEXT_COUNT) {
        mnv_page_raw(page, " ");
        mnv_page_text(page, mnv_texts_get(changed, other));
    }
    mnv_page_raw(page, "</p>\n");
    details(failure, page);
    mnv_page_raw(page, "</section>\n</main>\n");
    mnv_page_close(page, failure->row->http_status, reply);
}

static const char *lower(apr_pool_t *pool, const char *name)
{
    char *text = apr_pstrdup(pool, name), *c;

    for (c = text; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    return text;
}

static const char *absolute(const failure_page_t *failure, const char *path)
{
    return *path == '/' ? apr_pstrcat(failure->ctx->pool, failure->options->site.base_url, path, NULL) : path;
}

static const char *next_name(mnv_next_e next)
{
    switch (next) {
    case MNV_NEXT_SERVICE:
        return "service";
    case MNV_NEXT_VERIFY:
        return "verify";
    case MNV_NEXT_SIGNIN:
        return "signin";
    case MNV_NEXT_LATER:
        return "later";
    case MNV_NEXT_HELP:
        break;
    }
    return "help";
}

/* For programs: the URL is one a person opens in a window of the browser, therefore absolute. */
static void make_json(const failure_page_t *failure, mnv_reply_t *reply)
{
    apr_pool_t *pool = failure->ctx->pool;
    mnv_json_t *json = mnv_json_object(pool);

    mnv_json_set_string(json, "error", lower(pool, failure->row->name));
    mnv_json_set_string(json, "code", mnv_failure_code(failure->what, pool));
    mnv_json_set_string(json, "message", sentence(failure, failure->request->language));
    mnv_json_set_string(json, "next", next_name(failure->row->next));
    mnv_json_set_string(json, "reference", failure->ctx->failure.reference);
    if (failure->options) {
        const char *path = failure->cure ? failure->cure : apr_pstrcat(pool, failure->options->site.path, path_of(failure), NULL);

        mnv_json_set_string(json, "cure", absolute(failure, path));
    }
    mnv_reply_body(reply, failure->row->http_status, "application/json", mnv_json_print(pool, json));
}

void mnv_page_choice(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request, const char *place, mnv_reply_t *reply)
{
    failure_page_t failure = {0};

    failure.ctx = ctx;
    failure.what = ctx->failure.what;
    failure.row = mnv_failure_row(failure.what);
    failure.options = options;
    failure.request = request;
    failure.place = place;
    make_page(&failure, reply);
}

void mnv_page_failure(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request, const char *cure, mnv_reply_t *reply)
{
    failure_page_t failure = {0};

    failure.ctx = ctx;
    /* Nothing told is a mistake of ours: never a page that looks like success. */
    failure.what = ctx->failure.what == MNV_OK ? MNV_FAIL_INTERNAL : ctx->failure.what;
    failure.row = mnv_failure_row(failure.what);
    failure.options = options;
    failure.request = request;
    failure.cure = cure;
    if (request->is_navigation) {
        make_page(&failure, reply);
    }
    else {
        make_json(&failure, reply);
    }
    if (failure.row->http_status == 503) {
        reply->retry_after_sec = RETRY_AFTER_SEC;
    }
}
