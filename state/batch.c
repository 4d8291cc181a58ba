#include "state/batch.h"

#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

enum {
    KEPT_BYTES_MAX = 4 << 20, /* of each of the three arrays, from round to round */
    INDEX_SIZE_MIN = 256,
    NO_WRITE = 0, /* the index holds positions + 1 */
};

struct write {
    uint64_t hash;
    size_t key_at; /* in bytes[] */
    size_t value_at;
    size_t value_size;
    size_t value_room; /* the largest value that has stood there */
    int64_t expire_ms;
    uint32_t key_size;
    uint32_t slot; /* in index[] */
    enum store_table table;
    enum batch_found kind;
};

struct batch {
    struct write *writes;
    size_t count;
    size_t capacity;
    unsigned char *bytes;
    size_t bytes_used; /* with what replaced values left behind */
    size_t bytes_capacity;
    size_t bytes_live;
    uint32_t *index;   /* by hash, open addressing, at most half full */
    size_t index_size; /* a power of two, or 0 */
};

struct batch *batch_create(void)
{
    return mem_new(1, sizeof(struct batch));
}

static void free_memory(struct batch *batch)
{
    mem_free(batch->writes);
    mem_free(batch->bytes);
    mem_free(batch->index);
    *batch = (struct batch){.count = 0};
}

void batch_destroy(struct batch **batch_p)
{
    struct batch *batch = *batch_p;
    *batch_p = NULL;
    if (batch == NULL) {
        return;
    }
    free_memory(batch);
    mem_free(batch);
}

void batch_clear(struct batch *batch)
{
    if (batch->bytes_capacity > KEPT_BYTES_MAX ||
        batch->capacity * sizeof(*batch->writes) > KEPT_BYTES_MAX) {
        free_memory(batch);
        return;
    }
    /* Slot by slot: a small batch must not pay for the index of a large one before it. */
    for (size_t i = 0; i < batch->count; i++) {
        batch->index[batch->writes[i].slot] = NO_WRITE;
    }
    batch->count = 0;
    batch->bytes_used = 0;
    batch->bytes_live = 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_of(enum store_table table, struct slice key)
{
    const unsigned char *bytes = key.bytes;
    uint64_t hash = mix((uint64_t)table, key.size);
    uint64_t word;
    size_t size = key.size;

    for (; size >= sizeof(word); size -= sizeof(word), bytes += sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, size);
    hash = mix(hash, word);
    return hash ^ hash >> 32;
}

/* The slot of the key, or the empty one where it belongs. */
static size_t slot_of(const struct batch *batch, uint64_t hash, enum store_table table,
                      struct slice key)
{
    size_t mask = batch->index_size - 1;
    size_t slot = hash & mask;

    for (; batch->index[slot] != NO_WRITE; slot = (slot + 1) & mask) {
        const struct write *write = &batch->writes[batch->index[slot] - 1];
        if (write->hash == hash && write->table == table && write->key_size == key.size &&
            memcmp(batch->bytes + write->key_at, key.bytes, key.size) == 0) {
            break;
        }
    }
    return slot;
}

static void grow_index(struct batch *batch)
{
    size_t size = batch->index_size == 0 ? INDEX_SIZE_MIN : batch->index_size * 2;
    mem_free(batch->index);
    batch->index = mem_new(size, sizeof(*batch->index));
    batch->index_size = size;

    for (size_t i = 0; i < batch->count; i++) {
        size_t slot = batch->writes[i].hash & (size - 1);
        while (batch->index[slot] != NO_WRITE) {
            slot = (slot + 1) & (size - 1);
        }
        batch->index[slot] = (uint32_t)(i + 1);
        batch->writes[i].slot = (uint32_t)slot;
    }
}

static void follow(struct slice *slice, const unsigned char *from, size_t size,
                   const unsigned char *to)
{
    uintptr_t offset = (uintptr_t)slice->bytes - (uintptr_t)from;
    if (slice->size > 0 && offset < size) {
        slice->bytes = to + offset;
    }
}

/* Room for `size` more bytes. Slices that point into the batch itself move along with it. */
static void reserve(struct batch *batch, size_t size, struct slice *first, struct slice *second)
{
    size_t needed = batch->bytes_used + size;
    if (needed <= batch->bytes_capacity) {
        return;
    }
    unsigned char *bytes = mem_new(needed, 2);
    if (batch->bytes_used > 0) {
        memcpy(bytes, batch->bytes, batch->bytes_used);
    }
    follow(first, batch->bytes, batch->bytes_used, bytes);
    follow(second, batch->bytes, batch->bytes_used, bytes);
    mem_free(batch->bytes);
    batch->bytes = bytes;
    batch->bytes_capacity = needed * 2;
}

static size_t append_bytes(struct batch *batch, struct slice slice)
{
    size_t at = batch->bytes_used;
    reserve(batch, slice.size, &slice, &slice);
    if (slice.size > 0) {
        memmove(batch->bytes + at, slice.bytes, slice.size);
    }
    batch->bytes_used += slice.size;
    return at;
}

static struct write *add(struct batch *batch, uint64_t hash, enum store_table table,
                         struct slice key, size_t slot)
{
    assert(batch->count < UINT32_MAX / 2);
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity == 0 ? 64 : batch->capacity * 2;
        batch->writes = mem_resize(batch->writes, batch->capacity, sizeof(*batch->writes));
    }
    struct write *write = &batch->writes[batch->count++];
    *write = (struct write){
        .hash = hash,
        .key_at = append_bytes(batch, key),
        .key_size = (uint32_t)key.size,
        .slot = (uint32_t)slot,
        .table = table,
    };
    batch->index[slot] = (uint32_t)batch->count;
    batch->bytes_live += key.size;
    return write;
}

