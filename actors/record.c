#include "actors/record.h"

#include "runtime/crc32c.h"

struct record_fingerprint record_fingerprint_of(const struct record *record)
{
    return (struct record_fingerprint){
        .timestamp_ms = record->timestamp_ms,
        .size = record->key.size + record->value.size,
        .crc32c = crc32c_update(crc32c(record->key), record->value),
        .is_known = true,
    };
}
