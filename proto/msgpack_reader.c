#include "proto/msgpack_reader.h"

#include <msgpack/sysdep.h>

void msgpack_reader_init(struct msgpack_reader *reader, struct slice bytes)
{
    static const unsigned char nothing[1];
    reader->next = bytes.bytes != NULL ? bytes.bytes : nothing;
    reader->end = reader->next + bytes.size;
}

bool msgpack_reader_is_at_end(const struct msgpack_reader *reader)
{
    return reader->next == reader->end;
}

/* Each of the functions below writes its value only when it succeeds. */

/* A big-endian number of 1, 2, 4 or 8 bytes; false: they are not all there. */
static bool take_number(struct msgpack_reader *reader, size_t size, uint64_t *out_number)
{
    uint16_t number_16 = 0;
    uint32_t number_32 = 0;

    if ((size_t)(reader->end - reader->next) < size) {
        return false;
    }
    switch (size) {
    case 1:
        *out_number = *reader->next;
        break;
    case 2:
        _msgpack_load16(uint16_t, reader->next, &number_16);
        *out_number = number_16;
        break;
    case 4:
        _msgpack_load32(uint32_t, reader->next, &number_32);
        *out_number = number_32;
        break;
    default:
        _msgpack_load64(uint64_t, reader->next, out_number);
        break;
    }
    reader->next += size;
    return true;
}

static bool take_unsigned(struct msgpack_reader *reader, size_t size, struct value *value)
{
    uint64_t number;
    if (!take_number(reader, size, &number)) {
        return false;
    }
    value->kind = number > INT64_MAX ? VALUE_big_integer : VALUE_integer;
    value->integer = (int64_t)(number & INT64_MAX);
    return true;
}

static int64_t sign_extended(uint64_t number, size_t size)
{
    uint64_t sign = 1ull << (8 * size - 1);
    return (int64_t)((number ^ sign) - sign);
}

static bool take_signed(struct msgpack_reader *reader, size_t size, struct value *value)
{
    uint64_t number;
    if (!take_number(reader, size, &number)) {
        return false;
    }
    value->kind = VALUE_integer;
    value->integer = sign_extended(number, size);
    return true;
}

static bool take_bytes(struct msgpack_reader *reader, uint64_t size, enum value_kind kind,
                       struct value *value)
{
    if ((uint64_t)(reader->end - reader->next) < size) {
        return false;
    }
    value->kind = kind;
    value->string = (struct slice){reader->next, (size_t)size};
    reader->next += size;
    return true;
}

static bool take_sized_bytes(struct msgpack_reader *reader, size_t length_size,
                             enum value_kind kind, struct value *value)
{
    uint64_t size;
    return take_number(reader, length_size, &size) &&
           take_bytes(reader, kind == VALUE_other ? size + 1 : size, kind, value);
}

static bool take_container(struct msgpack_reader *reader, size_t count_size, enum value_kind kind,
                           struct value *value)
{
    uint64_t count;
    if (!take_number(reader, count_size, &count)) {
        return false;
    }
    value->kind = kind;
    value->count = (uint32_t)count;
    return true;
}

static bool take_boolean(bool boolean, struct value *value)
{
    value->kind = VALUE_boolean;
    value->boolean = boolean;
    return true;
}

static bool take_null(struct value *value)
{
    value->kind = VALUE_null;
    return true;
}

/* The types whose first byte says nothing but the type. */
static bool take_long_form(struct msgpack_reader *reader, unsigned char head, struct value *value)
{
    switch (head) {
    case 0xc0:
        return take_null(value);
    case 0xc2:
    case 0xc3:
        return take_boolean(head == 0xc3, value);
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return take_sized_bytes(reader, (size_t)1 << (head - 0xc4), VALUE_bytes, value);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return take_sized_bytes(reader, (size_t)1 << (head - 0xc7), VALUE_other, value);
    case 0xca:
    case 0xcb:
        return take_bytes(reader, (uint64_t)4 << (head - 0xca), VALUE_real, value);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_unsigned(reader, (size_t)1 << (head - 0xcc), value);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_signed(reader, (size_t)1 << (head - 0xd0), value);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return take_bytes(reader, ((uint64_t)1 << (head - 0xd4)) + 1, VALUE_other, value);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_sized_bytes(reader, (size_t)1 << (head - 0xd9), VALUE_string, value);
    case 0xdc:
    case 0xdd:
        return take_container(reader, (size_t)2 << (head - 0xdc), VALUE_array, value);
    case 0xde:
    case 0xdf:
        return take_container(reader, (size_t)2 << (head - 0xde), VALUE_object, value);
    default: /* 0xc1 */
        return false;
    }
}

static bool take(struct msgpack_reader *reader, struct value *value)
{
    unsigned char head = *reader->next++;
    if (head < 0x80 || head >= 0xe0) {
        value->kind = VALUE_integer;
        value->integer = sign_extended(head, 1);
        return true;
    }
    if (head < 0xa0) {
        value->kind = head < 0x90 ? VALUE_object : VALUE_array;
        value->count = head & 0x0f;
        return true;
    }
    if (head < 0xc0) {
        return take_bytes(reader, head & 0x1f, VALUE_string, value);
    }
    return take_long_form(reader, head, value);
}

enum status msgpack_reader_next(struct msgpack_reader *reader, struct value *out_value)
{
    const unsigned char *start = reader->next;
    if (msgpack_reader_is_at_end(reader)) {
        return STATUS_MALFORMED;
    }
    if (!take(reader, out_value)) {
        reader->next = start;
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

enum status msgpack_reader_skip(struct msgpack_reader *reader, uint64_t count)
{
    /* Each value takes a byte at least, so that a count beyond them ends the loop at once. */
    while (count > 0 && count <= (uint64_t)(reader->end - reader->next)) {
        struct value value;
        enum status status = msgpack_reader_next(reader, &value);
        if (status != STATUS_OK) {
            return status;
        }
        count--;
        if (value.kind == VALUE_array) {
            count += value.count;
        } else if (value.kind == VALUE_object) {
            count += 2 * (uint64_t)value.count;
        }
    }
    return count == 0 ? STATUS_OK : STATUS_MALFORMED;
}
