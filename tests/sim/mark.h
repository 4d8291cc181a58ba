/* What the sink to Redis knows of one partition's mark there: see actors/edge/redis_marks.h, whose
 * rules these are.
 *
 * A mark that is missing, comes before what was acknowledged, or is of another life, means that
 * this Redis has forgotten: the dispatcher is told, and the mark is not written until its refill is
 * over. */
#ifndef CANDLED_TESTS_SIM_MARK_H
#define CANDLED_TESTS_SIM_MARK_H

#include "actors/mark.h"
#include "tests/sim/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;
struct delivery;

struct sim_mark {
    struct server *server; /* borrowed */
    size_t partition;
    struct actor *sink;       /* borrowed */
    struct actor *dispatcher; /* NULL: not attached */
    struct mark known;
    bool is_refilling;
    int64_t loss; /* counts how often it was forgotten */
};

/* What is there? */
void sim_mark_read(struct sim_mark *mark);

/* Its candles are written: to be called before the delivery is acknowledged; it is told how far
 * that is. */
void sim_mark_acknowledge(struct sim_mark *mark, struct delivery *delivery);

void sim_mark_end_refill(struct sim_mark *mark, int64_t loss);

#endif
