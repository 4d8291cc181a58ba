/* A large state, and how long it takes to copy it, bring it back and walk through it, while other
 * stores on the same disk go on committing.
 *
 * usage: state fill DATA_DIR TOPIC PARTITION MIB    adds so much to a store that nobody has open
 *        state measure FOLDER MIB                   makes one in FOLDER, measures, and prints a
 *                                                   line of JSON for each phase
 *        state --walk-environment ...               what a walk starts; see state/walk.h
 * Phases: quiet (nothing but the commits), snapshot, publish (to file://), fetch, verify, install,
 * and walk. Beside each, the commits of two stores meanwhile: the one that is copied and another;
 * from publish on it is the other one alone. */
#include "runtime/base.h"
#include "state/batch.h"
#include "state/layout.h"
#include "state/object_store.h"
#include "state/snapshot_remote.h"
#include "state/store.h"
#include "state/walk.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TOPIC "bench"

enum {
    VALUE_BYTES = 160, /* about what a candle takes */
    BATCH_CANDLES = 20000,
    SYMBOLS = 400,
    SWEEP_MAX = 100,
    COMMIT_CANDLES = 20,
    COMMIT_EVERY_NS = 5000000, /* checkpoint.linger */
    QUIET_S = 5,
    COMMITS_MAX = 200000,
    PATH_BYTES = 4096,
};

static const int64_t START_MS = 1738368000000;
static const int64_t NEVER_MS = 4000000000000; /* after whatever the klines say */
static const int64_t NS_PER_S = 1000000000;

