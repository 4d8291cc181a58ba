/* candled replay: recorded klines into a topic. */
#include "ops/cli.h"
#include "ops/kafka_options.h"
#include "ops/kline_merge.h"
#include "ops/progress.h"
#include "ops/replay_producer.h"
#include "ops/rfc3339.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MAX_MS = 100 };

struct replay {
    const struct cli_context *context;
    struct kline_merge *files;
    struct replay_producer *producer;
    struct progress progress;
    double speed; /* 0: as fast as it goes */
    int64_t from_ms;
    int64_t to_ms;
    bool uses_event_timestamps;
    uint64_t count;
    int64_t first_event_ms;
    int64_t last_event_ms;
    int64_t began_ms;
    char error[KLINE_FILE_ERROR_MAX];
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum cli_exit read_time(const struct cli_context *context, const char *option,
                               int64_t *out_ms)
{
    const char *text = cli_value(context, option);
    if (text != NULL && rfc3339_parse(text, out_ms) != STATUS_OK) {
        return cli_misuse(context, "--%s: found '%.64s', expected a time as 2026-02-01T00:00:00Z",
                          option, text);
    }
    return CLI_DONE;
}

static enum cli_exit read_options(struct replay *r)
{
    const struct cli_context *context = r->context;
    const char *speed = cli_value(context, "speed");
    char *end = NULL;

    if (cli_value(context, "topic") == NULL || cli_value(context, "topic")[0] == '\0') {
        return cli_misuse(context, "--topic TOPIC is missing: the topic to write to");
    }
    if (strcmp(context->config.kafka.brokers, "embedded") == 0) {
        return cli_misuse(context, "kafka.brokers is `embedded`, which ends with this command; "
                                   "name real brokers, or use `candled run --feed FILE`");
    }
    if (speed != NULL && strcmp(speed, "max") != 0) {
        r->speed = strtod(speed, &end);
        if (end == speed || *end != '\0' || !isfinite(r->speed) || r->speed <= 0) {
            return cli_misuse(context,
                              "--speed: found '%.64s', expected a number above 0 (1 is "
                              "real time) or max",
                              speed);
        }
    }
    r->uses_event_timestamps = cli_has(context, "event-timestamps");
    enum cli_exit result = read_time(context, "from", &r->from_ms);
    return result != CLI_DONE ? result : read_time(context, "to", &r->to_ms);
}

/* The next record inside --from and --to. */
static enum status next_record(struct replay *r, struct feed_record *out_record)
{
    for (;;) {
        enum status status = kline_merge_next(r->files, out_record, r->error);
        if (status != STATUS_OK) {
            return status;
        }
        if (out_record->event_ms >= r->from_ms && out_record->event_ms < r->to_ms) {
            return STATUS_OK;
        }
    }
}

static enum cli_exit open_producer(struct replay *r)
{
    const struct config *config = &r->context->config;
    struct kafka_property *properties = kafka_options_properties(config);
    struct replay_producer_options options = {
        .brokers = config->kafka.brokers,
        .topic = cli_value(r->context, "topic"),
        .properties = properties,
        .partitions = (int32_t)config->kafka.partitions,
        .replication_factor = (int32_t)config->kafka.replication_factor,
        .retention_ms = config->kafka.retention,
        .never_repeats = r->uses_event_timestamps,
    };
    enum status status = replay_producer_open(&options, &r->producer, r->error);
    kafka_options_free(properties);
    return status == STATUS_OK ? CLI_DONE : cli_fail(r->context, "%s", r->error);
}

/* A replay of the past into a topic that has moved on would only make late klines. */
static enum cli_exit refuse_newer_topic(struct replay *r, const struct feed_record *first)
{
    int64_t newest_ms;
    char topic_time[RFC3339_TEXT_MAX];
    char file_time[RFC3339_TEXT_MAX];

