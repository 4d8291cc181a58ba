#include "state/feed_batch.h"

#include "runtime/base.h"
#include "runtime/crc32c.h"
#include "runtime/mem.h"
#include "state/bytes.h"

#include <assert.h>
#include <string.h>

enum { HEADER_SIZE = 7, NUMBER_SIZE = 8, SEQUENCE_SIZE = 8, ROOM_MIN = 4096 };

void feed_batch_deinit(struct feed_batch *batch)
{
    mem_free(batch->bytes);
    *batch = (struct feed_batch){.bytes = NULL};
}

void feed_batch_clear(struct feed_batch *batch)
{
    batch->size = 0;
    batch->count = 0;
    batch->frame_count = 0;
}

static unsigned char *grow(struct feed_batch *batch, size_t size)
{
    if (batch->room - batch->size < size) {
        size_t room = batch->room == 0 ? ROOM_MIN : batch->room;
        while (room - batch->size < size) {
            room *= 2;
        }
        batch->bytes = mem_resize(batch->bytes, room, 1);
        batch->room = room;
    }
    unsigned char *at = batch->bytes + batch->size;
    batch->size += size;
    return at;
}

void feed_batch_append(struct feed_batch *batch, const struct feed_batch *other)
{
    if (other->size > 0) {
        memcpy(grow(batch, other->size), other->bytes, other->size);
        batch->count += other->count;
        batch->frame_count += other->frame_count;
    }
}

uint32_t feed_batch_checksum(enum feed_table table, struct slice key, struct slice value)
{
    unsigned char tag = (unsigned char)table;
    return crc32c_update(crc32c_update(crc32c(SLICE_OF(tag)), key), value);
}

/* Header: table and deletion in a byte, the key's size in two, the value's in four. */
static void add(struct feed_batch *batch, enum feed_table table, bool is_delete, struct slice key,
                struct slice head, struct slice body)
{
    size_t value_size = is_delete ? 0 : FEED_CRC_SIZE + head.size + body.size;
    unsigned char *at = grow(batch, HEADER_SIZE + key.size + value_size);

    assert(key.size <= FEED_KEY_MAX);
    at[0] = (unsigned char)((unsigned)table << 1 | (is_delete ? 1u : 0u));
    bytes_put_le(at + 1, 2, key.size);
    bytes_put_le(at + 3, 4, value_size);
    memcpy(at + HEADER_SIZE, key.bytes, key.size);
    batch->count++;
    if (is_delete) {
        return;
    }
    unsigned char *value = at + HEADER_SIZE + key.size + FEED_CRC_SIZE;
    if (head.size > 0) {
        memcpy(value, head.bytes, head.size);
    }
    if (body.size > 0) {
        memcpy(value + head.size, body.bytes, body.size);
    }
    struct slice whole = {value, head.size + body.size};
    bytes_put_le(value - FEED_CRC_SIZE, FEED_CRC_SIZE, feed_batch_checksum(table, key, whole));
}

bool feed_batch_next(const struct feed_batch *batch, size_t *at, struct feed_change *out_change)
{
    if (*at >= batch->size) {
        return false;
    }
    const unsigned char *header = batch->bytes + *at;
    size_t key_size = (size_t)bytes_get_le(header + 1, 2);
    size_t value_size = (size_t)bytes_get_le(header + 3, 4);

    *out_change = (struct feed_change){
        .table = (enum feed_table)(header[0] >> 1),
        .is_delete = (header[0] & 1) != 0,
        .key = {header + HEADER_SIZE, key_size},
        .value = {header + HEADER_SIZE + key_size, value_size},
    };
    *at += HEADER_SIZE + key_size + value_size;
    return true;
}

void feed_batch_put_frame(struct feed_batch *batch, const struct feed_frame *frame)
{
    unsigned char key[SEQUENCE_SIZE];
    unsigned char head[NUMBER_SIZE + 1 + SYMBOL_BYTES_MAX];

    assert(frame->symbol.size <= SYMBOL_BYTES_MAX);
    bytes_put_be(key, sizeof(key), frame->sequence);
    bytes_put_le(head, NUMBER_SIZE, (uint64_t)frame->received_ms);
    head[NUMBER_SIZE] = (unsigned char)frame->symbol.size;
    memcpy(head + NUMBER_SIZE + 1, frame->symbol.bytes, frame->symbol.size);
    add(batch, FEED_TABLE_spool, false, (struct slice){key, sizeof(key)},
        (struct slice){head, NUMBER_SIZE + 1 + frame->symbol.size}, frame->value);
    batch->frame_count++;
}

void feed_batch_delete_frame(struct feed_batch *batch, uint64_t sequence)
{
    unsigned char key[SEQUENCE_SIZE];
    bytes_put_be(key, sizeof(key), sequence);
    add(batch, FEED_TABLE_spool, true, (struct slice){key, sizeof(key)}, (struct slice){NULL, 0},
        (struct slice){NULL, 0});
}

