/* What runs out, told 30, 7 and 1 days before and when it is out: each once, whichever process notices it. */
#ifndef MNV_FLOW_EXPIRY_H
#define MNV_FLOW_EXPIRY_H

#include "base/mnv.h"

/** What was told about one thing last; zero bytes: nothing. In memory that all processes share. One process writes it at a time. */
typedef struct mnv_expiry_t {
    apr_time_t ends; /* another end is another thing: it was renewed */
    int level;
} mnv_expiry_t;

/** A thing that ends. */
typedef struct mnv_ending_t {
    const char *what;  /* "the certificate of …" */
    const char *mend;  /* what to do about it */
    apr_time_t begins; /* a thing that never had 30 days is told of when 7 are left, and so on: metadata that are renewed every day for a fortnight are no news. 0: it had them */
    apr_time_t ends;   /* 0: never */
} mnv_ending_t;

/** Tell what is due: a warning, an error once it is out. */
void mnv_expiry_tell(mnv_ctx_t *ctx, mnv_expiry_t *told, const mnv_ending_t *ending);

#endif
