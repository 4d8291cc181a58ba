/* What the parts of `candled run` share. */
#ifndef CANDLED_OPS_CMD_RUN_INTERNAL_H
#define CANDLED_OPS_CMD_RUN_INTERNAL_H

#include "ops/cli.h"
#include "ops/embedded_folder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum feed { FEED_sim, FEED_files, FEED_exchange };

struct run {
    struct cli_context *context;
    bool is_embedded;
    enum feed kind;
    bool is_instead; /* the simulated market, because no exchange answers */
    double speed;
    uint64_t seed;
    const char *data_dir; /* the configuration's, or the folder's */
    struct embedded_folder folder;
    struct embedded_broker *broker;
    struct replay_producer *producer;
    struct shard *shard;
    struct run_feed *feed;   /* of files and the simulated market */
    struct collect *collect; /* of the exchange */
    const char **files;
    size_t file_count;
    uint64_t *covered; /* by partition: what checkpoints cover */
    int64_t *fed_ends; /* by partition: the offset after the last record that was fed */
    size_t fed_end_count;
    uv_timer_t end_timer;
    int64_t quiet_since_ms; /* since when all that was fed is covered; -1: it is not */
    bool is_fed;
    bool has_failed;
};

/* Reads the options, and chooses the feed: it may ask the exchange whether it is there. */
enum cli_exit cmd_run_check(struct run *run);

#endif
