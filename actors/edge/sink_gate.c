#include "actors/edge/sink_gate.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

/* The loop's thread alone writes. Another one reads `looked_ms` first: if it sees the look that
 * found a stall (acquire, release), it sees the stall too; if it sees the look before, it finds out
 * by itself that it is too long ago. */
struct sink_gate {
    struct sink_gate_options options;
    _Atomic int64_t looked_ms;
    _Atomic int64_t stalls;    /* the number of the newest; 0: none ever */
    _Atomic int64_t confirmed; /* up to this one */
    int64_t told;
    int64_t stalled_ms;
};

/* Unlike CLOCK_MONOTONIC it goes on while the machine sleeps. */
static int64_t system_ms(void *context)
{
    struct timespec now;
    (void)context;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static int64_t now_ms(const struct sink_gate *gate)
{
    return gate->options.now_ms(gate->options.context);
}

struct sink_gate *sink_gate_create(const struct sink_gate_options *options)
{
    struct sink_gate *gate = mem_new(1, sizeof(*gate));
    assert(options->limit_ms > 0);
    gate->options = *options;
    if (gate->options.now_ms == NULL) {
        gate->options.now_ms = system_ms;
    }
    atomic_init(&gate->looked_ms, now_ms(gate));
    atomic_init(&gate->stalls, 0);
    atomic_init(&gate->confirmed, 0);
    return gate;
}

void sink_gate_destroy(struct sink_gate **gate_p)
{
    mem_free(*gate_p);
    *gate_p = NULL;
}

static bool has_stalls(const struct sink_gate *gate)
{
    return atomic_load_explicit(&gate->stalls, memory_order_relaxed) !=
           atomic_load_explicit(&gate->confirmed, memory_order_relaxed);
}

bool sink_gate_look(struct sink_gate *gate)
{
    if (gate == NULL) {
        return true;
    }
    int64_t looked_ms = atomic_load_explicit(&gate->looked_ms, memory_order_relaxed);
    int64_t looks_ms = now_ms(gate);
    if (looks_ms - looked_ms > gate->options.limit_ms) {
        gate->stalled_ms = looks_ms - looked_ms;
        atomic_fetch_add_explicit(&gate->stalls, 1, memory_order_relaxed);
    }
    atomic_store_explicit(&gate->looked_ms, looks_ms, memory_order_release);
    return !has_stalls(gate);
}

bool sink_gate_is_open(const struct sink_gate *gate)
{
    if (gate == NULL) {
        return true;
    }
    int64_t looked_ms = atomic_load_explicit(&gate->looked_ms, memory_order_acquire);
    return now_ms(gate) - looked_ms <= gate->options.limit_ms && !has_stalls(gate);
}

int64_t sink_gate_take_stall(struct sink_gate *gate)
{
    int64_t newest = atomic_load_explicit(&gate->stalls, memory_order_relaxed);
    if (newest == gate->told) {
        return 0;
    }
    gate->told = newest;
    return newest;
}

int64_t sink_gate_stalled_ms(const struct sink_gate *gate)
{
    return gate->stalled_ms;
}

bool sink_gate_open(struct sink_gate *gate, int64_t stall)
{
    (void)sink_gate_look(gate);
    if (stall != atomic_load_explicit(&gate->stalls, memory_order_relaxed)) {
        return false;
    }
    atomic_store_explicit(&gate->confirmed, stall, memory_order_relaxed);
    return true;
}
