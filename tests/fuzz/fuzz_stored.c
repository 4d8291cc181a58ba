/* What is read back from a store: outbox entries, keys, meta fields, the state of a symbol's actor.
 * Whatever is taken can be made again, byte for byte. */
#include "actors/symbol.h"
#include "state/layout.h"
#include "state/meta_fields.h"
#include "state/outbox.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_outbox(struct slice bytes)
{
    struct outbox_row row;
    if (outbox_decode(bytes, &row) != STATUS_OK) {
        return;
    }
    unsigned char *again = malloc(row.payload.size + 2);
    size_t size = outbox_encode(row.kind, row.interval, row.payload, again);
    assert(slice_equals((struct slice){again, size}, bytes));
    free(again);
}

static void check_key(struct slice bytes)
{
    char symbol[SYMBOL_BYTES_MAX + 1];
    enum interval interval;
    int64_t open_ms;
    unsigned char again[LAYOUT_CANDLE_KEY_MAX];

    if (layout_parse_candle_key(bytes, symbol, &interval, &open_ms) == STATUS_OK) {
        size_t size = layout_candle_key(symbol, interval, open_ms, again);
        assert(slice_equals((struct slice){again, size}, bytes));
    }
}

static void check_meta(struct slice bytes)
{
    unsigned char again[META_FIELD_BYTES_MAX];
    for (size_t i = 0; i < meta_fields_count(); i++) {
        struct meta meta = meta_fields_default();
        if (meta_fields_decode(&meta, i, bytes) == STATUS_OK) {
            size_t size = meta_fields_encode(&meta, i, again);
            assert(slice_equals((struct slice){again, size}, bytes));
        }
    }
}

static void count(void *context, const char *name, int64_t number)
{
    (void)name;
    *(int64_t *)context += number != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice slice = {bytes, size};
    int64_t told = 0;

    check_outbox(slice);
    check_key(slice);
    check_meta(slice);
    symbol_state_describe(slice, count, &told);
    (void)symbol_state_has_pending(slice);
    return 0;
}
