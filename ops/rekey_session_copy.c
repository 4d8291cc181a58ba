#include "actors/edge/kafka_admin.h"
#include "actors/edge/kafka_merge.h"
#include "actors/edge/kafka_reader.h"
#include "actors/edge/kafka_writer.h"
#include "ops/rekey_session_internal.h"
#include "proto/kline.h"
#include "runtime/crc32c.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

enum {
    WAIT_MS = 50,
    CHECKPOINT_MS = 1000,
    FLUSH_MS = 100,
    DISK_MS = 1000,
    PARTITIONS_MS = 10000,
    RECORDS_PER_TURN_MAX = 500,
    LARGE_BYTES = 32 << 10,
};

static enum status reader_failed(struct rekey_session *s, enum status status)
{
    const char *why = kafka_reader_error(s->reader);
    if (status == STATUS_LOG_LOST) {
        return rekey_session_fail(s, status,
                                  "%s no longer holds what comes next (%s): retention has removed "
                                  "records before they were copied; start again, which tells how "
                                  "many",
                                  s->options.source, why);
    }
    return rekey_session_fail(s, status, "%s cannot be read: %s", s->options.source, why);
}

static enum status writer_failed(struct rekey_session *s)
{
    enum status status = kafka_writer_failure(s->writer);
    const char *advice = status == STATUS_REJECTED
                             ? "; if it is too large, raise max.message.bytes "
                               "of the target; then start again"
                             : "";
    return rekey_session_fail(s, status, "%s%s", kafka_writer_error(s->writer), advice);
}

static uint32_t crc_of(const struct kafka_message *message)
{
    return crc32c_update(crc32c(message->key), message->value);
}

/* The record before our first one, read to see that the log is still the same. */
static enum status check_last(struct rekey_session *s, const struct kafka_message *message)
{
    const struct rekey_position *at = &s->at.positions[message->partition];
    if (message->offset != at->last_offset || crc_of(message) == at->last_crc) {
        return STATUS_OK;
    }
    return rekey_session_fail(s, STATUS_LOG_LOST,
                              "the record %s/%" PRId32 "/%" PRId64
                              " is not the one that was copied: the topic was recreated; copy it "
                              "to a new target with --to",
                              s->options.source, message->partition, message->offset);
}

static void count_kline(struct rekey_session *s, struct rekey_tally *tally,
                        const struct kline *kline)
{
    tally->closed += kline->is_closed;
    tally->open += !kline->is_closed;
    s->event_ms_max = kline->event_ms > s->event_ms_max ? kline->event_ms : s->event_ms_max;
}

/* Where a record goes, and under which key: the symbol, or the old key where there is none. What
 * has no key at all must go to the same place every time. */
static int32_t route(struct rekey_session *s, const struct kafka_message *message,
                     struct kline *kline, struct slice *out_key)
{
    char why[KLINE_ERROR_MAX];
    if (kline_decode(s->decoder, message->value, kline, why) == REASON_none) {
        count_kline(s, &s->tallies[message->partition], kline);
        *out_key = (struct slice){kline->symbol, kline->symbol_size};
    } else {
        kline->symbol_size = 0;
        *out_key = message->key;
    }
    return out_key->bytes == NULL ? message->partition % s->at.target_count
                                  : kafka_writer_partition_of(*out_key, s->at.target_count);
}

static enum status send(struct rekey_session *s, const struct kafka_message *message,
                        int32_t target, struct slice key)
{
    char partition[16];
    char offset[24];
    snprintf(partition, sizeof(partition), "%" PRId32, message->partition);
    snprintf(offset, sizeof(offset), "%" PRId64, message->offset);
    const struct kafka_header headers[] = {
        {"source_topic", slice_of_text(s->options.source)},
        {"source_partition", slice_of_text(partition)},
        {"source_offset", slice_of_text(offset)},
    };
    const struct kafka_writer_record record = {
        .topic = s->options.target,
        .partition = target,
        .key = key,
        .value = message->value,
        .timestamp_ms = message->timestamp_ms > 0 ? message->timestamp_ms : 0,
        .headers_of = message,
        .headers = headers,
        .header_count = ARRAY_COUNT(headers),
    };
    enum status status;
    while ((status = kafka_writer_send(s->writer, &record)) == STATUS_BUSY) {
        kafka_writer_serve(s->writer, FLUSH_MS);
        kafka_reader_wait(s->reader, 0);
        if (kafka_writer_failure(s->writer) != STATUS_OK) {
            return writer_failed(s);
        }
        if (!rekey_session_has_time(s)) {
            return rekey_session_fail(s, STATUS_TIMED_OUT, "Kafka does not acknowledge");
        }
    }
    return status == STATUS_OK ? status : writer_failed(s);
}

