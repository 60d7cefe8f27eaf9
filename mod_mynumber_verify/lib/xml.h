/* XML from outside, by libxml2: read under limits and without what only attacks need (document types, entities, xml:id, other encodings; in messages
 * also processing instructions and ids that occur twice). The tree can only be looked at: elements, attributes, texts.
 *
 * A document and all texts got from it live as long as its pool. Thread: a document is for one thread at a time.
 */
#ifndef MNV_LIB_XML_H
#define MNV_LIB_XML_H

#include <apr_errno.h>
#include <apr_pools.h>

/** A document. */
typedef struct mnv_xml_t mnv_xml_t;

/** An element of a document. */
typedef struct mnv_xml_node_t mnv_xml_node_t;

/** What is read decides about the limits. */
typedef enum {
    MNV_XML_MESSAGE, /* of a browser or a provider: MNV_XML_MESSAGE_LIMIT_BYTES, 32 levels, 10,000 elements */
    MNV_XML_METADATA /* of a federation: 256 MiB, 48 levels */
} mnv_xml_kind_e;

#define MNV_XML_MESSAGE_LIMIT_BYTES  (256 * 1024)
#define MNV_XML_METADATA_LIMIT_BYTES (256 * 1024 * 1024)

/** Set up libxml2 and xmlsec1; once per process before threads start, harmless when repeated, also after another module has shut xmlsec1 down.
 * @return APR_SUCCESS or APR_EGENERAL */
apr_status_t mnv_xml_init(void);

/** Read a document. @return APR_SUCCESS, or APR_EINVAL with problem, a phrase for the log that holds nothing of the text. Pool: pool. */
apr_status_t mnv_xml_parse(apr_pool_t *pool, mnv_xml_kind_e kind, const char *text, apr_size_t length, mnv_xml_t **xml, const char **problem);

/** Exclusive canonical form of the whole document, without comments (xml-exc-c14n). @return APR_SUCCESS or APR_EGENERAL. Pool: pool. */
apr_status_t mnv_xml_canonical(apr_pool_t *pool, const mnv_xml_t *xml, char **text, apr_size_t *length);

/** The outermost element. */
const mnv_xml_node_t *mnv_xml_root(const mnv_xml_t *xml);

/** The first element below, and the next one beside it. @return NULL: none. Elements only, texts and comments are passed over. */
const mnv_xml_node_t *mnv_xml_first(const mnv_xml_node_t *node);
const mnv_xml_node_t *mnv_xml_next(const mnv_xml_node_t *node);

/** Is an element of this name in this namespace? A NULL element is not. */
int mnv_xml_is(const mnv_xml_node_t *node, const char *ns, const char *name);

/** Local name of an element. */
const char *mnv_xml_name(const mnv_xml_node_t *node);

/** The first element of a name directly below, NULL: none. */
const mnv_xml_node_t *mnv_xml_child(const mnv_xml_node_t *node, const char *ns, const char *name);

/** The next one of the same name and namespace beside an element, NULL: none. */
const mnv_xml_node_t *mnv_xml_sibling(const mnv_xml_node_t *node);

/** How many of a name are directly below. */
apr_size_t mnv_xml_count(const mnv_xml_node_t *node, const char *ns, const char *name);

/** An attribute without namespace. @return NULL: absent */
const char *mnv_xml_attr(const mnv_xml_node_t *node, const char *name);

/** The text of an element: all of it, also around comments. @return NULL when the element (or node itself) is absent or holds elements */
const char *mnv_xml_text(const mnv_xml_node_t *node);

/** The text without the blanks and line breaks around it, for values that are URIs, names or base64 (XML Schema's whiteSpace collapse). @return NULL as above */
const char *mnv_xml_token(const mnv_xml_node_t *node);

/** Give back to the system what a large tree took. It was many small pieces, most of which glibc would keep otherwise. Takes milliseconds. */
void mnv_xml_give_back(void);

/** An element as met by mnv_xml_scan(): its name and where in the text it stands. */
typedef struct mnv_xml_span_t {
    const char *ns, *name;
    int depth;              /* 1: the outermost */
    apr_size_t begin;       /* of its start tag's "<" */
    apr_size_t inside;      /* behind its start tag; equal to end where it is an empty-element tag */
    apr_size_t end;         /* behind its end tag; 0 at its start */
    const char **attributes;/* at its start: pairs of name (without namespace) and value, then NULL; NULL at its end */
} mnv_xml_span_t;

/** Walk over a canonical text without making a tree of it: visit is called at the start and at the end of elements no deeper than levels.
 * @return APR_SUCCESS, APR_EINVAL when the text is no XML, or what visit returned instead of APR_SUCCESS. Pool: pool, for the walk's own needs. */
apr_status_t mnv_xml_scan(apr_pool_t *pool, const char *text, apr_size_t length, int levels, apr_status_t (*visit)(void *baton, const mnv_xml_span_t *span), void *baton);

#endif
