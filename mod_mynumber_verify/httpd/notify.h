/* MyNumberLinkNotify: a program that is told of every link and unlink, one JSON object a line. */
#ifndef MNV_HTTPD_NOTIFY_H
#define MNV_HTTPD_NOTIFY_H

#include <httpd.h>

/** Start the programs, as httpd starts those of piped logs: in the parent process, again when they die. Hosts that name the same share one. For post_config.
 * @return OK or HTTP_INTERNAL_SERVER_ERROR, told */
int mod_mnv_notify_post_config(apr_pool_t *pconf, server_rec *main_server);

/** Write a line to the program of r's host, if it has one. Never waits: a program that does not read loses lines, and the log tells. */
void mod_mnv_notify(request_rec *r, const char *line);

#endif
