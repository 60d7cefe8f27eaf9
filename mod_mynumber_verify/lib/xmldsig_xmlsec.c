#include "lib/xmldsig.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include "lib/certificate_openssl.h"
#include "lib/jose_openssl.h"
#include "lib/xml_xmlsec.h"

#define DS        MNV_XMLDSIG_NS
#define EXC_C14N  "http://www.w3.org/2001/10/xml-exc-c14n#"
#define MORE      "http://www.w3.org/2001/04/xmldsig-more#"
#define ENC       "http://www.w3.org/2001/04/xmlenc#"
#define ENVELOPED DS "enveloped-signature"
#define ID_LIMIT  256

typedef struct algorithm_t {
    const char *uri;
    xmlSecTransformId (*klass)(void);
    int sha1;
} algorithm_t;

static const algorithm_t signatures[] = {
    { MORE "rsa-sha256", xmlSecOpenSSLTransformRsaSha256GetKlass, 0 },
    { MORE "rsa-sha384", xmlSecOpenSSLTransformRsaSha384GetKlass, 0 },
    { MORE "rsa-sha512", xmlSecOpenSSLTransformRsaSha512GetKlass, 0 },
    { MORE "ecdsa-sha256", xmlSecOpenSSLTransformEcdsaSha256GetKlass, 0 },
    { MORE "ecdsa-sha384", xmlSecOpenSSLTransformEcdsaSha384GetKlass, 0 },
    { MORE "ecdsa-sha512", xmlSecOpenSSLTransformEcdsaSha512GetKlass, 0 },
    { DS "rsa-sha1", xmlSecOpenSSLTransformRsaSha1GetKlass, 1 },
    { MORE "ecdsa-sha1", xmlSecOpenSSLTransformEcdsaSha1GetKlass, 1 },
    { NULL, NULL, 0 },
};
static const algorithm_t digests[] = {
    { ENC "sha256", xmlSecOpenSSLTransformSha256GetKlass, 0 },
    { MORE "sha384", xmlSecOpenSSLTransformSha384GetKlass, 0 },
    { ENC "sha512", xmlSecOpenSSLTransformSha512GetKlass, 0 },
    { DS "sha1", xmlSecOpenSSLTransformSha1GetKlass, 1 },
    { NULL, NULL, 0 },
};
static const algorithm_t canonicals[] = {
    { EXC_C14N, xmlSecTransformExclC14NGetKlass, 0 },
    { EXC_C14N "WithComments", xmlSecTransformExclC14NWithCommentsGetKlass, 0 },
    { NULL, NULL, 0 },
};

/* The one signature of an element, taken apart. */
typedef struct parts_t {
    const mnv_xml_node_t *element, *signature, *reference;
    const char *id;
    const algorithm_t *canonical, *method, *transform, *digest;
} parts_t;

/* The algorithm an element names. @return NULL when it is none of those or SHA-1 is not let through */
static const algorithm_t *algorithm_of(const algorithm_t *list, const mnv_xml_node_t *node, int sha1)
{
    const char *uri = mnv_xml_attr(node, "Algorithm");

    while (list->uri != NULL && (uri == NULL || strcmp(list->uri, uri) != 0)) {
        list++;
    }
    return list->uri != NULL && (sha1 || !list->sha1) ? list : NULL;
}

/* Are the elements below exactly these? A name with "?" in front may be missing. */
static int holds_exactly(const mnv_xml_node_t *node, const char *const *names)
{
    const mnv_xml_node_t *child = mnv_xml_first(node);

    for (; *names != NULL; names++) {
        int optional = **names == '?';
        if (mnv_xml_is(child, DS, *names + optional)) {
            child = mnv_xml_next(child);
        }
        else if (!optional) {
            return 0;
        }
    }
    return child == NULL;
}

/* Exclusive canonicalization may name prefixes (InclusiveNamespaces) and nothing else. */
static int has_parameters(const mnv_xml_node_t *node)
{
    const mnv_xml_node_t *child = mnv_xml_first(node);
    return child != NULL && (!mnv_xml_is(child, EXC_C14N, "InclusiveNamespaces") || mnv_xml_next(child) != NULL || mnv_xml_first(child) != NULL);
}

