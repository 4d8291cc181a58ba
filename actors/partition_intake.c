#include "actors/partition_internal.h"

#include "actors/core/rules.h"
#include "actors/kept.h"
#include "proto/kline_open.h"
#include "runtime/log.h"
#include "runtime/stage.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REASON_LOG_INTERVAL_MS = 60000 };

static void count_reason(struct partition *p, const struct dead_letter *letter)
{
    enum reason reason = letter->reason;
    int64_t now_ms = actor_now_ms(&p->actor);

    if (p->reason_metrics[reason] == NULL) {
        char labels[400];
        snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%" PRId32 "\",reason=\"%s\"",
                 p->options.topic, p->options.partition, reason_name(reason));
        p->reason_metrics[reason] =
            metrics_set_of(p->options.metrics, METRIC_SCOPE_dead_letter, labels);
        p->reason_logged_ms[reason] = now_ms - REASON_LOG_INTERVAL_MS;
    }
    metrics_add(p->reason_metrics[reason], METRIC_dead_letters_total, 1);
    if (now_ms - p->reason_logged_ms[reason] >= REASON_LOG_INTERVAL_MS) {
        p->reason_logged_ms[reason] = now_ms;
        log_event(LOG_dead_letter, log_text("topic", p->options.topic),
                  log_int("partition", letter->partition), log_int("offset", letter->offset),
                  log_text("reason", reason_name(reason)), log_text("error", letter->error));
    }
}

void partition_put_dead_letter(struct partition *p, const struct dead_letter *letter)
{
    count_reason(p, letter);
    effects_put_dead_letter(&p->effects, letter);
}

static void refuse(struct partition *p, const struct record *record, enum reason reason,
                   const char *error)
{
    struct dead_letter letter = {
        .reason = reason,
        .partition = p->options.partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .key = record->key,
        .value = record->value,
    };
    snprintf(letter.error, sizeof(letter.error), "%s", error);
    partition_put_dead_letter(p, &letter);
}

/* A kline that is well made may still be of no use at this point of the stream. */
static enum reason judge(const struct partition *p, const struct record *record,
                         const struct kline *kline, char error[KLINE_ERROR_MAX])
{
    const struct meta *meta = &p->effects.meta;
    int64_t stream_ms =
        meta->stream_time_ms > kline->event_ms ? meta->stream_time_ms : kline->event_ms;
    int64_t close_ms = kline->open_ms + MINUTE_MS - 1;

    if (record->timestamp_ms >= 0 && kline->event_ms > record->timestamp_ms + RULES_FUTURE_MS) {
        snprintf(error, KLINE_ERROR_MAX,
                 "event time %" PRId64 " is over an hour past the record's timestamp %" PRId64,
                 kline->event_ms, record->timestamp_ms);
        return REASON_future;
    }
    if (record->timestamp_ms >= 0 && kline->is_closed &&
        close_ms > record->timestamp_ms + RULES_FUTURE_MS) {
        snprintf(error, KLINE_ERROR_MAX,
                 "the minute closes at %" PRId64
                 ", over an hour past the record's timestamp %" PRId64,
                 close_ms, record->timestamp_ms);
        return REASON_future;
    }
    if (kline->is_closed && close_ms + p->effects.rules.late_ms < stream_ms) {
        snprintf(error, KLINE_ERROR_MAX,
                 "the minute closed at %" PRId64 ", over %" PRId64
                 " ms before stream time %" PRId64,
                 close_ms, p->effects.rules.late_ms, stream_ms);
        return REASON_late;
    }
    if (kline->is_closed && kept_misses(meta, &p->effects.rules, kline->open_ms, stream_ms)) {
        snprintf(error, KLINE_ERROR_MAX,
                 "the minute closed at %" PRId64 "; of what opens before %" PRId64 " only %" PRId64
                 " ms are kept",
                 close_ms, meta->short_until_ms, meta->short_keep_ms);
        return REASON_late;
    }
    return REASON_none;
}

static void send_kline(struct partition *p, const struct kline *kline, int64_t offset)
{
    struct msg msg = {
        .type = MSG_KLINE,
        .from = &p->actor,
        .as_KLINE = {.kline = kline,
                     .revision = revision_of(p->effects.meta.era, offset),
                     .stream_time_ms = p->effects.meta.stream_time_ms},
    };
    int64_t due_ms =
        rules_next_due_ms(&p->effects.rules, kline->open_ms, p->effects.meta.stream_time_ms);
    actor_send(symbol_actor(partition_touch(p, kline->symbol)->symbol), &msg);
    p->klines_sent++;
    p->slice_due_ms = due_ms < p->slice_due_ms ? due_ms : p->slice_due_ms;
}

