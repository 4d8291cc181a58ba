#include "proto/candle.h"

#include "proto/json_text.h"
#include "proto/msgpack_reader.h"
#include "proto/msgpack_writer.h"

enum { FORMAT = 1, COEFFICIENT_BYTES_MAX = 16 };

/* The stored form is an array: the format, the symbol, the interval's name, then this table from
 * top to bottom. New fields go to the end; a reader passes over what it does not know, so a new
 * format is for changes that old readers must refuse. */
/* clang-format off */
#define STORED_TABLE(X)                   \
    /* type     member                 */ \
    X(integer,  open_ms)                  \
    X(integer,  event_ms)                 \
    X(integer,  updated_ms)               \
    X(decimal,  open)                     \
    X(decimal,  high)                     \
    X(decimal,  low)                      \
    X(decimal,  close)                    \
    X(decimal,  volume)                   \
    X(decimal,  quote_volume)             \
    X(decimal,  taker_buy_volume)         \
    X(decimal,  taker_buy_quote_volume)   \
    X(integer,  trades)                   \
    X(integer,  minutes)                  \
    X(boolean,  is_complete)              \
    X(boolean,  is_fill)                  \
    X(boolean,  is_emitted)               \
    X(boolean,  has_unknown_ids)          \
    X(ids,      trade_ids)                \
    X(integer,  first_trade_id)           \
    X(integer,  last_trade_id)            \
    X(integer,  missing_trades)           \
    X(integer,  revision)
/* clang-format on */

/* How many elements of the array a type takes. */
enum { ELEMENTS_integer = 1, ELEMENTS_boolean = 1, ELEMENTS_ids = 1, ELEMENTS_decimal = 2 };

enum {
#define X(type, member) +ELEMENTS_##type
    ELEMENT_COUNT = 3 STORED_TABLE(X)
#undef X
};

/* No day of any zone comes near it. */
enum { WINDOW_MINUTES_MAX = 4320 };

int64_t candle_minutes(const struct candle *candle)
{
    return candle->window_minutes > 0 ? candle->window_minutes : interval_minutes(candle->interval);
}

int64_t candle_close_ms(const struct candle *candle)
{
    return candle->open_ms + candle_minutes(candle) * MINUTE_MS - 1;
}

static void put_integer(struct msgpack_writer *writer, int64_t integer)
{
    msgpack_writer_put_integer(writer, integer);
}

static void put_boolean(struct msgpack_writer *writer, bool boolean)
{
    msgpack_writer_put_boolean(writer, boolean);
}

static void put_ids(struct msgpack_writer *writer, enum trade_ids ids)
{
    msgpack_writer_put_integer(writer, ids);
}

/* Two's complement, big-endian, without the leading bytes that only repeat the sign. */
static void put_large_coefficient(struct msgpack_writer *writer, int128 coefficient)
{
    unsigned char bytes[COEFFICIENT_BYTES_MAX];
    uint128 bits = (uint128)coefficient;
    for (size_t i = sizeof(bytes); i > 0; i--) {
        bytes[i - 1] = (unsigned char)(bits & 0xff);
        bits >>= 8;
    }
    size_t skipped = 0;
    while (bytes[skipped] == (coefficient < 0 ? 0xff : 0x00) &&
           (bytes[skipped] & 0x80) == (bytes[skipped + 1] & 0x80)) {
        skipped++;
    }
    msgpack_writer_put_bytes(writer,
                             (struct slice){bytes + skipped, COEFFICIENT_BYTES_MAX - skipped});
}

static void put_decimal(struct msgpack_writer *writer, struct decimal decimal)
{
    msgpack_writer_put_integer(writer, decimal.scale);
    if (decimal.coefficient >= INT64_MIN && decimal.coefficient <= INT64_MAX) {
        msgpack_writer_put_integer(writer, (int64_t)decimal.coefficient);
    } else {
        put_large_coefficient(writer, decimal.coefficient);
    }
}

/* What most candles do not have ends the array: the window's minutes, then derived series. */
static bool has_tail(const struct candle *candle)
{
    return candle->window_minutes > 0 || candle->derived.count > 0;
}

