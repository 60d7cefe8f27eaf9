#include "lib/xml_xmlsec.h"

#include <limits.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <apr_cstr.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/errors.h>
#include <xmlsec/transforms.h>
#include <xmlsec/openssl/crypto.h>
#include "base/text.h"

/* libxml2 compares each attribute of an element with each: a megabyte of attributes in one element would take minutes. */
#define EQUALS_LIMIT 2000
#define OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA)

static const struct {
    apr_size_t bytes;
    int depth, elements;
} limits[] = {
    [MNV_XML_MESSAGE] = { MNV_XML_MESSAGE_LIMIT_BYTES, 32, 10000 },
    [MNV_XML_METADATA] = { MNV_XML_METADATA_LIMIT_BYTES, 48, INT_MAX },
};

/* A reading under way. */
typedef struct reading_t {
    apr_pool_t *pool;
    mnv_xml_kind_e kind;
    int depth, elements;
    apr_hash_t *ids;     /* of a message */
    const char *problem; /* why it was stopped */
} reading_t;

/* xmlsec1 tells its errors to one function for the whole process; what went wrong is known from the return values. */
static void no_report(const char *file, int line, const char *func, const char *object, const char *subject, int reason, const char *message)
{
    (void)file;
    (void)line;
    (void)func;
    (void)object;
    (void)subject;
    (void)reason;
    (void)message;
}

/* Another module of the same server may use xmlsec1 too and shut it down at a restart, so that only its own list tells whether it is set up. It is never shut down here. */
apr_status_t mnv_xml_init(void)
{
    xmlInitParser();
    if (xmlSecPtrListIsValid(xmlSecTransformIdsGet())) {
        return APR_SUCCESS;
    }
    if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1 || xmlSecOpenSSLInit() < 0) {
        return APR_EGENERAL;
    }
    xmlSecErrorsSetCallback(no_report);
    return APR_SUCCESS;
}

static void no_error(void *baton, xmlErrorPtr error)
{
    (void)baton;
    (void)error;
}

/* libxml2 has one receiver of errors per thread, which another module may have set. */
void mnv_xml_quiet(mnv_xml_quiet_t *before)
{
    before->function = xmlStructuredError;
    before->baton = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(NULL, no_error);
}

void mnv_xml_loud(const mnv_xml_quiet_t *before)
{
    xmlSetStructuredErrorFunc(before->baton, before->function);
}

xmlNodePtr mnv_xml_node(const mnv_xml_node_t *node)
{
    union {
        const mnv_xml_node_t *opaque;
        xmlNodePtr node;
    } both = { node };
    return both.node;
}

static const mnv_xml_node_t *opaque(const xmlNode *node)
{
    union {
        const xmlNode *node;
        const mnv_xml_node_t *opaque;
    } both = { node };
    return both.opaque;
}

/* Reading. ------------------------------------------------------------------ */

static void stop(void *parser, const char *problem)
{
    reading_t *reading = ((xmlParserCtxtPtr)parser)->_private;
    if (reading->problem == NULL) {
        reading->problem = problem;
    }
    xmlStopParser(parser);
}

static void refuse_doctype(void *parser, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    stop(parser, "a document type declaration");
}

static void meet_instruction(void *parser, const xmlChar *target, const xmlChar *data)
{
    const reading_t *reading = ((xmlParserCtxtPtr)parser)->_private;
    if (reading->kind == MNV_XML_MESSAGE) {
        stop(parser, "a processing instruction");
        return;
    }
    xmlSAX2ProcessingInstruction(parser, target, data);
}

/* attribute: libxml2's five pointers: local name, prefix, namespace, begin and end of the value. @return NULL or the problem */
static const char *meet_attribute(reading_t *reading, const xmlChar *const *attribute)
{
    const char *name = (const char *)attribute[0], *begin = (const char *)attribute[3];
    apr_ssize_t length = (apr_ssize_t)(attribute[4] - attribute[3]);

    if (attribute[1] != NULL) {
        /* libxml2 would find it as an id although SAML knows none */
        return !strcmp((const char *)attribute[1], "xml") && !strcmp(name, "id") ? "an xml:id" : NULL;
    }
    if (reading->ids != NULL && (!strcmp(name, "ID") || !strcmp(name, "Id") || !strcmp(name, "id"))) {
        if (apr_hash_get(reading->ids, begin, length) != NULL) {
            return "an id that occurs twice";
        }
        apr_hash_set(reading->ids, apr_pstrmemdup(reading->pool, begin, (apr_size_t)length), length, "");
    }
    return NULL;
}

