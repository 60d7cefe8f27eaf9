/* Assurance: which of the institution's own statements (MyNumberAssurance) apply to somebody. Nothing is ever stated that the configuration does not say. */
#ifndef MNV_OUT_ASSURANCE_H
#define MNV_OUT_ASSURANCE_H

#include "model/link.h"
#include "model/options.h"

/** The URIs of the rows that hold, in the order of the configuration, none twice.
 * @param rows mnv_assurance_t, NULL: none @param identity the session's or the link's, NULL: nobody's is known @param is_linked there is a live link that counts
 * @return const char * elements, perhaps none. Pool: pool. */
apr_array_header_t *mnv_assurance_of(apr_pool_t *pool, const apr_array_header_t *rows, const mnv_identity_t *identity, int is_linked);

#endif
