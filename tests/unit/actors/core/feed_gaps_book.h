/* A symbol's gaps with a ledger beside them, for the tests of both parts. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_CORE_FEED_GAPS_BOOK_H
#define CANDLED_TESTS_UNIT_ACTORS_CORE_FEED_GAPS_BOOK_H

#include "actors/core/feed_gaps_ask.h"
#include "proto/interval.h"
#include "tests/unit/cmocka.h"

enum { HOLES_MAX = 4096, BASE_MINUTE = 29000000 };

#define MINUTE(n) (((int64_t)BASE_MINUTE + (n)) * MINUTE_MS)

/* The ledger, as the rules tell it. */
struct book {
    struct feed_gaps gaps;
    struct feed_gaps_rules rules;
    struct feed_hole holes[HOLES_MAX];
    size_t count;
};

static inline void on_changed(void *context, const struct feed_hole *hole, bool is_gone)
{
    struct book *book = context;
    size_t at = 0;
    while (at < book->count &&
           (book->holes[at].from_ms != hole->from_ms || book->holes[at].kind != hole->kind)) {
        at++;
    }
    if (is_gone) {
        if (at < book->count) {
            book->holes[at] = book->holes[--book->count];
        }
        return;
    }
    assert_true(at < HOLES_MAX);
    book->holes[at] = *hole;
    book->count += at == book->count;
}

static inline int setup(void **state)
{
    static struct book book;
    book = (struct book){.count = 0};
    book.rules = (struct feed_gaps_rules){
        .keep_ms = 2000ll * MINUTE_MS,
        .backfill_ms = 0,
        .proves_by_ids = true,
        .context = &book,
        .changed = on_changed,
    };
    feed_gaps_init(&book.gaps, "BTCUSDT");
    *state = &book;
    return 0;
}

static inline int teardown(void **state)
{
    struct book *book = *state;
    feed_gaps_deinit(&book->gaps);
    return 0;
}

static inline struct kline closed(int minute, int64_t first_id, int64_t last_id)
{
    struct kline kline = {
        .symbol = "BTCUSDT",
        .symbol_size = 7,
        .is_closed = true,
        .trade_ids = TRADE_IDS_known,
        .open_ms = MINUTE(minute),
        .event_ms = MINUTE(minute + 1) + 5,
        .trades = last_id - first_id + 1,
        .first_trade_id = first_id,
        .last_trade_id = last_id,
    };
    return kline;
}

static inline struct kline row(int minute)
{
    struct kline kline = closed(minute, 0, 0);
    kline.trade_ids = TRADE_IDS_unknown;
    kline.first_trade_id = -1;
    kline.last_trade_id = -1;
    return kline;
}

static inline struct kline opened(int minute, int64_t second)
{
    struct kline kline = closed(minute, 1, 2);
    kline.is_closed = false;
    kline.event_ms = MINUTE(minute) + second * 1000;
    return kline;
}

/* Told over the stream, five milliseconds after its end. */
static inline void take(struct book *book, struct kline kline)
{
    assert_int_equal(feed_gaps_judge(&book->gaps, &kline), FEED_take);
    feed_gaps_took(&book->gaps, &book->rules, &kline, false, kline.event_ms, 0);
}

static inline void take_minutes(struct book *book, int from, int to)
{
    for (int minute = from; minute <= to; minute++) {
        take(book, closed(minute, 100 * minute, 100 * minute + 99));
    }
}

static inline bool next_ask(struct book *book, int64_t exchange_ms, int64_t now_ms,
                            struct feed_ask *ask)
{
    return feed_gaps_ask_next(&book->gaps, &book->rules, exchange_ms, now_ms, ask);
}

/* An answer with these minutes of what was asked. */
static inline void answer(struct book *book, const struct feed_ask *ask, int from, int to,
                          int64_t exchange_ms, int64_t now_ms)
{
    int64_t newest_ms = FEED_NO_TIME;
    for (int minute = from; minute <= to; minute++) {
        struct kline kline = row(minute);
        newest_ms = kline.open_ms;
        if (feed_gaps_ask_wants(&book->gaps, ask, kline.open_ms)) {
            feed_gaps_took(&book->gaps, &book->rules, &kline, true, exchange_ms, now_ms);
        }
    }
    feed_gaps_ask_answered(&book->gaps, &book->rules, ask, newest_ms, exchange_ms, now_ms);
}

static inline void assert_hole(const struct book *book, size_t index, enum feed_hole_state state,
                               int from, int to)
{
    assert_true(index < book->count);
    assert_string_equal(book->holes[index].symbol, "BTCUSDT");
    assert_int_equal(book->holes[index].state, state);
    assert_int_equal(book->holes[index].from_ms, MINUTE(from));
    assert_int_equal(book->holes[index].to_ms, MINUTE(to));
}

#endif
