#include "actors/partition_internal.h"

#include "actors/delivery.h"
#include "proto/candle.h"
#include "proto/dead_letter.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/batch_outbox.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    RETRY_MS = 1000,
    SWEEP_MIN = 2000,
    TRIM_MAX = 100000,
    NEWS_ROWS_MAX = 64,
    NEWS_BYTES_MAX = 64 << 10,
};

static int64_t last_sequence(const struct partition *p)
{
    return p->effects.meta.outbox_next - 1;
}

static int64_t least_cursor(const struct partition *p)
{
    int64_t least = last_sequence(p);
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        int64_t cursor = p->effects.meta.cursors[sink];
        if (p->dispatchers[sink] != NULL && cursor < least) {
            least = cursor;
        }
    }
    return least;
}

bool partition_is_owing(const struct partition *p)
{
    return least_cursor(p) < last_sequence(p);
}

/* Where the batch in work began. Nothing was read in it when idleness alone has made it. */
static int64_t batch_begin(const struct partition *p)
{
    return p->batch_from >= 0 ? p->batch_from : p->effects.meta.next_offset;
}

/* Of two offsets of which -1 is none. */
static int64_t earlier(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Where a start without state would have to begin: no sink owes anything from before, and no dead
 * letter of a rejection is still to be written. What is being rebuilt was acknowledged once and for
 * all: one rebuild after another must not go further back. */
static int64_t acked_offset(const struct partition *p)
{
    int64_t owed = earlier(p->owed.from, p->rejected_from);
    int64_t acked = owed >= 0 ? owed : p->effects.meta.next_offset;
    return acked > p->effects.meta.quiet_until ? acked : p->effects.meta.quiet_until;
}

static void reject_into_batch(struct partition *p, const struct rejection *rejection)
{
    char json[CANDLE_JSON_MAX];
    struct candle candle;
    struct dead_letter letter = {.reason = REASON_rejected, .partition = p->options.partition};

    if (rejection->row.kind != OUTBOX_candle ||
        candle_decode(rejection->row.payload, &candle) != STATUS_OK) {
        return; /* a dead letter that nobody takes is not told by another one */
    }
    snprintf(letter.error, sizeof(letter.error), "%s", rejection->error);
    letter.value = (struct slice){json, candle_print_json(&candle, json)};
    letter.key = slice_of_text(candle.symbol);
    letter.timestamp_ms = candle.updated_ms;
    letter.offset = revision_offset(candle.revision);
    partition_put_dead_letter(p, &letter);
}

static void take_rejections(struct partition *p)
{
    for (size_t i = 0; p->rejected != NULL && i < p->rejected->count; i++) {
        reject_into_batch(p, &p->rejected->items[i]);
    }
    delivery_destroy_rejections(&p->rejected);
    p->batch_from = earlier(p->rejected_from, batch_begin(p));
    p->rejected_from = -1;
}

static void save_symbols(struct partition *p)
{
    struct msg msg = {.type = MSG_SAVE, .from = &p->actor};
    for (struct symbol_entry *entry = p->touched; entry != NULL; entry = entry->next_touched) {
        entry->is_touched = false;
        actor_send(symbol_actor(entry->symbol), &msg);
    }
    p->touched = NULL;
}

void partition_end_batch(struct partition *p)
{
    p->phase = PARTITION_saving;
    save_symbols(p);
    partition_send_slice_end(p);
}

void partition_retry_commit(struct partition *p)
{
    struct msg msg = {
        .type = MSG_STORE_COMMIT,
        .from = &p->actor,
        .as_STORE_COMMIT = {.checkpoint = &p->checkpoint},
    };
    p->phase = PARTITION_committing;
    actor_send(p->options.store_writer, &msg);
}

void partition_commit(struct partition *p)
{
    take_rejections(p); /* with the cursors that pass them by, in one checkpoint */
    effects_end(&p->effects);
    actor_set_deadline(&p->actor, DEADLINE_NONE);
    p->is_batch_open = false;
    p->effects.meta.owed_from = earlier(p->owed.from, batch_begin(p));
    p->checkpoint_meta = p->effects.meta;
    p->checkpoint = (struct checkpoint){
        .batch = p->effects.batch,
        .meta = &p->checkpoint_meta,
        .sweep_max = SWEEP_MIN + 2 * (uint32_t)batch_count(p->effects.batch),
        .trim_max = TRIM_MAX,
    };
    p->are_acks_unsaved = false;
    p->commit_started_ms = actor_now_ms(&p->actor);
    partition_retry_commit(p);
}

static void count_owed(struct partition *p)
{
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (p->dispatchers[sink] != NULL) {
            metrics_put(p->owed_metrics[sink], METRIC_outbox_entries,
                        last_sequence(p) - p->effects.meta.cursors[sink]);
        }
    }
}

