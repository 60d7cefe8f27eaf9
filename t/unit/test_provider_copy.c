/* flow/provider_copy.c, and what flow/provider.c makes of a copy: the last good answer on disk, for other processes and after a restart */
#include "provider_world.h"

#include <sys/stat.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include "base/file.h"

static const char *copy_of(world_t *w)
{
    return mnv_provider_copy_name(w->unit->pool, w->folder, ISSUER);
}

static char *read_copy(world_t *w)
{
    char *text;
    apr_size_t length;
    assert_int_equal(mnv_file_read(w->unit->pool, copy_of(w), 1000000, &text, &length), APR_SUCCESS);
    return text;
}

/* Writes a copy, with its modification time moved so that it is seen as another. */
static void write_copy(world_t *w, const char *text, apr_size_t length)
{
    static int count;
    assert_int_equal(mnv_file_write(w->unit->pool, copy_of(w), text, length, 1, 1), APR_SUCCESS);
    assert_int_equal(apr_file_mtime_set(copy_of(w), UNIT_START + apr_time_from_sec(++count), w->unit->pool), APR_SUCCESS);
}

static void write_texts(world_t *w, apr_time_t fetched_at, const char *metadata, const char *jwks_uri, const char *jwks)
{
    const mnv_provider_texts_t texts = { fetched_at, metadata, jwks_uri, jwks };
    mnv_provider_copy_write(w->unit->ctx, copy_of(w), ISSUER, &texts);
    char *text = read_copy(w);
    write_copy(w, text, strlen(text));
}

static void names_the_copy_by_issuer(void **state)
{
    world_t *w = *state;
    unsigned char digest[MNV_DIGEST_BYTES];
    mnv_crypt_sha256(ISSUER, strlen(ISSUER), digest);
    assert_string_equal(copy_of(w), apr_psprintf(w->unit->pool, "%s/provider-%02x%02x%02x%02x%02x%02x%02x%02x.json", w->folder, digest[0], digest[1], digest[2],
                                                 digest[3], digest[4], digest[5], digest[6], digest[7]));
}

static void keeps_a_private_copy(void **state)
{
    world_t *w = *state;
    struct stat info;
    mnv_json_t *copy;
    const char *text;

    assert_int_equal(get(w, make_in(w, w->folder)), APR_SUCCESS);
    assert_int_equal(stat(copy_of(w), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    text = read_copy(w);
    assert_int_equal(mnv_json_parse(w->unit->pool, text, strlen(text), &copy), APR_SUCCESS);
    assert_string_equal(mnv_json_string(copy, "issuer"), ISSUER);
    assert_string_equal(mnv_json_string(copy, "metadata"), DOCUMENT(ISSUER "/token"));
    assert_string_equal(mnv_json_string(copy, "jwks"), jwks_of(w->unit->pool, w->old_key, NULL));
}

static void starts_from_the_copy_while_the_provider_is_down(void **state)
{
    world_t *w = *state;
    assert_int_equal(get(w, make_in(w, w->folder)), APR_SUCCESS);
    down(w);
    w->unit->now += HOURS(24);
    mnv_provider_t *restarted = make_in(w, w->folder);
    assert_string_equal(token_endpoint(w, restarted), ISSUER "/token");
    assert_int_equal(verify(w, restarted, w->old_key), APR_SUCCESS);
    w->unit->now += HOURS(6 * 24);
    assert_int_not_equal(get(w, make_in(w, w->folder)), APR_SUCCESS); /* 7 days */
    assert_told(w->unit, PROVIDER_UNREACHABLE);
}

static void uses_what_another_process_fetched(void **state)
{
    world_t *w = *state;
    mnv_provider_t *first = make_in(w, w->folder), *second = make_in(w, w->folder);

    assert_int_equal(get(w, first), APR_SUCCESS);
    assert_int_equal(get(w, second), APR_SUCCESS);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 1);
    w->unit->now += MINUTES(50);
    write_texts(w, w->unit->now, DOCUMENT(ISSUER "/token2"), CERTS, jwks_of(w->unit->pool, w->old_key, w->new_key));
    assert_string_equal(token_endpoint(w, second), ISSUER "/token"); /* its own is good still */
    assert_int_equal(verify(w, second, w->new_key), APR_SUCCESS);    /* a key it does not know: the disk is asked first */
    w->unit->now += MINUTES(11);
    assert_string_equal(token_endpoint(w, first), ISSUER "/token2");
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 1);
}

static void ignores_an_older_copy(void **state)
{
    world_t *w = *state;
    mnv_provider_t *provider = make_in(w, w->folder);
    assert_int_equal(get(w, provider), APR_SUCCESS);
    write_texts(w, w->unit->now - 1000000, DOCUMENT(ISSUER "/older"), CERTS, jwks_of(w->unit->pool, w->old_key, NULL));
    down(w);
    w->unit->now += HOURS(2);
    assert_string_equal(token_endpoint(w, provider), ISSUER "/token");
}

static void refuse_copy(world_t *w, const char *what)
{
    const char *endpoint = token_endpoint(w, make_in(w, w->folder));
    if (!endpoint || strcmp(endpoint, ISSUER "/token")) {
        fail_msg("%s: %s", what, endpoint ? endpoint : "failure");
    }
    assert_int_equal(w->unit->ctx->failure.what, MNV_OK);
}

