/* The past before the present. The event times of a partition's symbols make its one stream time:
 * once the stream has told of now, each older minute is late, and every window that it belongs to
 * is told again. So at a start what is missing is read first, in rounds: of all symbols the same
 * stretch of time, put in order of time. Only then are the lanes connected. */
#include "actors/collector_internal.h"
#include "proto/interval.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <string.h>

enum {
    /* Of a round: at some 350 bytes each, 12 MB, and as much again in the spool's next commit. */
    ROWS_MAX = 32 * FEED_GAPS_ASK_MINUTES,
    /* Without an answer of use: REST is away, or slow, or told us to wait. What the stream tells
     * now is worth more than the order of what was. */
    QUIET_MS_MAX = 5000,
    /* In all. 24 h of 64 symbols are 192 questions, for which it is ample; and more of the present
     * than a minute should not wait, as each one that passes is another to be asked for. */
    WHOLE_MS_MAX = 60000,
};

bool collector_is_catching_up(const struct collector *c)
{
    return !c->catch_up.is_over;
}

static bool is_known(const struct collected *symbol)
{
    return strcmp(symbol->gaps.row.status, "unknown") != 0;
}

static void tell_begin(struct collector *c, int64_t now_ms)
{
    c->catch_up.is_told = true;
    c->catch_up.began_ms = now_ms;
    log_event(LOG_feed_catching_up, log_int("symbols", (int64_t)c->symbol_count),
              log_int("minutes", collector_look(c).open_minutes));
}

static void end(struct collector *c, int64_t now_ms)
{
    (void)collector_pages_put(c, now_ms); /* of a round that is not complete */
    c->catch_up.is_over = true;
    if (c->catch_up.is_told) {
        log_event(
            LOG_feed_caught_up, log_int("symbols", (int64_t)c->symbol_count),
            log_int("minutes", metrics_get(c->options.metrics, METRIC_feed_filled_minutes_total)),
            log_int("left", collector_look(c).open_minutes),
            log_int("seconds", (now_ms - c->catch_up.began_ms + 500) / 1000));
    }
}

/* What is more than the exchange allows in a minute takes longer than anybody should wait. */
static bool is_too_much(struct collector *c, int64_t page_minutes, int64_t now_ms)
{
    int64_t questions = 0;
    for (size_t i = 0; i < c->symbol_count; i++) {
        int64_t minutes = feed_gaps_open_minutes(&c->symbols[i].gaps);
        questions += (minutes + page_minutes - 1) / page_minutes;
    }
    return !feed_budget_allows(&c->weight, questions * COLLECTOR_WEIGHT_KLINES, now_ms);
}

/* The next stretch begins with the oldest minute that no round has asked for. False: there is
 * none, or none but such as a shard waits for anyway. */
static bool begin_round(struct collector *c, int64_t now_ms)
{
    struct catch_up *cu = &c->catch_up;
    int64_t exchange_ms = collector_exchange_ms(c, now_ms);
    int64_t from_ms = INT64_MAX;
    int64_t count = 0;

    for (size_t i = 0; i < c->symbol_count; i++) {
        struct collected *symbol = &c->symbols[i];
        collector_find_holes(c, symbol, now_ms);
        int64_t oldest_ms =
            feed_gaps_ask_oldest(&symbol->gaps, &c->rules, cu->to_ms, exchange_ms, now_ms);
        if (oldest_ms != FEED_NO_TIME && is_known(symbol)) {
            from_ms = oldest_ms < from_ms ? oldest_ms : from_ms;
            count++;
        }
    }
    if (count == 0 || from_ms >= exchange_ms - c->options.grace_ms) {
        return false;
    }
    int64_t minutes = ROWS_MAX / count;
    minutes = minutes < 1 ? 1 : minutes;
    minutes = minutes > FEED_GAPS_ASK_MINUTES ? FEED_GAPS_ASK_MINUTES : minutes;
    if (!cu->is_told && is_too_much(c, minutes, now_ms)) {
        return false;
    }
    cu->from_ms = from_ms;
    cu->to_ms = from_ms + (minutes - 1) * MINUTE_MS;
    cu->next = 0;
    return true;
}

static void next_round(struct collector *c, int64_t now_ms)
{
    if (!collector_pages_put(c, now_ms) || !begin_round(c, now_ms)) {
        end(c, now_ms);
    } else if (!c->catch_up.is_told) {
        tell_begin(c, now_ms);
    }
}

bool collector_catch_up_next(struct collector *c, int64_t now_ms)
{
    struct catch_up *cu = &c->catch_up;
    int64_t exchange_ms = collector_exchange_ms(c, now_ms);

    while (!cu->is_over) {
        for (; cu->next < c->symbol_count; cu->next++) {
            struct collected *symbol = &c->symbols[cu->next];
            if (is_known(symbol) &&
                feed_gaps_ask_stretch(&symbol->gaps, &c->rules, cu->from_ms, cu->to_ms, exchange_ms,
                                      now_ms, &c->ask)) {
                c->asked_symbol = cu->next;
                return true;
            }
        }
        next_round(c, now_ms);
    }
    return false;
}

void collector_catch_up_heard(struct collector *c, int64_t now_ms)
{
    c->catch_up.heard_ms = now_ms;
}

void collector_catch_up_held(struct collector *c)
{
    c->catch_up.next = c->asked_symbol + 1;
}

void collector_catch_up_tick(struct collector *c, int64_t now_ms)
{
    struct catch_up *cu = &c->catch_up;
    if (cu->is_over) {
        return;
    }
    if (cu->began_ms == FEED_NO_TIME) {
        cu->began_ms = now_ms;
        cu->heard_ms = now_ms;
    }
    if (now_ms - cu->heard_ms >= QUIET_MS_MAX || now_ms - cu->began_ms >= WHOLE_MS_MAX) {
        end(c, now_ms);
    } else if (c->has_clock && cu->to_ms == FEED_NO_TIME) {
        next_round(c, now_ms); /* the first one */
    }
}
