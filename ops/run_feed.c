#include "ops/run_feed.h"

#include "ops/feed_sim.h"
#include "ops/kline_merge.h"
#include "ops/replay_producer.h"
#include "proto/interval.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <time.h>
#include <uv.h>

/* How often the feed has its turn, and the most it sends in one. */
enum { TICK_MS = 2, BURST_MAX = 500 };

struct run_feed {
    struct run_feed_options options;
    uv_timer_t timer;
    struct kline_merge *files; /* NULL: the simulated market */
    struct feed_sim *sim;
    struct feed_record next;
    bool has_next;
    bool has_ended;
    uint64_t sent;
    uint64_t covered;
    int64_t began_ms;       /* monotonic */
    int64_t first_event_ms; /* from which speed counts */
    char error[KLINE_FILE_ERROR_MAX];
};

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(struct run_feed *f, const char *error)
{
    f->has_ended = true;
    f->options.ended(f->options.context, error);
}

static void fetch(struct run_feed *f)
{
    if (f->files == NULL) {
        feed_sim_next(f->sim, &f->next);
        f->has_next = true;
        return;
    }
    enum status status = kline_merge_next(f->files, &f->next, f->error);
    f->has_next = status == STATUS_OK;
    if (!f->has_next) {
        end(f, status == STATUS_NOT_FOUND ? NULL : f->error);
    }
}

/* Speed counts from the first record, or, where there is history, from now on. */
static bool is_due(const struct run_feed *f)
{
    if (f->options.speed <= 0 || f->next.event_ms <= f->first_event_ms) {
        return true;
    }
    double ahead_ms = (double)(f->next.event_ms - f->first_event_ms) / f->options.speed;
    int64_t passed_ms = (int64_t)uv_now(loop_uv(f->options.loop)) - f->began_ms;
    return (double)passed_ms >= ahead_ms;
}

static bool has_room(const struct run_feed *f)
{
    return !f->options.waits_for_checkpoints || f->sent - f->covered < RUN_FEED_AHEAD;
}

static void send_some(struct run_feed *f)
{
    for (int i = 0; i < BURST_MAX && f->has_next && has_room(f) && is_due(f); i++) {
        if (replay_producer_send(f->options.producer, &f->next, f->next.event_ms, f->error) !=
            STATUS_OK) {
            end(f, f->error);
            return;
        }
        f->sent++;
        fetch(f);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct run_feed *f = container_of(timer, struct run_feed, timer);
    if (!f->has_ended) {
        send_some(f);
    }
    replay_producer_wait(f->options.producer, 0);
}

static enum status open_files(struct run_feed *f, char error[KLINE_FILE_ERROR_MAX])
{
    enum status status = kline_merge_open(f->options.files, f->options.file_count,
                                          f->options.symbol, &f->files, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = kline_merge_next(f->files, &f->next, error);
    if (status == STATUS_NOT_FOUND) {
        snprintf(error, KLINE_FILE_ERROR_MAX, "there is no kline in the files");
    }
    if (status != STATUS_OK) {
        kline_merge_close(&f->files);
    }
    return status;
}

static void open_sim(struct run_feed *f)
{
    int64_t now_ms = wall_ms();
    struct feed_sim_options options = {
        .seed = f->options.seed,
        .start_ms = interval_open_ms(INTERVAL_1h, now_ms - f->options.history_ms)};
    f->sim = feed_sim_create(&options);
    feed_sim_next(f->sim, &f->next);
    f->first_event_ms = now_ms;
}

enum status run_feed_open(const struct run_feed_options *options, struct run_feed **out_feed,
                          char error[KLINE_FILE_ERROR_MAX])
{
    struct run_feed *f = mem_new(1, sizeof(*f));
    f->options = *options;
    if (options->file_count > 0) {
        enum status status = open_files(f, error);
        if (status != STATUS_OK) {
            mem_free(f);
            return status;
        }
        f->first_event_ms = f->next.event_ms;
    } else {
        open_sim(f);
    }
    f->has_next = true;
    (void)uv_timer_init(loop_uv(options->loop), &f->timer);
    *out_feed = f;
    return STATUS_OK;
}

void run_feed_start(struct run_feed *f)
{
    f->began_ms = (int64_t)uv_now(loop_uv(f->options.loop));
    (void)uv_timer_start(&f->timer, on_tick, 0, TICK_MS);
}

void run_feed_covered(struct run_feed *f, uint64_t records)
{
    f->covered = records;
}

uint64_t run_feed_sent(const struct run_feed *f)
{
    return f->sent;
}

static void on_closed(uv_handle_t *handle)
{
    struct run_feed *f = container_of((uv_timer_t *)handle, struct run_feed, timer);
    kline_merge_close(&f->files);
    feed_sim_destroy(&f->sim);
    mem_free(f);
}

void run_feed_close(struct run_feed **feed_p)
{
    struct run_feed *f = *feed_p;
    *feed_p = NULL;
    if (f != NULL) {
        uv_close((uv_handle_t *)&f->timer, on_closed);
    }
}
