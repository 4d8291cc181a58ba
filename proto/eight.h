/* Eight bytes of text looked at in one word.
 *
 * Source of the formulas: "Bit Twiddling Hacks" (a zero byte, a byte less than n), and D. Lemire,
 * "Quickly parsing eight digits" and "Quickly determining if a string is made of digits". */
#ifndef CANDLED_PROTO_EIGHT_H
#define CANDLED_PROTO_EIGHT_H

#include "runtime/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The byte in all eight places. */
#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The first byte is the lowest one, on any machine. */
static inline uint64_t eight_load(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline bool eight_are_digits(uint64_t word)
{
    return ((word & EIGHT(0xf0)) | (((word + EIGHT(0x06)) & EIGHT(0xf0)) >> 4)) == EIGHT(0x33);
}

/* Such words compare as their texts do. */
static inline uint64_t eight_order(uint64_t word)
{
    return __builtin_bswap64(word);
}

/* How many digits come first, 0 to 8. */
static ALWAYS_INLINE size_t eight_digits(uint64_t word)
{
    uint64_t values = word ^ EIGHT('0');
    uint64_t others = (((values & EIGHT(0x7f)) + EIGHT(0x76)) | values) & EIGHT(0x80);
    return others == 0 ? 8 : (size_t)__builtin_ctzll(others) / 8;
}

/* Of eight digits: 0 to 99,999,999. */
static inline uint64_t eight_value(uint64_t word)
{
    word = (word & EIGHT(0x0f)) * (10 * 256 + 1) >> 8;
    word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (100 * 65536 + 1) >> 16;
    return (word & UINT64_C(0x0000ffff0000ffff)) * (UINT64_C(10000) * 4294967296 + 1) >> 32;
}

static inline uint64_t eight_zero(uint64_t word)
{
    return (word - EIGHT(1)) & ~word & EIGHT(0x80);
}

/* Each stands for itself inside a JSON string: ASCII, no quote, no backslash, no control. */
static inline bool eight_are_plain(uint64_t word)
{
    uint64_t controls = (word - EIGHT(' ')) & ~word & EIGHT(0x80);
    uint64_t others = eight_zero(word ^ EIGHT('"')) | eight_zero(word ^ EIGHT('\\'));
    return ((controls | others | word) & EIGHT(0x80)) == 0;
}

#endif
