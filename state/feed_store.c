#include "state/feed_store.h"

#include "runtime/log.h"
#include "state/bytes.h"
#include "state/feed_store_internal.h"

#include <errno.h>
#include <sys/statvfs.h>

enum { DISK_ROOM_MIN = 1 << 20 };

static const char *const table_names[] = {
#define X(name, key, value) #name,
    FEED_TABLES(X)
#undef X
};

const char *feed_store_table_name(enum feed_table table)
{
    return table_names[table];
}

static bool is_disk_full(const struct feed_store *s, int code)
{
    struct statvfs disk;
    if (code == ENOSPC || code == EDQUOT || code == EFBIG || code == MDB_MAP_FULL) {
        return true;
    }
    /* LMDB says EIO when a write was cut short, which is how a disk that fills up begins. */
    return code == EIO && statvfs(s->folder, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < DISK_ROOM_MIN;
}

static void log_failure(const struct feed_store *s, int code, const char *call)
{
    log_event(LOG_store_call_failed, log_text("call", call), log_text("error", mdb_strerror(code)),
              log_text("folder", s->folder));
}

enum status feed_store_status(struct feed_store *s, int code, const char *call)
{
    if (code == MDB_SUCCESS) {
        return STATUS_OK;
    }
    if (code == MDB_NOTFOUND) {
        return STATUS_NOT_FOUND;
    }
    bool is_full = is_disk_full(s, code);
    if (!is_full || !s->is_disk_full) {
        log_failure(s, code, call);
    }
    if (is_full) {
        s->is_disk_full = true;
        return STATUS_DISK_FULL;
    }
    return code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
                   code == MDB_VERSION_MISMATCH
               ? STATUS_CORRUPT
               : STATUS_IO;
}

static MDB_val to_val(struct slice slice)
{
    return (MDB_val){.mv_size = slice.size, .mv_data = (void *)(uintptr_t)slice.bytes};
}

static struct slice to_slice(MDB_val val)
{
    return (struct slice){val.mv_data, val.mv_size};
}

/* Checks the sum and takes it off. */
static bool open_value(enum feed_table table, struct slice key, MDB_val stored,
                       struct slice *out_value)
{
    const unsigned char *bytes = stored.mv_data;
    if (stored.mv_size < FEED_CRC_SIZE) {
        return false;
    }
    *out_value = (struct slice){bytes + FEED_CRC_SIZE, stored.mv_size - FEED_CRC_SIZE};
    return bytes_get_le(bytes, FEED_CRC_SIZE) == feed_batch_checksum(table, key, *out_value);
}

static void log_damage(const struct feed_store *s, enum feed_table table)
{
    log_event(LOG_store_damaged, log_text("table", table_names[table]),
              log_text("folder", s->folder));
}

/* False ends the walk. */
typedef bool visit_fn(void *context, struct slice key, struct slice value);

struct walk {
    struct feed_store *store;
    enum feed_table table;
    struct slice after; /* size 0: from the first */
    visit_fn *visit;
    void *context;
};

static void visit_one(const struct walk *w, MDB_val key, MDB_val stored, bool *goes_on)
{
    struct slice value;
    if (!open_value(w->table, to_slice(key), stored, &value)) {
        log_damage(w->store, w->table);
        return;
    }
    *goes_on = w->visit(w->context, to_slice(key), value);
}

static int walk_cursor(const struct walk *w, MDB_cursor *cursor)
{
    MDB_val key = to_val(w->after);
    MDB_val stored;
    bool goes_on = true;

    int rc = mdb_cursor_get(cursor, &key, &stored, w->after.size > 0 ? MDB_SET_RANGE : MDB_FIRST);
    if (rc == 0 && slice_equals(to_slice(key), w->after)) {
        rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
    }
    while (rc == 0 && goes_on) {
        visit_one(w, key, stored, &goes_on);
        if (goes_on) {
            rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
        }
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static enum status walk(const struct walk *w)
{
    struct feed_store *s = w->store;
    MDB_txn *txn;
    MDB_cursor *cursor;

    int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return feed_store_status(s, rc, "mdb_txn_begin");
    }
    rc = mdb_cursor_open(txn, s->tables[w->table], &cursor);
    if (rc == 0) {
        rc = walk_cursor(w, cursor);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return feed_store_status(s, rc, "mdb_cursor_get");
}

/* The size of a frame that is there; 0: there is none. */
static size_t frame_size(struct feed_store *s, MDB_txn *txn, MDB_val key)
{
    MDB_val stored;
    return mdb_get(txn, s->tables[FEED_TABLE_spool], &key, &stored) == 0 ? stored.mv_size : 0;
}

/* What a batch does to the spool. */
struct spool_change {
    int64_t bytes;
    int64_t frames;
};

static int apply_one(struct feed_store *s, MDB_txn *txn, const struct feed_change *change,
                     struct spool_change *spool)
{
    MDB_val key = to_val(change->key);
    MDB_val value = to_val(change->value);
    bool is_frame = change->table == FEED_TABLE_spool;

    if (change->is_delete) {
        size_t size = is_frame ? frame_size(s, txn, key) : 0;
        spool->bytes -= (int64_t)size;
        spool->frames -= size > 0;
        int rc = mdb_del(txn, s->tables[change->table], &key, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    if (is_frame) {
        spool->bytes += (int64_t)change->value.size;
        spool->frames++;
    }
    return mdb_put(txn, s->tables[change->table], &key, &value, 0);
}

static int apply(struct feed_store *s, MDB_txn *txn, const struct feed_batch *batch,
                 struct spool_change *spool)
{
    struct feed_change change;
    size_t at = 0;
    int rc = 0;
    while (rc == 0 && feed_batch_next(batch, &at, &change)) {
        rc = apply_one(s, txn, &change, spool);
    }
    return rc;
}

enum status feed_store_commit(struct feed_store *s, const struct feed_batch *batch)
{
    struct spool_change spool = {0, 0};
    MDB_txn *txn;

    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc != 0) {
        return feed_store_status(s, rc, "mdb_txn_begin");
    }
    rc = apply(s, txn, batch, &spool);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return feed_store_status(s, rc, "mdb_put");
    }
    rc = mdb_txn_commit(txn);
    if (rc == 0) {
        atomic_fetch_add(&s->spool_bytes, spool.bytes);
        atomic_fetch_add(&s->spool_frames, spool.frames);
        s->is_disk_full = false;
    }
    return feed_store_status(s, rc, "mdb_txn_commit");
}

struct frame_visit {
    feed_store_frame_fn *visit;
    void *context;
};

static bool visit_frame(void *context, struct slice key, struct slice value)
{
    const struct frame_visit *v = context;
    struct feed_frame frame;
    return !feed_batch_read_frame(key, value, &frame) || v->visit(v->context, &frame);
}

enum status feed_store_frames(struct feed_store *s, uint64_t after, feed_store_frame_fn *visit,
                              void *context)
{
    struct frame_visit v = {visit, context};
    unsigned char key[sizeof(after)];
    bytes_put_be(key, sizeof(key), after);
    struct walk w = {s, FEED_TABLE_spool, {key, sizeof(key)}, visit_frame, &v};
    return walk(&w);
}

struct symbol_visit {
    feed_store_symbol_fn *visit;
    void *context;
};

static bool visit_symbol(void *context, struct slice key, struct slice value)
{
    const struct symbol_visit *v = context;
    struct feed_symbol symbol;
    if (feed_batch_read_symbol(key, value, &symbol)) {
        v->visit(v->context, &symbol);
    }
    return true;
}

enum status feed_store_symbols(struct feed_store *s, feed_store_symbol_fn *visit, void *context)
{
    struct symbol_visit v = {visit, context};
    struct walk w = {s, FEED_TABLE_symbols, {NULL, 0}, visit_symbol, &v};
    return walk(&w);
}

struct hole_visit {
    feed_store_hole_fn *visit;
    void *context;
};

static bool visit_hole(void *context, struct slice key, struct slice value)
{
    const struct hole_visit *v = context;
    struct feed_hole hole;
    if (feed_batch_read_hole(key, value, &hole)) {
        v->visit(v->context, &hole);
    }
    return true;
}

enum status feed_store_holes(struct feed_store *s, feed_store_hole_fn *visit, void *context)
{
    struct hole_visit v = {visit, context};
    struct walk w = {s, FEED_TABLE_holes, {NULL, 0}, visit_hole, &v};
    return walk(&w);
}

int64_t feed_store_spool_bytes(const struct feed_store *s)
{
    return atomic_load(&s->spool_bytes);
}

int64_t feed_store_spool_frames(const struct feed_store *s)
{
    return atomic_load(&s->spool_frames);
}

uint64_t feed_store_last_sequence(const struct feed_store *s)
{
    return s->last_sequence;
}