void partition_tell_position(struct partition *p)
{
    const struct meta *stored = store_meta(p->options.store);

    if (stored->next_offset >= 0) {
        metrics_put(p->metrics, METRIC_next_offset, stored->next_offset);
    }
    if (stored->stream_time_ms != META_NO_TIME) {
        metrics_put(p->metrics, METRIC_stream_time_timestamp_seconds, stored->stream_time_ms);
    }
    metrics_put(p->metrics, METRIC_outbox_bytes, stored->outbox_bytes);
    metrics_put(p->metrics, METRIC_symbols, (int64_t)HASH_COUNT(p->symbols));
    if (p->log_end >= 0 && stored->next_offset >= 0) {
        int64_t lag = p->log_end - stored->next_offset;
        metrics_put(p->metrics, METRIC_consumer_lag, lag > 0 ? lag : 0);
    }
    count_owed(p);
}

static void count_batch(struct partition *p)
{
    metrics_add(p->metrics, METRIC_records_total, p->counts.records);
    metrics_add(p->metrics, METRIC_klines_closed_total, p->counts.closed);
    metrics_add(p->metrics, METRIC_klines_open_total, p->counts.open);
    metrics_add(p->metrics, METRIC_checkpoints_total, 1);
    metrics_observe_us(p->metrics, METRIC_checkpoint_duration_seconds,
                       (actor_now_ms(&p->actor) - p->commit_started_ms) * 1000);
}

/* Remembers from where on the sinks owe: the start of the oldest batches not acknowledged. */
static void note_owed(struct partition *p)
{
    int64_t begin = batch_begin(p);

    p->batch_from = -1;
    if (p->owed.from >= 0 && least_cursor(p) >= p->owed.sequence) {
        p->owed = p->owed_later;
        p->owed_later.from = -1;
    }
    if (!partition_is_owing(p)) {
        p->owed.from = -1;
        p->owed_later.from = -1;
    } else if (p->owed.from < 0) {
        p->owed = (struct owed){begin, last_sequence(p)};
    } else {
        p->owed.from = earlier(p->owed.from, begin); /* of a rejection: from before */
        p->owed_later.from = earlier(p->owed_later.from, begin);
        p->owed_later.sequence = last_sequence(p);
    }
}

/* A few rows go along to a dispatcher that has nothing older to read: it need not ask the store. */
static void tell_dispatcher(struct partition *p, enum sink sink)
{
    bool is_caught_up = p->effects.meta.cursors[sink] == p->told_to;
    struct msg msg = {
        .type = MSG_OUTBOX_GREW,
        .from = &p->actor,
        .as_OUTBOX_GREW = {.last_sequence = last_sequence(p),
                           .has_dead_letters = p->effects.has_dead_letters,
                           .intervals = p->effects.intervals},
    };
    if (is_caught_up) {
        msg.as_OUTBOX_GREW.rows =
            batch_outbox_rows(p->effects.batch, p->told_to, NEWS_ROWS_MAX, NEWS_BYTES_MAX);
    }
    actor_send(p->dispatchers[sink], &msg);
}

static void tell_dispatchers(struct partition *p)
{
    bool is_news = p->effects.has_dead_letters || p->effects.intervals != 0;

    for (enum sink sink = 0; is_news && sink < SINK_COUNT; sink++) {
        if (p->dispatchers[sink] != NULL) {
            tell_dispatcher(p, sink);
        }
    }
    p->told_to = last_sequence(p);
    p->effects.has_dead_letters = false;
    p->effects.intervals = 0;
}

static void watch_outbox(struct partition *p)
{
    int64_t bytes = store_meta(p->options.store)->outbox_bytes;
    bool was_full = p->is_full;

    p->has_trimmed = bytes < p->effects.meta.outbox_bytes;
    p->effects.meta.outbox_bytes = bytes;
    if (bytes > p->options.outbox_bytes_max) {
        p->is_full = true;
    } else if (bytes <= p->options.outbox_bytes_max / 2) {
        p->is_full = false;
    }
    if (p->is_full != was_full) {
        log_event(p->is_full ? LOG_partition_full : LOG_partition_resumed,
                  log_text("topic", p->options.topic), log_int("partition", p->options.partition),
                  log_int("outbox_bytes", bytes));
    }
}

