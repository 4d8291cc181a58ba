/* What a minute says, proves, and makes of its windows: by brute force. */
#include "tests/sim/oracle_internal.h"

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

bool oracle_wins(const struct minute *known, const struct kline *k)
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
static int64_t previous_of(const struct oracle *o, const struct track *s, int64_t at)
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

static void make_fill(struct track *s, int64_t at, bool *changed)
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
void oracle_fill_around(const struct oracle *o, struct track *s, int64_t at, bool *changed)
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

static int64_t missing_in(const struct oracle *o, const struct track *s, int64_t begin, int64_t end)
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

struct oracle_candle oracle_fold(const struct oracle *o, const struct track *s, int64_t begin,
                                 int64_t end)
{
    struct oracle_candle c = {.first_id = -1, .last_id = -1, .length = end - begin};
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
