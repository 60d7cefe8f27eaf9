/* What the XML files share among themselves: the only header with libxml2 types. For the *_xmlsec.c files alone. */
#ifndef MNV_LIB_XML_XMLSEC_H
#define MNV_LIB_XML_XMLSEC_H

#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include "lib/xml.h"

struct mnv_xml_t {
    apr_pool_t *pool;
    mnv_xml_kind_e kind;
    xmlDocPtr doc; /* its _private points back */
};

/** Who received this thread's errors of libxml2 before. */
typedef struct mnv_xml_quiet_t {
    xmlStructuredErrorFunc function;
    void *baton;
} mnv_xml_quiet_t;

/** Nobody receives errors of libxml2 (which would go to standard error) until mnv_xml_loud(). */
void mnv_xml_quiet(mnv_xml_quiet_t *before);
void mnv_xml_loud(const mnv_xml_quiet_t *before);

/** The element behind the opaque one. */
xmlNodePtr mnv_xml_node(const mnv_xml_node_t *node);

#endif
