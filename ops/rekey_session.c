#include "ops/rekey_session.h"

#include "actors/edge/kafka_admin.h"
#include "actors/edge/kafka_merge.h"
#include "actors/edge/kafka_reader.h"
#include "actors/edge/kafka_writer.h"
#include "ops/rekey_session_internal.h"
#include "proto/kline.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What a record of the source may gain on its way: three headers. */
enum { HEADERS_BYTES_MAX = 1024, SOURCE_BYTES_MAX = 64 << 20 };

int64_t rekey_session_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum status rekey_session_fail(struct rekey_session *s, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(s->error, sizeof(s->error), format, arguments);
    va_end(arguments);
    return status;
}

const char *rekey_session_error(const struct rekey_session *s)
{
    return s->error;
}

bool rekey_session_has_time(struct rekey_session *s)
{
    if (!atomic_load(&s->view->is_stopping)) {
        return true;
    }
    if (s->stop_by_ms == 0) {
        s->stop_by_ms = rekey_session_now_ms() + s->options.stop_ms_max;
    }
    return rekey_session_now_ms() < s->stop_by_ms;
}

struct rekey_session *rekey_session_create(const struct rekey_session_options *options,
                                           struct rekey_view *view)
{
    struct rekey_session *s = mem_new(1, sizeof(*s));
    s->options = *options;
    s->view = view;
    s->decoder = kline_decoder_create();
    s->event_ms_max = INT64_MIN;
    return s;
}

void rekey_session_destroy(struct rekey_session **session_p)
{
    struct rekey_session *s = *session_p;
    *session_p = NULL;
    if (s == NULL) {
        return;
    }
    atomic_store(&s->view->is_copying, false);
    kafka_merge_destroy(&s->merge);
    kafka_reader_destroy(&s->reader);
    kafka_writer_destroy(&s->writer);
    kafka_admin_destroy(&s->admin);
    rekey_seen_destroy(&s->seen);
    rekey_checkpoint_deinit(&s->at);
    kline_decoder_destroy(&s->decoder);
    mem_free(s->begins);
    mem_free(s->ends);
    mem_free(s->until);
    mem_free(s->expected);
    mem_free(s->tallies);
    mem_free(s);
}

int32_t rekey_session_source_count(const struct rekey_session *s)
{
    return s->at.source_count;
}

static enum status admin_failed(struct rekey_session *s, enum status status)
{
    return rekey_session_fail(s, status, "%s", kafka_admin_error(s->admin));
}

static enum status make_target(struct rekey_session *s, int32_t *out_count)
{
    const struct rekey_session_options *o = &s->options;
    int64_t bytes_max = 0;
    struct kafka_admin_topic topic = {
        .name = o->target,
        .partitions = o->partitions == 0 ? o->partitions_made : o->partitions,
        .replication_factor = o->replication_factor,
        .retention_ms = o->retention_ms,
    };
    /* The largest record of the source must fit; who may not ask gets the broker's default. */
    if (kafka_admin_message_bytes_max(s->admin, o->source, &bytes_max) == STATUS_OK) {
        topic.message_bytes_max = bytes_max + HEADERS_BYTES_MAX;
    }
    enum status status = kafka_admin_make_topic(s->admin, &topic);
    if (status == STATUS_REJECTED) {
        return rekey_session_fail(s, status, "the target cannot be made: %s; make it yourself",
                                  kafka_admin_error(s->admin));
    }
    if (status != STATUS_OK) {
        return admin_failed(s, status);
    }
    log_event(LOG_rekey_target_made, log_text("topic", o->target),
              log_int("partitions", topic.partitions));
    *out_count = topic.partitions;
    return STATUS_OK;
}

static enum status find_target(struct rekey_session *s, int32_t *out_count)
{
    const struct rekey_session_options *o = &s->options;
    enum status status = kafka_admin_partition_count(s->admin, o->target, out_count);
    if (status == STATUS_NOT_FOUND && s->has_checkpoint) {
        return rekey_session_fail(s, STATUS_LOG_LOST,
                                  "the target %s is gone, but %s/checkpoint says that it was "
                                  "written; remove that file to copy once more from the beginning",
                                  o->target, o->folder);
    }
    if (status == STATUS_NOT_FOUND) {
        return make_target(s, out_count);
    }
    if (status != STATUS_OK) {
        return admin_failed(s, status);
    }
    if (o->partitions != 0 && o->partitions != *out_count) {
        return rekey_session_fail(s, STATUS_BAD_CONFIG,
                                  "the target %s has %" PRId32 " partitions, not %" PRId32
                                  "; leave --partitions out, or choose another target with --to",
                                  o->target, *out_count, o->partitions);
    }
    return STATUS_OK;
}

