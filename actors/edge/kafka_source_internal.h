/* What kafka_source.c, kafka_group.c and kafka_partition.c share.
 *
 * kafka_source.c:    the face, the client, the timer, the end
 * kafka_group.c:     membership: assigned, revoked, lost, commits, leaving
 * kafka_partition.c: one partition: where it starts, its queue, its records */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_SOURCE_INTERNAL_H
#define CANDLED_ACTORS_EDGE_KAFKA_SOURCE_INTERNAL_H

#include "actors/edge/kafka_client.h"
#include "actors/edge/kafka_health.h"
#include "actors/edge/kafka_source.h"
#include "actors/record.h"
#include "runtime/actor.h"
#include "runtime/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Prefetched bytes of one partition: librdkafka's own structs come on top, as much again for small
 * records. Five partitions (the default) stay within 32 MiB. */
enum { KAFKA_QUEUED_KIB = 2048 };

enum kafka_partition_state {
    KAFKA_PARTITION_opening,  /* the owner has been asked for an offset */
    KAFKA_PARTITION_locating, /* it knows none: the cluster is being asked */
    KAFKA_PARTITION_ready,    /* the offset is known, librdkafka is not */
    KAFKA_PARTITION_flowing,
};

struct kafka_partition {
    struct actor actor;
    struct kafka_source *source;
    struct actor *reader; /* the partition actor */
    int32_t number;
    enum kafka_partition_state state;
    bool is_revoked;
    bool is_lost;
    int64_t position; /* whatever is below it is dropped */

    rd_kafka_queue_t *queue;
    struct kafka_wakeup wakeup;
    bool is_waiting; /* a SOURCE_RESUME has no answer yet */
    size_t records_max;
    rd_kafka_message_t **messages; /* held until the next SOURCE_RESUME */
    struct record *records;        /* what they say */
    size_t count;
    size_t capacity;
    int64_t quiet_since_ms; /* of the loop's time */

    int64_t commit_offset; /* of the newest checkpoint; -1: committed to the group already */
    int64_t commit_era;
    int64_t commit_acked;

    struct job locate;
    int64_t located;  /* -1: the cluster did not answer */
    bool is_released; /* the memory goes when nobody holds it any more */
    unsigned holders; /* the wake-up's handle, the job */
    struct kafka_partition *next;
};

enum kafka_stop {
    KAFKA_STOP_no,
    KAFKA_STOP_releasing,  /* the owner finishes its partitions */
    KAFKA_STOP_committing, /* the last group offsets */
    KAFKA_STOP_leaving,    /* a static member unsubscribes */
    KAFKA_STOP_closing,
    KAFKA_STOP_done,
};

struct kafka_source {
    struct kafka_source_options options;
    struct kafka_property *properties;
    char *texts; /* the copies that the options point to */
    rd_kafka_t *client;
    rd_kafka_queue_t *queue; /* everything but records */
    struct kafka_wakeup wakeup;
    uv_timer_t timer;
    struct kafka_health health;
    struct metrics_set *metrics;
    struct kafka_partition *partitions;

    bool has_joined;
    bool is_moving;     /* between a revoke and the next assign: no commits */
    bool is_answer_due; /* librdkafka waits for the partitions of a revoke */
    bool is_topic_missing;
    enum status failure;
    bool has_failed;                          /* and the owner knows */
    rd_kafka_resp_err_t last_error;           /* so that a lasting one is logged once */
    rd_kafka_topic_partition_list_t *revoked; /* of the revoke that has no answer yet */
    rd_kafka_topic_partition_list_t
        *left_over; /* offsets of released partitions, for the last commit */
    int64_t poked_ms;

    enum kafka_stop stop;
    int64_t stop_deadline_ms; /* of its present step */
    bool is_commit_answered;

    struct job destroy;
    unsigned holders; /* when destroyed: handles, job, released partitions */
    bool is_destroyed;
};

void kafka_source_fail(struct kafka_source *source, enum status why);

int64_t kafka_source_now_ms(const struct kafka_source *source);

/* Somebody who held the source after its end is gone. */
void kafka_source_let_go(struct kafka_source *source);

struct kafka_partition *kafka_source_find(struct kafka_source *source, int32_t partition);

/* Prefetching may have stopped at its limit, and 2.0 and 2.1 look again only after up to a second.
 */
void kafka_source_poke(struct kafka_source *source);

/* Reads the source's queue to its end, or so far that the loop may breathe. */
void kafka_group_poll(struct kafka_source *source);

/* Answers what can be answered, starts what can be started, and goes on stopping. */
void kafka_group_advance(struct kafka_source *source);

/* Once a second. */
void kafka_group_tick(struct kafka_source *source);

/* An empty list of the source's client. */
rd_kafka_topic_partition_list_t *kafka_group_list(void);

void kafka_group_add_commit(rd_kafka_topic_partition_list_t *list, struct kafka_partition *p);

struct kafka_partition *kafka_partition_create(struct kafka_source *source, int32_t number);

void kafka_partition_locate(struct kafka_partition *p);

/* Its queue no longer leads to the source's: from here on records may come. */
MUST_CHECK enum status kafka_partition_open(struct kafka_partition *p);

/* Once a second: says that it is caught up and quiet. */
void kafka_partition_tick(struct kafka_partition *p);

/* What was quiet until now is not known to have been. */
void kafka_partition_disturb(struct kafka_partition *p);

void kafka_partition_release(struct kafka_partition *p);

#endif
