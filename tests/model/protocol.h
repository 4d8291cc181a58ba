/* The protocol of revision-guarded sinks, as small as it can be without losing what is hard about
 * it: a log of three records, two processes that may both believe to own it, two sinks.
 *
 * Nothing fences a process: one that was taken over (a zombie) goes on with all it can do, whenever
 * it likes. What was sent lies in the network, from where it is applied once, twice, or never, also
 * long after its sender has died: in any order, which is more than connections do, or, to show what
 * real ones are enough for, in the order of each sender. A process comes up from the durable state
 * of either, or from any older one (a snapshot; with equal numbers it is a start from nothing at
 * the acked offset).
 *
 * A write is known by its revision, which is its record's number: values are functions of the log.
 */
#ifndef CANDLED_TESTS_MODEL_PROTOCOL_H
#define CANDLED_TESTS_MODEL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECORDS = 3, PROCESSES = 2, SINKS = 2, KEYS = 2 };

/* What may be broken, to see that it is noticed. */
#define DEFECTS(X)                                                                                 \
    X(none, "the protocol as it is")                                                               \
    X(no_guard, "a sink takes any revision, a lower one too")                                      \
    X(early_cursor, "the cursor moves when a write is sent, not when it is acknowledged")          \
    X(greedy_trim, "the outbox is trimmed by the sink that is furthest, not by the last")          \
    X(start_at_next, "a start from nothing begins at the next offset, not at the acked one")

enum defect {
#define X(name, text) DEFECT_##name,
    DEFECTS(X)
#undef X
        DEFECT_COUNT
};

struct process {
    bool is_up;
    uint8_t position;     /* records read, in memory */
    uint8_t next;         /* durable: records whose effects are committed */
    uint8_t saved[SINKS]; /* durable: the cursors; what is not behind them is in the outbox */
    uint8_t acked[SINKS]; /* the cursors in memory */
};

struct state {
    struct process processes[PROCESSES];
    uint8_t stored[SINKS][KEYS];         /* the revision that a sink holds; 0: none */
    uint8_t in_flight[PROCESSES][SINKS]; /* a bit a revision; unordered: all of them stand first */
};

struct protocol {
    uint8_t key_of[RECORDS + 1]; /* by revision, from 1 */
    enum defect defect;
    bool is_ordered; /* one delivery at a time, and what one process sends arrives in that order */
    bool only_lasting; /* judge nothing but what is left when all is quiet */
};

/* One thing that happened, and how it is told: `s` is the step. */
#define STEPS(X)                                                                                   \
    X(read, "process %d reads record %d", s->who, s->revision)                                     \
    X(commit, "process %d commits up to record %d", s->who, s->revision)                           \
    X(deliver, "process %d sends to sink %d revision %d", s->who, s->sink, s->revision)            \
    X(apply, "sink %d is given revision %d; no answer arrives", s->sink, s->revision)              \
    X(hear, "sink %d is given revision %d, and process %d hears of it", s->sink, s->revision,      \
      s->who)                                                                                      \
    X(lose, "the write to sink %d of revision %d is lost", s->sink, s->revision)                   \
    X(crash, "process %d is killed", s->who)                                                       \
    X(take_over, "process %d comes up from a state that stands after record %d", s->who,           \
      s->revision)

enum step_kind {
#define X(name, ...) STEP_##name,
    STEPS(X)
#undef X
};

struct step {
    enum step_kind kind;
    int who;
    int sink;
    int revision;
};

typedef void protocol_visit_fn(void *context, const struct step *step, const struct state *after);

/* Everything that can happen next. */
void protocol_each_step(const struct protocol *protocol, const struct state *state,
                        protocol_visit_fn *visit, void *context);

/* What is wrong with a step, or NULL. */
const char *protocol_judge(const struct protocol *protocol, const struct state *before,
                           const struct state *after);

void protocol_print_step(const struct step *step);

/* Lets one process do its work undisturbed, and then the network deliver all that lies in it, the
 * newest first. NULL: the sinks hold what the log says. */
const char *protocol_judge_healed(const struct protocol *protocol, const struct state *state);

/* Unique; with is_symmetric, equal for states that differ only in how processes or sinks are
 * numbered (not for ordered networks). */
uint64_t protocol_pack(const struct state *state, bool is_symmetric);
struct state protocol_unpack(uint64_t packed);

#endif
