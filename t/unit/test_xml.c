/* lib/xml_xmlsec.c, lib/xmldsig_xmlsec.c: reading, walking and signing; and threads, and what a changed byte does. (What is refused in messages: test_saml_response.) */
#include "lib/xml.h"
#include "lib/xmldsig.h"
#include <pthread.h>
#include "saml_tools.h"

static mnv_xml_t *read_text(apr_pool_t *pool, mnv_xml_kind_e kind, const char *text)
{
    const char *problem;
    mnv_xml_t *xml = NULL;
    assert_int_equal(mnv_xml_parse(pool, kind, text, strlen(text), &xml, &problem), APR_SUCCESS);
    return xml;
}

static void looks_around(void **state)
{
    unit_t *unit = *state;
    const mnv_xml_node_t *root = mnv_xml_root(read_text(unit->pool, MNV_XML_MESSAGE, "<?xml version='1.0' encoding='utf-8' standalone='yes'?><!-- a --><r xmlns='urn:r' xmlns:o='urn:o' a=' 1&lt;&#x32; ' o:b='2'> x <o:c/><c>one</c>"
                                                                                     "<!-- --><c> t<![CDATA[<w>]]>o<!-- -->&amp; </c><d xmlns=''/></r>"));
    const mnv_xml_node_t *first = mnv_xml_child(root, "urn:r", "c"), *second = mnv_xml_sibling(first);
    assert_true(mnv_xml_is(root, "urn:r", "r"));
    assert_string_equal(mnv_xml_name(root), "r");
    assert_true(mnv_xml_is(mnv_xml_first(root), "urn:o", "c"));
    assert_true(mnv_xml_next(mnv_xml_first(root)) == first);
    assert_int_equal(mnv_xml_count(root, "urn:r", "c"), 2);
    assert_int_equal(mnv_xml_count(root, "urn:o", "c"), 1);
    assert_int_equal(mnv_xml_count(root, "", "d"), 0);
    assert_null(mnv_xml_sibling(second));
    assert_null(mnv_xml_child(root, "urn:x", "c"));
    assert_string_equal(mnv_xml_attr(root, "a"), " 1<2 ");
    assert_null(mnv_xml_attr(root, "b"));
    assert_null(mnv_xml_attr(root, "xmlns"));
    assert_string_equal(mnv_xml_text(first), "one");
    assert_string_equal(mnv_xml_text(second), " t<w>o& ");
    assert_string_equal(mnv_xml_token(second), "t<w>o&");
    assert_string_equal(mnv_xml_text(mnv_xml_first(root)), "");
    assert_null(mnv_xml_text(root));
    assert_null(mnv_xml_token(root));
}

static void what_is_absent_has_nothing(void **state)
{
    (void)state;
    assert_null(mnv_xml_first(NULL));
    assert_null(mnv_xml_child(NULL, "urn:r", "c"));
    assert_int_equal(mnv_xml_count(NULL, "urn:r", "c"), 0);
    assert_null(mnv_xml_attr(NULL, "a"));
    assert_null(mnv_xml_text(NULL));
    assert_null(mnv_xml_token(NULL));
    assert_false(mnv_xml_is(NULL, "urn:r", "c"));
}

/* Metadata is large, and may hold what messages may not. */
static void metadata_may_be_more(void **state)
{
    unit_t *unit = *state;
    const char *both = "<?style x?><r xmlns='urn:r'><a id='1'/><?x y?><a id='1'/></r>", *problem = NULL;
    char *large = apr_palloc(unit->pool, 1000000), *end = large;
    mnv_xml_t *xml;
    read_text(unit->pool, MNV_XML_METADATA, both);
    assert_int_equal(mnv_xml_parse(unit->pool, MNV_XML_MESSAGE, both, strlen(both), &xml, &problem), APR_EINVAL);
    end += apr_snprintf(end, 10, "<r>");
    for (int i = 0; i < 100000; i++) {
        end += apr_snprintf(end, 10, "<a/>");
    }
    apr_snprintf(end, 10, "</r>");
    read_text(unit->pool, MNV_XML_METADATA, large);
    assert_int_equal(mnv_xml_parse(unit->pool, MNV_XML_MESSAGE, large, strlen(large), &xml, &problem), APR_EINVAL);
    assert_string_equal(problem, "too large");
}