/* Once the parser is stopped its buffer is gone, and what the arguments point to. */
static void begin_element(void *baton, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns, int ns_count, const xmlChar **namespaces, int count,
                          int defaulted, const xmlChar **attributes)
{
    xmlParserCtxtPtr parser = baton;
    reading_t *reading = parser->_private;
    const char *problem = NULL;

    if (++reading->depth > limits[reading->kind].depth || ++reading->elements > limits[reading->kind].elements) {
        problem = "too many or too deeply nested elements";
    }
    for (int i = 0; problem == NULL && i < count; i++) {
        problem = meet_attribute(reading, attributes + 5 * i);
    }
    if (problem != NULL) {
        stop(parser, problem);
        return;
    }
    xmlSAX2StartElementNs(parser, name, prefix, ns, ns_count, namespaces, count, defaulted, attributes);
}

static void end_element(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
    ((reading_t *)((xmlParserCtxtPtr)parser)->_private)->depth--;
    xmlSAX2EndElementNs(parser, name, prefix, ns);
}

/* No tag has more attributes than there are "=" before the next "<". */
static int is_crowded(const char *text, apr_size_t length)
{
    int equals = 0;
    for (apr_size_t i = 0; i < length; i++) {
        equals = text[i] == '<' ? 0 : equals + (text[i] == '=');
        if (equals > EQUALS_LIMIT) {
            return 1;
        }
    }
    return 0;
}

/* Told before libxml2 would convert: it knows every encoding that iconv knows, which some rue (CVE-2024-2961). What no declaration tells it finds out by bytes that are no
 * UTF-8. */
static int is_of_another_encoding(const char *text, apr_size_t length)
{
    const char *end, *begin;

    if (length > 3 && !strncmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
        text += 3;
        length -= 3;
    }
    begin = end = length > 5 && !strncmp(text, "<?xml", 5) ? memchr(text, '>', length) : NULL;
    while (begin != NULL && begin > text && strncmp(begin, "encoding", 8) != 0) {
        begin--;
    }
    if (begin == NULL || begin == text) {
        return 0;
    }
    begin += 8;
    begin += strspn(begin, " \t\r\n=\"'");
    return end - begin < 6 || apr_cstr_casecmpn(begin, "UTF-8", 5) != 0 || (begin[5] != '"' && begin[5] != '\'');
}

static const char *problem_before(mnv_xml_kind_e kind, const char *text, apr_size_t length)
{
    if (length > limits[kind].bytes) {
        return "too large";
    }
    if (!mnv_text_is_utf8(text, length)) {
        return "not UTF-8";
    }
    if (is_of_another_encoding(text, length)) {
        return "its encoding is not UTF-8";
    }
    return is_crowded(text, length) ? "too many attributes" : NULL;
}

static const char *problem_behind(const reading_t *reading, xmlParserCtxtPtr parser, const xmlDoc *doc)
{
    if (reading->problem != NULL) {
        return reading->problem;
    }
    if (doc == NULL || !parser->wellFormed || xmlDocGetRootElement(doc) == NULL) {
        return "not well-formed";
    }
    return parser->nsWellFormed ? NULL : "namespaces are not well-formed";
}

static xmlDocPtr read_tree(reading_t *reading, const char *text, apr_size_t length)
{
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    mnv_xml_quiet_t before;
    xmlDocPtr doc;

    if (parser == NULL) {
        reading->problem = "no memory";
        return NULL;
    }
    parser->_private = reading;
    parser->sax->internalSubset = refuse_doctype;
    parser->sax->processingInstruction = meet_instruction;
    parser->sax->startElementNs = begin_element;
    parser->sax->endElementNs = end_element;
    mnv_xml_quiet(&before);
    doc = xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL, OPTIONS);
    mnv_xml_loud(&before);
    reading->problem = problem_behind(reading, parser, doc);
    xmlFreeParserCtxt(parser);
    if (doc != NULL && reading->problem != NULL) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    return doc;
}

static apr_status_t free_tree(void *xml)
{
    xmlFreeDoc(((mnv_xml_t *)xml)->doc);
    return APR_SUCCESS;
}

apr_status_t mnv_xml_parse(apr_pool_t *pool, mnv_xml_kind_e kind, const char *text, apr_size_t length, mnv_xml_t **xml, const char **problem)
{
    reading_t reading = { pool, kind, 0, 0, kind == MNV_XML_MESSAGE ? apr_hash_make(pool) : NULL, NULL };
    mnv_xml_t *made;
    xmlDocPtr doc;

    if ((*problem = problem_before(kind, text, length)) != NULL) {
        return APR_EINVAL;
    }
    doc = read_tree(&reading, text, length);
    if (doc == NULL) {
        *problem = reading.problem;
        return APR_EINVAL;
    }
    made = apr_palloc(pool, sizeof(*made));
    made->pool = pool;
    made->kind = kind;
    made->doc = doc;
    doc->_private = made;
    apr_pool_cleanup_register(pool, made, free_tree, apr_pool_cleanup_null);
    *xml = made;
    return APR_SUCCESS;
}

