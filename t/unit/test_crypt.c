/* lib/crypt.c */
#include <pthread.h>
#include "unit.h"
#include "lib/crypt.h"

static const unsigned char key[MNV_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[MNV_KEY_BYTES] = "0123456789abcdef0123456789abcdf";

static void hex_is(unit_t *unit, const unsigned char *data, size_t length, const char *expected)
{
    char *text = apr_pcalloc(unit->pool, 2 * length + 1);
    for (size_t i = 0; i < length; i++) {
        apr_snprintf(text + 2 * i, 3, "%02x", data[i]);
    }
    assert_string_equal(text, expected);
}

static unsigned char *seal(unit_t *unit, const char *plain, const char *aad)
{
    unsigned char *sealed = apr_palloc(unit->pool, strlen(plain) + MNV_SEAL_OVERHEAD);
    assert_int_equal(mnv_crypt_seal(unit->ctx, key, aad, strlen(aad), plain, strlen(plain), sealed), APR_SUCCESS);
    return sealed;
}

static void refuses_any_changed_bit(void **state)
{
    unit_t *unit = *state;
    unsigned char *sealed = seal(unit, "hello", "row"), out[5];
    apr_size_t length = 5 + MNV_SEAL_OVERHEAD;
    for (apr_size_t bit = 0; bit < 8 * length; bit++) {
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        memset(out, 'x', sizeof(out));
        assert_int_equal(mnv_crypt_open(key, "row", 3, sealed, length, out), APR_EACCES);
        assert_memory_equal(out, "\0\0\0\0\0", 5);
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_int_equal(mnv_crypt_open(key, "row", 3, sealed, length, out), APR_SUCCESS);
    assert_memory_equal(out, "hello", 5);
}

static void refuses_another_key_place_or_length(void **state)
{
    unit_t *unit = *state;
    unsigned char *sealed = seal(unit, "hello", "row"), out[40];
    apr_size_t length = 5 + MNV_SEAL_OVERHEAD;
    assert_int_equal(mnv_crypt_open(other_key, "row", 3, sealed, length, out), APR_EACCES);
    assert_int_equal(mnv_crypt_open(key, "rox", 3, sealed, length, out), APR_EACCES);
    assert_int_equal(mnv_crypt_open(key, "row", 2, sealed, length, out), APR_EACCES);
    assert_int_equal(mnv_crypt_open(key, NULL, 0, sealed, length, out), APR_EACCES);
    for (apr_size_t i = 0; i < length; i++) {
        assert_int_equal(mnv_crypt_open(key, "row", 3, sealed, i, out), APR_EACCES);
    }
}

static void refuses_to_seal_without_random_bytes(void **state)
{
    unit_t *unit = *state;
    unsigned char sealed[1 + MNV_SEAL_OVERHEAD];
    unit->random_fails = 1;
    assert_int_equal(mnv_crypt_seal(unit->ctx, key, NULL, 0, "x", 1, sealed), APR_EGENERAL);
}

static void seals_anew_each_time(void **state)
{
    unit_t *unit = *state;
    unsigned char *first = seal(unit, "hello", ""), *second = seal(unit, "hello", ""), *none = seal(unit, "", "row"), out[5];
    assert_memory_not_equal(first, second, 12);
    assert_memory_not_equal(first + 12, second + 12, 5);
    assert_int_equal(mnv_crypt_open(key, "", 0, first, 5 + MNV_SEAL_OVERHEAD, out), APR_SUCCESS);
    assert_int_equal(mnv_crypt_open(key, "row", 3, none, MNV_SEAL_OVERHEAD, out), APR_SUCCESS);
    assert_int_equal(mnv_crypt_open(key, "rox", 3, none, MNV_SEAL_OVERHEAD, out), APR_EACCES);
}

/* NIST's AES-256-GCM test case 14 of the GCM paper: key and nonce zero, 16 zero bytes */
static void opens_what_others_sealed(void **state)
{
    static const unsigned char zero[32], sealed[] = "\0\0\0\0\0\0\0\0\0\0\0\0"
        "\xce\xa7\x40\x3d\x4d\x60\x6b\x6e\x07\x4e\xc5\xd3\xba\xf3\x9d\x18" "\xd0\xd1\xc8\xa7\x99\x99\x6b\xf0\x26\x5b\x98\xb5\xd4\x8a\xb9\x19";
    unsigned char out[16];
    (void)state;
    assert_int_equal(mnv_crypt_open(zero, NULL, 0, sealed, sizeof(sealed) - 1, out), APR_SUCCESS);
    assert_memory_equal(out, zero, 16);
}

static void agrees_with_published_vectors(void **state)
{
    unit_t *unit = *state;
    unsigned char out[32];
    assert_int_equal(mnv_crypt_sha256("abc", 3, out), APR_SUCCESS);
    hex_is(unit, out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(mnv_crypt_sha256(NULL, 0, out), APR_SUCCESS);
    hex_is(unit, out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* RFC 4231 case 2: the key "Jefe" filled up with zeros is the same HMAC key */
    assert_int_equal(mnv_crypt_hmac((const unsigned char *)"Jefe\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "what do ya want for nothing?", 28, out), APR_SUCCESS);
    hex_is(unit, out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    /* RFC 5869 case 1, the first block of OKM */
    assert_int_equal(mnv_crypt_derive((const unsigned char *)"\x07\x77\x09\x36\x2c\x2e\x32\xdf\x0d\xdc\x3f\x0d\xc4\x7b\xba\x63\x90\xb6\xc7\x3b\xb5\x0f\x9c\x31\x22\xec\x84\x4a\xd7\xc2\xb3\xe5",
                                      "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out), APR_SUCCESS);
    hex_is(unit, out, 32, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

static void keys_and_labels_separate(void **state)
{
    unsigned char first[32], second[32];
    (void)state;
    assert_int_equal(mnv_crypt_hmac(key, "a", 1, first), APR_SUCCESS);
    assert_int_equal(mnv_crypt_hmac(other_key, "a", 1, second), APR_SUCCESS);
    assert_memory_not_equal(first, second, 32);
    assert_int_equal(mnv_crypt_hmac(key, "a", 1, second), APR_SUCCESS);
    assert_memory_equal(first, second, 32);
    assert_int_equal(mnv_crypt_derive(key, "flow", first), APR_SUCCESS);
    assert_int_equal(mnv_crypt_derive(key, "record", second), APR_SUCCESS);
    assert_memory_not_equal(first, second, 32);
}

static void gives_random_bytes(void **state)
{
    unsigned char first[32] = { 0 }, second[32] = { 0 };
    (void)state;
    assert_int_equal(mnv_crypt_random(first, 32), APR_SUCCESS);
    assert_int_equal(mnv_crypt_random(second, 32), APR_SUCCESS);
    assert_memory_not_equal(first, second, 32);
    assert_int_equal(mnv_crypt_random(first, 0), APR_SUCCESS);
}

/* The leak checker sees it when a thread's contexts are not freed at its end. */
static void *work(void *baton)
{
    unsigned char digest[32], sealed[3 + MNV_SEAL_OVERHEAD], out[3];
    memset(sealed, 0, sizeof(sealed));
    for (int i = 0; i < 200; i++) {
        if (mnv_crypt_sha256("abc", 3, digest) != APR_SUCCESS || digest[0] != 0xba || mnv_crypt_hmac(key, "abc", 3, digest) != APR_SUCCESS
            || mnv_crypt_open(key, "", 0, sealed, sizeof(sealed), out) != APR_EACCES) {
            *(int *)baton = 1;
        }
    }
    return NULL;
}

static void serves_threads_that_come_and_go(void **state)
{
    int failed[8] = { 0 };
    (void)state;
    for (int round = 0; round < 20; round++) {
        pthread_t threads[8];
        for (int i = 0; i < 8; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, work, &failed[i]), 0);
        }
        for (int i = 0; i < 8; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(failed[i], 0);
        }
    }
}

static void starts_again_after_its_end(void **state)
{
    unsigned char digest[32];
    (void)state;
    mnv_crypt_end();
    mnv_crypt_end();
    assert_int_equal(mnv_crypt_sha256("abc", 3, digest), APR_SUCCESS);
    assert_int_equal(digest[0], 0xba);
    assert_int_equal(mnv_crypt_init(), APR_SUCCESS);
    mnv_crypt_end();
    /* a thousand restarts of httpd use no thread key up */
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(mnv_crypt_init(), APR_SUCCESS);
        mnv_crypt_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(refuses_any_changed_bit),
        UNIT_TEST(refuses_another_key_place_or_length),
        UNIT_TEST(refuses_to_seal_without_random_bytes),
        UNIT_TEST(seals_anew_each_time),
        UNIT_TEST(opens_what_others_sealed),
        UNIT_TEST(agrees_with_published_vectors),
        UNIT_TEST(keys_and_labels_separate),
        UNIT_TEST(gives_random_bytes),
        UNIT_TEST(serves_threads_that_come_and_go),
        UNIT_TEST(starts_again_after_its_end),
    };
    return unit_run(tests);
}
