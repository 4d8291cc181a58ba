/* The Kafka source: the partitions of a topic that are this process's, their queues on the loop.
 *
 * Which ones they are, the group says (cooperative-sticky; a static membership when an instance id
 * is given), or the shard's index (ordinal). Two clients share the work: one is the member of the
 * group, commits, and never reads; the other reads, and knows of no group. So a partition that is
 * being given back holds up no other.
 * Start offsets are explicit: when a partition is assigned the owner is asked to open it and
 * answers with the offset; only then does it flow. Each partition has its own librdkafka queue,
 * read only as far as its partition actor asks: backpressure needs no pause.
 * Records are borrowed from librdkafka from SOURCE_RECORDS to the next SOURCE_RESUME.
 * Thread: the loop's; calls that block run in jobs. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_SOURCE_H
#define CANDLED_ACTORS_EDGE_KAFKA_SOURCE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct kafka_mark;
struct kafka_property;
struct kafka_source;
struct loop;
struct metrics;

enum kafka_start { KAFKA_START_earliest, KAFKA_START_latest, KAFKA_START_time };

enum kafka_assignment {
    KAFKA_ASSIGNMENT_group,   /* the group says which partitions are ours */
    KAFKA_ASSIGNMENT_ordinal, /* every shard_count-th, from shard_index on */
};

/* What the owner (ops/shard.c) does for the source. `assigned` and `revoked` are answered by the
 * functions below, later or at once; a partition may be revoked before it was started.
 * In a call the owner may use the source, but not destroy it. */
struct kafka_source_owner {
    void *context;
    /* How many partitions the topic has: before the first `assigned`, and when it has changed. No
     * partition is assigned whose number is not below it. */
    void (*partition_count)(void *context, int32_t count);
    /* A partition is ours: open its state, then call kafka_source_start_partition(). */
    void (*assigned)(void *context, int32_t partition);
    /* It is to be given back: finish it, then call kafka_source_release(); no more records come.
     * is_lost: somebody else may have it already, so drop it at once and flush nothing. A partition
     * that was revoked may be lost before it is released: then this comes a second time, with
     * is_lost. */
    void (*revoked)(void *context, int32_t partition, bool is_lost);
    /* The log does not hold the next offset of this partition (the log line says which). It stays
     * ours and flows no more, until it is revoked and released as ever. */
    void (*lost_log)(void *context, int32_t partition);
    /* A client gave up for good (STATUS_PEER_FATAL), or the system refused a descriptor: the
     * process should exit. Comes once. */
    void (*failed)(void *context, enum status status);
    /* After kafka_source_stop(): the group is left, or did not let us go in time. */
    void (*stopped)(void *context);
};

struct kafka_source_options {
    struct loop *loop;       /* borrowed */
    struct metrics *metrics; /* borrowed */
    const char *brokers;     /* copied, as are the other texts */
    const char *topic;
    const char *group;
    enum kafka_assignment assignment;
    int32_t shard_count; /* with KAFKA_ASSIGNMENT_ordinal, as is shard_index */
    int32_t shard_index;
    const char *instance_id; /* empty: dynamic membership */
    int64_t session_timeout_ms;
    enum kafka_start start;
    int64_t start_time_ms; /* with KAFKA_START_time */
    bool moves_partitions; /* a stop gives a static member's partitions to the others at once */
    const struct kafka_property *properties; /* ends with a NULL name */
    struct kafka_source_owner owner;
};

MUST_CHECK enum status kafka_source_create(const struct kafka_source_options *options,
                                           struct kafka_source **out_source);

/* Lets an assigned partition flow from `offset` into `partition_actor` (to which SOURCE_RECORDS and
 * SOURCE_IDLE go, and from which SOURCE_RESUME comes, to kafka_source_actor()). offset -1: the
 * store knows nothing, start where the options say. */
void kafka_source_start_partition(struct kafka_source *source, int32_t partition, int64_t offset,
                                  struct actor *partition_actor);

/* The actor that answers SOURCE_RESUME for one partition; valid from `assigned` to the release. */
struct actor *kafka_source_actor(struct kafka_source *source, int32_t partition);

/* The owner has let go of the partition; its actor is told nothing more, and must not ask again. */
void kafka_source_release(struct kafka_source *source, int32_t partition);

/* For lag tools: commits the group's offset with what kafka_mark.h says, without waiting; at most
 * once a second, the newest, and never while the group moves partitions. */
void kafka_source_commit(struct kafka_source *source, int32_t partition, int64_t next_offset,
                         const struct kafka_mark *mark);

/* True: at some moment after the question, the group knew us by the generation in which our
 * partitions are ours. False: it does not, and those partitions are lost (`revoked` says so, before
 * or after). */
typedef void kafka_source_confirmed_fn(void *context, bool is_confirmed);

/* Asks the group whether we are still a member, however long its answer takes; for who stood still
 * longer than a session may. Answered from a later round of the loop; a new question takes the
 * place of one that has no answer yet. With ordinal assignment the answer is yes. */
void kafka_source_confirm(struct kafka_source *source, kafka_source_confirmed_fn *callback,
                          void *context);

bool kafka_source_is_up(const struct kafka_source *source);

/* True once the group has given an answer (even with no partition for us), until it has taken all
 * away because it lost sight of us. */
bool kafka_source_has_joined(const struct kafka_source *source);

/* The stop that is to come gives a static member's partitions to the others at once, whatever the
 * options said. */
void kafka_source_move_at_stop(struct kafka_source *source);

/* Leaves the group: `revoked` comes for each partition, then, when all are released, `stopped`. */
void kafka_source_stop(struct kafka_source *source);

/* After `stopped`, or without it to drop everything at once. Memory and the clients' threads go in
 * later rounds of the loop (see loop_drain()). */
void kafka_source_destroy(struct kafka_source **source_p);

#endif
