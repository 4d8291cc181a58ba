/* Holds what the log says against what LMDB, Redis and MongoDB hold, candle by candle.
 *
 * The log is folded again (refold.h) up to what the group knows to be acknowledged by every sink;
 * what a store holds beyond that is newer, and no difference.
 * Thread: one that may block. */
#ifndef CANDLED_OPS_VERIFY_H
#define CANDLED_OPS_VERIFY_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/* clang-format off */
#define VERIFY_PLACES(X) X(lmdb) X(redis) X(mongo)

#define VERIFY_VERDICTS(X)                                                        \
    /* name      is a difference   what it means                               */ \
    X(same,      false,            "as the log says")                             \
    X(newer,     false,            "changed by records beyond what was compared") \
    X(expired,   false,            "gone by its TTL")                             \
    X(missing,   true,             "not there")                                   \
    X(older,     true,             "of an older revision, or of none")            \
    X(other,     true,             "of the same revision, with another content")
/* clang-format on */

enum verify_place {
#define X(name) VERIFY_##name,
    VERIFY_PLACES(X)
#undef X
        VERIFY_PLACE_COUNT
};

enum verify_verdict {
#define X(name, is_difference, text) VERDICT_##name,
    VERIFY_VERDICTS(X)
#undef X
        VERDICT_COUNT
};

const char *verify_place_name(enum verify_place place);
const char *verify_verdict_name(enum verify_verdict verdict);
bool verify_is_difference(enum verify_verdict verdict);

struct verify_difference {
    enum verify_place place;
    enum verify_verdict verdict;
    const struct candle *wanted;
    const char *found; /* as stored; NULL: nothing */
    int64_t found_revision;
};

enum { VERIFY_ERROR_MAX = 320 };

struct verify_options {
    const struct config *config;
    int64_t from_ms; /* open times, [from, to); INT64_MIN: a day before the newest event */
    int64_t to_ms;
    const char *const *symbols; /* NULL: all */
    size_t symbol_count;
    int32_t partition; /* -1: all */
    void *context;
    /* Each difference, in the order of symbols and times within a partition. */
    void (*differs)(void *context, const struct verify_difference *difference);
    /* A record of the log was read; NULL: nobody wants to know. */
    void (*progress)(void *context, int64_t done, int64_t total);
};

struct verify_result {
    bool is_compared[VERIFY_PLACE_COUNT];
    int64_t counts[VERIFY_PLACE_COUNT][VERDICT_COUNT];
    int64_t candles;
    int64_t records;
    int32_t partitions;
    char error[VERIFY_ERROR_MAX]; /* with a failure: what, where, what to do */
};

MUST_CHECK enum status verify_run(const struct verify_options *options,
                                  struct verify_result *out_result);

#endif