static void refuses_a_copy_that_does_not_fit(void **state)
{
    world_t *w = *state;
    const char *jwks = jwks_of(w->unit->pool, w->new_key, NULL), *evil = DOCUMENT(ISSUER "/evil");
    apr_time_t now = w->unit->now;

    write_texts(w, now + MINUTES(10), evil, CERTS, jwks);
    refuse_copy(w, "from the future");
    write_texts(w, now - HOURS(7 * 24), evil, CERTS, jwks);
    refuse_copy(w, "too old");
    write_texts(w, now, "{\"issuer\":\"https://evil.example\"}", CERTS, jwks);
    refuse_copy(w, "metadata of another issuer");
    write_texts(w, now, NULL, CERTS, jwks);
    refuse_copy(w, "no metadata");
    write_texts(w, now, evil, "https://evil.example/certs", jwks);
    refuse_copy(w, "keys from elsewhere");
    write_texts(w, now, evil, CERTS, "{\"keys\":[]}");
    refuse_copy(w, "no keys");
    write_texts(w, now, evil, CERTS, NULL);
    refuse_copy(w, "keys are absent");
    write_texts(w, now, evil, NULL, jwks);
    refuse_copy(w, "place of the keys is absent");
}

/* The same, byte by byte: a text of a good copy with one part replaced. */
static void refuses_a_copy_that_is_malformed(void **state)
{
    world_t *w = *state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"issuer\":\"" ISSUER "\"}",
        "{\"issuer\":\"" ISSUER "\",\"fetched_at\":\"1795507200\",\"jwks_uri\":\"" CERTS "\",\"jwks\":\"{}\",\"metadata\":\"{}\"}",
        "{\"issuer\":\"" ISSUER "\",\"fetched_at\":9223372036854775807,\"jwks_uri\":\"" CERTS "\",\"jwks\":\"{}\",\"metadata\":\"{}\"}",
        "{\"issuer\":\"" ISSUER "\",\"fetched_at\":-9223372036854775807,\"jwks_uri\":\"" CERTS "\",\"jwks\":\"{}\",\"metadata\":\"{}\"}",
        "{\"issuer\":1,\"fetched_at\":1795507200,\"jwks_uri\":\"" CERTS "\",\"jwks\":\"{}\",\"metadata\":\"{}\"}",
    };
    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_copy(w, texts[i], strlen(texts[i]));
        refuse_copy(w, texts[i]);
        assert_int_equal(unit_logged(w->unit, "MNV1210"), i + 1);
    }
}

static void reads_a_bad_copy_once(void **state)
{
    world_t *w = *state;
    mnv_provider_t *provider = make_in(w, w->folder);
    down(w);
    write_copy(w, "{}", 2);
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(get(w, provider), APR_SUCCESS);
        assert_told(w->unit, PROVIDER_UNREACHABLE);
        w->unit->now += apr_time_from_sec(10);
    }
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 3);
    assert_int_equal(unit_logged(w->unit, "MNV1210"), 1);
}

static void refuses_a_copy_of_another_issuer(void **state)
{
    world_t *w = *state;
    const mnv_provider_texts_t texts = { w->unit->now, DOCUMENT(ISSUER "/evil"), CERTS, jwks_of(w->unit->pool, w->new_key, NULL) };
    mnv_provider_copy_write(w->unit->ctx, copy_of(w), "https://evil.example", &texts);
    refuse_copy(w, "another issuer");
    assert_int_equal(unit_logged(w->unit, "MNV1210"), 1);
}

static void refuses_a_copy_that_others_can_change(void **state)
{
    world_t *w = *state;
    static const mode_t modes[] = { 0602, 0604, 0620, 0666 };
    for (apr_size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        write_texts(w, w->unit->now, DOCUMENT(ISSUER "/evil"), CERTS, jwks_of(w->unit->pool, w->new_key, NULL));
        assert_int_equal(chmod(copy_of(w), modes[i]), 0);
        refuse_copy(w, "others can change it");
        assert_int_equal(unit_logged(w->unit, "MNV1210"), i + 1);
    }
}

static void lives_without_a_folder_it_can_write(void **state)
{
    world_t *w = *state;
    assert_int_equal(mkdir(copy_of(w), 0700), 0); /* a folder in the file's place: neither read nor written */
    mnv_provider_t *provider = make_in(w, w->folder);
    assert_int_equal(get(w, provider), APR_SUCCESS);
    assert_int_equal(get(w, provider), APR_SUCCESS);
    assert_int_equal(unit_logged(w->unit, "MNV1211"), 1);
    assert_int_equal(http_fake_count(w->http, DISCOVERY), 1);
    assert_int_equal(get(w, make_in(w, "/nonexistent/folder")), APR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(names_the_copy_by_issuer),
        WORLD_TEST(keeps_a_private_copy),
        WORLD_TEST(starts_from_the_copy_while_the_provider_is_down),
        WORLD_TEST(uses_what_another_process_fetched),
        WORLD_TEST(ignores_an_older_copy),
        WORLD_TEST(refuses_a_copy_that_does_not_fit),
        WORLD_TEST(refuses_a_copy_that_is_malformed),
        WORLD_TEST(reads_a_bad_copy_once),
        WORLD_TEST(refuses_a_copy_of_another_issuer),
        WORLD_TEST(refuses_a_copy_that_others_can_change),
        WORLD_TEST(lives_without_a_folder_it_can_write),
    };
    return unit_run(tests);
}
