/* Why a record becomes a dead letter. The names are the `reason` header and the metric's label. */
#ifndef CANDLED_PROTO_REASON_H
#define CANDLED_PROTO_REASON_H

/* clang-format off */
#define REASON_TABLE(X)                                                                          \
    /* name              what was wrong                                                       */ \
    X(none,              "nothing")                                                              \
    X(empty,             "the record has no value")                                              \
    X(not_json,          "the value is neither JSON nor candled's msgpack")                      \
    X(not_a_kline,       "the value is JSON, but none of the kline shapes")                      \
    X(missing_field,     "a field is missing")                                                   \
    X(wrong_type,        "a field has the wrong type")                                           \
    X(not_a_number,      "a price or volume is not a decimal number")                            \
    X(negative,          "a price, volume or count is negative")                                 \
    X(too_many_digits,   "a price or volume has more digits than fit")                           \
    X(high_below_low,    "high is lower than low")                                               \
    X(open_outside,      "open is outside low..high")                                            \
    X(close_outside,     "close is outside low..high")                                           \
    X(wrong_interval,    "the interval is not 1m")                                               \
    X(open_time,         "the open time is not on a minute, or out of range")                    \
    X(close_time,        "the close time is not the minute's last millisecond or microsecond")   \
    X(bad_symbol,        "the symbol is not 1 to 64 bytes, or holds a colon, white space or a control character") \
    X(future,            "the event time is over an hour past the record's own timestamp")       \
    X(late,              "the minute is older than what is kept")                                \
    X(rejected,          "a sink will never accept the candle")
/* clang-format on */

enum reason {
#define X(name, text) REASON_##name,
    REASON_TABLE(X)
#undef X
        REASON_COUNT
};

const char *reason_name(enum reason reason);

const char *reason_text(enum reason reason);

#endif
