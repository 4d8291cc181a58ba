#include "actors/partition_internal.h"

#include "runtime/base.h"
#include "runtime/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How long that waits for which nobody waits: acknowledgements, and open klines, which move nothing
 * but time. Whatever is committed meanwhile takes it along. */
enum { UNAWAITED_LINGER_MS = 200 };

/* A batch of dead letters can be large: it ends here. */
enum { BATCH_BYTES_MAX = 32 << 20 };

struct symbol_entry *partition_add_symbol(struct partition *p, const char *name)
{
    struct symbol_entry *entry = mem_new(1, sizeof(*entry));
    entry->symbol = symbol_create(p->options.sched, &p->effects, name, p->options.is_always_slow);
    memcpy(entry->name, name, strlen(name) + 1);
    HASH_ADD_STR(p->symbols, name, entry);
    if (p->options.symbol_seen != NULL) {
        p->options.symbol_seen(p->options.context, name);
    }
    return entry;
}

/* The symbol, made when it is new; it will be saved with the batch. */
struct symbol_entry *partition_touch(struct partition *p, const char *name)
{
    struct symbol_entry *entry;
    HASH_FIND_STR(p->symbols, name, entry);
    if (entry == NULL) {
        entry = partition_add_symbol(p, name);
    }
    if (!entry->is_touched) {
        entry->is_touched = true;
        entry->next_touched = p->touched;
        p->touched = entry;
    }
    return entry;
}

/* False: the state cannot be read; the scheduler has been told to stop. */
static bool open_batch(struct partition *p)
{
    if (p->is_batch_open) {
        return true;
    }
    p->is_batch_open = effects_begin(&p->effects);
    p->batch_began_ms = actor_now_ms(&p->actor);
    return p->is_batch_open;
}

void partition_send_slice_end(struct partition *p)
{
    struct msg msg = {.type = MSG_SLICE_END, .from = &p->actor};
    p->is_slice_open = true;
    actor_send(&p->actor, &msg);
}

static void ask(struct partition *p)
{
    size_t room = p->options.records_max - (size_t)p->counts.records;
    struct msg msg = {
        .type = MSG_SOURCE_RESUME,
        .from = &p->actor,
        .as_SOURCE_RESUME = {.records_max = room < SLICE_RECORDS_MAX ? room : SLICE_RECORDS_MAX},
    };
    p->is_asking = true;
    actor_send(p->options.source, &msg);
}

/* That may be taken. */
static bool has_records(const struct partition *p)
{
    return p->record_next < p->record_count && !p->is_draining && p->halt == STATUS_OK;
}

static bool is_awaited(const struct partition *p)
{
    return p->touched != NULL || batch_count(p->effects.batch) > 0;
}

static int64_t batch_due_ms(const struct partition *p)
{
    int64_t linger_ms = p->options.linger_ms;
    bool may_wait = !is_awaited(p) && linger_ms < UNAWAITED_LINGER_MS;
    return p->batch_began_ms + (may_wait ? UNAWAITED_LINGER_MS : linger_ms);
}

static bool must_end_batch(const struct partition *p)
{
    return (p->is_drained_slice && is_awaited(p)) || p->is_draining || p->halt != STATUS_OK ||
           actor_now_ms(&p->actor) >= batch_due_ms(p) ||
           (size_t)p->counts.records >= p->options.records_max ||
           batch_bytes(p->effects.batch) > BATCH_BYTES_MAX;
}

static bool has_acks_to_save(const struct partition *p)
{
    return p->are_acks_unsaved || p->rejected != NULL || (p->is_full && p->has_trimmed);
}

/* A checkpoint of what has come from the sinks alone. */
static void save_acks(struct partition *p)
{
    if (open_batch(p)) {
        partition_end_batch(p);
    }
}

/* Nothing more is read: wait for the sinks, save their cursors, and say so. */
static void go_on_draining(struct partition *p)
{
    bool is_over = actor_now_ms(&p->actor) >= p->drain_deadline_ms;

    if (partition_is_owing(p) && !is_over && p->rejected == NULL) {
        actor_set_deadline(&p->actor, p->drain_deadline_ms);
    } else if (has_acks_to_save(p)) {
        save_acks(p);
    } else {
        partition_stop(p);
        p->options.drained(p->options.context);
    }
}

static void tell_halt(struct partition *p)
{
    if (!p->is_halt_told && !p->is_batch_open) {
        p->is_halt_told = true;
        p->options.halted(p->options.context, p->halt);
    }
}

/* Between batches: acknowledgements wait a little for records to share a checkpoint with. */
static void go_on_waiting(struct partition *p)
{
    if (p->halt != STATUS_OK) {
        tell_halt(p);
    } else if (!p->is_asking && !p->is_full) {
        ask(p);
    }
    if (p->is_batch_open) {
        actor_set_deadline(&p->actor, batch_due_ms(p));
    } else if (has_acks_to_save(p) && p->actor.deadline.at_ms == DEADLINE_NONE) {
        actor_set_deadline(&p->actor, actor_now_ms(&p->actor) + UNAWAITED_LINGER_MS);
    }
}

/* Decides what is next; called whenever something has happened. */
void partition_go_on(struct partition *p)
{
    if (p->phase != PARTITION_gathering || p->is_slice_open || p->is_stopped) {
        return;
    }
    if (has_records(p)) {
        if (open_batch(p)) {
            partition_take_slice(p);
        }
    } else if (p->is_batch_open && must_end_batch(p)) {
        partition_end_batch(p);
    } else if (p->is_draining) {
        go_on_draining(p);
    } else {
        go_on_waiting(p);
    }
}

