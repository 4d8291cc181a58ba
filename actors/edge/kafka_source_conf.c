#include "actors/edge/kafka_source_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { HEARTBEAT_MS_MAX = 500, FETCHES_AHEAD = 8, NUMBER_BYTES_MAX = 24, PROPERTIES_MAX = 32 };

static size_t append(struct kafka_property *list, size_t count, const struct kafka_property *more)
{
    for (size_t i = 0; more[i].name != NULL; i++) {
        assert(count + 1 < PROPERTIES_MAX);
        list[count++] = more[i];
    }
    return count;
}

static enum status make(const struct kafka_source_options *o, const struct kafka_property *own,
                        int events, rd_kafka_conf_t **out_conf)
{
    const struct kafka_property common[] = {
        {"client.id", "candled"},
        /* The reader never joins it, but librdkafka assigns nothing without. */
        {"group.id", o->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "false"},
        {"allow.auto.create.topics", "false"},
        {"topic.metadata.refresh.interval.ms", "5000"},
        {"socket.timeout.ms", "10000"},
        {"socket.keepalive.enable", "true"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "1000"},
        {NULL, NULL},
    };
    struct kafka_property all[PROPERTIES_MAX] = {{NULL, NULL}};
    (void)append(all, append(all, 0, common), own);
    enum status status = kafka_client_conf(o->brokers, all, o->properties, out_conf);
    if (status == STATUS_OK) {
        rd_kafka_conf_set_events(*out_conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | events);
    }
    return status;
}

enum status kafka_source_conf_group(const struct kafka_source_options *o,
                                    rd_kafka_conf_t **out_conf)
{
    char session[NUMBER_BYTES_MAX];
    char heartbeat[NUMBER_BYTES_MAX];
    int64_t third = o->session_timeout_ms / 3;
    snprintf(session, sizeof(session), "%" PRId64, o->session_timeout_ms);
    snprintf(heartbeat, sizeof(heartbeat), "%" PRId64,
             third < HEARTBEAT_MS_MAX ? third : HEARTBEAT_MS_MAX);
    const struct kafka_property own[] = {
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", heartbeat},
        {"max.poll.interval.ms", "60000"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        /* They tell when offsets may be committed, between two heartbeats: see kafka_commit.c. */
        {"statistics.interval.ms", "50"},
        {o->instance_id[0] == '\0' ? NULL : "group.instance.id", o->instance_id},
        {NULL, NULL},
    };
    return make(o, own, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT, out_conf);
}

int32_t kafka_source_ahead_kib(int32_t partitions)
{
    int32_t kib = KAFKA_AHEAD_KIB / (partitions > 0 ? partitions : 1);
    kib = kib < KAFKA_AHEAD_KIB_MIN ? KAFKA_AHEAD_KIB_MIN : kib;
    return kib > KAFKA_AHEAD_KIB_MAX ? KAFKA_AHEAD_KIB_MAX : kib;
}

enum status kafka_source_conf_fetch(const struct kafka_source_options *o, int32_t ahead_kib,
                                    rd_kafka_conf_t **out_conf)
{
    char queued[NUMBER_BYTES_MAX];
    char fetched[NUMBER_BYTES_MAX]; /* compressed, and of each partition */
    snprintf(queued, sizeof(queued), "%" PRId32, ahead_kib);
    snprintf(fetched, sizeof(fetched), "%" PRId32, ahead_kib * (1024 / FETCHES_AHEAD));
    const struct kafka_property own[] = {
        {"queued.min.messages", "10000000"},
        {"queued.max.messages.kbytes", queued},
        {"fetch.message.max.bytes", fetched},
        /* A request waits for data of the partitions it asks for, and others wait for it. */
        {"fetch.wait.max.ms", "50"},
        {"fetch.error.backoff.ms", "100"},
        {"statistics.interval.ms", "1000"},
        {NULL, NULL},
    };
    return make(o, own, 0, out_conf);
}
