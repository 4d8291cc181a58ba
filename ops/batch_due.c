#include "ops/batch_due.h"

#include "actors/edge/mongo_ledger.h"
#include "ops/cron.h"
#include "runtime/mem.h"

#define DAY_MS INT64_C(86400000)

/* The days that were over at this time. */
static void look_back(struct batch_due *due, const struct zone *zone, int64_t at_ms,
                      int64_t catch_up_ms)
{
    due->count = (size_t)(catch_up_ms / DAY_MS) + 1;
    due->last = zone_date_add(zone_date_of(zone, at_ms), -1);
    due->first = zone_date_add(due->last, 1 - (int)due->count);
    due->is_owed = mem_new(due->count, sizeof(*due->is_owed));
    due->is_owed[due->count - 1] = true;
}

void batch_due_init(struct batch_due *due, const struct cron *cron, const struct zone *zone,
                    int64_t now_ms, int64_t catch_up_ms)
{
    int64_t fired_ms = cron_last_ms(cron, zone, now_ms);
    *due = (struct batch_due){.count = 0};
    if (fired_ms != CRON_NEVER) {
        look_back(due, zone, fired_ms, catch_up_ms);
    }
}

void batch_due_init_now(struct batch_due *due, const struct zone *zone, int64_t now_ms,
                        int64_t catch_up_ms)
{
    *due = (struct batch_due){.count = 0};
    look_back(due, zone, now_ms, catch_up_ms);
}

void batch_due_deinit(struct batch_due *due)
{
    mem_free(due->is_owed);
    due->is_owed = NULL;
}

/* How many days after the first; -1: it is none of them. */
static int index_of(const struct batch_due *due, const char *text)
{
    struct zone_date wanted;
    struct zone_date date = due->first;
    if (zone_date_parse(text, &wanted) != STATUS_OK) {
        return -1;
    }
    for (size_t i = 0; i < due->count; i++, date = zone_date_add(date, 1)) {
        if (zone_date_compare(date, wanted) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_unfinished(const struct ledger_day *day, size_t days_ago)
{
    bool may_change = day->pending > 0 || day->refused > 0 || !day->was_asked;
    if (day->state == LEDGER_missing) {
        return true;
    }
    return days_ago < BATCH_DUE_AGAIN_DAYS_MAX &&
           (day->rest_minutes > 0 || (day->state == LEDGER_partial && may_change));
}

/* From the first that is known on, what is not known is owed. */
static void begin_at(struct batch_due *due, size_t first)
{
    for (size_t i = first; !due->was_begun && i < due->count; i++) {
        due->is_owed[i] = true;
    }
    due->was_begun = true;
}

static bool lies_before(const struct batch_due *due, const char *text)
{
    struct zone_date date;
    return zone_date_parse(text, &date) == STATUS_OK && zone_date_compare(date, due->first) < 0;
}

void batch_due_take(struct batch_due *due, const struct ledger_day *day)
{
    if (due->count > 0 && lies_before(due, day->date)) {
        begin_at(due, 0);
        return;
    }
    int index = index_of(due, day->date);
    if (index >= 0) {
        size_t at = (size_t)index;
        begin_at(due, at);
        due->is_owed[at] = is_unfinished(day, due->count - 1 - at);
    }
}

bool batch_due_next(const struct batch_due *due, size_t *index, struct zone_date *out_from,
                    struct zone_date *out_to)
{
    size_t first = *index;
    while (first < due->count && !due->is_owed[first]) {
        first++;
    }
    size_t end = first;
    while (end < due->count && due->is_owed[end]) {
        end++;
    }
    *index = end;
    if (first == end) {
        return false;
    }
    *out_from = zone_date_add(due->first, (int)first);
    *out_to = zone_date_add(due->first, (int)end - 1);
    return true;
}