static void on_records(struct partition *p, const struct msg_source_records *m)
{
    assert(p->is_asking);
    p->is_asking = false;
    p->records = m->records;
    p->record_count = m->count;
    p->record_next = 0;
    p->is_drained_slice = m->is_drained;
    p->log_end = m->log_end;
    partition_go_on(p);
}

/* Wall time may close a window only where no record could still come before it. */
static void on_idle(struct partition *p, const struct msg_source_idle *m)
{
    const struct candle_rules *rules = &p->effects.rules;
    int64_t until_ms = m->wall_ms - rules->idle_ms + rules->grace_ms;
    bool is_resting = !p->is_stopped && p->phase == PARTITION_gathering && !p->is_batch_open &&
                      !p->is_slice_open && !has_records(p) && !p->is_draining &&
                      p->halt == STATUS_OK;

    metrics_put(p->metrics, METRIC_consumer_lag, 0);
    if (!is_resting || m->quiet_ms < rules->idle_ms ||
        deadlines_next_ms(p->effects.due) > until_ms) {
        return;
    }
    if (open_batch(p)) {
        p->effects.meta.quiet_until = 0; /* no record emits what is due now: nobody has it yet */
        (void)partition_fire_due(p, until_ms);
        partition_end_batch(p);
    }
}

static void on_slice_end(struct partition *p)
{
    p->is_slice_open = false;
    if (p->is_stopped) {
        return;
    }
    assert(p->effects.klines_handled == p->klines_sent);
    if (p->phase == PARTITION_saving) {
        partition_commit(p);
        return;
    }
    if (partition_fire_due(p, p->effects.meta.stream_time_ms)) {
        partition_send_slice_end(p); /* the next slice ends at the deadlines that they have then */
        return;
    }
    partition_go_on(p);
}

static void on_wake(struct partition *p)
{
    if (p->is_stopped) {
        return;
    }
    if (p->phase == PARTITION_waking) {
        partition_wake(p);
        return;
    }
    if (p->phase == PARTITION_retrying) {
        partition_retry_commit(p);
        return;
    }
    if (p->phase == PARTITION_gathering && !p->is_batch_open && !p->is_slice_open &&
        !p->is_draining && has_acks_to_save(p)) {
        save_acks(p);
        return;
    }
    partition_go_on(p);
}

/* Acts as upon a message, so that what it sends itself comes after what it sends its symbols. */
static void on_deadline(struct actor *actor)
{
    struct msg msg = {.type = MSG_WAKE, .from = actor};
    actor_send(actor, &msg);
}

static void on_halt(struct partition *p, const struct msg_halt *m)
{
    p->halt = p->halt == STATUS_OK ? m->why : p->halt;
    partition_go_on(p);
}

static void on_drain(struct partition *p, const struct msg_drain *m)
{
    bool is_earlier = !p->is_draining || m->deadline_ms < p->drain_deadline_ms;
    p->drain_deadline_ms = is_earlier ? m->deadline_ms : p->drain_deadline_ms;
    p->is_draining = true;
    partition_go_on(p);
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct partition *p = container_of(actor, struct partition, actor);

    switch (msg->type) {
    case MSG_SOURCE_RECORDS:
        on_records(p, &msg->as_SOURCE_RECORDS);
        break;
    case MSG_SOURCE_IDLE:
        on_idle(p, &msg->as_SOURCE_IDLE);
        break;
    case MSG_SLICE_END:
        on_slice_end(p);
        break;
    case MSG_WAKE:
        on_wake(p);
        break;
    case MSG_STORE_COMMITTED:
        partition_on_committed(p, &msg->as_STORE_COMMITTED);
        break;
    case MSG_OUTBOX_ACKED:
        partition_on_acked(p, &msg->as_OUTBOX_ACKED);
        break;
    case MSG_HALT:
        on_halt(p, &msg->as_HALT);
        break;
    case MSG_DRAIN:
        on_drain(p, &msg->as_DRAIN);
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static void discard(const struct msg *unread)
{
    if (unread->type == MSG_OUTBOX_ACKED) {
        struct rejections *rejections = unread->as_OUTBOX_ACKED.rejections;
        delivery_destroy_rejections(&rejections);
    }
}

const struct actor_class partition_class = {
    .name = "partition",
    .receive = receive,
    .deadline = on_deadline,
    .discard = discard,
    .mailbox_capacity = 32, /* a few acknowledgements of each sink, and one of each other kind */
};

struct actor *partition_actor(struct partition *partition)
{
    return &partition->actor;
}

void partition_drain(struct partition *p, int64_t deadline_ms)
{
    struct msg msg = {.type = MSG_DRAIN, .as_DRAIN = {.deadline_ms = deadline_ms}};
    actor_send(&p->actor, &msg);
}

void partition_halt(struct partition *p, enum status why)
{
    struct msg msg = {.type = MSG_HALT, .as_HALT = {why}};
    actor_send(&p->actor, &msg);
}

void partition_note_log_end(struct partition *p, int64_t log_end)
{
    p->log_end = log_end > p->log_end ? log_end : p->log_end;
}

void partition_stop(struct partition *p)
{
    p->is_stopped = true;
    actor_set_deadline(&p->actor, DEADLINE_NONE);
}

bool partition_is_busy(const struct partition *partition)
{
    return partition->phase == PARTITION_committing;
}