/* Whoever is to have it next reads again what was in the batch. */
static void give_up(struct partition *p)
{
    p->phase = PARTITION_gathering;
    partition_stop(p);
    p->options.drained(p->options.context);
}

static void on_failed(struct partition *p, enum status status)
{
    metrics_add(p->metrics, METRIC_checkpoint_failures_total, 1);
    if (status_class_of(status) != STATUS_CLASS_RETRY) {
        actor_escalate(&p->actor, status);
        return;
    }
    if (p->is_draining && actor_now_ms(&p->actor) >= p->drain_deadline_ms) {
        give_up(p);
        return;
    }
    if (!p->is_retry_told) {
        log_event(LOG_checkpoint_retried, log_text("topic", p->options.topic),
                  log_int("partition", p->options.partition),
                  log_text("error", status_text(status)));
        p->is_retry_told = true;
    }
    p->phase = PARTITION_retrying;
    actor_set_deadline(&p->actor, actor_now_ms(&p->actor) + RETRY_MS);
}

static void tell_recovered(struct partition *p)
{
    if (p->is_retry_told) {
        log_event(LOG_checkpoint_recovered, log_text("topic", p->options.topic),
                  log_int("partition", p->options.partition));
        p->is_retry_told = false;
    }
}

/* With the checkpoint that has rebuilt the last of it, and before the news of what comes next. */
static void tell_quiet_over(struct partition *p)
{
    const struct meta *meta = &p->effects.meta;
    if (!p->is_quiet || meta->next_offset < meta->quiet_until) {
        return;
    }
    p->is_quiet = false;
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        struct msg msg = {
            .type = MSG_QUIET_OVER,
            .from = &p->actor,
            .as_QUIET_OVER = {meta->acked_revisions[sink], meta->acked_counts[sink]},
        };
        if (p->dispatchers[sink] != NULL) {
            actor_send(p->dispatchers[sink], &msg);
        }
    }
}

void partition_on_committed(struct partition *p, const struct msg_store_committed *m)
{
    if (m->status != STATUS_OK) {
        on_failed(p, m->status);
        return;
    }
    tell_recovered(p);
    note_owed(p);
    count_batch(p);
    partition_tell_position(p);
    watch_outbox(p);
    tell_quiet_over(p);
    tell_dispatchers(p);
    batch_clear(p->effects.batch);
    p->counts = (struct batch_counts){.records = 0};
    p->phase = PARTITION_gathering;
    if (p->options.checkpointed != NULL) {
        p->options.checkpointed(p->options.context, p->effects.meta.next_offset, acked_offset(p));
    }
    partition_go_on(p);
}

static void append_rejections(struct partition *p, struct rejections *more)
{
    if (p->rejected == NULL) {
        p->rejected = more;
        return;
    }
    size_t count = p->rejected->count + more->count;
    p->rejected->items = mem_resize(p->rejected->items, count, sizeof(*p->rejected->items));
    memcpy(p->rejected->items + p->rejected->count, more->items,
           more->count * sizeof(*more->items));
    p->rejected->count = count;
    more->count = 0; /* their bytes have moved */
    delivery_destroy_rejections(&more);
}

static void note_acked(struct meta *meta, const struct msg_outbox_acked *m)
{
    struct acked known = {meta->acked_revisions[m->sink], meta->acked_counts[m->sink], 0};
    struct acked acked = acked_later(known, (struct acked){m->revision, m->count, 0});

    meta->cursors[m->sink] = m->sequence;
    meta->acked_revisions[m->sink] = acked.revision;
    meta->acked_counts[m->sink] = acked.count;
    meta->lives[m->sink] = m->life != 0 ? m->life : meta->lives[m->sink];
}

void partition_on_acked(struct partition *p, const struct msg_outbox_acked *m)
{
    assert(m->sequence >= p->effects.meta.cursors[m->sink]);
    note_acked(&p->effects.meta, m);
    p->are_acks_unsaved = true;
    count_owed(p);
    if (m->rejections != NULL) {
        p->rejected_from = earlier(p->rejected_from, p->owed.from);
        append_rejections(p, m->rejections);
    }
    partition_go_on(p);
}
