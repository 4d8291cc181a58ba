#include "actors/core/feed_gaps_ask.h"

#include "actors/core/feed_gaps_internal.h"
#include "proto/interval.h"

enum {
    TAIL_WAIT_MS_MIN = 60000,
    TAIL_WAIT_MS_MAX = 3600000,
};

static int64_t max_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* False: all of it is too old, and it is gone. */
static bool cut_old(struct feed_gaps *g, const struct feed_gaps_rules *rules, struct feed_gap *gap,
                    int64_t exchange_ms)
{
    int64_t oldest_ms = interval_open_ms(INTERVAL_1m, exchange_ms - rules->keep_ms) + MINUTE_MS;
    struct feed_hole old = gap->hole;

    if (old.from_ms >= oldest_ms) {
        return true;
    }
    if (old.to_ms < oldest_ms || old.kind == FEED_HOLE_trades) {
        feed_gaps_drop(g, gap);
        feed_gaps_settle(g, rules, old, FEED_HOLE_STATE_too_old, exchange_ms);
        return false;
    }
    old.to_ms = oldest_ms - MINUTE_MS;
    gap->hole.from_ms = oldest_ms;
    rules->changed(rules->context, &gap->hole, false);
    feed_gaps_settle(g, rules, old, FEED_HOLE_STATE_too_old, exchange_ms);
    return true;
}

static struct feed_ask ask_of(const struct feed_hole *hole, int64_t exchange_ms)
{
    int64_t last_ms = hole->from_ms + (FEED_GAPS_ASK_MINUTES - 1) * (int64_t)MINUTE_MS;
    int64_t closed_ms = interval_open_ms(INTERVAL_1m, exchange_ms) - MINUTE_MS;
    return (struct feed_ask){
        .from_ms = hole->from_ms,
        .to_ms = hole->to_ms < last_ms ? hole->to_ms : last_ms,
        .read_to_ms = hole->kind == FEED_HOLE_trades ? hole->to_ms : max_ms(hole->to_ms, closed_ms),
        .kind = hole->kind,
        .hole_from_ms = hole->from_ms,
    };
}

/* Walks backwards: a gap that is dropped is replaced by the last one, which was seen already. */
static void cut_all_old(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                        int64_t exchange_ms, int64_t now_ms)
{
    for (size_t i = g->gap_count; i-- > 0;) {
        if (g->gaps[i].due_ms <= now_ms) {
            (void)cut_old(g, rules, &g->gaps[i], exchange_ms);
        }
    }
}

bool feed_gaps_ask_next(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                        int64_t exchange_ms, int64_t now_ms, struct feed_ask *out_ask)
{
    const struct feed_gap *best = NULL;
    cut_all_old(g, rules, exchange_ms, now_ms);
    for (size_t i = 0; i < g->gap_count; i++) {
        const struct feed_gap *gap = &g->gaps[i];
        if (gap->due_ms <= now_ms && (best == NULL || gap->hole.from_ms < best->hole.from_ms)) {
            best = gap;
        }
    }
    if (best == NULL) {
        return false;
    }
    *out_ask = ask_of(&best->hole, exchange_ms);
    return true;
}

/* Minutes that begin after after_ms, and wait for nothing. */
static bool is_askable(const struct feed_gap *gap, int64_t after_ms, int64_t now_ms)
{
    return gap->hole.kind == FEED_HOLE_minutes && gap->due_ms <= now_ms &&
           gap->hole.from_ms > after_ms;
}

int64_t feed_gaps_ask_oldest(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                             int64_t after_ms, int64_t exchange_ms, int64_t now_ms)
{
    int64_t oldest_ms = FEED_NO_TIME;
    cut_all_old(g, rules, exchange_ms, now_ms);
    for (size_t i = 0; i < g->gap_count; i++) {
        int64_t from_ms = g->gaps[i].hole.from_ms;
        if (is_askable(&g->gaps[i], after_ms, now_ms) &&
            (oldest_ms == FEED_NO_TIME || from_ms < oldest_ms)) {
            oldest_ms = from_ms;
        }
    }
    return oldest_ms;
}

bool feed_gaps_ask_wants(const struct feed_gaps *g, const struct feed_ask *ask, int64_t open_ms)
{
    if (open_ms < ask->from_ms || open_ms > ask->to_ms) {
        return false;
    }
    return ask->kind == FEED_HOLE_trades || feed_gaps_with(g, open_ms) != NULL;
}

/* What is left of a hole that was asked for only in part: the rest is another one. */
static struct feed_gap *split(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                              size_t index, int64_t to_ms)
{
    struct feed_hole rest = g->gaps[index].hole;
    if (rest.kind == FEED_HOLE_minutes && rest.to_ms > to_ms) {
        rest.from_ms = to_ms + MINUTE_MS;
        g->gaps[index].hole.to_ms = to_ms;
        (void)feed_gaps_add(g, &rest, g->gaps[index].due_ms);
        rules->changed(rules->context, &rest, false);
    }
    return &g->gaps[index];
}

