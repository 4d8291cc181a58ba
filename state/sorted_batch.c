#include "state/sorted_batch.h"

#include "runtime/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct sorted_write {
    struct slice key;
    size_t index; /* in the batch */
};

/* As LMDB compares: bytes, then length. */
static int compare(const void *left, const void *right)
{
    const struct sorted_write *a = left;
    const struct sorted_write *b = right;
    size_t common = a->key.size < b->key.size ? a->key.size : b->key.size;

    int difference = memcmp(a->key.bytes, b->key.bytes, common);
    if (difference != 0) {
        return difference;
    }
    return (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

/* The outbox comes in order of its sequences, and need not be sorted. */
static void sort(struct sorted_write *writes, size_t count)
{
    bool is_sorted = true;
    for (size_t i = 1; i < count && is_sorted; i++) {
        is_sorted = compare(&writes[i - 1], &writes[i]) <= 0;
    }
    if (!is_sorted) {
        qsort(writes, count, sizeof(*writes), compare);
    }
}

void sorted_batch_init(struct sorted_batch *sorted, const struct batch *batch)
{
    size_t count = batch_count(batch);
    size_t next[TABLE_COUNT];

    *sorted = (struct sorted_batch){.batch = batch,
                                    .writes = mem_new(count + 1, sizeof(*sorted->writes))};
    for (size_t i = 0; i < count; i++) {
        sorted->starts[batch_at(batch, i).table + 1]++;
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        sorted->starts[i + 1] += sorted->starts[i];
        next[i] = sorted->starts[i];
    }
    for (size_t i = 0; i < count; i++) {
        struct batch_write write = batch_at(batch, i);
        sorted->writes[next[write.table]++] = (struct sorted_write){write.key, i};
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        sort(sorted->writes + sorted->starts[i], sorted->starts[i + 1] - sorted->starts[i]);
    }
}

void sorted_batch_deinit(struct sorted_batch *sorted)
{
    mem_free(sorted->writes);
    sorted->writes = NULL;
}

struct batch_write sorted_batch_at(const struct sorted_batch *sorted, size_t position)
{
    return batch_at(sorted->batch, sorted->writes[position].index);
}
