#include "runtime/stage.h"

#include "runtime/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { TEXT_BYTES_MAX = 8192, LOOKS = 64 };

#define NS_PER_S UINT64_C(1000000000)

struct clocks {
    uint64_t cpu_ns; /* of the calling thread */
    uint64_t wall_ns;
};

/* Sums that nothing is concluded from before they are printed: no order between them is needed. */
static struct {
    _Atomic uint64_t cpu_ns;
    _Atomic uint64_t wall_ns;
    _Atomic uint64_t spans;
} sums[STAGE_COUNT];

static _Thread_local struct {
    enum stage stage;
    struct clocks since;
} here = {.stage = STAGE_none};

static const char *const names[] = {
#define X(name, what) [STAGE_##name] = #name,
    STAGES(X)
#undef X
};

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct clocks look(void)
{
    return (struct clocks){read_ns(CLOCK_THREAD_CPUTIME_ID), read_ns(CLOCK_MONOTONIC)};
}

static void add(_Atomic uint64_t *to, uint64_t amount)
{
    (void)atomic_fetch_add_explicit(to, amount, memory_order_relaxed);
}

static void end_span(struct clocks now)
{
    if (here.stage != STAGE_none) {
        add(&sums[here.stage].cpu_ns, now.cpu_ns - here.since.cpu_ns);
        add(&sums[here.stage].wall_ns, now.wall_ns - here.since.wall_ns);
        add(&sums[here.stage].spans, 1);
    }
    here.since = now;
}

enum stage stage_enter(enum stage stage)
{
    enum stage before = here.stage;
    assert(stage <= STAGE_none);
    if (stage != before) {
        end_span(look());
        here.stage = stage;
    }
    return before;
}

struct stage_time stage_read(enum stage stage)
{
    assert(stage < STAGE_COUNT);
    if (here.stage == stage) {
        end_span(look());
    }
    return (struct stage_time){
        .cpu_ns = atomic_load_explicit(&sums[stage].cpu_ns, memory_order_relaxed),
        .wall_ns = atomic_load_explicit(&sums[stage].wall_ns, memory_order_relaxed),
        .spans = atomic_load_explicit(&sums[stage].spans, memory_order_relaxed),
    };
}

/* What a span costs beyond what it measures: one look at the clocks. */
static uint64_t look_ns(void)
{
    uint64_t began_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < LOOKS; i++) {
        (void)look();
    }
    return (read_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns) / LOOKS;
}

struct text {
    char *bytes;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text->bytes + text->length, TEXT_BYTES_MAX - text->length, format, args);
    va_end(args);
    assert(length >= 0);
    assert((size_t)length < TEXT_BYTES_MAX - text->length); /* the table is as long as it is */
    text->length += (size_t)length;
}

static void put_head(struct text *text, const char *name, const char *kind, const char *help)
{
    put(text, "# HELP candled_stage_%s %s\n# TYPE candled_stage_%s %s\n", name, help, name, kind);
}

static void put_seconds(struct text *text, uint64_t ns)
{
    put(text, " %" PRIu64 ".%09" PRIu64 "\n", ns / NS_PER_S, ns % NS_PER_S);
}

static void put_cpu(struct text *text, const struct stage_time times[])
{
    put_head(text, "cpu_seconds_total", "counter", "CPU time of threads in a stage.");
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        put(text, "candled_stage_cpu_seconds_total{stage=\"%s\"}", names[i]);
        put_seconds(text, times[i].cpu_ns);
    }
}

static void put_wall(struct text *text, const struct stage_time times[])
{
    put_head(text, "wall_seconds_total", "counter",
             "Time of threads in a stage, waiting included.");
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        put(text, "candled_stage_wall_seconds_total{stage=\"%s\"}", names[i]);
        put_seconds(text, times[i].wall_ns);
    }
}

static void put_spans(struct text *text, const struct stage_time times[])
{
    put_head(text, "spans_total", "counter", "How often a thread was in a stage.");
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        put(text, "candled_stage_spans_total{stage=\"%s\"} %" PRIu64 "\n", names[i],
            times[i].spans);
    }
    put_head(text, "clock_seconds", "gauge", "CPU time that timing a span costs.");
    put(text, "candled_stage_clock_seconds");
    put_seconds(text, look_ns());
}

char *stage_render(size_t *out_length)
{
    struct text text = {.bytes = mem_new(TEXT_BYTES_MAX, 1)};
    struct stage_time times[STAGE_COUNT];
    uint64_t spans = 0;

    for (size_t i = 0; i < STAGE_COUNT; i++) {
        times[i] = stage_read((enum stage)i);
        spans += times[i].spans;
    }
    if (spans > 0) {
        put_cpu(&text, times);
        put_wall(&text, times);
        put_spans(&text, times);
    }
    *out_length = text.length;
    return text.bytes;
}
