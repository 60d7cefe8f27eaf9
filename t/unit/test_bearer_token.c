/* proto/bearer_token.c: each row changes one thing of good claims or of a token's shape. Signatures are liboauth2's. */
#include "unit.h"
#include "lib/json.h"
#include "proto/bearer_token.h"

#define ISS "\"iss\":\"https://op.example\","
#define AUD "\"aud\":\"api\","
#define IAT "\"iat\":1795507200,"
#define EXP "\"exp\":1795507320,"
#define WHO "\"sub\":\"taro\",\"client_id\":\"app\""

static mnv_options_t *options_of(unit_t *unit)
{
    mnv_options_t *options = apr_pcalloc(unit->pool, sizeof(*options));
    options->call.clock_skew = apr_time_from_sec(60);
    options->bearer.issuer = "https://op.example";
    options->bearer.audiences = apr_array_make(unit->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(options->bearer.audiences, const char *) = "other";
    APR_ARRAY_PUSH(options->bearer.audiences, const char *) = "api";
    return options;
}

static mnv_failure_e judge(unit_t *unit, const char *claims, int is_told, apr_time_t *ends_at)
{
    mnv_json_t *object;
    unit->ctx->failure.what = MNV_OK;
    assert_int_equal(mnv_json_parse(unit->pool, claims, strlen(claims), &object), APR_SUCCESS);
    return mnv_bearer_judge(unit->ctx, object, options_of(unit), is_told, ends_at) == APR_SUCCESS ? MNV_OK : unit->ctx->failure.what;
}

static void judges_claims(void **state)
{
    static const struct {
        mnv_failure_e what;
        int is_told;
        const char *claims;
    } rows[] = {
        { MNV_OK, 0, "{" ISS AUD IAT EXP WHO "}" },
        { MNV_OK, 0, "{" ISS "\"aud\":[\"x\",\"other\"]," EXP WHO ",\"azp\":\"app\"}" },
        { MNV_OK, 0, "{" ISS AUD "\"iat\":1700000000," EXP WHO ",\"nbf\":1795507260}" },
        { MNV_OK, 1, "{\"active\":true,\"token_type\":\"bearer\"," AUD EXP WHO "}" },
        { MNV_FAIL_BEARER_BOUND, 1, "{\"active\":true,\"token_type\":\"DPoP\"," ISS AUD EXP WHO "}" },
        { MNV_FAIL_BEARER_BOUND, 0, "{" ISS AUD EXP WHO ",\"cnf\":null}" },
        { MNV_FAIL_IDTOKEN_ISS, 0, "{" AUD EXP WHO "}" },
        { MNV_FAIL_IDTOKEN_ISS, 1, "{\"active\":true,\"iss\":\"https://op.example/\"," AUD EXP WHO "}" },
        { MNV_FAIL_IDTOKEN_AUD, 0, "{" ISS EXP WHO "}" },
        { MNV_FAIL_IDTOKEN_AUD, 0, "{" ISS "\"aud\":[\"api\",1]," EXP WHO "}" },
        { MNV_FAIL_IDTOKEN_AZP, 0, "{" ISS AUD EXP WHO ",\"azp\":\"another\"}" },
        { MNV_FAIL_IDTOKEN_AZP, 0, "{" ISS AUD EXP "\"sub\":\"taro\",\"client_id\":1}" },
        { MNV_FAIL_IDTOKEN_EXP, 0, "{" ISS AUD WHO "}" },
        { MNV_FAIL_IDTOKEN_EXP, 0, "{" ISS AUD "\"exp\":1795507140," WHO "}" },
        { MNV_FAIL_IDTOKEN_EXP, 0, "{" ISS AUD "\"exp\":-2," WHO "}" },
        { MNV_FAIL_IDTOKEN_EXP, 0, "{" ISS AUD "\"exp\":1795507320.5," WHO "}" },
        { MNV_FAIL_IDTOKEN_NBF, 0, "{" ISS AUD EXP WHO ",\"nbf\":1795507261}" },
        { MNV_FAIL_IDTOKEN_IAT, 0, "{" ISS AUD "\"iat\":1795507261," EXP WHO "}" },
        { MNV_FAIL_IDTOKEN_IAT, 0, "{" ISS AUD "\"iat\":\"x\"," EXP WHO "}" },
        { MNV_FAIL_IDTOKEN_SUB, 0, "{" ISS AUD EXP "\"client_id\":\"app\"}" },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_time_t ends_at = 0;
        mnv_failure_e what = judge(unit, rows[i].claims, rows[i].is_told, &ends_at);
        if (what != rows[i].what) {
            print_error("row %lu: %s\n", (unsigned long)i, rows[i].claims);
        }
        assert_int_equal(what, rows[i].what);
        assert_true(ends_at == (what == MNV_OK ? apr_time_from_sec(1795507380) : 0));
    }
}

static void tells_tokens_from_what_is_none(void **state)
{
    char longest[MNV_BEARER_LIMIT_BYTES + 2];

    (void)state;
    memset(longest, 'A', sizeof(longest));
    longest[MNV_BEARER_LIMIT_BYTES + 1] = '\0';
    assert_false(mnv_bearer_is_token(longest));
    longest[MNV_BEARER_LIMIT_BYTES] = '=';
    assert_false(mnv_bearer_is_token(longest));
    longest[MNV_BEARER_LIMIT_BYTES] = '\0';
    assert_true(mnv_bearer_is_token(longest));
    assert_true(mnv_bearer_is_token("a-._~+/Z9=="));
    assert_false(mnv_bearer_is_token(""));
    assert_false(mnv_bearer_is_token("="));
    assert_false(mnv_bearer_is_token("a=b"));
    assert_false(mnv_bearer_is_token("a,b"));
    assert_false(mnv_bearer_is_token("a b"));
    assert_true(mnv_bearer_is_jwt("a.b.c"));
    assert_false(mnv_bearer_is_jwt("a.b"));
    assert_false(mnv_bearer_is_jwt("a.b.c.d"));
    assert_false(mnv_bearer_is_jwt("a.b.c="));
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(judges_claims), UNIT_TEST(tells_tokens_from_what_is_none) };
    return unit_run(tests);
}
