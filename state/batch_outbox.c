#include "state/batch_outbox.h"

#include "runtime/mem.h"
#include "state/batch.h"
#include "state/layout.h"

#include <assert.h>
#include <string.h>

static bool find(const struct batch *batch, int64_t sequence, struct slice *out_value)
{
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    layout_outbox_key(sequence, key);
    return batch_find(batch, TABLE_outbox, SLICE_OF(key), out_value) == BATCH_put;
}

struct extent {
    size_t count;
    size_t bytes;
};

/* Up to the first entry that is too many. */
static struct extent measure(const struct batch *batch, int64_t after, size_t rows_max,
                             size_t bytes_max)
{
    struct extent extent = {0, 0};
    struct slice value;

    while (extent.count <= rows_max && extent.bytes <= bytes_max &&
           find(batch, after + 1 + (int64_t)extent.count, &value)) {
        extent.count++;
        extent.bytes += value.size;
    }
    return extent;
}

/* Returns how many bytes were copied. */
static size_t take(const struct batch *batch, int64_t sequence, unsigned char *bytes,
                   struct outbox_row *out_row)
{
    struct slice value = {NULL, 0};
    bool is_there = find(batch, sequence, &value);
    assert(is_there);
    (void)is_there;

    memcpy(bytes, value.bytes, value.size);
    enum status status = outbox_decode((struct slice){bytes, value.size}, out_row);
    assert(status == STATUS_OK); /* outbox_encode() has made it */
    (void)status;
    out_row->sequence = sequence;
    return value.size;
}

struct outbox_rows *batch_outbox_rows(const struct batch *batch, int64_t after, size_t rows_max,
                                      size_t bytes_max)
{
    const struct extent extent = measure(batch, after, rows_max, bytes_max);

    if (extent.count == 0 || extent.count > rows_max || extent.bytes > bytes_max) {
        return NULL;
    }
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    rows->rows = mem_new(extent.count, sizeof(*rows->rows));
    rows->bytes = mem_new(extent.bytes, 1);
    rows->scanned_to = after;
    for (unsigned char *bytes = rows->bytes; rows->count < extent.count; rows->count++) {
        bytes += take(batch, ++rows->scanned_to, bytes, &rows->rows[rows->count]);
    }
    return rows;
}