bool feed_gaps_ask_stretch(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                           int64_t from_ms, int64_t to_ms, int64_t exchange_ms, int64_t now_ms,
                           struct feed_ask *out_ask)
{
    struct feed_ask ask = {.from_ms = to_ms + MINUTE_MS, .to_ms = FEED_NO_TIME};
    for (size_t i = g->gap_count; i-- > 0;) { /* what is split off stands behind */
        if (!is_askable(&g->gaps[i], from_ms - MINUTE_MS, now_ms) ||
            g->gaps[i].hole.from_ms > to_ms) {
            continue;
        }
        const struct feed_hole *hole = &split(g, rules, i, to_ms)->hole;
        rules->changed(rules->context, hole, false);
        ask.from_ms = hole->from_ms < ask.from_ms ? hole->from_ms : ask.from_ms;
        ask.to_ms = max_ms(ask.to_ms, hole->to_ms);
    }
    if (ask.to_ms == FEED_NO_TIME) {
        return false;
    }
    /* One minute more for a proof. Where it is missing, too, a later question has more of them. */
    int64_t closed_ms = interval_open_ms(INTERVAL_1m, exchange_ms) - MINUTE_MS;
    bool is_behind = closed_ms > ask.to_ms;
    ask.read_to_ms = is_behind ? ask.to_ms + MINUTE_MS : ask.to_ms;
    ask.kind = FEED_HOLE_minutes;
    ask.hole_from_ms = ask.from_ms;
    *out_ask = ask;
    return true;
}

/* The exchange has nothing new of a symbol: it is not asked each minute. */
static void slow_down(struct feed_gaps *g, int64_t now_ms)
{
    g->tail_wait_ms = g->tail_wait_ms == 0 ? TAIL_WAIT_MS_MIN : g->tail_wait_ms * 2;
    if (g->tail_wait_ms > TAIL_WAIT_MS_MAX) {
        g->tail_wait_ms = TAIL_WAIT_MS_MAX;
    }
    g->tail_not_before_ms = now_ms + g->tail_wait_ms;
}

static void give_up(struct feed_gaps *g, const struct feed_gaps_rules *rules, size_t index,
                    int64_t exchange_ms)
{
    struct feed_hole hole = g->gaps[index].hole;
    feed_gaps_drop(g, &g->gaps[index]);
    feed_gaps_settle(g, rules, hole, FEED_HOLE_STATE_absent, exchange_ms);
}

/* Which minutes of a hole have been asked for long enough: up to this one. */
static int64_t patient_to_ms(const struct feed_hole *hole, int64_t exchange_ms)
{
    if (hole->asked < FEED_GAPS_ASKS) {
        return FEED_NO_TIME;
    }
    return hole->kind == FEED_HOLE_trades
               ? hole->to_ms
               : interval_open_ms(INTERVAL_1m, exchange_ms - FEED_GAPS_PATIENCE_MS) - MINUTE_MS;
}

/* A hole that grows was asked for long enough only where it is old. */
static void put_off(struct feed_gaps *g, const struct feed_gaps_rules *rules, size_t index,
                    int64_t exchange_ms, int64_t now_ms)
{
    struct feed_hole *hole = &g->gaps[index].hole;

    hole->asked++;
    bool is_last = hole->asked >= FEED_GAPS_ASKS;
    int64_t doublings = is_last ? FEED_GAPS_ASKS - 1 : hole->asked - 1;
    int64_t wait_ms = (int64_t)FEED_GAPS_RETRY_MS << doublings;
    if (is_last && hole->kind == FEED_HOLE_minutes && hole->to_ms >= g->row.known_to_ms) {
        slow_down(g, now_ms);
        wait_ms = max_ms(wait_ms, g->tail_wait_ms + FEED_GAPS_RETRY_MS); /* it has grown by then */
    }
    g->gaps[index].due_ms = now_ms + wait_ms;
    int64_t patient_ms = patient_to_ms(hole, exchange_ms);
    if (patient_ms >= hole->from_ms) {
        (void)split(g, rules, index, patient_ms);
        give_up(g, rules, index, exchange_ms);
        return;
    }
    rules->changed(rules->context, hole, false);
}

void feed_gaps_ask_answered(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                            const struct feed_ask *ask, int64_t newest_ms, int64_t exchange_ms,
                            int64_t now_ms)
{
    for (size_t i = g->gap_count; i-- > 0;) {
        const struct feed_hole *hole = &g->gaps[i].hole;
        if (hole->kind != ask->kind || hole->to_ms < ask->from_ms || hole->from_ms > ask->to_ms) {
            continue;
        }
        hole = &split(g, rules, i, ask->to_ms)->hole;
        /* Rows have no ids: that they bring trades which were missing, nothing can prove. */
        bool is_sure =
            hole->kind == FEED_HOLE_trades ? newest_ms != FEED_NO_TIME : hole->to_ms < newest_ms;
        if (is_sure) {
            give_up(g, rules, i, exchange_ms);
        } else {
            put_off(g, rules, i, exchange_ms, now_ms);
        }
    }
}

void feed_gaps_ask_postpone(struct feed_gaps *g, const struct feed_ask *ask, int64_t due_ms)
{
    for (size_t i = 0; i < g->gap_count; i++) {
        const struct feed_hole *hole = &g->gaps[i].hole;
        if (hole->kind == ask->kind && hole->to_ms >= ask->from_ms && hole->from_ms <= ask->to_ms) {
            g->gaps[i].due_ms = due_ms;
        }
    }
}
