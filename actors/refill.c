#include "actors/refill.h"

enum { MS_PER_S = 1000 };

void refill_init(struct refill *refill, interval_set intervals, int64_t ttl_ms)
{
    *refill = (struct refill){.page = {.intervals = intervals, .ttl_ms = ttl_ms}};
}

void refill_deinit(struct refill *refill)
{
    outbox_rows_destroy(&refill->page.rows);
}

void refill_begin(struct refill *refill, int64_t loss, int64_t now_ms)
{
    outbox_rows_destroy(&refill->page.rows);
    refill->is_wanted = true;
    refill->is_anew = false;
    refill->loss = loss;
    refill->due_ms = now_ms;
    refill->count = 0;
    refill->page.after_size = 0;
    refill->page.is_last = false;
}

void refill_end_page(struct refill *refill, int64_t now_ms)
{
    int64_t count = (int64_t)refill->page.rows->count;

    refill->count += count;
    refill->due_ms = now_ms + count * MS_PER_S / REFILL_CANDLES_PER_S;
    outbox_rows_destroy(&refill->page.rows);
}
