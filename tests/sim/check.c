#include "tests/sim/check.h"

#include "state/outbox.h"
#include "tests/sim/compare.h"

#include <inttypes.h>
#include <stdio.h>

enum { DIFFERENCES_SHOWN = 5, DAY_SLACK_MS = 600000 };

static const struct outbox_filter filters[] = {
#define X(sink, of_candles, letters)                                                               \
    [SIM_SINK_##sink] = {.intervals = of_candles, .wants_dead_letters = letters},
    SIM_SINKS_TABLE(X)
#undef X
};

/* One window of one server. */
struct place {
    const struct server *server;
    const struct server *letters; /* where rejected candles must be told */
    const struct oracle *oracle;
    char symbol[5];
    enum interval interval;
    int64_t open_ms;
};

static unsigned tell(const struct place *at, const char *what)
{
    printf("%s: %s %s %" PRId64 ": %s\n", at->server->name, at->symbol, interval_name(at->interval),
           at->open_ms, what);
    return 1;
}

static unsigned check_rejected(const struct place *at, bool is_wanted, bool is_held)
{
    if (is_held) {
        return tell(at, "is held, and the server has a rule against it");
    }
    if (is_wanted != server_has_rejected(at->letters, at->symbol, at->interval, at->open_ms)) {
        return tell(at, is_wanted ? "was rejected without a dead letter" : "has a dead letter");
    }
    return 0;
}

/* What a server that has forgotten is not given again: what it would not hold any more, and what
 * no state knows. */
static bool may_be_missing(const struct place *at, const struct oracle_candle *want)
{
    const struct server_mark *mark = &at->server->marks[scenario_partition_of(at->symbol)];
    int64_t closed_ms = at->open_ms + want->length * MINUTE_MS;
    int64_t written_ms = want->updated_ms > closed_ms ? want->updated_ms : closed_ms;
    return at->server->has_forgotten &&
           (at->open_ms < mark->floor_ms ||
            written_ms <= oracle_stream_ms(at->oracle) - SIM_REDIS_TTL_MS);
}

static unsigned check_old(const struct place *at, const struct candle *held)
{
    if (held == NULL) {
        return 0;
    }
    struct oracle_candle want =
        oracle_version(at->oracle, at->symbol, at->interval, at->open_ms, held->revision);
    const char *difference = want.exists ? compare_candle(held, &want) : "no such revision";
    return difference == NULL ? 0 : tell(at, difference);
}

/* Nobody waits for the end of a day. */
static bool is_still_open(const struct place *at, const struct oracle_candle *want)
{
    return at->interval == INTERVAL_1d && want->minutes < want->length &&
           at->open_ms + want->length * MINUTE_MS > oracle_stream_ms(at->oracle) - DAY_SLACK_MS;
}

static unsigned check_window(const struct place *at)
{
    struct oracle_candle want = oracle_candle(at->oracle, at->symbol, at->interval, at->open_ms);
    const struct candle *held = server_find(at->server, at->symbol, at->interval, at->open_ms);

    if (server_rejects(at->server, at->symbol, at->interval, at->open_ms)) {
        return check_rejected(at, want.exists, held != NULL);
    }
    if (may_be_missing(at, &want) || is_still_open(at, &want)) {
        return check_old(at, held);
    }
    if (want.exists != (held != NULL)) {
        return tell(at, want.exists ? "is not there" : "is too much");
    }
    const char *difference = held == NULL ? NULL : compare_candle(held, &want);
    return difference == NULL ? 0 : tell(at, difference);
}

static unsigned check_symbol(struct place *at, interval_set intervals)
{
    unsigned differences = 0;
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((intervals & INTERVAL_BIT(i)) == 0 || !oracle_folds(at->oracle, i)) {
            continue;
        }
        at->interval = i;
        for (at->open_ms = oracle_open_ms(at->oracle, i, oracle_first_ms(at->oracle));
             at->open_ms <= oracle_last_ms(at->oracle);
             at->open_ms = oracle_next_ms(at->oracle, i, at->open_ms)) {
            differences += differences < DIFFERENCES_SHOWN ? check_window(at) : 0;
        }
    }
    return differences;
}

static unsigned check_letters(const struct scenario *scenario, const struct server *server,
                              size_t partition)
{
    unsigned differences = 0;
    for (size_t i = 0; i < scenario->logs[partition].count; i++) {
        bool is_dead = oracle_is_dead(scenario->oracles[partition], (int64_t)i);
        if (is_dead != server_has_dead(server, partition, (int64_t)i)) {
            differences++;
            printf("partition %zu: offset %zu %s a dead letter\n", partition, i,
                   is_dead ? "should be" : "should not be");
        }
    }
    return differences;
}

bool check_servers(const struct scenario *scenario, const struct server servers[SIM_SINKS])
{
    unsigned differences = 0;
    for (size_t sink = 0; sink < SIM_SINKS; sink++) {
        struct place at = {.server = &servers[sink], .letters = &servers[SIM_SINK_dead_letters]};
        differences += servers[sink].differences;
        for (size_t p = 0; p < scenario->partitions; p++) {
            at.oracle = scenario->oracles[p];
            for (size_t i = 0; i < SIM_SYMBOLS_MAX; i++) {
                snprintf(at.symbol, sizeof(at.symbol), "SIM%c",
                         (char)('A' + p * SIM_SYMBOLS_MAX + i));
                differences += check_symbol(&at, filters[sink].intervals);
            }
            if (filters[sink].wants_dead_letters) {
                differences += check_letters(scenario, &servers[sink], p);
            }
        }
    }
    return differences == 0;
}
