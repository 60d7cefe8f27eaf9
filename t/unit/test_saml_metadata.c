/* proto/saml_metadata.c, proto/saml_provider.c: one provider, and a federation's signed aggregate. */
#include "proto/saml_metadata.h"
#include <time.h>
#include "saml_tools.h"

#define MD "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\""
#define ENTITY_END "</md:IDPSSODescriptor></md:EntityDescriptor>"

static const char *key_descriptor(apr_pool_t *pool, const char *use, const char *key)
{
    return apr_pstrcat(pool, "<md:KeyDescriptor", use, "><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>\n",
                       saml_certificate_text(pool, key), "\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>", NULL);
}

/* A provider as Shibboleth describes it. */
static const char *entity(apr_pool_t *pool, const char *entity_id)
{
    return apr_pstrcat(pool, "<md:EntityDescriptor " MD " entityID=\"", entity_id,
                       "\"><md:Extensions><shibmd:Scope xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\" regexp=\"false\">example.ac.jp</shibmd:Scope></md:Extensions>"
                       "<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol\" WantAuthnRequestsSigned=\"true\">"
                       "<md:Extensions><shibmd:Scope xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\">med.example.ac.jp</shibmd:Scope></md:Extensions>",
                       key_descriptor(pool, " use=\"signing\"", "idp"), key_descriptor(pool, "", "idp2"), key_descriptor(pool, " use=\"encryption\"", "stranger"),
                       "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" Location=\"https://idp.example.ac.jp/slo/soap\"/>"
                       "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.ac.jp/slo\" ResponseLocation=\"https://idp.example.ac.jp/slo/done\"/>"
                       "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.ac.jp/slo/post\"/>"
                       "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.ac.jp/sso/post\"/>"
                       "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.ac.jp/sso?a=1&amp;b=2\"/>" ENTITY_END, NULL);
}

static apr_status_t load(unit_t *unit, const char *text, const mnv_xmldsig_trust_t *trust, mnv_saml_metadata_t **metadata)
{
    mnv_saml_source_t source = { text, strlen(text), trust };
    return mnv_saml_metadata_load(unit->ctx, unit->pool, &source, metadata);
}

static mnv_saml_provider_t *found(unit_t *unit, const mnv_saml_metadata_t *metadata, const char *entity_id)
{
    mnv_saml_provider_t *provider = NULL;
    assert_int_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, metadata, entity_id, &provider), APR_SUCCESS);
    return provider;
}

static void is_the_entity(const mnv_saml_provider_t *provider)
{
    assert_int_equal(provider->certificates->nelts, 2);
    assert_true(mnv_certificate_ends(APR_ARRAY_IDX(provider->certificates, 0, mnv_certificate_t *)) > UNIT_START);
    assert_string_equal(provider->signon, "https://idp.example.ac.jp/sso?a=1&b=2");
    assert_string_equal(provider->logout_redirect, "https://idp.example.ac.jp/slo");
    assert_string_equal(provider->logout_redirect_response, "https://idp.example.ac.jp/slo/done");
    assert_string_equal(provider->logout_post, "https://idp.example.ac.jp/slo/post");
    assert_string_equal(provider->logout_post_response, "https://idp.example.ac.jp/slo/post");
    assert_int_equal(provider->scopes->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(provider->scopes, 0, const char *), "example.ac.jp");
    assert_string_equal(APR_ARRAY_IDX(provider->scopes, 1, const char *), "med.example.ac.jp");
    assert_int_equal(provider->wants_signed, 1);
}

