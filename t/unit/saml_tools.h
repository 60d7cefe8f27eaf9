/* What tests of SAML forge with: keys and certificates made on first use, texts with places to fill in, signatures by xmlsec1 and encryption by EVP – neither of them
 * the code under test.
 */
#ifndef T_UNIT_SAML_TOOLS_H
#define T_UNIT_SAML_TOOLS_H

#include "unit.h"
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include "base/base64.h"
#include "base/civil.h"
#include "lib/certificate.h"
#include "lib/crypt.h"
#include "lib/jose.h"
#include "lib/xml.h"
#include "lib/xmldsig.h"

#define SAML_IDP     "https://idp.example.ac.jp/idp"
#define SAML_SP      "https://portal.example.ac.jp/sp"
#define SAML_ACS     "https://portal.example.ac.jp/mynumber/saml/acs"
#define SAML_SLO     "https://portal.example.ac.jp/mynumber/saml/slo"
#define SAML_REQUEST "_0123456789abcdef0123456789abcdef"

/* Who sends what to whom, and when; other parties where a test forges for a server that runs. */
static struct {
    const char *idp, *sp, *acs, *slo, *request;
    apr_time_t now;
} saml_world = { SAML_IDP, SAML_SP, SAML_ACS, SAML_SLO, SAML_REQUEST, UNIT_START };

static struct {
    const char *name;
    int rsa_bits; /* 0: elliptic */
    const char *curve;
    EVP_PKEY *key;
    X509 *x509;
    mnv_certificate_t *certificate;  /* as the code under test has read them, once for all tests */
    mnv_private_key_t *private_key;
} saml_keys[] = {
    { "idp", 2048, NULL, NULL, NULL, NULL, NULL },     { "idp2", 2048, NULL, NULL, NULL, NULL, NULL },   { "ec", 0, "P-256", NULL, NULL, NULL, NULL },  { "ec384", 0, "P-384", NULL, NULL, NULL, NULL },
    { "stranger", 2048, NULL, NULL, NULL, NULL, NULL }, { "sp", 2048, NULL, NULL, NULL, NULL, NULL },    { "sp2", 2048, NULL, NULL, NULL, NULL, NULL }, { "weak", 1024, NULL, NULL, NULL, NULL, NULL },
    { "stranger_ec", 0, "P-256", NULL, NULL, NULL, NULL }, { "k256", 0, "secp256k1", NULL, NULL, NULL, NULL },
};
#define SAML_KEYS (sizeof(saml_keys) / sizeof(saml_keys[0]))

static X509 *saml_self_signed(EVP_PKEY *key, const char *name)
{
    X509 *x509 = X509_new();
    X509_NAME *subject = X509_get_subject_name(x509);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "20260101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "20290101000000Z");
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_set_pubkey(x509, key);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

static apr_size_t saml_key_index(const char *name)
{
    apr_size_t i = 0;
    while (i < SAML_KEYS && strcmp(saml_keys[i].name, name)) {
        i++;
    }
    if (i == SAML_KEYS) {
        fail_msg("no key \"%s\"", name);
    }
    if (!saml_keys[i].key) {
        saml_keys[i].key = saml_keys[i].rsa_bits ? EVP_RSA_gen((unsigned)saml_keys[i].rsa_bits) : EVP_EC_gen(saml_keys[i].curve);
        assert_non_null(saml_keys[i].key);
        saml_keys[i].x509 = saml_self_signed(saml_keys[i].key, name);
    }
    return i;
}

/* Lives until apr_terminate(). */
UNIT_MAYBE_UNUSED apr_pool_t *saml_lasting(void)
{
    static apr_pool_t *pool;
    if (!pool) {
        apr_pool_create(&pool, NULL);
    }
    return pool;
}

UNIT_MAYBE_UNUSED EVP_PKEY *saml_key(const char *name)
{
    return saml_keys[saml_key_index(name)].key;
}

UNIT_MAYBE_UNUSED void saml_end(void)
{
    for (apr_size_t i = 0; i < SAML_KEYS; i++) {
        EVP_PKEY_free(saml_keys[i].key);
        X509_free(saml_keys[i].x509);
    }
}

static const char *saml_drain(apr_pool_t *pool, BIO *bio)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    const char *text = apr_pstrmemdup(pool, data, (apr_size_t)length);
    BIO_free(bio);
    return text;
}