size_t candle_encode(const struct candle *candle, unsigned char bytes[CANDLE_ENCODED_MAX])
{
    struct msgpack_writer writer;

    msgpack_writer_init(&writer, bytes, CANDLE_ENCODED_MAX);
    size_t tail = has_tail(candle) ? 1 + series_element_count(&candle->derived) : 0;
    msgpack_writer_put_array(&writer, ELEMENT_COUNT + tail);
    msgpack_writer_put_integer(&writer, FORMAT);
    msgpack_writer_put_text(&writer, candle->symbol);
    msgpack_writer_put_text(&writer, interval_name(candle->interval));
#define X(type, member) put_##type(&writer, candle->member);
    STORED_TABLE(X)
#undef X
    if (tail > 0) {
        put_integer(&writer, candle->window_minutes);
        series_encode(&candle->derived, &writer);
    }
    return msgpack_writer_size(&writer);
}

static bool read_kind(struct msgpack_reader *reader, enum value_kind kind, struct value *value)
{
    return msgpack_reader_next(reader, value) == STATUS_OK && value->kind == kind;
}

static bool read_integer(struct msgpack_reader *reader, int64_t *integer)
{
    struct value value;
    if (!read_kind(reader, VALUE_integer, &value)) {
        return false;
    }
    *integer = value.integer;
    return true;
}

static bool read_boolean(struct msgpack_reader *reader, bool *boolean)
{
    struct value value;
    if (!read_kind(reader, VALUE_boolean, &value)) {
        return false;
    }
    *boolean = value.boolean;
    return true;
}

static bool read_ids(struct msgpack_reader *reader, enum trade_ids *ids)
{
    int64_t integer;
    if (!read_integer(reader, &integer) || integer < TRADE_IDS_unknown ||
        integer > TRADE_IDS_none) {
        return false;
    }
    *ids = (enum trade_ids)integer;
    return true;
}

static bool read_large_coefficient(struct slice string, int128 *coefficient)
{
    const unsigned char *bytes = string.bytes;
    if (string.size <= sizeof(int64_t) || string.size > COEFFICIENT_BYTES_MAX) {
        return false;
    }
    uint128 bits = (bytes[0] & 0x80) != 0 ? ~(uint128)0 : 0;
    for (size_t i = 0; i < string.size; i++) {
        bits = bits << 8 | bytes[i];
    }
    *coefficient = (int128)bits;
    return true;
}

static bool read_decimal(struct msgpack_reader *reader, struct decimal *decimal)
{
    struct value value;
    int64_t scale;
    if (!read_integer(reader, &scale) || scale < 0 || scale > DECIMAL_SCALE_MAX ||
        msgpack_reader_next(reader, &value) != STATUS_OK) {
        return false;
    }
    decimal->scale = (uint8_t)scale;
    if (value.kind == VALUE_integer) {
        decimal->coefficient = value.integer;
        return true;
    }
    return value.kind == VALUE_bytes && read_large_coefficient(value.string, &decimal->coefficient);
}

static bool read_names(struct msgpack_reader *reader, struct candle *candle)
{
    struct value symbol;
    struct value interval;
    if (!read_kind(reader, VALUE_string, &symbol) || symbol.string.size > SYMBOL_BYTES_MAX ||
        memchr(symbol.string.bytes, '\0', symbol.string.size) != NULL ||
        !read_kind(reader, VALUE_string, &interval)) {
        return false;
    }
    memcpy(candle->symbol, symbol.string.bytes, symbol.string.size);
    return interval_parse(interval.string, &candle->interval) == STATUS_OK;
}

/* The number of elements that follow those we know. */
static bool read_head(struct msgpack_reader *reader, uint32_t *unknown_count)
{
    struct value array;
    int64_t format;
    if (!read_kind(reader, VALUE_array, &array) || array.count < ELEMENT_COUNT ||
        !read_integer(reader, &format) || format != FORMAT) {
        return false;
    }
    *unknown_count = array.count - ELEMENT_COUNT;
    return true;
}

/* Takes the elements of the tail off those that are not known. */
static bool read_tail(struct msgpack_reader *reader, struct candle *candle, uint32_t *unknown_count)
{
    if (*unknown_count == 0) {
        return true;
    }
    if (!read_integer(reader, &candle->window_minutes) || candle->window_minutes < 0 ||
        candle->window_minutes > WINDOW_MINUTES_MAX || !series_decode(reader, &candle->derived)) {
        return false;
    }
    size_t known_count = 1 + series_element_count(&candle->derived);
    if (known_count > *unknown_count) {
        return false;
    }
    *unknown_count -= (uint32_t)known_count;
    return true;
}