/* Without its symbol as key a record may lie on any partition, and half of its window on another.
 */
static bool is_keyed(const struct partition *p, const struct record *record,
                     const struct kline *kline)
{
    return !p->options.is_key_required || slice_equals(record->key, slice_of_text(kline->symbol));
}

static void halt_before(struct partition *p, const struct record *record, const char *symbol)
{
    char key[SYMBOL_BYTES_MAX + 1];
    size_t size = record->key.size < sizeof(key) ? record->key.size : sizeof(key) - 1;

    snprintf(key, sizeof(key), "%.*s", (int)size,
             record->key.size == 0 ? "" : (const char *)record->key.bytes);
    log_event(LOG_record_unkeyed, log_text("topic", p->options.topic),
              log_int("partition", p->options.partition), log_int("offset", record->offset),
              log_text("symbol", symbol), log_text("key", key));
    p->halt = STATUS_UNKEYED;
}

static void note_time(struct partition *p, int64_t event_ms)
{
    struct meta *meta = &p->effects.meta;
    if (meta->floor_ms == META_FLOOR_DUE) {
        meta->floor_ms = event_ms + p->effects.rules.grace_ms;
    }
    if (event_ms > meta->stream_time_ms) {
        meta->stream_time_ms = event_ms;
    }
}

static void apply(struct partition *p, const struct kline *kline, int64_t offset)
{
    note_time(p, kline->event_ms);
    if (!kline->is_closed) {
        p->counts.open++;
        return;
    }
    p->counts.closed++;
    p->kline_count++;
    send_kline(p, kline, offset);
}

static enum reason decode(struct partition *p, const struct record *record, struct kline *kline,
                          char error[KLINE_ERROR_MAX])
{
    return kline_open_scan(record->value, kline)
               ? REASON_none
               : kline_decode(p->decoder, record->value, kline, error);
}

/* False: it must not be passed. */
static bool take_record(struct partition *p, const struct record *record)
{
    struct kline *kline = &p->klines[p->kline_count];
    char error[KLINE_ERROR_MAX];
    enum reason reason = decode(p, record, kline, error);

    if (reason == REASON_none && !is_keyed(p, record, kline)) {
        halt_before(p, record, kline->symbol);
        return false;
    }
    p->batch_from = p->batch_from < 0 ? record->offset : p->batch_from;
    p->effects.meta.next_offset = record->offset + 1;
    p->counts.records++;
    if (reason == REASON_none) {
        reason = judge(p, record, kline, error);
    }
    if (reason == REASON_none) {
        apply(p, kline, record->offset);
    } else {
        refuse(p, record, reason, error);
    }
    return true;
}

/* As many records as fit the symbols' mailboxes, and no further than the next deadline of a window,
 * those included that these records open: so the result does not depend on how the log is cut. */
void partition_take_slice(struct partition *p)
{
    enum stage before = stage_enter(STAGE_decode);
    const struct record *last = NULL;

    p->kline_count = 0;
    p->slice_due_ms = deadlines_next_ms(p->effects.due);
    while (p->record_next < p->record_count && p->kline_count < SLICE_KLINES_MAX) {
        const struct record *record = &p->records[p->record_next++];
        if (record->offset < p->effects.meta.next_offset) {
            continue; /* known: the truth about offsets is the store's */
        }
        if (!take_record(p, record)) {
            break;
        }
        last = record;
        if (p->effects.meta.stream_time_ms >= p->slice_due_ms) {
            break;
        }
    }
    if (last != NULL) { /* tells the next start whether the log is still the one we knew */
        p->effects.meta.fingerprint = record_fingerprint_of(last);
    }
    partition_send_slice_end(p);
    (void)stage_enter(before);
}

bool partition_fire_due(struct partition *p, int64_t until_ms)
{
    struct msg msg = {
        .type = MSG_WINDOWS_DUE, .from = &p->actor, .as_WINDOWS_DUE = {.until_ms = until_ms}};
    struct deadline *due;
    bool has_fired = false;

    while ((due = deadlines_take_due(p->effects.due, until_ms)) != NULL) {
        struct symbol *symbol = symbol_of_deadline(due);
        actor_send(symbol_actor(partition_touch(p, symbol_name(symbol))->symbol), &msg);
        has_fired = true;
    }
    return has_fired;
}