UNIT_MAYBE_UNUSED const char *saml_pem(apr_pool_t *pool, const char *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, saml_keys[saml_key_index(name)].x509);
    return saml_drain(pool, bio);
}

/** base64 of a certificate, as it stands in XML. */
UNIT_MAYBE_UNUSED const char *saml_certificate_text(apr_pool_t *pool, const char *name)
{
    unsigned char *der = NULL;
    int length = i2d_X509(saml_keys[saml_key_index(name)].x509, &der);
    const char *text = mnv_base64_encode(pool, der, (apr_size_t)length);
    OPENSSL_free(der);
    return text;
}

/** An array of certificates, names divided by blanks. */
UNIT_MAYBE_UNUSED apr_array_header_t *saml_certificates(apr_pool_t *pool, const char *names)
{
    apr_array_header_t *all = apr_array_make(pool, 4, sizeof(mnv_certificate_t *));
    char *state, *list = apr_pstrdup(pool, names);
    const char *problem;
    for (char *name = apr_strtok(list, " ", &state); name; name = apr_strtok(NULL, " ", &state)) {
        apr_size_t i = saml_key_index(name);
        if (!saml_keys[i].certificate) {
            assert_int_equal(mnv_certificate_base64(saml_lasting(), saml_certificate_text(pool, name), &saml_keys[i].certificate, &problem), APR_SUCCESS);
        }
        APR_ARRAY_PUSH(all, mnv_certificate_t *) = saml_keys[i].certificate;
    }
    return all;
}

UNIT_MAYBE_UNUSED mnv_private_key_t *saml_private_key(apr_pool_t *pool, const char *name)
{
    apr_size_t i = saml_key_index(name);
    const char *pem, *problem;
    BIO *bio;
    if (!saml_keys[i].private_key) {
        bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(bio, saml_key(name), NULL, NULL, 0, NULL, NULL);
        pem = saml_drain(pool, bio);
        assert_int_equal(mnv_private_key_parse(saml_lasting(), pem, strlen(pem), NULL, &saml_keys[i].private_key, &problem), APR_SUCCESS);
    }
    return saml_keys[i].private_key;
}

/** All occurrences; none is an error of the test. */
UNIT_MAYBE_UNUSED const char *saml_replace(apr_pool_t *pool, const char *text, const char *from, const char *to)
{
    const char *found = strstr(text, from), *made = "";
    if (!found) {
        fail_msg("\"%s\" is not in the text to be changed", from);
    }
    for (; found; found = strstr(text, from)) {
        made = apr_pstrcat(pool, made, apr_pstrmemdup(pool, text, (apr_size_t)(found - text)), to, NULL);
        text = found + strlen(from);
    }
    return apr_pstrcat(pool, made, text, NULL);
}

/** Fill in @IDP@, @SP@, @ACS@, @SLO@, @REQUEST@ and the times @T@, @T+60@, @T-60@ (seconds from the world's now). */
UNIT_MAYBE_UNUSED const char *saml_fill(apr_pool_t *pool, const char *text)
{
    const char *const places[][2] = { { "@IDP@", saml_world.idp }, { "@SP@", saml_world.sp }, { "@ACS@", saml_world.acs }, { "@SLO@", saml_world.slo }, { "@REQUEST@", saml_world.request } };
    char *at;
    for (apr_size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        text = strstr(text, places[i][0]) ? saml_replace(pool, text, places[i][0], places[i][1]) : text;
    }
    while ((at = strstr(text, "@T")) != NULL && strchr("@+-", at[2])) {
        const char *end = strchr(at + 2, '@');
        apr_time_t moment = saml_world.now + apr_time_from_sec(strtol(at + 2, NULL, 10));
        text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), mnv_civil_rfc3339(pool, moment), end + 1, NULL);
    }
    return text;
}

