/* The functions of actors/edge/kafka_log.h over the log and the group of a virtual world: what asks
 * the log is then the product's own code. */
#ifndef CANDLED_TESTS_SIM_KLOG_H
#define CANDLED_TESTS_SIM_KLOG_H

#include "tests/sim/group.h"
#include "tests/sim/topic.h"

struct kafka_log {
    const struct topic *topic; /* borrowed, as are the others */
    const struct group *group;
    struct faults *faults;
};

#endif
