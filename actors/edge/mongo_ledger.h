/* The ledger of days: what the batch has done, one document a day in the collection `batch_days`,
 * beside the candles, so that a process without a disk of its own can go on where another ended.
 *
 * _id = "TOPIC:ZONE:YYYY-MM-DD". A day is put when all of its candles are durable; one that is not
 * there was never finished.
 * Thread: one; every call blocks, as long as the uri's timeouts say. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_LEDGER_H
#define CANDLED_ACTORS_EDGE_MONGO_LEDGER_H

#include "proto/interval.h"
#include "proto/kline.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define LEDGER_STATES(X)                                                    \
    /* name      what it means                                           */ \
    X(missing,   "nothing of it is in the ledger")                          \
    X(partial,   "it has holes, windows that are not over, or refused candles") \
    X(done,      "every minute of every symbol is there, and in MongoDB")
/* clang-format on */

enum ledger_state {
#define X(name, text) LEDGER_##name,
    LEDGER_STATES(X)
#undef X
        LEDGER_STATE_COUNT
};

const char *mongo_ledger_state_name(enum ledger_state state);

enum { LEDGER_DATE_MAX = 11, LEDGER_TEXT_MAX = 256, LEDGER_KEY_MAX = 640, LEDGER_HOLES_MAX = 1000 };

/* Minutes of one symbol that nobody has, [from, to). */
struct ledger_hole {
    char symbol[SYMBOL_BYTES_MAX + 1];
    int64_t from_ms;
    int64_t to_ms;
};

struct ledger_day {
    char topic[LEDGER_TEXT_MAX];
    char zone[LEDGER_TEXT_MAX];
    char date[LEDGER_DATE_MAX];
    enum ledger_state state;
    int64_t from_ms; /* [from, to) */
    int64_t to_ms;
    int64_t symbols;
    int64_t expected; /* minutes of all symbols */
    int64_t minutes;  /* of them, known; by where they come from: */
    int64_t log_minutes;
    int64_t archive_minutes;
    int64_t rest_minutes;
    int64_t candles; /* of all intervals */
    int64_t pending; /* windows that open in it and were not over */
    int64_t refused; /* candles that MongoDB would not have */
    bool was_asked;  /* every source was asked for what is missing */
    interval_set intervals;
    char backup[LEDGER_KEY_MAX]; /* empty: none */
    int64_t finished_ms;
    const struct ledger_hole *holes; /* in the order of symbols and times */
    size_t hole_count;               /* the document holds LEDGER_HOLES_MAX of them */
};

struct mongo_ledger;

enum { MONGO_LEDGER_ERROR_MAX = 256 };

MUST_CHECK enum status mongo_ledger_open(const char *uri, const char *database,
                                         struct mongo_ledger **out_ledger, char *error,
                                         size_t error_size);

/* NULL inside is fine. */
void mongo_ledger_close(struct mongo_ledger **ledger_p);

/* The days that are there, from..to both included, in order. The day lives as long as the call. */
typedef void mongo_ledger_visit_fn(void *context, const struct ledger_day *day);

MUST_CHECK enum status mongo_ledger_each(struct mongo_ledger *ledger, const char *topic,
                                         const char *zone, const char *from_date,
                                         const char *to_date, mongo_ledger_visit_fn *visit,
                                         void *context);

/* Replaces what is there of that day; durable on a majority. */
MUST_CHECK enum status mongo_ledger_put(struct mongo_ledger *ledger, const struct ledger_day *day);

/* Of the call that failed. */
const char *mongo_ledger_error(const struct mongo_ledger *ledger);

#endif
