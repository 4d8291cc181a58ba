#include "actors/edge/feed_spool.h"

#include "runtime/job.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "state/feed_store.h"

#include <assert.h>

enum {
    RETRY_MS = 500,        /* of a commit on a full disk */
    FORGET_MS = 500,       /* acknowledgements alone wait so long for a commit */
    FORGET_MAX = 2000,     /* or until there are so many */
    MEMORY_MAX = 64 << 20, /* what may wait for a disk that is full */
    SEND_MAX = 5000,       /* frames handed over in one go */
};

struct feed_spool {
    struct feed_spool_options options;
    struct feed_batch gathering;
    struct feed_batch committing;
    struct job job;
    enum status job_status;
    uv_timer_t timer;
    uint64_t next_sequence;
    uint64_t committed; /* the last sequence that is on the disk */
    uint64_t sent;      /* the last that was handed to Kafka */
    int64_t in_flight;
    size_t acked_count; /* in `gathering` */
    bool is_urgent;     /* more than acknowledgements is in `gathering` */
    bool has_touched;
    bool is_full; /* said so */
    bool must_rewind;
    bool is_closing;
    void (*closed)(void *context);
};

static void measure(struct feed_spool *s)
{
    metrics_put(s->options.metrics, METRIC_feed_spool_bytes,
                feed_store_spool_bytes(s->options.store) + (int64_t)s->gathering.size);
    metrics_put(s->options.metrics, METRIC_feed_spool_frames,
                feed_store_spool_frames(s->options.store));
}

static void start_commit(struct feed_spool *s);

static void on_closed(uv_handle_t *handle)
{
    struct feed_spool *s = container_of((uv_timer_t *)handle, struct feed_spool, timer);
    void (*closed)(void *) = s->closed;
    void *context = s->options.context;

    feed_batch_deinit(&s->gathering);
    feed_batch_deinit(&s->committing);
    mem_free(s);
    if (closed != NULL) {
        closed(context);
    }
}

/* Thread: a worker. */
static void on_work(struct job *job)
{
    struct feed_spool *s = container_of(job, struct feed_spool, job);
    s->job_status = feed_store_commit(s->options.store, &s->committing);
}

static void on_retry(uv_timer_t *timer)
{
    struct feed_spool *s = container_of(timer, struct feed_spool, timer);
    job_start(&s->job, timer->loop, on_work, s->job.done);
}

static void on_due(uv_timer_t *timer)
{
    start_commit(container_of(timer, struct feed_spool, timer));
}

/* In the loop's next round, so that what is known of a frame goes with it, and frames that came
 * together stay together. Acknowledgements alone are in no hurry: a restart would send a frame
 * twice, and no more. */
static void consider_commit(struct feed_spool *s)
{
    if (s->job.is_running || s->is_closing || s->committing.count > 0) {
        return;
    }
    if (s->is_urgent || s->has_touched || s->acked_count >= FORGET_MAX) {
        (void)uv_timer_start(&s->timer, on_due, 0, 0);
    } else if (s->acked_count > 0 && !uv_is_active((uv_handle_t *)&s->timer)) {
        (void)uv_timer_start(&s->timer, on_due, FORGET_MS, 0);
    }
}

static void on_committed(struct feed_spool *s)
{
    feed_batch_clear(&s->committing);
    measure(s);
    if (s->must_rewind && s->acked_count == 0) {
        s->must_rewind = false;
        s->sent = 0;
    }
    feed_spool_send(s);
    consider_commit(s);
}

static void on_done(struct job *job)
{
    struct feed_spool *s = container_of(job, struct feed_spool, job);
    if (s->is_closing) {
        uv_close((uv_handle_t *)&s->timer, on_closed);
        return;
    }
    if (s->job_status == STATUS_DISK_FULL) {
        metrics_add(s->options.metrics, METRIC_feed_spool_failures_total, 1);
        (void)uv_timer_start(&s->timer, on_retry, RETRY_MS, 0);
        return;
    }
    if (s->job_status != STATUS_OK) {
        s->options.failed(s->options.context, s->job_status);
        return;
    }
    on_committed(s);
}

static void start_commit(struct feed_spool *s)
{
    (void)uv_timer_stop(&s->timer);
    s->options.prepare(s->options.context, &s->gathering);
    s->is_urgent = false;
    s->has_touched = false;
    s->acked_count = 0;
    if (s->gathering.count == 0) {
        return;
    }
    struct feed_batch empty = s->committing;
    s->committing = s->gathering;
    s->gathering = empty;
    s->committed = s->next_sequence - 1;
    job_start(&s->job, loop_uv(s->options.loop), on_work, on_done);
}

