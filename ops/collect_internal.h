/* What the parts of the collector at work share; see collect.h. */
#ifndef CANDLED_OPS_COLLECT_INTERNAL_H
#define CANDLED_OPS_COLLECT_INTERNAL_H

#include "ops/collect.h"

#include <uv.h>

struct collect {
    struct collect_options options;
    struct metrics_set *metrics;
    struct feed_store *store;
    struct feed_spool *spool;
    struct kafka_property *properties;
    struct kafka_feed *kafka;
    struct exchange_socket_hub *sockets;
    struct exchange_rest *rest;
    struct collector *collector;
    struct exchange_socket **open; /* by lane and place; NULL: none */
    uv_timer_t timer;
    uint64_t sent;
    bool is_closing;
    bool is_disconnected; /* told to stop */
    int64_t stop_deadline_ms;
    void (*stopped)(void *context);
};

/* Monotonic, and of now. */
int64_t collect_now_ms(const struct collect *collect);

/* Everything but the timer. What was made is collect_destroy()'s, whatever it returns. */
MUST_CHECK enum status collect_open_all(struct collect *collect, char *error);

#endif
