/* What batch.c, batch_day.c and batch_collect.c share. */
#ifndef CANDLED_OPS_BATCH_INTERNAL_H
#define CANDLED_OPS_BATCH_INTERNAL_H

#include "ops/batch.h"

#include "actors/core/rules.h"
#include "ops/batch_backup.h"
#include "ops/batch_grid.h"

struct batch_log;
struct mongo_ledger;
struct mongo_loader;
struct object_store;

struct batch {
    struct batch_options options;
    struct batch_result result;
    struct candle_rules rules;
    interval_set intervals;
    int64_t now_ms;
    struct mongo_loader *loader;
    struct mongo_ledger *ledger;
    struct batch_log *log;
    struct object_store *backups; /* NULL: none is made or read */
    bool is_rest_down;            /* it did not answer: nobody waits for it again */
    int64_t day_number;           /* of those that are to be done */
    int64_t day_count;
    char error[BATCH_ERROR_MAX]; /* of the last failure; the result has that of the first */
};

/* One day in work. */
struct batch_work {
    struct batch *batch;
    struct batch_day day;
    struct batch_grid grid;
    struct batch_symbols symbols;   /* that the day should hold, by name */
    struct batch_symbols newcomers; /* of which it holds the beginning of their first windows */
    struct batch_backup today;
    struct batch_backup tomorrow;
    char next_date[ZONE_DATE_TEXT_MAX];
    struct batch_backup_file file; /* the one that is made */
    struct ledger_hole *holes;
    size_t hole_count;
    size_t hole_capacity;
    bool is_alone; /* what failed concerns this day and no other */
};

/* batch_expected.c: who is expected on that day, and who came soon after it. */
MUST_CHECK enum status batch_expected(struct batch_work *work);

/* batch_collect.c: all that is known of a symbol's day, into the grid. */
MUST_CHECK enum status batch_collect(struct batch_work *work, const char *symbol);

/* What the log has of a newcomer; before that there is nothing, and nobody is asked for it. */
MUST_CHECK enum status batch_collect_newcomer(struct batch_work *work, const char *symbol);

/* batch_day.c: the day of an entry of which topic, zone, date and times are set. *out_is_alone, on
 * failure: the days after it may be done. */
MUST_CHECK enum status batch_day_run(struct batch *batch, const struct ledger_day *entry,
                                     bool *out_is_alone);

/* Counts a day, and tells whoever wants to know. */
void batch_tell(struct batch *batch, const struct batch_day *day);

/* Remembers what went wrong, and returns its status. */
enum status batch_fail(struct batch *batch, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