static void refuses_in_metadata_too(void **state)
{
    static const char *const bad[][2] = {
        { "<!DOCTYPE r><r/>", "document type" }, { "<r xml:id='a'/>", "xml:id" }, { "<r>&x;</r>", "well-formed" }, { "<r", "well-formed" }, { "", "well-formed" }, { "<x:r/>", "namespaces" },
        { "<?xml version='1.0' encoding='UTF-16'?><r/>", "encoding" }, { "<?xml version='1.0' encoding = \"Shift_JIS\"?><r/>", "encoding" },
        { "<?xml version='1.0' encoding='UTF-88'?><r/>", "encoding" }, { "<r>\xff</r>", "UTF-8" },
        { "\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><r/>", "encoding" }, { "<?xml version='1.0' encoding='ISO-2022-CN-EXT'?><r/>", "encoding" }, { "\xfe\xff", "UTF-8" },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *problem = NULL;
        mnv_xml_t *xml = NULL;
        assert_int_equal(mnv_xml_parse(unit->pool, MNV_XML_METADATA, bad[i][0], strlen(bad[i][0]), &xml, &problem), APR_EINVAL);
        assert_null(xml);
        if (!strstr(problem, bad[i][1])) {
            fail_msg("%s: \"%s\" is told, \"%s\" is expected in it", bad[i][0], problem, bad[i][1]);
        }
    }
}

static void canonical_form_is_exclusive(void **state)
{
    unit_t *unit = *state;
    char *text;
    apr_size_t length;
    const mnv_xml_t *xml = read_text(unit->pool, MNV_XML_METADATA, "<?xml version='1.0'?><!-- c --><r xmlns:u='urn:unused' xmlns='urn:r' b=\"2\"   a='1'><e/><!-- c -->&#65;</r>");
    assert_int_equal(mnv_xml_canonical(unit->pool, xml, &text, &length), APR_SUCCESS);
    assert_string_equal(text, "<r xmlns=\"urn:r\" a=\"1\" b=\"2\"><e></e>A</r>");
    assert_int_equal(length, strlen(text));
    xml = read_text(unit->pool, MNV_XML_METADATA, "<r xmlns='relative'/>");
    assert_int_equal(mnv_xml_canonical(unit->pool, xml, &text, &length), APR_EGENERAL);
}

typedef struct walk_t {
    apr_pool_t *pool;
    const char *text, *seen;
    int stop_at;
} walk_t;

static apr_status_t walk(void *baton, const mnv_xml_span_t *span)
{
    walk_t *walking = baton;
    const char *part = "";
    if (!span->attributes) {
        part = apr_psprintf(walking->pool, "[%s]", apr_pstrmemdup(walking->pool, walking->text + span->begin, span->end - span->begin));
    }
    else if (*span->attributes) {
        part = apr_psprintf(walking->pool, "(%s=%s)", span->attributes[0], span->attributes[1]);
    }
    assert_int_equal(walking->text[span->begin], '<');
    assert_int_equal(walking->text[span->inside - 1], '>');
    walking->seen = apr_psprintf(walking->pool, "%s%s%d%s%s", walking->seen, *walking->seen ? " " : "", span->depth, span->name, part);
    return --walking->stop_at == 0 ? APR_EGENERAL : APR_SUCCESS;
}

