/* Does each server hold, in the end, exactly what the oracle says? */
#ifndef CANDLED_TESTS_SIM_CHECK_H
#define CANDLED_TESTS_SIM_CHECK_H

#include "tests/sim/server.h"

#include <stdbool.h>

/* Prints the first differences. */
bool check_servers(const struct scenario *scenario, const struct server servers[SIM_SINKS]);

#endif
