/* candled verify: compares log, LMDB, Redis and MongoDB; --repair mends what differs. */
#include "actors/edge/mongo_reader.h"
#include "actors/edge/redis_reader.h"
#include "ops/cli.h"
#include "ops/log_options.h"
#include "ops/progress.h"
#include "ops/repair.h"
#include "ops/rfc3339.h"
#include "ops/store_readers.h"
#include "ops/text.h"
#include "ops/verify.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { SHOWN_DEFAULT = 10, SYMBOLS_MAX = 1000 };

struct verifying {
    struct cli_context *cli;
    int64_t shown;
    int64_t shown_max;
    int64_t stuck; /* differences that could not be taken out of the way */
    bool repairs;
    struct repair *repair;
    struct redis_reader *redis;
    struct mongo_reader *mongo;
    struct progress progress;
    int64_t compared; /* records, in the partitions before */
    int64_t last;
};

static int64_t now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static void on_progress(void *context, int64_t done, int64_t total)
{
    struct verifying *v = context;
    v->progress.total = (uint64_t)total;
    progress_step(&v->progress, (uint64_t)done, (uint64_t)done, now_ms());
}

static void show_json(const struct verify_difference *d, const char *wanted)
{
    struct text out = {.bytes = NULL};
    text_add(&out, "{\"place\":\"%s\",\"verdict\":\"%s\",\"wanted\":%s,\"found\":",
             verify_place_name(d->place), verify_verdict_name(d->verdict), wanted);
    if (d->found == NULL) {
        text_add(&out, "null");
    } else {
        text_add_json(&out, d->found);
    }
    printf("%s}\n", text_get(&out));
    text_deinit(&out);
}

static void show(struct verifying *v, const struct verify_difference *d)
{
    char wanted[CANDLE_JSON_MAX];
    char time[RFC3339_TEXT_MAX];

    (void)candle_print_json(d->wanted, wanted);
    if (v->cli->is_json) {
        show_json(d, wanted);
        return;
    }
    rfc3339_print(d->wanted->open_ms, time);
    printf("%s %s %s (%" PRId64 "): %s is %s\n  log   %s\n  %-5s %s\n", d->wanted->symbol,
           interval_name(d->wanted->interval), time, d->wanted->open_ms,
           verify_place_name(d->place), verify_verdict_name(d->verdict), wanted,
           verify_place_name(d->place), d->found == NULL ? "nothing" : d->found);
}

/* What holds our revision with another content would refuse ours: it is taken out first. */
static void mend(struct verifying *v, const struct verify_difference *d)
{
    enum status status = STATUS_OK;
    bool stands_in_the_way = d->verdict == VERDICT_other && d->found != NULL;

    if (d->place == VERIFY_redis) {
        if (stands_in_the_way) {
            status = redis_reader_take_out(v->redis, d->wanted, d->found);
        }
        repair_add(v->repair, SINK_redis, d->wanted);
    } else if (d->place == VERIFY_mongo) {
        if (stands_in_the_way) {
            status = mongo_reader_take_out(v->mongo, d->wanted, d->found_revision);
        }
        repair_add(v->repair, SINK_mongo, d->wanted);
    }
    if (status != STATUS_OK) {
        v->stuck++;
        fprintf(stderr, "candled verify: %s: %s could not be taken out of %s\n",
                status_text(status), d->wanted->symbol, verify_place_name(d->place));
    }
}

static void on_difference(void *context, const struct verify_difference *d)
{
    struct verifying *v = context;
    if (v->shown < v->shown_max) {
        progress_deinit(&v->progress);
        show(v, d);
    }
    v->shown++;
    if (v->repairs) {
        mend(v, d);
    }
}

static int64_t count_differences(const struct verify_result *result)
{
    int64_t count = 0;
    for (enum verify_place place = 0; place < VERIFY_PLACE_COUNT; place++) {
        for (enum verify_verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            count += verify_is_difference(verdict) ? result->counts[place][verdict] : 0;
        }
    }
    return count;
}

