#include "unit.h"
#include "model/keyring.h"

#define A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
#define C "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA"
#define GOOD "lookup " A "\nseal k1 " B "\n"

static mnv_keyring_t *parsed(unit_t *unit, const char *text)
{
    mnv_keyring_t *keyring;
    const char *problem = NULL;
    apr_status_t rv = mnv_keyring_parse(unit->pool, text, &keyring, &problem);
    if (rv != APR_SUCCESS) {
        print_error("%s\n", problem);
    }
    assert_int_equal(rv, APR_SUCCESS);
    return keyring;
}

/* refused, at this line, without a key in the message */
static void refused(unit_t *unit, const char *text, const char *line, const char *words)
{
    mnv_keyring_t *keyring;
    const char *problem = NULL;
    assert_int_equal(mnv_keyring_parse(unit->pool, text, &keyring, &problem), APR_EINVAL);
    assert_non_null(problem);
    if (strncmp(problem, line, strlen(line)) != 0 || !strstr(problem, words)) {
        print_error("%s\n", problem);
        fail();
    }
    assert_null(strstr(problem, "AAAA"));
    assert_null(strstr(problem, "BBBB"));
}

static void refuses_malformed_files_and_names_the_line(void **state)
{
    unit_t *unit = *state;
    refused(unit, "", "line 0", "without a lookup key");
    refused(unit, "seal k1 " B "\n", "line 1", "without a lookup key");
    refused(unit, "lookup " A "\n# x\n", "line 2", "without a sealing key");
    refused(unit, GOOD "lookup " C "\n", "line 3", "second lookup");
    refused(unit, GOOD "seal k1 " C "\n", "line 3", "key id stands");
    refused(unit, GOOD "seal k2 " B "\n", "line 3", "this key stands");
    refused(unit, GOOD "seal k2 " A "\n", "line 3", "this key stands");
    refused(unit, "seal k1 " B "\nlookup " B "\n", "line 2", "this key stands");
    refused(unit, "lookup " A "x\n", "line 1", "43 characters");
    refused(unit, "lookup AAAA\n", "line 1", "43 characters");
    refused(unit, "lookup AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n", "line 1", "43 characters");
    refused(unit, "lookup AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "line 1", "43 characters");
    refused(unit, "lookup\n", "line 1", "one key");
    refused(unit, "lookup " A " more\n", "line 1", "one key");
    refused(unit, "lookup " A "\nseal k1 " B " more\n", "line 2", "key id, a key");
    refused(unit, "lookup " A "\nseal k1 " B " a b c\n", "line 2", "key id, a key");
    refused(unit, "lookup " A "\nseal " B "\n", "line 2", "key id, a key");
    refused(unit, "lookup " A "\nseal k.1 " B "\n", "line 2", "key id is not");
    refused(unit, "lookup " A "\nseal 12345678901234567 " B "\n", "line 2", "key id is not");
    refused(unit, "lookup " A "\n\nLookup x\n", "line 3", "starts with");
    refused(unit, GOOD "\xef\xbb\xbfseal k2 " C "\n", "line 3", "starts with");
    refused(unit, "lookup " A " # mine\nseal k1 " B "\n", "line 1", "one key");
}

static void never_shows_a_key_that_stands_in_the_wrong_field(void **state)
{
    unit_t *unit = *state;
    refused(unit, "lookup " A "\nseal " B " k1\n", "line 2", "key id is not");
    refused(unit, A "\n", "line 1", "starts with");
}

static void refuses_more_than_32_sealing_keys(void **state)
{
    unit_t *unit = *state;
    const char *text;
    mnv_keyring_t *keyring;
    const char *problem;
    assert_int_equal(mnv_keyring_generate(unit->ctx, NULL, "k0", &text), APR_SUCCESS);
    for (int i = 1; i < 32; i++) {
        assert_int_equal(mnv_keyring_generate(unit->ctx, text, apr_psprintf(unit->pool, "k%d", i), &text), APR_SUCCESS);
    }
    parsed(unit, text);
    assert_int_not_equal(mnv_keyring_generate(unit->ctx, text, "k32", &text), APR_SUCCESS);
    assert_told(unit, KEY_FILE);
    text = apr_pstrcat(unit->pool, text, "seal k32 " B "\n", NULL);
    assert_int_equal(mnv_keyring_parse(unit->pool, text, &keyring, &problem), APR_EINVAL);
    assert_non_null(strstr(problem, "more than 32"));
}

static void reads_comments_blanks_and_windows_line_ends(void **state)
{
    unit_t *unit = *state;
    parsed(unit, "# head\r\n\r\n  lookup\t" A " \r\n#x\r\nseal k1 " B "\r\nseal k-2_ " C);
}

static void hash_parts_do_not_run_together(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD);
    const char *one = mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ID, "ab", "c", NULL);
    assert_int_equal(strlen(one), 43);
    assert_string_equal(one, mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ID, "ab", "c", NULL));
    assert_string_not_equal(one, mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ID, "a", "bc", NULL));
    assert_string_not_equal(one, mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ID, "abc", NULL));
    assert_string_not_equal(one, mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ID, "ab", "c", "", NULL));
}

