#include "model/reply.h"

#include <string.h>

mnv_reply_t *mnv_reply_make(apr_pool_t *pool)
{
    mnv_reply_t *reply = apr_pcalloc(pool, sizeof(*reply));

    reply->status = 200;
    reply->cookies = apr_array_make(pool, 4, sizeof(mnv_cookie_t));
    reply->forget = apr_array_make(pool, 2, sizeof(const char *));
    return reply;
}

void mnv_reply_redirect(mnv_reply_t *reply, const char *location)
{
    /* Not 302, because 303 makes every browser come with GET, also after a POST (RFC 9110 section 15.4.4) */
    reply->status = 303;
    reply->location = location;
    reply->content_type = NULL;
    reply->body = NULL;
    reply->length = 0;
}

void mnv_reply_body(mnv_reply_t *reply, int status, const char *content_type, const char *text)
{
    reply->status = status;
    reply->location = NULL;
    reply->content_type = content_type;
    reply->body = text;
    reply->length = strlen(text);
}

void mnv_reply_cookie(mnv_reply_t *reply, const mnv_cookie_t *cookie)
{
    APR_ARRAY_PUSH(reply->cookies, mnv_cookie_t) = *cookie;
}

void mnv_reply_forget(mnv_reply_t *reply, const char *session_key)
{
    APR_ARRAY_PUSH(reply->forget, const char *) = session_key;
}
