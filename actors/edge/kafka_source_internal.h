/* What the files of the source share.
 *
 * kafka_source.c:      the face, both clients, the timer, the end
 * kafka_source_conf.c: the clients' configuration
 * kafka_event.c:       what the clients say: each event to whom it concerns
 * kafka_group.c:       membership: assigned, revoked, lost
 * kafka_change.c:      the calls that change a client's assignment, on a worker
 * kafka_topic.c:       how many partitions there are, and which of them are ours without a group
 * kafka_commit.c:      offsets for the group
 * kafka_heartbeat.c:   when the group can have moved without our knowing
 * kafka_confirm.c:     the question whether the group still knows us
 * kafka_leave.c:       the way out
 * kafka_locate.c:      where a partition begins that has no state
 * kafka_partition.c:   one partition: its queue, its records */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_SOURCE_INTERNAL_H
#define CANDLED_ACTORS_EDGE_KAFKA_SOURCE_INTERNAL_H

#include "actors/edge/kafka_client.h"
#include "actors/edge/kafka_health.h"
#include "actors/edge/kafka_mark.h"
#include "actors/edge/kafka_source.h"
#include "actors/record.h"
#include "runtime/actor.h"
#include "runtime/job.h"
#include "runtime/slice.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* What is read ahead of a topic's records, and of one partition at least and at most; librdkafka's
 * own structs come on top, as much again for small records. */
enum { KAFKA_AHEAD_KIB = 20480, KAFKA_AHEAD_KIB_MIN = 2048, KAFKA_AHEAD_KIB_MAX = 4096 };

enum kafka_partition_state {
    KAFKA_PARTITION_opening,   /* the owner has been asked for an offset */
    KAFKA_PARTITION_locating,  /* it knows none: the cluster is being asked */
    KAFKA_PARTITION_assigning, /* the reading client is being told */
    KAFKA_PARTITION_flowing,
    KAFKA_PARTITION_cut, /* the log does not hold its next offset */
};

struct kafka_partition {
    struct actor actor;
    struct kafka_source *source;
    struct actor *reader; /* the partition actor */
    int32_t number;
    enum kafka_partition_state state;
    bool is_told; /* the owner knows that it is ours */
    bool is_revoked;
    bool is_lost;
    int64_t began;    /* the first offset asked for; -1: not known yet */
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

    int64_t commit_offset; /* of the newest checkpoint; -1: there was none yet */
    struct kafka_mark commit_mark;
    bool is_committed; /* and the group was told */

    struct job locate;
    int64_t located;  /* -1: the cluster did not answer */
    bool is_released; /* the memory goes when nobody holds it any more */
    unsigned holders; /* the wake-up's handle, the job, a change under way */
    struct kafka_partition *next;
};

struct kafka_change;

/* One of the two clients. */
struct kafka_link {
    struct kafka_source *source;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue; /* everything but records */
    struct kafka_wakeup wakeup;
    bool is_open; /* the wake-up is */
    bool is_up;   /* its last statistics showed a connection */
    struct job change_job;
    struct kafka_change *changes;           /* that wait for the job, the oldest first */
    struct kafka_change *changes_under_way; /* the job's */
};

/* Times of the monotonic clock. */
struct kafka_heartbeat {
    _Atomic int64_t sent_us; /* the newest, as librdkafka's threads say */
    _Atomic int64_t answered_us;
    int64_t taken_us; /* the statistics that were looked at last */
    int64_t heard_us; /* and the last that left no doubt */
};

enum kafka_stop {
    KAFKA_STOP_no,
    KAFKA_STOP_releasing,  /* the owner finishes its partitions */
    KAFKA_STOP_committing, /* the last group offsets */
    KAFKA_STOP_leaving,    /* a static member unsubscribes */
    KAFKA_STOP_closing,
    KAFKA_STOP_done,
};

enum kafka_confirm_state {
    KAFKA_CONFIRM_idle,
    KAFKA_CONFIRM_wanted, /* it will be asked when the group can be */
    KAFKA_CONFIRM_asked,
    KAFKA_CONFIRM_answered, /* and the callback does not know yet */
};

