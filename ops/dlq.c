#include "ops/dlq.h"

#include "actors/edge/kafka_admin.h"
#include "actors/edge/kafka_merge.h"
#include "actors/edge/kafka_message.h"
#include "actors/edge/kafka_reader.h"
#include "ops/cli.h"
#include "ops/dlq_ids.h"
#include "ops/kafka_options.h"
#include "ops/progress.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <time.h>

enum { WAIT_MS = 100, SILENCE_MS_MAX = 30000, READ_BYTES_MAX = 64 << 20 };

struct dlq {
    const struct cli_context *context;
    char topic[KAFKA_OPTIONS_TOPIC_MAX];
    struct kafka_property *properties;
    struct metrics *metrics;
    struct kline_decoder *decoder;
    int32_t partition_count;
    int64_t *begins;
    int64_t *ends;
    struct dlq_ids retried;
    bool has_retried;
    uint64_t repeat_count;
};

/* One reading. */
struct pass {
    struct kafka_reader *reader;
    struct kafka_merge *merge;
    struct progress progress;
    struct dlq_ids seen;
    dlq_visit_fn *visit;
    void *context;
    uint64_t count;
    int64_t heard_ms;
    bool wants_notes;
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum status ask_ends(struct dlq *dlq, struct kafka_admin *admin)
{
    enum status status = kafka_admin_partition_count(admin, dlq->topic, &dlq->partition_count);
    if (status != STATUS_OK) {
        return status;
    }
    dlq->begins = mem_new((size_t)dlq->partition_count, sizeof(*dlq->begins));
    dlq->ends = mem_new((size_t)dlq->partition_count, sizeof(*dlq->ends));
    for (int32_t i = 0; i < dlq->partition_count && status == STATUS_OK; i++) {
        status = kafka_admin_ends(admin, dlq->topic, i, &dlq->begins[i], &dlq->ends[i]);
    }
    return status;
}

enum status dlq_open(const struct cli_context *context, struct dlq **out_dlq)
{
    struct kafka_admin *admin = NULL;
    struct dlq *dlq = mem_new(1, sizeof(*dlq));
    dlq->context = context;
    dlq->properties = kafka_options_properties(&context->config);
    dlq->metrics = metrics_create();
    dlq->decoder = kline_decoder_create();
    kafka_options_dlq_topic(&context->config, dlq->topic);
    enum status status = kafka_admin_create(context->config.kafka.brokers, dlq->properties, &admin);
    if (status == STATUS_OK) {
        status = ask_ends(dlq, admin);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            (void)cli_fail(context, "%s: %s; is kafka.brokers right?",
                           context->config.kafka.brokers, kafka_admin_error(admin));
        }
    } else {
        (void)cli_fail(context, "kafka.properties are not accepted; the log says why");
    }
    kafka_admin_destroy(&admin);
    if (status != STATUS_OK) {
        dlq_close(&dlq);
        return status;
    }
    *out_dlq = dlq;
    return STATUS_OK;
}

void dlq_close(struct dlq **dlq_p)
{
    struct dlq *dlq = *dlq_p;
    *dlq_p = NULL;
    if (dlq == NULL) {
        return;
    }
    dlq_ids_deinit(&dlq->retried);
    kline_decoder_destroy(&dlq->decoder);
    metrics_destroy(&dlq->metrics);
    kafka_options_free(dlq->properties);
    mem_free(dlq->begins);
    mem_free(dlq->ends);
    mem_free(dlq);
}

const char *dlq_topic(const struct dlq *dlq)
{
    return dlq->topic;
}

uint64_t dlq_repeat_count(const struct dlq *dlq)
{
    return dlq->repeat_count;
}

static bool is_done(const struct dlq *dlq, const struct pass *pass)
{
    for (int32_t i = 0; i < dlq->partition_count; i++) {
        if (dlq->begins[i] < dlq->ends[i] && kafka_merge_position(pass->merge, i) < dlq->ends[i]) {
            return false;
        }
    }
    return true;
}

