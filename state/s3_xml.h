/* What S3 answers, out of XML: pages of keys, and errors. Reads hostile bytes. */
#ifndef CANDLED_STATE_S3_XML_H
#define CANDLED_STATE_S3_XML_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/s3_url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct s3_error {
    char code[64]; /* "NoSuchBucket" */
    char message[256];
    char region[S3_REGION_MAX + 1]; /* where the bucket is, when the server tells */
};

/* STATUS_MALFORMED: it is no error of S3. Long texts are cut. */
MUST_CHECK enum status s3_xml_read_error(struct slice text, struct s3_error *out_error);

/* Keys are decoded; those longer than any of ours are left out. */
typedef void s3_key_fn(void *context, const char *key, int64_t size_bytes);

/* Calls `visit` for each key of a page. STATUS_MALFORMED: it is no whole page; nothing was visited.
 * The token is empty when there is no next page. */
MUST_CHECK enum status s3_xml_read_page(struct slice text, s3_key_fn *visit, void *context,
                                        char token[S3_TOKEN_MAX + 1]);

#endif
