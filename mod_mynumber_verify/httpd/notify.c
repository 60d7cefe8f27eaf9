#include "httpd/notify.h"

#include <apr_strings.h>
#include <http_log.h>
#include <limits.h>
#include <string.h>
#include "base/log.h"
#include "httpd/server_config.h"

APLOG_USE_MODULE(mynumber_verify);

/* The same program for hosts that say the same: most inherit it. */
static piped_log *find_started(server_rec *from, const server_rec *until, const char *text)
{
    for (; from != until; from = from->next) {
        const mod_mnv_server_config_t *config = mod_mnv_server_config(from);

        if (config->notify && !strcmp(config->link_notify, text)) {
            return config->notify;
        }
    }
    return NULL;
}

/* Not waiting for a program that does not read: linking must go on. */
static piped_log *start(apr_pool_t *pconf, const char *text)
{
    piped_log *started = ap_open_piped_log(pconf, text + 1);

    return started && apr_file_pipe_timeout_set(ap_piped_log_write_fd(started), 0) == APR_SUCCESS ? started : NULL;
}

int mod_mnv_notify_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    server_rec *server;

    for (server = main_server; server; server = server->next) {
        mod_mnv_server_config_t *config = mod_mnv_server_config(server);

        config->notify = NULL;
        if (!config->enabled || !config->link_notify) {
            continue;
        }
        config->notify = find_started(main_server, server, config->link_notify);
        if (!config->notify) {
            config->notify = start(pconf, config->link_notify);
        }
        if (!config->notify) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, MNVLOGNO(1410) "could not start the program of MyNumberLinkNotify \"%s\"", config->link_notify);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

void mod_mnv_notify(request_rec *r, const char *line)
{
    const mod_mnv_server_config_t *config = mod_mnv_server_config(r->server);
    const char *text;
    apr_size_t length, written;
    apr_status_t status;

    if (!config->notify) {
        return;
    }
    text = apr_pstrcat(r->pool, line, "\n", NULL);
    length = written = strlen(text);
    /* Up to PIPE_BUF a write is whole or not at all, whatever other processes write (POSIX). */
    status = length > PIPE_BUF ? APR_ENOSPC : apr_file_write(ap_piped_log_write_fd(config->notify), text, &written);
    if (status != APR_SUCCESS || written != length) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, status, r, MNVLOGNO(1411) "could not tell the program of MyNumberLinkNotify of a link or unlink: it is gone, or does not read");
    }
}
