#include "httpd/config_tree.h"

#include <ap_listen.h>
#include <apr_strings.h>

static int is_virtual_host(const ap_directive_t *line)
{
    return !strcasecmp(line->directive, "<VirtualHost");
}

const ap_directive_t *mod_mnv_tree_of(const server_rec *server)
{
    const ap_directive_t *line = ap_conftree;

    if (!server->is_virtual) {
        return line;
    }
    for (; line; line = line->next) {
        if (is_virtual_host(line) && (unsigned)line->line_num == server->defn_line_number && !strcmp(line->filename, server->defn_name)) {
            return line->first_child;
        }
    }
    return NULL;
}

const ap_directive_t *mod_mnv_tree_find(const server_rec *server, const server_rec *main_server, const char *name, int inherit)
{
    const ap_directive_t *line, *found = NULL;

    for (line = mod_mnv_tree_of(server); line; line = line->next) {
        if (!strcasecmp(line->directive, name)) {
            found = line;
        }
    }
    if (!found && inherit && server != main_server) {
        found = mod_mnv_tree_find(main_server, main_server, name, 0);
    }
    return found;
}

int mod_mnv_tree_walk(const ap_directive_t *first, int (*visit)(void *baton, const ap_directive_t *line), void *baton)
{
    const ap_directive_t *line;
    int answer = 0;

    for (line = first; line && !answer; line = line->next) {
        if (is_virtual_host(line)) {
            continue;
        }
        answer = visit(baton, line);
        if (!answer && line->first_child) {
            answer = mod_mnv_tree_walk(line->first_child, visit, baton);
        }
    }
    return answer;
}

const char *mod_mnv_tree_argument(apr_pool_t *pool, const ap_directive_t *line)
{
    const char *rest = line->args;

    return ap_getword_conf(pool, &rest);
}

/** The port of the host's address, without looking at Listen. */
static int port_of(const server_rec *server)
{
    return server->port ? server->port : server->addrs ? server->addrs->host_port : 0;
}

static int listens_for_https(int port)
{
    const ap_listen_rec *listener;

    for (listener = ap_listeners; listener; listener = listener->next) {
        if ((!port || listener->bind_addr->port == port) && listener->protocol && !strcasecmp(listener->protocol, "https")) {
            return 1;
        }
    }
    return 0;
}

int mod_mnv_tree_is_https(apr_pool_t *pool, const server_rec *server, const server_rec *main_server)
{
    const ap_directive_t *line;

    if (server->server_scheme && !strcasecmp(server->server_scheme, "https")) {
        return 1;
    }
    if (!ap_find_linked_module("mod_ssl.c")) {
        return 0;
    }
    line = mod_mnv_tree_find(server, main_server, "SSLEngine", 1);
    /* without SSLEngine mod_ssl serves hosts whose Listen says https, or says nothing and is 443 */
    return line ? !strcasecmp(mod_mnv_tree_argument(pool, line), "on") : listens_for_https(port_of(server));
}

int mod_mnv_tree_port(const server_rec *server, int https)
{
    const int usual = https ? 443 : 80;
    const ap_listen_rec *listener;
    int port = port_of(server);

    if (port) {
        return port;
    }
    for (listener = ap_listeners; listener; listener = listener->next) {
        if (listener->bind_addr->port == usual) {
            return usual;
        }
        if (port && port != listener->bind_addr->port) {
            port = -1;
        }
        port = port < 0 ? port : listener->bind_addr->port;
    }
    return port > 0 ? port : 0;
}
