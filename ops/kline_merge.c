#include "ops/kline_merge.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdbool.h>

struct lane {
    struct kline_file *file;
    struct feed_record record; /* the next of this file */
    size_t index;              /* in the order of the names */
};

struct kline_merge {
    struct lane *heap; /* heap[0] has the earliest record */
    size_t count;
    bool has_given; /* heap[0].record was handed out; it moves on with the next call */
    uint64_t size;
    uint64_t position_done; /* of files that have ended */
};

static bool is_before(const struct lane *a, const struct lane *b)
{
    if (a->record.event_ms != b->record.event_ms) {
        return a->record.event_ms < b->record.event_ms;
    }
    return a->index < b->index;
}

static void sink(struct kline_merge *merge, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < merge->count; child++) {
            if (is_before(&merge->heap[child], &merge->heap[least])) {
                least = child;
            }
        }
        if (least == i) {
            return;
        }
        struct lane lane = merge->heap[i];
        merge->heap[i] = merge->heap[least];
        merge->heap[least] = lane;
        i = least;
    }
}

/* Reads the next record of a lane; a lane that has ended is replaced by the last one. */
static enum status advance(struct kline_merge *merge, size_t i, char error[KLINE_FILE_ERROR_MAX])
{
    struct lane *lane = &merge->heap[i];
    enum status status = kline_file_next(lane->file, &lane->record, error);
    if (status == STATUS_NOT_FOUND) {
        merge->position_done += kline_file_position(lane->file);
        kline_file_close(&lane->file);
        merge->count--;
        *lane = merge->heap[merge->count];
        return STATUS_NOT_FOUND;
    }
    return status;
}

enum status kline_merge_open(const char *const *paths, size_t count, const char *symbol,
                             struct kline_merge **out_merge, char error[KLINE_FILE_ERROR_MAX])
{
    struct kline_merge *merge = mem_new(1, sizeof(*merge));
    enum status status = STATUS_OK;

    assert(count > 0);
    merge->heap = mem_new(count, sizeof(*merge->heap));
    for (size_t i = 0; i < count && (status == STATUS_OK || status == STATUS_NOT_FOUND); i++) {
        struct lane *lane = &merge->heap[merge->count];
        lane->index = i;
        status = kline_file_open(paths[i], symbol, &lane->file, error);
        if (status == STATUS_OK) {
            merge->count++;
            merge->size += kline_file_size(lane->file);
            status = advance(merge, merge->count - 1, error);
        }
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        kline_merge_close(&merge);
        return status;
    }
    for (size_t i = merge->count / 2 + 1; i-- > 0;) {
        sink(merge, i);
    }
    *out_merge = merge;
    return STATUS_OK;
}

enum status kline_merge_next(struct kline_merge *merge, struct feed_record *out_record,
                             char error[KLINE_FILE_ERROR_MAX])
{
    if (merge->has_given && merge->count > 0) {
        enum status status = advance(merge, 0, error);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        sink(merge, 0);
    }
    merge->has_given = true;
    if (merge->count == 0) {
        return STATUS_NOT_FOUND;
    }
    *out_record = merge->heap[0].record;
    return STATUS_OK;
}

uint64_t kline_merge_position(const struct kline_merge *merge)
{
    uint64_t position = merge->position_done;
    for (size_t i = 0; i < merge->count; i++) {
        position += kline_file_position(merge->heap[i].file);
    }
    return position;
}

uint64_t kline_merge_size(const struct kline_merge *merge)
{
    return merge->size;
}

void kline_merge_close(struct kline_merge **merge_p)
{
    struct kline_merge *merge = *merge_p;
    *merge_p = NULL;
    if (merge == NULL) {
        return;
    }
    for (size_t i = 0; i < merge->count; i++) {
        kline_file_close(&merge->heap[i].file);
    }
    mem_free(merge->heap);
    mem_free(merge);
}