/* The write of a key, made when the batch has none. Key and value may point into the batch. */
static struct write *write_of(struct batch *batch, enum store_table table, struct slice key,
                              struct slice *value)
{
    assert(key.size > 0);
    assert(key.size <= UINT32_MAX);
    if ((batch->count + 1) * 2 > batch->index_size) {
        grow_index(batch);
    }
    uint64_t hash = hash_of(table, key);
    size_t slot = slot_of(batch, hash, table, key);
    if (batch->index[slot] != NO_WRITE) {
        return &batch->writes[batch->index[slot] - 1];
    }
    reserve(batch, key.size + value->size, &key, value);
    return add(batch, hash, table, key, slot);
}

static void set(struct batch *batch, struct write *write, enum batch_found kind, struct slice value)
{
    batch->bytes_live += value.size;
    batch->bytes_live -= write->value_size;
    if (value.size <= write->value_room) {
        if (value.size > 0) {
            memmove(batch->bytes + write->value_at, value.bytes, value.size);
        }
    } else {
        write->value_at = append_bytes(batch, value);
        write->value_room = value.size;
    }
    write->value_size = value.size;
    write->kind = kind;
}

void batch_put(struct batch *batch, enum store_table table, struct slice key, struct slice value)
{
    struct write *write = write_of(batch, table, key, &value);
    set(batch, write, BATCH_put, value);
    write->expire_ms = 0;
}

void batch_put_candle(struct batch *batch, struct slice key, struct slice value, int64_t expire_ms)
{
    struct write *write = write_of(batch, TABLE_candles, key, &value);
    set(batch, write, BATCH_put, value);
    write->expire_ms = expire_ms;
}

void batch_delete(struct batch *batch, enum store_table table, struct slice key)
{
    struct slice nothing = {NULL, 0};
    struct write *write = write_of(batch, table, key, &nothing);
    set(batch, write, BATCH_deleted, nothing);
    write->expire_ms = 0;
}

enum batch_found batch_find(const struct batch *batch, enum store_table table, struct slice key,
                            struct slice *out_value)
{
    if (batch->count == 0) {
        return BATCH_nothing;
    }
    size_t slot = slot_of(batch, hash_of(table, key), table, key);
    if (batch->index[slot] == NO_WRITE) {
        return BATCH_nothing;
    }
    const struct write *write = &batch->writes[batch->index[slot] - 1];
    if (write->kind == BATCH_put) {
        *out_value = (struct slice){batch->bytes + write->value_at, write->value_size};
    }
    return write->kind;
}

size_t batch_count(const struct batch *batch)
{
    return batch->count;
}

struct batch_write batch_at(const struct batch *batch, size_t index)
{
    assert(index < batch->count);
    const struct write *write = &batch->writes[index];
    return (struct batch_write){
        .table = write->table,
        .kind = write->kind,
        .key = {batch->bytes + write->key_at, write->key_size},
        .value = {batch->bytes + write->value_at, write->value_size},
        .expire_ms = write->expire_ms,
    };
}

size_t batch_bytes(const struct batch *batch)
{
    return batch->bytes_live;
}
