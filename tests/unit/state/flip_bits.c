/* Damages an environment that was not closed, in every way that a single bit or a cut can, and lets
 * recovery open it: `flip_bits [flips [seed]]`.
 *
 * Whatever it opens must hold exactly what was committed, and go on: a wrong value, a lost record
 * or a signal is a failure. With more than 1000 flips, each bit of the headers is one of them, and
 * each page is cut. */
#include "runtime/crc32c.h"
#include "runtime/log.h"
#include "runtime/rand.h"
#include "state/batch.h"
#include "state/folder.h"
#include "state/layout.h"
#include "state/recovery.h"
#include "state/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACTORS = 300, CANDLES = 300, ENTRIES = 60, PATH_SIZE = 256, SEED_DEFAULT = 1 };

struct run {
    char data_dir[64];
    char folder[128];
    char data[PATH_SIZE];
    struct recovery_options options;
    unsigned char *bytes; /* of the environment as it was left */
    size_t size;
    uint64_t env_digest;
    uint64_t previous_digest; /* one commit earlier */
    uint64_t snapshot_digest;
    int condemned;
    struct rand rand;
};

static void require(bool is_true, const char *what)
{
    if (!is_true) {
        (void)fprintf(stderr, "FAILED: %s\n", what);
        exit(1);
    }
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static bool add(void *context, struct slice key, struct slice value)
{
    uint64_t *digest = context;
    *digest = *digest * 31 + crc32c_update(crc32c(key), value);
    return true;
}

/* Of all that was made from the log; settings in `meta` differ from run to run. */
static uint64_t digest_of(struct store *store)
{
    static const struct slice all = {NULL, 0};
    uint64_t digest = (uint64_t)store_meta(store)->next_offset;
    struct store_view *view = store_view_create(store);
    require(store_view_open(view) == STATUS_OK, "what was recovered can be read");
    for (int i = TABLE_actors; i < TABLE_COUNT; i++) {
        digest = digest * 31 + (uint64_t)i;
        require(store_view_each(view, (enum store_table)i, all, add, &digest) == STATUS_OK,
                "all that was recovered can be read");
    }
    store_view_close(view);
    store_view_destroy(&view);
    return digest;
}

static void put_round(struct run *run, struct batch *batch, struct meta *meta, int round)
{
    static char value[6000];
    char key[32];
    memset(value, 'a' + round % 26, sizeof(value));
    for (int i = 0; i < ACTORS; i++) {
        (void)snprintf(key, sizeof(key), "symbol-%05d", (int)rand_below(&run->rand, ACTORS));
        batch_put(
            batch, TABLE_actors, slice_of_text(key),
            (struct slice){value, 40 + (size_t)rand_below(&run->rand, i % 50 == 0 ? 5900 : 90)});
        unsigned char candle[LAYOUT_CANDLE_KEY_MAX];
        size_t size = layout_candle_key("SIMBTC", INTERVAL_1m,
                                        60000 * (int64_t)rand_below(&run->rand, CANDLES), candle);
        batch_put_candle(batch, (struct slice){candle, size}, (struct slice){value, 120},
                         1000000 + (int64_t)rand_below(&run->rand, 1000000));
    }
    for (int i = 0; i < ENTRIES; i++) {
        unsigned char entry[LAYOUT_OUTBOX_KEY_SIZE];
        unsigned char stored[202];
        layout_outbox_key(meta->outbox_next++, entry);
        size_t size = outbox_encode(OUTBOX_candle, INTERVAL_5m, (struct slice){value, 200}, stored);
        batch_put(batch, TABLE_outbox, SLICE_OF(entry), (struct slice){stored, size});
    }
}

static void commit_rounds(struct run *run, struct store *store, int first, int count)
{
    struct batch *batch = batch_create();
    for (int round = first; round < first + count; round++) {
        struct meta meta = *store_meta(store);
        put_round(run, batch, &meta, round);
        meta.next_offset = meta.next_offset < 0 ? 100 : meta.next_offset + 100;
        meta.cursors[SINK_redis] = meta.outbox_next - 30;
        struct checkpoint checkpoint = {batch, &meta, 100, 100};
        require(store_commit(store, &checkpoint) == STATUS_OK, "a commit succeeds");
        batch_clear(batch);
    }
    batch_destroy(&batch);
}

static enum status fits(void *context, const struct meta *meta, enum log_fit *out_fit)
{
    (void)context;
    (void)meta;
    *out_fit = LOG_FIT_fits;
    return STATUS_OK;
}

static void read_env(struct run *run)
{
    struct stat stat_data;
    require(stat(run->data, &stat_data) == 0, "the environment is there");
    run->size = (size_t)stat_data.st_size;
    run->bytes = malloc(run->size);
    int fd = open(run->data, O_RDONLY);
    require(read(fd, run->bytes, run->size) == (ssize_t)run->size, "it can be read");
    (void)close(fd);
}

static void make(struct run *run)
{
    struct store *store;
    struct snapshot snapshot;
    require(store_open(&run->options.store, &store) == STATUS_OK, "a store opens");
    commit_rounds(run, store, 0, 3);
    require(snapshot_create(store, NULL, &snapshot) == STATUS_OK, "a snapshot is made");
    run->snapshot_digest = digest_of(store);
    commit_rounds(run, store, 3, 3);
    run->previous_digest = digest_of(store);
    commit_rounds(run, store, 6, 1);
    run->env_digest = digest_of(store);
    store_abandon(&store);
    read_env(run);
}

/* With what was set aside. */
static void remove_data(const char *folder)
{
    DIR *stream = opendir(folder);
    require(stream != NULL, "the folder can be read");
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (strncmp(entry->d_name, "data.mdb", 8) == 0) {
            require(unlinkat(dirfd(stream), entry->d_name, 0) == 0, "what was before goes");
        }
    }
    (void)closedir(stream);
}

