/* Recovery under test: a partition's folder, its snapshots, and a log that says what the test
 * wants. Each program that includes it must begin main() with walk_is_asked(). */
#ifndef CANDLED_TESTS_UNIT_STATE_RECOVERY_FIXTURE_H
#define CANDLED_TESTS_UNIT_STATE_RECOVERY_FIXTURE_H

#include "state/recovery.h"

#include "runtime/base.h"
#include "state/folder.h"
#include "state/object_store.h"
#include "state/snapshot_remote.h"
#include "state/store_internal.h"
#include "state/txn.h"
#include "state/walk.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static bool is_on_nfs;

/* In the place of the C library's: folders are where the test says they are. */
int statfs(const char *path, struct statfs *out)
{
    *out = (struct statfs){.f_type = is_on_nfs ? 0x6969 : 0xef53};
    return access(path, F_OK);
}

/* What the log says of a state, by its next offset. */
struct log {
    int64_t differs_from; /* on: these do not fit */
    int64_t only_fits;    /* -1: all */
    enum status status;
    int asked;
};

struct test {
    struct fixture f;
    struct log log;
    struct recovery_options options;
    struct recovery recovery;
};

static inline enum status check(void *context, const struct meta *meta, enum log_fit *out_fit)
{
    struct log *log = context;
    bool is_good = log->only_fits >= 0 ? meta->next_offset == log->only_fits
                                       : meta->next_offset < log->differs_from;
    log->asked++;
    *out_fit = is_good ? LOG_FIT_unverified : LOG_FIT_differs;
    return log->status;
}

static inline int setup(void **state)
{
    static struct test t;
    t = (struct test){.log = {.differs_from = INT64_MAX, .only_fits = -1}};
    fixture_init(&t.f, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    is_on_nfs = false;
    *state = &t;
    return 0;
}

static inline int teardown(void **state)
{
    struct test *t = *state;
    object_store_close(&t->options.remote);
    fixture_deinit(&t->f);
    return 0;
}

static inline enum status open_it(struct test *t)
{
    t->options.store = t->f.options;
    t->options.check = check;
    t->options.context = &t->log;
    enum status status = recovery_open(&t->options, &t->f.store, &t->recovery);
    if (status == STATUS_OK) {
        t->f.meta = *store_meta(t->f.store);
        assert_int_equal(t->recovery.meta.next_offset, t->f.meta.next_offset);
        assert_int_equal(t->recovery.meta.era, t->f.meta.era);
    } else {
        assert_null(t->f.store);
    }
    return status;
}

static inline void commit_at(struct test *t, int64_t next_offset)
{
    char value[32];
    (void)snprintf(value, sizeof(value), "%d", (int)next_offset);
    t->f.meta.next_offset = next_offset;
    fixture_put(&t->f, "offset", value);
    assert_int_equal(fixture_commit(&t->f), STATUS_OK);
}

static inline struct snapshot take(struct test *t, int64_t next_offset)
{
    struct snapshot snapshot;
    commit_at(t, next_offset);
    assert_int_equal(snapshot_create(t->f.store, NULL, &snapshot), STATUS_OK);
    return snapshot;
}

/* Snapshots at 10, 20 and 30, and the environment at 35. */
static inline void live(struct test *t, bool is_closed)
{
    assert_int_equal(open_it(t), STATUS_OK);
    for (int64_t i = 10; i <= 30; i += 10) {
        (void)take(t, i);
    }
    commit_at(t, 35);
    if (is_closed) {
        store_close(&t->f.store);
    } else {
        store_abandon(&t->f.store);
    }
    t->log.asked = 0;
}

static inline void assert_stands_at(struct test *t, int64_t next_offset, bool is_restored)
{
    char value[32];
    (void)snprintf(value, sizeof(value), "%d", (int)next_offset);
    assert_int_equal(store_meta(t->f.store)->next_offset, next_offset);
    assert_true(fixture_holds(&t->f, TABLE_actors, "offset", value));
    assert_int_equal(t->recovery.is_restored, is_restored);
    if (is_restored) {
        assert_int_equal(t->recovery.snapshot.next_offset, next_offset);
    }
    commit_at(t, 1000); /* and it goes on */
    store_close(&t->f.store);
}

static inline const char *folder_of(struct test *t)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/klines/3", t->f.data_dir);
    return path;
}

static inline size_t snapshots_left(struct test *t)
{
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(t), &snapshots), STATUS_OK);
    size_t count = snapshots.count;
    snapshot_destroy_list(&snapshots);
    return count;
}

static inline size_t envs_aside(struct test *t)
{
    return fixture_count_files(&t->f, "data.mdb.set-aside-");
}

static inline void flip(const char *path, off_t at)
{
    unsigned char byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

static inline void damage_snapshot(struct test *t, int64_t next_offset)
{
    char path[600];
    (void)snprintf(path, sizeof(path), "%s/snapshots/00-%019d.mdb", folder_of(t), (int)next_offset);
    flip(path, 9000);
}
#endif
