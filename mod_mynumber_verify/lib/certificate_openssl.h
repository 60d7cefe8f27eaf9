/* The keys in certificates and private keys, for the *_openssl.c and *_xmlsec.c files alone. */
#ifndef MNV_LIB_CERTIFICATE_OPENSSL_H
#define MNV_LIB_CERTIFICATE_OPENSSL_H

#include <openssl/evp.h>
#include "lib/certificate.h"

/** The public key of a certificate; not to be freed. */
EVP_PKEY *mnv_certificate_key(const mnv_certificate_t *certificate);

#endif
