#include "out/pages.h"

#include <apr_strings.h>
#include "out/page_frame.h"

static int is_on_the_way(const mnv_signed_out_view_t *view)
{
    return view->from == MNV_SIGNED_OUT_LEADING || view->from == MNV_SIGNED_OUT_SENDING || view->from == MNV_SIGNED_OUT_ASKED;
}

/* Browsers apply form-action to every redirect behind the form, and an identity provider may lead through the other services of the person. */
static void message_form(mnv_page_t *page, const mnv_signed_out_view_t *view, mnv_reply_t *reply)
{
    const mnv_signed_out_form_t *form = view->form;
    mnv_url_t *url;

    mnv_page_message_form(page, form->action, form->name, form->message, form->relay_state);
    mnv_page_element(page, "<button class=\"button main\">", view->from == MNV_SIGNED_OUT_ASKED ? MNV_TEXT_DO_LOGOUT_BACK : MNV_TEXT_DO_LOGOUT_THERE, "</button></form>\n");
    if (mnv_url_parse(page->pool, form->action, &url) == APR_SUCCESS) {
        reply->form_action = apr_pstrcat(page->pool, url->origin, " https:", NULL);
    }
}

void mnv_page_signed_out(mnv_ctx_t *ctx, const mnv_signed_out_view_t *view, mnv_reply_t *reply)
{
    static const struct {
        const char *start;
        mnv_texts_e text;
    } rows[] = {
        [MNV_SIGNED_OUT_HERE] = {"<main data-signed-out=\"here\">\n", MNV_TEXT_SIGNED_OUT_TEXT},
        [MNV_SIGNED_OUT_LEADING] = {"<main data-signed-out=\"leading\">\n", MNV_TEXT_SIGNED_OUT_LEADING},
        [MNV_SIGNED_OUT_BOTH] = {"<main data-signed-out=\"both\">\n", MNV_TEXT_SIGNED_OUT_BOTH},
        [MNV_SIGNED_OUT_UNREACHABLE] = {"<main data-signed-out=\"unreachable\">\n", MNV_TEXT_SIGNED_OUT_UNREACHABLE},
        [MNV_SIGNED_OUT_SENDING] = {"<main data-signed-out=\"leading\">\n", MNV_TEXT_SIGNED_OUT_SENDING},
        [MNV_SIGNED_OUT_THERE] = {"<main data-signed-out=\"there\">\n", MNV_TEXT_SIGNED_OUT_THERE},
        [MNV_SIGNED_OUT_PARTLY] = {"<main data-signed-out=\"partly\">\n", MNV_TEXT_SIGNED_OUT_PARTLY},
        [MNV_SIGNED_OUT_REFUSED] = {"<main data-signed-out=\"refused\">\n", MNV_TEXT_SIGNED_OUT_REFUSED},
        [MNV_SIGNED_OUT_ALONE] = {"<main data-signed-out=\"alone\">\n", MNV_TEXT_SIGNED_OUT_ALONE},
        [MNV_SIGNED_OUT_ASKED] = {"<main data-signed-out=\"asked\">\n", MNV_TEXT_SIGNED_OUT_ASKED},
    };
    mnv_page_t *page = mnv_page_make(ctx->pool, &view->options->site, view->request);
    int is_external = view->options->signin.method == MNV_SIGNIN_EXTERNAL && view->from == MNV_SIGNED_OUT_HERE;
    mnv_texts_e text = is_external ? MNV_TEXT_SIGNED_OUT_EXTERNAL : rows[view->from].text;

    /* No language switch on the way: it would be another page, from which nothing leads on. */
    mnv_page_open(page, MNV_TEXT_SIGNED_OUT_HEAD, is_on_the_way(view) ? NULL : apr_pstrcat(ctx->pool, view->options->site.path, "/logout/done", NULL));
    mnv_page_raw(page, rows[view->from].start);
    mnv_page_element(page, "<section class=\"card lead done\">\n<h1>", MNV_TEXT_SIGNED_OUT_HEAD, "</h1>\n");
    mnv_page_element(page, "<p>", text, "</p>\n<div class=\"actions\">\n");
    if (view->form) {
        message_form(page, view, reply);
    }
    else if (view->onward) {
        mnv_page_button(page, "main", view->onward, is_on_the_way(view) ? MNV_TEXT_DO_LOGOUT_THERE : MNV_TEXT_DO_CONTINUE);
    }
    else {
        mnv_page_button(page, "plain", mnv_page_url(page, "/"), MNV_TEXT_TO_SERVICE);
    }
    mnv_page_raw(page, "</div>\n</section>\n</main>\n");
    mnv_page_close(page, 200, reply);
}
