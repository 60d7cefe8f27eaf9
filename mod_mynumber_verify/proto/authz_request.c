#include "proto/authz_request.h"

#include <string.h>
#include "base/base64url.h"
#include "base/url.h"
#include "lib/crypt.h"

apr_status_t mnv_authz_request_url(mnv_ctx_t *ctx, const mnv_op_metadata_t *metadata,
                                   const mnv_provider_options_t *options, const char *redirect_uri,
                                   const mnv_pending_t *pending, const char **url)
{
    const char *nonce = mnv_pending_nonce(ctx, pending);
    const char *verifier = nonce ? mnv_pending_verifier(ctx, pending) : NULL;
    unsigned char digest[MNV_DIGEST_BYTES];
    const char *made = metadata->authorization_endpoint;
    apr_size_t i;

    if (!nonce || !verifier) {
        return APR_EGENERAL; /* told */
    }
    if (mnv_crypt_sha256(verifier, strlen(verifier), digest) != APR_SUCCESS) {
        return mnv_fail(ctx, MNV_FAIL_CRYPTO, "code challenge");
    }
    /* No prompt, max_age, login_hint, ui_locales or request: the identification service does not list them. */
    const char *const parameters[][2] = {
        {"response_type", "code"},
        {"client_id", options->client_id},
        {"redirect_uri", redirect_uri},
        {"scope", options->scope ? options->scope : "openid"},
        {"state", pending->id}, /* the service refuses more than 255 characters: a key, never data */
        {"nonce", nonce},
        {"code_challenge", mnv_base64url_encode(ctx->pool, digest, sizeof(digest))}, /* RFC 7636 4.2 */
        {"code_challenge_method", "S256"},
        {"acr_values", options->acr_values},
    };
    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        if (parameters[i][1]) {
            made = mnv_url_add(ctx->pool, made, parameters[i][0], parameters[i][1]);
        }
    }
    *url = made;
    return APR_SUCCESS;
}
