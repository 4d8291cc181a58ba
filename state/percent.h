/* Percent-encoding, as urls and S3's signatures have it (RFC 3986). */
#ifndef CANDLED_STATE_PERCENT_H
#define CANDLED_STATE_PERCENT_H

#include "runtime/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the text to what `out` already holds, terminated; all but unreserved letters is encoded,
 * and slashes unless they are to stay. False: it does not fit, and `out` is as it was. */
MUST_CHECK bool percent_encode(const char *text, bool keeps_slashes, char *out, size_t out_size);

/* Decodes `size` bytes of text; with has_plus a plus is a space, as in forms. False: it does not
 * fit, or there is a % without two hexadecimal digits, or an encoded zero. */
MUST_CHECK bool percent_decode(const char *text, size_t size, bool has_plus, char *out,
                               size_t out_size);

#endif
