/* What hostile bytes are made of: every truncation, every flipped bit. */
#ifndef CANDLED_TESTS_UNIT_PROTO_HOSTILE_H
#define CANDLED_TESTS_UNIT_PROTO_HOSTILE_H

#include "runtime/slice.h"

#include <stdlib.h>

/* Calls visit() with each proper prefix and with each copy that has one bit flipped, always in a
 * block of just that size, so that a sanitizer sees the first byte read too far. */
static inline void hostile_variants(struct slice bytes, void (*visit)(struct slice, void *),
                                    void *context)
{
    for (size_t size = 0; size < bytes.size; size++) {
        unsigned char *copy = malloc(size > 0 ? size : 1);
        memcpy(copy, bytes.bytes, size);
        visit((struct slice){copy, size}, context);
        free(copy);
    }
    unsigned char *copy = malloc(bytes.size);
    memcpy(copy, bytes.bytes, bytes.size);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
        visit((struct slice){copy, bytes.size}, context);
        copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(copy);
}

#endif
