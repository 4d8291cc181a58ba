/* Wakes the loop when a librdkafka queue goes from empty to not empty: an eventfd and a uv_poll_t.
 *
 * The handler must read the queue until it is empty, or call kafka_wakeup_again().
 * Ownership: the owner embeds it and keeps the memory until `closed`. The queue is borrowed until
 * kafka_wakeup_close().
 * Thread: the loop's; librdkafka's threads write to the eventfd. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_WAKEUP_H
#define CANDLED_ACTORS_EDGE_KAFKA_WAKEUP_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <librdkafka/rdkafka.h>
#include <uv.h>

struct loop;
struct kafka_wakeup;
typedef void kafka_wakeup_fn(struct kafka_wakeup *wakeup);

struct kafka_wakeup {
    uv_poll_t poll;
    int fd;
    rd_kafka_queue_t *queue;
    kafka_wakeup_fn *woken;
    kafka_wakeup_fn *closed;
};

/* A failure leaves nothing open. */
MUST_CHECK enum status kafka_wakeup_open(struct kafka_wakeup *wakeup, struct loop *loop,
                                         rd_kafka_queue_t *queue, kafka_wakeup_fn *woken);

/* The queue was not read to its end: wake again in the next round. */
void kafka_wakeup_again(struct kafka_wakeup *wakeup);

void kafka_wakeup_close(struct kafka_wakeup *wakeup, kafka_wakeup_fn *closed);

#endif