apr_status_t mnv_xml_canonical(apr_pool_t *pool, const mnv_xml_t *xml, char **text, apr_size_t *length)
{
    xmlChar *made = NULL;
    mnv_xml_quiet_t before;
    int size;

    mnv_xml_quiet(&before);
    size = xmlC14NDocDumpMemory(xml->doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &made);
    mnv_xml_loud(&before);
    if (size < 0 || made == NULL) {
        return APR_EGENERAL;
    }
    *text = apr_pstrmemdup(pool, (const char *)made, (apr_size_t)size);
    *length = (apr_size_t)size;
    xmlFree(made);
    return APR_SUCCESS;
}

/* Looking. -------------------------------------------------------------------- */

const mnv_xml_node_t *mnv_xml_root(const mnv_xml_t *xml)
{
    return opaque(xmlDocGetRootElement(xml->doc));
}

const mnv_xml_node_t *mnv_xml_first(const mnv_xml_node_t *node)
{
    return node != NULL ? opaque(xmlFirstElementChild(mnv_xml_node(node))) : NULL;
}

const mnv_xml_node_t *mnv_xml_next(const mnv_xml_node_t *node)
{
    return opaque(xmlNextElementSibling(mnv_xml_node(node)));
}

int mnv_xml_is(const mnv_xml_node_t *node, const char *ns, const char *name)
{
    const xmlNode *element = mnv_xml_node(node);
    return element != NULL && element->ns != NULL && !strcmp((const char *)element->name, name) && !strcmp((const char *)element->ns->href, ns);
}

const char *mnv_xml_name(const mnv_xml_node_t *node)
{
    return (const char *)mnv_xml_node(node)->name;
}

static const mnv_xml_node_t *from_on(const mnv_xml_node_t *node, const char *ns, const char *name)
{
    while (node != NULL && !mnv_xml_is(node, ns, name)) {
        node = mnv_xml_next(node);
    }
    return node;
}

const mnv_xml_node_t *mnv_xml_child(const mnv_xml_node_t *node, const char *ns, const char *name)
{
    return from_on(mnv_xml_first(node), ns, name);
}

const mnv_xml_node_t *mnv_xml_sibling(const mnv_xml_node_t *node)
{
    const xmlNode *element = mnv_xml_node(node);
    return element->ns != NULL ? from_on(mnv_xml_next(node), (const char *)element->ns->href, (const char *)element->name) : NULL;
}

apr_size_t mnv_xml_count(const mnv_xml_node_t *node, const char *ns, const char *name)
{
    apr_size_t count = 0;
    for (const mnv_xml_node_t *child = mnv_xml_child(node, ns, name); child != NULL; child = mnv_xml_sibling(child)) {
        count++;
    }
    return count;
}

/* All text among these nodes; comments, which canonicalization drops, part nothing (CVE-2018-0489 was a text cut off at one). */
static const char *text_of(const xmlDoc *doc, const xmlNode *nodes)
{
    const mnv_xml_t *xml = doc->_private;
    const char *text = "";
    for (const xmlNode *node = nodes; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE || node->type == XML_ENTITY_REF_NODE) {
            return NULL;
        }
        if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content != NULL) {
            text = *text ? apr_pstrcat(xml->pool, text, node->content, NULL) : (const char *)node->content;
        }
    }
    return text;
}

const char *mnv_xml_attr(const mnv_xml_node_t *node, const char *name)
{
    const xmlAttr *attribute = node != NULL ? xmlHasNsProp(mnv_xml_node(node), (const xmlChar *)name, NULL) : NULL;
    return attribute != NULL ? text_of(attribute->doc, attribute->children) : NULL;
}

const char *mnv_xml_text(const mnv_xml_node_t *node)
{
    const xmlNode *element = mnv_xml_node(node);
    return element != NULL ? text_of(element->doc, element->children) : NULL;
}

const char *mnv_xml_token(const mnv_xml_node_t *node)
{
    static const char blanks[] = " \t\r\n";
    const char *text = mnv_xml_text(node);
    apr_size_t length;

    if (text == NULL) {
        return NULL;
    }
    text += strspn(text, blanks);
    length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL) {
        length--;
    }
    return text[length] == '\0' ? text : apr_pstrmemdup(((mnv_xml_t *)mnv_xml_node(node)->doc->_private)->pool, text, length);
}

/* Walking. -------------------------------------------------------------------- */

#define SCAN_ATTRIBUTES 16

