#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

#define MNV_LOG_LIMIT_BYTES 2000

void mnv_log_escape(char *out, apr_size_t size, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    apr_size_t length = strlen(text), used = 0;
    for (apr_size_t i = 0; i < length;) {
        apr_uint32_t point = 0;
        int count = mnv_text_char(text + i, length - i, &point);
        /* Line breaks would forge lines, escape sequences would act on the administrator's terminal. Controls above ASCII and
         * broken UTF-8 are written byte by byte. */
        int raw = count > 0 && !mnv_text_is_control(point);
        apr_size_t bytes = count > 0 ? (apr_size_t)count : 1;
        apr_size_t needed = raw ? bytes : 4 * bytes;
        if (used + needed >= size) {
            break;
        }
        for (apr_size_t end = i + bytes; i < end; i++) {
            if (raw) {
                out[used++] = text[i];
            }
            else {
                out[used++] = '\\';
                out[used++] = 'x';
                out[used++] = hex[(unsigned char)text[i] >> 4];
                out[used++] = hex[(unsigned char)text[i] & 15];
            }
        }
    }
    out[used] = '\0';
}

void mnv_log(mnv_ctx_t *ctx, mnv_log_level_e level, const char *fmt, ...)
{
    char raw[MNV_LOG_LIMIT_BYTES + 4], line[MNV_LOG_LIMIT_BYTES + 1];
    va_list arguments;
    if (!ctx->ports->log_wants(ctx->baton, (int)level)) {
        return;
    }
    va_start(arguments, fmt);
    /* libc's, not APR's: the compiler checks the format by its rules */
    int written = vsnprintf(raw, sizeof(raw), fmt, arguments);
    va_end(arguments);
    if (written < 0) {
        return;
    }
    mnv_log_escape(line, sizeof(line), raw);
    ctx->ports->log(ctx->baton, (int)level, line);
}