static void require(bool is_true, const char *what)
{
    if (!is_true) {
        fprintf(stderr, "state: failed: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void require_ok(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "state: %s: %s\n", what, status_text(status));
        exit(EXIT_FAILURE);
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* --- filling --- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Bytes that no disk can make smaller. */
static void put_candle(struct batch *batch, uint64_t number, uint64_t *random)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    uint64_t value[VALUE_BYTES / sizeof(uint64_t)];
    char symbol[32];

    snprintf(symbol, sizeof(symbol), "FILL%04dUSDT", (int)(number % SYMBOLS));
    int64_t open_ms = START_MS + (int64_t)(number / SYMBOLS) * MINUTE_MS;
    size_t size = layout_candle_key(symbol, INTERVAL_1m, open_ms, key);
    for (size_t i = 0; i < ARRAY_COUNT(value); i++) {
        value[i] = next_random(random);
    }
    batch_put_candle(batch, (struct slice){key, size}, (struct slice){value, sizeof(value)},
                     NEVER_MS);
}

static void commit(struct store *store, struct batch *batch, const struct meta *meta)
{
    struct checkpoint checkpoint = {batch, meta, SWEEP_MAX, SWEEP_MAX};
    require_ok(store_commit(store, &checkpoint), "a commit");
    batch_clear(batch);
}

static size_t used_bytes(struct store *store)
{
    struct store_stats stats;
    require_ok(store_stats(store, &stats), "the size of the store");
    return stats.used_bytes;
}

/* What the store says of its place in the log stays as it is, when it says anything. */
static void fill(struct store *store, size_t mib)
{
    struct batch *batch = batch_create();
    struct meta meta = *store_meta(store);
    size_t wanted = used_bytes(store) + (mib << 20);
    uint64_t random = 42;

    if (meta.next_offset < 0) {
        meta.next_offset = 1;
        meta.stream_time_ms = START_MS;
    }
    for (uint64_t number = 0; used_bytes(store) < wanted;) {
        for (int i = 0; i < BATCH_CANDLES; i++) {
            put_candle(batch, number++, &random);
        }
        commit(store, batch, &meta);
    }
    batch_destroy(&batch);
}

static struct store *open_store(const char *data_dir, const char *topic, int32_t partition,
                                enum store_sync sync)
{
    struct store_options options = {
        .data_dir = data_dir,
        .topic = topic,
        .partition = partition,
        .sync = sync,
        .boot_id = "bench",
    };
    struct store *store;
    require_ok(store_open(&options, &store), "the store opens");
    return store;
}

static int fill_one(const char *data_dir, const char *topic, int32_t partition, size_t mib)
{
    struct store *store = open_store(data_dir, topic, partition, STORE_SYNC_boot);
    fill(store, mib);
    printf("{\"bytes\": %zu}\n", used_bytes(store));
    store_close(&store);
    return EXIT_SUCCESS;
}

/* --- commits meanwhile --- */

struct committer {
    struct store *store;
    pthread_t thread;
    atomic_bool is_over; /* relaxed: the thread is joined before anything else is looked at */
    size_t count;
    int64_t gap_max_ns; /* between the ends of two commits */
    int64_t took_ns[COMMITS_MAX];
};

static void *commit_on(void *argument)
{
    struct committer *c = argument;
    struct batch *batch = batch_create();
    struct meta meta = *store_meta(c->store);
    uint64_t random = (uint64_t)now_ns();
    int64_t before_ns = now_ns();

    c->count = 0;
    c->gap_max_ns = 0;
    while (!atomic_load_explicit(&c->is_over, memory_order_relaxed) && c->count < COMMITS_MAX) {
        for (uint64_t i = 0; i < COMMIT_CANDLES; i++) {
            put_candle(batch, next_random(&random) % (SYMBOLS * 1440), &random);
        }
        (void)nanosleep(&(struct timespec){0, COMMIT_EVERY_NS}, NULL);
        meta.next_offset++;
        int64_t began_ns = now_ns();
        commit(c->store, batch, &meta);
        int64_t ended_ns = now_ns();
        c->took_ns[c->count++] = ended_ns - began_ns;
        c->gap_max_ns = ended_ns - before_ns > c->gap_max_ns ? ended_ns - before_ns : c->gap_max_ns;
        before_ns = ended_ns;
    }
    batch_destroy(&batch);
    return NULL;
}

static void start(struct committer *c)
{
    if (c->store != NULL) {
        atomic_store_explicit(&c->is_over, false, memory_order_relaxed);
        require(pthread_create(&c->thread, NULL, commit_on, c) == 0, "a thread starts");
    }
}

static int by_size(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

static void stop(struct committer *c, const char *name)
{
    if (c->store == NULL) {
        return;
    }
    atomic_store_explicit(&c->is_over, true, memory_order_relaxed);
    (void)pthread_join(c->thread, NULL);
    require(c->count > 0, "somebody committed");
    qsort(c->took_ns, c->count, sizeof(c->took_ns[0]), by_size);
    printf(", \"%s\": {\"commits\": %zu, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, "
           "\"gap_max_ms\": %.2f}",
           name, c->count, ms(c->took_ns[c->count / 2]), ms(c->took_ns[c->count * 99 / 100]),
           ms(c->took_ns[c->count - 1]), ms(c->gap_max_ns));
}

/* --- the phases --- */

struct measure {
    char data_dir[PATH_BYTES];
    char folder[PATH_BYTES]; /* of the partition that is copied */
    char elsewhere[PATH_BYTES];
    char elsewhere_folder[PATH_BYTES]; /* of the partition, on the other machine */
    struct object_store *remote;
    struct store *store;
    struct snapshot snapshot;
};

static void be_quiet(struct measure *m)
{
    (void)m;
    (void)sleep(QUIET_S);
}

static void take_snapshot(struct measure *m)
{
    require_ok(snapshot_create(m->store, NULL, &m->snapshot), "a snapshot");
}

static void publish(struct measure *m)
{
    require_ok(snapshot_publish(m->remote, m->folder, &m->snapshot, NULL), "publishing");
}

static void fetch(struct measure *m)
{
    require_ok(snapshot_fetch(m->remote, m->elsewhere_folder, &m->snapshot, NULL), "fetching");
}

static void verify(struct measure *m)
{
    require_ok(snapshot_verify(m->elsewhere_folder, &m->snapshot, NULL), "verifying");
}

static void install(struct measure *m)
{
    require_ok(snapshot_install(m->elsewhere_folder, &m->snapshot), "installing");
}

static void walk(struct measure *m)
{
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof(path), "%s/data.mdb", m->elsewhere_folder);
    require_ok(walk_in_child(NULL, path), "the walk");
}

/* clang-format off */
#define PHASES(X)                                                                                  \
    /* name      does           the copied store commits too */                                    \
    X(quiet,     be_quiet,      true)                                                              \
    X(snapshot,  take_snapshot, true)                                                              \
    X(publish,   publish,       false)                                                             \
    X(fetch,     fetch,         false)                                                             \
    X(verify,    verify,        false)                                                             \
    X(install,   install,       false)                                                             \
    X(walk,      walk,          false)
/* clang-format on */

static const struct {
    const char *name;
    void (*run)(struct measure *m);
    bool commits_too;
} phases[] = {
#define X(name, run, commits_too) {#name, run, commits_too},
    PHASES(X)
#undef X
};

static void run_phase(struct measure *m, size_t phase, struct store *other)
{
    static struct committer same, beside; /* too large for a stack */
    same.store = phases[phase].commits_too ? m->store : NULL;
    beside.store = other;
    start(&same);
    start(&beside);
    int64_t began_ns = now_ns();
    phases[phase].run(m);
    double seconds = (double)(now_ns() - began_ns) / (double)NS_PER_S;
    printf("{\"phase\": \"%s\", \"seconds\": %.3f, \"bytes\": %" PRId64, phases[phase].name,
           seconds, m->snapshot.size_bytes);
    stop(&same, "same");
    stop(&beside, "other");
    printf("}\n");
    (void)fflush(stdout);
}

static int measure(const char *folder, size_t mib)
{
    static struct measure m;
    char url[PATH_BYTES + 16];
    char error[256];

    snprintf(m.data_dir, sizeof(m.data_dir), "%s/data", folder);
    snprintf(m.folder, sizeof(m.folder), "%s/data/" TOPIC "/0", folder);
    snprintf(m.elsewhere, sizeof(m.elsewhere), "%s/elsewhere", folder);
    snprintf(m.elsewhere_folder, sizeof(m.elsewhere_folder), "%s/elsewhere/" TOPIC "/0", folder);
    snprintf(url, sizeof(url), "file://%s/shared", folder);
    require(mkdir(strrchr(url, ':') + 3, 0750) == 0, "a new folder for what is published");
    m.store = open_store(m.elsewhere, TOPIC, 0, STORE_SYNC_commit);
    store_close(&m.store);
    m.store = open_store(m.data_dir, TOPIC, 0, STORE_SYNC_boot);
    fill(m.store, mib);
    store_close(&m.store);
    m.store = open_store(m.data_dir, TOPIC, 0, STORE_SYNC_commit);
    struct store *other = open_store(m.data_dir, TOPIC, 1, STORE_SYNC_commit);
    fill(other, 16);
    require_ok(object_store_open(url, &m.remote, error, sizeof(error)), error);
    for (size_t i = 0; i < ARRAY_COUNT(phases); i++) {
        run_phase(&m, i, other);
    }
    store_close(&other);
    store_close(&m.store);
    object_store_close(&m.remote);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (walk_is_asked(argc, argv)) {
        return walk_main(argv);
    }
    if (argc == 6 && strcmp(argv[1], "fill") == 0) {
        return fill_one(argv[2], argv[3], atoi(argv[4]), strtoul(argv[5], NULL, 10));
    }
    if (argc == 4 && strcmp(argv[1], "measure") == 0) {
        return measure(argv[2], strtoul(argv[3], NULL, 10));
    }
    fprintf(stderr, "usage: state fill DATA_DIR TOPIC PARTITION MIB | state measure FOLDER MIB\n");
    return 2;
}
