#include "actors/core/feed_gaps.h"

#include "actors/core/feed_gaps_internal.h"
#include "proto/interval.h"
#include "runtime/base.h"
#include "runtime/crc32c.h"
#include "runtime/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void feed_gaps_init(struct feed_gaps *g, const char *symbol)
{
    *g = (struct feed_gaps){
        .newest_open_ms = FEED_NO_TIME,
        .newest_event_ms = FEED_NO_TIME,
        .tail_not_before_ms = FEED_NO_TIME,
        .row = {.known_to_ms = FEED_NO_TIME,
                .last_trade_id = -1,
                .last_id_ms = FEED_NO_TIME,
                .checked_ms = FEED_NO_TIME},
    };
    (void)snprintf(g->row.name, sizeof(g->row.name), "%s", symbol);
    for (size_t i = 0; i < FEED_GAPS_RECENT; i++) {
        g->recent[i].open_ms = FEED_NO_TIME;
    }
}

void feed_gaps_deinit(struct feed_gaps *g)
{
    mem_free(g->gaps);
    g->gaps = NULL;
}

struct feed_gap *feed_gaps_add(struct feed_gaps *g, const struct feed_hole *hole, int64_t due_ms)
{
    if (g->gap_count == g->gap_room) {
        g->gap_room = g->gap_room == 0 ? 4 : g->gap_room * 2;
        g->gaps = mem_resize(g->gaps, g->gap_room, sizeof(*g->gaps));
    }
    struct feed_gap *gap = &g->gaps[g->gap_count++];
    *gap = (struct feed_gap){.hole = *hole, .due_ms = due_ms};
    return gap;
}

void feed_gaps_drop(struct feed_gaps *g, struct feed_gap *gap)
{
    *gap = g->gaps[--g->gap_count];
}

void feed_gaps_restore(struct feed_gaps *g, const struct feed_symbol *row)
{
    g->row = *row;
}

void feed_gaps_restore_hole(struct feed_gaps *g, const struct feed_hole *hole)
{
    if (hole->state == FEED_HOLE_STATE_open) {
        (void)feed_gaps_add(g, hole, FEED_NO_TIME);
        return;
    }
    struct feed_hole *last = &g->settled[hole->state];
    if (hole->kind == FEED_HOLE_minutes && (last->symbol[0] == '\0' || hole->to_ms > last->to_ms)) {
        *last = *hole;
    }
}

/* What a kline says, its event time aside: two connections may stamp it differently. */
static uint32_t content_of(const struct kline *kline)
{
    unsigned char bytes[KLINE_ENCODED_MAX];
    struct kline same = *kline;
    same.event_ms = 0;
    return crc32c((struct slice){bytes, kline_encode(&same, bytes)});
}

static const struct feed_recent *find_recent(const struct feed_gaps *g, int64_t open_ms)
{
    for (size_t i = 0; i < FEED_GAPS_RECENT; i++) {
        if (g->recent[i].open_ms == open_ms) {
            return &g->recent[i];
        }
    }
    return NULL;
}

enum feed_verdict feed_gaps_judge(const struct feed_gaps *g, const struct kline *kline)
{
    const struct feed_recent *recent = find_recent(g, kline->open_ms);
    if (!kline->is_closed) {
        bool is_overtaken =
            recent != NULL || kline->open_ms < g->newest_open_ms ||
            (kline->open_ms == g->newest_open_ms && kline->event_ms <= g->newest_event_ms);
        return is_overtaken ? FEED_stale : FEED_take;
    }
    if (recent == NULL) {
        return FEED_take;
    }
    bool is_known = kline->event_ms < recent->event_ms || content_of(kline) == recent->content;
    return is_known ? FEED_duplicate : FEED_take;
}

static void remember(struct feed_gaps *g, const struct kline *kline)
{
    struct feed_recent now = {kline->open_ms, kline->event_ms, content_of(kline)};
    for (size_t i = 0; i < FEED_GAPS_RECENT; i++) {
        if (g->recent[i].open_ms == kline->open_ms) {
            g->recent[i] = now;
            return;
        }
    }
    g->recent[g->recent_at] = now;
    g->recent_at = (g->recent_at + 1) % FEED_GAPS_RECENT;
}