static void purposes_are_separated(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD);
    for (int a = 0; a < MNV_HASH_COUNT; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(mnv_keyring_hash(unit->ctx, keyring, (mnv_hash_e)a, "x", NULL),
                                    mnv_keyring_hash(unit->ctx, keyring, (mnv_hash_e)b, "x", NULL));
        }
    }
}

/* Links are found by these for ever: a change of labels or encoding loses them all */
static void hashes_are_what_they_always_were(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD);
    assert_string_equal(mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ID, "https://issuer", "sub", NULL),
                        "Y-6CYwNW31pvihvzXp2coBbRzyVPrS_PVDuGBVWuy5w");
    assert_string_equal(mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_LINK_ACCOUNT, "https://issuer", "sub", "v", NULL),
                        "qmRRfVABZxUTKawsCfwbhmKjOLInwU4FejBVTXj7jHs");
}

static void hash_refuses_too_many_parts(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD);
    assert_null(mnv_keyring_hash(unit->ctx, keyring, MNV_HASH_CSRF, "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL));
    assert_told(unit, CRYPTO);
}

static void opens_nowhere_else_than_it_was_sealed_for(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD), *other = parsed(unit, "lookup " A "\nseal k1 " C "\n");
    const char *text;
    unsigned char *plain;
    apr_size_t length;
    assert_int_equal(mnv_keyring_seal(unit->ctx, keyring, MNV_SEAL_ROW, "t|r|c", "secret", 6, &text), APR_SUCCESS);
    assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_ROW, "t|r|d", text, &plain, &length), APR_EACCES);
    assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_RECORD, "t|r|c", text, &plain, &length), APR_EACCES);
    assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_FLOW, "t|r|c", text, &plain, &length), APR_EACCES);
    assert_int_equal(mnv_keyring_open(unit->ctx, other, MNV_SEAL_ROW, "t|r|c", text, &plain, &length), APR_EACCES);
    assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_ROW, "t|r|c", text, &plain, &length), APR_SUCCESS);
    assert_int_equal(length, 6);
    assert_string_equal((char *)plain, "secret");
}

static void refuses_changed_and_malformed_sealed_text(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD);
    const char *text, *bad[] = { "", ".", "k1", "k1.", "k1.AAAA", "k2.", "k1.!!!!", "1.AAAA", ".AAAA" };
    unsigned char *plain;
    apr_size_t length;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_ROW, "a", bad[i], &plain, &length), APR_EACCES);
    }
    assert_int_equal(mnv_keyring_seal(unit->ctx, keyring, MNV_SEAL_ROW, "a", "", 0, &text), APR_SUCCESS);
    for (size_t i = 0; i < strlen(text); i++) {
        char *changed = apr_pstrdup(unit->pool, text);
        changed[i] = changed[i] == 'A' ? 'E' : 'A';
        assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_ROW, "a", changed, &plain, &length), APR_EACCES);
    }
    assert_int_equal(mnv_keyring_open(unit->ctx, keyring, MNV_SEAL_ROW, "a", text, &plain, &length), APR_SUCCESS);
    assert_int_equal(length, 0);
    assert_int_equal(unit->ctx->failure.what, MNV_OK);
}