static void reads_one_provider(void **state)
{
    unit_t *unit = *state;
    mnv_saml_metadata_t *metadata;
    const char *text = apr_pstrcat(unit->pool, "<?xml version=\"1.0\"?><!-- by hand --><?note x?>\n", entity(unit->pool, SAML_IDP), "\n", NULL);
    assert_int_equal(load(unit, text, NULL, &metadata), APR_SUCCESS);
    assert_int_equal(mnv_saml_metadata_count(metadata), 1);
    assert_string_equal(mnv_saml_metadata_only(metadata), SAML_IDP);
    assert_int_equal(mnv_saml_metadata_valid_until(metadata), 0);
    assert_int_equal(mnv_saml_metadata_cache(metadata), 0);
    is_the_entity(found(unit, metadata, SAML_IDP));
    assert_string_equal(found(unit, metadata, SAML_IDP)->entity_id, SAML_IDP);
}

/* Groups in groups, prefixes declared outside, a service provider, entities where none are looked for. */
static const char *aggregate(apr_pool_t *pool, const char *attributes)
{
    const char *one = saml_replace(pool, entity(pool, "https://one.example.ac.jp/idp?x=1&amp;y=2"), MD, ""), *two = saml_replace(pool, entity(pool, "https://two.example.ac.jp/idp"), MD, "");
    const char *evil = saml_replace(pool, entity(pool, "https://evil.example/idp"), MD, "");
    one = saml_replace(pool, one, "<md:Extensions><shibmd:Scope xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\" regexp", apr_pstrcat(pool, "<md:Extensions>", evil, "<shibmd:Scope xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\" regexp", NULL));
    return apr_pstrcat(pool, "<md:EntitiesDescriptor " MD " ID=\"_aggregate\" ", attributes, " Name=\"a &gt; b\">@SIGN@<md:Extensions>", evil, "</md:Extensions>",
                       "<md:EntityDescriptor entityID=\"https://sp.example/sp\"><md:Extensions>", evil, "</md:Extensions><md:SPSSODescriptor protocolSupportEnumeration=\"urn:x\"><md:Extensions>",
                       evil, "<md:IDPSSODescriptor/></md:Extensions></md:SPSSODescriptor></md:EntityDescriptor>",
                       one, "<md:EntitiesDescriptor Name=\"inner\" validUntil=\"@T+600@\">", two, "</md:EntitiesDescriptor></md:EntitiesDescriptor>", NULL);
}

static const char *signed_text(apr_pool_t *pool, const char *text, const char *key)
{
    const char *signature = saml_replace(pool, saml_signature(pool, "_aggregate"), "@C14N@", "http://www.w3.org/2001/10/xml-exc-c14n#");
    signature = saml_replace(pool, signature, "@METHOD@", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    signature = saml_replace(pool, signature, "@DIGEST@", "http://www.w3.org/2001/04/xmlenc#sha256");
    return saml_sign(pool, saml_replace(pool, saml_fill(pool, text), "@SIGN@", signature), key);
}

static mnv_xmldsig_trust_t trust_in(apr_pool_t *pool, const char *names)
{
    mnv_xmldsig_trust_t trust = { saml_certificates(pool, names), 0 };
    return trust;
}

static void reads_signed_aggregate(void **state)
{
    unit_t *unit = *state;
    mnv_xmldsig_trust_t trust = trust_in(unit->pool, "idp idp2");
    const char *text = signed_text(unit->pool, aggregate(unit->pool, "validUntil=\"@T+3600@\" cacheDuration=\"PT6H30M\""), "idp2");
    mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    assert_int_equal(load(unit, text, &trust, &metadata), APR_SUCCESS);
    assert_int_equal(mnv_saml_metadata_count(metadata), 2);
    assert_null(mnv_saml_metadata_only(metadata));
    assert_int_equal(mnv_saml_metadata_valid_until(metadata), UNIT_START + apr_time_from_sec(3600));
    assert_int_equal(mnv_saml_metadata_cache(metadata), apr_time_from_sec(6 * 3600 + 1800));
    is_the_entity(found(unit, metadata, "https://one.example.ac.jp/idp?x=1&y=2"));
    is_the_entity(found(unit, metadata, "https://two.example.ac.jp/idp"));
    assert_int_not_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, metadata, "https://evil.example/idp", &provider), APR_SUCCESS);
    assert_told(unit, SAML_PROVIDER);
    assert_int_not_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, metadata, "https://sp.example/sp", &provider), APR_SUCCESS);
    assert_told(unit, SAML_PROVIDER);
}

