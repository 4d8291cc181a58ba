/* The store's edges of one partition of the virtual world: a real store, asked late, that fails
 * commits at times. */
#ifndef CANDLED_TESTS_SIM_DISK_H
#define CANDLED_TESTS_SIM_DISK_H

#include "actors/messages.h"
#include "runtime/actor.h"
#include "tests/sim/faults.h"

#include <stdbool.h>

struct sched;
struct store;

struct sim_writer {
    struct actor actor;
    struct store *store;   /* borrowed */
    struct faults *faults; /* borrowed */
    const struct checkpoint *checkpoint;
    struct actor *asker;
    bool is_durable; /* first the disk, then the answer: a crash may come between the two */
};

struct sim_reader {
    struct actor actor;
    struct store *store;
    struct rand *rand;
    struct {
        struct actor *asker;
        struct msg request;
    } waiting[SINK_COUNT];
    size_t count;
};

void sim_writer_init(struct sim_writer *writer, struct sched *sched, struct store *store,
                     struct faults *faults);
void sim_writer_deinit(struct sim_writer *writer);

void sim_reader_init(struct sim_reader *reader, struct sched *sched, struct store *store,
                     struct rand *rand);
void sim_reader_deinit(struct sim_reader *reader);

#endif
