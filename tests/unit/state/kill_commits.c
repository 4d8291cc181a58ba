/* Kills a process that commits, at random moments, and looks at what it left: `kill_commits
 * [kills]`.
 *
 * Every commit keeps the sum of all values equal to next_offset, and the outbox complete from the
 * cursor on. After each kill the store must hold that, and stand no earlier than the last commit
 * that the child had reported. */
#include "runtime/log.h"
#include "runtime/rand.h"
#include "state/batch.h"
#include "state/bytes.h"
#include "state/layout.h"
#include "state/store.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SYMBOLS = 500, WRITES = 60, KEY_SIZE = 4, VALUE_SIZE = 200, TRIM_MAX = 200 };

struct run {
    struct store_options options;
    struct rand rand;
    volatile int64_t *reported; /* shared with the child: next_offset of its last commit */
};

static void require(bool is_true, const char *what)
{
    if (!is_true) {
        (void)fprintf(stderr, "FAILED: %s\n", what);
        exit(1);
    }
}

struct sum {
    int64_t total;
    int64_t values[SYMBOLS];
};

static bool add(void *context, struct slice key, struct slice value)
{
    struct sum *sum = context;
    require(key.size == KEY_SIZE && value.size == VALUE_SIZE, "a record has its size");
    int64_t number = (int64_t)bytes_get_be(value.bytes, 8);
    sum->values[bytes_get_be(key.bytes, KEY_SIZE)] = number;
    sum->total += number;
    return true;
}

static struct sum read_sum(struct store *store)
{
    struct sum sum = {.total = 0};
    struct store_view *view = store_view_create(store);
    require(store_view_open(view) == STATUS_OK, "a view opens");
    struct slice all = {NULL, 0};
    require(store_view_each(view, TABLE_actors, all, add, &sum) == STATUS_OK, "all can be read");
    store_view_destroy(&view);
    return sum;
}

static void put_value(struct batch *batch, uint64_t symbol, int64_t number)
{
    unsigned char key[KEY_SIZE];
    unsigned char value[VALUE_SIZE] = {0};
    bytes_put_be(key, sizeof(key), symbol);
    bytes_put_be(value, 8, (uint64_t)number);
    batch_put(batch, TABLE_actors, SLICE_OF(key), SLICE_OF(value));
    batch_put_candle(batch, SLICE_OF(key), SLICE_OF(value), number + 1);
}

static void put_entry(struct batch *batch, int64_t sequence)
{
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    unsigned char payload[100] = {0};
    unsigned char value[sizeof(payload) + 2];
    layout_outbox_key(sequence, key);
    (void)outbox_encode(OUTBOX_candle, INTERVAL_5m, SLICE_OF(payload), value);
    batch_put(batch, TABLE_outbox, SLICE_OF(key), SLICE_OF(value));
}

static void commit_once(struct run *run, struct store *store, struct batch *batch, struct sum *sum)
{
    struct meta meta = *store_meta(store);
    uint64_t writes = rand_below(&run->rand, WRITES) + 1;
    for (uint64_t i = 0; i < writes; i++) {
        uint64_t symbol = rand_below(&run->rand, SYMBOLS);
        sum->values[symbol]++;
        sum->total++;
        put_value(batch, symbol, sum->values[symbol]);
        put_entry(batch, meta.outbox_next++);
    }
    meta.next_offset = sum->total;
    meta.stream_time_ms = (int64_t)rand_below(&run->rand, 50);
    int64_t acknowledged = meta.outbox_next - 1 - (int64_t)rand_below(&run->rand, 300);
    if (acknowledged > meta.cursors[SINK_redis]) {
        meta.cursors[SINK_redis] = acknowledged;
    }
    if (meta.cursors[SINK_redis] == META_NO_CURSOR) {
        meta.cursors[SINK_redis] = 0;
    }
    struct checkpoint checkpoint = {batch, &meta, 50, TRIM_MAX};
    require(store_commit(store, &checkpoint) == STATUS_OK, "a commit succeeds");
    batch_clear(batch);
    *run->reported = meta.next_offset;
}