enum status candle_decode(struct slice bytes, struct candle *out_candle)
{
    struct candle candle = {.open_ms = 0};
    struct msgpack_reader reader;
    uint32_t unknown_count;

    msgpack_reader_init(&reader, bytes);
    if (!read_head(&reader, &unknown_count) || !read_names(&reader, &candle)) {
        return STATUS_MALFORMED;
    }
#define X(type, member)                                                                            \
    if (!read_##type(&reader, &candle.member)) {                                                   \
        return STATUS_MALFORMED;                                                                   \
    }
    STORED_TABLE(X)
#undef X
    if (!read_tail(&reader, &candle, &unknown_count) ||
        msgpack_reader_skip(&reader, unknown_count) != STATUS_OK ||
        !msgpack_reader_is_at_end(&reader)) {
        return STATUS_MALFORMED;
    }
    *out_candle = candle;
    return STATUS_OK;
}

static void print_integer(struct json_text *text, const char *before, int64_t integer)
{
    json_text_put(text, before);
    json_text_put_integer(text, integer);
}

static void print_known(struct json_text *text, const char *before, bool is_known, int64_t integer)
{
    if (is_known) {
        print_integer(text, before, integer);
    } else {
        json_text_put(text, before);
        json_text_put(text, "null");
    }
}

static void print_decimal(struct json_text *text, const char *before, struct decimal decimal)
{
    json_text_put(text, before);
    json_text_put_decimal(text, decimal);
}

static void print_string(struct json_text *text, const char *before, const char *string)
{
    json_text_put(text, before);
    json_text_put_string(text, slice_of_text(string));
}

static void print_derived(struct json_text *text, const struct derived *derived)
{
    for (size_t i = 0; i < derived->count; i++) {
        char name[SERIES_TEXT_MAX];
        series_name(derived->series[i], name);
        json_text_put(text, ",\"");
        json_text_put(text, name);
        json_text_put(text, "\":");
        if (derived->is_known[i]) {
            json_text_put_decimal(text, series_value(derived, i));
        } else {
            json_text_put(text, "null");
        }
    }
}

size_t candle_print_json(const struct candle *candle, char text[CANDLE_JSON_MAX])
{
    bool has_ids = candle->trade_ids == TRADE_IDS_known;
    struct json_text json;

    json_text_init(&json, text, CANDLE_JSON_MAX);
    print_string(&json, "{\"symbol\":", candle->symbol);
    print_string(&json, ",\"interval\":", interval_name(candle->interval));
    print_integer(&json, ",\"openTime\":", candle->open_ms);
    print_integer(&json, ",\"closeTime\":", candle_close_ms(candle));
    print_decimal(&json, ",\"open\":", candle->open);
    print_decimal(&json, ",\"high\":", candle->high);
    print_decimal(&json, ",\"low\":", candle->low);
    print_decimal(&json, ",\"close\":", candle->close);
    print_decimal(&json, ",\"volume\":", candle->volume);
    print_decimal(&json, ",\"quoteVolume\":", candle->quote_volume);
    print_integer(&json, ",\"trades\":", candle->trades);
    print_decimal(&json, ",\"takerBuyVolume\":", candle->taker_buy_volume);
    print_decimal(&json, ",\"takerBuyQuoteVolume\":", candle->taker_buy_quote_volume);
    print_integer(&json, ",\"minutes\":", candle->minutes);
    json_text_put(&json, candle->is_complete ? ",\"complete\":true" : ",\"complete\":false");
    print_known(&json, ",\"firstTradeId\":", has_ids && candle->first_trade_id >= 0,
                candle->first_trade_id);
    print_known(&json, ",\"lastTradeId\":", has_ids && candle->last_trade_id >= 0,
                candle->last_trade_id);
    print_known(&json, ",\"missingTrades\":", candle->missing_trades >= 0, candle->missing_trades);
    print_integer(&json, ",\"revision\":", candle->revision);
    json_text_put(&json, ",\"x\":true");
    print_integer(&json, ",\"updatedAt\":", candle->updated_ms);
    print_derived(&json, &candle->derived);
    json_text_put(&json, "}");
    return json_text_finish(&json);
}