static enum status flush(struct rekey_session *s)
{
    while (kafka_writer_flush(s->writer, FLUSH_MS) != STATUS_OK) {
        kafka_reader_wait(s->reader, 0);
        if (kafka_writer_failure(s->writer) != STATUS_OK) {
            return writer_failed(s);
        }
        if (!rekey_session_has_time(s)) {
            return rekey_session_fail(s, STATUS_TIMED_OUT,
                                      "Kafka does not acknowledge; the next start finds out what "
                                      "has arrived");
        }
    }
    return kafka_writer_failure(s->writer) == STATUS_OK ? STATUS_OK : writer_failed(s);
}

/* A large record may be too large for the target. It goes alone: nothing that came after it may be
 * there when it is not, or a scan would take it for copied. */
static enum status send_in_turn(struct rekey_session *s, const struct kafka_message *message,
                                int32_t target, struct slice key)
{
    bool is_large = message->key.size + message->value.size > LARGE_BYTES;
    enum status status = is_large ? flush(s) : STATUS_OK;
    if (status == STATUS_OK) {
        status = send(s, message, target, key);
    }
    return status == STATUS_OK && is_large ? flush(s) : status;
}

static enum status take(struct rekey_session *s, const struct kafka_message *message)
{
    struct rekey_position *at = &s->at.positions[message->partition];
    struct kline kline;
    struct slice key;
    if (message->offset < at->next_offset) {
        return check_last(s, message);
    }
    int32_t target = route(s, message, &kline, &key);
    if (rekey_seen_has(s->seen, message->partition, target, message->offset)) {
        atomic_fetch_add(&s->view->skipped, 1);
    } else {
        enum status status = send_in_turn(s, message, target, key);
        if (status != STATUS_OK) {
            return status;
        }
        s->fresh++;
        s->fresh_no_kline += kline.symbol_size == 0;
    }
    *at = (struct rekey_position){message->offset + 1, message->offset, crc_of(message)};
    s->tallies[message->partition].records++;
    s->uncommitted++;
    atomic_fetch_add(&s->view->done, 1);
    return STATUS_OK;
}

/* As long as we walk over records that the scan has found, the next scan must find them too. */
static bool is_past_seen(const struct rekey_session *s)
{
    for (int32_t i = 0; i < s->at.source_count; i++) {
        if (s->at.positions[i].next_offset <= rekey_seen_max(s->seen, i)) {
            return false;
        }
    }
    return true;
}

static enum status write_checkpoint(struct rekey_session *s)
{
    bool was_full = false;
    enum status status;
    while ((status = rekey_checkpoint_write(s->options.folder, &s->at)) == STATUS_DISK_FULL &&
           rekey_session_has_time(s)) {
        if (!was_full) {
            log_event(LOG_checkpoint_retried, log_text("folder", s->options.folder));
        }
        was_full = true;
        (void)poll(NULL, 0, DISK_MS);
        kafka_reader_wait(s->reader, 0);
    }
    if (status != STATUS_OK) {
        return rekey_session_fail(s, status, "the checkpoint cannot be written to %s: %s",
                                  s->options.folder, status_text(status));
    }
    if (was_full) {
        log_event(LOG_checkpoint_recovered, log_text("folder", s->options.folder));
    }
    return STATUS_OK;
}

static void tell_metrics(struct rekey_session *s)
{
    for (int32_t i = 0; i < s->at.source_count; i++) {
        struct metrics_set *set = s->sets[i];
        struct rekey_tally *tally = &s->tallies[i];
        int64_t next = s->at.positions[i].next_offset;
        int64_t end = kafka_reader_end(s->reader, i);
        end = end > s->until[i] ? end : s->until[i];
        metrics_add(set, METRIC_records_total, tally->records);
        metrics_add(set, METRIC_klines_closed_total, tally->closed);
        metrics_add(set, METRIC_klines_open_total, tally->open);
        metrics_put(set, METRIC_next_offset, next);
        metrics_put(set, METRIC_consumer_lag, end > next ? end - next : 0);
        *tally = (struct rekey_tally){.records = 0};
        if (s->event_ms_max != INT64_MIN) {
            metrics_put(set, METRIC_stream_time_timestamp_seconds, s->event_ms_max);
        }
    }
}

