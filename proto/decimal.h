/* An exact decimal number: a 128-bit coefficient and a scale. No double touches a price or a
 * volume.
 *
 * value = coefficient / 10^scale. The scale is what the exchange wrote ("1.500" has 3) and is kept,
 * so that printing gives the same digits back. Sums take the larger scale.
 * Limits: at most 16 digits before the point and 14 after it, so that any sum over a window (1,440
 * minutes) fits 34 digits, which is also what MongoDB's Decimal128 holds. */
#ifndef CANDLED_PROTO_DECIMAL_H
#define CANDLED_PROTO_DECIMAL_H

#include "runtime/base.h"
#include "runtime/checked.h"
#include "runtime/slice.h"
#include "runtime/status.h"

enum {
    DECIMAL_INTEGER_DIGITS_MAX = 16,
    DECIMAL_SCALE_MAX = 14,
    DECIMAL_TEXT_MAX = 44, /* sign, 39 digits, point, leading zero, terminating zero */
};

struct decimal {
    int128 coefficient;
    uint8_t scale;
};

/* Digits, at most one point, an optional leading minus; no exponent, plus sign, space, or lone
 * point. STATUS_MALFORMED: not such a number. STATUS_RANGE: more digits than fit (zeros that end
 * the fraction beyond the limit are dropped, leading zeros do not count). */
MUST_CHECK enum status decimal_parse(struct slice text, struct decimal *out_decimal);

/* STATUS_RANGE leaves *sum alone. */
MUST_CHECK enum status decimal_add(struct decimal *sum, struct decimal addend);

/* decimal_compare() for any scales. */
int decimal_compare_scaled(struct decimal a, struct decimal b);

/* <0, 0, >0; by value: 1.0 equals 1.00. Never overflows. An exchange writes all prices of a symbol
 * with one scale. */
static inline int decimal_compare(struct decimal a, struct decimal b)
{
    return a.scale == b.scale ? (a.coefficient > b.coefficient) - (a.coefficient < b.coefficient)
                              : decimal_compare_scaled(a, b);
}

/* The coefficient that it has at a scale, at least its own and DECIMAL_SCALE_MAX at most. False: it
 * does not fit 128 bits, and *out is meaningless. */
MUST_CHECK bool decimal_coefficient_at(struct decimal decimal, uint8_t scale, int128 *out);

static inline bool decimal_is_negative(struct decimal decimal)
{
    return decimal.coefficient < 0;
}

/* Exact digits ("0.00012", "-3", "1.500"), zero-terminated; returns the length. */
size_t decimal_print(struct decimal decimal, char text[DECIMAL_TEXT_MAX]);

#endif
