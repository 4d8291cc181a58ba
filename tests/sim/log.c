#include "tests/sim/log.h"

#include "proto/interval.h"
#include "runtime/base.h"
#include "runtime/mem.h"
#include "tests/sim/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t start_ms = INT64_C(1704067200000); /* a midnight */

/* Where a symbol's market stands. */
struct market {
    char symbol[16];
    int64_t price;
    int64_t next_id;
};

struct maker {
    struct sim_log *log;
    const struct log_options *options;
    struct rand *rand;
    size_t capacity;
};

static struct decimal number(int64_t coefficient, uint8_t scale)
{
    return (struct decimal){.coefficient = coefficient, .scale = scale};
}

static int64_t below(struct maker *m, uint64_t bound)
{
    return (int64_t)rand_below(m->rand, bound);
}

static struct log_entry *add(struct maker *m, int64_t arrival_ms)
{
    struct sim_log *log = m->log;
    if (log->count == m->capacity) {
        m->capacity = m->capacity * 2 + 64;
        log->entries = mem_resize(log->entries, m->capacity, sizeof(*log->entries));
    }
    struct log_entry *entry = &log->entries[log->count];
    *entry = (struct log_entry){.record = {.timestamp_ms = arrival_ms}};
    entry->record.offset = (int64_t)log->count++; /* keeps the sort stable, for now */
    return entry;
}

static void add_kline(struct maker *m, const struct kline *kline, int64_t arrival_ms)
{
    struct log_entry *entry = add(m, arrival_ms);
    char *text = mem_new(1, KLINE_JSON_MAX);
    size_t size = kline_print_json(kline, text);
    entry->kline = *kline;
    entry->record.key = slice_of_text(text + KLINE_JSON_MAX - 1); /* empty, never looked at */
    entry->record.value = (struct slice){text, size};
}

static void add_garbage(struct maker *m, int64_t arrival_ms)
{
    static const char *const texts[] = {"", "{", "[]", "{\"e\":\"trade\"}", "null", "\xc1\xff"};
    struct log_entry *entry = add(m, arrival_ms);
    const char *text = texts[below(m, sizeof(texts) / sizeof(texts[0]))];
    size_t size = strlen(text);
    char *copy = mem_new(1, size + 1);
    memcpy(copy, text, size);
    entry->is_garbage = true;
    entry->record.value = (struct slice){copy, size};
}

/* What really happened in a minute. */
static struct kline true_kline(struct maker *m, struct market *market, int64_t open_ms)
{
    struct kline k = {.is_closed = true, .open_ms = open_ms, .trade_ids = TRADE_IDS_known};
    int64_t low = market->price - below(m, 50);
    int64_t high = market->price + below(m, 50);
    int64_t close = low + below(m, (uint64_t)(high - low + 1));
    int64_t volume = 1 + below(m, 100000);

    k.symbol_size = (uint8_t)snprintf(k.symbol, sizeof(k.symbol), "%s", market->symbol);
    k.event_ms = open_ms + MINUTE_MS + below(m, 2000);
    k.trades = rand_chance(m->rand, m->options->empty) ? 0 : 1 + below(m, 20);
    if (k.trades == 0) {
        low = high = close = market->price;
        volume = 0;
        k.trade_ids = TRADE_IDS_none;
    } else {
        k.first_trade_id = market->next_id;
        market->next_id += k.trades;
        k.last_trade_id = market->next_id - 1;
    }
    k.open = number(market->price, 2);
    k.high = number(high, 2);
    k.low = number(low, 2);
    k.close = number(close, 2);
    k.volume = number(volume, 3);
    k.quote_volume = number(volume * 7, 5);
    k.taker_buy_volume = number(volume / 2, 3);
    k.taker_buy_quote_volume = number(volume * 3, 5);
    market->price = close;
    return k;
}

