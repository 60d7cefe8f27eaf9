/* What every page shares: the HTML skeleton, escaping, buttons and forms, the language switch. A page grows part by part and is closed into a reply.
 * Nothing but literals goes in unescaped. */
#ifndef MNV_OUT_PAGE_FRAME_H
#define MNV_OUT_PAGE_FRAME_H

#include <apr_tables.h>
#include <apr_time.h>
#include "model/options.h"
#include "model/reply.h"
#include "model/request.h"
#include "out/texts.h"

typedef struct mnv_page_t {
    apr_pool_t *pool;
    apr_array_header_t *parts;      /* const char * */
    mnv_language_e language;
    int keeps_language;             /* the person chose by ?lang=: our own links carry it on */
    const mnv_site_options_t *site; /* NULL: no stylesheet, no links */
} mnv_page_t;

/** An empty page, for a request. @param site NULL: as little as possible. Pool: pool. */
mnv_page_t *mnv_page_make(apr_pool_t *pool, const mnv_site_options_t *site, const mnv_request_t *request);

/** Doctype to the site's header. @param switch_to URL of this page (its language is added) for the language switch, NULL: no switch */
void mnv_page_open(mnv_page_t *page, mnv_texts_e title, const char *switch_to);

/** Everything after </main>, and the page becomes the reply's body. */
void mnv_page_close(mnv_page_t *page, int status, mnv_reply_t *reply);

/** Markup of our own: literals only. */
void mnv_page_raw(mnv_page_t *page, const char *markup);

/** A text of texts.def; with a number in place of its %d. Escaped. */
void mnv_page_say(mnv_page_t *page, mnv_texts_e id);
void mnv_page_say_number(mnv_page_t *page, mnv_texts_e id, int number);

/** A value from outside, escaped. */
void mnv_page_text(mnv_page_t *page, const char *value);

/** Markup, a text, markup. */
void mnv_page_element(mnv_page_t *page, const char *before, mnv_texts_e id, const char *after);

/** One row of a description list: label and a value that may run in either direction (bdi). value NULL: nothing. */
void mnv_page_row(mnv_page_t *page, mnv_texts_e label, const char *value);

/** The same for a moment, in Japan's time. 0: nothing. */
void mnv_page_row_time(mnv_page_t *page, mnv_texts_e label, apr_time_t at);

/** A link that looks like a button. @param kind class names, a literal ("main", "plain", "danger") */
void mnv_page_button(mnv_page_t *page, const char *kind, const char *url, mnv_texts_e label);

/** What a form of ours carries. */
typedef struct mnv_page_form_t {
    const char *path;      /* below MyNumberPath, "/link" */
    const char *csrf;
    const char *return_to; /* NULL: none */
    const char *replace;   /* id of the link to replace, NULL: none */
} mnv_page_form_t;

/** A POST form of one button. */
void mnv_page_form(mnv_page_t *page, const char *kind, const mnv_page_form_t *form, mnv_texts_e label);

/** Begin a POST form to another site, with one message and what goes with it (NULL: nothing). Its button and its end are the caller's. @param name a literal */
void mnv_page_message_form(mnv_page_t *page, const char *action, const char *name, const char *message, const char *relay_state);

/** URL of one of our paths ("/verify"), with lang where the person chose one. Pool: page's. */
const char *mnv_page_url(const mnv_page_t *page, const char *path);

#endif
