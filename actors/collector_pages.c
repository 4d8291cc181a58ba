/* REST's answers on their way into the log: held page by page, put in order of time. */
#include "actors/collector_internal.h"
#include "actors/exchange_answer.h"
#include "proto/interval.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

enum { NO_ROOM_MS = 10000 }; /* the spool is full: so long before the next question */

void collector_pages_hold(struct collector *c, const struct exchange_answer *answer, int64_t now_ms)
{
    struct collector_pages *p = &c->pages;
    int64_t exchange_ms = collector_exchange_ms(c, now_ms);
    int64_t newest_ms = FEED_NO_TIME;

    for (size_t i = 0; i < answer->row_count; i++) {
        int64_t open_ms = answer->rows[i].kline.open_ms;
        if (open_ms + MINUTE_MS > exchange_ms) {
            continue; /* still open by the exchange's own clock */
        }
        newest_ms = open_ms > newest_ms ? open_ms : newest_ms;
        if (open_ms >= c->ask.from_ms && open_ms <= c->ask.to_ms) {
            feed_merge_add(&p->rows, open_ms, p->count, exchange_answer_text(answer, i));
        }
    }
    p->pages = mem_resize(p->pages, p->count + 1, sizeof(*p->pages));
    p->pages[p->count++] = (struct collector_page){c->asked_symbol, c->ask, newest_ms};
}

static bool put_row(struct collector *c, size_t index, int64_t exchange_ms, int64_t now_ms)
{
    const struct feed_merge_row *row = &c->pages.rows.rows[index];
    const struct collector_page *page = &c->pages.pages[row->page];
    struct feed_gaps *gaps = &c->symbols[page->symbol].gaps;
    /* All that counts of a row of REST. */
    const struct kline kline = {.is_closed = true, .open_ms = row->open_ms};

    if (!feed_gaps_ask_wants(gaps, &page->ask, row->open_ms)) {
        return true;
    }
    if (!c->options.port.put(c->options.port.context, slice_of_text(gaps->row.name),
                             feed_merge_text(&c->pages.rows, index), true)) {
        return false;
    }
    feed_gaps_took(gaps, &c->rules, &kline, true, exchange_ms, now_ms);
    metrics_add(c->options.metrics, METRIC_feed_filled_minutes_total, 1);
    return true;
}

bool collector_pages_put(struct collector *c, int64_t now_ms)
{
    struct collector_pages *p = &c->pages;
    int64_t exchange_ms = collector_exchange_ms(c, now_ms);
    bool has_room = true;

    feed_merge_sort(&p->rows);
    for (size_t i = 0; i < p->rows.count && has_room; i++) {
        has_room = put_row(c, i, exchange_ms, now_ms);
    }
    for (size_t i = 0; i < p->count; i++) {
        const struct collector_page *page = &p->pages[i];
        struct feed_gaps *gaps = &c->symbols[page->symbol].gaps;
        if (has_room) {
            feed_gaps_ask_answered(gaps, &c->rules, &page->ask, page->newest_ms, exchange_ms,
                                   now_ms);
        } else {
            feed_gaps_ask_postpone(gaps, &page->ask, now_ms + NO_ROOM_MS);
        }
    }
    collector_pages_deinit(p);
    return has_room;
}

void collector_pages_deinit(struct collector_pages *p)
{
    feed_merge_deinit(&p->rows);
    mem_free(p->pages);
    *p = (struct collector_pages){.count = 0};
}
