#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/feed_store_internal.h"
#include "state/folder.h"
#include "state/mdb_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { READERS_MAX = 16, FILE_MODE = 0640, MAP_SPARE = 256 << 20 };

#define FOLDER_NAME "collect"
#define FORMAT_KEY "format"
#define FORMAT "1"

static MDB_val to_val(const char *text)
{
    return (MDB_val){.mv_size = strlen(text), .mv_data = (void *)(uintptr_t)text};
}

static struct slice to_slice(MDB_val val)
{
    return (struct slice){val.mv_data, val.mv_size};
}

static enum status refuse_format(const struct feed_store *s, struct slice found)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.*s", (int)found.size, (const char *)found.bytes);
    log_event(LOG_store_refused, log_text("folder", s->folder), log_text("format", text),
              log_text("reason", "another version of candled wrote it"));
    return STATUS_OLD_FORMAT;
}

/* A store without tables is new. */
static enum status check_format(struct feed_store *s, MDB_txn *txn)
{
    MDB_val key = to_val(FORMAT_KEY);
    MDB_val value = to_val(FORMAT);
    MDB_val found;

    int rc = mdb_get(txn, s->tables[FEED_TABLE_meta], &key, &found);
    if (rc == MDB_NOTFOUND && !s->is_read_only) {
        return feed_store_status(s, mdb_put(txn, s->tables[FEED_TABLE_meta], &key, &value, 0),
                                 "mdb_put");
    }
    if (rc == 0 && !slice_equals(to_slice(found), slice_of_text(FORMAT))) {
        return refuse_format(s, to_slice(found));
    }
    return feed_store_status(s, rc, "mdb_get");
}

static enum status open_tables(struct feed_store *s)
{
    MDB_txn *txn;
    enum status status = STATUS_OK;

    int rc = mdb_txn_begin(s->env, NULL, s->is_read_only ? MDB_RDONLY : 0, &txn);
    if (rc != 0) {
        return feed_store_status(s, rc, "mdb_txn_begin");
    }
    for (size_t i = 0; i < FEED_TABLE_COUNT && status == STATUS_OK; i++) {
        rc = mdb_dbi_open(txn, feed_store_table_name((enum feed_table)i),
                          s->is_read_only ? 0 : MDB_CREATE, &s->tables[i]);
        status = feed_store_status(s, rc, "mdb_dbi_open");
    }
    if (status == STATUS_OK) {
        status = check_format(s, txn);
    }
    if (status != STATUS_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return feed_store_status(s, mdb_txn_commit(txn), "mdb_txn_commit");
}

static bool measure(void *context, const struct feed_frame *frame)
{
    struct feed_store *s = context;
    s->last_sequence = frame->sequence;
    s->spool_frames++;
    s->spool_bytes += (int64_t)(frame->symbol.size + frame->value.size) + 13;
    return true;
}

static enum status open_env(struct feed_store *s, const char *path, size_t map_bytes)
{
    int dead;
    enum status status = mdb_file_reserve_lock(path, READERS_MAX);
    if (status != STATUS_OK) {
        return status;
    }
    int rc = mdb_env_create(&s->env);
    if (rc != 0) {
        return feed_store_status(s, rc, "mdb_env_create");
    }
    (void)mdb_env_set_maxdbs(s->env, FEED_TABLE_COUNT);
    (void)mdb_env_set_maxreaders(s->env, READERS_MAX);
    (void)mdb_env_set_mapsize(s->env, map_bytes);
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (s->is_read_only ? MDB_RDONLY : 0);
    rc = mdb_env_open(s->env, path, flags, FILE_MODE);
    if (rc != 0) {
        return feed_store_status(s, rc, "mdb_env_open");
    }
    (void)mdb_reader_check(s->env, &dead);
    return STATUS_OK;
}

static enum status open_file(struct feed_store *s, size_t map_bytes)
{
    char path[4200];
    struct mdb_file file = {.size = 0};

    (void)snprintf(path, sizeof(path), "%s/%s", s->folder, FOLDER_DATA_NAME);
    enum status status = mdb_file_look(path, &file);
    if (status == STATUS_NOT_FOUND && s->is_read_only) {
        return status;
    }
    if (status == STATUS_OK && !s->is_read_only) {
        status = mdb_file_fill(path, &file);
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    map_bytes = map_bytes < file.size * 2 ? (size_t)file.size * 2 : map_bytes;
    status = open_env(s, path, (map_bytes + 65535) / 65536 * 65536);
    if (status == STATUS_OK) {
        status = open_tables(s);
    }
    return status == STATUS_OK ? feed_store_frames(s, 0, measure, s) : status;
}

static void close_env(struct feed_store *s)
{
    if (s->env != NULL) {
        mdb_env_close(s->env);
        s->env = NULL;
    }
}

static enum status open_all(struct feed_store *s, size_t map_bytes)
{
    enum status status = open_file(s, map_bytes);
    if (status != STATUS_CORRUPT || s->is_read_only) {
        return status;
    }
    close_env(s);
    s->spool_bytes = 0;
    s->spool_frames = 0;
    status = folder_set_aside(s->folder, "it is damaged");
    return status == STATUS_OK ? open_file(s, map_bytes) : status;
}

enum status feed_store_open(const struct feed_store_options *options, struct feed_store **out_store)
{
    struct feed_store *s = mem_new(1, sizeof(*s));
    s->lock_fd = -1;
    s->is_read_only = options->is_read_only;
    (void)snprintf(s->folder, sizeof(s->folder), "%.4000s/%s", options->data_dir, FOLDER_NAME);
    enum status status = options->is_read_only ? STATUS_OK : folder_make(s->folder);
    if (status == STATUS_OK && !options->is_read_only) {
        status = folder_check_local(s->folder);
    }
    if (status == STATUS_OK && !options->is_read_only) {
        status = folder_lock(s->folder, &s->lock_fd);
    }
    if (status == STATUS_OK) {
        status = open_all(s, (size_t)options->spool_bytes_max * 2 + MAP_SPARE);
    }
    if (status != STATUS_OK) {
        feed_store_close(&s);
        return status;
    }
    *out_store = s;
    return STATUS_OK;
}

void feed_store_close(struct feed_store **store_p)
{
    struct feed_store *s = *store_p;
    *store_p = NULL;
    if (s == NULL) {
        return;
    }
    close_env(s);
    if (s->lock_fd >= 0) {
        (void)close(s->lock_fd);
    }
    mem_free(s);
}
