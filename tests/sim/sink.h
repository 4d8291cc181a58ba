/* A sink of the virtual world: it holds candles guarded by revision, or dead letters by id, and has
 * a bad character: late, forgetful of acknowledgements, at times unreachable half-way. */
#ifndef CANDLED_TESTS_SIM_SINK_H
#define CANDLED_TESTS_SIM_SINK_H

#include "proto/candle.h"
#include "runtime/actor.h"
#include "runtime/rand.h"

#include <stdbool.h>
#include <stddef.h>

struct sched;

/* What the server holds: it outlives crashes of ours. */
struct sink_server {
    struct candle *rows;
    size_t count;
    size_t capacity;
    int64_t *dead_offsets; /* ids of dead letters, each once */
    size_t dead_count;
    size_t dead_capacity;
    bool rejects;    /* one symbol's candles of a certain minute, for ever */
    char **rejected; /* the values of dead letters about rejected candles */
    size_t rejected_count;
    bool is_broken; /* an equal revision came with other bytes: never allowed */
};

struct sim_sink {
    struct actor actor;
    struct sink_server *server; /* borrowed */
    struct rand *rand;          /* borrowed */
    const bool *is_faulty;      /* borrowed */
    struct delivery *delivery;  /* in work */
    struct actor *asker;
    bool is_applied; /* first the server, then the answer: a crash may come between the two */
};

void sim_sink_init(struct sim_sink *sink, struct sched *sched, struct sink_server *server,
                   struct rand *rand, const bool *is_faulty);

void sim_sink_deinit(struct sim_sink *sink);

void sink_server_deinit(struct sink_server *server);

/* NULL: it holds none. */
const struct candle *sink_server_find(const struct sink_server *server, const char *symbol,
                                      enum interval interval, int64_t open_ms);

/* Is there a dead letter about this candle? */
bool sink_server_has_rejected(const struct sink_server *server, const char *symbol,
                              enum interval interval, int64_t open_ms);

bool sink_server_has_dead(const struct sink_server *server, int64_t offset);

#endif