/* Signing. ------------------------------------------------------------------ */

/** A signature to be made over the element with this ID: @METHOD@, @DIGEST@ and @C14N@ are left to be filled in. */
UNIT_MAYBE_UNUSED const char *saml_signature(apr_pool_t *pool, const char *id)
{
    return apr_pstrcat(pool, "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"@C14N@\"/>"
                       "<ds:SignatureMethod Algorithm=\"@METHOD@\"/><ds:Reference URI=\"#", id, "\"><ds:Transforms>"
                       "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform Algorithm=\"@C14N@\"/></ds:Transforms>"
                       "<ds:DigestMethod Algorithm=\"@DIGEST@\"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue></ds:Signature>",
                       NULL);
}

static xmlSecKeyPtr saml_xmlsec_key(apr_pool_t *pool, const char *name, int is_hmac)
{
    xmlSecKeyPtr key;
    EVP_PKEY *evp = saml_key(name);
    if (is_hmac) { /* the secret is what everybody knows */
        const char *pem = saml_pem(pool, name);
        return xmlSecKeyReadMemory(xmlSecOpenSSLKeyDataHmacGetKlass(), (const xmlSecByte *)pem, strlen(pem));
    }
    key = xmlSecKeyCreate();
    EVP_PKEY_up_ref(evp);
    assert_int_equal(xmlSecKeySetValue(key, xmlSecOpenSSLEvpKeyAdopt(evp)), 0);
    return key;
}

static void saml_add_ids(xmlDocPtr doc, xmlNodePtr node)
{
    for (; node; node = node->next) {
        xmlAttrPtr id = node->type == XML_ELEMENT_NODE ? xmlHasProp(node, (const xmlChar *)"ID") : NULL;
        if (id && id->children && !xmlGetID(doc, id->children->content)) {
            xmlAddID(NULL, doc, id->children->content, id);
        }
        saml_add_ids(doc, node->children);
    }
}

/* The signature still to be filled: the last one with an empty value. */
static xmlNodePtr saml_empty_signature(xmlNodePtr node)
{
    for (; node; node = node->next) {
        xmlNodePtr below = saml_empty_signature(node->children);
        if (below) {
            return below;
        }
        if (node->type == XML_ELEMENT_NODE && !xmlStrcmp(node->name, (const xmlChar *)"SignatureValue") && !node->children) {
            return node->parent;
        }
    }
    return NULL;
}

/** Fill the one empty signature in a text. */
UNIT_MAYBE_UNUSED const char *saml_sign(apr_pool_t *pool, const char *text, const char *key)
{
    xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    xmlNodePtr signature;
    xmlBufferPtr buffer = xmlBufferCreate();
    const char *made;

    assert_non_null(doc);
    saml_add_ids(doc, xmlDocGetRootElement(doc));
    signature = saml_empty_signature(xmlDocGetRootElement(doc));
    assert_non_null(signature);
    context->signKey = saml_xmlsec_key(pool, key, strstr(text, "hmac-") != NULL);
    assert_int_equal(xmlSecDSigCtxSign(context, signature), 0);
    xmlSecDSigCtxDestroy(context);
    xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0);
    made = apr_pstrdup(pool, (const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    xmlFreeDoc(doc);
    return made;
}

/* Encrypting. ---------------------------------------------------------------- */

typedef struct saml_sealing_t {
    const char *to;          /* key */
    const char *cipher;      /* AES-128-GCM … */
    const char *cipher_uri;
    const char *wrap_uri;    /* rsa-oaep-mgf1p, rsa-oaep, rsa-1_5 */
    const char *digest, *digest_uri, *mgf1, *mgf1_uri; /* NULL: not named, SHA-1 */
    const char *label;       /* OAEPparams; NULL: none */
    int beside;              /* the EncryptedKey stands beside the data */
    int padding;             /* the last byte in CBC mode; -1: as it should be */
} saml_sealing_t;

static const char *saml_seal_key(apr_pool_t *pool, const saml_sealing_t *sealing, const unsigned char *key, size_t key_length)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(saml_key(sealing->to), NULL);
    unsigned char out[512];
    size_t length = sizeof(out);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    if (strstr(sealing->wrap_uri, "rsa-1_5")) {
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING);
    }
    else {
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
        EVP_PKEY_CTX_set_rsa_oaep_md_name(context, sealing->digest ? sealing->digest : "SHA1", NULL);
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, sealing->mgf1 ? sealing->mgf1 : "SHA1", NULL);
        if (sealing->label) {
            EVP_PKEY_CTX_set0_rsa_oaep_label(context, OPENSSL_strdup(sealing->label), (int)strlen(sealing->label));
        }
    }
    assert_int_equal(EVP_PKEY_encrypt(context, out, &length, key, key_length), 1);
    EVP_PKEY_CTX_free(context);
    return mnv_base64_encode(pool, out, length);
}

