#include "lib/crypt.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include "base/secret.h"

#define MNV_SEAL_NONCE_BYTES 12
#define MNV_SEAL_TAG_BYTES 16

/* Fetched once: looking an algorithm up by name costs as much as a short digest. One set per process, read-only once it is published. */
typedef struct {
    EVP_MD *sha256;
    EVP_MAC *hmac;
    EVP_CIPHER *gcm;
    pthread_key_t key; /* of each thread's contexts_t */
} algorithms_t;

/* Made by a thread's first use, freed when it ends (httpd's event MPM starts and ends threads all the time). */
typedef struct {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *hmac;
    EVP_CIPHER_CTX *cipher;
} contexts_t;

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static algorithms_t storage;
static _Atomic(algorithms_t *) published;

static void free_contexts(void *data)
{
    contexts_t *contexts = data;
    if (contexts != NULL) {
        EVP_MD_CTX_free(contexts->digest);
        EVP_MAC_CTX_free(contexts->hmac);
        EVP_CIPHER_CTX_free(contexts->cipher);
        OPENSSL_free(contexts);
    }
}

static void free_algorithms(void)
{
    EVP_MD_free(storage.sha256);
    EVP_MAC_free(storage.hmac);
    EVP_CIPHER_free(storage.gcm);
    memset(&storage, 0, sizeof(storage));
}

/* A thread that ends while the process does must not call free_contexts() any more: OpenSSL has been cleaned up, or the code is gone. Called before OpenSSL's own cleanup, which was
 * registered earlier; and keys are few (1,024). */
__attribute__((destructor)) static void forget_key(void)
{
    if (atomic_exchange(&published, NULL) != NULL) {
        pthread_key_delete(storage.key);
    }
}

apr_status_t mnv_crypt_init(void)
{
    apr_status_t status = APR_SUCCESS;
    pthread_mutex_lock(&making);
    if (atomic_load(&published) == NULL) {
        storage.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        storage.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        storage.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        if (storage.sha256 == NULL || storage.hmac == NULL || storage.gcm == NULL || pthread_key_create(&storage.key, free_contexts) != 0) {
            free_algorithms();
            ERR_clear_error();
            status = APR_EGENERAL;
        }
        else {
            atomic_store(&published, &storage);
            (void)atexit(forget_key);
        }
    }
    pthread_mutex_unlock(&making);
    return status;
}

void mnv_crypt_end(void)
{
    pthread_mutex_lock(&making);
    if (atomic_load(&published) != NULL) {
        free_contexts(pthread_getspecific(storage.key));
        pthread_key_delete(storage.key);
        atomic_store(&published, NULL);
        free_algorithms();
    }
    pthread_mutex_unlock(&making);
}

void mnv_crypt_thread_end(void)
{
    const algorithms_t *algorithms = atomic_load(&published);
    if (algorithms != NULL) {
        free_contexts(pthread_getspecific(algorithms->key));
        (void)pthread_setspecific(algorithms->key, NULL);
    }
    OPENSSL_thread_stop();
}

static contexts_t *make_contexts(const algorithms_t *algorithms)
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end() };
    contexts_t *contexts = OPENSSL_zalloc(sizeof(*contexts));
    if (contexts == NULL) {
        return NULL;
    }
    contexts->digest = EVP_MD_CTX_new();
    contexts->hmac = EVP_MAC_CTX_new(algorithms->hmac);
    contexts->cipher = EVP_CIPHER_CTX_new();
    if (contexts->digest == NULL || contexts->hmac == NULL || contexts->cipher == NULL
        || !EVP_MAC_CTX_set_params(contexts->hmac, parameters) || pthread_setspecific(algorithms->key, contexts) != 0) {
        free_contexts(contexts);
        return NULL;
    }
    return contexts;
}

/* This thread's contexts. @return NULL when there is no memory or no algorithm */
static contexts_t *mine(const algorithms_t **algorithms)
{
    if ((*algorithms = atomic_load(&published)) == NULL) {
        if (mnv_crypt_init() != APR_SUCCESS || (*algorithms = atomic_load(&published)) == NULL) {
            return NULL;
        }
    }
    contexts_t *contexts = pthread_getspecific((*algorithms)->key);
    return contexts != NULL ? contexts : make_contexts(*algorithms);
}

/* A forgotten entry in OpenSSL's error queue makes this thread's next TLS read (mod_ssl, libcurl) look like a failure. */
static apr_status_t failed(apr_status_t status)
{
    ERR_clear_error();
    return status;
}

apr_status_t mnv_crypt_sha256(const void *data, apr_size_t length, unsigned char out[MNV_DIGEST_BYTES])
{
    const algorithms_t *algorithms;
    contexts_t *contexts = mine(&algorithms);
    unsigned char digest[MNV_DIGEST_BYTES];
    if (contexts == NULL || !EVP_DigestInit_ex2(contexts->digest, algorithms->sha256, NULL)
        || !EVP_DigestUpdate(contexts->digest, data, length) || !EVP_DigestFinal_ex(contexts->digest, digest, NULL)) {
        return failed(APR_EGENERAL);
    }
    memcpy(out, digest, sizeof(digest));
    return APR_SUCCESS;
}

