#include "proto/kline_msgpack.h"

#include "proto/msgpack_reader.h"

#include <stdio.h>

bool kline_msgpack_is_it(struct slice value)
{
    unsigned char head = value.size > 0 ? *(const unsigned char *)value.bytes : 0;
    return (head & 0xf0) == 0x80 || head == 0xde || head == 0xdf;
}

/* What a value holds is passed over: no field is a container. */
static enum status read_whole(struct msgpack_reader *reader, struct value *out_value)
{
    enum status status = msgpack_reader_next(reader, out_value);
    if (status != STATUS_OK) {
        return status;
    }
    if (out_value->kind == VALUE_array) {
        return msgpack_reader_skip(reader, out_value->count);
    }
    if (out_value->kind == VALUE_object) {
        return msgpack_reader_skip(reader, 2 * (uint64_t)out_value->count);
    }
    return STATUS_OK;
}

static enum status read_pair(struct msgpack_reader *reader, struct kline_fields *fields,
                             bool *is_telling)
{
    struct value key;
    struct value value;
    enum status status = read_whole(reader, &key);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_whole(reader, &value);
    if (status == STATUS_OK && key.kind == VALUE_string) {
        kline_fields_add(fields, key.string, &value);
        *is_telling |= kline_fields_is_telling(key.string);
    }
    return status;
}

static enum status read_map(struct msgpack_reader *reader, struct kline_fields *fields,
                            bool *is_telling)
{
    struct value map;
    enum status status = msgpack_reader_next(reader, &map);
    for (uint32_t i = 0; status == STATUS_OK && i < map.count; i++) {
        status = read_pair(reader, fields, is_telling);
    }
    return status;
}

enum reason kline_msgpack_read(struct slice value, struct kline_fields *out_fields,
                               char error[KLINE_ERROR_MAX])
{
    struct msgpack_reader reader;
    bool is_telling = false;

    msgpack_reader_init(&reader, value);
    kline_fields_init(out_fields, "", true);
    if (read_map(&reader, out_fields, &is_telling) != STATUS_OK) {
        snprintf(error, KLINE_ERROR_MAX, "broken msgpack at byte %zu of %zu",
                 (size_t)(reader.next - (const unsigned char *)value.bytes), value.size);
        return REASON_not_json;
    }
    if (!msgpack_reader_is_at_end(&reader)) {
        snprintf(error, KLINE_ERROR_MAX, "%zu bytes after the msgpack map",
                 (size_t)(reader.end - reader.next));
        return REASON_not_json;
    }
    if (!is_telling) {
        snprintf(error, KLINE_ERROR_MAX, "the msgpack map has none of t, i, x");
        return REASON_not_a_kline;
    }
    return REASON_none;
}
