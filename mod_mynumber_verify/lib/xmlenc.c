#include "lib/xmlenc.h"

#include <string.h>
#include "base/base64.h"
#include "lib/xmldsig.h"
#include "lib/xmlenc_cipher.h"

#define ENC        MNV_XMLENC_NS
#define ENC11      "http://www.w3.org/2009/xmlenc11#"
#define MORE       "http://www.w3.org/2001/04/xmldsig-more#"
#define KEYS_LIMIT 8

/* A protocol's URI and OpenSSL's name. */
typedef struct naming_t {
    const char *uri, *name;
} naming_t;

static const naming_t ciphers[] = {
    { ENC11 "aes128-gcm", "AES-128-GCM" }, { ENC11 "aes256-gcm", "AES-256-GCM" }, { ENC "aes128-cbc", "AES-128-CBC" }, { ENC "aes256-cbc", "AES-256-CBC" }, { NULL, NULL },
};
static const naming_t digests[] = {
    { MNV_XMLDSIG_NS "sha1", "SHA1" }, { ENC "sha256", "SHA256" }, { MORE "sha384", "SHA384" }, { ENC "sha512", "SHA512" }, { NULL, NULL },
};
static const naming_t generators[] = {
    { ENC11 "mgf1sha1", "SHA1" }, { ENC11 "mgf1sha256", "SHA256" }, { ENC11 "mgf1sha384", "SHA384" }, { ENC11 "mgf1sha512", "SHA512" }, { NULL, NULL },
};

static const char *name_of(const naming_t *names, const mnv_xml_node_t *node, const char *otherwise)
{
    const char *uri = mnv_xml_attr(node, "Algorithm");

    if (node == NULL) {
        return otherwise;
    }
    while (names->uri != NULL && (uri == NULL || strcmp(names->uri, uri) != 0)) {
        names++;
    }
    return names->name;
}

static apr_status_t decode(apr_pool_t *pool, const mnv_xml_node_t *node, mnv_bytes_t *bytes)
{
    const char *text = mnv_xml_text(node);
    return text != NULL ? mnv_base64_decode(pool, text, strlen(text), &bytes->data, &bytes->length) : APR_EINVAL;
}

static apr_status_t cipher_value(apr_pool_t *pool, const mnv_xml_node_t *node, mnv_bytes_t *bytes)
{
    return decode(pool, mnv_xml_child(mnv_xml_child(node, ENC, "CipherData"), ENC, "CipherValue"), bytes);
}

/* xmlenc-core1 5.5.2: rsa-oaep-mgf1p always generates its mask by SHA-1; where nothing is named, SHA-1 is meant. */
static apr_status_t read_oaep(apr_pool_t *pool, const mnv_xml_node_t *method, mnv_oaep_t *oaep)
{
    const char *uri = mnv_xml_attr(method, "Algorithm");
    const mnv_xml_node_t *label = mnv_xml_child(method, ENC, "OAEPparams"), *generator = mnv_xml_child(method, ENC11, "MGF");
    int is_old = uri != NULL && !strcmp(uri, ENC "rsa-oaep-mgf1p");

    if (!is_old && (uri == NULL || strcmp(uri, ENC11 "rsa-oaep") != 0)) {
        return APR_ENOTIMPL;
    }
    memset(oaep, 0, sizeof(*oaep));
    oaep->digest = name_of(digests, mnv_xml_child(method, MNV_XMLDSIG_NS, "DigestMethod"), "SHA1");
    oaep->mgf1 = is_old ? "SHA1" : name_of(generators, generator, "SHA1");
    if (oaep->digest == NULL || oaep->mgf1 == NULL) {
        return APR_ENOTIMPL;
    }
    return label != NULL ? decode(pool, label, &oaep->label) : APR_SUCCESS;
}

/* The text by one EncryptedKey and any of our keys. */
static apr_status_t open_by(apr_pool_t *pool, const mnv_xml_node_t *sealed_key, const apr_array_header_t *keys, const char *cipher, const mnv_bytes_t *sealed,
                            mnv_bytes_t *text)
{
    mnv_oaep_t oaep;
    mnv_bytes_t wrapped, key;
    apr_status_t status = read_oaep(pool, mnv_xml_child(sealed_key, ENC, "EncryptionMethod"), &oaep);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (cipher_value(pool, sealed_key, &wrapped) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    status = APR_EACCES;
    for (int i = 0; status != APR_SUCCESS && i < keys->nelts; i++) {
        status = mnv_oaep_open(pool, APR_ARRAY_IDX(keys, i, struct mnv_private_key_t *), &oaep, &wrapped, &key);
        if (status == APR_SUCCESS) {
            status = mnv_aes_open(pool, cipher, &key, sealed, text);
        }
    }
    return status;
}

/* EncryptedKey elements stand in the data's KeyInfo, or beside the data (saml-core 6.1). What a RetrievalMethod points at is one of those. */
static apr_status_t open_data(apr_pool_t *pool, const mnv_xml_node_t *element, const apr_array_header_t *keys, mnv_bytes_t *text)
{
    const mnv_xml_node_t *data = mnv_xml_child(element, ENC, "EncryptedData");
    const mnv_xml_node_t *places[] = { mnv_xml_child(data, MNV_XMLDSIG_NS, "KeyInfo"), element };
    const char *cipher = name_of(ciphers, mnv_xml_child(data, ENC, "EncryptionMethod"), NULL);
    apr_status_t status = APR_EINVAL;
    mnv_bytes_t sealed;
    int tried = 0;

    if (cipher == NULL) {
        return APR_ENOTIMPL;
    }
    if (cipher_value(pool, data, &sealed) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    for (int i = 0; i < 2; i++) {
        const mnv_xml_node_t *key = mnv_xml_child(places[i], ENC, "EncryptedKey");
        for (; key != NULL && tried++ < KEYS_LIMIT && status != APR_SUCCESS; key = mnv_xml_sibling(key)) {
            status = open_by(pool, key, keys, cipher, &sealed, text);
        }
    }
    return status;
}

apr_status_t mnv_xmlenc_open(apr_pool_t *pool, const mnv_xml_node_t *element, const apr_array_header_t *keys, mnv_xml_t **opened, const char **problem)
{
    mnv_bytes_t text;
    apr_status_t status;

    if (mnv_xml_count(element, ENC, "EncryptedData") != 1) {
        *problem = "there is not exactly one EncryptedData";
        return APR_EINVAL;
    }
    status = open_data(pool, element, keys, &text);
    if (status != APR_SUCCESS) {
        *problem = status == APR_ENOTIMPL ? "an encryption algorithm is not allowed" : status == APR_EINVAL ? "EncryptedData or EncryptedKey is malformed"
                                                                                                         : "no key of ours opens it";
        return status;
    }
    return mnv_xml_parse(pool, MNV_XML_MESSAGE, (const char *)text.data, text.length, opened, problem);
}
