/* What a partition's state says of itself: where it stands in the log, and what each sink has. */
#ifndef CANDLED_STATE_META_H
#define CANDLED_STATE_META_H

#include "state/schema.h"

#include <stdbool.h>
#include <stdint.h>

enum { META_TEXT_MAX = 256, META_NO_CURSOR = -1 };

/* No enumerator can hold it. */
#define META_NO_TIME INT64_MIN

/* A floor that the first event time decides: see struct meta. */
#define META_FLOOR_DUE (INT64_MIN + 1)

/* Tells one record of the log from another. */
struct record_fingerprint {
    int64_t timestamp_ms;
    uint64_t size;
    uint32_t crc32c; /* of key and value */
    bool is_known;   /* false: no record yet */
};

struct meta {
    int64_t format;
    char cluster[META_TEXT_MAX]; /* empty: not told by the broker */
    char topic[META_TEXT_MAX];
    int32_t partition;
    int64_t era;
    int64_t next_offset;    /* -1: nothing was read yet */
    int64_t stream_time_ms; /* META_NO_TIME: none yet */
    /* No window that opens before it is emitted: who began inside it says nothing about it.
     * META_NO_TIME: none. META_FLOOR_DUE: the first event time read + grace. */
    int64_t floor_ms;
    int64_t keep_ms; /* so long is kept what is stored now: struct candle_rules; 0: not known */
    /* Then it became more: what opens before is kept for short_keep_ms only. META_NO_TIME: never.
     */
    int64_t short_until_ms;
    int64_t short_keep_ms;
    /* What records below this offset emit, every sink has: they rebuild state, and are not told
     * again. 0: all are told. */
    int64_t quiet_until;
    int32_t topic_partitions;              /* of the topic when we last looked; 0: never */
    struct record_fingerprint fingerprint; /* of the record before next_offset */
    char boot_id[64];                      /* of the kernel that wrote last */
    bool is_clean; /* the environment was closed, and synced, after its last commit */
    int64_t
        owed_from; /* what records below this offset made, no sink is owed any more; 0: not known */
    int64_t outbox_next;         /* the sequence of the next entry; the first is 1 */
    int64_t outbox_bytes;        /* payload bytes in the outbox */
    int64_t cursors[SINK_COUNT]; /* the last sequence acknowledged; META_NO_CURSOR: sink disabled */
    int64_t acked_revisions[SINK_COUNT]; /* the highest acknowledged; META_NO_CURSOR: none yet */
    int64_t acked_counts[SINK_COUNT];    /* of deliveries acknowledged since that revision was */
    int64_t lives[SINK_COUNT]; /* which memory of the sink acknowledged them; 0: not known */
    char settings[1024];       /* the semantic settings, as text */
    int64_t settings_offset;   /* from which they hold */
};

#endif