static void comes_back_from_its_packed_form(void **state)
{
    unit_t *unit = *state;
    mnv_xmldsig_trust_t trust = trust_in(unit->pool, "idp");
    const char *text = signed_text(unit->pool, aggregate(unit->pool, "validUntil=\"@T+3600@\" cacheDuration=\"PT6H30M\""), "idp"), *packed;
    unsigned char print[MNV_SAML_PRINT_BYTES];
    mnv_saml_metadata_t *metadata, *again = NULL;
    mnv_saml_provider_t *provider;
    apr_size_t length;
    assert_int_equal(load(unit, text, &trust, &metadata), APR_SUCCESS);
    assert_int_equal(mnv_saml_metadata_pack(unit->pool, metadata, &packed, &length), APR_SUCCESS);
    for (apr_size_t part = 0; part < length; part += part < 400 ? 1 : 97) {
        assert_int_not_equal(mnv_saml_metadata_unpack(unit->pool, apr_pmemdup(unit->pool, packed, part), part, &again), APR_SUCCESS);
        assert_null(again);
    }
    assert_int_equal(mnv_saml_metadata_unpack(unit->pool, packed, length, &again), APR_SUCCESS);
    assert_int_equal(mnv_saml_metadata_count(again), 2);
    assert_int_equal(mnv_saml_metadata_valid_until(again), mnv_saml_metadata_valid_until(metadata));
    assert_int_equal(mnv_saml_metadata_cache(again), mnv_saml_metadata_cache(metadata));
    is_the_entity(found(unit, again, "https://one.example.ac.jp/idp?x=1&y=2"));
    is_the_entity(found(unit, again, "https://two.example.ac.jp/idp"));
    assert_int_equal(mnv_saml_print("https://two.example.ac.jp/idp", print), APR_SUCCESS);
    assert_string_equal(mnv_saml_metadata_printed(unit->pool, again, print), "https://two.example.ac.jp/idp");
    print[0] ^= 1;
    assert_null(mnv_saml_metadata_printed(unit->pool, again, print));
    unit->now += apr_time_from_sec(601); /* the inner group's end */
    assert_int_not_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, again, "https://two.example.ac.jp/idp", &provider), APR_SUCCESS);
    assert_told(unit, SAML_METADATA_EXPIRED);
}

static void refuses_aggregate_signed_by_others(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    mnv_xmldsig_trust_t trust = trust_in(pool, "idp");
    const char *text = signed_text(pool, aggregate(pool, "validUntil=\"@T+3600@\""), "idp");
    mnv_saml_metadata_t *metadata = NULL;
    const char *const bad[] = {
        signed_text(pool, aggregate(pool, ""), "stranger"),
        saml_replace(pool, text, "https://two.example.ac.jp/idp", "https://too.example.ac.jp/idp"),
        saml_replace(pool, text, "validUntil=\"2026-11-24T09:00:00Z\"", "validUntil=\"2036-11-24T09:00:00Z\""),
        saml_replace(pool, saml_fill(pool, aggregate(pool, "")), "@SIGN@", ""),
        apr_pstrcat(pool, "<md:EntitiesDescriptor " MD " ID=\"_evil\">", text, "</md:EntitiesDescriptor>", NULL),
    };
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_not_equal(load(unit, bad[i], &trust, &metadata), APR_SUCCESS);
        assert_told(unit, SAML_METADATA_SIGNATURE);
    }
    assert_null(metadata);
}

