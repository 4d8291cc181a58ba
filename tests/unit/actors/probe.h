/* An actor that only remembers: it stands where the actor under test expects a neighbour. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_PROBE_H
#define CANDLED_TESTS_UNIT_ACTORS_PROBE_H

#include "actors/messages.h"
#include "runtime/actor.h"

enum { PROBE_MESSAGES_MAX = 64 };

struct probe {
    struct actor actor;
    struct msg messages[PROBE_MESSAGES_MAX];
    size_t count;
};

void probe_init(struct probe *probe, struct sched *sched);

void probe_deinit(struct probe *probe);

#endif
