/* proto/logout_token.c: each row changes one thing of a good token, whose signature is taken as verified (lib/jws.c has its own test). */
#include "unit.h"
#include "lib/json.h"
#include "proto/logout_token.h"

#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define ISS "\"iss\":\"https://op.example\","
#define AUD "\"aud\":\"client1\","
#define IAT "\"iat\":1795507200,"
#define EXP "\"exp\":1795507320,"
#define WHO "\"sub\":\"taro\",\"sid\":\"s-1\","
#define JTI "\"jti\":\"id-1\","

static const mnv_logout_expect_t expect = { "https://op.example", "client1", apr_time_from_sec(60) };

static apr_status_t judge(unit_t *unit, const char *typ, const char *claims, mnv_logout_token_t **token)
{
    mnv_jws_t jws = { .typ = typ };
    *token = NULL;
    unit->ctx->failure.what = MNV_OK;
    assert_int_equal(mnv_json_parse(unit->pool, claims, strlen(claims), &jws.payload), APR_SUCCESS);
    return mnv_logout_token_judge(unit->ctx, &jws, &expect, token);
}

static void accepts_what_providers_send(void **state)
{
    static const struct {
        const char *typ, *claims, *subject, *session;
    } good[] = {
        { "logout+jwt", "{" ISS AUD IAT EXP WHO JTI EVENTS "}", "taro", "s-1" },
        { NULL, "{" ISS AUD IAT EXP WHO JTI EVENTS "}", "taro", "s-1" },
        { "JWT", "{" ISS AUD IAT EXP "\"sub\":\"taro\"," JTI EVENTS "}", "taro", NULL },
        { "application/Logout+JWT", "{" ISS AUD IAT EXP "\"sid\":\"s-1\"," JTI EVENTS "}", NULL, "s-1" },
        { "logout+jwt", "{" ISS "\"aud\":[\"other\",\"client1\"]," IAT EXP WHO JTI EVENTS ",\"future\":1}", "taro", "s-1" },
        { "logout+jwt", "{" ISS AUD "\"iat\":1795507259," EXP WHO JTI EVENTS "}", "taro", "s-1" },
        { "logout+jwt", "{" ISS AUD "\"iat\":1795506241," EXP WHO JTI EVENTS "}", "taro", "s-1" },
        { "logout+jwt", "{" ISS AUD IAT "\"exp\":1795507141," WHO JTI EVENTS "}", "taro", "s-1" },
        { "logout+jwt", "{" ISS AUD IAT EXP WHO JTI "\"events\":{\"x\":{},\"http://schemas.openid.net/event/backchannel-logout\":{\"a\":1}}}", "taro", "s-1" },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        mnv_logout_token_t *token;
        if (judge(unit, good[i].typ, good[i].claims, &token) != APR_SUCCESS) {
            print_error("refused: %s %s\n", good[i].typ ? good[i].typ : "-", good[i].claims);
        }
        assert_non_null(token);
        assert_string_equal(token->subject ? token->subject : "-", good[i].subject ? good[i].subject : "-");
        assert_string_equal(token->session ? token->session : "-", good[i].session ? good[i].session : "-");
        assert_string_equal(token->id, "id-1");
    }
}

static void refuses_what_is_no_logout_of_ours(void **state)
{
    static const struct {
        mnv_failure_e what;
        const char *typ, *claims;
    } bad[] = {
        { MNV_FAIL_LOGOUT_TOKEN, "at+jwt", "{" ISS AUD IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "secevent+jwt", "{" ISS AUD IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "", "{" ISS AUD IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_ISS, "logout+jwt", "{" AUD IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_ISS, "logout+jwt", "{\"iss\":\"https://op.example/\"," AUD IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_AUD, "logout+jwt", "{" ISS IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_AUD, "logout+jwt", "{" ISS "\"aud\":\"client2\"," IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_AUD, "logout+jwt", "{" ISS "\"aud\":[]," IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_AUD, "logout+jwt", "{" ISS "\"aud\":[\"client1\",1]," IAT EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_IAT, "logout+jwt", "{" ISS AUD EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_IAT, "logout+jwt", "{" ISS AUD "\"iat\":\"1795507200\"," EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_IAT, "logout+jwt", "{" ISS AUD "\"iat\":1795507261," EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_IAT, "logout+jwt", "{" ISS AUD "\"iat\":1795506239," EXP WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_EXP, "logout+jwt", "{" ISS AUD IAT WHO JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_EXP, "logout+jwt", "{" ISS AUD IAT "\"exp\":1795507140," WHO JTI EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_SUB, "logout+jwt", "{" ISS AUD IAT EXP "\"sub\":7,\"sid\":\"s-1\"," JTI EVENTS "}" },
        { MNV_FAIL_IDTOKEN_SUB, "logout+jwt", "{" ISS AUD IAT EXP "\"sub\":null,\"sid\":\"s-1\"," JTI EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP "\"sub\":\"taro\",\"sid\":[\"s-1\"]," JTI EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP "\"sub\":\"taro\",\"sid\":\"\"," JTI EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO "\"jti\":\"id-1\"}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO JTI "\"events\":{}}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO JTI "\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"]}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO JTI "\"events\":\"http://schemas.openid.net/event/backchannel-logout\"}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO JTI "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":true}}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO JTI EVENTS ",\"nonce\":\"n\"}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO JTI EVENTS ",\"nonce\":null}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO "\"jti\":\"\"," EVENTS "}" },
        { MNV_FAIL_LOGOUT_TOKEN, "logout+jwt", "{" ISS AUD IAT EXP WHO "\"jti\":1," EVENTS "}" },
    };
    unit_t *unit = *state;
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mnv_logout_token_t *token;
        if (judge(unit, bad[i].typ, bad[i].claims, &token) == APR_SUCCESS || unit->ctx->failure.what != bad[i].what) {
            print_error("%s instead of %s: %s %s\n", token ? "accepted" : mnv_failure_code(unit->ctx->failure.what, unit->pool), mnv_failure_code(bad[i].what, unit->pool), bad[i].typ, bad[i].claims);
        }
        assert_null(token);
        assert_int_equal(unit->ctx->failure.what, bad[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(accepts_what_providers_send), UNIT_TEST(refuses_what_is_no_logout_of_ours) };
    return unit_run(tests);
}
