#include "proto/decimal.h"

#include "proto/eight.h"

#include <assert.h>
#include <string.h>

enum {
    SUM_DIGITS_MAX = 34,    /* what Decimal128 holds */
    CHUNK_DIGITS = 19,      /* the most that always fit 64 bits */
    PRINTED_DIGITS_MAX = 39 /* of a 128-bit number */
};

static const uint64_t powers_of_ten[] = {
    1ull,
    10ull,
    100ull,
    1000ull,
    10000ull,
    100000ull,
    1000000ull,
    10000000ull,
    100000000ull,
    1000000000ull,
    10000000000ull,
    100000000000ull,
    1000000000000ull,
    10000000000000ull,
    100000000000000ull,
    1000000000000000ull,
    10000000000000000ull,
    100000000000000000ull,
    1000000000000000000ull,
    10000000000000000000ull,
};

_Static_assert(DECIMAL_SCALE_MAX < ARRAY_COUNT(powers_of_ten), "a scale has no power of ten");

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* At most 19 digits: more would wrap. */
static uint64_t value_of(const char *digits, size_t count)
{
    uint64_t value = 0;
    for (; count >= 8; digits += 8, count -= 8) {
        value = value * 100000000 + eight_value(eight_load(digits));
    }
    for (; count > 0; digits++, count--) {
        value = value * 10 + (uint64_t)(*digits - '0');
    }
    return value;
}

static size_t count_digits(const char *text, const char *end)
{
    const char *next = text;
    while (end - next >= 8 && eight_are_digits(eight_load(next))) {
        next += 8;
    }
    while (next < end && is_digit(*next)) {
        next++;
    }
    return (size_t)(next - text);
}

/* The digits of a number, before and after its point. */
struct parts {
    const char *integer;
    const char *fraction;
    size_t integer_count;
    size_t fraction_count;
    bool is_negative;
};

static bool split(struct slice text, struct parts *out_parts)
{
    const char *next = text.bytes;
    const char *end = next + text.size;
    struct parts parts = {.is_negative = next < end && *next == '-'};

    next += parts.is_negative;
    parts.integer = next;
    parts.integer_count = count_digits(next, end);
    next += parts.integer_count;
    if (next < end && *next == '.') {
        next++;
        parts.fraction = next;
        parts.fraction_count = count_digits(next, end);
        next += parts.fraction_count;
    }
    *out_parts = parts;
    return next == end && parts.integer_count + parts.fraction_count > 0;
}

static void drop_digits_without_value(struct parts *parts)
{
    while (parts->integer_count > 0 && *parts->integer == '0') {
        parts->integer++;
        parts->integer_count--;
    }
    while (parts->fraction_count > DECIMAL_SCALE_MAX &&
           parts->fraction[parts->fraction_count - 1] == '0') {
        parts->fraction_count--;
    }
}

enum status decimal_parse(struct slice text, struct decimal *out_decimal)
{
    struct parts parts;
    if (text.size == 0 || !split(text, &parts)) {
        return STATUS_MALFORMED;
    }
    drop_digits_without_value(&parts);
    if (parts.integer_count > DECIMAL_INTEGER_DIGITS_MAX ||
        parts.fraction_count > DECIMAL_SCALE_MAX) {
        return STATUS_RANGE;
    }
    uint64_t integer = value_of(parts.integer, parts.integer_count);
    uint64_t fraction = value_of(parts.fraction, parts.fraction_count);
    int128 coefficient = (int128)integer * (int128)powers_of_ten[parts.fraction_count];
    coefficient += fraction;
    out_decimal->coefficient = parts.is_negative ? -coefficient : coefficient;
    out_decimal->scale = (uint8_t)parts.fraction_count;
    return STATUS_OK;
}

/* False: the coefficient does not fit, and *out is meaningless. */
static bool rescale(struct decimal decimal, uint8_t scale, int128 *out)
{
    assert(decimal.scale <= scale);
    assert(scale <= DECIMAL_SCALE_MAX);
    return checked_multiply_128(decimal.coefficient, (int128)powers_of_ten[scale - decimal.scale],
                                out);
}

bool decimal_coefficient_at(struct decimal decimal, uint8_t scale, int128 *out)
{
    return rescale(decimal, scale, out);
}

static bool fits_sum(int128 coefficient)
{
    static const uint64_t half = 100000000000000000ull; /* 17 of the 34 digits */
    int128 limit = (int128)half * (int128)half;
    return coefficient < limit && coefficient > -limit;
}

_Static_assert(SUM_DIGITS_MAX == 2 * 17, "fits_sum() squares 10^17");

enum status decimal_add(struct decimal *sum, struct decimal addend)
{
    uint8_t scale = sum->scale > addend.scale ? sum->scale : addend.scale;
    int128 a;
    int128 b;
    int128 total;

    if (!rescale(*sum, scale, &a) || !rescale(addend, scale, &b) ||
        !checked_add_128(a, b, &total) || !fits_sum(total)) {
        return STATUS_RANGE;
    }
    *sum = (struct decimal){.coefficient = total, .scale = scale};
    return STATUS_OK;
}

static int sign_of(int128 number)
{
    return (number > 0) - (number < 0);
}

/* The scale of `a` is the smaller one. What no longer fits when `a` takes the scale of `b` is
 * further from zero than any coefficient, so that its sign decides. */
static int compare_rescaled(struct decimal a, struct decimal b)
{
    int128 coefficient;
    if (!rescale(a, b.scale, &coefficient)) {
        return sign_of(a.coefficient);
    }
    return (coefficient > b.coefficient) - (coefficient < b.coefficient);
}

int decimal_compare_scaled(struct decimal a, struct decimal b)
{
    return a.scale <= b.scale ? compare_rescaled(a, b) : -compare_rescaled(b, a);
}

/* Writes the digits so that they end at `end`; returns where they begin. */
static char *print_chunk(uint64_t number, size_t count_min, char *end)
{
    char *start = end;
    while (number > 0 || (size_t)(end - start) < count_min) {
        *--start = (char)('0' + number % 10);
        number /= 10;
    }
    return start;
}

static char *print_magnitude(uint128 magnitude, size_t count_min, char *end)
{
    uint64_t chunk = powers_of_ten[CHUNK_DIGITS];
    char *start = end;
    while (magnitude > UINT64_MAX) {
        start = print_chunk((uint64_t)(magnitude % chunk), CHUNK_DIGITS, start);
        magnitude /= chunk;
    }
    size_t written = (size_t)(end - start);
    return print_chunk((uint64_t)magnitude, count_min > written ? count_min - written : 0, start);
}

size_t decimal_print(struct decimal decimal, char text[DECIMAL_TEXT_MAX])
{
    assert(decimal.scale <= DECIMAL_SCALE_MAX);
    char digits[PRINTED_DIGITS_MAX];
    char *end = digits + sizeof(digits);
    bool is_negative = decimal.coefficient < 0;
    uint128 magnitude =
        is_negative ? 0 - (uint128)decimal.coefficient : (uint128)decimal.coefficient;
    const char *start = print_magnitude(magnitude, (size_t)decimal.scale + 1, end);
    size_t integer_count = (size_t)(end - start) - decimal.scale;
    char *next = text;

    if (is_negative) {
        *next++ = '-';
    }
    memcpy(next, start, integer_count);
    next += integer_count;
    if (decimal.scale > 0) {
        *next++ = '.';
        memcpy(next, start + integer_count, decimal.scale);
        next += decimal.scale;
    }
    *next = '\0';
    return (size_t)(next - text);
}
