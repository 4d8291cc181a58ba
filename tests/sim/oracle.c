#include "tests/sim/oracle.h"

#include "proto/candle.h"
#include "runtime/mem.h"
#include "tests/sim/limits.h"

#include <string.h>

/* One symbol's minutes and windows, side by side from the first minute of the log on. */
struct series {
    char symbol[SYMBOL_BYTES_MAX + 1];
    struct minute {
        bool is_there;
        bool is_fill;
        int64_t event_ms;
        struct kline kline;
    } * minutes;
    int32_t *newest[INTERVAL_COUNT]; /* version of each window, from 1; NULL: not folded */
};

/* What a window was after some record. */
struct version {
    struct oracle_candle candle;
    int32_t before; /* the version that it replaced; 0: none */
};

struct oracle {
    struct candle_rules rules;
    int64_t first_ms;
    int64_t count; /* of minutes */
    int64_t stream_ms;
    int64_t era;
    struct series series[SIM_SYMBOLS_MAX];
    size_t series_count;
    struct version *versions;
    size_t version_count;
    size_t version_capacity;
    bool *is_dead;
};

static interval_set all_intervals(const struct oracle *o)
{
    return (interval_set)(o->rules.intervals | INTERVAL_BIT(INTERVAL_1m));
}

static struct series *series_of(struct oracle *o, const char *symbol)
{
    for (size_t i = 0; i < o->series_count; i++) {
        if (strcmp(o->series[i].symbol, symbol) == 0) {
            return &o->series[i];
        }
    }
    struct series *s = &o->series[o->series_count++];
    memcpy(s->symbol, symbol, strlen(symbol) + 1);
    s->minutes = mem_new((size_t)o->count, sizeof(*s->minutes));
    for (int i = 0; i < INTERVAL_COUNT; i++) {
        if ((all_intervals(o) & INTERVAL_BIT(i)) != 0) {
            s->newest[i] = mem_new((size_t)o->count, sizeof(int32_t));
        }
    }
    return s;
}

static bool same(const struct kline *a, const struct kline *b)
{
    return a->open.coefficient == b->open.coefficient &&
           a->high.coefficient == b->high.coefficient && a->low.coefficient == b->low.coefficient &&
           a->close.coefficient == b->close.coefficient &&
           a->volume.coefficient == b->volume.coefficient &&
           a->quote_volume.coefficient == b->quote_volume.coefficient &&
           a->taker_buy_volume.coefficient == b->taker_buy_volume.coefficient &&
           a->taker_buy_quote_volume.coefficient == b->taker_buy_quote_volume.coefficient &&
           a->trades == b->trades && a->trade_ids == b->trade_ids &&
           (a->trade_ids != TRADE_IDS_known ||
            (a->first_trade_id == b->first_trade_id && a->last_trade_id == b->last_trade_id));
}

static bool wins(const struct minute *known, const struct kline *k)
{
    if (!known->is_there || known->is_fill) {
        return true;
    }
    if (same(&known->kline, k)) {
        return false;
    }
    if (k->trade_ids == TRADE_IDS_unknown && known->kline.trade_ids != TRADE_IDS_unknown) {
        return false;
    }
    return k->event_ms > known->event_ms;
}

static bool has_ids(const struct minute *m)
{
    return m->is_there && !m->is_fill && m->kline.trade_ids == TRADE_IDS_known;
}

static bool is_wall(const struct minute *m)
{
    return m->is_there && !m->is_fill && m->kline.trade_ids == TRADE_IDS_unknown &&
           m->kline.trades > 0;
}

/* The nearest minute before `at` with ids, or -1. */
static int64_t previous_of(const struct oracle *o, const struct series *s, int64_t at)
{
    (void)o;
    for (int64_t i = at - 1; i >= 0 && i >= at - 60; i--) {
        if (has_ids(&s->minutes[i])) {
            return i;
        }
        if (is_wall(&s->minutes[i])) {
            return -1;
        }
    }
    return -1;
}

static void make_fill(struct series *s, int64_t at, bool *changed)
{
    struct minute *m = &s->minutes[at];
    struct kline k = {.open = s->minutes[at - 1].kline.close, .trade_ids = TRADE_IDS_none};
    k.high = k.low = k.close = k.open;
    if (!m->is_there || m->kline.close.coefficient != k.close.coefficient) {
        *m = (struct minute){.is_there = true, .is_fill = true, .kline = k};
        changed[at] = true;
    }
}

/* Proofs that this minute allows, and fills that follow it. */
static void fill_around(const struct oracle *o, struct series *s, int64_t at, bool *changed)
{
    for (int64_t next = at; has_ids(&s->minutes[at]) && next < o->count && next <= at + 60;
         next++) {
        int64_t previous = has_ids(&s->minutes[next]) ? previous_of(o, s, next) : -1;
        if (previous < 0 || (next != at && previous != at) ||
            s->minutes[next].kline.first_trade_id != s->minutes[previous].kline.last_trade_id + 1) {
            continue;
        }
        for (int64_t i = previous + 1; i < next; i++) {
            if (!s->minutes[i].is_there) {
                make_fill(s, i, changed);
            }
        }
    }
    for (int64_t i = at + 1; i < o->count && i <= at + 60 && s->minutes[i].is_fill; i++) {
        make_fill(s, i, changed);
    }
}

