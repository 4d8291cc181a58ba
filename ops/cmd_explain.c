/* candled explain: the story of one candle: the records behind it, what each did, and what every
 * store holds of it now. */
#include "actors/edge/kafka_log.h"
#include "actors/record.h"
#include "ops/candle_options.h"
#include "ops/cli.h"
#include "ops/explain_places.h"
#include "ops/kafka_options.h"
#include "ops/log_options.h"
#include "ops/log_start.h"
#include "ops/refold.h"
#include "ops/rfc3339.h"
#include "proto/dead_letter.h"
#include "proto/kline.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "state/batch.h"
#include "state/layout.h"
#include "state/outbox.h"
#include "state/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEED_MAX = 120 };

/* What a record can have done, by the counter that it moved. */
/* clang-format off */
#define OUTCOMES(X)                                                                  \
    X(duplicate_klines_total,   "said again what was known")                         \
    X(stale_klines_total,       "older than what its minute already held")           \
    X(conflicting_klines_total, "same event time, other content: the first stays")   \
    X(corrected_klines_total,   "replaced its minute")                               \
    X(late_klines_total,        "late, past the grace of its window")
/* clang-format on */

static const struct outcome {
    enum metric metric;
    const char *text;
} outcomes[] = {
#define X(metric, text) {METRIC_##metric, text},
    OUTCOMES(X)
#undef X
};

struct explaining {
    struct cli_context *cli;
    const char *symbol;
    enum interval interval;
    int64_t open_ms;
    int32_t partition; /* that is read */
    struct candle_rules rules;
    struct kline_decoder *decoder;
    struct kline kline; /* of the record that is watched */
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    size_t key_size;
    int64_t counters[ARRAY_COUNT(outcomes)];
    int64_t told;
    bool has_candle;
    struct candle candle; /* as the last record left it */
};

static int64_t end_ms(const struct explaining *e)
{
    return rules_next_ms(&e->rules, e->interval, e->open_ms);
}

/* A neighbour's trade ids can prove something about the window: an hour around it is watched, and
 * before it all that its derived values look at. */
static bool is_watched(void *context, const struct record *record)
{
    struct explaining *e = context;
    char error[KLINE_ERROR_MAX];
    int64_t reach_ms = PROOF_MS;
    int64_t from_ms = e->open_ms - reach_ms - rules_derived_ms(&e->rules, e->interval);

    return kline_decode(e->decoder, record->value, &e->kline, error) == REASON_none &&
           strcmp(e->kline.symbol, e->symbol) == 0 && e->kline.is_closed &&
           e->kline.open_ms >= from_ms && e->kline.open_ms < end_ms(e) + reach_ms;
}

static void begins(void *context, const struct metrics_set *metrics)
{
    struct explaining *e = context;
    for (size_t i = 0; i < ARRAY_COUNT(outcomes); i++) {
        e->counters[i] = metrics_get(metrics, outcomes[i].metric);
    }
}

static const char *what_it_did(const struct explaining *e, const struct metrics_set *metrics)
{
    for (size_t i = 0; i < ARRAY_COUNT(outcomes); i++) {
        if (metrics_get(metrics, outcomes[i].metric) > e->counters[i]) {
            return outcomes[i].text;
        }
    }
    return "a new minute";
}

/* Of the letter that a record became; REASON_none: it became none. */
static enum reason find_refusal(const struct batch *batch)
{
    struct outbox_row row;
    struct dead_letter letter;
    for (size_t i = 0; i < batch_count(batch); i++) {
        struct batch_write write = batch_at(batch, i);
        if (write.table == TABLE_outbox && write.kind == BATCH_put &&
            outbox_decode(write.value, &row) == STATUS_OK && row.kind == OUTBOX_dead_letter &&
            dead_letter_decode(row.payload, &letter) == STATUS_OK) {
            return letter.reason;
        }
    }
    return REASON_none;
}

static void name_deed(const struct explaining *e, const struct batch *batch,
                      const struct metrics_set *metrics, char deed[DEED_MAX])
{
    enum reason reason = find_refusal(batch);
    if (reason == REASON_none) {
        (void)snprintf(deed, DEED_MAX, "%s", what_it_did(e, metrics));
    } else {
        (void)snprintf(deed, DEED_MAX, "refused: a dead letter (%s)", reason_name(reason));
    }
}

