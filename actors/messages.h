/* Every message: who sends it, who receives it, what it carries. This file is the architecture.
 *
 * A request has one answer, and nobody asks twice before it comes; IDLE, GREW, ACKED, ATTACH,
 * FORGOT, REFILLED and DRAIN are news and want none. That is why mailboxes are small and
 * actor_send() cannot fail. What a payload points at is borrowed from the asker until the answer,
 * unless it says otherwise.
 *
 * Actors of one partition: partition, symbols, dispatchers (one a sink), store_writer,
 * store_reader. Shared by the partitions of a process: source, and one edge a sink. */
#ifndef CANDLED_ACTORS_MESSAGES_H
#define CANDLED_ACTORS_MESSAGES_H

#include "actors/delivery.h"
#include "actors/record.h"
#include "proto/kline.h"
#include "runtime/status.h"
#include "state/outbox.h"
#include "state/schema.h"
#include "state/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct refill_page;

/* clang-format off */
#define MESSAGES_TABLE(X)                                                                                    \
    /* name            payload          from          to             meaning                              */ \
    X(SOURCE_RESUME,   source_resume,   partition,    source,        "records from here on, please")         \
    X(SOURCE_RECORDS,  source_records,  source,       partition,     "here they are")                        \
    X(SOURCE_IDLE,     source_idle,     source,       partition,     "caught up, and quiet for so long")     \
    X(SLICE_END,       none,            partition,    partition,     "the klines sent before are applied")   \
    X(WAKE,            none,            partition,    partition,     "its deadline has come")                \
    X(KLINE,           kline,           partition,    symbol,        "a closed kline")                       \
    X(WINDOWS_DUE,     windows_due,     partition,    symbol,        "event time has passed a deadline")     \
    X(SAVE,            none,            partition,    symbol,        "put what changed into the batch")      \
    X(STORE_COMMIT,    store_commit,    partition,    store_writer,  "make this last")                       \
    X(STORE_COMMITTED, store_committed, store_writer, partition,     "it lasts, or why not")                 \
    X(OUTBOX_GREW,     outbox_grew,     partition,    dispatcher,    "there is work up to here")             \
    X(QUIET_OVER,      quiet_over,      partition,    dispatcher,    "the past is rebuilt; what a sink has is known") \
    X(OUTBOX_READ,     outbox_read,     dispatcher,   store_reader,  "entries after this one, please")       \
    X(OUTBOX_ROWS,     outbox_rows,     store_reader, dispatcher,    "here they are")                        \
    X(OUTBOX_ACKED,    outbox_acked,    dispatcher,   partition,     "the sink has these, or never will")    \
    X(SINK_DELIVER,    sink_deliver,    dispatcher,   sink,          "write these")                          \
    X(SINK_CANCEL,     none,            dispatcher,   sink,          "answer for it soon, written or not")   \
    X(SINK_DELIVERED,  sink_delivered,  sink,         dispatcher,    "written, or why not")                  \
    X(SINK_ATTACH,     sink_attach,     dispatcher,   sink,          "tell me if you forget")                \
    X(SINK_FORGOT,     sink_forgot,     sink,         dispatcher,    "what was acknowledged is gone")        \
    X(REFILL_READ,     refill_read,     dispatcher,   store_reader,  "candles after this one, please")       \
    X(REFILL_ROWS,     refill_rows,     store_reader, dispatcher,    "here they are")                        \
    X(SINK_REFILLED,   sink_refilled,   dispatcher,   sink,          "it has everything again")              \
    X(SINK_DETACH,     none,            dispatcher,   sink,          "I am about to go")                     \
    X(SINK_DETACHED,   none,            sink,         dispatcher,    "you are forgotten")                    \
    X(HALT,            halt,            owner,        partition,     "read no more: see partition.h")        \
    X(DRAIN,           drain,           owner,        partition,     "finish and stop: see partition.h")
/* clang-format on */

/* The empty payload. */
struct msg_none {
    char unused;
};

/* Asks for a first or a next slice. The source answers when it has at least one record: it keeps
 * the slice before alive until then. */
struct msg_source_resume {
    size_t records_max;
};

struct msg_source_records {
    const struct record *records; /* alive until the next SOURCE_RESUME */
    size_t count;
    bool is_drained; /* the source has no more at this moment: the batch should end */
    int64_t log_end; /* the offset after the log's last record, as far as known; -1: unknown */
};

/* Sent about once a second while a partition waits for records that do not come. */
struct msg_source_idle {
    int64_t wall_ms;  /* the time of day */
    int64_t quiet_ms; /* since the last record; the partition is caught up all that time */
};

struct msg_kline {
    const struct kline *kline; /* alive until the slice ends */
    int64_t revision;
    int64_t stream_time_ms; /* with this record counted in */
};

/* Windows whose deadline (end + grace) is <= until_ms are to be emitted as they are. */
struct msg_windows_due {
    int64_t until_ms;
};

struct msg_store_commit {
    const struct checkpoint *checkpoint;
};

struct msg_store_committed {
    enum status status;
};

struct msg_outbox_grew {
    int64_t last_sequence;
    bool has_dead_letters;    /* what was added */
    interval_set intervals;   /* of the candles that were added */
    struct outbox_rows *rows; /* what was added, when it is little, else NULL; the receiver's */
};

/* How far the sink had acknowledged before the state was lost; see acked.h. */
struct msg_quiet_over {
    int64_t acked_revision;
    int64_t acked_count;
};

struct msg_outbox_read {
    int64_t after;
    struct outbox_filter filter;
    size_t rows_max;
    size_t bytes_max;
};

struct msg_outbox_rows {
    enum status status;
    struct outbox_rows *rows; /* goes to the receiver; NULL unless OK */
};

/* Rejections become dead letters in the same commit that moves the cursor. */
struct msg_outbox_acked {
    enum sink sink;
    int64_t sequence;
    int64_t revision; /* with count: how far it has acknowledged, see acked.h; -1: not known */
    int64_t count;
    int64_t life;                  /* 0: not known */
    struct rejections *rejections; /* goes to the receiver; may be NULL */
};

struct msg_sink_deliver {
    struct delivery *delivery; /* the sink may fill in its results */
};

struct msg_sink_delivered {
    enum status status; /* OK: every row is written, stale, or in the delivery's rejections */
    struct delivery *delivery;
};

/* To sinks that may forget (see struct pipeline_sink); they know the asker until its DETACH. */
struct msg_sink_attach {
    const char *topic; /* outlives the asker */
    int32_t partition;
    int64_t acked_revision; /* how far the sink has acknowledged, see acked.h; -1: nothing ever */
    int64_t acked_count;
    int64_t life;
};

/* A number for each time: the refill that follows says which one it makes good. */
struct msg_sink_forgot {
    int64_t loss;
};

struct msg_refill_read {
    struct refill_page *page; /* the reader's until the answer */
};

struct msg_refill_rows {
    enum status status;
    struct refill_page *page; /* its rows are filled in when OK */
};

struct msg_sink_refilled {
    int64_t loss;
    int64_t count; /* of candles */
};

struct msg_halt {
    enum status why;
};

struct msg_drain {
    int64_t deadline_ms; /* monotonic: when to stop waiting for the sinks */
};

enum msg_type {
#define X(name, payload, ...) MSG_##name,
    MESSAGES_TABLE(X)
#undef X
};

struct msg {
    enum msg_type type;
    struct actor *from; /* where the answer goes */
    union {
#define X(name, payload, ...) struct msg_##payload as_##name;
        MESSAGES_TABLE(X)
#undef X
    };
};

const char *messages_name(enum msg_type type);

#endif