static void walks_with_places(void **state)
{
    unit_t *unit = *state;
    walk_t walking = { unit->pool, "<r xmlns=\"urn:r\" a=\"&amp;>&lt;\"><e><f></f></e><g></g></r>", "", 0 };
    assert_int_equal(mnv_xml_scan(unit->pool, walking.text, strlen(walking.text), 2, walk, &walking), APR_SUCCESS);
    assert_string_equal(walking.seen, "1r(a=&><) 2e 2e[<e><f></f></e>] 2g 2g[<g></g>] 1r[<r xmlns=\"urn:r\" a=\"&amp;>&lt;\"><e><f></f></e><g></g></r>]");
    walking.seen = "";
    walking.stop_at = 2;
    assert_int_equal(mnv_xml_scan(unit->pool, walking.text, strlen(walking.text), 2, walk, &walking), APR_EGENERAL);
    assert_string_equal(walking.seen, "1r(a=&><) 2e");
    walking.text = "<r><e>";
    assert_int_equal(mnv_xml_scan(unit->pool, walking.text, 6, 2, walk, &walking), APR_EINVAL);
    assert_int_equal(mnv_xml_scan(unit->pool, "", 0, 2, walk, &walking), APR_EINVAL);
}

static const char *message(apr_pool_t *pool, const char *key)
{
    return apr_pstrcat(pool, "<m ID=\"_m1\" xmlns=\"urn:m\"><i>me</i>", mnv_xmldsig_template(pool, saml_private_key(pool, key), "_m1"), "<v>what is said</v></m>", NULL);
}

static void signs_what_it_verifies(void **state)
{
    static const char *const names[] = { "sp", "ec" };
    unit_t *unit = *state;
    for (int i = 0; i < 2; i++) {
        mnv_xmldsig_trust_t trust = { saml_certificates(unit->pool, "stranger ec sp"), 0 };
        const char *text, *problem;
        mnv_xml_t *is_signed;
        assert_int_equal(mnv_xmldsig_sign(unit->pool, saml_private_key(unit->pool, names[i]), message(unit->pool, names[i]), &text), APR_SUCCESS);
        assert_int_equal(mnv_xmldsig_verify(unit->pool, mnv_xml_root(read_text(unit->pool, MNV_XML_MESSAGE, text)), &trust, &is_signed, &problem), APR_SUCCESS);
        assert_string_equal(mnv_xml_text(mnv_xml_child(mnv_xml_root(is_signed), "urn:m", "v")), "what is said");
        assert_false(mnv_xmldsig_is_signed(mnv_xml_root(is_signed)));
    }
}

static void signs_nothing_but_a_template(void **state)
{
    unit_t *unit = *state;
    mnv_private_key_t *key = saml_private_key(unit->pool, "sp");
    const char *made = NULL;
    assert_int_equal(mnv_xmldsig_sign(unit->pool, key, "<m", &made), APR_EGENERAL);
    assert_int_equal(mnv_xmldsig_sign(unit->pool, key, "<m ID=\"_m1\"/>", &made), APR_EGENERAL);
    assert_int_equal(mnv_xmldsig_sign(unit->pool, key, saml_replace(unit->pool, message(unit->pool, "sp"), " ID=\"_m1\"", ""), &made), APR_EGENERAL);
    assert_int_equal(mnv_xmldsig_sign(unit->pool, key, saml_replace(unit->pool, message(unit->pool, "sp"), "rsa-sha256", "ecdsa-sha256"), &made), APR_EGENERAL);
    assert_null(made);
}

