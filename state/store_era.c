#include "state/meta_fields.h"
#include "state/store_internal.h"
#include "state/store_write.h"
#include "state/txn.h"

static enum status empty(struct txn *txn, enum store_table table)
{
    struct store *store = txn->store;
    return store_status_of_write(store, mdb_drop(txn->handle, store->tables[table], 0), "mdb_drop");
}

/* What was made from the log goes; what the sinks are owed, and what they have, stays. */
static enum status forget(void *context, struct txn *txn, struct meta *meta)
{
    static const enum store_table made_from_the_log[] = {TABLE_actors, TABLE_candles, TABLE_expiry};
    (void)context;
    (void)meta;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_COUNT(made_from_the_log) && status == STATUS_OK; i++) {
        status = empty(txn, made_from_the_log[i]);
    }
    return status;
}

static enum status keep(void *context, struct txn *txn, struct meta *meta)
{
    (void)context;
    (void)txn;
    (void)meta;
    return STATUS_OK;
}

enum status store_begin_era(struct store *store, int64_t era, bool forgets)
{
    const struct meta fresh = meta_fields_default();
    struct meta wanted = store->meta;

    wanted.era = era;
    wanted.topic_partitions = 0; /* an era may begin because it has changed */
    if (forgets) {
        wanted.next_offset = fresh.next_offset;
        wanted.stream_time_ms = fresh.stream_time_ms;
        wanted.floor_ms = fresh.floor_ms;
        wanted.short_until_ms = fresh.short_until_ms;
        wanted.fingerprint = fresh.fingerprint;
        wanted.owed_from = fresh.owed_from; /* an offset of the log as it was */
    }
    return store_write(store, &wanted, forgets ? forget : keep, NULL);
}
