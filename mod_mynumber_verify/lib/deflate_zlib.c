#include "lib/deflate.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

/* -15: the largest window, and neither zlib's nor gzip's frame around it */
#define RAW_WINDOW (-15)
#define FIRST_BYTES 4096

apr_status_t mnv_deflate(apr_pool_t *pool, const char *text, apr_size_t length, unsigned char **packed, apr_size_t *packed_length)
{
    z_stream stream;
    unsigned char *out;
    uLong most;
    int done;

    memset(&stream, 0, sizeof(stream));
    if (length > UINT_MAX / 2 || deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return APR_EGENERAL;
    }
    most = deflateBound(&stream, (uLong)length);
    out = apr_palloc(pool, most);
    stream.next_in = (z_const Bytef *)text;
    stream.avail_in = (uInt)length;
    stream.next_out = out;
    stream.avail_out = (uInt)most;
    done = deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    if (done != Z_STREAM_END) {
        return APR_EGENERAL;
    }
    *packed = out;
    *packed_length = stream.total_out;
    return APR_SUCCESS;
}

/* The room is doubled as needed, so that a small message never costs the limit. */
static char *widen(apr_pool_t *pool, z_stream *stream, const char *old, apr_size_t *room, apr_size_t limit_bytes)
{
    apr_size_t wanted = *room * 2 < limit_bytes ? *room * 2 : limit_bytes;
    char *made = apr_palloc(pool, wanted + 1);

    memcpy(made, old, *room);
    stream->next_out = (Bytef *)made + *room;
    stream->avail_out = (uInt)(wanted - *room);
    *room = wanted;
    return made;
}

apr_status_t mnv_inflate(apr_pool_t *pool, const unsigned char *packed, apr_size_t packed_length, apr_size_t limit_bytes, char **text, apr_size_t *length)
{
    apr_size_t room = limit_bytes < FIRST_BYTES ? limit_bytes : FIRST_BYTES;
    char *out = apr_palloc(pool, room + 1);
    z_stream stream;
    int done;

    memset(&stream, 0, sizeof(stream));
    if (packed_length > UINT_MAX || limit_bytes > UINT_MAX || inflateInit2(&stream, RAW_WINDOW) != Z_OK) {
        return APR_EINVAL;
    }
    stream.next_in = (z_const Bytef *)packed;
    stream.avail_in = (uInt)packed_length;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    while ((done = inflate(&stream, Z_NO_FLUSH)) == Z_OK || (done == Z_BUF_ERROR && stream.avail_out == 0)) {
        if (stream.avail_out == 0 && room == limit_bytes) {
            inflateEnd(&stream);
            return APR_ENOSPC;
        }
        if (stream.avail_out == 0) {
            out = widen(pool, &stream, out, &room, limit_bytes);
        }
        else if (stream.avail_in == 0) {
            break;
        }
    }
    inflateEnd(&stream);
    if (done != Z_STREAM_END || stream.avail_in != 0) {
        return APR_EINVAL;
    }
    out[stream.total_out] = '\0';
    *text = out;
    *length = stream.total_out;
    return APR_SUCCESS;
}
