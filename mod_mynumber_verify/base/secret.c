#include "base/secret.h"

#include <string.h>

int mnv_secret_equal(const void *a, const void *b, apr_size_t length)
{
    const unsigned char *left = a, *right = b;
    apr_uint64_t difference = 0, one, other;
    for (; length >= sizeof(one); length -= sizeof(one), left += sizeof(one), right += sizeof(one)) {
        memcpy(&one, left, sizeof(one));
        memcpy(&other, right, sizeof(other));
        difference |= one ^ other;
        /* tells the compiler that it is looked at here: no leaving early */
        __asm__ __volatile__("" : "+r"(difference));
    }
    for (; length > 0; length--) {
        difference |= (apr_uint64_t)(*left++ ^ *right++);
        __asm__ __volatile__("" : "+r"(difference));
    }
    return difference == 0;
}

int mnv_secret_equal_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return 0;
    }
    apr_size_t length = strlen(a);
    return length == strlen(b) && mnv_secret_equal(a, b, length);
}

void mnv_secret_wipe(void *buffer, apr_size_t length)
{
    if (buffer != NULL && length > 0) {
        memset(buffer, 0, length);
        /* tells the compiler that somebody may look: the memset stays */
        __asm__ __volatile__("" : : "r"(buffer) : "memory");
    }
}

typedef struct {
    apr_size_t length;
    unsigned char bytes[];
} secret_t;

static apr_status_t wipe(void *data)
{
    secret_t *secret = data;
    mnv_secret_wipe(secret->bytes, secret->length);
    return APR_SUCCESS;
}

unsigned char *mnv_secret_make(apr_pool_t *pool, apr_size_t length)
{
    secret_t *secret = apr_pcalloc(pool, sizeof(*secret) + length);
    secret->length = length;
    apr_pool_cleanup_register(pool, secret, wipe, wipe);
    return secret->bytes;
}
