/* The store reader: outbox entries, and candles of a refill, for the dispatchers of one partition,
 * as jobs on worker threads, beside the writer's commits.
 *
 * One job a sink, so that a slow read of one does not hold up another.
 * Thread: the loop's. Ownership: the shard's. */
#ifndef CANDLED_ACTORS_EDGE_STORE_READER_H
#define CANDLED_ACTORS_EDGE_STORE_READER_H

#include <stdbool.h>

struct actor;
struct loop;
struct store;
struct store_reader;

struct store_reader *store_reader_create(struct loop *loop, struct store *store);

/* No read may be under way. */
void store_reader_destroy(struct store_reader **reader_p);

struct actor *store_reader_actor(struct store_reader *reader);

bool store_reader_is_busy(const struct store_reader *reader);

#endif