/* HMAC of data and, where there is one, a byte behind it. */
static apr_status_t hmac(const unsigned char *key, const void *data, apr_size_t length, const unsigned char *last, unsigned char *out)
{
    const algorithms_t *algorithms;
    contexts_t *contexts = mine(&algorithms);
    unsigned char code[MNV_DIGEST_BYTES];
    size_t written = 0;
    if (contexts == NULL || !EVP_MAC_init(contexts->hmac, key, MNV_KEY_BYTES, NULL) || !EVP_MAC_update(contexts->hmac, data, length)
        || (last != NULL && !EVP_MAC_update(contexts->hmac, last, 1))
        || !EVP_MAC_final(contexts->hmac, code, &written, sizeof(code)) || written != sizeof(code)) {
        return failed(APR_EGENERAL);
    }
    memcpy(out, code, sizeof(code));
    mnv_secret_wipe(code, sizeof(code));
    return APR_SUCCESS;
}

apr_status_t mnv_crypt_hmac(const unsigned char key[MNV_KEY_BYTES], const void *data, apr_size_t length, unsigned char out[MNV_DIGEST_BYTES])
{
    return hmac(key, data, length, NULL, out);
}

apr_status_t mnv_crypt_derive(const unsigned char key[MNV_KEY_BYTES], const char *label, unsigned char out[MNV_KEY_BYTES])
{
    /* RFC 5869 2.3 with a single block: T(1) = HMAC(PRK, info | 0x01) */
    static const unsigned char first_block = 1;
    return hmac(key, label, strlen(label), &first_block, out);
}

apr_status_t mnv_crypt_seal(mnv_ctx_t *ctx, const unsigned char key[MNV_KEY_BYTES], const void *aad, apr_size_t aad_length, const void *plain,
                            apr_size_t length, unsigned char *out)
{
    const algorithms_t *algorithms;
    contexts_t *contexts = mine(&algorithms);
    unsigned char *body = out + MNV_SEAL_NONCE_BYTES;
    int written = 0, rest = 0;
    if (contexts == NULL || length > INT_MAX || aad_length > INT_MAX
        || ctx->ports->random(ctx->baton, out, MNV_SEAL_NONCE_BYTES) != APR_SUCCESS) {
        return failed(APR_EGENERAL);
    }
    if (!EVP_EncryptInit_ex2(contexts->cipher, algorithms->gcm, key, out, NULL)
        || (aad_length > 0 && !EVP_EncryptUpdate(contexts->cipher, NULL, &rest, aad, (int)aad_length))
        || (length > 0 && !EVP_EncryptUpdate(contexts->cipher, body, &written, plain, (int)length))
        || !EVP_EncryptFinal_ex(contexts->cipher, body + written, &rest) || (apr_size_t)(written + rest) != length
        || !EVP_CIPHER_CTX_ctrl(contexts->cipher, EVP_CTRL_AEAD_GET_TAG, MNV_SEAL_TAG_BYTES, body + length)) {
        mnv_secret_wipe(out, length + MNV_SEAL_OVERHEAD);
        return failed(APR_EGENERAL);
    }
    return APR_SUCCESS;
}

apr_status_t mnv_crypt_open(const unsigned char key[MNV_KEY_BYTES], const void *aad, apr_size_t aad_length, const void *sealed,
                            apr_size_t length, unsigned char *out)
{
    const algorithms_t *algorithms;
    contexts_t *contexts = mine(&algorithms);
    const unsigned char *nonce = sealed, *body = nonce + MNV_SEAL_NONCE_BYTES;
    unsigned char tag[MNV_SEAL_TAG_BYTES];
    int written = 0, rest = 0;
    if (contexts == NULL || length < MNV_SEAL_OVERHEAD || length > INT_MAX || aad_length > INT_MAX) {
        return failed(APR_EACCES);
    }
    apr_size_t plain_length = length - MNV_SEAL_OVERHEAD;
    memcpy(tag, body + plain_length, sizeof(tag));
    if (!EVP_DecryptInit_ex2(contexts->cipher, algorithms->gcm, key, nonce, NULL)
        || (aad_length > 0 && !EVP_DecryptUpdate(contexts->cipher, NULL, &rest, aad, (int)aad_length))
        || (plain_length > 0 && !EVP_DecryptUpdate(contexts->cipher, out, &written, body, (int)plain_length))
        || !EVP_CIPHER_CTX_ctrl(contexts->cipher, EVP_CTRL_AEAD_SET_TAG, MNV_SEAL_TAG_BYTES, tag)
        || !EVP_DecryptFinal_ex(contexts->cipher, out + written, &rest) || (apr_size_t)(written + rest) != plain_length) {
        mnv_secret_wipe(out, plain_length);
        return failed(APR_EACCES);
    }
    return APR_SUCCESS;
}

apr_status_t mnv_crypt_random(unsigned char *buffer, apr_size_t length)
{
    return length <= INT_MAX && RAND_bytes(buffer, (int)length) == 1 ? APR_SUCCESS : failed(APR_EGENERAL);
}