typedef struct scanning_t {
    apr_pool_t *pool; /* cleared at each element */
    const char *text;
    apr_size_t length;
    int levels, depth;
    apr_status_t (*visit)(void *baton, const mnv_xml_span_t *span);
    void *baton;
    apr_status_t status;
    struct {
        apr_size_t begin, inside;
    } open[64];
} scanning_t;

static apr_size_t place_of(xmlParserCtxtPtr parser, const scanning_t *scanning)
{
    long place = xmlByteConsumed(parser);
    return place < 0 || (apr_size_t)place > scanning->length ? scanning->length : (apr_size_t)place;
}

/* Behind the ">" at or just before a place. Canonical text has no ">" but those of tags (and of attribute values, which end with a quotation mark). */
static apr_size_t behind_tag(const scanning_t *scanning, apr_size_t place)
{
    return place < scanning->length && scanning->text[place] == '>' ? place + 1 : place;
}

static void tell(xmlParserCtxtPtr parser, scanning_t *scanning, const mnv_xml_span_t *span)
{
    scanning->status = scanning->visit(scanning->baton, span);
    if (scanning->status != APR_SUCCESS) {
        xmlStopParser(parser);
    }
}

static void scan_begin(void *baton, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns, int ns_count, const xmlChar **namespaces, int count,
                       int defaulted, const xmlChar **attributes)
{
    xmlParserCtxtPtr parser = baton;
    scanning_t *scanning = parser->_private;
    const char *pairs[2 * SCAN_ATTRIBUTES + 1];
    int used = 0;
    apr_size_t place;

    (void)prefix;
    (void)ns_count;
    (void)namespaces;
    (void)defaulted;
    if (++scanning->depth > scanning->levels) {
        return;
    }
    apr_pool_clear(scanning->pool);
    for (int i = 0; i < count && used < SCAN_ATTRIBUTES; i++) {
        const xmlChar **attribute = attributes + 5 * i;
        if (attribute[1] == NULL) {
            pairs[2 * used] = (const char *)attribute[0];
            pairs[2 * used++ + 1] = apr_pstrmemdup(scanning->pool, (const char *)attribute[3], (apr_size_t)(attribute[4] - attribute[3]));
        }
    }
    pairs[2 * used] = NULL;
    place = place_of(parser, scanning);
    mnv_xml_span_t span = { (const char *)ns, (const char *)name, scanning->depth, place, behind_tag(scanning, place), 0, pairs };
    while (span.begin > 0 && scanning->text[span.begin] != '<') {
        span.begin--;
    }
    scanning->open[scanning->depth].begin = span.begin;
    scanning->open[scanning->depth].inside = span.inside;
    tell(parser, scanning, &span);
}

static void scan_end(void *baton, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
    xmlParserCtxtPtr parser = baton;
    scanning_t *scanning = parser->_private;
    int depth = scanning->depth--;

    (void)prefix;
    if (depth <= scanning->levels && scanning->status == APR_SUCCESS) {
        mnv_xml_span_t span = { (const char *)ns, (const char *)name, depth, scanning->open[depth].begin, scanning->open[depth].inside,
                                behind_tag(scanning, place_of(parser, scanning)), NULL };
        tell(parser, scanning, &span);
    }
}

apr_status_t mnv_xml_scan(apr_pool_t *pool, const char *text, apr_size_t length, int levels, apr_status_t (*visit)(void *baton, const mnv_xml_span_t *span),
                          void *baton)
{
    scanning_t scanning = { NULL, text, length, levels < 63 ? levels : 63, 0, visit, baton, APR_SUCCESS, { { 0, 0 } } };
    xmlParserCtxtPtr parser = length > 0 && length <= INT_MAX ? xmlCreateMemoryParserCtxt(text, (int)length) : NULL;
    mnv_xml_quiet_t before;
    int is_well;

    if (parser == NULL) {
        return APR_EINVAL;
    }
    apr_pool_create(&scanning.pool, pool);
    memset(parser->sax, 0, sizeof(*parser->sax));
    parser->sax->initialized = XML_SAX2_MAGIC;
    parser->sax->startElementNs = scan_begin;
    parser->sax->endElementNs = scan_end;
    parser->_private = &scanning;
    xmlCtxtUseOptions(parser, OPTIONS | XML_PARSE_NOENT); /* "&amp;" in attributes; canonical text can have no others */
    mnv_xml_quiet(&before);
    xmlParseDocument(parser);
    mnv_xml_loud(&before);
    is_well = parser->wellFormed && parser->nsWellFormed;
    xmlFreeParserCtxt(parser);
    apr_pool_destroy(scanning.pool);
    return scanning.status != APR_SUCCESS ? scanning.status : is_well ? APR_SUCCESS : APR_EINVAL;
}

void mnv_xml_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
