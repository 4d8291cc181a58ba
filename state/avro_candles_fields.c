/* The fields of a candle in Avro: their schema, and their way there and back. */
#include "proto/candle.h"
#include "state/avro_candles_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
#define AVRO_FIELDS(X)                                              \
    /* type     Avro's    member                   name          */ \
    X(symbol,     "string", symbol,                  symbol)          \
    X(interval, "string", interval,                interval)        \
    X(integer,  "long",   open_ms,                 openTime)        \
    X(integer,  "long",   event_ms,                eventTime)       \
    X(integer,  "long",   updated_ms,              updatedAt)       \
    X(decimal,  "string", open,                    open)            \
    X(decimal,  "string", high,                    high)            \
    X(decimal,  "string", low,                     low)             \
    X(decimal,  "string", close,                   close)           \
    X(decimal,  "string", volume,                  volume)          \
    X(decimal,  "string", quote_volume,            quoteVolume)     \
    X(decimal,  "string", taker_buy_volume,        takerBuyVolume)  \
    X(decimal,  "string", taker_buy_quote_volume,  takerBuyQuoteVolume) \
    X(integer,  "long",   trades,                  trades)          \
    X(integer,  "long",   minutes,                 minutes)         \
    X(boolean,  "boolean", is_complete,            complete)        \
    X(boolean,  "boolean", is_fill,                isFill)          \
    X(boolean,  "boolean", is_emitted,             isEmitted)       \
    X(boolean,  "boolean", has_unknown_ids,        hasUnknownIds)   \
    X(ids,      "string", trade_ids,               tradeIds)        \
    X(integer,  "long",   first_trade_id,          firstTradeId)    \
    X(integer,  "long",   last_trade_id,           lastTradeId)     \
    X(integer,  "long",   missing_trades,          missingTrades)   \
    X(integer,  "long",   revision,                revision)        \
    X(integer,  "long",   window_minutes,          windowMinutes)   \
    X(derived,  "string", derived,                 derived)
/* clang-format on */

static const char schema_text[] =
    "{\"type\":\"record\",\"name\":\"Candle\",\"namespace\":\"candled\",\"fields\":["
#define X(type, avro, member, name) "{\"name\":\"" #name "\",\"type\":\"" avro "\"},"
    AVRO_FIELDS(X)
#undef X
        "{\"name\":\"closeTime\",\"type\":\"long\"}]}";

enum {
#define X(type, avro, member, name) FIELD_##name,
    AVRO_FIELDS(X)
#undef X
        FIELD_closeTime, /* for other tools; it follows from openTime and interval */
    FIELD_COUNT
};

/* "vwap=1.25;sma(20)=;": one that is not known has no value. */
enum { DERIVED_TEXT_MAX = SERIES_MAX * (SERIES_TEXT_MAX + DECIMAL_TEXT_MAX + 2) + 1 };

/* The internal header has room for their places. */
_Static_assert((int)FIELD_COUNT <= (int)AVRO_CANDLES_FIELDS_MAX,
               "a reader has no room for all fields");

static const char *const ids_names[] = {
    [TRADE_IDS_unknown] = "unknown",
    [TRADE_IDS_known] = "known",
    [TRADE_IDS_none] = "none",
};

int avro_candles_make_schema(avro_schema_t *out_schema)
{
    return avro_schema_from_json_length(schema_text, sizeof(schema_text) - 1, out_schema);
}

static int put_symbol(avro_value_t *field, const char *symbol)
{
    return avro_value_set_string(field, symbol);
}

static int put_interval(avro_value_t *field, enum interval interval)
{
    return avro_value_set_string(field, interval_name(interval));
}

static int put_integer(avro_value_t *field, int64_t integer)
{
    return avro_value_set_long(field, integer);
}

static int put_boolean(avro_value_t *field, bool boolean)
{
    return avro_value_set_boolean(field, boolean);
}

static int put_ids(avro_value_t *field, enum trade_ids ids)
{
    return avro_value_set_string(field, ids_names[ids]);
}

static int put_decimal(avro_value_t *field, struct decimal decimal)
{
    char text[DECIMAL_TEXT_MAX];
    (void)decimal_print(decimal, text);
    return avro_value_set_string(field, text);
}