static void tells_when_random_bytes_fail(void **state)
{
    unit_t *unit = *state;
    const char *text;
    unit->random_fails = 1;
    assert_int_not_equal(mnv_keyring_generate(unit->ctx, NULL, "k1", &text), APR_SUCCESS);
    assert_told(unit, RANDOM);
}

static void a_rolled_key_seals_and_the_old_one_still_opens(void **state)
{
    unit_t *unit = *state;
    const char *first, *second, *sealed;
    unsigned char *plain;
    apr_size_t length;
    assert_int_equal(mnv_keyring_generate(unit->ctx, NULL, "2026", &first), APR_SUCCESS);
    mnv_keyring_t *before = parsed(unit, first);
    assert_int_equal(mnv_keyring_seal(unit->ctx, before, MNV_SEAL_ROW, "a", "x", 1, &sealed), APR_SUCCESS);
    assert_int_equal(mnv_keyring_generate(unit->ctx, first, "2027", &second), APR_SUCCESS);
    mnv_keyring_t *after = parsed(unit, second);
    assert_string_equal(mnv_keyring_sealing_kid(before), "2026");
    assert_string_equal(mnv_keyring_sealing_kid(after), "2027");
    assert_non_null(strstr(second, "# Secret file"));
    assert_int_equal(mnv_keyring_open(unit->ctx, after, MNV_SEAL_ROW, "a", sealed, &plain, &length), APR_SUCCESS);
    assert_string_equal(mnv_keyring_hash(unit->ctx, before, MNV_HASH_LINK_ID, "x", NULL),
                        mnv_keyring_hash(unit->ctx, after, MNV_HASH_LINK_ID, "x", NULL));
    assert_int_not_equal(mnv_keyring_generate(unit->ctx, second, "2026", &first), APR_SUCCESS);
    assert_told(unit, KEY_FILE);
    assert_int_not_equal(mnv_keyring_generate(unit->ctx, "lookup x\n", "2028", &first), APR_SUCCESS);
    assert_told(unit, KEY_FILE);
    assert_int_not_equal(mnv_keyring_generate(unit->ctx, NULL, "a b", &first), APR_SUCCESS);
    assert_told(unit, KEY_FILE);
}

static void log_tags_are_short_and_say_nothing(void **state)
{
    unit_t *unit = *state;
    mnv_keyring_t *keyring = parsed(unit, GOOD);
    const char *tag = mnv_keyring_log_tag(unit->ctx, keyring, "https://i", "taro");
    assert_int_equal(strlen(tag), 8);
    assert_string_equal(tag, mnv_keyring_log_tag(unit->ctx, keyring, "https://i", "taro"));
    assert_string_not_equal(tag, mnv_keyring_log_tag(unit->ctx, keyring, "https://i", "jiro"));
    assert_string_not_equal(tag, mnv_keyring_log_tag(unit->ctx, keyring, "https://itaro", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_malformed_files_and_names_the_line),
        UNIT_TEST(never_shows_a_key_that_stands_in_the_wrong_field),
        UNIT_TEST(refuses_more_than_32_sealing_keys),
        UNIT_TEST(reads_comments_blanks_and_windows_line_ends),
        UNIT_TEST(hash_parts_do_not_run_together),
        UNIT_TEST(purposes_are_separated),
        UNIT_TEST(hashes_are_what_they_always_were),
        UNIT_TEST(hash_refuses_too_many_parts),
        UNIT_TEST(opens_nowhere_else_than_it_was_sealed_for),
        UNIT_TEST(refuses_changed_and_malformed_sealed_text),
        UNIT_TEST(tells_when_random_bytes_fail),
        UNIT_TEST(a_rolled_key_seals_and_the_old_one_still_opens),
        UNIT_TEST(log_tags_are_short_and_say_nothing),
    };
    return unit_run(tests);
}
