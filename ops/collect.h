/* The collector at work: the exchange's stream and REST on one side, the spool and Kafka on the
 * other, and actors/collector.h in between. `candled collect` is this and nothing else; `candled
 * run` puts it on the shard's loop.
 *
 * Ownership: collect_destroy() ends it; memory goes in later rounds of the loop.
 * Thread: the loop's. */
#ifndef CANDLED_OPS_COLLECT_H
#define CANDLED_OPS_COLLECT_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COLLECT_ERROR_MAX = 400 };

struct collect;
struct config;
struct loop;
struct metrics;

struct collect_options {
    const struct config *config; /* borrowed, as are the others */
    struct loop *loop;
    struct metrics *metrics;
    const char *brokers;
    const char *data_dir;
    bool has_topic; /* the topic is there already */
    void *context;
    /* It cannot keep its promises; logged. */
    void (*failed)(void *context, enum status status);
    /* How many more frames Kafka may be given now; NULL: as many as there are. */
    uint64_t (*room)(void *context);
};

/* STATUS_BAD_CONFIG, STATUS_BUSY or another: `error` says why. */
MUST_CHECK enum status collect_create(const struct collect_options *options,
                                      struct collect **out_collect, char error[COLLECT_ERROR_MAX]);

/* Ends the connections, and tells when everything that came is on the disk and, if Kafka answers,
 * acknowledged; or when time is up. */
void collect_stop(struct collect *collect, int64_t timeout_ms, void (*stopped)(void *context));

/* A JSON object, zero-terminated; whether it does what it should. */
bool collect_tell_ready(struct collect *collect, char *json, size_t size);

/* Frames that were handed to Kafka so far. */
uint64_t collect_sent(const struct collect *collect);

/* The addresses in use: the configuration's, or the exchange's public ones. */
const char *collect_ws_url(const struct config *config);

const char *collect_rest_url(const struct config *config);

/* NULL inside is fine. */
void collect_destroy(struct collect **collect_p);

#endif