/* In CBC mode padded here, with random bytes before the last one, which tells how many (or lies). */
static const char *saml_seal_text(apr_pool_t *pool, const saml_sealing_t *sealing, const unsigned char *key, const char *text)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, sealing->cipher, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int nonce = EVP_CIPHER_get_iv_length(cipher), length = 0, rest = 0, is_gcm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
    int plain_length = (int)strlen(text), padding = is_gcm ? 0 : 16 - plain_length % 16;
    unsigned char *out = apr_palloc(pool, (apr_size_t)plain_length + 64), *plain = apr_palloc(pool, (apr_size_t)plain_length + 16);
    RAND_bytes(out, nonce);
    RAND_bytes(plain, plain_length + padding);
    memcpy(plain, text, (apr_size_t)plain_length);
    if (!is_gcm) {
        plain[plain_length + padding - 1] = (unsigned char)(sealing->padding < 0 ? padding : sealing->padding);
    }
    EVP_EncryptInit_ex2(context, cipher, key, out, NULL);
    EVP_CIPHER_CTX_set_padding(context, 0);
    EVP_EncryptUpdate(context, out + nonce, &length, plain, plain_length + padding);
    EVP_EncryptFinal_ex(context, out + nonce + length, &rest);
    length += nonce + rest;
    if (is_gcm) {
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + length);
        length += 16;
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return mnv_base64_encode(pool, out, (apr_size_t)length);
}

/** EncryptedData of a text, with its EncryptedKey. */
UNIT_MAYBE_UNUSED const char *saml_seal(apr_pool_t *pool, const saml_sealing_t *sealing, const char *text)
{
    unsigned char key[32];
    size_t key_length = strstr(sealing->cipher, "128") ? 16 : strstr(sealing->cipher, "192") ? 24 : 32;
    const char *parameters = "", *sealed_key;
    RAND_bytes(key, sizeof(key));
    if (sealing->digest_uri) {
        parameters = apr_pstrcat(pool, "<ds:DigestMethod Algorithm=\"", sealing->digest_uri, "\"/>", NULL);
    }
    if (sealing->mgf1_uri) {
        parameters = apr_pstrcat(pool, parameters, "<x:MGF xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"", sealing->mgf1_uri, "\"/>", NULL);
    }
    if (sealing->label) {
        parameters = apr_pstrcat(pool, parameters, "<xenc:OAEPparams>", mnv_base64_encode(pool, sealing->label, strlen(sealing->label)), "</xenc:OAEPparams>", NULL);
    }
    sealed_key = apr_pstrcat(pool, "<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptionMethod Algorithm=\"",
                             sealing->wrap_uri, "\">", parameters, "</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>",
                             saml_seal_key(pool, sealing, key, key_length), "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>", NULL);
    return apr_pstrcat(pool, "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"",
                       sealing->cipher_uri, "\"/><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">", sealing->beside ? "" : sealed_key,
                       "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>", saml_seal_text(pool, sealing, key, text),
                       "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>", sealing->beside ? sealed_key : "", NULL);
}

#endif
