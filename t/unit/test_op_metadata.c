/* proto/op_metadata.c */
#include "unit.h"
#include "proto/op_metadata.h"

#define ISSUER "https://op.example/api/realms/main"

/* A document with one member replaced: name -> JSON text, NULL: left out. */
static const char *document(unit_t *unit, const char *name, const char *json)
{
    static const char *const members[][2] = {
        { "issuer", "\"" ISSUER "\"" },
        { "authorization_endpoint", "\"https://op.example/auth\"" },
        { "token_endpoint", "\"https://op.example/token\"" },
        { "jwks_uri", "\"https://keys.example/certs\"" },
        { "userinfo_endpoint", "\"https://op.example/userinfo\"" },
        { "end_session_endpoint", "\"https://op.example/logout\"" },
    };
    const char *text = "{\"x\":[1]";
    for (apr_size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!name || strcmp(name, members[i][0])) {
            text = apr_psprintf(unit->pool, "%s,\"%s\":%s", text, members[i][0], members[i][1]);
        }
    }
    return json ? apr_psprintf(unit->pool, "%s,\"%s\":%s}", text, name, json) : apr_pstrcat(unit->pool, text, "}", NULL);
}

static mnv_provider_options_t options_of(const char *issuer)
{
    mnv_provider_options_t options = { .issuer = issuer };
    return options;
}

static mnv_op_metadata_t *parse(unit_t *unit, const mnv_provider_options_t *options, const char *text)
{
    mnv_op_metadata_t *metadata = NULL;
    apr_status_t status = mnv_op_metadata_parse(unit->ctx, unit->pool, options, text, text ? strlen(text) : 0, &metadata);
    assert_int_equal(status == APR_SUCCESS, metadata != NULL);
    return metadata;
}

static void refuse(unit_t *unit, const mnv_provider_options_t *options, const char *text, const char *detail)
{
    assert_null(parse(unit, options, text));
    assert_non_null(strstr(unit->ctx->failure.detail, detail));
    assert_told(unit, METADATA);
}

static void refuses_document_of_another_issuer(void **state)
{
    static const char *const others[] = { "\"https://evil.example\"", "\"" ISSUER "/\"", "\"https://OP.example/api/realms/main\"", "\"\"", "null", "1",
                                          "[\"" ISSUER "\"]" };
    const mnv_provider_options_t options = options_of(ISSUER);

    refuse(*state, &options, document(*state, "issuer", NULL), "no issuer");
    for (apr_size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        refuse(*state, &options, document(*state, "issuer", others[i]), "issuer");
    }
}

static void refuses_issuer_that_is_no_https_url(void **state)
{
    static const char *const issuers[] = {
        "", "op.example", "http://op.example", "https://op.example/?a=b", "https://op.example/#x", "https://user@op.example", "ftp://op.example"
    };

    for (apr_size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
        const mnv_provider_options_t options = options_of(issuers[i]);
        refuse(*state, &options, document(*state, "issuer", apr_psprintf(((unit_t *)*state)->pool, "\"%s\"", issuers[i])), "issuer");
    }
    const mnv_provider_options_t none = options_of(NULL);
    refuse(*state, &none, document(*state, NULL, NULL), "issuer");
}

