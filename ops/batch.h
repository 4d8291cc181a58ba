/* The daily batch: whole days of candles into MongoDB, and a backup file a day.
 *
 * The log is read once for all days that are wanted, from before the first of them to its end as of
 * now, and folded by the actors of a shard (refold.h), so that a candle has the bytes and the
 * revision that the stream gives it. Minutes that the log does not hold any more come from the
 * day's backup, with their revisions; what neither has from the exchange, with revision 0. Days are
 * done one after the other: candles, backup, then the ledger; a run that was killed goes on with
 * the first day that the ledger does not know as done.
 * Thread: one that may block. */
#ifndef CANDLED_OPS_BATCH_H
#define CANDLED_OPS_BATCH_H

#include "actors/edge/mongo_ledger.h"
#include "proto/kline.h"
#include "proto/zone.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/* The exchange, asked for closed minutes of [from, to) in order. STATUS_NOT_FOUND: it has no such
 * symbol. STATUS_UNAVAILABLE, STATUS_TIMED_OUT: it could not be asked. */
typedef void batch_rest_visit_fn(void *context, const struct kline *kline);

struct batch_rest {
    void *context;
    enum status (*ask)(void *context, const char *symbol, int64_t from_ms, int64_t to_ms,
                       batch_rest_visit_fn *visit, void *visit_context);
};

enum { BATCH_ERROR_MAX = 600 };

/* What became of one day. */
struct batch_day {
    struct ledger_day entry; /* as the ledger has it now, or would; its holes live as the call */
    bool is_skipped;         /* it was done before */
    bool is_failed;
    int64_t written;
    int64_t held; /* MongoDB held the same or a newer one */
    int64_t rejected;
    const char *error; /* NULL unless it failed */
};

struct batch_options {
    const struct config *config;
    const struct zone *zone;
    struct zone_date from; /* both included; the last one is over */
    struct zone_date to;
    const char *const *symbols; /* only these: neither ledger nor backup; NULL: all */
    size_t symbol_count;
    bool does_again; /* days that are done, too */
    bool makes_backups;
    const struct batch_rest *rest; /* NULL: nobody is asked */
    void *context;
    void (*day)(void *context, const struct batch_day *day);
    /* `what` is "reading" or "writing"; NULL: nobody wants to know. */
    void (*progress)(void *context, const char *what, int64_t done, int64_t total);
};

struct batch_result {
    int64_t days;
    int64_t done;
    int64_t partial;
    int64_t missing; /* nobody knows anything of them */
    int64_t failed;
    int64_t skipped; /* of the days that are done */
    int64_t candles;
    int64_t written;
    int64_t held;
    int64_t rejected;
    int64_t records; /* of the log */
    bool was_asked;  /* every source that was to be asked answered */
    bool was_ended;  /* by a failure that days share: there may be days that were not begun */
    char error[BATCH_ERROR_MAX];
};

/* A day that fails by itself, on its backup, does not keep the others from being done; a failure of
 * what they share (Kafka, MongoDB, this machine's disk) ends the run. `error` says why of the first
 * of them, whose status it returns. */
MUST_CHECK enum status batch_run(const struct batch_options *options,
                                 struct batch_result *out_result);

/* Which candles the configuration wants the batch to write: 1m, batch.intervals, and those that
 * the shards write into MongoDB. */
interval_set batch_intervals(const struct config *config);

#endif
