#include "tests/crash/victim.h"

#include "state/batch.h"
#include "state/layout.h"
#include "state/outbox.h"
#include "state/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORDS_MAX = 60, /* of a commit */
    SWEEP_MAX = 50,   /* below what a large commit expires: what is left is absent all the same */
    TRIM_MAX = 70,
    ROWS_MAX = 100000,
    SNAPSHOTS_KEPT = 2,
    SNAPSHOTS_VERIFIED = 1, /* the newest: the one that a kill may have met */
};

struct victim {
    const struct victim_options *options;
    struct store *store;
    struct batch *batch;
    struct prefix prefix;
    struct rand rand;
    int64_t found; /* records seen by a check */
    uint64_t commits;
};

static void require(bool is_true, const char *what, int64_t number)
{
    if (!is_true) {
        (void)fprintf(stderr, "FAILED: %s (%" PRId64 ")\n", what, number);
        _exit(EXIT_FAILURE);
    }
}

static void enter(struct victim *v, enum victim_phase phase)
{
    *v->options->phase = phase;
}

static void tell(struct victim *v, int64_t next)
{
    if (v->options->pipe_fd >= 0) {
        ssize_t written = write(v->options->pipe_fd, &next, sizeof(next));
        require(written == (ssize_t)sizeof(next), "the pipe takes a number", next);
    }
}

/* --- verifying --- */

static bool has_value(struct slice found, uint64_t digest)
{
    unsigned char value[PREFIX_VALUE_MAX];
    return slice_equals(found, (struct slice){value, prefix_value(digest, value)});
}

static bool check_actor(void *context, struct slice key, struct slice value)
{
    struct victim *v = context;
    char name[sizeof("SYMBOL00")] = {0};
    require(key.size == sizeof(name) - 1, "an actor's key is one", (int64_t)key.size);
    memcpy(name, key.bytes, key.size);
    int symbol = atoi(name + strlen("SYMBOL"));
    require(symbol < PREFIX_SYMBOLS, "the actor is known", symbol);
    require(v->prefix.actors[symbol].count > 0, "an actor that was reset is gone", symbol);
    require(has_value(value, v->prefix.actors[symbol].digest), "an actor is as it was", symbol);
    v->found++;
    return true;
}

static bool check_candle(void *context, struct slice key, struct slice value)
{
    struct victim *v = context;
    char name[SYMBOL_BYTES_MAX + 1];
    enum interval interval;
    int64_t open_ms;
    enum status status = layout_parse_candle_key(key, name, &interval, &open_ms);
    require(status == STATUS_OK, "a candle's key is one", status);
    int symbol = atoi(name + strlen("SYMBOL"));
    int64_t window = open_ms / interval_ms(INTERVAL_5m);
    int64_t there = v->prefix.candles[window % PREFIX_WINDOWS][symbol].window;
    uint64_t digest = v->prefix.candles[window % PREFIX_WINDOWS][symbol].digest;
    require(window == there, "a candle is of a known window", window);
    require(has_value(value, digest), "a candle is as it was", window);
    v->found++;
    return true;
}

static int64_t count_actors(const struct prefix *prefix)
{
    int64_t count = 0;
    for (int symbol = 0; symbol < PREFIX_SYMBOLS; symbol++) {
        count += prefix->actors[symbol].count > 0;
    }
    return count;
}

static int64_t count_candles(const struct prefix *prefix, int64_t stream_time_ms)
{
    int64_t count = 0;
    for (int window = 0; window < PREFIX_WINDOWS; window++) {
        for (int symbol = 0; symbol < PREFIX_SYMBOLS; symbol++) {
            count += prefix->candles[window][symbol].window >= 0 &&
                     prefix->candles[window][symbol].expire_ms > stream_time_ms;
        }
    }
    return count;
}

static void check_table(struct victim *v, enum store_table table, store_visit_fn *visit,
                        int64_t count)
{
    struct store_view *view = store_view_create(v->store);
    v->found = 0;
    require(store_view_open(view) == STATUS_OK, "a view opens", table);
    enum status status = store_view_each(view, table, (struct slice){NULL, 0}, visit, v);
    require(status == STATUS_OK, "a table can be read", table);
    require(v->found == count, "a table holds what it must, and no more", v->found - count);
    store_view_destroy(&view);
}

/* The least cursor and all before it may be gone, and nothing else. */
static void check_outbox(struct victim *v)
{
    const struct meta *meta = store_meta(v->store);
    struct outbox_filter filter = {.intervals = INTERVAL_BIT(INTERVAL_5m)};
    struct outbox_rows *rows;
    int64_t bytes = 0;
    enum status status = store_read_outbox(v->store, 0, &filter, ROWS_MAX, SIZE_MAX / 2, &rows);
    require(status == STATUS_OK, "the outbox can be read", status);
    int64_t first = meta->outbox_next - (int64_t)rows->count;
    for (size_t i = 0; i < rows->count; i++) {
        const struct outbox_row *row = &rows->rows[i];
        require(row->sequence == first + (int64_t)i, "the outbox has no hole", row->sequence);
        require(has_value(row->payload, prefix_entry_digest(row->sequence)),
                "an entry is as it was", row->sequence);
        bytes += (int64_t)row->payload.size;
    }
    require(first <= meta->cursors[SINK_mongo] + 1, "what a sink is owed is there", first);
    require(meta->outbox_bytes == bytes, "outbox_bytes is exact", meta->outbox_bytes - bytes);
    outbox_rows_destroy(&rows);
}

