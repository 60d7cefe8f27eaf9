#include "lib/jose_openssl.h"

#include <limits.h>
#include <string.h>
#include <apr_strings.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/base64url.h"
#include "base/secret.h"
#include "base/text.h"

struct mnv_private_key_t {
    EVP_PKEY *key;
    mnv_jws_alg_e alg;
    const char *kid;
};

/* Instead of OpenSSL's own, which would ask on the terminal of a starting server. */
static int no_passphrase(char *buffer, int size, int writing, void *baton)
{
    (void)buffer;
    (void)size;
    (void)writing;
    *(int *)baton = 1;
    return -1;
}

static EVP_PKEY *read_private(const char *pem, apr_size_t length, const char **problem)
{
    int is_encrypted = 0;
    BIO *bio = length <= INT_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &is_encrypted) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (key == NULL) {
        *problem = is_encrypted ? "the private key is encrypted; store it without a passphrase, readable by root only"
                                : "there is no PEM private key";
    }
    return key;
}

/* A trial shows that the halves belong together: a file pasted from two keys fails at start, not in front of a person. */
static apr_status_t adopt(apr_pool_t *pool, EVP_PKEY *evp, const char *kid, mnv_private_key_t **key, const char **problem)
{
    static const char trial[] = "mynumber";
    mnv_private_key_t *made = apr_palloc(pool, sizeof(*made));
    unsigned char *signature;
    apr_size_t length;
    apr_pool_cleanup_register(pool, evp, mnv_evp_free, apr_pool_cleanup_null);
    made->key = evp;
    if (mnv_evp_judge(evp, &made->alg, problem) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    if (mnv_evp_sign(pool, evp, made->alg, trial, sizeof(trial), &signature, &length) != APR_SUCCESS
        || mnv_evp_verify(evp, made->alg, trial, sizeof(trial), signature, length) != APR_SUCCESS) {
        *problem = "the private key does not fit its public half";
        return APR_EINVAL;
    }
    if (kid != NULL && !mnv_text_is_token(kid, MNV_KID_LIMIT_BYTES)) {
        *problem = "the kid is no text of 1 to 512 printable ASCII characters without blanks";
        return APR_EINVAL;
    }
    made->kid = kid != NULL ? apr_pstrdup(pool, kid) : mnv_evp_thumbprint(pool, evp, made->alg);
    if (made->kid == NULL) {
        *problem = "its thumbprint could not be computed";
        return APR_EINVAL;
    }
    *key = made;
    return APR_SUCCESS;
}

apr_status_t mnv_private_key_parse(apr_pool_t *pool, const char *pem, apr_size_t length, const char *kid, mnv_private_key_t **key,
                                   const char **problem)
{
    EVP_PKEY *evp = read_private(pem, length, problem);
    return evp != NULL ? adopt(pool, evp, kid, key, problem) : APR_EINVAL;
}

apr_status_t mnv_private_key_generate(apr_pool_t *pool, mnv_jws_alg_e alg, int bits, mnv_private_key_t **key)
{
    const char *problem;
    EVP_PKEY *evp = NULL;
    if (alg == MNV_JWS_ES256) {
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    }
    else if (bits >= MNV_RSA_BITS_MIN && bits <= MNV_RSA_BITS_MAX) {
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    }
    ERR_clear_error();
    return evp != NULL ? adopt(pool, evp, NULL, key, &problem) : APR_EGENERAL;
}

apr_status_t mnv_private_key_of(apr_pool_t *pool, const unsigned char scalar[32], mnv_private_key_t **key)
{
    /* An ECPrivateKey (RFC 5915) of P-256 without its public half, which OpenSSL adds: the scalar stands between these. */
    static const unsigned char before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20}, after[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    unsigned char der[sizeof(before) + MNV_P256_BYTES + sizeof(after)];
    const unsigned char *at = der;
    const char *problem;
    EVP_PKEY *evp;

    memcpy(der, before, sizeof(before));
    memcpy(der + sizeof(before), scalar, MNV_P256_BYTES);
    memcpy(der + sizeof(before) + MNV_P256_BYTES, after, sizeof(after));
    evp = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, sizeof(der));
    mnv_secret_wipe(der, sizeof(der));
    ERR_clear_error();
    return evp != NULL ? adopt(pool, evp, NULL, key, &problem) : APR_EGENERAL;
}

