/* Whether a sink is up, and the lines of log that say so: one a change, however often it is tried.
 *
 * Thread: one changes it, any may ask whether it is up. */
#ifndef CANDLED_ACTORS_EDGE_SINK_HEALTH_H
#define CANDLED_ACTORS_EDGE_SINK_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SINK_HEALTH_ADDRESS_MAX = 576, SINK_HEALTH_ERROR_MAX = 512 };

struct sink_health {
    const char *sink_name;
    char address[SINK_HEALTH_ADDRESS_MAX]; /* without a password */
    atomic_bool is_up;
    int64_t told_ms;
    char told_error[SINK_HEALTH_ERROR_MAX]; /* empty: nothing was told since it was up */
};

/* Not up, which is no news. */
void sink_health_init(struct sink_health *health, const char *sink_name, const char *address);

bool sink_health_is_up(const struct sink_health *health);

/* True: it was not. */
bool sink_health_set_up(struct sink_health *health);

/* True: it was up. advice: what the operator should do about it; empty when we do not know. */
bool sink_health_set_down(struct sink_health *health, const char *error, const char *advice,
                          int64_t now_ms);

#endif