void feed_gaps_settle(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                      struct feed_hole hole, enum feed_hole_state state, int64_t exchange_ms)
{
    struct feed_hole *last = &g->settled[state];

    hole.state = state;
    hole.settled_ms = exchange_ms;
    if (hole.kind == FEED_HOLE_minutes) {
        if (last->symbol[0] != '\0' && last->to_ms + MINUTE_MS == hole.from_ms) {
            rules->changed(rules->context, &hole, true);
            hole.from_ms = last->from_ms;
            hole.found_ms = last->found_ms;
        }
        *last = hole;
    }
    rules->changed(rules->context, &hole, false);
}

static void open_hole(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                      enum feed_hole_kind kind, int64_t from_ms, int64_t to_ms, int64_t exchange_ms,
                      int64_t now_ms)
{
    struct feed_hole hole = {
        .kind = kind,
        .state = FEED_HOLE_STATE_open,
        .from_ms = from_ms,
        .to_ms = to_ms,
        .found_ms = exchange_ms,
        .settled_ms = FEED_NO_TIME,
    };
    memcpy(hole.symbol, g->row.name, sizeof(hole.symbol));
    (void)feed_gaps_add(g, &hole, now_ms);
    rules->changed(rules->context, &hole, false);
}

struct feed_gap *feed_gaps_with(const struct feed_gaps *g, int64_t open_ms)
{
    for (size_t i = 0; i < g->gap_count; i++) {
        const struct feed_hole *hole = &g->gaps[i].hole;
        if (hole->kind == FEED_HOLE_minutes && open_ms >= hole->from_ms && open_ms <= hole->to_ms) {
            return &g->gaps[i];
        }
    }
    return NULL;
}

/* A minute of a hole has come: what is left of it are none, one or two holes. */
static void shrink(struct feed_gaps *g, const struct feed_gaps_rules *rules, struct feed_gap *gap,
                   int64_t open_ms, int64_t exchange_ms)
{
    struct feed_hole before = gap->hole;
    struct feed_hole behind = gap->hole;
    int64_t due_ms = gap->due_ms;
    struct feed_hole filled = gap->hole;

    before.to_ms = open_ms - MINUTE_MS;
    behind.from_ms = open_ms + MINUTE_MS;
    filled.from_ms = open_ms;
    filled.to_ms = open_ms;
    rules->changed(rules->context, &gap->hole, true);
    feed_gaps_drop(g, gap);
    if (before.from_ms <= before.to_ms) {
        (void)feed_gaps_add(g, &before, due_ms);
        rules->changed(rules->context, &before, false);
    }
    feed_gaps_settle(g, rules, filled, FEED_HOLE_STATE_filled, exchange_ms);
    if (behind.from_ms <= behind.to_ms) {
        (void)feed_gaps_add(g, &behind, due_ms);
        rules->changed(rules->context, &behind, false);
    }
}

/* The first and last ids of two minutes that follow each other must, too. */
static void look_at_ids(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                        const struct kline *kline, int64_t exchange_ms, int64_t now_ms)
{
    struct feed_symbol *row = &g->row;
    bool follows = row->last_id_ms != FEED_NO_TIME && row->last_id_ms + MINUTE_MS == kline->open_ms;

    if (kline->trade_ids == TRADE_IDS_known && follows && rules->proves_by_ids &&
        row->last_trade_id >= 0 && kline->first_trade_id > row->last_trade_id + 1) {
        open_hole(g, rules, FEED_HOLE_trades, row->last_id_ms, kline->open_ms, exchange_ms, now_ms);
    }
    if (kline->trade_ids == TRADE_IDS_known && kline->open_ms > row->last_id_ms) {
        row->last_trade_id = kline->last_trade_id;
        row->last_id_ms = kline->open_ms;
    } else if (kline->trade_ids == TRADE_IDS_none && follows) {
        row->last_id_ms = kline->open_ms; /* an empty minute hands on what came before */
    }
}

static int64_t last_closed_ms(int64_t exchange_ms)
{
    return interval_open_ms(INTERVAL_1m, exchange_ms) - MINUTE_MS;
}

