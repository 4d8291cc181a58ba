/* Does a sink of the virtual world hold what the oracle says? */
#ifndef CANDLED_TESTS_SIM_CHECK_SINKS_H
#define CANDLED_TESTS_SIM_CHECK_SINKS_H

#include "state/outbox.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sink.h"

#include <stdbool.h>

struct check_sinks_options {
    const struct oracle *oracle;
    const struct sim_log *log;
    const struct candle_rules *rules;
    const struct sink_server *server;
    const struct sink_server *letters; /* where rejected candles must be told */
    const char *name;
    struct outbox_filter filter;
};

/* Prints the first differences. */
bool check_sinks(const struct check_sinks_options *options);

#endif
