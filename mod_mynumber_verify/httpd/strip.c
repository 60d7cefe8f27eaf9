#include "httpd/strip.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>
#include "httpd/server_config.h"
#include "httpd/session_io.h"

/* CGI and WSGI turn every character that is no letter or digit into "_": "MyNumber_Account" and "MyNumber.Account" reach an application as "MyNumber-Account" does. */
static int starts_with(const char *name, const char *prefix)
{
    for (; *prefix; name++, prefix++) {
        char c = apr_isalnum(*name) ? (char)apr_tolower(*name) : '-';

        if (!*name || c != *prefix) {
            return 0;
        }
    }
    return 1;
}

int mod_mnv_is_identity_name(const char *name)
{
    const apr_array_header_t *prefixes = mod_mnv_header_prefixes();
    int i;

    for (i = 0; i < prefixes->nelts; i++) {
        const char *prefix = APR_ARRAY_IDX(prefixes, i, const char *);

        /* The first letter decides for nearly every header of nearly every request; a prefix starts with a letter. */
        if ((*name | 0x20) == *prefix && starts_with(name, prefix)) {
            return 1;
        }
    }
    return 0;
}

/* "Connection": no other header begins so, and this is asked of each header of each request. */
static int is_connection(const char *name)
{
    return (name[0] | 0x20) == 'c' && (name[1] | 0x20) == 'o' && (name[2] | 0x20) == 'n' && (name[3] | 0x20) == 'n';
}

/* A proxy takes away what "Connection" names (RFC 9110 7.6.1): nobody may have that done to what we hand on. Separators and what is odd in a token are all below "-", but for ";". */
static const char *without_our_names(apr_pool_t *pool, const char *value)
{
    const unsigned char *starts = mod_mnv_header_starts();
    const char *at = value;
    char *copy = NULL;

    while (*at) {
        if (starts[(unsigned char)*at] && mod_mnv_is_identity_name(at)) {
            copy = copy ? copy : apr_pstrdup(pool, value);
            memset(copy + (at - value), ' ', strcspn(at, " \t,;"));
        }
        while (*at > ',' && *at != ';') {
            at++;
        }
        at += *at != '\0';
    }
    return copy ? copy : value;
}

static void strip(apr_pool_t *pool, apr_table_t *table)
{
    const apr_array_header_t *elements = apr_table_elts(table);
    const unsigned char *starts = mod_mnv_header_starts();
    int i = 0;

    while (i < elements->nelts) {
        apr_table_entry_t *entry = &APR_ARRAY_IDX(elements, i, apr_table_entry_t);

        if (entry->key && starts[(unsigned char)*entry->key] && mod_mnv_is_identity_name(entry->key)) {
            apr_table_unset(table, entry->key); /* closes the gap: look at the same place again */
            continue;
        }
        if (entry->key && is_connection(entry->key)) {
            entry->val = (char *)without_our_names(pool, entry->val);
        }
        i++;
    }
}

void mod_mnv_strip(request_rec *r)
{
    mod_mnv_request_t *request = mod_mnv_request(r);

    if (!request->is_stripped) {
        request->is_stripped = 1;
        strip(r->pool, r->headers_in);
        if (r->trailers_in) {
            strip(r->pool, r->trailers_in);
        }
    }
}

int mod_mnv_strip_post_read(request_rec *r)
{
    mod_mnv_strip(r);
    return DECLINED;
}
