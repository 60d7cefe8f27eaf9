#include "proto/end_session.h"

#include "base/url.h"

const char *mnv_end_session_url(apr_pool_t *pool, const mnv_op_metadata_t *metadata, const char *client_id, const char *back, const char *state)
{
    const char *url = metadata->end_session_endpoint;

    if (!url) {
        return NULL;
    }
    url = mnv_url_add(pool, url, "client_id", client_id); /* by which the provider knows whose the address to come back to is */
    url = mnv_url_add(pool, url, "post_logout_redirect_uri", back);
    return mnv_url_add(pool, url, "state", state);
}