/* Comments within a digest value or a method were a way around another library (CVE-2025-29775). */
static int has_only_elements_and_text(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        if (child->type == XML_ELEMENT_NODE ? !has_only_elements_and_text(child) : child->type != XML_TEXT_NODE) {
            return 0;
        }
    }
    return 1;
}

/* An ID that means itself in a reference: no "xpointer(…)", no quotation mark. */
static int is_id(const char *id)
{
    apr_size_t length = id != NULL ? strlen(id) : 0;

    if (length == 0 || length > ID_LIMIT || !(apr_isalpha(*id) || *id == '_')) {
        return 0;
    }
    for (; *id; id++) {
        if (!(apr_isalnum(*id) || strchr("_-.:", *id) != NULL)) {
            return 0;
        }
    }
    return 1;
}

/* saml-core 5.4.2, 5.4.4: one reference, to the element that holds the signature, by two transforms. */
static const char *read_reference(parts_t *parts, int sha1)
{
    static const char *const names[] = { "Transforms", "DigestMethod", "DigestValue", NULL }, *const two[] = { "Transform", "Transform", NULL };
    const mnv_xml_node_t *transforms = mnv_xml_first(parts->reference), *first = mnv_xml_first(transforms);
    const mnv_xml_node_t *method = mnv_xml_child(parts->reference, DS, "DigestMethod");
    const char *uri = mnv_xml_attr(parts->reference, "URI"), *id = mnv_xml_attr(parts->element, "ID"), *enveloped = mnv_xml_attr(first, "Algorithm");

    if (!holds_exactly(parts->reference, names) || !holds_exactly(transforms, two)) {
        return "Reference is not of the form that SAML asks for";
    }
    if (!is_id(id) || uri == NULL || *uri != '#' || strcmp(uri + 1, id) != 0) {
        return "Reference is not to the element that holds the signature";
    }
    parts->id = id;
    parts->transform = algorithm_of(canonicals, mnv_xml_next(first), sha1);
    parts->digest = algorithm_of(digests, method, sha1);
    if (enveloped == NULL || strcmp(enveloped, ENVELOPED) != 0 || mnv_xml_first(first) != NULL || parts->transform == NULL
        || has_parameters(mnv_xml_next(first))) {
        return "transforms are not enveloped-signature and exclusive canonicalization";
    }
    return mnv_xml_first(method) != NULL ? "DigestMethod has parameters" : NULL;
}

static const char *read_parts(const mnv_xml_node_t *element, int sha1, parts_t *parts)
{
    static const char *const names[] = { "SignedInfo", "SignatureValue", "?KeyInfo", NULL };
    static const char *const info_names[] = { "CanonicalizationMethod", "SignatureMethod", "Reference", NULL };
    const mnv_xml_node_t *info, *canonical, *method;

    parts->element = element;
    parts->signature = mnv_xml_child(element, DS, "Signature");
    info = mnv_xml_first(parts->signature);
    if (mnv_xml_count(element, DS, "Signature") != 1 || !holds_exactly(parts->signature, names) || !holds_exactly(info, info_names)
        || !has_only_elements_and_text(mnv_xml_node(info)) || !has_only_elements_and_text(mnv_xml_node(mnv_xml_next(info)))) {
        return "Signature is not of the form that SAML asks for";
    }
    canonical = mnv_xml_first(info);
    method = mnv_xml_next(canonical);
    parts->reference = mnv_xml_next(method);
    parts->canonical = algorithm_of(canonicals, canonical, sha1);
    parts->method = algorithm_of(signatures, method, sha1);
    if (parts->canonical == NULL || has_parameters(canonical) || mnv_xml_first(method) != NULL) {
        return "SignedInfo is not of the form that SAML asks for";
    }
    return read_reference(parts, sha1);
}

/* A key of xmlsec1's, which it frees with its context. */
static xmlSecKeyPtr key_of(EVP_PKEY *evp)
{
    xmlSecKeyPtr key = xmlSecKeyCreate();
    xmlSecKeyDataPtr data;

    if (key == NULL || EVP_PKEY_up_ref(evp) != 1) {
        xmlSecKeyDestroy(key);
        return NULL;
    }
    data = xmlSecOpenSSLEvpKeyAdopt(evp);
    if (data == NULL) {
        EVP_PKEY_free(evp);
    }
    if (data == NULL || xmlSecKeySetValue(key, data) < 0) {
        xmlSecKeyDataDestroy(data);
        xmlSecKeyDestroy(key);
        return NULL;
    }
    return key;
}

