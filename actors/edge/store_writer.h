/* The store writer: one checkpoint at a time, as a job on a worker thread.
 *
 * A whole LMDB transaction is one job: it must begin and end on one thread.
 * Thread: the loop's. Ownership: the shard's. */
#ifndef CANDLED_ACTORS_EDGE_STORE_WRITER_H
#define CANDLED_ACTORS_EDGE_STORE_WRITER_H

struct actor;
struct loop;
struct store;
struct store_writer;

struct store_writer *store_writer_create(struct loop *loop, struct store *store);

/* No job may be running: its partition is not busy. */
void store_writer_destroy(struct store_writer **writer_p);

struct actor *store_writer_actor(struct store_writer *writer);

#endif
