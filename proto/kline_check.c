#include "proto/kline_check.h"

#include "proto/interval.h"
#include "proto/kline_error.h"
#include "proto/utf8.h"

#include <assert.h>

/* From here on a time is in microseconds: as milliseconds it would be in the year 5138, and as
 * microseconds it is in 1973. */
static const int64_t microseconds_min = 100000000000000;

/* A day has some 10^7 trades; what is far beyond that is garbage, and sums of it must fit. */
static const int64_t count_limit = 1000000000000000;

/* clang-format off */
#define NUMBERS_TABLE(X)              \
    /* field  member               */ \
    X(o,      open)                   \
    X(h,      high)                   \
    X(l,      low)                    \
    X(c,      close)                  \
    X(v,      volume)                 \
    X(q,      quote_volume)           \
    X(V,      taker_buy_volume)       \
    X(Q,      taker_buy_quote_volume)
/* clang-format on */

static const struct {
    enum value_kind kind;
    bool is_optional;
    const char *otherwise;
} infos[] = {
#define IS_OPTIONAL_required false
#define IS_OPTIONAL_optional true
#define X(name, key, type, presence, meaning)                                                      \
    [KLINE_FIELD_##name] = {VALUE_##type, IS_OPTIONAL_##presence, "is not of type " #type},
    KLINE_FIELDS_TABLE(X)
#undef X
};

static enum reason complain(const struct kline_fields *fields, enum kline_field field,
                            enum reason reason, const char *what, char *error)
{
    /* E is beside k, not in it. */
    const char *prefix = field == KLINE_FIELD_E ? "" : fields->prefix;
    bool is_there = fields->values[field].kind != VALUE_absent;
    return kline_error_set(error, reason, prefix, kline_fields_name(field),
                           is_there ? &fields->values[field] : NULL, what);
}

static bool is_given(const struct kline_fields *fields, enum kline_field field)
{
    return fields->values[field].kind != VALUE_absent && fields->values[field].kind != VALUE_null;
}

static enum reason check_field(const struct kline_fields *fields, enum kline_field field,
                               char *error)
{
    enum value_kind kind = fields->values[field].kind;
    if (kind == infos[field].kind || (infos[field].is_optional && !is_given(fields, field)) ||
        (field == KLINE_FIELD_E && !fields->has_event_time)) {
        return REASON_none;
    }
    if (kind == VALUE_absent) {
        return complain(fields, field, REASON_missing_field, "is missing", error);
    }
    return complain(fields, field, REASON_wrong_type, infos[field].otherwise, error);
}

static enum reason check_structure(const struct kline_fields *fields, char *error)
{
    if (fields->has_twice) {
        return kline_error_set(error, REASON_wrong_type, fields->prefix,
                               kline_fields_name(fields->twice), NULL, "is given twice");
    }
    for (size_t i = 0; i < KLINE_FIELD_COUNT; i++) {
        enum reason reason = check_field(fields, (enum kline_field)i, error);
        if (reason != REASON_none) {
            return reason;
        }
    }
    if (is_given(fields, KLINE_FIELD_f) != is_given(fields, KLINE_FIELD_L)) {
        enum kline_field missing = is_given(fields, KLINE_FIELD_f) ? KLINE_FIELD_L : KLINE_FIELD_f;
        return kline_error_set(error, REASON_missing_field, fields->prefix,
                               kline_fields_name(missing), NULL,
                               "is missing, and f and L come together");
    }
    return REASON_none;
}

static bool is_symbol(struct slice symbol)
{
    const unsigned char *bytes = symbol.bytes;
    if (symbol.size < 1 || symbol.size > SYMBOL_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < symbol.size; i++) {
        if (bytes[i] <= ' ' || bytes[i] == 0x7f || bytes[i] == ':') {
            return false;
        }
    }
    return utf8_is_valid(symbol);
}

static enum reason take_names(const struct kline_fields *fields, struct kline *kline, char *error)
{
    struct slice symbol = fields->values[KLINE_FIELD_s].string;
    if (!is_symbol(symbol)) {
        return complain(fields, KLINE_FIELD_s, REASON_bad_symbol,
                        "is not 1 to 64 bytes of UTF-8 without colon, white space and controls",
                        error);
    }
    memcpy(kline->symbol, symbol.bytes, symbol.size);
    kline->symbol_size = (uint8_t)symbol.size;
    if (!value_is_text(&fields->values[KLINE_FIELD_i], "1m")) {
        return complain(fields, KLINE_FIELD_i, REASON_wrong_interval, "is not 1m", error);
    }
    return REASON_none;
}

static int64_t units_per_ms(int64_t time)
{
    return time < microseconds_min ? 1 : 1000;
}

static enum reason take_event_time(const struct kline_fields *fields, struct kline *kline,
                                   char *error)
{
    if (!fields->has_event_time) {
        kline->event_ms = kline->is_closed ? kline->open_ms + MINUTE_MS - 1 : kline->open_ms;
        return REASON_none;
    }
    int64_t event = fields->values[KLINE_FIELD_E].integer;
    if (event < 0) {
        return complain(fields, KLINE_FIELD_E, REASON_negative, "is negative", error);
    }
    kline->event_ms = event / units_per_ms(event);
    if (kline->event_ms >= microseconds_min) {
        return complain(fields, KLINE_FIELD_E, REASON_future, "is beyond the year 5138", error);
    }
    return REASON_none;
}

static enum reason take_times(const struct kline_fields *fields, struct kline *kline, char *error)
{
    int64_t open = fields->values[KLINE_FIELD_t].integer;
    int64_t minute = MINUTE_MS * units_per_ms(open);

    kline->open_ms = open / units_per_ms(open);
    if (open < 0 || kline->open_ms >= microseconds_min) {
        return complain(fields, KLINE_FIELD_t, REASON_open_time, "is out of range", error);
    }
    if (open % minute != 0) {
        return complain(fields, KLINE_FIELD_t, REASON_open_time, "is not on a minute", error);
    }
    if (fields->values[KLINE_FIELD_T].integer != open + minute - 1) {
        return complain(fields, KLINE_FIELD_T, REASON_close_time,
                        "is not the last millisecond or microsecond of the minute", error);
    }
    return take_event_time(fields, kline, error);
}

static enum reason take_number(const struct kline_fields *fields, enum kline_field field,
                               struct decimal *number, char *error)
{
    enum status status = decimal_parse(fields->values[field].string, number);
    if (status == STATUS_RANGE) {
        return complain(fields, field, REASON_too_many_digits,
                        "has more than 16 digits before the point or 14 after it", error);
    }
    if (status != STATUS_OK) {
        return complain(fields, field, REASON_not_a_number, "is not a decimal number", error);
    }
    if (decimal_is_negative(*number)) {
        return complain(fields, field, REASON_negative, "is negative", error);
    }
    return REASON_none;
}

_Static_assert(DECIMAL_INTEGER_DIGITS_MAX == 16, "take_number() says 16");
_Static_assert(DECIMAL_SCALE_MAX == 14, "take_number() says 14");

static enum reason take_numbers(const struct kline_fields *fields, struct kline *kline, char *error)
{
    static const struct {
        enum kline_field field;
        size_t offset;
    } numbers[] = {
#define X(field, member) {KLINE_FIELD_##field, offsetof(struct kline, member)},
        NUMBERS_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        void *number = (char *)kline + numbers[i].offset;
        enum reason reason = take_number(fields, numbers[i].field, number, error);
        if (reason != REASON_none) {
            return reason;
        }
    }
    kline->trades = fields->values[KLINE_FIELD_n].integer;
    if (kline->trades < 0) {
        return complain(fields, KLINE_FIELD_n, REASON_negative, "is negative", error);
    }
    if (kline->trades >= count_limit) {
        return complain(fields, KLINE_FIELD_n, REASON_too_many_digits, "has more than 15 digits",
                        error);
    }
    return REASON_none;
}

/* A range of ids is taken as it is: on futures it does not fit the number of trades. */
static void take_trade_ids(const struct kline_fields *fields, struct kline *kline)
{
    kline->trade_ids = TRADE_IDS_unknown;
    kline->first_trade_id = -1;
    kline->last_trade_id = -1;
    if (!is_given(fields, KLINE_FIELD_f)) {
        return;
    }
    int64_t first = fields->values[KLINE_FIELD_f].integer;
    int64_t last = fields->values[KLINE_FIELD_L].integer;
    if (kline->trades == 0 && first == -1 && last == -1) {
        kline->trade_ids = TRADE_IDS_none;
    } else if (kline->trades > 0 && first >= 0 && last >= first && last < count_limit) {
        kline->trade_ids = TRADE_IDS_known;
        kline->first_trade_id = first;
        kline->last_trade_id = last;
    }
}

static bool is_outside(const struct kline *kline, struct decimal price)
{
    return decimal_compare(price, kline->low) < 0 || decimal_compare(price, kline->high) > 0;
}

static enum reason check_prices(const struct kline_fields *fields, const struct kline *kline,
                                char *error)
{
    if (decimal_compare(kline->high, kline->low) < 0) {
        return complain(fields, KLINE_FIELD_h, REASON_high_below_low, "is lower than l", error);
    }
    if (is_outside(kline, kline->open)) {
        return complain(fields, KLINE_FIELD_o, REASON_open_outside, "is outside l..h", error);
    }
    if (is_outside(kline, kline->close)) {
        return complain(fields, KLINE_FIELD_c, REASON_close_outside, "is outside l..h", error);
    }
    return REASON_none;
}

enum reason kline_check_fields(const struct kline_fields *fields, struct kline *out_kline,
                               char error[KLINE_ERROR_MAX])
{
    struct kline kline = {.symbol_size = 0};
    enum reason reason = check_structure(fields, error);
    if (reason != REASON_none) {
        return reason;
    }
    kline.is_closed = fields->values[KLINE_FIELD_x].boolean;
    if ((reason = take_names(fields, &kline, error)) != REASON_none ||
        (reason = take_times(fields, &kline, error)) != REASON_none ||
        (reason = take_numbers(fields, &kline, error)) != REASON_none ||
        (reason = check_prices(fields, &kline, error)) != REASON_none) {
        return reason;
    }
    take_trade_ids(fields, &kline);
    *out_kline = kline;
    return REASON_none;
}
