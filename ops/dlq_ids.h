/* A set of ids, kept as hashes of 64 bits: so that of a hundred million letters two are taken for
 * one with a chance of one in four thousand, and a million take 16 MB.
 *
 * Ownership: plain struct, zeroed is empty; the owner calls dlq_ids_deinit(). */
#ifndef CANDLED_OPS_DLQ_IDS_H
#define CANDLED_OPS_DLQ_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dlq_ids {
    uint64_t *slots; /* 0: free */
    size_t capacity; /* a power of two */
    size_t count;
};

/* False: it was there already. */
bool dlq_ids_add(struct dlq_ids *ids, const char *id);

bool dlq_ids_has(const struct dlq_ids *ids, const char *id);

void dlq_ids_deinit(struct dlq_ids *ids);

#endif
