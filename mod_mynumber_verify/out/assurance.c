#include "out/assurance.h"

#include <string.h>

static int is_in(const apr_array_header_t *list, const char *text)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(list, i, const char *), text)) {
            return 1;
        }
    }
    return 0;
}

/* An acr that was not told is none of those listed. */
static int holds(const mnv_assurance_t *row, const mnv_identity_t *identity, int is_linked)
{
    return identity && (is_linked || !row->needs_link) && (!row->acr || (identity->acr && is_in(row->acr, identity->acr)));
}

apr_array_header_t *mnv_assurance_of(apr_pool_t *pool, const apr_array_header_t *rows, const mnv_identity_t *identity, int is_linked)
{
    apr_array_header_t *stated = apr_array_make(pool, 4, sizeof(const char *));
    int i, j;

    for (i = 0; rows && i < rows->nelts; i++) {
        const mnv_assurance_t *row = &APR_ARRAY_IDX(rows, i, mnv_assurance_t);

        for (j = 0; holds(row, identity, is_linked) && j < row->uris->nelts; j++) {
            const char *uri = APR_ARRAY_IDX(row->uris, j, const char *);

            if (!is_in(stated, uri)) {
                APR_ARRAY_PUSH(stated, const char *) = uri;
            }
        }
    }
    return stated;
}
