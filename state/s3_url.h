/* Where a bucket is, and the urls of its objects. Pure.
 *
 *   s3://bucket/prefix?endpoint=http://host:9000&region=us-east-1
 *
 * With an endpoint the bucket stands in the path; without one it is Amazon's, and the bucket stands
 * in the host's name unless it holds a dot, which no certificate covers. */
#ifndef CANDLED_STATE_S3_URL_H
#define CANDLED_STATE_S3_URL_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    S3_BUCKET_MAX = 63,
    S3_REGION_MAX = 63,
    S3_PREFIX_MAX = 300,
    S3_TOKEN_MAX = 2048, /* what continues a list */
    S3_URL_MAX = 12288,
};

struct s3_url {
    char bucket[S3_BUCKET_MAX + 1];
    char region[S3_REGION_MAX + 1]; /* empty: not in the url */
    char prefix[S3_PREFIX_MAX + 2]; /* empty, or with a slash at its end */
    char endpoint[256];             /* empty: Amazon's */
};

/* STATUS_BAD_CONFIG, with what is wrong in `error`. */
MUST_CHECK enum status s3_url_parse(const char *url, struct s3_url *out_url, char *error,
                                    size_t error_size);

/* The url of an object. False: it does not fit. The region is not empty by now. */
MUST_CHECK bool s3_url_of_object(const struct s3_url *url, const char *key, char *out,
                                 size_t out_size);

/* The url that lists the keys with a prefix, from the token on (empty: from the first). Parameters
 * are sorted and encoded as signatures want them: libcurl before 8.3 signs them as they come. */
MUST_CHECK bool s3_url_of_list(const struct s3_url *url, const char *prefix, const char *token,
                               char *out, size_t out_size);

#endif