static bool find_change(struct explaining *e, const struct batch *batch)
{
    struct slice value;
    struct candle candle;
    enum batch_found found =
        batch_find(batch, TABLE_candles, (struct slice){e->key, e->key_size}, &value);
    if (found != BATCH_put || candle_decode(value, &candle) != STATUS_OK) {
        return false;
    }
    e->candle = candle;
    e->has_candle = true;
    return true;
}

static void tell_record(struct explaining *e, const struct record *record, const char *did,
                        bool has_changed)
{
    char minute[RFC3339_TEXT_MAX];
    char event[RFC3339_TEXT_MAX];
    rfc3339_print(e->kline.open_ms, minute);
    rfc3339_print(e->kline.event_ms, event);
    if (e->cli->is_json) {
        printf("{\"partition\":%d,\"offset\":%" PRId64 ",\"timestamp\":%" PRId64
               ",\"minute\":%" PRId64 ",\"eventTime\":%" PRId64 ",\"did\":\"%s\",\"changed\":%s",
               (int)e->partition, record->offset, record->timestamp_ms, e->kline.open_ms,
               e->kline.event_ms, did, has_changed ? "true" : "false");
        if (has_changed) {
            printf(",\"minutes\":%" PRId64 ",\"complete\":%s,\"emitted\":%s,\"revision\":%" PRId64,
                   (int64_t)e->candle.minutes, e->candle.is_complete ? "true" : "false",
                   e->candle.is_emitted ? "true" : "false", e->candle.revision);
        }
        printf("}\n");
        return;
    }
    printf("  offset %-10" PRId64 " minute %s  event time %s  %s", record->offset, minute, event,
           did);
    if (has_changed) {
        printf(" -> %" PRId64 " minutes, %s, %s", (int64_t)e->candle.minutes,
               e->candle.is_complete ? "complete" : "incomplete",
               e->candle.is_emitted ? "emitted" : "waiting");
    }
    printf("\n");
}

static void applied(void *context, const struct record *record, const struct batch *batch,
                    const struct metrics_set *metrics)
{
    struct explaining *e = context;
    char deed[DEED_MAX];
    bool is_inside = e->kline.open_ms >= e->open_ms && e->kline.open_ms < end_ms(e);
    bool has_changed = find_change(e, batch);
    if (is_inside || has_changed) {
        e->told++;
        name_deed(e, batch, metrics, deed);
        tell_record(e, record, deed, has_changed);
    }
}

static enum cli_exit fail_in(struct explaining *e, int32_t partition, enum status status)
{
    return cli_fail(e->cli, "%s, partition %d: %s", e->cli->config.kafka.topic, (int)partition,
                    status_text(status));
}

static enum status refold_at(struct explaining *e, struct kafka_log *log, int32_t partition,
                             int32_t partition_count, const struct kafka_log_commit *commit,
                             struct refold **out_refold)
{
    struct kafka_property *properties = kafka_options_properties(&e->cli->config);
    const char *scratch = getenv("TMPDIR");
    struct refold_options options = {
        .brokers = e->cli->config.kafka.brokers,
        .topic = e->cli->config.kafka.topic,
        .properties = properties,
        .rules = e->rules,
        .partition = partition,
        .partition_count = partition_count,
        .end_offset = commit->offset,
        .era = commit->era,
        .is_idle = true,
        .parent = scratch == NULL || *scratch == '\0' ? "/tmp" : scratch,
        .watcher = {e, is_watched, begins, applied},
    };
    int64_t before_ms = e->rules.grace_ms + PROOF_MS + rules_derived_longest_ms(&e->rules);
    enum status status = log_start_before(log, partition, &e->rules, e->open_ms - before_ms,
                                          commit->offset, &options.begin_offset);
    if (status == STATUS_OK) {
        status = refold_run(&options, out_refold);
    }
    kafka_options_free(properties);
    return status;
}

/* What passes of time alone have emitted, too. */
static void take_final(struct explaining *e, struct store *store)
{
    struct store_view *view = store_view_create(store);
    struct slice value;
    struct candle candle;
    if (store_view_open(view) == STATUS_OK) {
        if (store_view_get(view, TABLE_candles, (struct slice){e->key, e->key_size}, &value) ==
                STATUS_OK &&
            candle_decode(value, &candle) == STATUS_OK) {
            e->candle = candle;
            e->has_candle = true;
        }
        store_view_close(view);
    }
    store_view_destroy(&view);
}