struct kafka_confirm {
    enum kafka_confirm_state state;
    kafka_source_confirmed_fn *callback;
    void *context;
    bool is_confirmed;
    bool is_under_way; /* a question, perhaps an older one */
};

struct kafka_source {
    struct kafka_source_options options;
    struct kafka_property *properties;
    char *texts; /* the copies that the options point to */
    struct kafka_link group;
    struct kafka_link fetch; /* its client is made when the topic's partitions are counted */
    int32_t ahead_kib;       /* that it may hold of a partition */
    uv_timer_t timer;
    struct kafka_health health;
    struct metrics_set *metrics;
    struct kafka_partition *partitions;

    struct job count_job;
    int32_t partition_count; /* -1: not known yet */
    int32_t counted;         /* by the job, unless it met an error */
    rd_kafka_resp_err_t count_error;
    int64_t counted_ms;

    bool has_joined;
    bool was_assigned;  /* once at least, be it nothing */
    bool is_moving;     /* between a revoke and the next assign */
    bool is_answer_due; /* librdkafka waits for the partitions of a revoke */
    bool is_topic_missing;
    enum status failure;
    bool has_failed;                          /* and the owner knows */
    rd_kafka_resp_err_t last_error;           /* so that a lasting one is logged once */
    rd_kafka_topic_partition_list_t *revoked; /* of the revoke that has no answer yet */
    rd_kafka_topic_partition_list_t
        *left_over; /* offsets of released partitions, for the last commit */
    int64_t poked_ms;

    struct kafka_heartbeat heartbeat;
    int64_t committed_ms;
    rd_kafka_resp_err_t commit_error; /* so that a lasting one is logged once */
    struct kafka_confirm confirm;

    enum kafka_stop stop;
    int64_t stop_deadline_ms; /* of its present step */
    bool is_commit_answered;

    struct job destroy;
    unsigned holders; /* when destroyed: handles, jobs, released partitions */
    bool is_destroyed;
};

static inline bool kafka_source_is_ordinal(const struct kafka_source *source)
{
    return source->options.assignment == KAFKA_ASSIGNMENT_ordinal;
}

void kafka_source_fail(struct kafka_source *source, enum status why);

int64_t kafka_source_now_ms(const struct kafka_source *source);

/* Somebody who held the source after its end is gone. */
void kafka_source_let_go(struct kafka_source *source);

struct kafka_partition *kafka_source_find(struct kafka_source *source, int32_t partition);

/* Prefetching may have stopped at its limit, and 2.0 and 2.1 look again only after up to a second.
 */
void kafka_source_poke(struct kafka_source *source);

/* What librdkafka refuses here changes nothing: the next event says what is so. True: it did not
 * refuse. */
bool kafka_source_accept(rd_kafka_error_t *error, const char *call);

/* The member of the group, which never reads. */
MUST_CHECK enum status kafka_source_conf_group(const struct kafka_source_options *options,
                                               rd_kafka_conf_t **out_conf);

/* What may be read ahead of each of so many partitions. */
int32_t kafka_source_ahead_kib(int32_t partitions);

/* The reader, which reads so much of each partition ahead. */
MUST_CHECK enum status kafka_source_conf_fetch(const struct kafka_source_options *options,
                                               int32_t ahead_kib, rd_kafka_conf_t **out_conf);

/* Makes the reader; there is none. */
MUST_CHECK enum status kafka_source_open_fetch(struct kafka_source *source, int32_t partitions);

/* Reads the link's queue to its end, or so far that the loop may breathe. */
void kafka_event_poll(struct kafka_link *link);

/* An empty list. */
rd_kafka_topic_partition_list_t *kafka_group_list(void);

MUST_CHECK enum status kafka_group_join(struct kafka_source *source);

/* Assign or revoke. */
void kafka_group_on_rebalance(struct kafka_source *source, rd_kafka_event_t *event);

/* Those that are being given back are somebody else's. */
void kafka_group_on_fenced(struct kafka_source *source);

