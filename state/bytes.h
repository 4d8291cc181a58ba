/* Whole numbers as bytes: big-endian where they must sort, little-endian where they need not. */
#ifndef CANDLED_STATE_BYTES_H
#define CANDLED_STATE_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void bytes_put_be(unsigned char *bytes, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        bytes[size - 1 - i] = (unsigned char)(value >> (8 * i));
    }
}

static inline uint64_t bytes_get_be(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* With the sign bit turned round, so that negative numbers sort before the others. */
static inline void bytes_put_sorted(unsigned char *bytes, int64_t value)
{
    bytes_put_be(bytes, sizeof(value), (uint64_t)value ^ (uint64_t)1 << 63);
}

static inline int64_t bytes_get_sorted(const unsigned char *bytes)
{
    return (int64_t)(bytes_get_be(bytes, sizeof(int64_t)) ^ (uint64_t)1 << 63);
}

static inline void bytes_put_le(unsigned char *bytes, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
}

static inline uint64_t bytes_get_le(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

#endif
