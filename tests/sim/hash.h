/* A number for all that happened, in order: the same seed must give the same one twice. */
#ifndef CANDLED_TESTS_SIM_HASH_H
#define CANDLED_TESTS_SIM_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash {
    uint64_t value;
};

static inline void hash_init(struct hash *hash)
{
    hash->value = 14695981039346656037u;
}

static inline void hash_add(struct hash *hash, uint64_t number)
{
    hash->value = (hash->value ^ number) * 1099511628211u;
    hash->value ^= hash->value >> 29;
}

static inline void hash_add_text(struct hash *hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash_add(hash, (unsigned char)*text);
    }
}

#endif
