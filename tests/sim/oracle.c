#include "tests/sim/oracle_internal.h"

#include "proto/candle.h"
#include "runtime/mem.h"
#include "tests/sim/average.h"
#include "tests/sim/limits.h"

#include <string.h>

static interval_set all_intervals(const struct oracle *o)
{
    return (interval_set)(o->rules.intervals | INTERVAL_BIT(INTERVAL_1m));
}

static struct track *series_of(struct oracle *o, const char *symbol)
{
    for (size_t i = 0; i < o->series_count; i++) {
        if (strcmp(o->series[i].symbol, symbol) == 0) {
            return &o->series[i];
        }
    }
    struct track *s = &o->series[o->series_count++];
    memcpy(s->symbol, symbol, strlen(symbol) + 1);
    s->minutes = mem_new((size_t)o->count, sizeof(*s->minutes));
    for (int i = 0; i < INTERVAL_COUNT; i++) {
        if ((all_intervals(o) & INTERVAL_BIT(i)) != 0) {
            s->newest[i] = mem_new((size_t)o->count, sizeof(int32_t));
        }
    }
    return s;
}

/* The index of the window's first minute, and of the next one's. */
static int64_t begin_of(const struct oracle *o, enum interval interval, int64_t at)
{
    int64_t open_ms = oracle_open_ms(o, interval, o->first_ms + at * MINUTE_MS);
    return (open_ms - o->first_ms) / MINUTE_MS;
}

static int64_t next_of(const struct oracle *o, enum interval interval, int64_t begin)
{
    int64_t next_ms = oracle_next_ms(o, interval, o->first_ms + begin * MINUTE_MS);
    return (next_ms - o->first_ms) / MINUTE_MS;
}

static bool same_candle(struct oracle_candle a, struct oracle_candle b)
{
    for (size_t i = 0; i < SERIES_MAX; i++) {
        if (a.derived[i].is_known != b.derived[i].is_known ||
            a.derived[i].value != b.derived[i].value) {
            return false;
        }
    }
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

static struct oracle_candle newest_of(const struct oracle *o, const struct track *s, int interval,
                                      int64_t begin)
{
    int32_t newest = s->newest[interval][begin];
    return newest == 0 ? (struct oracle_candle){.exists = false} : o->versions[newest - 1].candle;
}

/* The closes of `count` windows that end with this one, oldest first. False: one is absent. */
static bool find_closes(const struct oracle *o, const struct track *s, enum interval interval,
                        int64_t begin, const struct oracle_candle *last, int64_t count,
                        int64_t *closes)
{
    closes[count - 1] = last->close;
    for (int64_t i = count - 2; i >= 0; i--) {
        begin = begin_of(o, interval, begin - 1);
        struct oracle_candle c = {.exists = false};
        if (begin >= 0) {
            c = newest_of(o, s, interval, begin);
        }
        if (!c.exists) {
            return false;
        }
        closes[i] = c.close;
    }
    return true;
}

enum { CLOSES_MAX = 8 * SERIES_LENGTH_MAX };

static void derive(const struct oracle *o, const struct track *s, enum interval interval,
                   int64_t begin, struct oracle_candle *c)
{
    const struct series_set *set = &o->rules.derived;
    int64_t closes[CLOSES_MAX];

    for (size_t i = 0; i < set->count; i++) {
        int64_t count = series_windows(set->items[i]);
        if (set->items[i].kind == SERIES_vwap) {
            c->derived[i].is_known = c->volume > 0;
            c->derived[i].value = c->volume > 0 ? average_price(c->quote, c->volume) : 0;
            continue;
        }
        c->derived[i].is_known = find_closes(o, s, interval, begin, c, count, closes);
        c->derived[i].value =
            c->derived[i].is_known ? average_closes(set->items[i], closes, count) : 0;
    }
}

/* What a minute can change: a proof reaches an hour, and derived values look back at windows. */
static void refold_interval(struct oracle *o, struct track *s, enum interval interval, int64_t at,
                            int64_t revision, int64_t updated_ms)
{
    int64_t begin = begin_of(o, interval, at - 61);
    int64_t left = o->rules.derived_windows; /* beyond what is near */
    while (begin < 0) {
        begin = next_of(o, interval, begin);
    }
    for (; begin < o->count && (begin <= at + 61 || left > 0);
         begin = next_of(o, interval, begin)) {
        left -= begin > at + 61;
        struct oracle_candle c = oracle_fold(o, s, begin, next_of(o, interval, begin));
        derive(o, s, interval, begin, &c);
        if (c.exists && !same_candle(c, newest_of(o, s, (int)interval, begin))) {
            c.revision = revision;
            c.updated_ms = updated_ms;
            add_version(o, &s->newest[interval][begin], &c);
        }
    }
}

static void refold_near(struct oracle *o, struct track *s, int64_t at, int64_t revision,
                        int64_t updated_ms)
{
    for (enum interval interval = 0; interval < INTERVAL_COUNT; interval++) {
        if (s->newest[interval] != NULL) {
            refold_interval(o, s, interval, at, revision, updated_ms);
        }
    }
}

static void apply(struct oracle *o, const struct log_entry *entry)
{
    const struct kline *k = &entry->kline;
    struct track *s = series_of(o, k->symbol);
    int64_t at = (k->open_ms - o->first_ms) / MINUTE_MS;
    bool *changed = mem_new((size_t)o->count, sizeof(*changed));

    if (oracle_wins(&s->minutes[at], k)) {
        s->minutes[at] = (struct minute){.is_there = true, .event_ms = k->event_ms, .kline = *k};
        if (o->rules.uses_trade_ids) {
            oracle_fill_around(o, s, at, changed);
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
    int64_t stream_ms = k->event_ms > o->stream_ms ? k->event_ms : o->stream_ms;
    return k->is_closed && k->open_ms + MINUTE_MS - 1 + o->rules.late_ms < stream_ms;
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
    if (o->rules.zone != NULL) { /* its day may have begun long before */
        o->first_ms -= 2 * interval_ms(INTERVAL_1d);
    }
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

bool oracle_folds(const struct oracle *o, enum interval interval)
{
    return (all_intervals(o) & INTERVAL_BIT(interval)) != 0;
}

int64_t oracle_open_ms(const struct oracle *o, enum interval interval, int64_t time_ms)
{
    return rules_open_ms(&o->rules, interval, time_ms);
}

int64_t oracle_next_ms(const struct oracle *o, enum interval interval, int64_t open_ms)
{
    return rules_next_ms(&o->rules, interval, open_ms);
}

size_t oracle_derived_count(const struct oracle *o)
{
    return o->rules.derived.count;
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