/* What is read is what was signed: comments are no part of it. */
static void a_comment_put_in_later_changes_nothing(void **state)
{
    unit_t *unit = *state;
    mnv_xmldsig_trust_t trust = trust_in(unit->pool, "idp");
    const char *text = signed_text(unit->pool, aggregate(unit->pool, ""), "idp");
    mnv_saml_metadata_t *metadata;
    text = saml_replace(unit->pool, text, "med.example.ac.jp<", "med<!-- x -->.example.ac.jp<");
    assert_int_equal(load(unit, text, &trust, &metadata), APR_SUCCESS);
    is_the_entity(found(unit, metadata, "https://two.example.ac.jp/idp"));
}

static void refuses_what_has_expired(void **state)
{
    unit_t *unit = *state;
    const char *whole = saml_replace(unit->pool, saml_fill(unit->pool, aggregate(unit->pool, "validUntil=\"@T@\"")), "@SIGN@", "");
    const char *part = saml_replace(unit->pool, saml_fill(unit->pool, aggregate(unit->pool, "validUntil=\"@T+3600@\"")), "@SIGN@", "");
    const char *own = saml_replace(unit->pool, entity(unit->pool, SAML_IDP), "entityID", "validUntil=\"2026-11-24T07:59:59Z\" entityID");
    mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    assert_int_not_equal(load(unit, whole, NULL, &metadata), APR_SUCCESS);
    assert_told(unit, SAML_METADATA_EXPIRED);
    assert_int_not_equal(load(unit, own, NULL, &metadata), APR_SUCCESS);
    assert_told(unit, SAML_METADATA_EXPIRED);
    assert_int_equal(load(unit, part, NULL, &metadata), APR_SUCCESS);
    unit->now += apr_time_from_sec(600); /* the inner group's end */
    found(unit, metadata, "https://one.example.ac.jp/idp?x=1&y=2");
    assert_int_not_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, metadata, "https://two.example.ac.jp/idp", &provider), APR_SUCCESS);
    assert_told(unit, SAML_METADATA_EXPIRED);
    unit->now += apr_time_from_sec(3000); /* the whole's */
    assert_int_not_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, metadata, "https://one.example.ac.jp/idp?x=1&y=2", &provider), APR_SUCCESS);
    assert_told(unit, SAML_METADATA_EXPIRED);
}

static void leaves_out_expired_and_second_ones(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const char *first = entity(pool, SAML_IDP), *second = saml_replace(pool, first, "example.ac.jp", "evil.example");
    const char *old = saml_replace(pool, entity(pool, "https://old.example/idp"), "entityID", "validUntil=\"2020-01-01T00:00:00Z\" entityID");
    const char *odd = saml_replace(pool, entity(pool, "https://odd.example/idp"), "entityID", "validUntil=\"tomorrow\" entityID");
    const char *text = apr_pstrcat(pool, "<md:EntitiesDescriptor " MD ">", old, odd, first, saml_replace(pool, second, "evil.example/idp", "example.ac.jp/idp"), "</md:EntitiesDescriptor>", NULL);
    mnv_saml_metadata_t *metadata;
    assert_int_equal(load(unit, text, NULL, &metadata), APR_SUCCESS);
    assert_string_equal(mnv_saml_metadata_only(metadata), SAML_IDP);
    is_the_entity(found(unit, metadata, SAML_IDP));
    assert_int_equal(unit_logged(unit, "MNV1260"), 3);
}

/* Groups within each other, so many of them, with one provider in the innermost. */
static const char *nested(apr_pool_t *pool, int many)
{
    const char *text = entity(pool, SAML_IDP);
    for (int i = 0; i < many; i++) {
        text = apr_pstrcat(pool, "<md:EntitiesDescriptor " MD "><md:Extensions><md:EntitiesDescriptor/></md:Extensions>", text, "</md:EntitiesDescriptor>", NULL);
    }
    return text;
}

