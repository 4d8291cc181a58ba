/* A store, and snapshots of it. */
#ifndef CANDLED_TESTS_UNIT_STATE_SNAPSHOT_FIXTURE_H
#define CANDLED_TESTS_UNIT_STATE_SNAPSHOT_FIXTURE_H

#include "state/snapshot.h"

#include "runtime/base.h"
#include "state/folder.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int setup(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    *state = &f;
    return 0;
}

static inline int teardown(void **state)
{
    fixture_deinit(*state);
    return 0;
}

static inline void commit_at(struct fixture *f, int64_t next_offset)
{
    char value[32];
    (void)snprintf(value, sizeof(value), "%d", (int)next_offset);
    f->meta.next_offset = next_offset;
    fixture_put(f, "offset", value);
    assert_int_equal(fixture_commit(f), STATUS_OK);
}

static inline struct snapshot take(struct fixture *f, int64_t next_offset)
{
    struct snapshot snapshot;
    commit_at(f, next_offset);
    assert_int_equal(snapshot_create(f->store, NULL, &snapshot), STATUS_OK);
    return snapshot;
}

static inline const char *folder_of(struct fixture *f)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/klines/3", f->data_dir);
    return path;
}

static inline const char *file_of(struct fixture *f, const char *name, const char *suffix,
                                  char path[512])
{
    (void)snprintf(path, 512, "%s/klines/3/snapshots/%s%s", f->data_dir, name, suffix);
    return path;
}

static inline void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
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

static inline void assert_same(const struct snapshot *a, const struct snapshot *b)
{
    char text_a[SNAPSHOT_MANIFEST_MAX];
    char text_b[SNAPSHOT_MANIFEST_MAX];
    (void)snapshot_print(a, text_a);
    (void)snapshot_print(b, text_b);
    assert_string_equal(text_a, text_b);
}

static inline size_t count(struct fixture *f)
{
    struct snapshots snapshots;
    assert_int_equal(snapshot_list(folder_of(f), &snapshots), STATUS_OK);
    size_t found = snapshots.count;
    snapshot_destroy_list(&snapshots);
    assert_null(snapshots.items);
    return found;
}

#endif
