/* What the partitions of the log hold at this moment: producers add to the end, retention removes
 * the head. */
#ifndef CANDLED_TESTS_SIM_TOPIC_H
#define CANDLED_TESTS_SIM_TOPIC_H

#include "runtime/rand.h"
#include "tests/sim/faults.h"
#include "tests/sim/scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct topic {
    const struct scenario *scenario; /* borrowed, as are the others */
    struct rand *rand;
    struct faults *faults;
    int64_t next_ms; /* when more is produced; DEADLINE_NONE: all of it has been */
    int64_t begin[SIM_PARTITIONS_MAX];
    int64_t end[SIM_PARTITIONS_MAX];
    int64_t shift[SIM_PARTITIONS_MAX]; /* of a topic that was recreated: its records, in a circle */
};

void topic_init(struct topic *topic, const struct scenario *scenario, struct rand *rand,
                struct faults *faults);

void topic_advance(struct topic *topic, int64_t now_ms);

bool topic_is_complete(const struct topic *topic, size_t partition);

struct record topic_record(const struct topic *topic, size_t partition, int64_t offset);

/* The first record of that time or later; the end when there is none. */
int64_t topic_offset_at(const struct topic *topic, size_t partition, int64_t time_ms);

/* The time of day, as far as the newest record tells. */
int64_t topic_wall_ms(const struct topic *topic, size_t partition);

#endif