static void eight_groups_may_be_within_each_other(void **state)
{
    unit_t *unit = *state;
    mnv_saml_metadata_t *metadata;
    assert_int_equal(load(unit, nested(unit->pool, 8), NULL, &metadata), APR_SUCCESS);
    is_the_entity(found(unit, metadata, SAML_IDP));
    assert_int_not_equal(load(unit, nested(unit->pool, 9), NULL, &metadata), APR_SUCCESS);
    assert_told(unit, SAML_METADATA);
    assert_int_equal(unit_logged(unit, "could not index it"), 1);
}

static void refuses_what_is_no_metadata(void **state)
{
    unit_t *unit = *state;
    mnv_saml_metadata_t *metadata;
    static const char *const bad[] = {
        "", "x", "<EntityDescriptor/>", "<md:EntitiesDescriptor " MD "/>", "<md:EntityDescriptor " MD " entityID=\"https://sp.example\"><md:SPSSODescriptor/></md:EntityDescriptor>",
        "<md:EntityDescriptor " MD "><md:IDPSSODescriptor/></md:EntityDescriptor>", "<md:EntityDescriptor " MD " entityID=\"a b\"><md:IDPSSODescriptor/></md:EntityDescriptor>",
        "<!DOCTYPE md:EntityDescriptor><md:EntityDescriptor " MD " entityID=\"https://x\"><md:IDPSSODescriptor/></md:EntityDescriptor>",
        "<md:EntityDescriptor " MD " entityID=\"https://x\" validUntil=\"x\"><md:IDPSSODescriptor/></md:EntityDescriptor>",
        "<md:IDPSSODescriptor " MD "/>",
        "<md:EntitiesDescriptor " MD "><md:Extensions><md:EntityDescriptor entityID=\"https://x\"><md:IDPSSODescriptor/></md:EntityDescriptor></md:Extensions></md:EntitiesDescriptor>",
        "<md:EntitiesDescriptor " MD "><md:Other entityID=\"https://x\"><md:IDPSSODescriptor/></md:Other></md:EntitiesDescriptor>",
        "<md:EntitiesDescriptor " MD "><EntityDescriptor entityID=\"https://x\"><md:IDPSSODescriptor/></EntityDescriptor></md:EntitiesDescriptor>",
        "<md:EntitiesDescriptor " MD "><x:EntityDescriptor xmlns:x=\"urn:x\" entityID=\"https://x\"><md:IDPSSODescriptor/></x:EntityDescriptor></md:EntitiesDescriptor>",
    };
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (load(unit, bad[i], NULL, &metadata) == APR_SUCCESS) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_told(unit, SAML_METADATA);
    }
    assert_int_equal(unit_logged(unit, "it is neither"), 2);
}

static void refuses_providers_that_are_of_no_use(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const char *good = entity(pool, SAML_IDP);
    const char *const bad[] = {
        saml_replace(pool, good, "urn:oasis:names:tc:SAML:2.0:protocol\" Want", "urn:oasis:names:tc:SAML:2.0:protocols\" Want"),
        saml_replace(pool, good, "urn:oasis:names:tc:SAML:2.0:protocol\" Want", "urn:oasis:names:tc:SAML:2.0\" Want"),
        saml_replace(pool, good, "protocolSupportEnumeration=", "other="),
        saml_replace(pool, saml_replace(pool, good, " use=\"signing\"", " use=\"encryption\""), "<md:KeyDescriptor>", "<md:KeyDescriptor use=\"encryption\">"),
        saml_replace(pool, good, "<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
        saml_replace(pool, good, "<ds:X509Certificate>", "<ds:X509Certificate>?"),
    };
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mnv_saml_metadata_t *metadata;
        mnv_saml_provider_t *provider;
        assert_int_equal(load(unit, bad[i], NULL, &metadata), APR_SUCCESS);
        assert_int_not_equal(mnv_saml_metadata_find(unit->ctx, unit->pool, metadata, SAML_IDP, &provider), APR_SUCCESS);
        assert_told(unit, SAML_METADATA);
    }
    assert_int_equal(unit_logged(unit, "does not speak SAML 2.0"), 3);
    assert_int_equal(unit_logged(unit, "MNV1261"), 4);
}

