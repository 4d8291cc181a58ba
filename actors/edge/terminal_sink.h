/* The terminal sink: a line on standard output for each candle, as `candled run` shows them.
 *
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_TERMINAL_SINK_H
#define CANDLED_ACTORS_EDGE_TERMINAL_SINK_H

#include <stdbool.h>

struct actor;
struct sched;
struct terminal_sink;

/* is_json: each line is the candle's JSON, for programs. */
struct terminal_sink *terminal_sink_create(struct sched *sched, bool is_json);

void terminal_sink_destroy(struct terminal_sink **sink_p);

struct actor *terminal_sink_actor(struct terminal_sink *sink);

#endif
