/* Whether a Kafka cluster answers one of our clients; each change is logged once.
 *
 * Down: librdkafka says that all brokers are. Up: its statistics show a connection. Statistics come
 * once a second, even when there is nothing to read or write.
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_HEALTH_H
#define CANDLED_ACTORS_EDGE_KAFKA_HEALTH_H

#include "runtime/metrics.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct kafka_health {
    const char *client; /* for the log; outlives it */
    struct metrics_set *set;
    enum metric gauge;
    bool is_up;
    bool is_down;    /* neither: it has not said yet */
    char error[200]; /* the last words of a broker connection */
};

void kafka_health_init(struct kafka_health *health, const char *client, struct metrics_set *set,
                       enum metric gauge);

/* True: the error was about connections, and is dealt with. */
bool kafka_health_on_error(struct kafka_health *health, rd_kafka_resp_err_t code, const char *text);

/* True: it came up just now. */
bool kafka_health_on_stats(struct kafka_health *health, const char *json);

#endif
