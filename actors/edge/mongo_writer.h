/* What is said to MongoDB: a connection, the indexes, bulks of guarded upserts. Every call blocks.
 *
 * Thread: one at a time; the sink's own. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_WRITER_H
#define CANDLED_ACTORS_EDGE_MONGO_WRITER_H

#include "actors/candle_batch.h"
#include "proto/key_template.h"
#include "runtime/base.h"

#include <mongoc/mongoc.h>
#include <stdbool.h>
#include <stdint.h>

enum { MONGO_FAILURE_TEXT_MAX = 512 };

/* Why nothing more is known: the server or the way to it is unwell. */
struct mongo_failure {
    bool is_gated; /* nothing is wrong with the server: the gate is closed */
    int32_t code;  /* the server's; 0: it did not answer */
    char text[MONGO_FAILURE_TEXT_MAX];
};

struct sink_gate;

struct mongo_writer_options {
    mongoc_uri_t *uri;    /* taken over */
    const char *database; /* copied */
    struct key_template collection;
    int64_t retention_ms;         /* 0: none */
    const struct sink_gate *gate; /* borrowed; asked right before each write; NULL: none */
};

struct mongo_writer;

struct mongo_writer *mongo_writer_create(const struct mongo_writer_options *options);

/* NULL inside is fine. */
void mongo_writer_destroy(struct mongo_writer **writer_p);

/* Asks the primary for a sign of life; makes the indexes when that has not been done yet. */
MUST_CHECK bool mongo_writer_connect(struct mongo_writer *writer, struct mongo_failure *failure);

/* Forgets the client with its memory of failures: the next connect asks the server at once, where
 * the old client would refuse to look for five seconds. */
void mongo_writer_disconnect(struct mongo_writer *writer);

MUST_CHECK bool mongo_writer_ping(struct mongo_writer *writer, struct mongo_failure *failure);

/* Of a settled batch. True: each row is written, counted as stale, or rejected. */
MUST_CHECK bool mongo_writer_write(struct mongo_writer *writer, const struct candle_batch *batch,
                                   struct mongo_failure *failure);

#endif