static enum cli_exit explain_partition(struct explaining *e, struct kafka_log *log,
                                       int32_t partition, int32_t partition_count)
{
    struct kafka_log_commit commit;
    struct refold *refolded = NULL;
    int64_t told = e->told;
    e->partition = partition;
    enum status status = kafka_log_committed(log, partition, &commit);

    if (status == STATUS_NOT_FOUND) {
        return CLI_DONE;
    }
    if (status == STATUS_OK) {
        status = refold_at(e, log, partition, partition_count, &commit, &refolded);
    }
    if (status != STATUS_OK) {
        return fail_in(e, partition, status);
    }
    take_final(e, refold_store(refolded));
    refold_destroy(&refolded);
    if (e->told > told && !e->cli->is_json) {
        printf("  (partition %d of %s, up to offset %" PRId64 ")\n", (int)partition,
               e->cli->config.kafka.topic, commit.offset);
    }
    return CLI_DONE;
}

static enum cli_exit explain_log(struct explaining *e)
{
    struct kafka_log *log;
    int32_t count = 0;
    enum cli_exit code = CLI_DONE;
    enum status status =
        kafka_options_open_log(&e->cli->config, e->cli->config.kafka.brokers, &log);
    if (status != STATUS_OK) {
        return fail_in(e, 0, status);
    }
    status = kafka_log_partition_count(log, &count);
    if (status != STATUS_OK) {
        code = fail_in(e, 0, status);
    }
    for (int32_t i = 0; i < count && code == CLI_DONE; i++) {
        code = explain_partition(e, log, i, count);
    }
    kafka_log_destroy(&log);
    return code;
}

static enum cli_exit explain(struct explaining *e)
{
    enum cli_exit code = explain_log(e);
    if (code != CLI_DONE) {
        return code;
    }
    if (e->told == 0 && !e->cli->is_json) {
        printf("  no record of it is in the log\n");
    }
    return explain_places(e->cli, &e->candle, e->has_candle);
}

static bool take_open_time(const char *text, int64_t *open_ms)
{
    char *end;
    *open_ms = strtoll(text, &end, 10);
    return (end != text && *end == '\0') || rfc3339_parse(text, open_ms) == STATUS_OK;
}

static enum cli_exit run(struct cli_context *context)
{
    struct explaining e = {.cli = context, .symbol = context->words[0]};

    if (cli_need_brokers(context) != CLI_DONE) {
        return CLI_USAGE;
    }
    if (strlen(e.symbol) > SYMBOL_BYTES_MAX) {
        return cli_misuse(context, "'%s' is longer than a symbol can be", e.symbol);
    }
    if (interval_parse(slice_of_text(context->words[1]), &e.interval) != STATUS_OK) {
        return cli_misuse(context, "'%s' is no interval like 1m or 5m", context->words[1]);
    }
    if (!take_open_time(context->words[2], &e.open_ms)) {
        return cli_misuse(context, "'%s' is no time: milliseconds, or 2026-02-01T00:00:00Z",
                          context->words[2]);
    }
    e.rules = candle_options_rules(&context->config);
    int64_t open_ms = rules_open_ms(&e.rules, e.interval, e.open_ms);
    if (open_ms != e.open_ms) {
        return cli_misuse(context,
                          "no candle of %s opens at %s; the one around it opens at %" PRId64,
                          context->words[1], context->words[2], open_ms);
    }
    log_options_apply(&context->config);
    e.decoder = kline_decoder_create();
    e.key_size = layout_candle_key(e.symbol, e.interval, e.open_ms, e.key);
    e.candle = (struct candle){.interval = e.interval, .open_ms = e.open_ms};
    snprintf(e.candle.symbol, sizeof(e.candle.symbol), "%s", e.symbol);
    enum cli_exit code = explain(&e);
    kline_decoder_destroy(&e.decoder);
    return code;
}

const struct cli_command cmd_explain = {
    .name = "explain",
    .summary = "the story of one candle: its records, what each did, and every store's value",
    .usage = "SYMBOL INTERVAL OPENTIME",
    .text = "Reads the log around the candle, folds it again record by record, and shows what the\n"
            "log, the shards' state, Redis and MongoDB hold. OPENTIME is in milliseconds or like\n"
            "2026-02-01T00:05:00Z.\n",
    .examples = "  candled explain BTCUSDT 5m 2026-02-01T00:05:00Z\n"
                "  candled explain ETHUSDT 1m 1769904000000 --json | jq .\n",
    .words_min = 3,
    .words_max = 3,
    .run = run,
};
