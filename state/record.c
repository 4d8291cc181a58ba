#include "state/record.h"

#include "runtime/crc32c.h"
#include "state/bytes.h"

#include <string.h>

enum { CRC_SIZE = 4, EXPIRE_SIZE = 8 };

static size_t head_size(enum store_table table)
{
    switch (table) {
    case TABLE_expiry:
        return 0;
    case TABLE_candles:
        return CRC_SIZE + EXPIRE_SIZE;
    default:
        return CRC_SIZE;
    }
}

size_t record_size(enum store_table table, size_t value_size)
{
    return head_size(table) + value_size;
}

void record_encode(enum store_table table, struct slice key, const struct record *record,
                   unsigned char *bytes)
{
    size_t head = head_size(table);
    size_t size = head + record->value.size;

    if (record->value.size > 0) {
        memcpy(bytes + head, record->value.bytes, record->value.size);
    }
    if (table == TABLE_candles) {
        bytes_put_le(bytes + CRC_SIZE, EXPIRE_SIZE, (uint64_t)record->expire_ms);
    }
    if (head > 0) {
        struct slice checked = {bytes + CRC_SIZE, size - CRC_SIZE};
        bytes_put_le(bytes, CRC_SIZE, crc32c_update(crc32c(key), checked));
    }
}

enum status record_decode(enum store_table table, struct slice key, struct slice stored,
                          struct record *out_record)
{
    size_t head = head_size(table);
    const unsigned char *bytes = stored.bytes;

    if (stored.size < head) {
        return STATUS_CORRUPT;
    }
    if (head > 0) {
        struct slice checked = {bytes + CRC_SIZE, stored.size - CRC_SIZE};
        if (bytes_get_le(bytes, CRC_SIZE) != crc32c_update(crc32c(key), checked)) {
            return STATUS_CORRUPT;
        }
    }
    *out_record = (struct record){.value = {bytes + head, stored.size - head}};
    if (table == TABLE_candles) {
        out_record->expire_ms = (int64_t)bytes_get_le(bytes + CRC_SIZE, EXPIRE_SIZE);
    }
    return STATUS_OK;
}