static int64_t missing_in(const struct oracle *o, const struct series *s, int64_t begin,
                          int64_t end)
{
    int64_t missing = 0;
    for (int64_t next = begin; next < o->count && next < end + 60; next++) {
        int64_t previous = has_ids(&s->minutes[next]) ? previous_of(o, s, next) : -1;
        if (previous < 0) {
            continue;
        }
        int64_t gap =
            s->minutes[next].kline.first_trade_id - s->minutes[previous].kline.last_trade_id - 1;
        bool has_absent = false;
        bool is_inside = false;
        for (int64_t i = previous + 1; i < next; i++) {
            has_absent = has_absent || !s->minutes[i].is_there;
            is_inside = is_inside || (!s->minutes[i].is_there && i >= begin && i < end);
        }
        if (gap > 0 && (has_absent ? is_inside : next >= begin && next < end)) {
            missing += gap;
        }
    }
    return missing;
}

static void add_minute(struct oracle_candle *c, const struct kline *k)
{
    bool is_first = c->minutes == 0;
    c->open = is_first ? (int64_t)k->open.coefficient : c->open;
    c->high = is_first || k->high.coefficient > c->high ? (int64_t)k->high.coefficient : c->high;
    c->low = is_first || k->low.coefficient < c->low ? (int64_t)k->low.coefficient : c->low;
    c->close = (int64_t)k->close.coefficient;
    c->volume += (int64_t)k->volume.coefficient;
    c->quote += (int64_t)k->quote_volume.coefficient;
    c->taker += (int64_t)k->taker_buy_volume.coefficient;
    c->taker_quote += (int64_t)k->taker_buy_quote_volume.coefficient;
    if (k->trades > 0) {
        int64_t first = k->trade_ids == TRADE_IDS_known ? k->first_trade_id : -1;
        int64_t last = k->trade_ids == TRADE_IDS_known ? k->last_trade_id : -1;
        c->first_id = c->trades == 0 ? first : c->first_id;
        c->last_id = last;
    }
    c->trades += k->trades;
    c->minutes++;
}

static struct oracle_candle fold(const struct oracle *o, const struct series *s, int64_t begin,
                                 int64_t end)
{
    struct oracle_candle c = {.first_id = -1, .last_id = -1};
    bool is_known = o->rules.uses_trade_ids;
    for (int64_t i = begin; i < end && i < o->count; i++) {
        if (s->minutes[i].is_there) {
            add_minute(&c, &s->minutes[i].kline);
            is_known = is_known && !is_wall(&s->minutes[i]);
        }
    }
    c.exists = c.minutes > 0;
    c.missing = is_known ? missing_in(o, s, begin, end) : -1;
    return c;
}

static bool same_candle(struct oracle_candle a, struct oracle_candle b)
{
    a.revision = b.revision = 0;
    a.updated_ms = b.updated_ms = 0;
    return a.exists == b.exists && a.open == b.open && a.high == b.high && a.low == b.low &&
           a.close == b.close && a.volume == b.volume && a.quote == b.quote && a.taker == b.taker &&
           a.taker_quote == b.taker_quote && a.trades == b.trades && a.minutes == b.minutes &&
           a.first_id == b.first_id && a.last_id == b.last_id && a.missing == b.missing;
}

static void add_version(struct oracle *o, int32_t *newest, const struct oracle_candle *candle)
{
    if (o->version_count == o->version_capacity) {
        o->version_capacity = o->version_capacity * 2 + 256;
        o->versions = mem_resize(o->versions, o->version_capacity, sizeof(*o->versions));
    }
    o->versions[o->version_count++] = (struct version){*candle, *newest};
    *newest = (int32_t)o->version_count;
}

static struct oracle_candle newest_of(const struct oracle *o, const struct series *s, int interval,
                                      int64_t begin)
{
    int32_t newest = s->newest[interval][begin];
    return newest == 0 ? (struct oracle_candle){.exists = false} : o->versions[newest - 1].candle;
}

/* The first window of this length that a minute can change: a proof reaches an hour. */
static int64_t first_near(int64_t at, int64_t length)
{
    int64_t first = (at - 61 - length) / length * length;
    return first < 0 ? 0 : first;
}

static void refold_near(struct oracle *o, struct series *s, int64_t at, int64_t revision,
                        int64_t updated_ms)
{
    for (int interval = 0; interval < INTERVAL_COUNT; interval++) {
        int64_t length = interval_minutes((enum interval)interval);
        if (s->newest[interval] == NULL) {
            continue;
        }
        for (int64_t begin = first_near(at, length); begin < o->count && begin <= at + 61;
             begin += length) {
            struct oracle_candle c = fold(o, s, begin, begin + length);
            if (c.exists && !same_candle(c, newest_of(o, s, interval, begin))) {
                c.revision = revision;
                c.updated_ms = updated_ms;
                add_version(o, &s->newest[interval][begin], &c);
            }
        }
    }
}

