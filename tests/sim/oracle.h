/* What the sinks must hold in the end: a plain fold over the whole log, with plain numbers.
 *
 * It shares nothing with the pipeline but the klines themselves and the rules' numbers: after each
 * record it computes all that the record could have changed, from all that is known, by brute
 * force. */
#ifndef CANDLED_TESTS_SIM_ORACLE_H
#define CANDLED_TESTS_SIM_ORACLE_H

#include "actors/core/rules.h"
#include "tests/sim/log.h"

#include <stdbool.h>
#include <stdint.h>

/* A candle as numbers; prices in hundredths, volumes in thousandths, quotes in 1e-5. */
struct oracle_candle {
    bool exists;
    int64_t open, high, low, close;
    int64_t volume, quote, taker, taker_quote;
    int64_t trades;
    int64_t minutes;
    int64_t first_id, last_id; /* -1: null */
    int64_t missing;           /* -1: null */
    int64_t revision;
    int64_t updated_ms;
    int64_t length; /* of its window, in minutes */
    struct {
        bool is_known;
        int128 value; /* at SERIES_SCALE */
    } derived[SERIES_MAX];
};

struct oracle;

/* era: of all its revisions. */
struct oracle *oracle_create(const struct sim_log *log, const struct candle_rules *rules,
                             int64_t era);

void oracle_destroy(struct oracle **oracle_p);

/* The candle of the window that opens then; exists is false when there is none. */
struct oracle_candle oracle_candle(const struct oracle *oracle, const char *symbol,
                                   enum interval interval, int64_t open_ms);

/* The same as it was at this revision; exists is false when no record of that revision changed it.
 */
struct oracle_candle oracle_version(const struct oracle *oracle, const char *symbol,
                                    enum interval interval, int64_t open_ms, int64_t revision);

/* Must this record be a dead letter? */
bool oracle_is_dead(const struct oracle *oracle, int64_t offset);

/* Is this interval folded? */
bool oracle_folds(const struct oracle *oracle, enum interval interval);

/* The open time of the window that holds a time, and that of the next one. */
int64_t oracle_open_ms(const struct oracle *oracle, enum interval interval, int64_t time_ms);
int64_t oracle_next_ms(const struct oracle *oracle, enum interval interval, int64_t open_ms);

/* How many derived values a candle has. */
size_t oracle_derived_count(const struct oracle *oracle);

/* The largest event time. */
int64_t oracle_stream_ms(const struct oracle *oracle);

/* All minutes of the log lie in [first, last]. */
int64_t oracle_first_ms(const struct oracle *oracle);
int64_t oracle_last_ms(const struct oracle *oracle);

#endif