static const char *repeated(apr_pool_t *pool, const char *text, int times)
{
    const char *made = "";
    for (int i = 0; i < times; i++) {
        made = apr_pstrcat(pool, made, text, NULL);
    }
    return made;
}

static void takes_eight_keys_and_64_scopes_at_most(void **state)
{
    static const char scope[] = "<shibmd:Scope xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\">med.example.ac.jp</shibmd:Scope>";
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const char *text = saml_replace(pool, entity(pool, SAML_IDP), scope, repeated(pool, scope, 70)), *key = key_descriptor(pool, "", "idp2");
    mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    text = saml_replace(pool, text, key, repeated(pool, key, 10));
    assert_int_equal(load(unit, text, NULL, &metadata), APR_SUCCESS);
    provider = found(unit, metadata, SAML_IDP);
    assert_int_equal(provider->certificates->nelts, 8);
    assert_int_equal(provider->scopes->nelts, 64);
}

static void passes_over_scopes_and_endpoints_that_are_none(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const char *text = saml_replace(pool, entity(pool, SAML_IDP), ">med.example.ac.jp<", ">med. example.ac.jp<");
    mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    text = saml_replace(pool, text, "https://idp.example.ac.jp/slo/post", apr_pstrcat(pool, "https://idp.example.ac.jp/", repeated(pool, "x", 2048), NULL));
    assert_int_equal(load(unit, text, NULL, &metadata), APR_SUCCESS);
    provider = found(unit, metadata, SAML_IDP);
    assert_int_equal(provider->scopes->nelts, 1);
    assert_null(provider->logout_post);
}

static void weak_keys_plain_endpoints_and_patterns_are_left_out(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const char *text = saml_replace(pool, entity(pool, SAML_IDP), "<md:SingleLogoutService", apr_pstrcat(pool, key_descriptor(pool, " use=\"signing\"", "weak"), key_descriptor(pool, "", "k256"), "<md:SingleLogoutService", NULL));
    mnv_saml_metadata_t *metadata;
    mnv_saml_provider_t *provider;
    text = saml_replace(pool, text, "https://idp.example.ac.jp/s", "http://idp.example.ac.jp/s");
    text = saml_replace(pool, text, "regexp=\"false\">example.ac.jp", "regexp=\"true\">.*");
    assert_int_equal(load(unit, text, NULL, &metadata), APR_SUCCESS);
    provider = found(unit, metadata, SAML_IDP);
    assert_int_equal(provider->certificates->nelts, 2);
    assert_null(provider->signon);
    assert_null(provider->logout_redirect);
    assert_null(provider->logout_post);
    assert_int_equal(provider->scopes->nelts, 1);
    assert_int_equal(unit_logged(unit, "MNV1262"), 1);
    assert_int_equal(unit_logged(unit, "MNV1261"), 6); /* both of them before each SingleLogoutService */
}

static void durations_are_read(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
    } durations[] = {
        { "P1D", 86400 }, { "PT1H", 3600 }, { "P7DT1H1M1S", 7 * 86400 + 3661 }, { "P1M", 30 * 86400 }, { "P1Y", 30 * 86400 }, { "P9999999999999999D", 30 * 86400 },
        { "", 0 }, { "P", 0 }, { "1D", 0 }, { "P1H", 0 }, { "PT1D", 0 }, { "P1", 0 }, { "PX", 0 }, { "-P1D", 0 }, { "PT", 0 }, { "PT1.5S", 0 }, { "P1YD", 0 }, { "PT1HM", 0 }, { "PT1HT1M", 0 },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        const char *text = saml_replace(unit->pool, entity(unit->pool, SAML_IDP), "entityID", apr_psprintf(unit->pool, "cacheDuration=\"%s\" entityID", durations[i].text));
        mnv_saml_metadata_t *metadata;
        assert_int_equal(load(unit, text, NULL, &metadata), APR_SUCCESS);
        if (apr_time_sec(mnv_saml_metadata_cache(metadata)) != durations[i].seconds) {
            fail_msg("%s is read as %" APR_INT64_T_FMT " s", durations[i].text, apr_time_sec(mnv_saml_metadata_cache(metadata)));
        }
    }
}