/* Behind the last record there may be markers, which nobody copies and which are no lag. */
static void skip_markers(struct rekey_session *s)
{
    for (int32_t i = 0; i < s->at.source_count; i++) {
        struct rekey_position *at = &s->at.positions[i];
        int64_t position = kafka_merge_position(s->merge, i);
        if (position > at->next_offset) {
            at->next_offset = position;
            s->uncommitted++;
        }
    }
}

static enum status checkpoint(struct rekey_session *s)
{
    skip_markers(s);
    if (s->uncommitted > 0) {
        enum status status = flush(s);
        if (status != STATUS_OK) {
            return status;
        }
        if (is_past_seen(s)) {
            memcpy(s->at.target_ends, s->ends, (size_t)s->at.target_count * sizeof(s->ends[0]));
        }
        status = write_checkpoint(s);
        if (status != STATUS_OK) {
            return status;
        }
        for (int32_t i = 0; i < s->at.source_count; i++) {
            metrics_add(s->sets[i], METRIC_checkpoints_total, 1);
        }
        atomic_fetch_add(&s->view->copied, s->fresh);
        atomic_fetch_add(&s->view->no_kline, s->fresh_no_kline);
        s->uncommitted = s->fresh = s->fresh_no_kline = 0;
    }
    tell_metrics(s);
    return STATUS_OK;
}

static bool is_at_end(const struct rekey_session *s)
{
    for (int32_t i = 0; i < s->at.source_count; i++) {
        if (s->at.positions[i].next_offset < s->until[i]) {
            return false;
        }
    }
    return true;
}

/* A source that has got more partitions has records that nobody reads yet. */
static enum status check_partitions(struct rekey_session *s)
{
    int32_t count;
    enum status status = kafka_admin_partition_count(s->admin, s->options.source, &count);
    if (status == STATUS_OK && count > s->at.source_count) {
        return rekey_session_fail(s, STATUS_BUSY, "%s has %" PRId32 " partitions now",
                                  s->options.source, count);
    }
    return STATUS_OK; /* who cannot answer is asked again */
}

/* Some records; STATUS_TIMED_OUT: there were none. */
static enum status take_some(struct rekey_session *s)
{
    struct kafka_message message;
    for (int i = 0; i < RECORDS_PER_TURN_MAX; i++) {
        enum status status = kafka_merge_next(s->merge, &message);
        if (status == STATUS_NOT_FOUND || status == STATUS_TIMED_OUT) {
            return i == 0 ? STATUS_TIMED_OUT : STATUS_OK;
        }
        if (status != STATUS_OK) {
            return reader_failed(s, status);
        }
        status = take(s, &message);
        kafka_message_release(&message);
        if (status != STATUS_OK) {
            return status == STATUS_TIMED_OUT ? STATUS_UNAVAILABLE : status;
        }
    }
    return STATUS_OK;
}

static enum status turn(struct rekey_session *s)
{
    enum status status = take_some(s);
    if (status == STATUS_TIMED_OUT) {
        kafka_reader_wait(s->reader, WAIT_MS);
        status = STATUS_OK;
    }
    kafka_writer_serve(s->writer, 0);
    if (status == STATUS_OK && kafka_writer_failure(s->writer) != STATUS_OK) {
        return writer_failed(s);
    }
    return status;
}

enum status rekey_session_copy(struct rekey_session *s, struct metrics_set *const *sets)
{
    int64_t checkpoint_ms = rekey_session_now_ms();
    int64_t partitions_ms = checkpoint_ms;
    enum status status = STATUS_OK;
    s->sets = sets;
    tell_metrics(s);
    atomic_store(&s->view->is_copying, true);
    while (status == STATUS_OK && !atomic_load(&s->view->is_stopping)) {
        status = turn(s);
        int64_t now_ms = rekey_session_now_ms();
        if (status == STATUS_OK && now_ms >= checkpoint_ms + CHECKPOINT_MS) {
            status = checkpoint(s);
            checkpoint_ms = now_ms;
            if (status == STATUS_OK && s->options.stops_at_end && is_at_end(s)) {
                return STATUS_OK;
            }
        }
        if (status == STATUS_OK && now_ms >= partitions_ms + PARTITIONS_MS) {
            status = check_partitions(s);
            partitions_ms = now_ms;
        }
    }
    return status == STATUS_OK ? checkpoint(s) : status;
}
