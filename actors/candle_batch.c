#include "actors/candle_batch.h"

#include "actors/delivery.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <stdlib.h>
#include <string.h>

void candle_batch_init(struct candle_batch *batch, const char *sink_name)
{
    *batch = (struct candle_batch){.sink_name = sink_name};
}

void candle_batch_deinit(struct candle_batch *batch)
{
    mem_free(batch->rows);
    candle_batch_init(batch, batch->sink_name);
}

void candle_batch_clear(struct candle_batch *batch)
{
    batch->count = 0;
}

void candle_batch_reject(const struct candle_batch *batch, struct delivery *delivery, size_t row,
                         const char *error)
{
    log_event(LOG_sink_rejected, log_text("sink", batch->sink_name),
              log_text("topic", delivery->topic), log_int("partition", delivery->partition),
              log_int("sequence", delivery->rows->rows[row].sequence), log_text("error", error));
    delivery_reject(delivery, row, error);
}

static void make_room(struct candle_batch *batch, size_t more)
{
    if (batch->count + more > batch->room) {
        batch->room = batch->count + more;
        batch->rows = mem_resize(batch->rows, batch->room, sizeof(batch->rows[0]));
    }
}

void candle_batch_add(struct candle_batch *batch, struct delivery *delivery)
{
    make_room(batch, delivery->rows->count);
    for (size_t i = 0; i < delivery->rows->count; i++) {
        const struct outbox_row *from = &delivery->rows->rows[i];
        struct candle_row *row = &batch->rows[batch->count];
        row->delivery = delivery;
        row->row = i;
        if (from->kind != OUTBOX_candle ||
            candle_decode(from->payload, &row->candle) != STATUS_OK) {
            candle_batch_reject(batch, delivery, i, "the entry is no candle");
            continue;
        }
        batch->count++;
        if (row->candle.revision > delivery->revision) {
            delivery->revision = row->candle.revision;
        }
    }
}

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_ids(const struct candle *a, const struct candle *b)
{
    int order = compare(a->interval, b->interval);
    if (order == 0) {
        order = strcmp(a->symbol, b->symbol);
    }
    return order != 0 ? order : compare(a->open_ms, b->open_ms);
}

/* The highest revision of an _id comes first. */
static int compare_rows(const void *a, const void *b)
{
    const struct candle *left = &((const struct candle_row *)a)->candle;
    const struct candle *right = &((const struct candle_row *)b)->candle;
    int order = compare_ids(left, right);
    return order != 0 ? order : compare(right->revision, left->revision);
}

void candle_batch_settle(struct candle_batch *batch)
{
    size_t kept = 0;

    if (batch->count == 0) {
        return;
    }
    qsort(batch->rows, batch->count, sizeof(batch->rows[0]), compare_rows);
    for (size_t i = 1; i < batch->count; i++) {
        struct candle_row *row = &batch->rows[i];
        if (compare_ids(&row->candle, &batch->rows[kept].candle) == 0) {
            row->delivery->superseded_count++;
        } else {
            batch->rows[++kept] = *row;
        }
    }
    batch->count = kept + 1;
}
