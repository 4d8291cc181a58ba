/* The settings of sink_probe. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_EDGE_SINK_PROBE_SETTINGS_H
#define CANDLED_TESTS_UNIT_ACTORS_EDGE_SINK_PROBE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define SINK_PROBE_SETTINGS(X)                                              \
    X(rows,       "1000")                                        \
    X(repeat,     "1")                                           \
    X(reorder,    "0")                                           \
    X(symbols,    "10")                                          \
    X(partitions, "1")                                           \
    X(delivery,   "500")                                         \
    X(base_ms,    "1738368000000")                               \
    X(ttl_ms,     "86400000")                                    \
    X(retention_ms, "0")                                         \
    X(close_after_ms, "0")                                       \
    X(cancel_after_ms, "0")                                      \
    X(pause_ms,   "0")                                           \
    X(attach,     "0")                                           \
    X(acked,      "-1")                                          \
    X(acked_count, "0")                                          \
    X(life,       "0")                                           \
    X(gate_ms,    "0")                                           \
    X(open_after_ms, "0")
#define SINK_PROBE_TEXTS(X)                                                 \
    X(ttl_from,   "write")                                       \
    X(password,   "")                                            \
    X(sentinels,  "")                                            \
    X(database,   "crypto_history")                              \
    X(collection, "candles")
/* clang-format on */

struct sink_probe_settings {
#define X(name, default_value) int64_t name;
    SINK_PROBE_SETTINGS(X)
#undef X
#define X(name, default_value) const char *name;
    SINK_PROBE_TEXTS(X)
#undef X
};

/* --name value pairs over the defaults; ends the program on a name that it does not know. */
void sink_probe_settings_read(struct sink_probe_settings *s, int count, char **args);

/* Of a text with commas between them, which it changes. */
size_t sink_probe_settings_split(char *text, const char **items, size_t items_max);

#endif
