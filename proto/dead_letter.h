/* A record that could not be used, with all that a person needs to find it and judge it. */
#ifndef CANDLED_PROTO_DEAD_LETTER_H
#define CANDLED_PROTO_DEAD_LETTER_H

#include "proto/kline.h"
#include "proto/reason.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer value is cut, and says so: the letter must fit any broker's default message limit. */
enum { DEAD_LETTER_VALUE_MAX = 900000, DEAD_LETTER_KEY_MAX = 1024 };

struct dead_letter {
    enum reason reason;
    char error[KLINE_ERROR_MAX];
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the record's own Kafka timestamp */
    bool is_truncated;
    struct slice key; /* borrowed, as the value is */
    struct slice value;
};

/* An upper bound for dead_letter_encode(). */
size_t dead_letter_encoded_max(const struct dead_letter *letter);

/* Cuts key and value to their limits, and is_truncated is then stored as true. No key (NULL) stays
 * apart from an empty one. Returns the bytes written. */
size_t dead_letter_encode(const struct dead_letter *letter, unsigned char *bytes);

/* Key and value point into `bytes`. */
MUST_CHECK enum status dead_letter_decode(struct slice bytes, struct dead_letter *out_letter);

#endif