struct feed_spool *feed_spool_create(const struct feed_spool_options *options)
{
    struct feed_spool *s = mem_new(1, sizeof(*s));
    s->options = *options;
    s->committed = feed_store_last_sequence(options->store);
    s->next_sequence = s->committed + 1;
    (void)uv_timer_init(loop_uv(options->loop), &s->timer);
    measure(s);
    return s;
}

static int64_t bytes_held(const struct feed_spool *s)
{
    return feed_store_spool_bytes(s->options.store) + (int64_t)s->gathering.size;
}

static bool has_room(const struct feed_spool *s, bool is_closed)
{
    int64_t bytes_max = s->options.bytes_max;
    size_t memory_max = MEMORY_MAX;
    if (!is_closed) {
        bytes_max -= bytes_max / 4;
        memory_max /= 4;
    }
    return bytes_held(s) < bytes_max && s->gathering.size < memory_max;
}

static bool refuse(struct feed_spool *s, bool is_closed)
{
    metrics_add(s->options.metrics, METRIC_feed_dropped_frames_total, 1);
    if (!s->is_full) {
        s->is_full = true;
        log_event(LOG_feed_spool_full, log_int("bytes", bytes_held(s)),
                  log_int("limit", s->options.bytes_max),
                  log_text("dropped", is_closed ? "closed klines too" : "open klines"));
    }
    return false;
}

/* Half of what made it full must have gone before it counts as over. */
static void note_room(struct feed_spool *s)
{
    if (s->is_full && bytes_held(s) < s->options.bytes_max / 2) {
        s->is_full = false;
        log_event(LOG_feed_spool_drained, log_int("bytes", bytes_held(s)));
    }
}

bool feed_spool_put(struct feed_spool *s, struct slice symbol, struct slice value, bool is_closed,
                    int64_t received_ms)
{
    struct feed_frame frame = {s->next_sequence, received_ms, symbol, value};

    note_room(s);
    if (!has_room(s, is_closed)) {
        return refuse(s, is_closed);
    }
    s->next_sequence++;
    feed_batch_put_frame(&s->gathering, &frame);
    s->is_urgent = true;
    consider_commit(s);
    return true;
}

void feed_spool_touch(struct feed_spool *s)
{
    s->has_touched = true;
    consider_commit(s);
}

struct sending {
    struct feed_spool *spool;
    uint64_t last;
    int left;
};

static bool send_one(void *context, const struct feed_frame *frame)
{
    struct sending *sending = context;
    struct feed_spool *s = sending->spool;
    if (frame->sequence > sending->last || sending->left-- == 0 ||
        !s->options.send(s->options.context, frame)) {
        return false;
    }
    s->sent = frame->sequence;
    s->in_flight++;
    return true;
}

void feed_spool_send(struct feed_spool *s)
{
    /* While a commit is under way the store may already show what it holds, or not yet: both are
     * fine, as it shows nothing that is not durable. */
    struct sending sending = {s, s->committed, SEND_MAX};
    if (s->must_rewind || s->is_closing || s->sent >= s->committed) {
        return;
    }
    enum status status = feed_store_frames(s->options.store, s->sent, send_one, &sending);
    if (status != STATUS_OK) {
        s->options.failed(s->options.context, status);
    }
}

void feed_spool_acknowledged(struct feed_spool *s, uint64_t sequence)
{
    s->in_flight--;
    s->acked_count++;
    feed_batch_delete_frame(&s->gathering, sequence);
    consider_commit(s);
}

/* Only once the disk has forgotten what was acknowledged: else that were sent again as well. */
void feed_spool_lost(struct feed_spool *s)
{
    s->in_flight = 0;
    s->must_rewind = true;
    s->has_touched = true;
    if (s->acked_count == 0 && s->committing.count == 0) {
        s->must_rewind = false;
        s->sent = 0;
    }
    consider_commit(s);
    feed_spool_send(s);
}

bool feed_spool_is_empty(const struct feed_spool *s)
{
    return feed_spool_is_durable(s) && feed_store_spool_frames(s->options.store) == 0;
}

bool feed_spool_is_durable(const struct feed_spool *s)
{
    return s->gathering.count == 0 && s->committing.count == 0;
}

void feed_spool_close(struct feed_spool **spool_p, void (*closed)(void *context))
{
    struct feed_spool *s = *spool_p;
    *spool_p = NULL;
    if (s == NULL) {
        return;
    }
    s->is_closing = true;
    s->closed = closed;
    if (!s->job.is_running) {
        uv_close((uv_handle_t *)&s->timer, on_closed);
    }
}
