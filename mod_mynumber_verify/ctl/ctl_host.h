/* The configuration of httpd's enabled hosts as mynumberctl knows it: what `httpd -t -D DUMP_MYNUMBER` prints (httpd/dump.c), taken apart. */
#ifndef MNV_CTL_CTL_HOST_H
#define MNV_CTL_CTL_HOST_H

#include "ctl/ctl.h"
#include "model/options.h"

typedef struct ctl_host_t {
    const char *name;             /* its base URL */
    const char *secret_file;
    const char *state_dir;        /* NULL: not told */
    int schema_check;             /* MyNumberSchema check */
    mnv_provider_options_t card;  /* issuer or metadata_file set, or neither: absent */
    mnv_provider_options_t account;
    mnv_provider_options_t bearer; /* whose keys sign access tokens; issuer NULL: fetched nowhere */
    const char *introspection;     /* endpoint that is asked about access tokens; NULL: none */
    apr_array_header_t *assertion_keys; /* mnv_client_key_t, those named; never NULL */
    int saml;                           /* people sign in by SAML */
    const char *saml_provider;          /* entityID; NULL: not chosen here */
    const char *saml_metadata;          /* NULL: not in a file */
    const char *saml_metadata_url;      /* NULL: not at a URL */
    apr_array_header_t *saml_keys, *saml_certificates, *saml_metadata_certificates; /* const char *, files; never NULL */
    mnv_call_options_t call;
    const char *dbd_driver;       /* NULL: none */
    const char *dbd_params;
    int dbd_masked;               /* a password was left out of dbd_params */
} ctl_host_t;

/** Ask httpd. @param hosts ctl_host_t elements @return CTL_DONE, or CTL_FAILED (told). Pool: ctl->pool. */
int ctl_hosts(const ctl_t *ctl, const char *program, const char *config, apr_array_header_t **hosts);

#endif