static void knows_a_tenant_of_entra_by_its_issuer(void **state)
{
    static const struct {
        const char *issuer, *tenant;
        int any;
    } rows[] = {
        { "https://login.microsoftonline.com/11111111-2222-3333-4444-55555555555A/v2.0", "11111111-2222-3333-4444-55555555555a", 0 },
        { "http://127.0.0.1:8082/11111111-2222-3333-4444-555555555555/v2.0", "11111111-2222-3333-4444-555555555555", 0 },
        { "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0/", NULL, 0 },
        { "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", NULL, 0 },
        { "https://login.microsoftonline.com/11111111-2222-3333-4444-55555555555g/v2.0", NULL, 0 },
        { "https://login.microsoftonline.com/11111111x2222-3333-4444-555555555555/v2.0", NULL, 0 },
        { "https://login.microsoftonline.com/common/v2.0", NULL, 1 },
        { "https://login.microsoftonline.com/Organizations/v2.0", NULL, 1 },
        { "https://login.microsoftonline.com/consumers/v2.0/", NULL, 1 },
        { "https://login.microsoftonline.com/{tenantid}/v2.0", NULL, 1 },
        { "https://idp.example/common", NULL, 0 },
        { "https://idp.example/commons/v2.0", NULL, 0 },
        { "https://idp.example", NULL, 0 },
        { "common/v2.0", NULL, 0 },
        { "", NULL, 0 },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *tenant = mnv_op_tenant(unit->pool, rows[i].issuer);
        if (rows[i].tenant) {
            assert_non_null(tenant);
            assert_string_equal(tenant, rows[i].tenant);
        }
        else {
            assert_null(tenant);
        }
        assert_int_equal(mnv_op_is_any_tenant(rows[i].issuer), rows[i].any);
    }
}

static void refuses_what_is_no_document(void **state)
{
    static const char *const texts[] = { "", "[]", "<html>", "{\"issuer\":\"" ISSUER "\",\"issuer\":\"" ISSUER "\"}", "{}x" };
    const mnv_provider_options_t options = options_of(ISSUER);

    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuse(*state, &options, texts[i], "JSON");
    }
}

static void refuses_endpoints_in_the_clear_or_malformed(void **state)
{
    static const char *const names[] = { "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint" };
    static const char *const urls[] = { "\"http://op.example/x\"",
                                        "\"/x\"",
                                        "\"\"",
                                        "\"javascript:alert(1)\"",
                                        "\"https://op.example/x#y\"",
                                        "\"https://a@op.example/\"",
                                        "\"https://op.example/x y\"",
                                        "\"file:///etc/passwd\"",
                                        "\"https://op.example/\\u0001\"",
                                        "1",
                                        "[\"https://op.example\"]",
                                        "{}" };
    const mnv_provider_options_t options = options_of(ISSUER);

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (apr_size_t j = 0; j < sizeof(urls) / sizeof(urls[0]); j++) {
            refuse(*state, &options, document(*state, names[i], urls[j]), names[i]);
        }
    }
}

static void refuses_endpoint_longer_than_a_request_line(void **state)
{
    unit_t *unit = *state;
    const mnv_provider_options_t options = options_of(ISSUER);
    char path[2100];

    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    refuse(unit, &options, document(unit, "token_endpoint", apr_psprintf(unit->pool, "\"https://op.example/%s\"", path)), "token_endpoint");
}

static void names_the_endpoint_that_is_missing(void **state)
{
    unit_t *unit = *state;
    mnv_provider_options_t options = options_of(ISSUER);

    refuse(unit, &options, document(unit, "authorization_endpoint", NULL), "MyNumberProviderEndpoint authorization");
    refuse(unit, &options, document(unit, "token_endpoint", NULL), "MyNumberProviderEndpoint token");
    refuse(unit, &options, document(unit, "jwks_uri", NULL), "MyNumberProviderEndpoint jwks");
    refuse(unit, &options, document(unit, "jwks_uri", "null"), "MyNumberProviderEndpoint jwks");
    options.authorization_endpoint = "https://op.example/auth";
    options.jwks_uri = "https://op.example/certs";
    assert_false(mnv_op_is_by_hand(&options));
    refuse(unit, &options, NULL, "token_endpoint");
}

static void reads_a_document(void **state)
{
    unit_t *unit = *state;
    const mnv_provider_options_t options = options_of(ISSUER);
    mnv_op_metadata_t *metadata = parse(unit, &options, document(unit, "authorization_response_iss_parameter_supported", "true"));

    assert_string_equal(metadata->issuer, ISSUER);
    assert_string_equal(metadata->authorization_endpoint, "https://op.example/auth");
    assert_string_equal(metadata->token_endpoint, "https://op.example/token");
    assert_string_equal(metadata->jwks_uri, "https://keys.example/certs");
    assert_string_equal(metadata->userinfo_endpoint, "https://op.example/userinfo");
    assert_string_equal(metadata->end_session_endpoint, "https://op.example/logout");
    assert_int_equal(metadata->iss_in_callback, 1);
}

