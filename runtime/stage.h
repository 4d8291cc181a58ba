/* Where the time goes: how long threads were in each stage of the pipeline.
 *
 * Only a build with the option `stages` measures (./dev bench stages). In any other the calls below
 * are empty, and the compiler leaves nothing of them.
 *
 * A thread is in one stage, or in none; entering the next one ends the span of the one before. So a
 * stage within another is not counted twice, and turns of actors of one stage are one span.
 *
 * Both clocks are read. The thread's CPU time says what a record costs, and its shares add up to
 * what the process has used, however many others want the cores: it answers what to make cheaper.
 * Wall time less CPU is what the stage waited, for a disk, a peer or a core: it answers what to
 * wait less for. A look at both costs about half a microsecond, nearly all of it the CPU clock's
 * system call, so a span should be a slice, a run of turns or a job, never a record; what looking
 * has cost is told as well (candled_stage_clock_seconds a span).
 *
 * Librdkafka's threads, and those of libuv between two jobs, are not ours to time: what they use is
 * the process's CPU less all that is here.
 *
 * Thread: any. The counters belong to the process. */
#ifndef CANDLED_RUNTIME_STAGE_H
#define CANDLED_RUNTIME_STAGE_H

#include <stddef.h>
#include <stdint.h>

/* The first is the stage of every class of actors that names none. */
/* clang-format off */
#define STAGES(X) \
    /* name       what it is */ \
    X(actor,      "partition and symbols: klines, windows that are due, saves; the scheduler") \
    X(receive,    "messages off librdkafka's queue, and back to it") \
    X(decode,     "a slice of records into klines, on to their symbols") \
    X(checkpoint, "the commit of a batch, on a worker thread") \
    X(dispatch,   "dispatchers: what goes to which sink") \
    X(read,       "the outbox read for dispatchers, on a worker thread") \
    X(redis,      "Redis: calls built and sent, replies") \
    X(mongo,      "MongoDB: bulks, on its own thread") \
    X(kafka,      "Kafka as a sink: dead letters and candles") \
    X(http,       "metrics and health, for whoever asks") \
    X(loop,       "the event loop itself: polling, timers; its wall time is sleep as well")
/* clang-format on */

enum stage {
#define X(name, what) STAGE_##name,
    STAGES(X)
#undef X
        STAGE_COUNT,
    STAGE_none = STAGE_COUNT, /* where a thread begins; nothing is counted */
};

#ifdef CANDLED_STAGES

/* The calling thread goes over to the stage. Returns the one it was in, to go back to. */
enum stage stage_enter(enum stage stage);

struct stage_time {
    uint64_t cpu_ns;
    uint64_t wall_ns;
    uint64_t spans;
};

/* Of all threads. A span under way counts once it ends; that of the calling thread ends here. */
struct stage_time stage_read(enum stage stage);

/* Prometheus text, empty as long as no span has ended. The caller frees it with mem_free(). */
char *stage_render(size_t *out_length);

#else

static inline enum stage stage_enter(enum stage stage)
{
    return stage;
}

static inline char *stage_render(size_t *out_length)
{
    *out_length = 0;
    return NULL;
}

#endif

#endif