/* A symbol that the ledger does not know is known up to so long ago. */
static void begin(struct feed_gaps *g, const struct feed_gaps_rules *rules, int64_t exchange_ms)
{
    if (g->row.known_to_ms == FEED_NO_TIME) {
        int64_t back_ms = interval_open_ms(INTERVAL_1m, rules->backfill_ms);
        g->row.known_to_ms = last_closed_ms(exchange_ms) - back_ms;
        g->is_dirty = true;
    }
}

/* The stream goes on behind a hole: REST may have caught up, too, or can prove that it has none. */
static void hurry(struct feed_gaps *g, int64_t open_ms, int64_t now_ms)
{
    struct feed_gap *gap = feed_gaps_with(g, open_ms - MINUTE_MS);
    if (gap != NULL && gap->due_ms > now_ms + FEED_GAPS_RETRY_MS) {
        gap->due_ms = now_ms + FEED_GAPS_RETRY_MS;
    }
}

static void took_closed(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                        const struct kline *kline, bool is_of_rest, int64_t exchange_ms,
                        int64_t now_ms)
{
    struct feed_symbol *row = &g->row;

    begin(g, rules, exchange_ms);
    if (!is_of_rest) {
        remember(g, kline);
        look_at_ids(g, rules, kline, exchange_ms, now_ms);
    }
    if (!is_of_rest) {
        hurry(g, kline->open_ms, now_ms);
    }
    if (kline->open_ms > row->known_to_ms) {
        if (kline->open_ms > row->known_to_ms + MINUTE_MS) {
            open_hole(g, rules, FEED_HOLE_minutes, row->known_to_ms + MINUTE_MS,
                      kline->open_ms - MINUTE_MS, exchange_ms, now_ms);
        }
        row->known_to_ms = kline->open_ms;
    } else {
        struct feed_gap *gap = feed_gaps_with(g, kline->open_ms);
        if (gap != NULL) {
            shrink(g, rules, gap, kline->open_ms, exchange_ms);
        }
    }
    g->is_dirty = true;
}

void feed_gaps_took(struct feed_gaps *g, const struct feed_gaps_rules *rules,
                    const struct kline *kline, bool is_of_rest, int64_t exchange_ms, int64_t now_ms)
{
    if (kline->is_closed) {
        took_closed(g, rules, kline, is_of_rest, exchange_ms, now_ms);
    } else {
        g->newest_open_ms = kline->open_ms;
        g->newest_event_ms = kline->event_ms;
    }
    if (!is_of_rest) {
        g->tail_not_before_ms = FEED_NO_TIME; /* the exchange tells of it */
        g->tail_wait_ms = 0;
    }
}

/* While REST brings nothing, the hole at the end grows instead of becoming many. */
static bool extend_last(struct feed_gaps *g, const struct feed_gaps_rules *rules, int64_t to_ms)
{
    for (size_t i = 0; i < g->gap_count; i++) {
        struct feed_hole *hole = &g->gaps[i].hole;
        if (hole->kind == FEED_HOLE_minutes && hole->to_ms == g->row.known_to_ms) {
            hole->to_ms = to_ms;
            rules->changed(rules->context, hole, false);
            return true;
        }
    }
    return false;
}

void feed_gaps_look(struct feed_gaps *g, const struct feed_gaps_rules *rules, int64_t exchange_ms,
                    int64_t now_ms)
{
    int64_t due_ms = last_closed_ms(exchange_ms - FEED_GAPS_GRACE_MS);

    begin(g, rules, exchange_ms);
    if (g->row.known_to_ms >= due_ms || now_ms < g->tail_not_before_ms) {
        return;
    }
    if (!extend_last(g, rules, due_ms)) {
        open_hole(g, rules, FEED_HOLE_minutes, g->row.known_to_ms + MINUTE_MS, due_ms, exchange_ms,
                  now_ms);
    }
    g->row.known_to_ms = due_ms;
    g->is_dirty = true;
}

int64_t feed_gaps_open_minutes(const struct feed_gaps *g)
{
    int64_t count = 0;
    for (size_t i = 0; i < g->gap_count; i++) {
        const struct feed_hole *hole = &g->gaps[i].hole;
        count +=
            hole->kind == FEED_HOLE_minutes ? (hole->to_ms - hole->from_ms) / MINUTE_MS + 1 : 0;
    }
    return count;
}