static void apply(struct oracle *o, const struct log_entry *entry)
{
    const struct kline *k = &entry->kline;
    struct series *s = series_of(o, k->symbol);
    int64_t at = (k->open_ms - o->first_ms) / MINUTE_MS;
    bool *changed = mem_new((size_t)o->count, sizeof(*changed));

    if (wins(&s->minutes[at], k)) {
        s->minutes[at] = (struct minute){.is_there = true, .event_ms = k->event_ms, .kline = *k};
        if (o->rules.uses_trade_ids) {
            fill_around(o, s, at, changed);
        }
        refold_near(o, s, at, revision_of(o->era, entry->record.offset), k->event_ms);
    }
    mem_free(changed);
}

static bool is_dead(const struct oracle *o, const struct log_entry *entry)
{
    const struct kline *k = &entry->kline;
    if (entry->is_garbage || k->event_ms > entry->record.timestamp_ms + 3600000) {
        return true;
    }
    return k->is_closed && o->stream_ms >= 0 &&
           k->open_ms + MINUTE_MS - 1 + o->rules.late_ms < o->stream_ms;
}

static void find_range(struct oracle *o, const struct sim_log *log)
{
    int64_t last_ms = 0;
    o->first_ms = INT64_MAX;
    for (size_t i = 0; i < log->count; i++) {
        const struct kline *k = &log->entries[i].kline;
        if (!log->entries[i].is_garbage) {
            o->first_ms = k->open_ms < o->first_ms ? k->open_ms : o->first_ms;
            last_ms = k->open_ms > last_ms ? k->open_ms : last_ms;
        }
    }
    o->first_ms = interval_open_ms(INTERVAL_1d, o->first_ms);
    o->count = (last_ms - o->first_ms) / MINUTE_MS + 1;
}

struct oracle *oracle_create(const struct sim_log *log, const struct candle_rules *rules,
                             int64_t era)
{
    struct oracle *o = mem_new(1, sizeof(*o));
    o->rules = *rules;
    o->era = era;
    o->stream_ms = -1;
    o->is_dead = mem_new(log->count + 1, sizeof(*o->is_dead));
    find_range(o, log);
    for (size_t i = 0; i < log->count; i++) {
        const struct log_entry *entry = &log->entries[i];
        o->is_dead[i] = is_dead(o, entry);
        if (o->is_dead[i]) {
            continue;
        }
        if (entry->kline.event_ms > o->stream_ms) {
            o->stream_ms = entry->kline.event_ms;
        }
        if (entry->kline.is_closed) {
            apply(o, entry);
        }
    }
    return o;
}

void oracle_destroy(struct oracle **oracle_p)
{
    struct oracle *o = *oracle_p;
    *oracle_p = NULL;
    for (size_t i = 0; i < o->series_count; i++) {
        mem_free(o->series[i].minutes);
        for (int j = 0; j < INTERVAL_COUNT; j++) {
            mem_free(o->series[i].newest[j]);
        }
    }
    mem_free(o->versions);
    mem_free(o->is_dead);
    mem_free(o);
}

/* NULL: not a window of this log. */
static const int32_t *find_window(const struct oracle *o, const char *symbol,
                                  enum interval interval, int64_t open_ms)
{
    int64_t at = (open_ms - o->first_ms) / MINUTE_MS;
    for (size_t i = 0; i < o->series_count; i++) {
        if (strcmp(o->series[i].symbol, symbol) == 0 && at >= 0 && at < o->count) {
            return &o->series[i].newest[interval][at];
        }
    }
    return NULL;
}

struct oracle_candle oracle_candle(const struct oracle *o, const char *symbol,
                                   enum interval interval, int64_t open_ms)
{
    const int32_t *newest = find_window(o, symbol, interval, open_ms);
    return newest == NULL || *newest == 0 ? (struct oracle_candle){.exists = false}
                                          : o->versions[*newest - 1].candle;
}

struct oracle_candle oracle_version(const struct oracle *o, const char *symbol,
                                    enum interval interval, int64_t open_ms, int64_t revision)
{
    const int32_t *newest = find_window(o, symbol, interval, open_ms);
    for (int32_t i = newest == NULL ? 0 : *newest; i != 0; i = o->versions[i - 1].before) {
        if (o->versions[i - 1].candle.revision == revision) {
            return o->versions[i - 1].candle;
        }
    }
    return (struct oracle_candle){.exists = false};
}

bool oracle_is_dead(const struct oracle *o, int64_t offset)
{
    return o->is_dead[offset];
}

int64_t oracle_first_ms(const struct oracle *o)
{
    return o->first_ms;
}

int64_t oracle_last_ms(const struct oracle *o)
{
    return o->first_ms + (o->count - 1) * MINUTE_MS;
}

int64_t oracle_stream_ms(const struct oracle *o)
{
    return o->stream_ms;
}
