/* What kafka_log.c (the log itself) and kafka_log_group.c (what the group has committed) share. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_LOG_INTERNAL_H
#define CANDLED_ACTORS_EDGE_KAFKA_LOG_INTERNAL_H

#include "actors/edge/kafka_client.h"
#include "actors/edge/kafka_log.h"

#include <stdbool.h>
#include <uv.h>

/* The longest that a call blocks. */
enum { KAFKA_LOG_CALL_MS = 10000 };

struct kafka_log {
    uv_mutex_t lock;
    rd_kafka_t *client;
    char *topic;
    bool has_group;
};

/* Logs what no second try will mend. */
enum status kafka_log_status_of(rd_kafka_resp_err_t code);

#endif