/* Whatever byte is changed: refused, or nothing that is read is another. */
static void a_changed_byte_never_says_something_else(void **state)
{
    unit_t *unit = *state;
    mnv_xmldsig_trust_t trust = { saml_certificates(unit->pool, "sp"), 0 };
    const char *text, *problem;
    apr_pool_t *pool;
    apr_size_t length, accepted = 0;
    assert_int_equal(mnv_xmldsig_sign(unit->pool, saml_private_key(unit->pool, "sp"), message(unit->pool, "sp"), &text), APR_SUCCESS);
    length = strlen(text);
    apr_pool_create(&pool, unit->pool);
    for (apr_size_t i = 0; i < length; i++) {
        for (int k = 0; k < 3; k++) {
            char *changed = apr_pmemdup(pool, text, length + 1);
            mnv_xml_t *xml, *is_signed;
            changed[i] = k == 0 ? changed[i] ^ 1 : k == 1 ? '<' : ' ';
            if (strcmp(changed, text) && mnv_xml_parse(pool, MNV_XML_MESSAGE, changed, length, &xml, &problem) == APR_SUCCESS && mnv_xmldsig_is_signed(mnv_xml_root(xml))
                && mnv_xmldsig_verify(pool, mnv_xml_root(xml), &trust, &is_signed, &problem) == APR_SUCCESS) {
                assert_string_equal(mnv_xml_text(mnv_xml_child(mnv_xml_root(is_signed), "urn:m", "v")), "what is said");
                assert_string_equal(mnv_xml_text(mnv_xml_child(mnv_xml_root(is_signed), "urn:m", "i")), "me");
                accepted++;
            }
            apr_pool_clear(pool);
        }
    }
    assert_true(accepted < 60); /* blanks within tags and between lines of base64 */
}

/* The event MPM: many threads, each with documents of its own and keys that are shared. */
typedef struct thread_t {
    pthread_t id;
    const char *text;
    const mnv_xmldsig_trust_t *trust;
    int right;
} thread_t;

static void *verify_often(void *baton)
{
    thread_t *thread = baton;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    for (int i = 0; i < 200; i++) {
        const char *problem;
        mnv_xml_t *xml, *is_signed;
        if (mnv_xml_parse(pool, MNV_XML_MESSAGE, thread->text, strlen(thread->text), &xml, &problem) == APR_SUCCESS
            && mnv_xmldsig_verify(pool, mnv_xml_root(xml), thread->trust, &is_signed, &problem) == APR_SUCCESS) {
            thread->right++;
        }
        mnv_xml_parse(pool, MNV_XML_MESSAGE, "<!DOCTYPE x><x/>", 16, &xml, &problem);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

static void threads_share_keys(void **state)
{
    unit_t *unit = *state;
    mnv_xmldsig_trust_t trust = { saml_certificates(unit->pool, "stranger sp"), 0 };
    thread_t threads[8];
    const char *text;
    assert_int_equal(mnv_xmldsig_sign(unit->pool, saml_private_key(unit->pool, "sp"), message(unit->pool, "sp"), &text), APR_SUCCESS);
    for (int i = 0; i < 8; i++) {
        threads[i] = (thread_t){ .text = text, .trust = &trust, .right = 0 };
        assert_int_equal(pthread_create(&threads[i].id, NULL, verify_often, &threads[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i].id, NULL);
        assert_int_equal(threads[i].right, 200);
    }
}

/* mod_auth_mellon in the same server shuts xmlsec1 down at a restart. */
static void comes_back_after_others_have_shut_it_down(void **state)
{
    signs_what_it_verifies(state);
    assert_int_equal(mnv_xml_init(), APR_SUCCESS);
    xmlSecOpenSSLShutdown();
    xmlSecShutdown();
    assert_int_equal(mnv_xml_init(), APR_SUCCESS);
    assert_int_equal(mnv_xml_init(), APR_SUCCESS);
    signs_what_it_verifies(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(looks_around),
        UNIT_TEST(what_is_absent_has_nothing),
        UNIT_TEST(metadata_may_be_more),
        UNIT_TEST(refuses_in_metadata_too),
        UNIT_TEST(canonical_form_is_exclusive),
        UNIT_TEST(walks_with_places),
        UNIT_TEST(signs_what_it_verifies),
        UNIT_TEST(signs_nothing_but_a_template),
        UNIT_TEST(a_changed_byte_never_says_something_else),
        UNIT_TEST(threads_share_keys),
        UNIT_TEST(comes_back_after_others_have_shut_it_down),
    };
    int failed;
    if (mnv_xml_init() != APR_SUCCESS) {
        return 1;
    }
    failed = unit_run(tests);
    saml_end();
    return failed;
}
