/* Text: UTF-8 checks and the escapes of each place it may land in. Escape where it is printed, not where it is read. */
#ifndef MNV_BASE_TEXT_H
#define MNV_BASE_TEXT_H

#include <apr_pools.h>

/** The well-formed UTF-8 character at text. @param point may be NULL @return its 1 to 4 bytes, or 0 for anything else, NUL included */
int mnv_text_char(const char *text, apr_size_t length, apr_uint32_t *point);

/** Is a character one of C0, C1, DEL, U+2028, U+2029? */
int mnv_text_is_control(apr_uint32_t point);

/** Is this well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF)? NUL bytes count as not. */
int mnv_text_is_utf8(const char *text, apr_size_t length);

/** Are there C0/C1 control characters, DEL or line separators (U+2028/9)? Broken UTF-8 counts as such. */
int mnv_text_has_control(const char *text);

/** Is text 1 to limit bytes of printable ASCII (0x21 to 0x7e, no blank)? */
int mnv_text_is_token(const char *text, apr_size_t limit);

/** HTML-escape & < > " ' and remove nothing else. Pool: pool. */
const char *mnv_text_html(apr_pool_t *pool, const char *text);

/** Percent-encode for a header: bytes outside printable ASCII, "%" and blanks at the ends become %XX, the rest stays readable. Pool: pool. */
const char *mnv_text_percent(apr_pool_t *pool, const char *text);

struct apr_array_header_t;
/** Join several values by ";" with "\\" as escape for ";" and "\\". values: const char * elements. Pool: pool. */
const char *mnv_text_join(apr_pool_t *pool, const struct apr_array_header_t *values);

/** The values as they were before mnv_text_join(): const char * elements, at least one. Pool: pool. */
struct apr_array_header_t *mnv_text_split(apr_pool_t *pool, const char *joined);

#endif
