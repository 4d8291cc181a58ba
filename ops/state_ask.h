/* Asks for state: the running shards through their sockets in DATA_DIR/run, and, where no shard
 * holds a partition, its store itself, which nothing is written to.
 *
 * Requests and answers as shard_socket.h has them: list, show SYMBOL, export. Thread: one that may
 * block. */
#ifndef CANDLED_OPS_STATE_ASK_H
#define CANDLED_OPS_STATE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many places have answered, and how many could not. */
struct state_tally {
    size_t answers;
    size_t failures;
};

/* A part of an answer, not cut at lines. */
typedef void state_part_fn(void *context, const char *bytes, size_t size);

struct state_request {
    const char *data_dir;
    const char *topic;
    const char *word;   /* list, show or export */
    const char *symbol; /* of show; else empty */
    state_part_fn *part;
    void *context;
};

/* Says on standard error what could not be read. */
void state_ask(const struct state_request *request, struct state_tally *tally);

/* Sends one line to every running shard; an answer comes as a whole, terminated. */
typedef void state_answer_fn(void *context, const char *answer);

void state_ask_shards(const char *data_dir, const char *line, state_answer_fn *answered,
                      void *context);

#endif