/* Another telling of the same minute: corrected, in conflict, or older. */
static struct kline retold(struct maker *m, const struct kline *original)
{
    struct kline k = *original;
    k.event_ms += (below(m, 3) - 1) * (1 + below(m, 5000));
    k.volume.coefficient += k.trades > 0 ? 1 + below(m, 9) : 0;
    if (k.trades > 0 && rand_chance(m->rand, 50)) {
        k.close = rand_chance(m->rand, 50) ? k.low : k.high;
    }
    if (k.trades > 1 && rand_chance(m->rand, 20)) { /* it says that it had less */
        k.last_trade_id--;
        k.trades--;
    }
    return k;
}

static struct kline without_ids(const struct kline *original)
{
    struct kline k = *original;
    k.trade_ids = TRADE_IDS_unknown;
    k.first_trade_id = k.last_trade_id = 0;
    return k;
}

static void tell_open(struct maker *m, const struct kline *original)
{
    struct kline k = *original;
    k.is_closed = false;
    k.event_ms = k.open_ms + below(m, MINUTE_MS);
    add_kline(m, &k, k.event_ms);
}

static void tell(struct maker *m, const struct kline *k)
{
    const struct log_options *options = m->options;
    int64_t delay_ms =
        rand_chance(m->rand, options->late) ? below(m, (uint64_t)options->late_ms) : below(m, 3000);
    struct kline first = rand_chance(m->rand, options->no_ids) ? without_ids(k) : *k;

    if (rand_chance(m->rand, 60)) {
        tell_open(m, k);
    }
    if (!rand_chance(m->rand, options->lost)) {
        add_kline(m, &first, k->event_ms + delay_ms);
    }
    if (rand_chance(m->rand, options->repeated)) {
        add_kline(m, &first, k->event_ms + below(m, (uint64_t)options->repeat_ms));
    }
    if (rand_chance(m->rand, options->corrected)) {
        struct kline other = retold(m, k);
        add_kline(m, &other, k->event_ms + below(m, (uint64_t)options->correct_ms));
    }
    if (rand_chance(m->rand, options->garbage)) {
        add_garbage(m, k->event_ms);
    }
    if (rand_chance(m->rand, options->garbage)) {
        struct kline future = *k;
        future.event_ms += 3 * INT64_C(3600000);
        add_kline(m, &future, k->event_ms);
    }
}

static int by_arrival(const void *left, const void *right)
{
    const struct record *a = &((const struct log_entry *)left)->record;
    const struct record *b = &((const struct log_entry *)right)->record;
    if (a->timestamp_ms != b->timestamp_ms) {
        return a->timestamp_ms < b->timestamp_ms ? -1 : 1;
    }
    return a->offset < b->offset ? -1 : 1;
}

void sim_log_init(struct sim_log *log, const struct log_options *options, struct rand *rand)
{
    struct maker m = {.log = log, .options = options, .rand = rand};
    struct market markets[SIM_SYMBOLS_MAX];

    *log = (struct sim_log){.count = 0};
    for (size_t s = 0; s < options->symbols && s < ARRAY_COUNT(markets); s++) {
        markets[s] = (struct market){.price = 10000 + below(&m, 10000), .next_id = below(&m, 1000)};
        snprintf(markets[s].symbol, sizeof(markets[s].symbol), "SIM%c",
                 (char)(options->first_symbol + (char)s));
    }
    for (size_t i = 0; i < options->minutes; i++) {
        for (size_t s = 0; s < options->symbols; s++) {
            size_t gap = i >= options->minutes / 2 ? options->gap_minutes : 0;
            struct kline k = true_kline(&m, &markets[s], start_ms + (int64_t)(i + gap) * MINUTE_MS);
            tell(&m, &k);
        }
    }
    qsort(log->entries, log->count, sizeof(*log->entries), by_arrival);
    for (size_t i = 0; i < log->count; i++) {
        log->entries[i].record.offset = (int64_t)i;
        if (!log->entries[i].is_garbage && log->entries[i].kline.event_ms > log->end_ms) {
            log->end_ms = log->entries[i].kline.event_ms;
        }
    }
}

void sim_log_deinit(struct sim_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free((void *)(uintptr_t)log->entries[i].record.value.bytes);
    }
    mem_free(log->entries);
}