/* What has a manifest is whole, and of a past that the store has as well. */
static void check_snapshots(struct victim *v)
{
    struct snapshots snapshots;
    enum status status = snapshot_list(store_folder(v->store), &snapshots);
    require(status == STATUS_OK, "the snapshots can be listed", status);
    for (size_t i = 0; i < snapshots.count && i < SNAPSHOTS_VERIFIED; i++) {
        status = snapshot_verify(store_folder(v->store), &snapshots.items[i], NULL);
        require(status == STATUS_OK, "a snapshot is whole", snapshots.items[i].next_offset);
        require(snapshots.items[i].next_offset <= store_meta(v->store)->next_offset,
                "a snapshot is of the past", snapshots.items[i].next_offset);
    }
    snapshot_destroy_list(&snapshots);
}

static void verify(struct victim *v)
{
    const struct meta *meta = store_meta(v->store);
    struct store_stats stats;
    require(meta->next_offset >= v->options->acknowledged, "no acknowledged commit is lost",
            v->options->acknowledged - meta->next_offset);
    while (v->prefix.next < meta->next_offset) {
        prefix_advance(&v->prefix, NULL);
    }
    if (meta->next_offset >= 0) {
        require(prefix_matches(&v->prefix, meta), "meta is the function of next_offset",
                meta->next_offset);
        check_outbox(v);
    }
    check_table(v, TABLE_actors, check_actor, count_actors(&v->prefix));
    check_table(v, TABLE_candles, check_candle, count_candles(&v->prefix, meta->stream_time_ms));
    require(store_stats(v->store, &stats) == STATUS_OK, "stats can be read", 0);
    require(stats.entries[TABLE_expiry] == stats.entries[TABLE_candles],
            "each candle has one entry in expiry", (int64_t)stats.entries[TABLE_expiry]);
    check_snapshots(v);
}

/* --- committing --- */

static void open(struct victim *v)
{
    enter(v, VICTIM_opening);
    enum status status = store_open(&v->options->store, &v->store);
    require(status == STATUS_OK, "the store opens", status);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void prepare(struct victim *v)
{
    uint64_t records = 1 + rand_below(&v->rand, RECORDS_MAX);
    enter(v, VICTIM_preparing);
    batch_clear(v->batch);
    for (uint64_t i = 0; i < records; i++) {
        prefix_advance(&v->prefix, v->batch);
    }
}

static void commit(struct victim *v)
{
    struct meta meta = *store_meta(v->store);
    prefix_describe(&v->prefix, &meta);
    struct checkpoint checkpoint = {v->batch, &meta, SWEEP_MAX, TRIM_MAX};
    while (v->commits == v->options->held_commit && *v->options->may_go == 0) {
    } /* no sleep and no yield: the parent counts microseconds from here */
    v->commits++;
    int64_t began_ns = now_ns();
    enter(v, VICTIM_committing);
    enum status status = store_commit(v->store, &checkpoint);
    enter(v, VICTIM_committed);
    *v->options->commit_ns = (uint64_t)(now_ns() - began_ns);
    require(status == STATUS_OK, "a commit succeeds", status);
}

static void reopen(struct victim *v)
{
    enter(v, VICTIM_closing);
    store_close(&v->store);
    open(v);
}

static void take_snapshot(struct victim *v)
{
    struct snapshot snapshot;
    size_t deleted;
    enter(v, VICTIM_snapshotting);
    enum status status = snapshot_create(v->store, NULL, &snapshot);
    require(status == STATUS_OK, "a snapshot is taken", status);
    status = snapshot_prune(store_folder(v->store), SNAPSHOTS_KEPT, &deleted);
    require(status == STATUS_OK, "older ones are deleted", status);
}

void victim_run(const struct victim_options *options)
{
    static struct victim v; /* too large for a stack */
    v = (struct victim){.options = options, .prefix = *options->verified, .rand = {options->seed}};
    v.batch = batch_create();
    open(&v);
    enter(&v, VICTIM_verifying);
    verify(&v);
    while (!options->only_verifies) {
        if (rand_chance(&v.rand, 3)) {
            reopen(&v);
        }
        if (store_meta(v.store)->next_offset > 0 && rand_chance(&v.rand, 3)) {
            take_snapshot(&v);
        }
        prepare(&v);
        /* Here: the parent, who waits for it, lets the next commit begin and kills in its midst. */
        tell(&v, store_meta(v.store)->next_offset);
        commit(&v);
    }
    store_abandon(&v.store);
    batch_destroy(&v.batch);
}
