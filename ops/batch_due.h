/* Which days a schedule owes: those that were over when it last fired and that the ledger does not
 * know as finished, as far back as batch.catch_up allows. A ledger that is empty owes nothing but
 * the last of them: nobody knows since when there should have been a batch.
 *
 * A day with holes is tried again when somebody could not be asked, when windows of it were not
 * over, or when MongoDB refused candles of it, and for a week at most. So is one with minutes of
 * the exchange: the log may get them yet, from the collector's spool. Pure. Ownership:
 * batch_due_deinit(). */
#ifndef CANDLED_OPS_BATCH_DUE_H
#define CANDLED_OPS_BATCH_DUE_H

#include "proto/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cron;
struct ledger_day;

enum { BATCH_DUE_AGAIN_DAYS_MAX = 7 };

struct batch_due {
    struct zone_date first; /* the days first..last are looked at */
    struct zone_date last;
    bool *is_owed; /* of each of them, from the first on */
    size_t count;
    bool was_begun; /* some day of them, or an earlier one, is in the ledger */
};

/* As if the ledger were empty. No run before `now_ms`: no days. */
void batch_due_init(struct batch_due *due, const struct cron *cron, const struct zone *zone,
                    int64_t now_ms, int64_t catch_up_ms);

/* As if the schedule had fired now. */
void batch_due_init_now(struct batch_due *due, const struct zone *zone, int64_t now_ms,
                        int64_t catch_up_ms);

void batch_due_deinit(struct batch_due *due);

/* What the ledger holds, from its first day on and in the order of days: after an outage that was
 * longer than catch_up, only days before those that are looked at tell that there was a batch. */
void batch_due_take(struct batch_due *due, const struct ledger_day *day);

/* The next stretch of days that are owed, after the one before; the first time *index is 0. False:
 * there are no more. */
bool batch_due_next(const struct batch_due *due, size_t *index, struct zone_date *out_from,
                    struct zone_date *out_to);

#endif
