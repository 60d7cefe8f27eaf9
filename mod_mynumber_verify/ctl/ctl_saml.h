/* What mynumberctl check says of SAML sign-in: keys, certificates and metadata as they stand in files, of metadata at a URL the copy that httpd keeps. Nothing is fetched. */
#ifndef MNV_CTL_CTL_SAML_H
#define MNV_CTL_CTL_SAML_H

#include <apr_tables.h>
#include "ctl/ctl.h"
#include "model/keyring.h"

/** A file that could be read. */
typedef struct ctl_file_t {
    const char *name, *text;
    apr_size_t length;
} ctl_file_t;

typedef struct ctl_saml_t {
    apr_array_header_t *keys, *certificates, *metadata_certificates; /* ctl_file_t */
    const ctl_file_t *metadata;                                      /* NULL: not a file, or told already */
    const char *url;                                                 /* of the metadata; NULL: not at a URL, or told already */
    const char *state_dir;                                           /* where their copy is */
    const mnv_keyring_t *keyring;                                    /* by which it is known to be httpd's */
    const char *provider;                                            /* entityID; NULL: the only one */
} ctl_saml_t;

typedef enum { CTL_OK, CTL_WARN, CTL_FAIL } ctl_level_e;

/** Told what was found. @param mend what to do, NULL: nothing */
typedef void ctl_found_t(void *baton, ctl_level_e level, const char *mend, const char *what);

/** Judge them. */
void ctl_saml(const ctl_t *ctl, const ctl_saml_t *saml, ctl_found_t *found, void *baton);

#endif