static enum status load_checkpoint(struct rekey_session *s)
{
    enum status status = rekey_checkpoint_read(s->options.folder, &s->at);
    s->has_checkpoint = status == STATUS_OK;
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_CORRUPT) {
        log_event(LOG_rekey_checkpoint_damaged, log_text("folder", s->options.folder));
        return STATUS_OK;
    }
    return rekey_session_fail(s, status, "the checkpoint in %s cannot be read: %s",
                              s->options.folder, status_text(status));
}

/* Whether the checkpoint speaks of the logs that are there. */
static enum status check_checkpoint(struct rekey_session *s, const char *cluster,
                                    int32_t source_count, int32_t target_count)
{
    const struct rekey_session_options *o = &s->options;
    const struct rekey_checkpoint *at = &s->at;
    if (strcmp(at->source, o->source) != 0 || strcmp(at->target, o->target) != 0) {
        return rekey_session_fail(s, STATUS_BAD_CONFIG,
                                  "%s/checkpoint is of %s copied to %s; two topics cannot be "
                                  "copied to one: choose another target with --to",
                                  o->folder, at->source, at->target);
    }
    if (at->cluster[0] != '\0' && cluster[0] != '\0' && strcmp(at->cluster, cluster) != 0) {
        return rekey_session_fail(s, STATUS_BAD_CONFIG,
                                  "%s/checkpoint is of the Kafka cluster %s, and kafka.brokers is "
                                  "%s; use another data_dir for another cluster",
                                  o->folder, at->cluster, cluster);
    }
    if (at->target_count != target_count) {
        return rekey_session_fail(s, STATUS_LOG_LOST,
                                  "the target %s had %" PRId32 " partitions and has %" PRId32
                                  ": its keys would move; copy to a new target with --to",
                                  o->target, at->target_count, target_count);
    }
    if (at->source_count > source_count) {
        return rekey_session_fail(s, STATUS_LOG_LOST,
                                  "the source %s had %" PRId32 " partitions and has %" PRId32
                                  ": it was made anew; copy it to a new target with --to",
                                  o->source, at->source_count, source_count);
    }
    return STATUS_OK;
}

/* More source partitions than the checkpoint knows begin at their beginning. */
static void take_checkpoint(struct rekey_session *s, const char *cluster, int32_t source_count,
                            int32_t target_count)
{
    struct rekey_checkpoint at;
    rekey_checkpoint_init(&at, source_count, target_count);
    snprintf(at.source, sizeof(at.source), "%s", s->options.source);
    snprintf(at.target, sizeof(at.target), "%s", s->options.target);
    snprintf(at.cluster, sizeof(at.cluster), "%s", cluster);
    if (s->has_checkpoint) {
        s->known_count = s->at.source_count;
        memcpy(at.positions, s->at.positions, (size_t)s->at.source_count * sizeof(at.positions[0]));
        memcpy(at.target_ends, s->at.target_ends, (size_t)target_count * sizeof(at.target_ends[0]));
        rekey_checkpoint_deinit(&s->at);
    }
    s->at = at;
    s->begins = mem_new((size_t)target_count, sizeof(int64_t));
    s->ends = mem_new((size_t)target_count, sizeof(int64_t));
    s->until = mem_new((size_t)source_count, sizeof(int64_t));
    s->expected = mem_new((size_t)target_count, sizeof(int64_t));
    s->tallies = mem_new((size_t)source_count, sizeof(*s->tallies));
    s->seen = rekey_seen_create(source_count, target_count);
}

static enum status find_topics(struct rekey_session *s)
{
    char cluster[KAFKA_ADMIN_CLUSTER_MAX];
    int32_t source_count = 0;
    int32_t target_count = 0;
    enum status status = kafka_admin_partition_count(s->admin, s->options.source, &source_count);
    if (status == STATUS_OK) {
        status = kafka_admin_cluster(s->admin, cluster);
    }
    if (status != STATUS_OK) {
        return admin_failed(s, status);
    }
    status = find_target(s, &target_count);
    if (status == STATUS_OK && s->has_checkpoint) {
        status = check_checkpoint(s, cluster, source_count, target_count);
    }
    if (status == STATUS_OK) {
        take_checkpoint(s, cluster, source_count, target_count);
    }
    return status;
}

