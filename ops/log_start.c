#include "ops/log_start.h"

#include "actors/edge/kafka_log.h"
#include "actors/record.h"
#include "proto/kline.h"
#include "runtime/log.h"
#include "state/meta.h"

/* How many records without a time of their own are passed by, and how often a look back is doubled
 * that did not go far enough: a log may hold days that were written within a minute. */
enum { GARBAGE_MAX = 100, LOOKS_MAX = 24 };

/* What a record says of time. */
struct moment {
    int64_t offset;
    int64_t timestamp_ms;
    int64_t event_ms; /* META_NO_TIME: it is no kline */
    struct kline_decoder *decoder;
};

static int64_t at_least(int64_t value, int64_t least)
{
    return value < least ? least : value;
}

static bool is_usable(const struct kline *kline, int64_t timestamp_ms)
{
    return timestamp_ms < 0 || kline->event_ms <= timestamp_ms + RULES_FUTURE_MS;
}

static void read_moment(void *context, const struct record *record)
{
    struct moment *moment = context;
    char error[KLINE_ERROR_MAX];
    struct kline kline;
    bool is_kline = kline_decode(moment->decoder, record->value, &kline, error) == REASON_none &&
                    is_usable(&kline, record->timestamp_ms);

    moment->offset = record->offset;
    moment->timestamp_ms = record->timestamp_ms;
    moment->event_ms = is_kline ? kline.event_ms : META_NO_TIME;
}

/* The first kline at or after `offset`. STATUS_NOT_FOUND: there is none among the next records. */
static enum status find_moment(struct kafka_log *log, int32_t partition, int64_t offset,
                               struct moment *out_moment)
{
    struct moment moment = {.offset = offset - 1, .event_ms = META_NO_TIME};
    enum status status = STATUS_OK;

    moment.decoder = kline_decoder_create();
    for (int i = 0; i < GARBAGE_MAX && status == STATUS_OK && moment.event_ms == META_NO_TIME;
         i++) {
        status = kafka_log_record(log, partition, moment.offset + 1, read_moment, &moment);
    }
    kline_decoder_destroy(&moment.decoder);
    if (status == STATUS_OK) {
        *out_moment = moment;
        status = moment.event_ms == META_NO_TIME ? STATUS_NOT_FOUND : STATUS_OK;
    }
    return status;
}

/* A kline before `offset`: the last one, or, behind garbage, one further back. Stream time there
 * was its event time at least. */
static enum status find_moment_before(struct kafka_log *log, int32_t partition, int64_t offset,
                                      int64_t begin, struct moment *out_moment)
{
    for (int64_t step = 1; offset - step / 2 > begin; step *= 2) {
        struct moment moment;
        int64_t from = at_least(offset - step, begin);
        enum status status = find_moment(log, partition, from, &moment);
        if (status == STATUS_OK && moment.offset < offset) {
            *out_moment = moment;
            return STATUS_OK;
        }
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return STATUS_NOT_FOUND;
}

/* Far enough back in event time, by steps in the records' timestamps. */
static enum status go_back(struct kafka_log *log, int32_t partition, const struct moment *from,
                           int64_t target_event_ms, int64_t begin, int64_t *out_offset)
{
    int64_t back_ms = at_least(from->event_ms - target_event_ms, 1);

    for (int i = 0; i < LOOKS_MAX; i++, back_ms *= 2) {
        struct moment moment;
        int64_t offset;
        enum status status =
            kafka_log_offset_at(log, partition, at_least(from->timestamp_ms - back_ms, 0), &offset);
        if (status != STATUS_OK) {
            return status;
        }
        offset = at_least(offset < from->offset ? offset : from->offset, begin);
        *out_offset = offset;
        status = find_moment(log, partition, offset, &moment);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            return status;
        }
        if (offset == begin || (status == STATUS_OK && moment.event_ms <= target_event_ms)) {
            return STATUS_OK;
        }
    }
    *out_offset = begin;
    return STATUS_OK;
}

/* Where the log's own beginning was met, it says what is known whole. */
static int64_t floor_at(int64_t offset, int64_t begin, int64_t floor_ms)
{
    if (offset == 0) {
        return META_NO_TIME;
    }
    return offset == begin ? META_FLOOR_DUE : floor_ms;
}

/* The earliest window that a record behind acked can change is one of which the oldest minute that
 * is not a dead letter proves something. What that window is made from lies as far before it as a
 * proof looks, and derived values; klines are out of order by less than grace. */
