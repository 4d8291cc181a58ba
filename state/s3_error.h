/* What an answer of S3 that is no success means, and what to do about it. Pure. */
#ifndef CANDLED_STATE_S3_ERROR_H
#define CANDLED_STATE_S3_ERROR_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

enum { S3_ERROR_MAX = 512 };

/* STATUS_NOT_FOUND, STATUS_UNAVAILABLE or STATUS_REJECTED. `text` is in the server's own words,
 * or its HTTP code where it is not S3 at all; the advice may be NULL. */
MUST_CHECK enum status s3_error_judge(int http_code, struct slice body, char text[S3_ERROR_MAX],
                                      const char **out_advice);

#endif
