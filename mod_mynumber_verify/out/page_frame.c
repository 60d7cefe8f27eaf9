#include "out/page_frame.h"

#include <apr_strings.h>
#include <string.h>
#include "base/civil.h"
#include "base/text.h"
#include "base/url.h"

static void add(mnv_page_t *page, const char *text)
{
    APR_ARRAY_PUSH(page->parts, const char *) = text;
}

/* Did the person choose a language by the switch? */
static int chose_language(apr_pool_t *pool, const char *query)
{
    mnv_params_t *params;
    const char *value;

    return query && mnv_params_parse(pool, query, strlen(query), 100, &params) == APR_SUCCESS
           && mnv_params_one(params, "lang", &value) == APR_SUCCESS && value && (!strcmp(value, "ja") || !strcmp(value, "en"));
}

mnv_page_t *mnv_page_make(apr_pool_t *pool, const mnv_site_options_t *site, const mnv_request_t *request)
{
    mnv_page_t *page = apr_pcalloc(pool, sizeof(*page));

    page->pool = pool;
    page->parts = apr_array_make(pool, 128, sizeof(const char *));
    page->language = request->language;
    page->keeps_language = chose_language(pool, request->query);
    page->site = site;
    return page;
}

void mnv_page_raw(mnv_page_t *page, const char *markup)
{
    add(page, markup);
}

void mnv_page_text(mnv_page_t *page, const char *value)
{
    add(page, mnv_text_html(page->pool, value));
}

void mnv_page_say(mnv_page_t *page, mnv_texts_e id)
{
    mnv_page_text(page, mnv_texts_get(id, page->language));
}

void mnv_page_say_number(mnv_page_t *page, mnv_texts_e id, int number)
{
    const char *text = mnv_texts_get(id, page->language), *place = strstr(text, "%d");

    if (!place) {
        mnv_page_say(page, id);
        return;
    }
    mnv_page_text(page, apr_psprintf(page->pool, "%.*s%d%s", (int)(place - text), text, number, place + 2));
}

void mnv_page_element(mnv_page_t *page, const char *before, mnv_texts_e id, const char *after)
{
    add(page, before);
    mnv_page_say(page, id);
    add(page, after);
}

void mnv_page_row(mnv_page_t *page, mnv_texts_e label, const char *value)
{
    if (value) {
        mnv_page_element(page, "<div><dt>", label, "</dt><dd><bdi>");
        mnv_page_text(page, value);
        add(page, "</bdi></dd></div>\n");
    }
}

void mnv_page_row_time(mnv_page_t *page, mnv_texts_e label, apr_time_t at)
{
    if (at) {
        mnv_page_element(page, "<div><dt>", label, "</dt><dd><time datetime=\"");
        mnv_page_text(page, mnv_civil_rfc3339(page->pool, at));
        add(page, "\">");
        mnv_page_text(page, mnv_civil_japan(page->pool, at));
        mnv_page_element(page, "</time>", MNV_TEXT_JAPAN_TIME, "</dd></div>\n");
    }
}

const char *mnv_page_url(const mnv_page_t *page, const char *path)
{
    const char *url = apr_pstrcat(page->pool, page->site->path, path, NULL);

    return page->keeps_language ? mnv_url_add(page->pool, url, "lang", mnv_texts_language_tag(page->language)) : url;
}

void mnv_page_button(mnv_page_t *page, const char *kind, const char *url, mnv_texts_e label)
{
    add(page, "<a class=\"button ");
    add(page, kind);
    add(page, "\" href=\"");
    mnv_page_text(page, url);
    mnv_page_element(page, "\">", label, "</a>\n");
}

static void hidden(mnv_page_t *page, const char *name, const char *value)
{
    add(page, "<input type=\"hidden\" name=\"");
    add(page, name);
    add(page, "\" value=\"");
    mnv_page_text(page, value);
    add(page, "\">");
}

void mnv_page_form(mnv_page_t *page, const char *kind, const mnv_page_form_t *form, mnv_texts_e label)
{
    add(page, "<form method=\"post\" action=\"");
    mnv_page_text(page, mnv_page_url(page, form->path));
    add(page, "\">");
    hidden(page, "csrf", form->csrf);
    if (form->return_to) {
        hidden(page, "return", form->return_to);
    }
    if (form->replace) {
        hidden(page, "replace", form->replace);
    }
    add(page, "<button class=\"button ");
    add(page, kind);
    mnv_page_element(page, "\">", label, "</button></form>\n");
}

/* A link to this page in the other language, labelled in that language. */
void mnv_page_message_form(mnv_page_t *page, const char *action, const char *name, const char *message, const char *relay_state)
{
    add(page, "<form method=\"post\" action=\"");
    mnv_page_text(page, action);
    add(page, "\">");
    hidden(page, name, message);
    if (relay_state) {
        hidden(page, "RelayState", relay_state);
    }
}

static void language_switch(mnv_page_t *page, const char *url)
{
    mnv_language_e other = page->language == MNV_LANGUAGE_EN ? MNV_LANGUAGE_JA : MNV_LANGUAGE_EN;
    const char *tag = mnv_texts_language_tag(other);

    add(page, apr_psprintf(page->pool, "<a class=\"language\" lang=\"%s\" hreflang=\"%s\" href=\"", tag, tag));
    mnv_page_text(page, mnv_url_add(page->pool, url, "lang", tag));
    mnv_page_element(page, "\">", other == MNV_LANGUAGE_EN ? MNV_TEXT_ENGLISH : MNV_TEXT_JAPANESE, "</a>");
}

void mnv_page_open(mnv_page_t *page, mnv_texts_e title, const char *switch_to)
{
    add(page, "<!DOCTYPE html>\n<html lang=\"");
    add(page, mnv_texts_language_tag(page->language));
    add(page, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"robots\" content=\"noindex\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    mnv_page_say(page, title);
    if (title != MNV_TEXT_SITE) {
        mnv_page_element(page, " – ", MNV_TEXT_SITE, "");
    }
    add(page, "</title>\n");
    if (page->site) {
        add(page, "<link rel=\"icon\" href=\"");
        mnv_page_text(page, apr_pstrcat(page->pool, page->site->path, "/assets/logo.svg", NULL));
        add(page, "\">\n<link rel=\"stylesheet\" href=\"");
        mnv_page_text(page, apr_pstrcat(page->pool, page->site->path, "/assets/style.css", NULL));
        add(page, "\">\n");
    }
    add(page, "</head>\n<body>\n<header>");
    if (page->site) {
        add(page, "<img src=\"");
        mnv_page_text(page, apr_pstrcat(page->pool, page->site->path, "/assets/logo.svg", NULL));
        add(page, "\" alt=\"\" width=\"32\" height=\"32\">");
    }
    mnv_page_element(page, "<span>", MNV_TEXT_SITE, "</span>");
    if (page->site && switch_to) {
        language_switch(page, switch_to);
    }
    add(page, "</header>\n");
}

void mnv_page_close(mnv_page_t *page, int status, mnv_reply_t *reply)
{
    add(page, "</body>\n</html>\n");
    mnv_reply_body(reply, status, "text/html; charset=utf-8", apr_array_pstrcat(page->pool, page->parts, 0));
}