/* GakuNin and its like: read once, within the start of a server. */
static void a_federation_of_five_thousand_is_read_in_time(void **state)
{
    unit_t *unit = *state;
    apr_pool_t *pool = unit->pool;
    const int many = 5000;
    const char **parts = apr_pcalloc(pool, sizeof(*parts) * (apr_size_t)(many + 2));
    const char *one = entity(pool, "https://idp-@N@.example.ac.jp/idp"), *before = strstr(one, "@N@"), *text;
    char *all, *end;
    mnv_xmldsig_trust_t trust = trust_in(pool, "idp");
    mnv_saml_metadata_t *metadata;
    apr_time_t began;
    clock_t used;

    all = end = apr_palloc(pool, (strlen(one) + 16) * (apr_size_t)many + 1000);
    end += apr_snprintf(end, 200, "<md:EntitiesDescriptor " MD " ID=\"_aggregate\" validUntil=\"2026-12-01T00:00:00Z\">@SIGN@");
    for (int i = 0; i < many; i++) {
        memcpy(end, one, (apr_size_t)(before - one));
        end += before - one;
        end += apr_snprintf(end, 16, "%d", i);
        memcpy(end, before + 3, strlen(before + 3));
        end += strlen(before + 3);
    }
    strcpy(end, "</md:EntitiesDescriptor>");
    text = signed_text(pool, all, "idp");
    used = clock();
    assert_int_equal(load(unit, text, &trust, &metadata), APR_SUCCESS);
    used = clock() - used;
    print_message("# %d providers, %d MB: %d ms\n", many, (int)(strlen(text) / 1000000), (int)(used * 1000 / CLOCKS_PER_SEC));
#ifndef __SANITIZE_ADDRESS__
    assert_true(used < 5 * CLOCKS_PER_SEC);
#endif
    assert_int_equal(mnv_saml_metadata_count(metadata), many);
    began = apr_time_now();
    for (int i = 0; i < 100; i++) {
        is_the_entity(found(unit, metadata, apr_psprintf(pool, "https://idp-%d.example.ac.jp/idp", i * 49)));
    }
    print_message("# one provider: %d us\n", (int)((apr_time_now() - began) / 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_one_provider),
        UNIT_TEST(reads_signed_aggregate),
        UNIT_TEST(comes_back_from_its_packed_form),
        UNIT_TEST(refuses_aggregate_signed_by_others),
        UNIT_TEST(a_comment_put_in_later_changes_nothing),
        UNIT_TEST(refuses_what_has_expired),
        UNIT_TEST(leaves_out_expired_and_second_ones),
        UNIT_TEST(eight_groups_may_be_within_each_other),
        UNIT_TEST(refuses_what_is_no_metadata),
        UNIT_TEST(refuses_providers_that_are_of_no_use),
        UNIT_TEST(takes_eight_keys_and_64_scopes_at_most),
        UNIT_TEST(passes_over_scopes_and_endpoints_that_are_none),
        UNIT_TEST(weak_keys_plain_endpoints_and_patterns_are_left_out),
        UNIT_TEST(durations_are_read),
        UNIT_TEST(a_federation_of_five_thousand_is_read_in_time),
    };
    int failed;
    if (mnv_xml_init() != APR_SUCCESS) {
        return 1;
    }
    failed = unit_run(tests);
    saml_end();
    return failed;
}
