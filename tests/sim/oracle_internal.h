/* What oracle.c and oracle_fold.c share. */
#ifndef CANDLED_TESTS_SIM_ORACLE_INTERNAL_H
#define CANDLED_TESTS_SIM_ORACLE_INTERNAL_H

#include "tests/sim/oracle.h"

#include "tests/sim/limits.h"

/* One symbol's minutes and windows, side by side from the first minute of the log on. */
struct track {
    char symbol[SYMBOL_BYTES_MAX + 1];
    struct minute {
        bool is_there;
        bool is_fill;
        int64_t event_ms;
        struct kline kline;
    } * minutes;
    int32_t *newest[INTERVAL_COUNT]; /* version of each window, from 1; NULL: not folded */
};

/* What a window was after some record. */
struct version {
    struct oracle_candle candle;
    int32_t before; /* the version that it replaced; 0: none */
};

struct oracle {
    struct candle_rules rules;
    int64_t first_ms;
    int64_t count; /* of minutes */
    int64_t stream_ms;
    int64_t era;
    struct track series[SIM_SYMBOLS_MAX];
    size_t series_count;
    struct version *versions;
    size_t version_count;
    size_t version_capacity;
    bool *is_dead;
};

/* oracle_fold.c */
/* Does a closed kline change its minute? */
bool oracle_wins(const struct minute *known, const struct kline *k);
/* Proofs that this minute allows, and fills that follow it. */
void oracle_fill_around(const struct oracle *o, struct track *s, int64_t at, bool *changed);
/* The minutes [begin, end) as one candle. */
struct oracle_candle oracle_fold(const struct oracle *o, const struct track *s, int64_t begin,
                                 int64_t end);

#endif
