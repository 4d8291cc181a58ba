#include "tests/faults/sink_table.h"

#include "proto/candle.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t FNV_PRIME = 1099511628211u;
static const uint64_t FNV_BASIS = 14695981039346656037u;

static uint64_t digest_of(struct slice bytes)
{
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ ((const unsigned char *)bytes.bytes)[i]) * FNV_PRIME;
    }
    return hash;
}

struct sink_table *sink_table_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct sink_table)) != 0) {
        return NULL;
    }
    void *table = mmap(NULL, sizeof(struct sink_table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return table == MAP_FAILED ? NULL : table;
}

static struct sink_table_row *find(struct sink_table *table, uint64_t id)
{
    for (uint64_t i = 0; i < table->count; i++) {
        if (table->rows[i].id == id) {
            return &table->rows[i];
        }
    }
    assert(table->count < SINK_TABLE_ROWS);
    table->rows[table->count] = (struct sink_table_row){.id = id};
    return &table->rows[table->count++];
}

static void put(struct sink_table *table, uint64_t id, int64_t revision, uint64_t digest)
{
    struct sink_table_row *row = find(table, id);
    if (row->revision < revision) {
        row->revision = revision;
        row->digest = digest;
    } else if (row->revision == revision && row->digest != digest) {
        table->is_broken = 1;
    }
}

bool sink_table_write(struct sink_table *table, const struct outbox_row *row)
{
    uint64_t digest = digest_of(row->payload);
    if (row->kind == OUTBOX_dead_letter) {
        put(table, digest, 1, digest);
        return true;
    }
    struct candle candle;
    if (candle_decode(row->payload, &candle) != STATUS_OK) {
        return false;
    }
    char name[SYMBOL_BYTES_MAX + 64];
    int size = snprintf(name, sizeof(name), "%s %s %lld", candle.symbol,
                        interval_name(candle.interval), (long long)candle.open_ms);
    put(table, digest_of((struct slice){name, (size_t)size}), candle.revision, digest);
    return true;
}

uint64_t sink_table_digest(const struct sink_table *table)
{
    uint64_t sum = table->count + table->is_broken * FNV_BASIS;
    for (uint64_t i = 0; i < table->count; i++) {
        sum += digest_of(SLICE_OF(table->rows[i])); /* a sum: rows are in order of arrival */
    }
    return sum;
}
