/* Arithmetic that says so when the result does not fit. The only use of compiler extensions. */
#ifndef CANDLED_RUNTIME_CHECKED_H
#define CANDLED_RUNTIME_CHECKED_H

#include "runtime/base.h"

#include <stdbool.h>
#include <stdint.h>

/* 128 bits, as gcc and clang have them on every 64-bit target. */
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* False: it does not fit, and *out is meaningless. */
MUST_CHECK static inline bool checked_add(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

MUST_CHECK static inline bool checked_multiply(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

MUST_CHECK static inline bool checked_add_128(int128 a, int128 b, int128 *out)
{
    return !__builtin_add_overflow(a, b, out);
}

MUST_CHECK static inline bool checked_multiply_128(int128 a, int128 b, int128 *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

#endif
