/* What stands in the configuration files, as httpd read them: for directives of other modules, whose structs are private to them, and for finding out whether a host uses ours. */
#ifndef MNV_HTTPD_CONFIG_TREE_H
#define MNV_HTTPD_CONFIG_TREE_H

#include <httpd.h>
#include <http_config.h>

/** First line of a host's own part: the inside of its <VirtualHost>, or for the main server the whole top level (which holds the <VirtualHost>s). NULL: empty */
const ap_directive_t *mod_mnv_tree_of(const server_rec *server);

/** The last line of a directive directly in a host's part, outside sections. @param inherit look at the main server's too @return NULL when there is none */
const ap_directive_t *mod_mnv_tree_find(const server_rec *server, const server_rec *main_server, const char *name, int inherit);

/** Call visit for every line below first, sections' lines included, those of virtual hosts left out; a non-zero answer stops. @return that answer, or 0 */
int mod_mnv_tree_walk(const ap_directive_t *first, int (*visit)(void *baton, const ap_directive_t *line), void *baton);

/** The first argument of a line, unquoted. Pool: pool. */
const char *mod_mnv_tree_argument(apr_pool_t *pool, const ap_directive_t *line);

/** Does mod_ssl serve the host, or does its ServerName say https? Read from the lines: mod_ssl itself makes up its mind only in post_config, which `httpd -t` does not run. */
int mod_mnv_tree_is_https(apr_pool_t *pool, const server_rec *server, const server_rec *main_server);

/** The port browsers reach the host at. @return 0 when it cannot be told (several Listen and none named) */
int mod_mnv_tree_port(const server_rec *server, int https);

#endif
