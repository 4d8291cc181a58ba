/* Asks the shards that run on a data folder, through their sockets in DATA_DIR/run: see
 * ops/shard_socket.h for what can be asked.
 *
 * Blocks until they have answered, which may take as long as what is asked for. */
#ifndef CANDLED_OPS_SHARD_ASK_H
#define CANDLED_OPS_SHARD_ASK_H

#include "ops/text.h"

#include <stddef.h>

/* One shard's whole answer, terminated; empty when it has nothing to say. The process is the one
 * that the socket is named after. */
typedef void shard_ask_fn(void *context, long process, const struct text *answer);

/* Puts one line, which ends with a line feed, to all of them; returns how many were asked. Sockets
 * of dead processes are passed by. */
size_t shard_ask(const char *data_dir, const char *line, shard_ask_fn *answered, void *context);

/* The same for answers that may be long: they come in parts, not cut at lines. Returns how many
 * shards said something. */
typedef void shard_ask_part_fn(void *context, const char *bytes, size_t size);

size_t shard_ask_parts(const char *data_dir, const char *line, shard_ask_part_fn *part,
                       void *context);

#endif