const char *mnv_private_key_pem(apr_pool_t *pool, const mnv_private_key_t *key)
{
    char *text = NULL, *data;
    /* secmem: its buffers are wiped when they grow and when they go */
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key->key, NULL, NULL, 0, NULL, NULL) == 1) {
        long length = BIO_get_mem_data(bio, &data);
        if (length > 0) {
            text = (char *)mnv_secret_make(pool, (apr_size_t)length + 1);
            memcpy(text, data, (apr_size_t)length);
        }
    }
    BIO_free(bio);
    ERR_clear_error();
    return text;
}

EVP_PKEY *mnv_private_key_evp(const mnv_private_key_t *key)
{
    return key->key;
}

mnv_jws_alg_e mnv_private_key_alg(const mnv_private_key_t *key)
{
    return key->alg;
}

const char *mnv_private_key_kid(const mnv_private_key_t *key)
{
    return key->kid;
}

mnv_json_t *mnv_private_key_jwk(apr_pool_t *pool, const mnv_private_key_t *key)
{
    return mnv_evp_to_jwk(pool, key->key, key->alg, key->kid);
}

static EVP_PKEY *read_public(const char *pem, apr_size_t length)
{
    EVP_PKEY *key = NULL;
    BIO *bio = length <= INT_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
    if (bio != NULL && (key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)) == NULL && BIO_reset(bio) == 1) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
        X509_free(certificate);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

apr_status_t mnv_public_jwk_parse(apr_pool_t *pool, const char *pem, apr_size_t length, const char *kid, mnv_json_t **jwk, const char **problem)
{
    mnv_jws_alg_e alg;
    mnv_json_t *made = NULL;
    EVP_PKEY *key = read_public(pem, length);
    if (key == NULL && (key = read_private(pem, length, problem)) == NULL) {
        *problem = "there is no PEM public key, certificate or unencrypted private key";
        return APR_EINVAL;
    }
    if (mnv_evp_judge(key, &alg, problem) == APR_SUCCESS && (made = mnv_evp_to_jwk(pool, key, alg, kid)) == NULL) {
        *problem = "its public half could not be read";
    }
    EVP_PKEY_free(key);
    if (made == NULL) {
        return APR_EINVAL;
    }
    *jwk = made;
    return APR_SUCCESS;
}

apr_status_t mnv_jws_sign(mnv_ctx_t *ctx, const mnv_private_key_t *key, const char *typ, const mnv_json_t *claims, const char **token)
{
    unsigned char *signature;
    apr_size_t length;
    mnv_json_t *header = mnv_json_object(ctx->pool);
    mnv_json_set_string(header, "alg", mnv_jws_alg_name(key->alg));
    mnv_json_set_string(header, "kid", key->kid);
    mnv_json_set_string(header, "typ", typ);
    const char *head = mnv_json_print(ctx->pool, header), *body = mnv_json_print(ctx->pool, claims);
    const char *input = apr_pstrcat(ctx->pool, mnv_base64url_encode(ctx->pool, head, strlen(head)), ".",
                                    mnv_base64url_encode(ctx->pool, body, strlen(body)), NULL);
    if (mnv_evp_sign(ctx->pool, key->key, key->alg, input, strlen(input), &signature, &length) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_SIGN, "%s kid \"%.100s\"", mnv_jws_alg_name(key->alg), key->kid);
    }
    *token = apr_pstrcat(ctx->pool, input, ".", mnv_base64url_encode(ctx->pool, signature, length), NULL);
    return APR_SUCCESS;
}