static void demands_no_iss_unless_promised(void **state)
{
    static const char *const values[] = { "false", "null", "\"true\"", "1" };
    const mnv_provider_options_t options = options_of(ISSUER);

    assert_int_equal(parse(*state, &options, document(*state, NULL, NULL))->iss_in_callback, 0);
    for (apr_size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(parse(*state, &options, document(*state, "authorization_response_iss_parameter_supported", values[i]))->iss_in_callback, 0);
    }
}

static void needs_no_userinfo_and_no_logout(void **state)
{
    const mnv_provider_options_t options = options_of(ISSUER);

    assert_null(parse(*state, &options, document(*state, "userinfo_endpoint", NULL))->userinfo_endpoint);
    assert_null(parse(*state, &options, document(*state, "end_session_endpoint", "null"))->end_session_endpoint);
}

static void takes_all_endpoints_by_hand(void **state)
{
    mnv_provider_options_t options = options_of(ISSUER);
    mnv_op_metadata_t *metadata;

    assert_false(mnv_op_is_by_hand(&options));
    options.authorization_endpoint = "https://op.example/a";
    options.token_endpoint = "https://op.example/t";
    options.jwks_uri = "https://op.example/j";
    assert_true(mnv_op_is_by_hand(&options));
    metadata = parse(*state, &options, NULL);
    assert_string_equal(metadata->token_endpoint, "https://op.example/t");
    assert_null(metadata->userinfo_endpoint);
}

static void prefers_by_hand_to_the_document(void **state)
{
    mnv_provider_options_t options = options_of(ISSUER);

    options.token_endpoint = "https://op.example/t";
    options.userinfo_endpoint = "https://op.example/u";
    assert_string_equal(parse(*state, &options, document(*state, NULL, NULL))->token_endpoint, "https://op.example/t");
    assert_string_equal(parse(*state, &options, document(*state, NULL, NULL))->userinfo_endpoint, "https://op.example/u");
    options.token_endpoint = "http://op.example/t";
    refuse(*state, &options, document(*state, NULL, NULL), "token_endpoint");
}

static void allows_http_on_this_machine(void **state)
{
    const mnv_provider_options_t options = options_of("http://127.0.0.1:9000/main");

    assert_non_null(parse(*state, &options,
                          "{\"issuer\":\"http://127.0.0.1:9000/main\",\"authorization_endpoint\":\"http://localhost:9000/a\","
                          "\"token_endpoint\":\"http://[::1]:9000/t\",\"jwks_uri\":\"http://127.0.0.1:9000/j\"}"));
}

static void finds_discovery_below_the_issuer(void **state)
{
    unit_t *unit = *state;
    assert_string_equal(mnv_op_discovery_url(unit->pool, ISSUER), ISSUER "/.well-known/openid-configuration");
    assert_string_equal(mnv_op_discovery_url(unit->pool, "https://op.example/"), "https://op.example/.well-known/openid-configuration");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_document_of_another_issuer),
        UNIT_TEST(refuses_issuer_that_is_no_https_url),
        UNIT_TEST(refuses_what_is_no_document),
        UNIT_TEST(refuses_endpoints_in_the_clear_or_malformed),
        UNIT_TEST(refuses_endpoint_longer_than_a_request_line),
        UNIT_TEST(knows_a_tenant_of_entra_by_its_issuer),
        UNIT_TEST(names_the_endpoint_that_is_missing),
        UNIT_TEST(reads_a_document),
        UNIT_TEST(demands_no_iss_unless_promised),
        UNIT_TEST(needs_no_userinfo_and_no_logout),
        UNIT_TEST(takes_all_endpoints_by_hand),
        UNIT_TEST(prefers_by_hand_to_the_document),
        UNIT_TEST(allows_http_on_this_machine),
        UNIT_TEST(finds_discovery_below_the_issuer),
    };
    return unit_run(tests);
}