static void print_json(const struct verify_result *r, const struct repair_result *repaired)
{
    printf("{\"candles\":%" PRId64 ",\"records\":%" PRId64
           ",\"partitions\":%d,\"differences\":%" PRId64,
           r->candles, r->records, (int)r->partitions, count_differences(r));
    for (enum verify_place place = 0; place < VERIFY_PLACE_COUNT; place++) {
        printf(",\"%s\":", verify_place_name(place));
        for (enum verify_verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            printf("%s\"%s\":%" PRId64, verdict == 0 ? "{" : ",", verify_verdict_name(verdict),
                   r->counts[place][verdict]);
        }
        printf("}");
    }
    printf(",\"repaired\":%" PRId64 ",\"rejected\":%" PRId64 "}\n", repaired->written,
           repaired->rejected);
}

static void print_table(const struct verify_result *r, const struct repair_result *repaired,
                        bool repairs)
{
    printf("%" PRId64 " candles from %" PRId64 " records of %d partitions\n%-6s", r->candles,
           r->records, (int)r->partitions, "");
    for (enum verify_verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        printf("%10s", verify_verdict_name(verdict));
    }
    for (enum verify_place place = 0; place < VERIFY_PLACE_COUNT; place++) {
        printf("\n%-6s", verify_place_name(place));
        for (enum verify_verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            printf("%10" PRId64, r->counts[place][verdict]);
        }
        printf("%s", r->is_compared[place] ? "" : "   not compared");
    }
    printf("\n");
    if (repairs) {
        printf("repaired: %" PRId64 " written, %" PRId64 " held already, %" PRId64 " rejected\n",
               repaired->written, repaired->stale, repaired->rejected);
    }
}

static enum cli_exit take_time(struct cli_context *cli, const char *option, int64_t *time_ms)
{
    const char *text = cli_value(cli, option);
    if (text != NULL && rfc3339_parse(text, time_ms) != STATUS_OK) {
        return cli_misuse(cli, "--%s: '%s' is no time like 2026-02-01T00:00:00Z", option, text);
    }
    return CLI_DONE;
}

static enum cli_exit take_number(struct cli_context *cli, const char *option, int64_t *number)
{
    const char *text = cli_value(cli, option);
    char *end;
    if (text != NULL) {
        *number = strtoll(text, &end, 10);
        if (end == text || *end != '\0' || *number < 0 || *number > INT32_MAX) {
            return cli_misuse(cli, "--%s: '%s' is no number from 0 on", option, text);
        }
    }
    return CLI_DONE;
}

static enum cli_exit open_stores(struct verifying *v)
{
    char error[STORE_READERS_ERROR_MAX];
    bool are_open = store_readers_open_redis(&v->cli->config, &v->redis, error) == STATUS_OK &&
                    store_readers_open_mongo(&v->cli->config, &v->mongo, error) == STATUS_OK;
    return are_open ? CLI_DONE : cli_fail(v->cli, "%s", error);
}

static enum cli_exit conclude(struct verifying *v, const struct verify_result *result)
{
    struct repair_result repaired = {.written = 0};
    if (v->repairs) {
        enum status status = repair_run(v->repair, &v->cli->config, &repaired);
        if (status != STATUS_OK) {
            return cli_fail(v->cli, "the repair ended early: %s", status_text(status));
        }
    }
    if (v->cli->is_json) {
        print_json(result, &repaired);
    } else {
        if (v->shown > v->shown_max) {
            printf("and %" PRId64 " more differences (--limit shows more)\n",
                   v->shown - v->shown_max);
        }
        print_table(result, &repaired, v->repairs);
    }
    bool is_lmdb_off = result->counts[VERIFY_lmdb][VERDICT_missing] +
                           result->counts[VERIFY_lmdb][VERDICT_older] +
                           result->counts[VERIFY_lmdb][VERDICT_other] >
                       0;
    if (v->repairs && is_lmdb_off) {
        return cli_fail(v->cli, "LMDB differs from the log: stop that shard, move its partition's "
                                "folder away, and start it again; it will fold the log anew");
    }
    if (v->stuck + repaired.rejected > 0) {
        return cli_fail(v->cli, "%" PRId64 " differences could not be mended",
                        v->stuck + repaired.rejected);
    }
    return count_differences(result) == 0 || v->repairs ? CLI_DONE : CLI_FAILED;
}

