#include "ops/dlq_retry.h"

#include "actors/edge/kafka_writer.h"
#include "ops/dlq.h"
#include "ops/dlq_ids.h"
#include "ops/dlq_list.h"
#include "ops/dlq_text.h"
#include "ops/kafka_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So many letters are under way before their notes are written. */
enum { CHUNK = 200, FLUSH_MS = 40000, SERVE_MS = 100 };

struct retry {
    const struct cli_context *context;
    struct dlq *dlq;
    struct dlq_filter filter;
    const char *const *ids; /* NULL: all that the filter lets pass */
    size_t id_count;
    const struct dlq_ids *retried;
    struct dlq_ids found;
    uint64_t counts[DLQ_VERDICT_COUNT];
    bool is_forced;
    struct kafka_writer *writer;
    char chunk[CHUNK][DLQ_ID_MAX]; /* sent, and without their notes */
    size_t chunk_count;
    uint64_t sent_count;
    bool has_failed;
};

static bool is_wanted(const struct retry *retry, const struct dlq_letter *letter)
{
    for (size_t i = 0; i < retry->id_count; i++) {
        if (strcmp(retry->ids[i], letter->id) == 0) {
            return true;
        }
    }
    return retry->id_count == 0 && dlq_list_matches(&retry->filter, letter);
}

static enum dlq_verdict judge(const struct retry *retry, const struct dlq_letter *letter)
{
    return dlq_letter_judge(letter, dlq_ids_has(retry->retried, letter->id), retry->is_forced);
}

/* What was named and cannot go is told one by one. */
static bool plan(void *context, const struct dlq_letter *letter,
                 const struct kafka_message *message)
{
    struct retry *retry = context;
    (void)message;
    if (!is_wanted(retry, letter)) {
        return true;
    }
    enum dlq_verdict verdict = judge(retry, letter);
    retry->counts[verdict]++;
    (void)dlq_ids_add(&retry->found, letter->id);
    if (verdict != DLQ_VERDICT_may_go && retry->id_count > 0) {
        (void)cli_fail(retry->context, "%s %s", letter->id, dlq_letter_verdict_text(verdict));
    } else if (verdict == DLQ_VERDICT_may_go && cli_has(retry->context, "dry-run")) {
        struct text line = {.bytes = NULL};
        (retry->context->is_json ? dlq_list_json : dlq_list_row)(
            letter, dlq_ids_has(retry->retried, letter->id), &line);
        fputs(text_get(&line), stdout);
        text_deinit(&line);
    }
    return true;
}

static bool tell_unknown(const struct retry *retry)
{
    bool all_found = true;
    for (size_t i = 0; i < retry->id_count; i++) {
        if (!dlq_ids_has(&retry->found, retry->ids[i])) {
            (void)cli_fail(retry->context,
                           "there is no dead letter '%.128s'; `candled dlq list` has the ids",
                           retry->ids[i]);
            all_found = false;
        }
    }
    return all_found;
}

/* What a filter let pass and cannot go is told in sum. */
static void tell_skipped(const struct retry *retry)
{
    for (size_t i = 0; i < DLQ_VERDICT_COUNT; i++) {
        if (i != DLQ_VERDICT_may_go && retry->counts[i] > 0 && retry->id_count == 0) {
            fprintf(stderr, "candled dlq: left out %" PRIu64 ": each %s\n", retry->counts[i],
                    dlq_letter_verdict_text((enum dlq_verdict)i));
        }
    }
}

static enum cli_exit confirm(const struct retry *retry)
{
    char answer[16] = "";
    uint64_t count = retry->counts[DLQ_VERDICT_may_go];
    if (cli_has(retry->context, "yes")) {
        return CLI_DONE;
    }
    if (isatty(STDIN_FILENO) != 1) {
        return cli_misuse(retry->context,
                          "%" PRIu64 " letters would be sent again; say --yes where "
                          "there is no terminal to ask",
                          count);
    }
    fprintf(stderr, "send %" PRIu64 " dead letters of %s again? [y/N] ", count,
            dlq_topic(retry->dlq));
    if (fgets(answer, sizeof(answer), stdin) != NULL &&
        (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0)) {
        return CLI_DONE;
    }
    return cli_fail(retry->context, "nothing was sent");
}

static bool hand_over(struct retry *retry, const struct kafka_writer_record *record)
{
    enum status status;
    while ((status = kafka_writer_send(retry->writer, record)) == STATUS_BUSY &&
           kafka_writer_failure(retry->writer) == STATUS_OK) {
        kafka_writer_serve(retry->writer, SERVE_MS);
    }
    return status == STATUS_OK;
}

static bool flush(struct retry *retry)
{
    return kafka_writer_flush(retry->writer, FLUSH_MS) == STATUS_OK &&
           kafka_writer_failure(retry->writer) == STATUS_OK;
}

