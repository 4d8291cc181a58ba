/* Does to a world what is struck between two messages. */
#ifndef CANDLED_TESTS_SIM_MISCHIEF_H
#define CANDLED_TESTS_SIM_MISCHIEF_H

#include "tests/sim/faults.h"

struct world;

/* FAULT_COUNT: nothing. What makes no sense at the moment is left out. */
void mischief_strike(struct world *world, enum fault fault);

/* All connections to Redis break. */
void mischief_disconnect_redis(struct world *world);

#endif