static int put_derived(avro_value_t *field, struct derived derived)
{
    char text[DERIVED_TEXT_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < derived.count; i++) {
        char name[SERIES_TEXT_MAX];
        char value[DECIMAL_TEXT_MAX] = "";
        series_print(derived.series[i], name);
        if (derived.is_known[i]) {
            (void)decimal_print(series_value(&derived, i), value);
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%s;", name, value);
    }
    return avro_value_set_string(field, text);
}

int avro_candles_fill(avro_value_t *value, const struct candle *candle)
{
    avro_value_t field;
#define X(type, avro, member, name)                                                                \
    if (avro_value_get_by_index(value, FIELD_##name, &field, NULL) != 0 ||                         \
        put_##type(&field, candle->member) != 0) {                                                 \
        return EINVAL;                                                                             \
    }
    AVRO_FIELDS(X)
#undef X
    if (avro_value_get_by_index(value, FIELD_closeTime, &field, NULL) != 0) {
        return EINVAL;
    }
    return put_integer(&field, candle_close_ms(candle));
}

/* A later version may say more: what is not known is passed by. */
bool avro_candles_find_fields(avro_value_t *value, size_t places[AVRO_CANDLES_FIELDS_MAX])
{
    avro_value_t field;
    if (avro_value_get_type(value) != AVRO_RECORD) {
        return false;
    }
#define X(type, avro, member, name)                                                                \
    if (avro_value_get_by_name(value, #name, &field, &places[FIELD_##name]) != 0) {                \
        return false;                                                                              \
    }
    AVRO_FIELDS(X)
#undef X
    return true;
}

/* Without the zero that avro-c counts. */
static bool get_slice(avro_value_t *field, struct slice *out_text)
{
    const char *text;
    size_t size;
    if (avro_value_get_string(field, &text, &size) != 0 || size == 0) {
        return false;
    }
    *out_text = (struct slice){text, size - 1};
    return true;
}

static bool take_symbol(avro_value_t *field, char (*symbol)[SYMBOL_BYTES_MAX + 1])
{
    struct slice text;
    if (!get_slice(field, &text) || text.size == 0 || text.size > SYMBOL_BYTES_MAX ||
        memchr(text.bytes, '\0', text.size) != NULL) {
        return false;
    }
    memcpy(*symbol, text.bytes, text.size);
    return true;
}

static bool take_interval(avro_value_t *field, enum interval *interval)
{
    struct slice text;
    return get_slice(field, &text) && interval_parse(text, interval) == STATUS_OK;
}

static bool take_integer(avro_value_t *field, int64_t *integer)
{
    return avro_value_get_long(field, integer) == 0;
}

static bool take_boolean(avro_value_t *field, bool *boolean)
{
    int truth;
    if (avro_value_get_boolean(field, &truth) != 0) {
        return false;
    }
    *boolean = truth != 0;
    return true;
}

static bool take_ids(avro_value_t *field, enum trade_ids *ids)
{
    struct slice text;
    for (size_t i = 0; get_slice(field, &text) && i < ARRAY_COUNT(ids_names); i++) {
        if (slice_equals(text, slice_of_text(ids_names[i]))) {
            *ids = (enum trade_ids)i;
            return true;
        }
    }
    return false;
}

/* Sums of a long window have more digits than decimal_parse() takes from a kline. */
static bool parse_decimal(struct slice text, struct decimal *decimal)
{
    struct decimal number = {.scale = 0};
    bool has_point = false;
    if (text.size == 0) {
        return false;
    }
    const char *bytes = text.bytes;
    bool is_negative = bytes[0] == '-';
    for (size_t i = is_negative ? 1 : 0; i < text.size; i++) {
        if (bytes[i] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (bytes[i] < '0' || bytes[i] > '9' ||
            !checked_multiply_128(number.coefficient, 10, &number.coefficient) ||
            !checked_add_128(number.coefficient, bytes[i] - '0', &number.coefficient)) {
            return false;
        }
        number.scale = (uint8_t)(number.scale + (has_point ? 1 : 0));
        if (number.scale > DECIMAL_SCALE_MAX) {
            return false;
        }
    }
    number.coefficient = is_negative ? -number.coefficient : number.coefficient;
    *decimal = number;
    return true;
}

static bool take_decimal(avro_value_t *field, struct decimal *decimal)
{
    struct slice text;
    return get_slice(field, &text) && parse_decimal(text, decimal);
}

/* Up to the sign, which is passed by. False: there is none. */
static bool cut(struct slice *text, char sign, struct slice *out_part)
{
    const char *begin = text->bytes;
    const char *end = text->size > 0 ? memchr(begin, sign, text->size) : NULL;
    if (end == NULL) {
        return false;
    }
    size_t size = (size_t)(end - begin);
    *out_part = (struct slice){begin, size};
    *text = (struct slice){end + 1, text->size - size - 1};
    return true;
}

static bool take_series(struct slice name, struct slice text, struct derived *derived)
{
    struct decimal value = {.scale = 0};
    size_t i = derived->count;
    if (i == SERIES_MAX || series_parse(name, &derived->series[i]) != STATUS_OK ||
        (text.size > 0 && !parse_decimal(text, &value))) {
        return false;
    }
    for (; value.scale < SERIES_SCALE; value.scale++) {
        if (!checked_multiply_128(value.coefficient, 10, &value.coefficient)) {
            return false;
        }
    }
    derived->is_known[i] = text.size > 0;
    derived->values[i] = value.coefficient;
    derived->count++;
    return true;
}

static bool take_derived(avro_value_t *field, struct derived *derived)
{
    struct slice text;
    struct slice name;
    struct slice value;
    *derived = (struct derived){.count = 0};
    if (!get_slice(field, &text)) {
        return false;
    }
    while (text.size > 0) {
        if (!cut(&text, '=', &name) || !cut(&text, ';', &value) ||
            !take_series(name, value, derived)) {
            return false;
        }
    }
    return true;
}

bool avro_candles_take(avro_value_t *value, const size_t places[AVRO_CANDLES_FIELDS_MAX],
                       struct candle *candle)
{
    avro_value_t field;
#define X(type, avro, member, name)                                                                \
    if (avro_value_get_by_index(value, places[FIELD_##name], &field, NULL) != 0 ||                 \
        !take_##type(&field, &candle->member)) {                                                   \
        avro_set_error("a candle's " #name " is not what it should be");                           \
        return false;                                                                              \
    }
    AVRO_FIELDS(X)
#undef X
    return true;
}
