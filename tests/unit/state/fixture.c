#include "tests/unit/state/fixture.h"

#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/layout.h"
#include "state/meta_fields.h"
#include "tests/unit/cmocka.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fixture_init(struct fixture *f, const char *parent)
{
    *f = (struct fixture){.batch = batch_create(), .sweep_max = 1000, .trim_max = 1000};
    (void)snprintf(f->data_dir, sizeof(f->data_dir), "%s/candled-state-XXXXXX", parent);
    assert_non_null(mkdtemp(f->data_dir));
    f->options = (struct store_options){
        .data_dir = f->data_dir,
        .topic = "klines",
        .partition = 3,
        .boot_id = "boot-a",
        .map_bytes = 1 << 20,
    };
    f->meta = meta_fields_default();
    /* Tests provoke failures: their lines would bury the one that counts. */
    log_configure(LOG_LEVEL_error, false);
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void fixture_deinit(struct fixture *f)
{
    store_close(&f->store);
    batch_destroy(&f->batch);
    (void)nftw(f->data_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void fixture_open(struct fixture *f)
{
    assert_int_equal(store_open(&f->options, &f->store), STATUS_OK);
    f->meta = *store_meta(f->store);
}

int fixture_setup_outbox(void **state)
{
    static struct fixture f;
    fixture_init(&f, "/tmp");
    f.options.sync = STORE_SYNC_boot;
    fixture_open(&f);
    f.meta.cursors[SINK_redis] = 0;
    *state = &f;
    return 0;
}

int fixture_teardown_outbox(void **state)
{
    fixture_deinit(*state);
    return 0;
}

void fixture_reopen(struct fixture *f)
{
    store_close(&f->store);
    fixture_open(f);
}

enum status fixture_commit(struct fixture *f)
{
    struct checkpoint checkpoint = {f->batch, &f->meta, f->sweep_max, f->trim_max};
    enum status status = store_commit(f->store, &checkpoint);
    batch_clear(f->batch);
    return status;
}

void fixture_put(struct fixture *f, const char *key, const char *value)
{
    batch_put(f->batch, TABLE_actors, slice_of_text(key), slice_of_text(value));
}

void fixture_put_candle(struct fixture *f, const char *key, const char *value, int64_t expire_ms)
{
    batch_put_candle(f->batch, slice_of_text(key), slice_of_text(value), expire_ms);
}

static void put_entry(struct fixture *f, int64_t sequence, enum outbox_kind kind,
                      enum interval interval, struct slice payload)
{
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    unsigned char *value = mem_new(payload.size + 2, 1);
    layout_outbox_key(sequence, key);
    size_t size = outbox_encode(kind, interval, payload, value);
    batch_put(f->batch, TABLE_outbox, SLICE_OF(key), (struct slice){value, size});
    mem_free(value);
    if (f->meta.outbox_next <= sequence) {
        f->meta.outbox_next = sequence + 1;
    }
}

void fixture_put_entry(struct fixture *f, int64_t sequence, const char *payload)
{
    put_entry(f, sequence, OUTBOX_candle, INTERVAL_5m, slice_of_text(payload));
}

void fixture_put_row(struct fixture *f, enum outbox_kind kind, enum interval interval,
                     struct slice payload)
{
    put_entry(f, f->meta.outbox_next, kind, interval, payload);
}

enum status fixture_get(struct fixture *f, enum store_table table, struct slice key, char **out)
{
    struct store_view *view = store_view_create(f->store);
    struct slice value;
    enum status status = store_view_open(view);
    if (status == STATUS_OK) {
        status = store_view_get(view, table, key, &value);
        if (status == STATUS_OK) {
            *out = mem_new(value.size + 1, 1);
            if (value.size > 0) {
                memcpy(*out, value.bytes, value.size);
            }
        }
        store_view_close(view);
    }
    store_view_destroy(&view);
    return status;
}

bool fixture_holds(struct fixture *f, enum store_table table, const char *key, const char *value)
{
    char *found = NULL;
    bool is_same =
        fixture_get(f, table, slice_of_text(key), &found) == STATUS_OK && strcmp(found, value) == 0;
    mem_free(found);
    return is_same;
}

bool fixture_lacks(struct fixture *f, enum store_table table, const char *key)
{
    char *found = NULL;
    bool is_missing = fixture_get(f, table, slice_of_text(key), &found) == STATUS_NOT_FOUND;
    mem_free(found);
    return is_missing;
}

size_t fixture_entries(struct fixture *f, enum store_table table)
{
    struct store_stats stats;
    assert_int_equal(store_stats(f->store, &stats), STATUS_OK);
    return stats.entries[table];
}

const char *fixture_file(const struct fixture *f, const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/klines/3/%s", f->data_dir, name);
    return path;
}

size_t fixture_count_files(const struct fixture *f, const char *prefix)
{
    char path[512];
    size_t count = 0;
    DIR *folder = opendir(fixture_file(f, "", path));
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    (void)closedir(folder);
    return count;
}
