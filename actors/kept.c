#include "actors/kept.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A minute is gone when it ended so long ago. */
static int64_t begin_of(int64_t keep_ms, int64_t stream_time_ms)
{
    return stream_time_ms - keep_ms - MINUTE_MS + 1;
}

static bool was_short(const struct meta *meta)
{
    return meta->short_until_ms != META_NO_TIME;
}

/* From when on nothing is gone of what was stored while less was kept. */
static int64_t short_begin_of(const struct meta *meta, int64_t stream_time_ms)
{
    return least(meta->short_until_ms, begin_of(meta->short_keep_ms, stream_time_ms));
}

int64_t kept_from_ms(const struct meta *meta, const struct candle_rules *rules,
                     int64_t stream_time_ms)
{
    if (stream_time_ms == META_NO_TIME) {
        return META_NO_TIME;
    }
    int64_t begin_ms = begin_of(rules->keep_ms, stream_time_ms);
    return was_short(meta) ? most(begin_ms, short_begin_of(meta, stream_time_ms)) : begin_ms;
}

void kept_note_rules(struct meta *meta, const struct candle_rules *rules)
{
    int64_t now_ms = meta->stream_time_ms;
    int64_t before_ms = meta->keep_ms;

    meta->keep_ms = rules->keep_ms;
    if (before_ms == 0 || now_ms == META_NO_TIME || rules->keep_ms <= before_ms) {
        return;
    }
    bool is_again = was_short(meta) && meta->short_until_ms > begin_of(before_ms, now_ms);
    meta->short_keep_ms = is_again ? least(meta->short_keep_ms, before_ms) : before_ms;
    meta->short_until_ms = now_ms;
}

/* A window that lasts longer than minutes were kept loses its first ones before it ends. */
int64_t kept_told_from_ms(const struct meta *meta, const struct candle_rules *rules,
                          enum interval interval)
{
    if (!was_short(meta)) {
        return META_NO_TIME;
    }
    if (rules_span_ms(rules, interval) + 2 * PROOF_MS > meta->short_keep_ms) {
        return meta->short_until_ms;
    }
    return begin_of(meta->short_keep_ms, meta->short_until_ms) + PROOF_MS;
}

/* It may prove something of windows a proof's reach before it. */
static bool misses_of(const struct meta *meta, const struct candle_rules *rules,
                      enum interval interval, int64_t minute_ms, int64_t begin_ms)
{
    int64_t told_from_ms = kept_told_from_ms(meta, rules, interval);
    int64_t open_ms = rules_open_ms(rules, interval, minute_ms - PROOF_MS);

    while (open_ms < told_from_ms) {
        open_ms = rules_next_ms(rules, interval, open_ms);
    }
    return open_ms <= minute_ms && open_ms < begin_ms;
}

bool kept_misses(const struct meta *meta, const struct candle_rules *rules, int64_t minute_ms,
                 int64_t stream_time_ms)
{
    if (!was_short(meta)) {
        return false;
    }
    int64_t begin_ms = short_begin_of(meta, stream_time_ms);
    if (minute_ms - 2 * PROOF_MS < begin_ms) {
        return true;
    }
    if (minute_ms - PROOF_MS - rules_longest_ms(rules) >= begin_ms) {
        return false; /* as for all klines but for some time after the change */
    }
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((rules->intervals & INTERVAL_BIT(i)) != 0 &&
            misses_of(meta, rules, i, minute_ms, begin_ms)) {
            return true;
        }
    }
    return false;
}