static void commit_for_ever(struct run *run)
{
    struct store *store;
    struct batch *batch = batch_create();
    require(store_open(&run->options, &store) == STATUS_OK, "the child opens the store");
    struct sum sum = read_sum(store);
    for (;;) {
        commit_once(run, store, batch, &sum);
        if (rand_chance(&run->rand, 5)) {
            store_close(&store);
            require(store_open(&run->options, &store) == STATUS_OK, "the child reopens");
        }
    }
}

static void check_outbox(struct store *store)
{
    const struct meta *meta = store_meta(store);
    struct outbox_filter filter = {.intervals = INTERVAL_BIT(INTERVAL_5m)};
    struct outbox_rows *rows;
    require(store_read_outbox(store, 0, &filter, 100000, SIZE_MAX / 2, &rows) == STATUS_OK,
            "the outbox can be read");
    int64_t bytes = 0;
    for (size_t i = 0; i < rows->count; i++) {
        require(rows->rows[i].sequence == meta->outbox_next - (int64_t)(rows->count - i),
                "the outbox has no hole");
        bytes += (int64_t)rows->rows[i].payload.size;
    }
    require(meta->outbox_bytes == bytes, "outbox_bytes is exact");
    require(meta->next_offset < 0 ||
                meta->outbox_next - (int64_t)rows->count <= meta->cursors[SINK_redis] + 1,
            "what a sink still needs is there");
    outbox_rows_destroy(&rows);
}

static void check(struct run *run)
{
    struct store *store;
    require(store_open(&run->options, &store) == STATUS_OK, "the store opens after a kill");
    struct sum sum = read_sum(store);
    int64_t next = store_meta(store)->next_offset;
    require(sum.total == (next < 0 ? 0 : next), "the sum of the values is next_offset");
    require(next >= *run->reported, "no commit that was reported is lost");
    check_outbox(store);
    struct store_stats stats;
    require(store_stats(store, &stats) == STATUS_OK, "stats can be read");
    require(stats.entries[TABLE_expiry] == stats.entries[TABLE_candles],
            "each candle has one entry in expiry");
    store_abandon(&store);
}

static void kill_once(struct run *run)
{
    run->rand.state = rand_next(&run->rand);
    pid_t child = fork();
    require(child >= 0, "a child starts");
    if (child == 0) {
        commit_for_ever(run);
    }
    struct timespec pause = {.tv_nsec = (long)rand_below(&run->rand, 20 * 1000 * 1000)};
    (void)nanosleep(&pause, NULL);
    int how = 0;
    require(kill(child, SIGKILL) == 0 && waitpid(child, &how, 0) == child, "the child is killed");
    require(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "it was our kill that ended it");
    check(run);
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void run_mode(enum store_sync sync, const char *name, long kills, uint64_t seed)
{
    char data_dir[] = "/tmp/candled-kill-XXXXXX";
    require(mkdtemp(data_dir) != NULL, "a folder is made");
    struct run run = {
        .options = {.data_dir = data_dir,
                    .topic = "t",
                    .sync = sync,
                    .boot_id = "boot",
                    .map_bytes = 64 << 10},
        .rand = {.state = seed},
        .reported =
            mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
    };
    require(run.reported != MAP_FAILED, "memory is shared");
    *run.reported = -1;
    for (long i = 0; i < kills; i++) {
        kill_once(&run);
    }
    (void)printf("%s: %ld kills, %lld records committed\n", name, kills, (long long)*run.reported);
    require(*run.reported > kills, "commits went on between the kills");
    (void)munmap((void *)(uintptr_t)run.reported, sizeof(int64_t));
    (void)nftw(data_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    long kills = argc > 1 ? strtol(argv[1], NULL, 10) : 200;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    require(kills > 0, "usage: kill_commits [kills [seed]]");
    (void)printf("seed %llu\n", (unsigned long long)seed);
    log_configure(LOG_LEVEL_error, false);
    run_mode(STORE_SYNC_commit, "commit", (kills + 1) / 2, seed);
    run_mode(STORE_SYNC_boot, "boot", (kills + 1) / 2, seed + 1);
    return 0;
}