/* The folder as a process left it that was killed, but for these bytes. */
static void write_env(struct run *run, const unsigned char *bytes, size_t size)
{
    bool is_new;
    remove_data(run->folder);
    int fd = open(run->data, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(write(fd, bytes, size) == (ssize_t)size, "the bytes are written");
    (void)close(fd);
    require(folder_mark_open(run->folder, &is_new) == STATUS_OK, "the mark is made");
}

static void recover(struct run *run)
{
    struct store *store;
    struct recovery recovery;
    require(recovery_open(&run->options, &store, &recovery) == STATUS_OK, "something is opened");
    run->condemned += recovery.is_restored;
    uint64_t digest = digest_of(store);
    if (recovery.is_restored) {
        require(digest == run->snapshot_digest, "it is what the snapshot held");
    } else {
        /* Of the two headers the one with the greater number counts: a bit of that number takes the
         * state back by a commit, whose pages are all there; the log is read again from it. */
        require(digest == run->env_digest || digest == run->previous_digest,
                "it is what was committed");
    }
    commit_rounds(run, store, 7, 2);
    store_close(&store);
    require(walk_in_child(NULL, run->data) == STATUS_OK, "commits on top of it are sound");
}

static void flip(struct run *run, size_t bit)
{
    run->bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    write_env(run, run->bytes, run->size);
    run->bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    recover(run);
}

static void flip_all(struct run *run, long flips)
{
    for (long i = 0; i < flips; i++) {
        size_t bit = (size_t)rand_below(&run->rand, run->size * 8);
        if (i % 4 == 0) {
            bit %= 2 * 4096 * 8; /* more of them in the headers */
        }
        if (getenv("FLIP_BITS_TRACE") != NULL) {
            (void)fprintf(stderr, "flip %ld: bit %zu\n", i, bit);
        }
        flip(run, bit);
    }
    (void)printf("%ld flips: %d set aside, the others harmless\n", flips, run->condemned);
    require(run->condemned > 0, "some of it was noticed");
}

static void flip_headers(struct run *run)
{
    enum { HEADER_BITS = 160 * 8, PAGE_BITS = 4096 * 8 };
    for (size_t bit = 0; bit < HEADER_BITS; bit++) {
        flip(run, bit);
        flip(run, PAGE_BITS + bit);
    }
}

static void cut_all(struct run *run, size_t step)
{
    run->condemned = 0;
    int cuts = 0;
    for (size_t pages = 1; pages * 4096 < run->size; pages += step, cuts++) {
        write_env(run, run->bytes, run->size - pages * 4096 + (pages % 2) * 100);
        recover(run);
    }
    (void)printf("%d cuts: %d set aside\n", cuts, run->condemned);
    /* Pages that nothing uses may be missing: recover() has seen that nothing else is. */
    require(run->condemned > cuts / 2, "the cuts were noticed");
}

int main(int argc, char **argv)
{
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
    static struct run run;
    long flips = argc > 1 ? strtol(argv[1], NULL, 10) : 100;
    run.rand.state = argc > 2 ? strtoull(argv[2], NULL, 10) : SEED_DEFAULT;
    (void)printf("seed %llu\n", (unsigned long long)run.rand.state);
    (void)fflush(stdout);
    /* In memory where there is a folder for that: no disk is in doubt here. */
    (void)snprintf(run.data_dir, sizeof(run.data_dir), "%s/candled-flip-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    require(mkdtemp(run.data_dir) != NULL, "a folder is made");
    (void)snprintf(run.folder, sizeof(run.folder), "%s/t/0", run.data_dir);
    (void)snprintf(run.data, sizeof(run.data), "%s/data.mdb", run.folder);
    run.options = (struct recovery_options){
        .store = {.data_dir = run.data_dir,
                  .topic = "t",
                  .sync = STORE_SYNC_boot,
                  .boot_id = "boot",
                  .map_bytes = 4 << 20},
        .check = fits,
    };
    log_configure(LOG_LEVEL_error, false);
    make(&run);
    if (flips > 1000) {
        flip_headers(&run);
    }
    flip_all(&run, flips);
    cut_all(&run, flips > 1000 ? 1 : run.size / 4096 / 20 + 1);
    free(run.bytes);
    (void)nftw(run.data_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
