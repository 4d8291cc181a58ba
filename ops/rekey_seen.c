#include "ops/rekey_seen.h"

#include "runtime/mem.h"

#include <stddef.h>

struct rekey_seen {
    int32_t source_count;
    int32_t target_count;
    int64_t **rows; /* by source; NULL: nothing seen of it. One more than the offset; 0: nothing */
};

struct rekey_seen *rekey_seen_create(int32_t source_count, int32_t target_count)
{
    struct rekey_seen *seen = mem_new(1, sizeof(*seen));
    seen->source_count = source_count;
    seen->target_count = target_count;
    seen->rows = mem_new((size_t)source_count, sizeof(*seen->rows));
    return seen;
}

void rekey_seen_destroy(struct rekey_seen **seen_p)
{
    struct rekey_seen *seen = *seen_p;
    *seen_p = NULL;
    if (seen == NULL) {
        return;
    }
    for (int32_t i = 0; i < seen->source_count; i++) {
        mem_free(seen->rows[i]);
    }
    mem_free(seen->rows);
    mem_free(seen);
}

void rekey_seen_note(struct rekey_seen *seen, int64_t source, int32_t target, int64_t offset)
{
    if (source < 0 || source >= seen->source_count || offset < 0 || offset == INT64_MAX) {
        return;
    }
    int64_t **row = &seen->rows[source];
    if (*row == NULL) {
        *row = mem_new((size_t)seen->target_count, sizeof(**row));
    }
    if (offset + 1 > (*row)[target]) {
        (*row)[target] = offset + 1;
    }
}

bool rekey_seen_has(const struct rekey_seen *seen, int32_t source, int32_t target, int64_t offset)
{
    const int64_t *row = seen->rows[source];
    return row != NULL && offset < row[target];
}

int64_t rekey_seen_max(const struct rekey_seen *seen, int32_t source)
{
    const int64_t *row = seen->rows[source];
    int64_t max = 0;
    for (int32_t i = 0; row != NULL && i < seen->target_count; i++) {
        max = row[i] > max ? row[i] : max;
    }
    return max - 1;
}
