#include "actors/edge/kafka_merge.h"

#include "actors/edge/kafka_reader.h"
#include "runtime/mem.h"

#include <stdbool.h>

/* Partitions at their end are looked at once in so many records: a look costs a lock. */
enum { LOOKS_EVERY = 64 };

struct head {
    struct kafka_message message; /* raw NULL: none */
    bool is_at_end;
};

struct kafka_merge {
    struct kafka_reader *reader;
    struct head *heads;
    int32_t count;
    unsigned since_look;
};

struct kafka_merge *kafka_merge_create(struct kafka_reader *reader, int32_t partition_count)
{
    struct kafka_merge *merge = mem_new(1, sizeof(*merge));
    merge->reader = reader;
    merge->heads = mem_new((size_t)partition_count, sizeof(*merge->heads));
    merge->count = partition_count;
    return merge;
}

void kafka_merge_destroy(struct kafka_merge **merge_p)
{
    struct kafka_merge *merge = *merge_p;
    *merge_p = NULL;
    if (merge == NULL) {
        return;
    }
    for (int32_t i = 0; i < merge->count; i++) {
        kafka_message_release(&merge->heads[i].message);
    }
    mem_free(merge->heads);
    mem_free(merge);
}

/* STATUS_OK: every partition shows its next record, or is at its end. */
static enum status fill(struct kafka_merge *merge)
{
    bool looks_at_all = ++merge->since_look >= LOOKS_EVERY;
    bool is_waiting = false;
    merge->since_look = looks_at_all ? 0 : merge->since_look;
    for (int32_t i = 0; i < merge->count; i++) {
        struct head *head = &merge->heads[i];
        if (head->message.raw != NULL || (head->is_at_end && !looks_at_all)) {
            continue;
        }
        enum status status = kafka_reader_next(merge->reader, i, &head->message);
        head->is_at_end = status == STATUS_NOT_FOUND;
        is_waiting = is_waiting || status == STATUS_TIMED_OUT;
        if (status != STATUS_OK && status != STATUS_NOT_FOUND && status != STATUS_TIMED_OUT) {
            return status;
        }
    }
    return is_waiting ? STATUS_TIMED_OUT : STATUS_OK;
}

static struct head *earliest(struct kafka_merge *merge)
{
    struct head *best = NULL;
    for (int32_t i = 0; i < merge->count; i++) {
        struct head *head = &merge->heads[i];
        if (head->message.raw != NULL &&
            (best == NULL || head->message.timestamp_ms < best->message.timestamp_ms)) {
            best = head;
        }
    }
    return best;
}

enum status kafka_merge_next(struct kafka_merge *merge, struct kafka_message *out_message)
{
    enum status status = fill(merge);
    if (status != STATUS_OK) {
        merge->since_look = LOOKS_EVERY; /* the caller waits: then all are worth a look */
        return status;
    }
    struct head *head = earliest(merge);
    if (head == NULL) {
        merge->since_look = LOOKS_EVERY;
        return STATUS_NOT_FOUND;
    }
    *out_message = head->message;
    head->message = (struct kafka_message){.offset = 0};
    return STATUS_OK;
}

int64_t kafka_merge_position(const struct kafka_merge *merge, int32_t partition)
{
    const struct head *head = &merge->heads[partition];
    return head->message.raw != NULL ? head->message.offset
                                     : kafka_reader_position(merge->reader, partition);
}
