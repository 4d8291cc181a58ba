/* Asks for state: the running shards through their sockets in DATA_DIR/run, and, where no shard
 * holds a partition, its store itself, which nothing is written to.
 *
 * Requests and answers as shard_socket.h has them: list, show SYMBOL, export. Thread: one that may
 * block. */
#ifndef CANDLED_OPS_STATE_ASK_H
#define CANDLED_OPS_STATE_ASK_H

#include "ops/shard_ask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many places have answered, and how many could not. */
struct state_tally {
    size_t answers;
    size_t failures;
};

struct state_request {
    const char *data_dir;
    const char *topic;
    const char *word;        /* list, show or export */
    const char *symbol;      /* of show; else empty */
    shard_ask_part_fn *part; /* of an answer, not cut at lines */
    void *context;
};

/* Says on standard error what could not be read. */
void state_ask(const struct state_request *request, struct state_tally *tally);

#endif
