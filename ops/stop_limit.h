/* Ends the process when its last clean-up does not end by itself.
 *
 * Whoever has stopped cleanly owes nothing to anybody; only libraries remain to be closed, and
 * those may wait for ever: rd_kafka_destroy() of librdkafka 2.0.2 sometimes does after a topic was
 * recreated. Thread: one of its own until stop_limit_end(). Ownership: the caller's. */
#ifndef CANDLED_OPS_STOP_LIMIT_H
#define CANDLED_OPS_STOP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct stop_limit {
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t ended;
    int64_t limit_ms;
    int exit_code;
    bool is_running;
    bool is_over;
};

/* From now on the process ends with that code after so many milliseconds, told by the log. Where no
 * thread can be had there is no limit. */
void stop_limit_begin(struct stop_limit *limit, int64_t limit_ms, int exit_code);

void stop_limit_end(struct stop_limit *limit);

#endif