/* Only what this signature names, which is on our lists: xmlsec1's defaults allow much more. No key but ours: KeyInfo is not asked for where a key is given. */
static xmlSecDSigCtxPtr open_context(const parts_t *parts, EVP_PKEY *evp)
{
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);

    if (context == NULL) {
        return NULL;
    }
    context->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
    context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    if ((context->signKey = key_of(evp)) == NULL || xmlSecDSigCtxEnableSignatureTransform(context, parts->canonical->klass()) < 0
        || xmlSecDSigCtxEnableSignatureTransform(context, parts->method->klass()) < 0
        || xmlSecDSigCtxEnableReferenceTransform(context, xmlSecTransformEnvelopedGetKlass()) < 0
        || xmlSecDSigCtxEnableReferenceTransform(context, parts->transform->klass()) < 0
        || xmlSecDSigCtxEnableReferenceTransform(context, parts->digest->klass()) < 0) {
        xmlSecDSigCtxDestroy(context);
        return NULL;
    }
    return context;
}

/* The bytes that were digested. */
typedef struct digested_t {
    const char *text;
    apr_size_t length;
} digested_t;

static apr_status_t take_digested(apr_pool_t *pool, xmlSecDSigCtxPtr context, digested_t *digested)
{
    xmlSecDSigReferenceCtxPtr reference = (xmlSecDSigReferenceCtxPtr)xmlSecPtrListGetItem(&context->signedInfoReferences, 0);
    xmlSecBufferPtr bytes = reference != NULL ? xmlSecDSigReferenceCtxGetPreDigestBuffer(reference) : NULL;

    if (bytes == NULL || xmlSecPtrListGetSize(&context->signedInfoReferences) != 1 || reference->status != xmlSecDSigStatusSucceeded) {
        return APR_EACCES;
    }
    digested->length = xmlSecBufferGetSize(bytes);
    digested->text = apr_pstrmemdup(pool, (const char *)xmlSecBufferGetData(bytes), digested->length);
    return APR_SUCCESS;
}

static apr_status_t verify_by(apr_pool_t *pool, const parts_t *parts, EVP_PKEY *evp, digested_t *digested)
{
    xmlSecDSigCtxPtr context = open_context(parts, evp);
    apr_status_t status = APR_EACCES;

    if (context != NULL && xmlSecDSigCtxVerify(context, mnv_xml_node(parts->signature)) == 0 && context->status == xmlSecDSigStatusSucceeded) {
        status = take_digested(pool, context, digested);
    }
    if (context != NULL) {
        xmlSecDSigCtxDestroy(context);
    }
    return status;
}

static apr_status_t verify_by_any(apr_pool_t *pool, const parts_t *parts, const apr_array_header_t *certificates, digested_t *digested, const char **problem)
{
    const char *type = strstr(parts->method->uri, "ecdsa") != NULL ? "EC" : "RSA";
    apr_status_t status = APR_EACCES;

    *problem = "no key of the kind that the signature names";
    for (int i = 0; status != APR_SUCCESS && i < certificates->nelts; i++) {
        EVP_PKEY *key = mnv_certificate_key(APR_ARRAY_IDX(certificates, i, const mnv_certificate_t *));
        if (EVP_PKEY_is_a(key, type)) {
            *problem = "signature is wrong";
            status = verify_by(pool, parts, key, digested);
        }
    }
    return status;
}

int mnv_xmldsig_is_signed(const mnv_xml_node_t *element)
{
    return mnv_xml_child(element, DS, "Signature") != NULL;
}