/* False: enough was read. */
static bool take(struct dlq *dlq, struct pass *pass, const struct kafka_message *message)
{
    struct dlq_letter letter;
    pass->count++;
    if (message->offset >= dlq->ends[message->partition]) {
        return true; /* it came after we began */
    }
    dlq_letter_read(message, dlq->decoder, &letter);
    if (pass->wants_notes) {
        if (letter.kind == DLQ_note) {
            (void)dlq_ids_add(&dlq->retried, letter.id);
        }
        return true;
    }
    if (letter.kind != DLQ_letter) {
        return true;
    }
    if (!dlq_ids_add(&pass->seen, letter.id)) {
        dlq->repeat_count++;
        return true;
    }
    return pass->visit(pass->context, &letter, message);
}

static enum status read_on(struct dlq *dlq, struct pass *pass)
{
    struct kafka_message message;
    pass->heard_ms = now_ms();
    while (!is_done(dlq, pass)) {
        enum status status = kafka_merge_next(pass->merge, &message);
        if (status == STATUS_OK) {
            bool wants_more = take(dlq, pass, &message);
            kafka_message_release(&message);
            pass->heard_ms = now_ms();
            progress_step(&pass->progress, pass->count, pass->count, pass->heard_ms);
            if (!wants_more) {
                return STATUS_OK;
            }
        } else if (status != STATUS_NOT_FOUND && status != STATUS_TIMED_OUT) {
            return status;
        } else if (now_ms() - pass->heard_ms > SILENCE_MS_MAX) {
            return STATUS_TIMED_OUT;
        } else {
            kafka_reader_wait(pass->reader, WAIT_MS);
        }
    }
    return STATUS_OK;
}

static enum status open_pass(struct dlq *dlq, struct pass *pass, const char *what)
{
    int64_t *offsets = mem_new((size_t)dlq->partition_count, sizeof(*offsets));
    uint64_t total = 0;
    for (int32_t i = 0; i < dlq->partition_count; i++) {
        bool is_empty = dlq->begins[i] >= dlq->ends[i];
        offsets[i] = is_empty ? KAFKA_READER_NOT_READ : dlq->begins[i];
        total += is_empty ? 0 : (uint64_t)(dlq->ends[i] - dlq->begins[i]);
    }
    enum status status = kafka_reader_create(
        &(struct kafka_reader_options){
            .brokers = dlq->context->config.kafka.brokers,
            .topic = dlq->topic,
            .properties = dlq->properties,
            .partition_count = dlq->partition_count,
            .offsets = offsets,
            .bytes_max = READ_BYTES_MAX,
            .process = metrics_set_of(dlq->metrics, METRIC_SCOPE_process, ""),
        },
        &pass->reader);
    mem_free(offsets);
    if (status == STATUS_OK) {
        pass->merge = kafka_merge_create(pass->reader, dlq->partition_count);
        progress_init(&pass->progress, dlq->context->is_terminal, what, total, now_ms());
    }
    return status;
}

static enum status run_pass(struct dlq *dlq, struct pass *pass, const char *what)
{
    enum status status = open_pass(dlq, pass, what);
    if (status == STATUS_OK) {
        status = read_on(dlq, pass);
        progress_deinit(&pass->progress);
    }
    if (status != STATUS_OK) {
        const char *why = pass->reader == NULL ? "" : kafka_reader_error(pass->reader);
        (void)cli_fail(dlq->context, "%s cannot be read: %s", dlq->topic,
                       why[0] != '\0' ? why : status_text(status));
    }
    kafka_merge_destroy(&pass->merge);
    kafka_reader_destroy(&pass->reader);
    dlq_ids_deinit(&pass->seen);
    return status;
}

enum status dlq_read(struct dlq *dlq, const char *what, dlq_visit_fn *visit, void *context)
{
    struct pass pass = {.visit = visit, .context = context};
    dlq->repeat_count = 0;
    return run_pass(dlq, &pass, what);
}

enum status dlq_retried(struct dlq *dlq, const struct dlq_ids **out_ids)
{
    struct pass pass = {.wants_notes = true};
    if (!dlq->has_retried) {
        enum status status = run_pass(dlq, &pass, "looking for retries");
        if (status != STATUS_OK) {
            return status;
        }
        dlq->has_retried = true;
    }
    *out_ids = &dlq->retried;
    return STATUS_OK;
}
