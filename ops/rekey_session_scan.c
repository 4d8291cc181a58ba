#include "actors/edge/kafka_admin.h"
#include "actors/edge/kafka_reader.h"
#include "ops/rekey_session_internal.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>

enum {
    LOOK_MS = 200,
    STILL_MS = 1000,
    WAIT_MS = 100,
    SCAN_BYTES_MAX = 64 << 20,
    RECORDS_PER_TURN_MAX = 1000,
};

static enum status look(struct rekey_session *s, bool *out_has_moved)
{
    *out_has_moved = false;
    for (int32_t i = 0; i < s->at.target_count; i++) {
        int64_t end;
        enum status status = kafka_admin_ends(s->admin, s->options.target, i, &s->begins[i], &end);
        if (status != STATUS_OK) {
            return rekey_session_fail(s, status, "%s", kafka_admin_error(s->admin));
        }
        *out_has_moved = *out_has_moved || end != s->ends[i];
        s->ends[i] = end;
    }
    return STATUS_OK;
}

/* A process that was killed may have left requests in its socket, which the broker takes in after
 * we have looked; they are few and the broker is at them at once, so its answers to us tell when
 * they are through: the ends no longer move. A request that comes later still (its packets were
 * lost on the way) is noticed when our own records land behind it, and logged. */
static enum status wait_until_still(struct rekey_session *s)
{
    int64_t still_ms = 0;
    while (still_ms <= STILL_MS) {
        bool has_moved;
        enum status status = look(s, &has_moved);
        if (status != STATUS_OK) {
            return status;
        }
        if (atomic_load(&s->view->is_stopping)) {
            return rekey_session_fail(s, STATUS_TIMED_OUT, "it was stopped");
        }
        still_ms = has_moved ? 0 : still_ms + LOOK_MS;
        (void)poll(NULL, 0, LOOK_MS);
    }
    return STATUS_OK;
}

static enum status check_ends(struct rekey_session *s)
{
    for (int32_t i = 0; i < s->at.target_count; i++) {
        if (s->ends[i] < s->at.target_ends[i]) {
            return rekey_session_fail(
                s, STATUS_LOG_LOST,
                "%s/%" PRId32 " ends at %" PRId64 ", and %" PRId64
                " were written: the target was recreated or cut; remove %s/checkpoint to copy what "
                "it lacks, as far as the source still has it",
                s->options.target, i, s->ends[i], s->at.target_ends[i], s->options.folder);
        }
    }
    return STATUS_OK;
}

/* Whether the record was copied from our source; notes where it stood there. */
static bool note(struct rekey_session *s, const struct kafka_message *message)
{
    struct slice topic;
    int64_t partition;
    int64_t offset;
    if (!kafka_message_header(message, "source_topic", &topic) ||
        !slice_equals(topic, slice_of_text(s->options.source)) ||
        !kafka_message_number(message, "source_partition", &partition) ||
        !kafka_message_number(message, "source_offset", &offset)) {
        return false;
    }
    rekey_seen_note(s->seen, partition, message->partition, offset);
    return true;
}

/* STATUS_OK: a turn of one partition is over, *out_is_done tells whether all of it is. */
static enum status scan_some(struct rekey_session *s, struct kafka_reader *reader,
                             int32_t partition, int64_t *foreign_count, bool *out_is_done)
{
    struct kafka_message message;
    for (int i = 0; i < RECORDS_PER_TURN_MAX; i++) {
        int64_t position = kafka_reader_position(reader, partition);
        *out_is_done = position == KAFKA_READER_NOT_READ || position >= s->ends[partition];
        if (*out_is_done) {
            return STATUS_OK;
        }
        enum status status = kafka_reader_next(reader, partition, &message);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_TIMED_OUT : status;
        }
        *foreign_count += !note(s, &message);
        atomic_fetch_add(&s->view->done, 1);
        kafka_message_release(&message);
    }
    return STATUS_OK;
}

static enum status scan_all(struct rekey_session *s, struct kafka_reader *reader,
                            int64_t *foreign_count)
{
    for (bool is_done = false; !is_done;) {
        bool is_waiting = true;
        is_done = true;
        for (int32_t i = 0; i < s->at.target_count; i++) {
            bool is_partition_done = false;
            enum status status = scan_some(s, reader, i, foreign_count, &is_partition_done);
            if (status != STATUS_OK && status != STATUS_TIMED_OUT) {
                return rekey_session_fail(s, status, "%s cannot be read: %s", s->options.target,
                                          kafka_reader_error(reader));
            }
            is_done = is_done && is_partition_done;
            is_waiting = is_waiting && (status == STATUS_TIMED_OUT || is_partition_done);
        }
        if (atomic_load(&s->view->is_stopping)) {
            return rekey_session_fail(s, STATUS_TIMED_OUT, "it was stopped");
        }
        if (is_waiting && !is_done) {
            kafka_reader_wait(reader, WAIT_MS);
        }
    }
    return STATUS_OK;
}

/* Where reading the target begins; -1: a partition that holds nothing new. */
static int64_t choose_offsets(struct rekey_session *s, int64_t *offsets)
{
    int64_t total = 0;
    for (int32_t i = 0; i < s->at.target_count; i++) {
        int64_t from = s->at.target_ends[i];
        from = from > s->begins[i] ? from : s->begins[i];
        offsets[i] = from < s->ends[i] ? from : KAFKA_READER_NOT_READ;
        total += from < s->ends[i] ? s->ends[i] - from : 0;
    }
    return total;
}

static enum status read_target(struct rekey_session *s, const int64_t *offsets,
                               int64_t *foreign_count)
{
    struct kafka_reader *reader;
    enum status status = kafka_reader_create(
        &(struct kafka_reader_options){
            .brokers = s->options.brokers,
            .topic = s->options.target,
            .properties = s->options.properties,
            .partition_count = s->at.target_count,
            .offsets = offsets,
            .bytes_max = SCAN_BYTES_MAX,
            .process = s->options.process,
        },
        &reader);
    if (status == STATUS_OK) {
        status = scan_all(s, reader, foreign_count);
        kafka_reader_destroy(&reader);
    }
    return status;
}

static enum status scan_beyond(struct rekey_session *s)
{
    int64_t *offsets = mem_new((size_t)s->at.target_count, sizeof(*offsets));
    int64_t total = choose_offsets(s, offsets);
    int64_t foreign_count = 0;
    enum status status = STATUS_OK;
    atomic_store(&s->view->done, 0);
    atomic_store(&s->view->total, total);
    if (total > 0) {
        status = read_target(s, offsets, &foreign_count);
        log_event(LOG_rekey_target_read, log_text("topic", s->options.target),
                  log_int("records", total), log_int("foreign", foreign_count));
    }
    mem_free(offsets);
    if (status == STATUS_OK && foreign_count > 0 && !s->has_checkpoint && !s->options.is_forced) {
        return rekey_session_fail(s, STATUS_BAD_CONFIG,
                                  "the target %s holds %" PRId64
                                  " records that were not copied from %s; choose another target "
                                  "with --to, or say --force to add to it all the same",
                                  s->options.target, foreign_count, s->options.source);
    }
    return status;
}

enum status rekey_session_scan(struct rekey_session *s)
{
    enum status status = wait_until_still(s);
    if (status == STATUS_OK) {
        status = check_ends(s);
    }
    return status == STATUS_OK ? scan_beyond(s) : status;
}