apr_status_t mnv_xmldsig_verify_bytes(apr_pool_t *pool, const mnv_xml_node_t *element, const mnv_xmldsig_trust_t *trust, const char **text, apr_size_t *length,
                                      const char **problem)
{
    xmlDocPtr doc = mnv_xml_node(element)->doc;
    xmlAttrPtr attribute;
    parts_t parts = { 0 };
    digested_t digested = { 0 };
    mnv_xml_quiet_t before;
    apr_status_t status;

    if ((*problem = read_parts(element, trust->sha1, &parts)) != NULL) {
        return APR_EINVAL;
    }
    if (parts.method == NULL || parts.digest == NULL) {
        *problem = parts.method == NULL ? "SignatureMethod is not allowed" : "DigestMethod is not allowed";
        return APR_ENOTIMPL;
    }
    /* The only id of the document that a reference can find, for the time of this verification. */
    attribute = xmlHasNsProp(mnv_xml_node(element), (const xmlChar *)"ID", NULL);
    if (xmlAddID(NULL, doc, (const xmlChar *)parts.id, attribute) == NULL) {
        *problem = "no memory";
        return APR_EACCES;
    }
    mnv_xml_quiet(&before);
    status = verify_by_any(pool, &parts, trust->certificates, &digested, problem);
    mnv_xml_loud(&before);
    xmlRemoveID(doc, attribute);
    if (status == APR_SUCCESS) {
        *text = digested.text;
        *length = digested.length;
    }
    return status;
}

/* What was digested, read anew, is the element. */
apr_status_t mnv_xmldsig_verify(apr_pool_t *pool, const mnv_xml_node_t *element, const mnv_xmldsig_trust_t *trust, mnv_xml_t **is_signed, const char **problem)
{
    const mnv_xml_t *xml = mnv_xml_node(element)->doc->_private;
    const char *text, *id;
    apr_size_t length;
    mnv_xml_t *made;
    apr_status_t status = mnv_xmldsig_verify_bytes(pool, element, trust, &text, &length, problem);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (mnv_xml_parse(pool, xml->kind, text, length, &made, problem) != APR_SUCCESS) {
        return APR_EACCES;
    }
    id = mnv_xml_attr(mnv_xml_root(made), "ID");
    if (!mnv_xml_is(mnv_xml_root(made), (const char *)mnv_xml_node(element)->ns->href, mnv_xml_name(element)) || id == NULL
        || strcmp(id, mnv_xml_attr(element, "ID")) != 0) {
        *problem = "what was digested is not the element";
        return APR_EACCES;
    }
    *is_signed = made;
    return APR_SUCCESS;
}

/* Making one. ------------------------------------------------------------------ */

const char *mnv_xmldsig_template(apr_pool_t *pool, const mnv_private_key_t *key, const char *id)
{
    return apr_pstrcat(pool, "<ds:Signature xmlns:ds=\"" DS "\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" EXC_C14N "\"/>",
                       "<ds:SignatureMethod Algorithm=\"", mnv_signature_uri(key), "\"/><ds:Reference URI=\"#", id,
                       "\"><ds:Transforms><ds:Transform Algorithm=\"" ENVELOPED "\"/><ds:Transform Algorithm=\"" EXC_C14N "\"/></ds:Transforms>",
                       "<ds:DigestMethod Algorithm=\"" ENC "sha256\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>",
                       NULL);
}

static int fill(xmlDocPtr doc, xmlNodePtr signature, const mnv_private_key_t *key)
{
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    xmlAttrPtr id = xmlHasNsProp(xmlDocGetRootElement(doc), (const xmlChar *)"ID", NULL);
    int done = 0;

    if (context != NULL && id != NULL && (context->signKey = key_of(mnv_private_key_evp(key))) != NULL) {
        xmlAddID(NULL, doc, id->children->content, id);
        done = xmlSecDSigCtxSign(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded;
    }
    if (context != NULL) {
        xmlSecDSigCtxDestroy(context);
    }
    return done;
}

apr_status_t mnv_xmldsig_sign(apr_pool_t *pool, const mnv_private_key_t *key, const char *text, const char **is_signed)
{
    const mnv_xml_node_t *signature;
    const char *problem;
    mnv_xml_t *xml;
    xmlChar *made = NULL;
    int length = 0;

    if (mnv_xml_parse(pool, MNV_XML_METADATA, text, strlen(text), &xml, &problem) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    signature = mnv_xml_child(mnv_xml_root(xml), DS, "Signature");
    if (signature == NULL || !fill(xml->doc, mnv_xml_node(signature), key)) {
        return APR_EGENERAL;
    }
    xmlDocDumpMemoryEnc(xml->doc, &made, &length, "UTF-8");
    if (made == NULL) {
        return APR_EGENERAL;
    }
    *is_signed = apr_pstrmemdup(pool, (const char *)made, (apr_size_t)length);
    xmlFree(made);
    return APR_SUCCESS;
}
