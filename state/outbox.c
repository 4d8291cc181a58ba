#include "state/outbox.h"

#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

enum { HEAD_SIZE = 2 };

bool outbox_filter_wants(const struct outbox_filter *filter, enum outbox_kind kind,
                         enum interval interval)
{
    if (kind == OUTBOX_dead_letter) {
        return filter->wants_dead_letters;
    }
    return (filter->intervals & INTERVAL_BIT(interval)) != 0;
}

void outbox_rows_destroy(struct outbox_rows **rows_p)
{
    struct outbox_rows *rows = *rows_p;
    *rows_p = NULL;
    if (rows == NULL) {
        return;
    }
    mem_free(rows->bytes);
    mem_free(rows->rows);
    mem_free(rows);
}

void outbox_rows_filter(struct outbox_rows *rows, const struct outbox_filter *filter)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (outbox_filter_wants(filter, rows->rows[i].kind, rows->rows[i].interval)) {
            rows->rows[kept++] = rows->rows[i];
        }
    }
    rows->count = kept;
}

size_t outbox_encode(enum outbox_kind kind, enum interval interval, struct slice payload,
                     unsigned char *value)
{
    assert(kind == OUTBOX_candle || kind == OUTBOX_dead_letter);
    assert(interval < INTERVAL_COUNT);
    value[0] = (unsigned char)kind;
    value[1] = kind == OUTBOX_candle ? (unsigned char)interval : 0;
    if (payload.size > 0) {
        memcpy(value + HEAD_SIZE, payload.bytes, payload.size);
    }
    return HEAD_SIZE + payload.size;
}

enum status outbox_decode(struct slice value, struct outbox_row *out_row)
{
    const unsigned char *bytes = value.bytes;
    if (value.size < HEAD_SIZE) {
        return STATUS_CORRUPT;
    }
    bool is_candle = bytes[0] == OUTBOX_candle && bytes[1] < INTERVAL_COUNT;
    bool is_dead_letter = bytes[0] == OUTBOX_dead_letter && bytes[1] == 0;
    if (!is_candle && !is_dead_letter) {
        return STATUS_CORRUPT;
    }
    *out_row = (struct outbox_row){
        .kind = (enum outbox_kind)bytes[0],
        .interval = (enum interval)bytes[1],
        .payload = {bytes + HEAD_SIZE, value.size - HEAD_SIZE},
    };
    return STATUS_OK;
}
