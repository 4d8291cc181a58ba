/* Questions about the log, for those who open, verify or repair state: its ends, one record, an
 * offset for a time, what the group has committed.
 *
 * A client of its own that joins no group and assigns one partition at a time.
 * Thread: any, one call at a time (it locks); every call blocks, for ten seconds at most. What
 * fails because the cluster does not answer is of class RETRY and not logged. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_LOG_H
#define CANDLED_ACTORS_EDGE_KAFKA_LOG_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"
#include "state/meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_log;
struct kafka_property;
struct record;

struct kafka_log_options {
    const char *brokers; /* copied, as are the other texts */
    const char *topic;
    const char *group;                       /* whose commits are read; NULL: nobody's */
    const struct kafka_property *properties; /* ends with a NULL name */
};

/* Opens no connection yet. */
MUST_CHECK enum status kafka_log_create(const struct kafka_log_options *options,
                                        struct kafka_log **out_log);

/* Blocks until the client's threads have ended. */
void kafka_log_destroy(struct kafka_log **log_p);

/* STATUS_NOT_FOUND: no such topic. */
MUST_CHECK enum status kafka_log_partition_count(struct kafka_log *log, int32_t *out_count);

/* The cluster's id; empty when the broker tells none. */
MUST_CHECK enum status kafka_log_cluster(struct kafka_log *log, char id[META_TEXT_MAX]);

/* The first offset that the log holds, and the one after its last record. */
MUST_CHECK enum status kafka_log_ends(struct kafka_log *log, int32_t partition, int64_t *out_begin,
                                      int64_t *out_end);

/* The first record at or after `offset`. STATUS_NOT_FOUND: there is none before the log's end.
 * `visit` is called once, with a record that lives as long as the call. */
typedef void kafka_log_visit_fn(void *context, const struct record *record);

MUST_CHECK enum status kafka_log_record(struct kafka_log *log, int32_t partition, int64_t offset,
                                        kafka_log_visit_fn *visit, void *context);

/* The first offset whose record's timestamp is time_ms or later; the log's end when there is none.
 */
MUST_CHECK enum status kafka_log_offset_at(struct kafka_log *log, int32_t partition,
                                           int64_t time_ms, int64_t *out_offset);

struct kafka_log_commit {
    int64_t offset;
    int64_t era;
    int64_t acked;      /* -1: its metadata does not say */
    int32_t partitions; /* of the topic when it was made; 0: its metadata does not say */
};

/* STATUS_NOT_FOUND: the group has committed nothing for this partition. */
MUST_CHECK enum status kafka_log_committed(struct kafka_log *log, int32_t partition,
                                           struct kafka_log_commit *out_commit);

/* The same for the partitions from 0 on, in one question; offset -1: nothing. */
MUST_CHECK enum status kafka_log_commits(struct kafka_log *log, int32_t count,
                                         struct kafka_log_commit *commits);

/* Commits for a group that has no members. STATUS_BUSY: it has. */
MUST_CHECK enum status kafka_log_commit(struct kafka_log *log, int32_t partition,
                                        const struct kafka_log_commit *commit);

#endif
