/* What the parts of a shard share; see shard.h.
 *
 * Thread: the loop's. */
#ifndef CANDLED_OPS_SHARD_INTERNAL_H
#define CANDLED_OPS_SHARD_INTERNAL_H

#include "ops/shard.h"
#include "ops/shard_sinks.h"
#include "runtime/base.h"
#include "runtime/boot_id.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct shard {
    struct shard_options options;
    const char *brokers;
    const char *data_dir;
    char boot_id[BOOT_ID_MAX];
    struct loop *loop;
    struct metrics *metrics;
    struct metrics_set *process;
    struct kafka_source *source;
    struct shard_sinks sinks;
    struct ops_http *http;
    struct shard_socket *socket;
    struct sink_gate *gate; /* before the sinks; see shard_stall.c */
    int64_t stall;          /* the one that the group is asked about */
    uv_timer_t look;
    struct kafka_log *log; /* for partitions that are being opened */
    struct symbol_registry *symbols;
    struct shard_lag *lag;
    int32_t topic_partitions; /* 0: not known yet */
    bool is_repartitioned;    /* since some state of it was made */
    struct hosted **hosted;   /* by no order */
    size_t hosted_count;
    size_t abandoned; /* that were opening when it stopped: the process ends without them */
    uv_signal_t terminated;
    uv_signal_t interrupted;
    uv_signal_t left; /* SIGUSR1 */
    uv_timer_t watch; /* measures the loop; once stopping, ends the process in time */
    bool is_stopping;
    int64_t stop_deadline_ms;
    enum status failure;
    enum status refusal; /* why it stopped in good order, if not because it was told to */
};

/* Ends shard_run() with the first failure. */
void shard_fail(struct shard *shard, enum status status);

/* The consumer, and with it the partitions: they come and go as the group says. */
MUST_CHECK enum status shard_partitions_open(struct shard *shard);

/* Gives all partitions back, and leaves the group: within stop_deadline_ms. */
void shard_partitions_stop(struct shard *shard);

void shard_partitions_close(struct shard *shard);

/* What others may ask: health and metrics over HTTP, the state through a socket. */
MUST_CHECK enum status shard_admin_open(struct shard *shard);

/* The gate before the sinks. It opens before them, and closes after them. */
void shard_stall_open(struct shard *shard);

void shard_stall_close(struct shard *shard);

/* Asks how far the log goes beyond partitions that read nothing. Closes before the partitions. */
void shard_lag_open(struct shard *shard);

void shard_lag_close(struct shard *shard);

/* SIGTERM, SIGINT, SIGUSR1, and the watch over the loop. */
void shard_signals_open(struct shard *shard);

/* From now on the process ends, tidy or not, when shutdown.timeout is over. */
void shard_signals_limit_stop(struct shard *shard);

void shard_signals_close(struct shard *shard);

#endif
