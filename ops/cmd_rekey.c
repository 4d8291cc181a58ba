/* candled rekey: a topic without keys into one that is keyed by symbol. */
#include "ops/cli.h"
#include "ops/kafka_options.h"
#include "ops/log_options.h"
#include "ops/rekey.h"
#include "ops/rekey_checkpoint.h"
#include "state/folder.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 2048, TOPIC_BYTES_MAX = 249, PARTITIONS_MAX = 10000 };

/* Of the shutdown, so much is for the last checkpoint after the last acknowledgement. */
enum { STOP_RESERVE_MS = 1000 };

struct request {
    char target[REKEY_TOPIC_MAX];
    char folder[PATH_BYTES_MAX];
    int32_t partitions;
    int lock_fd;
};

static bool is_topic_name(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL) {
            return false;
        }
    }
    return size > 0 && size <= TOPIC_BYTES_MAX && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static enum cli_exit read_partitions(const struct cli_context *context, int32_t *out_partitions)
{
    const char *text = cli_value(context, "partitions");
    char *end;
    if (text == NULL) {
        return CLI_DONE;
    }
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < 1 || number > PARTITIONS_MAX) {
        return cli_misuse(context, "--partitions: found '%.32s', expected a number from 1 to %d",
                          text, PARTITIONS_MAX);
    }
    *out_partitions = (int32_t)number;
    return CLI_DONE;
}

static enum cli_exit read_request(const struct cli_context *context, struct request *request)
{
    const char *source = context->config.kafka.topic;
    const char *to = cli_value(context, "to");
    if (strcmp(context->config.kafka.brokers, "embedded") == 0) {
        return cli_misuse(context, "kafka.brokers is `embedded`, which ends with this command; "
                                   "name real brokers");
    }
    if (to == NULL) {
        snprintf(request->target, sizeof(request->target), "%.249s.keyed", source);
    } else {
        snprintf(request->target, sizeof(request->target), "%.250s", to);
    }
    if (!is_topic_name(request->target)) {
        return cli_misuse(context,
                          "--to: '%.64s' is no name of a topic (letters, digits, . _ -; "
                          "at most %d)",
                          request->target, TOPIC_BYTES_MAX);
    }
    if (strcmp(request->target, source) == 0) {
        return cli_misuse(context,
                          "--to: %s is the source itself; its own copies would be copied "
                          "for ever",
                          source);
    }
    return read_partitions(context, &request->partitions);
}

static enum cli_exit lock_folder(const struct cli_context *context, struct request *request)
{
    int size = snprintf(request->folder, sizeof(request->folder), "%s/rekey/%s",
                        context->config.data_dir, request->target);
    if (size < 0 || (size_t)size >= sizeof(request->folder)) {
        return cli_misuse(context, "data_dir: the path is too long");
    }
    if (folder_make(request->folder) != STATUS_OK) {
        return cli_fail(context, "the folder %s cannot be made; the log says why", request->folder);
    }
    enum status status = folder_lock(request->folder, &request->lock_fd);
    if (status == STATUS_BUSY) {
        return cli_fail(context, "another rekey writes to %s and holds %s/lock; stop it first",
                        request->target, request->folder);
    }
    return status == STATUS_OK
               ? CLI_DONE
               : cli_fail(context, "%s/lock cannot be locked; the log says why", request->folder);
}

static void tell_result(const struct cli_context *context, const struct request *request,
                        const struct rekey_result *result)
{
    const char *source = context->config.kafka.topic;
    if (context->is_json) {
        printf("{\"source\": \"%s\", \"target\": \"%s\", \"records\": %" PRId64
               ", \"alreadyThere\": %" PRId64 ", \"notKlines\": %" PRId64
               ", \"elapsedMs\": %" PRId64 "}\n",
               source, request->target, result->copied, result->skipped, result->no_kline,
               result->elapsed_ms);
        return;
    }
    printf("%" PRId64 " records of %s copied to %s in %.1f s", result->copied, source,
           request->target, (double)result->elapsed_ms / 1000);
    if (result->skipped > 0) {
        printf(", %" PRId64 " were there already", result->skipped);
    }
    if (result->no_kline > 0) {
        printf(", %" PRId64 " are no klines and kept their key", result->no_kline);
    }
    putchar('\n');
}

static enum cli_exit copy(const struct cli_context *context, const struct request *request)
{
    const struct config *config = &context->config;
    struct kafka_property *properties = kafka_options_properties(config);
    int64_t reserve_ms = config->shutdown.timeout > 2 * STOP_RESERVE_MS
                             ? STOP_RESERVE_MS
                             : config->shutdown.timeout / 2;
    struct rekey_options options = {
        .session = {.brokers = config->kafka.brokers,
                    .properties = properties,
                    .source = config->kafka.topic,
                    .target = request->target,
                    .folder = request->folder,
                    .partitions = request->partitions,
                    .partitions_made = (int32_t)config->kafka.partitions,
                    .replication_factor = (int32_t)config->kafka.replication_factor,
                    .retention_ms = config->kafka.retention,
                    .is_forced = cli_has(context, "force"),
                    .accepts_loss = cli_has(context, "accept-loss"),
                    .stops_at_end = cli_has(context, "until-end"),
                    .stop_ms_max = config->shutdown.timeout - reserve_ms},
        .listen = config->http.ops_listen,
        .stop_ms_max = config->shutdown.timeout,
        .is_terminal = context->is_terminal,
    };
    struct rekey_result result;
    enum status status = rekey_run(&options, &result);
    kafka_options_free(properties);
    if (status != STATUS_OK) {
        return cli_fail(context, "%s",
                        result.error[0] != '\0' ? result.error : status_text(status));
    }
    tell_result(context, request, &result);
    return CLI_DONE;
}

static enum cli_exit run(struct cli_context *context)
{
    struct request request = {.lock_fd = -1};
    enum cli_exit result = read_request(context, &request);
    if (result == CLI_DONE) {
        result = lock_folder(context, &request);
    }
    if (result != CLI_DONE) {
        return result;
    }
    log_options_apply(&context->config);
    result = copy(context, &request);
    (void)close(request.lock_fd);
    return result;
}

static const struct cli_option options[] = {
    {"to", "TOPIC", "where the copy goes; TOPIC.keyed when not given, made when missing"},
    {"partitions", "N", "of the copy when it is made; kafka.partitions when not given"},
    {"until-end", NULL, "stop where the log ended when copying started"},
    {"accept-loss", NULL, "go on where retention removed records before they were copied"},
    {"force", NULL, "copy into a topic that holds records of others"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_rekey = {
    .name = "rekey",
    .summary = "copy a topic into one that is keyed by symbol, exactly once",
    .usage = "[--to TOPIC] [--partitions N] [--until-end]",
    .examples = "  candled rekey --set kafka.topic=crypto_kline_1m\n"
                "  candled rekey --to crypto_kline_1m.12 --partitions 12 --until-end\n",
    .text =
        "Copies kafka.topic; the symbol becomes the key, and value, timestamp and headers stay.\n"
        "Runs until SIGTERM, beside the old producer; kill and start it at any time: what was\n"
        "copied is found in the target. The checkpoint is in data_dir/rekey. docs/rekey.md has\n"
        "the way from the old topic to the new one.\n",
    .options = options,
    .run = run,
};