    if (cli_has(r->context, "force")) {
        return CLI_DONE;
    }
    if (replay_producer_newest(r->producer, &newest_ms, r->error) != STATUS_OK) {
        return cli_fail(r->context, "%s", r->error);
    }
    if (newest_ms <= first->event_ms) {
        return CLI_DONE;
    }
    rfc3339_print(newest_ms, topic_time);
    rfc3339_print(first->event_ms, file_time);
    return cli_fail(r->context,
                    "the topic %s already holds klines of %s, and the files begin at %s; they "
                    "would be late there. Use --force to write them all the same",
                    cli_value(r->context, "topic"), topic_time, file_time);
}

static enum status keep_pace(struct replay *r, const struct feed_record *record)
{
    enum status status = STATUS_OK;
    if (r->speed == 0) {
        return status;
    }
    double event_ms = (double)(record->event_ms - r->first_event_ms);
    int64_t due_ms = r->began_ms + (int64_t)(event_ms / r->speed);
    for (int64_t left_ms = due_ms - now_ms(); left_ms > 0 && status == STATUS_OK;
         left_ms = due_ms - now_ms()) {
        int64_t wait_ms = left_ms < WAIT_MAX_MS ? left_ms : WAIT_MAX_MS;
        replay_producer_wait(r->producer, wait_ms);
        status = replay_producer_failure(r->producer, r->error);
        progress_step(&r->progress, kline_merge_position(r->files), r->count, now_ms());
    }
    return status;
}

static enum status send_all(struct replay *r, struct feed_record *record)
{
    enum status status = STATUS_OK;
    r->began_ms = now_ms();
    r->first_event_ms = record->event_ms;
    while (status == STATUS_OK) {
        status = keep_pace(r, record);
        if (status == STATUS_OK) {
            int64_t timestamp_ms = r->uses_event_timestamps ? record->event_ms : 0;
            status = replay_producer_send(r->producer, record, timestamp_ms, r->error);
        }
        if (status == STATUS_OK) {
            r->count++;
            r->last_event_ms = record->event_ms;
            progress_step(&r->progress, kline_merge_position(r->files), r->count, now_ms());
            status = next_record(r, record);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void tell_result(const struct replay *r, int64_t elapsed_ms)
{
    char from[RFC3339_TEXT_MAX];
    char to[RFC3339_TEXT_MAX];
    uint64_t count = replay_producer_acknowledged(r->producer);
    const char *topic = cli_value(r->context, "topic");

    rfc3339_print(r->first_event_ms, from);
    rfc3339_print(r->last_event_ms, to);
    if (r->context->is_json) {
        printf("{\"topic\": \"%s\", \"records\": %" PRIu64 ", \"from\": \"%s\", \"to\": \"%s\", "
               "\"elapsedMs\": %" PRId64 "}\n",
               topic, count, from, to, elapsed_ms);
    } else {
        printf("%" PRIu64 " records to %s, of %s to %s, in %.1f s\n", count, topic, from, to,
               (double)elapsed_ms / 1000);
    }
}

/* A broker forgets who wrote old records, so that those with their event time are sent once. */
static enum cli_exit fail(const struct replay *r, const char *why)
{
    const char *doubt =
        r->uses_event_timestamps
            ? ", and what was under way may be there as well: with "
              "--event-timestamps nothing is sent twice. Look where the topic ends, "
              "and go on with --from and --force"
            : "";
    return cli_fail(r->context, "%s (%" PRIu64 " records were written before it%s)", why,
                    replay_producer_acknowledged(r->producer), doubt);
}

static enum cli_exit write_all(struct replay *r, struct feed_record *first)
{
    enum cli_exit result = open_producer(r);
    if (result == CLI_DONE) {
        result = refuse_newer_topic(r, first);
    }
    if (result != CLI_DONE) {
        return result;
    }
    progress_init(&r->progress, r->context->is_terminal, "replaying", kline_merge_size(r->files),
                  now_ms());
    enum status status = send_all(r, first);
    char flush_error[REPLAY_ERROR_MAX];
    enum status flushed = replay_producer_flush(r->producer, flush_error);
    progress_deinit(&r->progress);
    if (status != STATUS_OK || flushed != STATUS_OK) {
        return fail(r, status != STATUS_OK ? r->error : flush_error);
    }
    tell_result(r, now_ms() - r->began_ms);
    return CLI_DONE;
}

static enum cli_exit run(struct cli_context *context)
{
    struct replay r = {.context = context, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    struct feed_record record;
    enum cli_exit result = read_options(&r);
    if (result != CLI_DONE) {
        return result;
    }
    enum status status = kline_merge_open(context->words, context->word_count,
                                          cli_value(context, "symbol"), &r.files, r.error);
    if (status == STATUS_OK) {
        status = next_record(&r, &record);
    }
    if (status == STATUS_OK) {
        result = write_all(&r, &record);
    } else if (status == STATUS_NOT_FOUND) {
        result = cli_fail(context, "there is no kline to replay in the files");
    } else {
        result = cli_fail(context, "%s", r.error);
    }
    replay_producer_close(&r.producer);
    kline_merge_close(&r.files);
    return result;
}

static const struct cli_option options[] = {
    {"topic", "TOPIC", "the topic to write to; made when it is missing"},
    {"speed", "N|max", "how much faster than real time; max (the default) does not wait"},
    {"symbol", "SYMBOL", "of all rows, where the name of a CSV file does not tell it"},
    {"from", "TIME", "only klines from this event time on (RFC 3339)"},
    {"to", "TIME", "only klines before this event time"},
    {"event-timestamps", NULL, "stamp records with their event time, not the wall clock"},
    {"force", NULL, "write although the topic holds newer klines"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_replay = {
    .name = "replay",
    .summary = "write recorded klines from files into a topic",
    .usage = "FILE... --topic TOPIC [--speed N|max] [--force]",
    .examples = "  candled replay BTCUSDT-1m-2026-02.csv.zst --topic crypto_kline_1m\n"
                "  candled replay *.csv --topic test --speed 60 --set kafka.brokers=host:9092\n"
                "  candled replay - --symbol BTCUSDT --topic test < rows.csv\n",
    .text = "Files are the exchange's CSV archives, or JSON lines; .gz and .zst are unpacked. "
            "Several files\nare merged by event time. The key is the symbol; brokers come from "
            "kafka.brokers.\n",
    .options = options,
    .words_min = 1,
    .words_max = CLI_WORDS_MAX,
    .run = run,
};
