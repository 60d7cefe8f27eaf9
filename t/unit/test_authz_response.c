/* proto/authz_response.c. Members of a case: "query", "iss_in_callback", and of what comes of it "code" and "state" (null: absent). */
#include "cases.h"
#include "proto/authz_response.h"

static void judges_callback(void **state)
{
    case_t *c = *state;
    mnv_ctx_t *ctx = c->unit->ctx;
    mnv_op_metadata_t metadata = { 0 };
    mnv_authz_response_t *response = NULL;
    const char *query = mnv_json_string(c->json, "query"), *code = mnv_json_string(c->json, "code");
    apr_status_t status = mnv_authz_response_parse(ctx, query, &response);

    metadata.issuer = "https://op.example/api/realms/main";
    metadata.iss_in_callback = mnv_json_bool(c->json, "iss_in_callback") == 1;
    if (status == APR_SUCCESS) {
        if (mnv_json_kind(c->json, "state") == MNV_JSON_NULL) {
            assert_null(response->state);
        }
        else {
            assert_string_equal(response->state, "AAAAAAAAAAAAAAAAAAAAAA");
        }
        status = mnv_authz_response_judge(ctx, response, &metadata);
    }
    case_judge(c, status);
    if (code) {
        assert_string_equal(response->code, code);
    }
    assert_false(unit_logged(c->unit, "forged"));
    assert_false(unit_logged(c->unit, "AAAAAAAA"));
    assert_false(unit_logged(c->unit, "evil.example"));
}

static void takes_no_query_for_a_stop(void **state)
{
    unit_t *unit = *state;
    mnv_authz_response_t *response;
    const mnv_op_metadata_t metadata = { .issuer = "https://op.example" };

    assert_int_equal(mnv_authz_response_parse(unit->ctx, NULL, &response), APR_SUCCESS);
    assert_null(response->state);
    assert_int_not_equal(mnv_authz_response_judge(unit->ctx, response, &metadata), APR_SUCCESS);
    assert_told(unit, FLOW_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(takes_no_query_for_a_stop) };
    return CASES_RUN_WITH(judges_callback, "callback", tests);
}
