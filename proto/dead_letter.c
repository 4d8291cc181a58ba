#include "proto/dead_letter.h"

#include "proto/msgpack_reader.h"
#include "proto/msgpack_writer.h"

/* The stored form: an array of these elements, in this order. A reason goes by its name, so that a
 * new one may stand anywhere in its table. */
enum {
    FORMAT = 1,
    ELEMENT_COUNT = 9, /* format reason error partition offset timestamp truncated key value */
    FIXED_BYTES_MAX = 128,
    REASON_NAME_MAX = 32,
};

#define X(name, text)                                                                              \
    _Static_assert(sizeof(#name) <= REASON_NAME_MAX, #name " is longer than the bound allows");
REASON_TABLE(X)
#undef X

static struct slice cut(struct slice bytes, size_t size_max)
{
    return (struct slice){bytes.bytes, bytes.size < size_max ? bytes.size : size_max};
}

size_t dead_letter_encoded_max(const struct dead_letter *letter)
{
    return FIXED_BYTES_MAX + REASON_NAME_MAX + KLINE_ERROR_MAX +
           cut(letter->key, DEAD_LETTER_KEY_MAX).size +
           cut(letter->value, DEAD_LETTER_VALUE_MAX).size;
}

/* Kafka tells a key that is not there from an empty one, and so do we. */
static void put_bytes(struct msgpack_writer *writer, struct slice bytes, size_t size_max)
{
    if (bytes.bytes == NULL) {
        msgpack_writer_put_null(writer);
    } else {
        msgpack_writer_put_bytes(writer, cut(bytes, size_max));
    }
}

size_t dead_letter_encode(const struct dead_letter *letter, unsigned char *bytes)
{
    struct msgpack_writer writer;
    bool is_cut =
        letter->key.size > DEAD_LETTER_KEY_MAX || letter->value.size > DEAD_LETTER_VALUE_MAX;

    msgpack_writer_init(&writer, bytes, dead_letter_encoded_max(letter));
    msgpack_writer_put_array(&writer, ELEMENT_COUNT);
    msgpack_writer_put_integer(&writer, FORMAT);
    msgpack_writer_put_text(&writer, reason_name(letter->reason));
    msgpack_writer_put_text(&writer, letter->error);
    msgpack_writer_put_integer(&writer, letter->partition);
    msgpack_writer_put_integer(&writer, letter->offset);
    msgpack_writer_put_integer(&writer, letter->timestamp_ms);
    msgpack_writer_put_boolean(&writer, letter->is_truncated || is_cut);
    put_bytes(&writer, letter->key, DEAD_LETTER_KEY_MAX);
    put_bytes(&writer, letter->value, DEAD_LETTER_VALUE_MAX);
    return msgpack_writer_size(&writer);
}

static bool read_kind(struct msgpack_reader *reader, enum value_kind kind, struct value *value)
{
    return msgpack_reader_next(reader, value) == STATUS_OK && value->kind == kind;
}

static bool read_head(struct msgpack_reader *reader, uint32_t *unknown_count)
{
    struct value array;
    struct value format;
    if (!read_kind(reader, VALUE_array, &array) || array.count < ELEMENT_COUNT ||
        !read_kind(reader, VALUE_integer, &format) || format.integer != FORMAT) {
        return false;
    }
    *unknown_count = array.count - ELEMENT_COUNT;
    return true;
}

static bool read_reason(struct msgpack_reader *reader, enum reason *reason)
{
    struct value name;
    if (!read_kind(reader, VALUE_string, &name)) {
        return false;
    }
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (value_is_text(&name, reason_name((enum reason)i))) {
            *reason = (enum reason)i;
            return true;
        }
    }
    return false;
}

static bool read_error(struct msgpack_reader *reader, char error[KLINE_ERROR_MAX])
{
    struct value text;
    if (!read_kind(reader, VALUE_string, &text) || text.string.size >= KLINE_ERROR_MAX ||
        memchr(text.string.bytes, '\0', text.string.size) != NULL) {
        return false;
    }
    memcpy(error, text.string.bytes, text.string.size);
    error[text.string.size] = '\0';
    return true;
}

static bool read_place(struct msgpack_reader *reader, struct dead_letter *letter)
{
    struct value partition;
    struct value offset;
    struct value timestamp;
    if (!read_kind(reader, VALUE_integer, &partition) || partition.integer < INT32_MIN ||
        partition.integer > INT32_MAX || !read_kind(reader, VALUE_integer, &offset) ||
        !read_kind(reader, VALUE_integer, &timestamp)) {
        return false;
    }
    letter->partition = (int32_t)partition.integer;
    letter->offset = offset.integer;
    letter->timestamp_ms = timestamp.integer;
    return true;
}

static bool read_bytes(struct msgpack_reader *reader, size_t size_max, struct slice *bytes)
{
    struct value value;
    if (msgpack_reader_next(reader, &value) != STATUS_OK) {
        return false;
    }
    if (value.kind == VALUE_null) {
        *bytes = (struct slice){NULL, 0};
        return true;
    }
    *bytes = value.string;
    return value.kind == VALUE_bytes && value.string.size <= size_max;
}

enum status dead_letter_decode(struct slice bytes, struct dead_letter *out_letter)
{
    struct dead_letter letter = {.offset = 0};
    struct msgpack_reader reader;
    struct value is_truncated;
    uint32_t unknown_count;

    msgpack_reader_init(&reader, bytes);
    if (!read_head(&reader, &unknown_count) || !read_reason(&reader, &letter.reason) ||
        !read_error(&reader, letter.error) || !read_place(&reader, &letter) ||
        !read_kind(&reader, VALUE_boolean, &is_truncated) ||
        !read_bytes(&reader, DEAD_LETTER_KEY_MAX, &letter.key) ||
        !read_bytes(&reader, DEAD_LETTER_VALUE_MAX, &letter.value) ||
        msgpack_reader_skip(&reader, unknown_count) != STATUS_OK ||
        !msgpack_reader_is_at_end(&reader)) {
        return STATUS_MALFORMED;
    }
    letter.is_truncated = is_truncated.boolean;
    *out_letter = letter;
    return STATUS_OK;
}