/* The owner is to give it back; one that it does not know of is gone at once. */
void kafka_group_ask_back(struct kafka_partition *p, bool is_lost);

/* Tells the owner of those that it does not know of, and whose number the topic is known to have.
 */
void kafka_group_tell(struct kafka_source *source);

/* Answers what can be answered, and goes on stopping. */
void kafka_group_advance(struct kafka_source *source);

/* Once a second. */
void kafka_group_tick(struct kafka_source *source);

/* Assigns or unassigns, after all that was asked of this client before; takes the list over.
 * `partition` (NULL: none) flows then: kafka_partition_on_assigned(). */
void kafka_change_ask(struct kafka_link *link, bool is_assign,
                      rd_kafka_topic_partition_list_t *list, struct kafka_partition *partition);

/* Nothing is under way. */
bool kafka_change_is_done(const struct kafka_link *link);

/* Asks how many partitions there are, if it is time to. */
void kafka_topic_tick(struct kafka_source *source);

/* A worker asks; nothing happens when one does already. */
void kafka_topic_count(struct kafka_source *source);

void kafka_topic_on_missing(struct kafka_source *source, const char *text);

/* With metadata of at least a byte, which is copied. */
void kafka_commit_add(rd_kafka_topic_partition_list_t *list, const struct kafka_partition *p,
                      int64_t offset, struct slice metadata);

/* What its newest checkpoint said; there was one. */
void kafka_commit_add_newest(rd_kafka_topic_partition_list_t *list,
                             const struct kafka_partition *p);

/* The list is used up. The answer carries `question`. False: the list is empty, and none comes. */
bool kafka_commit_send(struct kafka_source *source, rd_kafka_topic_partition_list_t *list,
                       void *question);

/* The membership is at rest: offsets may be committed. */
void kafka_commit_on_rest(struct kafka_source *source);

void kafka_commit_on_answer(struct kafka_source *source, rd_kafka_resp_err_t code);

/* Into the list for the last commit. */
void kafka_commit_keep(struct kafka_source *source, const struct kafka_partition *p);

/* The list of kafka_commit_keep(). False: it is empty. */
bool kafka_commit_last(struct kafka_source *source);

/* Before the client of the group is made. */
void kafka_heartbeat_watch(struct kafka_heartbeat *heartbeat, rd_kafka_conf_t *conf);

/* Whether a member that was at rest in these statistics, the newest, has not begun to join since:
 * what is sent now is of its generation. */
bool kafka_heartbeat_is_heard(struct kafka_heartbeat *heartbeat, int64_t taken_us);

/* See kafka_source_confirm(). */
void kafka_confirm_want(struct kafka_source *source, kafka_source_confirmed_fn *callback,
                        void *context);

/* The generation will hold until the answer: what is wanted may be asked. */
void kafka_confirm_ask(struct kafka_source *source);

void kafka_confirm_on_answer(struct kafka_source *source, rd_kafka_resp_err_t code);

/* All our partitions are somebody else's. */
void kafka_confirm_on_lost(struct kafka_source *source);

/* The answer, if there is one. */
void kafka_confirm_tell(struct kafka_source *source);

void kafka_leave_advance(struct kafka_source *source);

struct kafka_partition *kafka_partition_create(struct kafka_source *source, int32_t number);

/* Where the options say that a partition begins of which the store knows nothing: a worker asks
 * until the cluster answers, then it flows. */
void kafka_locate_start(struct kafka_partition *p);

/* The owner's answer; it is not revoked. */
void kafka_partition_start(struct kafka_partition *p, int64_t offset);

void kafka_partition_flow(struct kafka_partition *p, int64_t offset);

/* Its change has been made; it may have been released meanwhile. One holder less. */
void kafka_partition_on_assigned(struct kafka_partition *p);

/* One holder less. */
void kafka_partition_let_go(struct kafka_partition *p);

/* Once a second: says that it is caught up and quiet. */
void kafka_partition_tick(struct kafka_partition *p);

/* What was quiet until now is not known to have been. */
void kafka_partition_disturb(struct kafka_partition *p);

void kafka_partition_release(struct kafka_partition *p);

#endif
