#include "flow/flow_external.h"

#include <string.h>
#include "base/log.h"
#include "flow/halves.h"
#include "proto/vouched.h"

/* httpd's line holds 8,190 bytes (LimitRequestLine); the place is escaped a second time in it. */
#define URL_LIMIT_BYTES 7000

void mnv_external_start(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_aim_t *aim, mnv_reply_t *reply)
{
    const char *plain = mnv_own_url(ctx->pool, site->options, "/signin");
    const char *url = aim->return_to ? mnv_url_add(ctx->pool, plain, "return", aim->return_to) : plain;

    mnv_reply_redirect(reply, strlen(url) > URL_LIMIT_BYTES ? plain : url);
}

/* Whoever opens the page is led through it, from wherever they come; another site's scripts and pictures have no business here. */
static int is_foreign_fetch(const mnv_request_t *request)
{
    return !request->is_navigation && request->fetch_site && strcmp(request->fetch_site, "same-origin") && strcmp(request->fetch_site, "none");
}

apr_status_t mnv_external_signin(mnv_ctx_t *ctx, const mnv_site_t *site, const mnv_request_t *request, mnv_reply_t *reply)
{
    mnv_half_t half = {NULL, NULL};
    mnv_aim_t aim;
    apr_status_t status = mnv_half_aim(ctx, site, request, MNV_HALF_ACCOUNT, &aim);

    if (status == APR_SUCCESS && is_foreign_fetch(request)) {
        status = mnv_fail(ctx, MNV_FAIL_CROSS_SITE, NULL);
    }
    if (status == APR_SUCCESS) {
        status = mnv_account_from_external(ctx, site->options->account.issuer, &request->vouched, &site->options->signin, &half.account);
    }
    if (status == APR_SUCCESS) {
        status = mnv_half_arrived(ctx, site, request, &half, aim.return_to, reply);
    }
    if (status == APR_SUCCESS) {
        mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1616) "account %s signed in by another module", mnv_keyring_log_tag(ctx, site->keyring, half.account->issuer, half.account->value));
    }
    return status;
}

void mnv_external_drop(mnv_ctx_t *ctx, const mnv_site_t *site, const char *key, mnv_reply_t *reply)
{
    int deleted;

    (void)mnv_store_session_delete(ctx, site->store, key, &deleted);
    mnv_reply_forget(reply, key);
    mnv_session_cookie(site, NULL, reply);
    mnv_log(ctx, MNV_LOG_INFO, MNVLOGNO(1617) "another person has signed in at the other module: the session of the one before was ended");
}