static enum status rewind_from(struct kafka_log *log, int32_t partition,
                               const struct candle_rules *rules, int64_t acked, int64_t begin,
                               struct log_start *out_start)
{
    struct moment moment;
    enum status status = find_moment_before(log, partition, acked, begin, &moment);
    if (status == STATUS_NOT_FOUND) { /* nothing was open yet */
        *out_start = (struct log_start){begin, begin == 0 ? META_NO_TIME : META_FLOOR_DUE, acked};
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    int64_t floor_ms =
        moment.event_ms - rules->late_ms - PROOF_MS - rules_longest_ms(rules) - rules->grace_ms;
    int64_t target_ms = floor_ms - rules_derived_longest_ms(rules) - PROOF_MS - rules->grace_ms;
    status = go_back(log, partition, &moment, target_ms, begin, &out_start->offset);
    if (status == STATUS_OK && out_start->offset == begin && begin > 0) {
        log_event(LOG_rebuild_cut, log_int("partition", partition), log_int("log_begin", begin),
                  log_int("acked", acked));
    }
    out_start->floor_ms = floor_at(out_start->offset, begin, floor_ms);
    out_start->quiet_until = acked;
    return status;
}

static enum status begin_as_configured(struct kafka_log *log, int32_t partition,
                                       const struct log_start_options *options, int64_t begin,
                                       int64_t end, struct log_start *out_start)
{
    enum status status = STATUS_OK;
    int64_t offset = begin;

    if (options->start == KAFKA_START_latest) {
        offset = end;
    } else if (options->start == KAFKA_START_time) {
        status = kafka_log_offset_at(log, partition, options->start_time_ms, &offset);
    }
    *out_start = (struct log_start){offset, offset == 0 ? META_NO_TIME : META_FLOOR_DUE, 0};
    return status;
}

enum status log_start_find(struct kafka_log *log, int32_t partition,
                           const struct log_start_options *options,
                           const struct kafka_log_commit *commit, struct log_start *out_start)
{
    int64_t begin;
    int64_t end;
    enum status status = kafka_log_ends(log, partition, &begin, &end);
    if (status != STATUS_OK) {
        return status;
    }
    if (commit == NULL) {
        return begin_as_configured(log, partition, options, begin, end, out_start);
    }
    int64_t committed = commit->acked >= 0 ? commit->acked : commit->offset;
    int64_t acked = at_least(committed < end ? committed : end, begin);
    status = rewind_from(log, partition, &options->rules, acked, begin, out_start);
    if (status == STATUS_OK && acked != committed) {
        log_event(LOG_commit_outside, log_int("partition", partition),
                  log_int("committed", committed), log_int("log_begin", begin),
                  log_int("log_end", end), log_int("taken", acked),
                  log_int("next_offset", out_start->offset));
    }
    return status;
}

enum status log_start_event_time(struct kafka_log *log, int32_t partition, int64_t end,
                                 int64_t *out_event_ms)
{
    int64_t begin;
    int64_t log_end;
    struct moment moment;
    enum status status = kafka_log_ends(log, partition, &begin, &log_end);
    if (status == STATUS_OK) {
        status = find_moment_before(log, partition, end, begin, &moment);
    }
    if (status == STATUS_OK) {
        *out_event_ms = moment.event_ms;
    }
    return status;
}

/* Behind much garbage, in ever larger steps: a kline that is not the first one will do. */
enum status log_start_first_event_time(struct kafka_log *log, int32_t partition, int64_t offset,
                                       int64_t *out_event_ms)
{
    int64_t begin;
    int64_t end;
    struct moment moment;
    enum status status = kafka_log_ends(log, partition, &begin, &end);
    if (status != STATUS_OK) {
        return status;
    }
    status = STATUS_NOT_FOUND;
    for (int64_t step = 0; status == STATUS_NOT_FOUND && offset + step < end;
         step = 2 * step + GARBAGE_MAX) {
        status = find_moment(log, partition, offset + step, &moment);
    }
    if (status == STATUS_OK) {
        *out_event_ms = moment.event_ms;
    }
    return status;
}

enum status log_start_before(struct kafka_log *log, int32_t partition,
                             const struct candle_rules *rules, int64_t event_ms, int64_t end,
                             int64_t *out_offset)
{
    int64_t begin;
    int64_t log_end;
    struct moment moment;
    enum status status = kafka_log_ends(log, partition, &begin, &log_end);
    if (status != STATUS_OK) {
        return status;
    }
    *out_offset = begin;
    if (end <= begin) {
        return STATUS_OK;
    }
    status = find_moment_before(log, partition, end, begin, &moment);
    if (status == STATUS_OK) {
        status = go_back(log, partition, &moment, event_ms - rules->grace_ms, begin, out_offset);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