static enum cli_exit compare(struct verifying *v, const struct verify_options *options)
{
    struct verify_result result;
    progress_init(&v->progress, v->cli->is_terminal, "reading", 0, now_ms());
    enum status status = verify_run(options, &result);
    progress_deinit(&v->progress);
    if (status != STATUS_OK) {
        return cli_fail(v->cli, "%s", result.error[0] != '\0' ? result.error : status_text(status));
    }
    if (result.partitions == 0) {
        return cli_fail(v->cli,
                        "the group %s knows of nothing in %s that every sink has acknowledged: "
                        "nothing to compare; did a shard run a moment ago?",
                        v->cli->config.kafka.group, v->cli->config.kafka.topic);
    }
    return conclude(v, &result);
}

static enum cli_exit prepare(struct verifying *v, struct verify_options *options)
{
    int64_t partition = -1;
    enum cli_exit code = cli_need_brokers(v->cli);
    code = code == CLI_DONE ? take_time(v->cli, "from", &options->from_ms) : code;
    code = code == CLI_DONE ? take_time(v->cli, "to", &options->to_ms) : code;
    code = code == CLI_DONE ? take_number(v->cli, "partition", &partition) : code;
    code = code == CLI_DONE ? take_number(v->cli, "limit", &v->shown_max) : code;
    options->partition = (int32_t)partition;
    if (code == CLI_DONE && v->repairs) {
        v->repair = repair_create();
        code = open_stores(v);
    }
    return code;
}

static enum cli_exit run(struct cli_context *context)
{
    const char *symbols[SYMBOLS_MAX];
    char *copy =
        text_copy(cli_value(context, "symbols") == NULL ? "" : cli_value(context, "symbols"));
    struct verifying v = {
        .cli = context, .shown_max = SHOWN_DEFAULT, .repairs = cli_has(context, "repair")};
    struct verify_options options = {
        .config = &context->config,
        .from_ms = INT64_MIN,
        .to_ms = INT64_MAX,
        .symbols = symbols,
        .symbol_count = text_split(copy, symbols, SYMBOLS_MAX),
        .context = &v,
        .differs = on_difference,
        .progress = on_progress,
    };
    log_options_apply(&context->config);
    enum cli_exit code = prepare(&v, &options);
    if (code == CLI_DONE) {
        code = compare(&v, &options);
    }
    redis_reader_close(&v.redis);
    mongo_reader_close(&v.mongo);
    repair_destroy(&v.repair);
    mem_free(copy);
    return code;
}

static const struct cli_option options_of_verify[] = {
    {"from", "TIME", "candles that open at this time or later; default: the last day in the log"},
    {"to", "TIME", "and before this time"},
    {"symbols", "LIST", "only these, comma separated"},
    {"partition", "N", "only this partition"},
    {"limit", "N", "how many differences are shown; default 10"},
    {"repair", NULL, "write what differs anew, guarded as ever"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_verify = {
    .name = "verify",
    .summary = "compares log, LMDB, Redis and MongoDB; --repair mends what differs",
    .usage = "[options]",
    .text =
        "Folds the log again, up to what every sink has acknowledged, and compares each candle\n"
        "with the shards' state, with Redis and with MongoDB. Shards may run meanwhile. Ends\n"
        "with 1 when something differs, with --repair when something could not be mended.\n",
    .examples = "  candled verify --config candled.yaml\n"
                "  candled verify --from 2026-02-01 --to 2026-02-02 --symbols BTCUSDT,ETHUSDT\n"
                "  candled verify --repair\n",
    .options = options_of_verify,
    .run = run,
};