/* The letters have arrived: now their notes. */
static bool write_notes(struct retry *retry)
{
    bool is_fine = flush(retry);
    for (size_t i = 0; i < retry->chunk_count && is_fine; i++) {
        struct text value = {.bytes = NULL};
        const struct kafka_header header = {DLQ_RETRIED, slice_of_text(retry->chunk[i])};
        text_add(&value, "{\"retried\": ");
        dlq_text_json(&value, header.value);
        text_add(&value, "}");
        is_fine = hand_over(retry, &(struct kafka_writer_record){
                                       .topic = dlq_topic(retry->dlq),
                                       .partition = KAFKA_WRITER_BY_KEY,
                                       .key = header.value,
                                       .value = {value.bytes, value.size},
                                       .headers = &header,
                                       .header_count = 1,
                                   });
        text_deinit(&value);
    }
    is_fine = is_fine && flush(retry);
    retry->sent_count += is_fine ? retry->chunk_count : 0;
    retry->chunk_count = 0;
    retry->has_failed = retry->has_failed || !is_fine;
    return is_fine;
}

static bool send(void *context, const struct dlq_letter *letter,
                 const struct kafka_message *message)
{
    struct retry *retry = context;
    (void)message;
    if (!is_wanted(retry, letter) || judge(retry, letter) != DLQ_VERDICT_may_go) {
        return true;
    }
    const struct kafka_header header = {DLQ_RETRIED, slice_of_text(letter->id)};
    if (!hand_over(retry, &(struct kafka_writer_record){
                              .topic = letter->topic,
                              .partition = KAFKA_WRITER_BY_KEY,
                              .key = dlq_letter_key(letter),
                              .value = letter->value,
                              .headers = &header,
                              .header_count = 1,
                          })) {
        retry->has_failed = true;
        return false;
    }
    memcpy(retry->chunk[retry->chunk_count], letter->id, sizeof(letter->id));
    retry->chunk_count++;
    return retry->chunk_count < CHUNK || write_notes(retry);
}

static enum cli_exit send_all(struct retry *retry)
{
    const struct config *config = &retry->context->config;
    struct kafka_property *properties = kafka_options_properties(config);
    enum status status = kafka_writer_create(
        &(struct kafka_writer_options){.brokers = config->kafka.brokers, .properties = properties},
        &retry->writer);
    kafka_options_free(properties);
    if (status != STATUS_OK) {
        return cli_fail(retry->context, "kafka.properties are not accepted; the log says why");
    }
    status = dlq_read(retry->dlq, "sending", send, retry);
    (void)write_notes(retry);
    if (retry->has_failed) {
        (void)cli_fail(retry->context,
                       "%s; %" PRIu64 " of %" PRIu64 " letters were sent again and noted, run it "
                       "again for the rest",
                       kafka_writer_error(retry->writer), retry->sent_count,
                       retry->counts[DLQ_VERDICT_may_go]);
    }
    kafka_writer_destroy(&retry->writer);
    return status == STATUS_OK && !retry->has_failed ? CLI_DONE : CLI_FAILED;
}

static void tell_result(const struct retry *retry, bool is_dry)
{
    uint64_t left_out = 0;
    for (size_t i = 0; i < DLQ_VERDICT_COUNT; i++) {
        left_out += i == DLQ_VERDICT_may_go ? 0 : retry->counts[i];
    }
    uint64_t count = is_dry ? retry->counts[DLQ_VERDICT_may_go] : retry->sent_count;
    if (retry->context->is_json) {
        printf("{\"%s\": %" PRIu64 ", \"leftOut\": %" PRIu64 "}\n", is_dry ? "wouldSend" : "sent",
               count, left_out);
    } else {
        printf("%" PRIu64 " letters %s, %" PRIu64 " left out\n", count,
               is_dry ? "would be sent again" : "sent again", left_out);
    }
}

static enum cli_exit carry_out(struct retry *retry)
{
    bool is_dry = cli_has(retry->context, "dry-run");
    if (dlq_retried(retry->dlq, &retry->retried) != STATUS_OK ||
        dlq_read(retry->dlq, "looking for letters", plan, retry) != STATUS_OK) {
        return CLI_FAILED;
    }
    bool all_found = tell_unknown(retry);
    bool all_may_go = retry->id_count == 0 || retry->counts[DLQ_VERDICT_may_go] == retry->id_count;
    enum cli_exit result = CLI_DONE;
    tell_skipped(retry);
    if (!is_dry && retry->counts[DLQ_VERDICT_may_go] > 0) {
        result = confirm(retry);
        result = result == CLI_DONE ? send_all(retry) : result;
    }
    if (result == CLI_DONE) {
        tell_result(retry, is_dry);
        result = all_found && all_may_go ? CLI_DONE : CLI_FAILED;
    }
    return result;
}

enum cli_exit dlq_retry(const struct cli_context *context, struct dlq *dlq, const char *const *ids,
                        size_t id_count)
{
    struct retry retry = {
        .context = context,
        .dlq = dlq,
        .ids = ids,
        .id_count = id_count,
        .is_forced = cli_has(context, "force"),
    };
    bool has_filter = cli_has(context, "reason");
    if ((id_count > 0) + has_filter + cli_has(context, "all") != 1) {
        return cli_misuse(context, "retry takes IDs, or --reason REASON, or --all");
    }
    enum cli_exit result = dlq_list_filter(context, &retry.filter);
    if (result != CLI_DONE) {
        return result;
    }
    if (dlq == NULL) {
        bool is_fine = tell_unknown(&retry);
        tell_result(&retry, cli_has(context, "dry-run"));
        return is_fine ? CLI_DONE : CLI_FAILED;
    }
    result = carry_out(&retry);
    dlq_ids_deinit(&retry.found);
    return result;
}
