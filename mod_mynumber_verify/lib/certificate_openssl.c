#include "lib/certificate_openssl.h"

#include <limits.h>
#include <string.h>
#include <apr_strings.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/base64.h"
#include "lib/jose_openssl.h"

#define CERTIFICATE_LIMIT_BYTES (64 * 1024)
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"

struct mnv_certificate_t {
    EVP_PKEY *key;
    apr_time_t begins, ends;
    unsigned char *der;
    apr_size_t length;
};

/* RFC 6931 2.3.2 to 2.3.6. */
static const struct {
    const char *uri, *type, *hash;
} algorithms[] = {
    { MORE "rsa-sha256", "RSA", "SHA256" },
    { MORE "rsa-sha384", "RSA", "SHA384" },
    { MORE "rsa-sha512", "RSA", "SHA512" },
    { MORE "ecdsa-sha256", "EC", "SHA256" },
    { MORE "ecdsa-sha384", "EC", "SHA384" },
    { MORE "ecdsa-sha512", "EC", "SHA512" },
    { "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "RSA", "SHA1" },
    { MORE "ecdsa-sha1", "EC", "SHA1" },
};
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

EVP_PKEY *mnv_certificate_key(const mnv_certificate_t *certificate)
{
    return certificate->key;
}

static const char *judge_rsa(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    const char *problem = NULL;
    int bits = EVP_PKEY_get_bits(key);

    if (bits < MNV_RSA_BITS_MIN || bits > 2 * MNV_RSA_BITS_MAX) {
        return "the RSA key does not have 2048 to 16384 bits";
    }
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) || !BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 64) {
        problem = "the RSA exponent is even, too small or too large";
    }
    BN_free(e);
    return problem;
}

static const char *judge(EVP_PKEY *key)
{
    char group[32] = "";

    if (EVP_PKEY_is_a(key, "RSA")) {
        return judge_rsa(key);
    }
    if (!EVP_PKEY_is_a(key, "EC")) {
        return "the key is neither RSA nor EC";
    }
    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
    return !strcmp(group, SN_X9_62_prime256v1) || !strcmp(group, SN_secp384r1) || !strcmp(group, SN_secp521r1) ? NULL
                                                                                                              : "the EC key is not on P-256, P-384 or P-521";
}

static apr_time_t time_of(const ASN1_TIME *time)
{
    apr_time_exp_t exploded = { 0 };
    struct tm tm;
    apr_time_t at;

    if (ASN1_TIME_to_tm(time, &tm) != 1) {
        return 0;
    }
    exploded.tm_sec = tm.tm_sec;
    exploded.tm_min = tm.tm_min;
    exploded.tm_hour = tm.tm_hour;
    exploded.tm_mday = tm.tm_mday;
    exploded.tm_mon = tm.tm_mon;
    exploded.tm_year = tm.tm_year;
    return apr_time_exp_gmt_get(&at, &exploded) == APR_SUCCESS ? at : 0;
}

static apr_status_t adopt(apr_pool_t *pool, X509 *x509, mnv_certificate_t **certificate, const char **problem)
{
    mnv_certificate_t *made = apr_pcalloc(pool, sizeof(*made));
    unsigned char *der = NULL;
    int length = i2d_X509(x509, &der);

    made->key = length > 0 ? X509_get_pubkey(x509) : NULL;
    *problem = made->key != NULL ? judge(made->key) : "its key cannot be read";
    if (*problem != NULL) {
        EVP_PKEY_free(made->key);
        OPENSSL_free(der);
        return APR_EINVAL;
    }
    apr_pool_cleanup_register(pool, made->key, mnv_evp_free, apr_pool_cleanup_null);
    made->begins = time_of(X509_get0_notBefore(x509));
    made->ends = time_of(X509_get0_notAfter(x509));
    made->der = apr_pmemdup(pool, der, (apr_size_t)length);
    made->length = (apr_size_t)length;
    OPENSSL_free(der);
    *certificate = made;
    return APR_SUCCESS;
}

apr_status_t mnv_certificate_base64(apr_pool_t *pool, const char *text, mnv_certificate_t **certificate, const char **problem)
{
    unsigned char *der;
    const unsigned char *end;
    apr_size_t length;
    apr_status_t status;
    X509 *x509;

    if (strlen(text) > CERTIFICATE_LIMIT_BYTES || mnv_base64_decode(pool, text, strlen(text), &der, &length) != APR_SUCCESS) {
        *problem = "is not base64";
        return APR_EINVAL;
    }
    end = der;
    x509 = d2i_X509(NULL, &end, (long)length);
    status = x509 != NULL ? adopt(pool, x509, certificate, problem) : APR_EINVAL;
    if (x509 == NULL) {
        *problem = "is no X.509 certificate";
    }
    X509_free(x509);
    ERR_clear_error();
    return status;
}

