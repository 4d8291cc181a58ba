/* What tools ask of a cluster about its topics, and how they make one.
 *
 * Thread: one at a time; every call blocks, for five seconds at most (a topic that is made for
 * longer). Statuses of class RETRY mean that the cluster does not answer; kafka_admin_error() has
 * its words. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_ADMIN_H
#define CANDLED_ACTORS_EDGE_KAFKA_ADMIN_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

enum { KAFKA_ADMIN_CLUSTER_MAX = 128 };

struct kafka_admin;
struct kafka_property;

struct kafka_admin_topic {
    const char *name;
    int32_t partitions;
    int32_t replication_factor;
    int64_t retention_ms;
    int64_t message_bytes_max; /* 0: the broker's default */
};

/* Opens no connection yet; the texts are copied. STATUS_BAD_CONFIG is logged. */
MUST_CHECK enum status kafka_admin_create(const char *brokers,
                                          const struct kafka_property *properties,
                                          struct kafka_admin **out_admin);

void kafka_admin_destroy(struct kafka_admin **admin_p);

/* Of the last call that failed. */
const char *kafka_admin_error(const struct kafka_admin *admin);

/* Whoever asks does not create the topic. STATUS_NOT_FOUND: there is none. */
MUST_CHECK enum status kafka_admin_partition_count(struct kafka_admin *admin, const char *topic,
                                                   int32_t *out_count);

/* Empty when the broker tells none. */
MUST_CHECK enum status kafka_admin_cluster(struct kafka_admin *admin,
                                           char cluster[KAFKA_ADMIN_CLUSTER_MAX]);

/* The first offset that the log holds, and the one after its last record. */
MUST_CHECK enum status kafka_admin_ends(struct kafka_admin *admin, const char *topic,
                                        int32_t partition, int64_t *out_begin, int64_t *out_end);

/* A topic's max.message.bytes; not every cluster lets everybody ask (STATUS_REJECTED). */
MUST_CHECK enum status kafka_admin_message_bytes_max(struct kafka_admin *admin, const char *topic,
                                                     int64_t *out_bytes);

/* Returns when all partitions have their leaders. Records keep their timestamps in it.
 * STATUS_REJECTED: the cluster does not allow it. */
MUST_CHECK enum status kafka_admin_make_topic(struct kafka_admin *admin,
                                              const struct kafka_admin_topic *topic);

#endif
