#include "tests/sim/scenario.h"

#include <assert.h>

enum { RECORDS_ABOUT = 180, RETENTION_MS = 30 * MINUTE_MS, DISORDER_MS = 15000 };

/* Some logs are kind in one respect and wild in another. */
static struct log_options draw_log(const struct scenario *s, struct rand *rand, size_t partition)
{
    size_t symbols = 1 + rand_below(rand, SIM_SYMBOLS_MAX);
    size_t minutes = RECORDS_ABOUT / s->partitions / symbols;
    int64_t orderly_ms = s->rules.grace_ms - DISORDER_MS;
    return (struct log_options){
        .symbols = symbols,
        .first_symbol = (char)('A' + partition * SIM_SYMBOLS_MAX),
        .minutes = minutes / 2 + rand_below(rand, minutes),
        .lost = rand_chance(rand, 50) ? rand_below(rand, 40) : 0,
        .late = rand_chance(rand, 50) ? rand_below(rand, 40) : 0,
        .late_ms = s->is_orderly ? orderly_ms : 100 * MINUTE_MS,
        .repeat_ms = s->is_orderly ? orderly_ms : 20 * MINUTE_MS,
        .correct_ms = s->is_orderly ? orderly_ms : 30 * MINUTE_MS,
        .repeated = rand_chance(rand, 50) ? rand_below(rand, 60) : 0,
        .corrected = rand_chance(rand, 50) ? rand_below(rand, 40) : 0,
        .garbage = rand_chance(rand, 50) ? rand_below(rand, 10) : 0,
        .empty = rand_chance(rand, 70) ? rand_below(rand, 60) : 0,
        .no_ids = rand_chance(rand, 30) ? rand_below(rand, 30) : 0,
        .gap_minutes = rand_chance(rand, s->is_orderly && s->has_commits ? 60 : 20)
                           ? rand_below(rand, 400)
                           : 0,
    };
}

static struct candle_rules draw_rules(struct rand *rand, bool is_orderly)
{
    struct candle_rules rules = {
        .intervals =
            INTERVAL_BIT(INTERVAL_3m) | INTERVAL_BIT(INTERVAL_5m) | INTERVAL_BIT(INTERVAL_15m),
        .grace_ms = (int64_t)rand_below(rand, 3 * MINUTE_MS) + (is_orderly ? 2 * DISORDER_MS : 0),
        .idle_ms = 30000,
        .uses_trade_ids = rand_chance(rand, 80),
    };
    return rules_with_limits(rules, RETENTION_MS);
}

static void add_series(struct candle_rules *rules, const char *text)
{
    struct series series;
    enum status status = series_parse(slice_of_text(text), &series);
    assert(status == STATUS_OK);
    (void)status;
    rules->derived.items[rules->derived.count++] = series;
}

/* By dice of their own, so that older seeds throw as they did. The zone's day begins an hour into
 * the log. */
static void draw_options(struct scenario *s)
{
    struct rand rand = {.state = s->seed ^ 0x9e3779b97f4a7c15u};
    if (rand_chance(&rand, 30)) {
        add_series(&s->rules, "vwap");
        add_series(&s->rules, rand_chance(&rand, 50) ? "sma(3)" : "sma(20)");
        add_series(&s->rules, rand_chance(&rand, 70) ? "ema(2)" : "ema(5)");
    }
    if (rand_chance(&rand, 15)) {
        enum status status = zone_load("Atlantic/Azores", &s->zone);
        assert(status == STATUS_OK);
        (void)status;
        s->rules.zone = s->zone;
        s->rules.intervals |= INTERVAL_BIT(INTERVAL_1d);
    }
    s->rules = rules_with_limits(s->rules, RETENTION_MS);
}

static void draw_machines(struct scenario *s, struct rand *rand)
{
    bool is_shared = rand_chance(rand, 60);
    s->is_one_machine = true;
    for (size_t i = 0; i < s->shards; i++) {
        s->machine_of[i] = is_shared ? (rand_chance(rand, 80) ? 0 : i) : i;
        s->is_one_machine = s->is_one_machine && s->machine_of[i] == 0;
    }
}

void scenario_init(struct scenario *s, uint64_t seed)
{
    struct rand rand = {.state = seed};

    *s = (struct scenario){.seed = seed};
    s->partitions = 1 + rand_below(&rand, SIM_PARTITIONS_MAX);
    s->shards = 1 + rand_below(&rand, SIM_SHARDS_MAX);
    draw_machines(s, &rand);
    s->is_orderly = rand_chance(&rand, 50);
    s->has_commits = rand_chance(&rand, 60);
    s->rules = draw_rules(&rand, s->is_orderly);
    draw_options(s);
    s->sync = rand_chance(&rand, 60) ? STORE_SYNC_boot : STORE_SYNC_commit;
    s->is_static_membership = rand_chance(&rand, 40);
    s->snapshots_ms = rand_chance(&rand, 70) ? 2000 + (int64_t)rand_below(&rand, 60000) : 0;
    s->has_remote = s->snapshots_ms > 0 && rand_chance(&rand, 60);
    s->is_recreated = s->is_one_machine && rand_chance(&rand, 20);
    s->is_always_slow = rand_chance(&rand, 10);
    s->mongo_rejects = rand_chance(&rand, 50);
    s->records_max = 1 + rand_below(&rand, 300);
    s->produced_in_ms = 2000 + (int64_t)rand_below(&rand, 90000);
    for (size_t p = 0; p < s->partitions; p++) {
        struct log_options options = draw_log(s, &rand, p);
        sim_log_init(&s->logs[p], &options, &rand);
        s->oracles[p] = oracle_create(&s->logs[p], &s->rules, 0);
    }
}

void scenario_deinit(struct scenario *s)
{
    for (size_t p = 0; p < s->partitions; p++) {
        oracle_destroy(&s->oracles[p]);
        sim_log_deinit(&s->logs[p]);
    }
    zone_destroy(&s->zone);
}

size_t scenario_partition_of(const char *symbol)
{
    return (size_t)(symbol[3] - 'A') / SIM_SYMBOLS_MAX;
}
