/* The socket under the data folder that `candled state` asks: DATA_DIR/run/PID.sock.
 *
 * A shard holds its LMDB environments; other processes ask it instead of opening them. A request is
 * one line, the answer is JSON lines, then the connection ends:
 *
 *   list                         a line a partition: offsets, stream time, outbox, sizes
 *   show SYMBOL                  what the actor of a symbol holds, and its newest candles
 *   export                       every record of every table of every partition
 *   snapshot PARTITION           takes one now: its manifest, or an error; STATUS_NOT_FOUND's text
 *                                when this shard does not run the partition
 *
 * What is told is the last commit; long answers are made in pieces, between rounds of the loop.
 * Thread: the loop's. */
#ifndef CANDLED_OPS_SHARD_SOCKET_H
#define CANDLED_OPS_SHARD_SOCKET_H

#include "ops/snapshotter.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stddef.h>

struct loop;
struct shard_socket;
struct store;

struct shard_socket_options {
    struct loop *loop;    /* borrowed */
    const char *data_dir; /* borrowed while opening */
    void *context;
    size_t (*count)(void *context);
    struct store *(*store)(void *context, size_t index); /* NULL: it is being opened */
    /* `done` comes with STATUS_NOT_FOUND when the partition is not ours. */
    void (*take_snapshot)(void *context, int32_t partition, snapshotter_done_fn *done,
                          void *done_context);
};

/* Replaces a socket that a dead process of the same id left. Logs what went wrong. */
MUST_CHECK enum status shard_socket_open(const struct shard_socket_options *options,
                                         struct shard_socket **out_socket);

/* NULL inside is fine. Memory goes in a later round of the loop. */
void shard_socket_close(struct shard_socket **socket_p);

#endif