/* Where reading the source begins: at the last record copied, to see that it still is that one. */
static enum status choose_offset(struct rekey_session *s, int32_t partition, int64_t *out_offset)
{
    const char *source = s->options.source;
    struct rekey_position *at = &s->at.positions[partition];
    int64_t begin;
    int64_t end;
    enum status status = kafka_admin_ends(s->admin, source, partition, &begin, &end);
    if (status != STATUS_OK) {
        return admin_failed(s, status);
    }
    if (partition >= s->known_count) {
        at->next_offset = begin; /* nothing of it was ever copied, so nothing is lost */
    }
    if (at->next_offset > end) {
        return rekey_session_fail(s, STATUS_LOG_LOST,
                                  "%s/%" PRId32 " ends at %" PRId64 ", and %" PRId64
                                  " were copied: the topic was recreated or cut; copy it to a new "
                                  "target with --to",
                                  source, partition, end, at->next_offset);
    }
    if (at->next_offset < begin && !s->options.accepts_loss) {
        return rekey_session_fail(s, STATUS_LOG_LOST,
                                  "retention has removed the records %" PRId64 " to %" PRId64
                                  " of %s/%" PRId32 " before they were copied; to go on without "
                                  "them, run again with --accept-loss",
                                  at->next_offset, begin - 1, source, partition);
    }
    if (at->next_offset < begin) {
        *at = (struct rekey_position){.next_offset = begin, .last_offset = -1};
    }
    s->until[partition] = end;
    atomic_fetch_add(&s->view->total, end - at->next_offset);
    *out_offset = at->last_offset >= begin ? at->last_offset : at->next_offset;
    return STATUS_OK;
}

static enum status open_source(struct rekey_session *s)
{
    int64_t *offsets = mem_new((size_t)s->at.source_count, sizeof(*offsets));
    enum status status = STATUS_OK;
    atomic_store(&s->view->done, 0);
    atomic_store(&s->view->total, 0);
    for (int32_t i = 0; i < s->at.source_count && status == STATUS_OK; i++) {
        status = choose_offset(s, i, &offsets[i]);
    }
    if (status == STATUS_OK) {
        status = kafka_reader_create(
            &(struct kafka_reader_options){
                .brokers = s->options.brokers,
                .topic = s->options.source,
                .properties = s->options.properties,
                .partition_count = s->at.source_count,
                .offsets = offsets,
                .bytes_max = SOURCE_BYTES_MAX,
                .process = s->options.process,
            },
            &s->reader);
    }
    if (status == STATUS_OK) {
        s->merge = kafka_merge_create(s->reader, s->at.source_count);
    }
    mem_free(offsets);
    return status;
}

static void on_delivered(void *context, int32_t partition, int64_t offset)
{
    struct rekey_session *s = context;
    int64_t expected = s->expected[partition];
    s->expected[partition] = offset < 0 ? -1 : offset + 1;
    if (offset < 0) {
        return;
    }
    s->ends[partition] = offset + 1;
    if (expected >= 0 && offset > expected && !s->has_told_of_others) {
        s->has_told_of_others = true;
        log_event(LOG_rekey_not_alone, log_text("topic", s->options.target),
                  log_int("partition", partition), log_int("offset", expected));
    }
}

static enum status open_writer(struct rekey_session *s)
{
    for (int32_t i = 0; i < s->at.target_count; i++) {
        s->expected[i] = s->ends[i];
    }
    return kafka_writer_create(
        &(struct kafka_writer_options){
            .brokers = s->options.brokers,
            .properties = s->options.properties,
            .never_repeats = true,
            .context = s,
            .delivered = on_delivered,
        },
        &s->writer);
}

enum status rekey_session_start(struct rekey_session *s)
{
    enum status status = kafka_admin_create(s->options.brokers, s->options.properties, &s->admin);
    if (status == STATUS_OK) {
        status = load_checkpoint(s);
    }
    if (status == STATUS_OK) {
        status = find_topics(s);
    }
    if (status == STATUS_OK) {
        status = rekey_session_scan(s);
    }
    if (status == STATUS_OK) {
        status = open_source(s);
    }
    if (status == STATUS_OK) {
        status = open_writer(s);
    }
    if (status != STATUS_OK && s->error[0] == '\0') {
        (void)rekey_session_fail(s, status, "%s; the log says more", status_text(status));
    }
    return status;
}
