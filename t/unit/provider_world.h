/* A provider that answers, and that can be moved or taken down, with a state folder of the test's own: for the tests of flow/provider*.c. */
#ifndef T_UNIT_PROVIDER_WORLD_H
#define T_UNIT_PROVIDER_WORLD_H

#include "http_fake.h"

#include <stdlib.h>
#include <unistd.h>
#include "flow/provider.h"
#include "flow/provider_copy.h"
#include "lib/crypt.h"
#include "lib/json.h"

#define ISSUER     "https://op.example"
#define DISCOVERY  ISSUER "/.well-known/openid-configuration"
#define CERTS      ISSUER "/certs"
#define MINUTES(n) apr_time_from_sec((n)*60)
#define HOURS(n)   MINUTES((n)*60)

#define DOCUMENT(token) "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER "/auth\",\"token_endpoint\":\"" token "\",\"jwks_uri\":\"" CERTS "\"}"

typedef struct world_t {
    unit_t *unit;
    http_fake_t *http;
    mnv_provider_options_t options;
    mnv_private_key_t *old_key, *new_key;
    const char *folder; /* a state folder of this test's own, gone afterwards */
    mnv_provider_t *provider;
} world_t;

UNIT_MAYBE_UNUSED const char *jwks_of(apr_pool_t *pool, const mnv_private_key_t *first, const mnv_private_key_t *second)
{
    mnv_json_t *set = mnv_json_object(pool), *list = mnv_json_array(pool);
    mnv_json_add(list, mnv_private_key_jwk(pool, first));
    if (second) {
        mnv_json_add(list, mnv_private_key_jwk(pool, second));
    }
    mnv_json_set(set, "keys", list);
    return mnv_json_print(pool, set);
}

UNIT_MAYBE_UNUSED int world_setup(void **state)
{
    void *unit;
    char folder[] = "/tmp/mnv_provider_XXXXXX";
    if (unit_setup(&unit) != 0 || !mkdtemp(folder)) {
        return -1;
    }
    world_t *w = apr_pcalloc(((unit_t *)unit)->pool, sizeof(*w));
    w->unit = unit;
    w->folder = apr_pstrdup(w->unit->pool, folder);
    w->http = http_fake_make(w->unit->pool);
    w->options.issuer = ISSUER;
    mnv_crypt_init();
    mnv_private_key_generate(w->unit->pool, MNV_JWS_ES256, 0, &w->old_key);
    mnv_private_key_generate(w->unit->pool, MNV_JWS_ES256, 0, &w->new_key);
    http_fake_answer(w->http, DISCOVERY, 200, "application/json", DOCUMENT(ISSUER "/token"));
    http_fake_answer(w->http, CERTS, 200, "application/jwk-set+json", jwks_of(w->unit->pool, w->old_key, NULL));
    *state = w;
    return 0;
}

UNIT_MAYBE_UNUSED int world_teardown(void **state)
{
    world_t *w = *state;
    void *unit = w->unit;
    const char *name = mnv_provider_copy_name(w->unit->pool, w->folder, ISSUER);
    (void)unlink(name);
    (void)rmdir(name);
    int left = rmdir(w->folder); /* fails when a temporary file was left behind */
    return unit_teardown(&unit) || left;
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* The providers of two processes: same options, same folder, own memory. */
UNIT_MAYBE_UNUSED mnv_provider_t *make_in(world_t *w, const char *folder)
{
    mnv_provider_t *provider;
    assert_int_equal(mnv_provider_make(w->unit->pool, &w->options, folder, &w->http->port, &provider), APR_SUCCESS);
    return provider;
}

UNIT_MAYBE_UNUSED mnv_provider_t *provider_of(world_t *w)
{
    if (!w->provider) {
        w->provider = make_in(w, NULL);
    }
    return w->provider;
}

UNIT_MAYBE_UNUSED apr_status_t get(world_t *w, mnv_provider_t *provider)
{
    const mnv_op_metadata_t *metadata;
    return mnv_provider_metadata(w->unit->ctx, provider, &metadata);
}

/* What the token endpoint is called now; NULL: a failure was told. */
UNIT_MAYBE_UNUSED const char *token_endpoint(world_t *w, mnv_provider_t *provider)
{
    const mnv_op_metadata_t *metadata;
    return mnv_provider_metadata(w->unit->ctx, provider, &metadata) == APR_SUCCESS ? metadata->token_endpoint : NULL;
}

UNIT_MAYBE_UNUSED apr_status_t verify(world_t *w, mnv_provider_t *provider, const mnv_private_key_t *key)
{
    mnv_json_t *claims = mnv_json_object(w->unit->pool);
    const char *token;
    mnv_jws_t *jws;
    mnv_json_set_string(claims, "sub", "x");
    assert_int_equal(mnv_jws_sign(w->unit->ctx, key, "JWT", claims, &token), APR_SUCCESS);
    assert_int_equal(mnv_jws_parse(w->unit->ctx, token, &jws), APR_SUCCESS);
    return mnv_provider_verify(w->unit->ctx, provider, jws);
}

UNIT_MAYBE_UNUSED void down(world_t *w)
{
    http_fake_fail(w->http, DISCOVERY, MNV_FAIL_PROVIDER_UNREACHABLE);
    http_fake_fail(w->http, CERTS, MNV_FAIL_PROVIDER_UNREACHABLE);
}

UNIT_MAYBE_UNUSED void move_token(world_t *w)
{
    http_fake_answer(w->http, DISCOVERY, 200, "application/json", DOCUMENT(ISSUER "/token2"));
}

#endif
