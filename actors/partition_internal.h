/* What the files of the partition share. */
#ifndef CANDLED_ACTORS_PARTITION_INTERNAL_H
#define CANDLED_ACTORS_PARTITION_INTERNAL_H

#include "actors/partition.h"

#include "actors/effects.h"
#include "actors/messages.h"
#include "actors/symbol.h"
#include "proto/kline.h"
#include "proto/reason.h"
#include "runtime/hash.h"

/* A symbol's mailbox must hold a slice's klines, a WINDOWS_DUE and a SAVE, and its turn must empty
 * it: that is what makes SLICE_END come after all of them. */
enum { SLICE_KLINES_MAX = ACTOR_TURN_MESSAGES_MAX - 2, SLICE_RECORDS_MAX = 1000 };

enum partition_phase {
    PARTITION_waking, /* see partition_wake.c */
    PARTITION_gathering,
    PARTITION_saving,
    PARTITION_committing,
    PARTITION_retrying, /* the disk is full: the same checkpoint again, later */
};

struct symbol_entry {
    struct symbol *symbol;
    bool is_touched; /* in this batch */
    struct symbol_entry *next_touched;
    UT_hash_handle hh;
    char name[SYMBOL_BYTES_MAX + 1];
};

/* What the batch covers, counted when it lasts. */
struct batch_counts {
    int64_t records;
    int64_t closed;
    int64_t open;
};

struct partition {
    struct actor actor;
    struct partition_options options;
    struct effects effects;
    struct kline_decoder *decoder;
    struct metrics_set *metrics;
    struct symbol_entry *symbols; /* by name */
    struct symbol_entry *touched;
    struct actor *dispatchers[SINK_COUNT]; /* NULL: the sink is off */
    struct metrics_set *owed_metrics[SINK_COUNT];

    enum partition_phase phase;
    char woken_to[SYMBOL_BYTES_MAX + 1];
    bool is_asking;        /* a SOURCE_RESUME has no answer yet */
    bool is_slice_open;    /* a SLICE_END is on its way */
    bool is_batch_open;    /* effects_begin() was called */
    bool is_drained_slice; /* the source had no more when it sent the slice */
    bool is_full;          /* the outbox is */
    bool has_trimmed;      /* the last checkpoint made the outbox smaller: another one may, too */
    bool are_acks_unsaved;

    const struct record *records; /* of the slice in work */
    size_t record_count;
    size_t record_next;
    struct kline klines[SLICE_KLINES_MAX];
    size_t kline_count;
    uint64_t klines_sent;
    int64_t slice_due_ms; /* stream time at which the slice ends */
    int64_t log_end;
    struct batch_counts counts;

    struct checkpoint checkpoint;
    struct meta checkpoint_meta;
    int64_t batch_began_ms;
    int64_t commit_started_ms;
    bool is_retry_told;

    struct rejections *rejected; /* of sinks, to become dead letters in the next batch */
    int64_t told_to;             /* the last outbox entry that the dispatchers know of */
    int64_t rejected_from;       /* offset from which their candles were owed; -1: none */
    struct owed {
        int64_t from;     /* source offset at which it begins; -1: nothing is owed */
        int64_t sequence; /* its last outbox entry */
    } owed, owed_later;   /* the oldest batches that a sink owes, and those after them */
    int64_t batch_from;   /* the first offset of the batch in work; -1: none yet */

    enum status halt; /* why no record after the last one is read; OK: they are */
    bool is_halt_told;
    bool is_quiet; /* and the dispatchers know */

    bool is_draining;
    bool is_stopped;
    int64_t drain_deadline_ms;
    int64_t reason_logged_ms[REASON_COUNT];
    struct metrics_set *reason_metrics[REASON_COUNT];
};

/* partition.c */
extern const struct actor_class partition_class;
struct symbol_entry *partition_add_symbol(struct partition *p, const char *name);
void partition_go_on(struct partition *p);
struct symbol_entry *partition_touch(struct partition *p, const char *symbol);
void partition_send_slice_end(struct partition *p);

/* partition_wake.c */
void partition_wake(struct partition *p);

/* partition_intake.c */
void partition_take_slice(struct partition *p);
/* Tells symbols that windows are due; until they have handled it their next deadlines are not
 * known. False: none were. */
bool partition_fire_due(struct partition *p, int64_t until_ms);
void partition_put_dead_letter(struct partition *p, const struct dead_letter *letter);

/* partition_commit.c */
void partition_end_batch(struct partition *p);
void partition_commit(struct partition *p);
void partition_retry_commit(struct partition *p);
void partition_on_committed(struct partition *p, const struct msg_store_committed *m);
void partition_on_acked(struct partition *p, const struct msg_outbox_acked *m);
bool partition_is_owing(const struct partition *p);
void partition_tell_position(struct partition *p);

#endif
