#include "out/pages.h"

#include <apr_strings.h>
#include "out/page_frame.h"

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
    };
    mnv_page_t *page = mnv_page_make(ctx->pool, &view->options->site, view->request);

    /* No language switch on the way: it would be another page, from which nothing leads on. */
    mnv_page_open(page, MNV_TEXT_SIGNED_OUT_HEAD, view->from == MNV_SIGNED_OUT_LEADING ? NULL : apr_pstrcat(ctx->pool, view->options->site.path, "/logout/done", NULL));
    mnv_page_raw(page, rows[view->from].start);
    mnv_page_element(page, "<section class=\"card lead done\">\n<h1>", MNV_TEXT_SIGNED_OUT_HEAD, "</h1>\n");
    mnv_page_element(page, "<p>", rows[view->from].text, "</p>\n<div class=\"actions\">\n");
    if (view->onward) {
        mnv_page_button(page, "main", view->onward, view->from == MNV_SIGNED_OUT_LEADING ? MNV_TEXT_DO_LOGOUT_THERE : MNV_TEXT_DO_CONTINUE);
    }
    else {
        mnv_page_button(page, "plain", mnv_page_url(page, "/"), MNV_TEXT_TO_SERVICE);
    }
    mnv_page_raw(page, "</div>\n</section>\n</main>\n");
    mnv_page_close(page, 200, reply);
}
