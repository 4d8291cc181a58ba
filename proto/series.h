/* Derived series: values that follow from a symbol's candles of one interval.
 *
 *     vwap      quote volume / volume of the candle itself
 *     sma(n)    the mean of the closes of the n windows that end with it
 *     ema(n)    their exponential mean, over 8n windows: any replay of that length gives it again
 *
 * Values are fixed-point, SERIES_SCALE digits after the point; what is not defined is not known.
 * What they are computed from, and when they are not: docs/semantics.md. Plain data. */
#ifndef CANDLED_PROTO_SERIES_H
#define CANDLED_PROTO_SERIES_H

#include "proto/decimal.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct msgpack_reader;
struct msgpack_writer;

/* clang-format off */
#define SERIES_KINDS(X)                               \
    /* name  windows it looks at, for each of its n */ \
    X(vwap,  0)                                       \
    X(sma,   1)                                       \
    X(ema,   8)
/* clang-format on */

enum series_kind {
#define X(name, windows) SERIES_##name,
    SERIES_KINDS(X)
#undef X
        SERIES_KIND_COUNT
};

enum {
    SERIES_MAX = 8,
    SERIES_LENGTH_MIN = 2,
    SERIES_LENGTH_MAX = 100,
    SERIES_SCALE = DECIMAL_SCALE_MAX,
    SERIES_TEXT_MAX = 16,
    SERIES_ENCODED_MAX = 2 + SERIES_MAX * 24,
};

struct series {
    uint8_t kind;   /* enum series_kind */
    uint8_t length; /* n; 0 where the kind has none */
};

struct series_set {
    size_t count;
    struct series items[SERIES_MAX];
};

/* The values of one candle. */
struct derived {
    uint8_t count;
    bool is_known[SERIES_MAX];
    struct series series[SERIES_MAX];
    int128 values[SERIES_MAX]; /* at SERIES_SCALE; 0 where not known */
};

/* "vwap", "sma(20)". STATUS_MALFORMED: no such series. STATUS_RANGE: n is out of its limits. */
MUST_CHECK enum status series_parse(struct slice text, struct series *out_series);

/* As it is parsed: "sma(20)". */
void series_print(struct series series, char text[SERIES_TEXT_MAX]);

/* What the field is called: "sma20". */
void series_name(struct series series, char text[SERIES_TEXT_MAX]);

/* How many windows decide a value, with the candle's own: 1 at least, and 1 of an empty set. */
int64_t series_windows(struct series series);
int64_t series_set_windows(const struct series_set *set);

bool series_set_has(const struct series_set *set, struct series series);

/* Without zeros that end the fraction. */
struct decimal series_value(const struct derived *derived, size_t index);

bool series_same(const struct derived *a, const struct derived *b);

/* As elements of a msgpack array: the number of values, then each. */
size_t series_element_count(const struct derived *derived);
void series_encode(const struct derived *derived, struct msgpack_writer *writer);

/* False: nothing that series_encode() writes. */
MUST_CHECK bool series_decode(struct msgpack_reader *reader, struct derived *out_derived);

#endif
