#include "lib/xmlenc_cipher.h"

#include <limits.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "base/secret.h"
#include "lib/jose_openssl.h"

#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES   16
#define AES_BLOCK_BYTES 16

static int set_oaep(EVP_PKEY_CTX *context, const mnv_oaep_t *oaep)
{
    unsigned char *label = NULL;

    if (EVP_PKEY_decrypt_init(context) != 1 || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1
        || EVP_PKEY_CTX_set_rsa_oaep_md_name(context, oaep->digest, NULL) != 1 || EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, oaep->mgf1, NULL) != 1) {
        return 0;
    }
    if (oaep->label.length == 0) {
        return 1;
    }
    label = OPENSSL_memdup(oaep->label.data, oaep->label.length); /* becomes the context's */
    if (label == NULL || EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, (int)oaep->label.length) != 1) {
        OPENSSL_free(label);
        return 0;
    }
    return 1;
}

apr_status_t mnv_oaep_open(apr_pool_t *pool, const mnv_private_key_t *rsa, const mnv_oaep_t *oaep, const mnv_bytes_t *sealed, mnv_bytes_t *key)
{
    EVP_PKEY *evp = mnv_private_key_evp(rsa);
    EVP_PKEY_CTX *context = EVP_PKEY_is_a(evp, "RSA") ? EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL) : NULL;
    size_t length = (size_t)EVP_PKEY_get_size(evp);
    unsigned char *out = mnv_secret_make(pool, length);
    apr_status_t status = APR_EACCES;

    if (context != NULL && set_oaep(context, oaep) && EVP_PKEY_decrypt(context, out, &length, sealed->data, sealed->length) == 1) {
        key->data = out;
        key->length = length;
        status = APR_SUCCESS;
    }
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return status;
}

static int open_gcm(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const mnv_bytes_t *key, const mnv_bytes_t *sealed, mnv_bytes_t *text)
{
    int length = 0, rest = 0;
    apr_size_t middle;

    if (sealed->length <= GCM_NONCE_BYTES + GCM_TAG_BYTES) {
        return 0;
    }
    middle = sealed->length - GCM_NONCE_BYTES - GCM_TAG_BYTES;
    if (EVP_DecryptInit_ex2(context, cipher, key->data, sealed->data, NULL) != 1
        || EVP_DecryptUpdate(context, text->data, &length, sealed->data + GCM_NONCE_BYTES, (int)middle) != 1
        || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, sealed->data + GCM_NONCE_BYTES + middle) != 1
        || EVP_DecryptFinal_ex(context, text->data + length, &rest) != 1) {
        return 0;
    }
    text->length = (apr_size_t)(length + rest);
    return 1;
}

/* The last byte tells how many are padding; the others may be anything. */
static int open_cbc(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const mnv_bytes_t *key, const mnv_bytes_t *sealed, mnv_bytes_t *text)
{
    int length = 0, rest = 0, padding;

    if (sealed->length < 2 * AES_BLOCK_BYTES || sealed->length % AES_BLOCK_BYTES != 0
        || EVP_DecryptInit_ex2(context, cipher, key->data, sealed->data, NULL) != 1 || EVP_CIPHER_CTX_set_padding(context, 0) != 1
        || EVP_DecryptUpdate(context, text->data, &length, sealed->data + AES_BLOCK_BYTES, (int)sealed->length - AES_BLOCK_BYTES) != 1
        || EVP_DecryptFinal_ex(context, text->data + length, &rest) != 1) {
        return 0;
    }
    padding = text->data[length + rest - 1];
    if (padding < 1 || padding > AES_BLOCK_BYTES) {
        return 0;
    }
    text->length = (apr_size_t)(length + rest - padding);
    return 1;
}

apr_status_t mnv_aes_open(apr_pool_t *pool, const char *name, const mnv_bytes_t *key, const mnv_bytes_t *sealed, mnv_bytes_t *text)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    mnv_bytes_t made = { apr_palloc(pool, sealed->length + AES_BLOCK_BYTES), 0 };
    int done = 0;

    if (cipher != NULL && context != NULL && sealed->length < INT_MAX && (apr_size_t)EVP_CIPHER_get_key_length(cipher) == key->length) {
        done = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE ? open_gcm(context, cipher, key, sealed, &made) : open_cbc(context, cipher, key, sealed, &made);
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    ERR_clear_error();
    if (done) {
        *text = made;
    }
    return done ? APR_SUCCESS : APR_EACCES;
}
