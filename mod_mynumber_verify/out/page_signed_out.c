#include "out/pages.h"

#include <apr_strings.h>
#include "out/page_frame.h"

void mnv_page_signed_out(mnv_ctx_t *ctx, const mnv_options_t *options, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_page_t *page = mnv_page_make(ctx->pool, &options->site, request);

    mnv_page_open(page, MNV_TEXT_SIGNED_OUT_HEAD, apr_pstrcat(ctx->pool, options->site.path, "/logout/done", NULL));
    mnv_page_element(page, "<main>\n<section class=\"card lead done\">\n<h1>", MNV_TEXT_SIGNED_OUT_HEAD, "</h1>\n");
    mnv_page_element(page, "<p>", options->signin.method == MNV_SIGNIN_EXTERNAL ? MNV_TEXT_SIGNED_OUT_EXTERNAL : MNV_TEXT_SIGNED_OUT_TEXT, "</p>\n<div class=\"actions\">\n");
    mnv_page_button(page, "plain", mnv_page_url(page, "/"), MNV_TEXT_TO_SERVICE);
    mnv_page_raw(page, "</div>\n</section>\n</main>\n");
    mnv_page_close(page, 200, reply);
}
