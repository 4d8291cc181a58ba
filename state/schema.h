/* The tables of a partition's environment, and the sinks that its outbox serves. */
#ifndef CANDLED_STATE_SCHEMA_H
#define CANDLED_STATE_SCHEMA_H

/* What the bytes on disk mean. Another number is refused by name, never misread. */
enum { STORE_FORMAT = 1 };

/* clang-format off */
#define STORE_TABLES(X)                                                                              \
    /* name      key                                             value                            */ \
    X(meta,      "a field's name",                               "see meta.h")                       \
    X(actors,    "symbol",                                       "what its actor needs to go on")    \
    X(candles,   "symbol, 0, interval, openTime",                "a candle, see candle_encode()")    \
    X(expiry,    "event time, key in candles",                   "nothing")                          \
    X(outbox,    "sequence",                                     "kind, interval, payload")

#define SINK_TABLE(X)                                                                \
    /* name          what it is                                                   */ \
    X(redis,         "candles to Redis")                                             \
    X(mongo,         "candles to MongoDB")                                           \
    X(kafka,         "candles to kafka.output_topic")                                \
    X(dead_letters,  "dead letters to kafka.dlq_topic")                                \
    X(terminal,      "candles to standard output, in candled run")
/* clang-format on */

enum store_table {
#define X(name, key, value) TABLE_##name,
    STORE_TABLES(X)
#undef X
        TABLE_COUNT
};

enum sink {
#define X(name, what) SINK_##name,
    SINK_TABLE(X)
#undef X
        SINK_COUNT
};

const char *schema_table_name(enum store_table table);

const char *schema_sink_name(enum sink sink);

#endif