bool feed_batch_read_frame(struct slice key, struct slice value, struct feed_frame *out_frame)
{
    const unsigned char *bytes = value.bytes;
    if (key.size != SEQUENCE_SIZE || value.size < NUMBER_SIZE + 1 ||
        bytes[NUMBER_SIZE] > SYMBOL_BYTES_MAX ||
        value.size - NUMBER_SIZE - 1 < bytes[NUMBER_SIZE]) {
        return false;
    }
    size_t symbol_size = bytes[NUMBER_SIZE];
    const unsigned char *symbol = bytes + NUMBER_SIZE + 1;
    *out_frame = (struct feed_frame){
        .sequence = bytes_get_be(key.bytes, SEQUENCE_SIZE),
        .received_ms = (int64_t)bytes_get_le(bytes, NUMBER_SIZE),
        .symbol = {symbol, symbol_size},
        .value = {symbol + symbol_size, value.size - NUMBER_SIZE - 1 - symbol_size},
    };
    return true;
}

/* Numbers in a row. */
static size_t put_numbers(unsigned char *bytes, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes_put_le(bytes + i * NUMBER_SIZE, NUMBER_SIZE, (uint64_t)numbers[i]);
    }
    return count * NUMBER_SIZE;
}

static int64_t number_at(struct slice value, size_t index)
{
    const unsigned char *bytes = value.bytes;
    return (int64_t)bytes_get_le(bytes + index * NUMBER_SIZE, NUMBER_SIZE);
}

enum { SYMBOL_NUMBERS = 4, HOLE_NUMBERS = 5 };

void feed_batch_put_symbol(struct feed_batch *batch, const struct feed_symbol *symbol)
{
    const int64_t numbers[SYMBOL_NUMBERS] = {symbol->known_to_ms, symbol->last_trade_id,
                                             symbol->last_id_ms, symbol->checked_ms};
    unsigned char head[sizeof(numbers)];
    size_t size = put_numbers(head, numbers, ARRAY_COUNT(numbers));
    add(batch, FEED_TABLE_symbols, false, slice_of_text(symbol->name), (struct slice){head, size},
        slice_of_text(symbol->status));
}

bool feed_batch_read_symbol(struct slice key, struct slice value, struct feed_symbol *out_symbol)
{
    size_t numbers_size = SYMBOL_NUMBERS * NUMBER_SIZE;
    if (key.size > SYMBOL_BYTES_MAX || value.size < numbers_size ||
        value.size - numbers_size >= FEED_STATUS_MAX) {
        return false;
    }
    *out_symbol = (struct feed_symbol){
        .known_to_ms = number_at(value, 0),
        .last_trade_id = number_at(value, 1),
        .last_id_ms = number_at(value, 2),
        .checked_ms = number_at(value, 3),
    };
    memcpy(out_symbol->name, key.bytes, key.size);
    memcpy(out_symbol->status, (const char *)value.bytes + numbers_size, value.size - numbers_size);
    return true;
}

static struct slice hole_key(const struct feed_hole *hole, unsigned char key[FEED_KEY_MAX])
{
    size_t size = strlen(hole->symbol);
    memcpy(key, hole->symbol, size);
    key[size] = 0;
    key[size + 1] = (unsigned char)hole->kind;
    bytes_put_sorted(key + size + 2, hole->from_ms);
    return (struct slice){key, size + 2 + NUMBER_SIZE};
}

void feed_batch_put_hole(struct feed_batch *batch, const struct feed_hole *hole)
{
    const int64_t numbers[HOLE_NUMBERS] = {hole->to_ms, (int64_t)hole->state, hole->asked,
                                           hole->found_ms, hole->settled_ms};
    unsigned char key[FEED_KEY_MAX];
    unsigned char head[sizeof(numbers)];
    size_t size = put_numbers(head, numbers, ARRAY_COUNT(numbers));
    add(batch, FEED_TABLE_holes, false, hole_key(hole, key), (struct slice){head, size},
        (struct slice){NULL, 0});
}

void feed_batch_delete_hole(struct feed_batch *batch, const struct feed_hole *hole)
{
    unsigned char key[FEED_KEY_MAX];
    add(batch, FEED_TABLE_holes, true, hole_key(hole, key), (struct slice){NULL, 0},
        (struct slice){NULL, 0});
}

bool feed_batch_read_hole(struct slice key, struct slice value, struct feed_hole *out_hole)
{
    const unsigned char *bytes = key.bytes;
    if (key.size < 2 + NUMBER_SIZE || key.size > SYMBOL_BYTES_MAX + 2 + NUMBER_SIZE ||
        value.size != HOLE_NUMBERS * NUMBER_SIZE) {
        return false;
    }
    size_t symbol_size = key.size - 2 - NUMBER_SIZE;
    int64_t state = number_at(value, 1);
    if (bytes[symbol_size + 1] >= FEED_HOLE_KIND_COUNT || state < 0 ||
        state >= FEED_HOLE_STATE_COUNT) {
        return false;
    }
    *out_hole = (struct feed_hole){
        .kind = (enum feed_hole_kind)bytes[symbol_size + 1],
        .state = (enum feed_hole_state)state,
        .from_ms = bytes_get_sorted(bytes + symbol_size + 2),
        .to_ms = number_at(value, 0),
        .asked = number_at(value, 2),
        .found_ms = number_at(value, 3),
        .settled_ms = number_at(value, 4),
    };
    memcpy(out_hole->symbol, bytes, symbol_size);
    return true;
}