apr_status_t mnv_certificate_pem(apr_pool_t *pool, const char *pem, apr_size_t length, apr_array_header_t **certificates, const char **problem)
{
    apr_array_header_t *made = apr_array_make(pool, 2, sizeof(mnv_certificate_t *));
    BIO *bio = length <= INT_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
    apr_status_t status = APR_SUCCESS;
    X509 *x509;

    while (status == APR_SUCCESS && bio != NULL && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        mnv_certificate_t *certificate;
        status = adopt(pool, x509, &certificate, problem);
        X509_free(x509);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(made, mnv_certificate_t *) = certificate;
        }
    }
    BIO_free(bio);
    ERR_clear_error();
    if (status == APR_SUCCESS && made->nelts == 0) {
        *problem = "there is no PEM certificate";
        status = APR_EINVAL;
    }
    if (status == APR_SUCCESS) {
        *certificates = made;
    }
    return status;
}

apr_time_t mnv_certificate_begins(const mnv_certificate_t *certificate)
{
    return certificate->begins;
}

apr_time_t mnv_certificate_ends(const mnv_certificate_t *certificate)
{
    return certificate->ends;
}

const char *mnv_certificate_text(apr_pool_t *pool, const mnv_certificate_t *certificate)
{
    return mnv_base64_encode(pool, certificate->der, certificate->length);
}

int mnv_certificate_is_rsa(const mnv_certificate_t *certificate)
{
    return EVP_PKEY_is_a(certificate->key, "RSA");
}

int mnv_certificate_fits(const mnv_certificate_t *certificate, const mnv_private_key_t *key)
{
    int fits = EVP_PKEY_eq(certificate->key, mnv_private_key_evp(key)) == 1;
    ERR_clear_error();
    return fits;
}

const char *mnv_signature_uri(const mnv_private_key_t *key)
{
    return mnv_private_key_alg(key) == MNV_JWS_RS256 ? MORE "rsa-sha256" : MORE "ecdsa-sha256";
}

apr_status_t mnv_signature_make(apr_pool_t *pool, const mnv_private_key_t *key, const void *data, apr_size_t length, unsigned char **signature,
                                apr_size_t *signature_length)
{
    return mnv_evp_sign(pool, mnv_private_key_evp(key), mnv_private_key_alg(key), data, length, signature, signature_length);
}

/* ECDSA as XML Signature has it: r and s, each as long as the curve's order (RFC 6931 2.3.6). @return DER to be freed, or NULL */
static unsigned char *der_of(EVP_PKEY *key, const mnv_signature_t *signature, apr_size_t *length)
{
    apr_size_t half = ((apr_size_t)EVP_PKEY_get_bits(key) + 7) / 8;
    ECDSA_SIG *pair = signature->signature_length == 2 * half ? ECDSA_SIG_new() : NULL;
    BIGNUM *r = NULL, *s = NULL;
    unsigned char *der = NULL;
    int made = 0;

    if (pair != NULL) {
        r = BN_bin2bn(signature->signature, (int)half, NULL);
        s = BN_bin2bn(signature->signature + half, (int)half, NULL);
    }
    if (r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        made = i2d_ECDSA_SIG(pair, &der);
    }
    else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    *length = made > 0 ? (apr_size_t)made : 0;
    return made > 0 ? der : NULL;
}

static int verify_by(EVP_PKEY *key, const char *hash, const mnv_signature_t *signature)
{
    int is_ec = EVP_PKEY_is_a(key, "EC"), right = 0;
    apr_size_t length = signature->signature_length;
    unsigned char *der = is_ec ? der_of(key, signature, &length) : NULL;
    EVP_MD_CTX *context = !is_ec || der != NULL ? EVP_MD_CTX_new() : NULL;

    if (context != NULL && EVP_DigestVerifyInit_ex(context, NULL, hash, NULL, NULL, key, NULL) == 1) {
        right = EVP_DigestVerify(context, is_ec ? der : signature->signature, length, signature->data, signature->length) == 1;
    }
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ERR_clear_error();
    return right;
}

apr_status_t mnv_signature_verify(const apr_array_header_t *certificates, int sha1, const mnv_signature_t *signature)
{
    apr_size_t i = 0;

    while (i < ALGORITHMS && strcmp(algorithms[i].uri, signature->uri) != 0) {
        i++;
    }
    if (i == ALGORITHMS || (!strcmp(algorithms[i].hash, "SHA1") && !sha1)) {
        return APR_ENOTIMPL;
    }
    for (int k = 0; k < certificates->nelts; k++) {
        EVP_PKEY *key = APR_ARRAY_IDX(certificates, k, mnv_certificate_t *)->key;
        if (EVP_PKEY_is_a(key, algorithms[i].type) && verify_by(key, algorithms[i].hash, signature)) {
            return APR_SUCCESS;
        }
    }
    return APR_EACCES;
}
