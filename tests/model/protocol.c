#include "tests/model/protocol.h"

#include <stdio.h>
#include <string.h>

/* --- what a state says --- */

static uint8_t least(const uint8_t cursors[SINKS])
{
    return cursors[0] < cursors[1] ? cursors[0] : cursors[1];
}

static uint8_t greatest(const uint8_t cursors[SINKS])
{
    return cursors[0] > cursors[1] ? cursors[0] : cursors[1];
}

/* The outbox holds what comes after. */
static uint8_t trimmed(const struct protocol *protocol, const struct process *p)
{
    return protocol->defect == DEFECT_greedy_trim ? greatest(p->saved) : least(p->saved);
}

/* --- steps --- */

struct walk {
    const struct protocol *protocol;
    const struct state *before;
    protocol_visit_fn *visit;
    void *context;
};

static void go(const struct walk *w, struct step step, const struct state *after)
{
    w->visit(w->context, &step, after);
}

static void read_and_commit(const struct walk *w, int who)
{
    const struct process *p = &w->before->processes[who];
    struct state after = *w->before;
    if (p->position < RECORDS) {
        after.processes[who].position++;
        go(w, (struct step){STEP_read, who, 0, p->position + 1}, &after);
    }
    after = *w->before;
    after.processes[who].next = p->position;
    memcpy(after.processes[who].saved, p->acked, sizeof(p->acked));
    go(w, (struct step){STEP_commit, who, 0, p->position}, &after);
}

/* Any entry of the outbox, as if a dispatcher sent them all at once; ordered: the next one, once
 * the one before has arrived. */
static void deliver(const struct walk *w, int who, int sink)
{
    const struct process *p = &w->before->processes[who];
    int sender = w->protocol->is_ordered ? who : 0;
    int from = p->acked[sink] > trimmed(w->protocol, p) ? p->acked[sink] : trimmed(w->protocol, p);
    int to = w->protocol->is_ordered && from < p->next ? from + 1 : p->next;
    if (w->protocol->is_ordered && w->before->in_flight[sender][sink] != 0) {
        return;
    }
    for (int revision = from + 1; revision <= to; revision++) {
        struct state after = *w->before;
        after.in_flight[sender][sink] |= (uint8_t)(1u << revision);
        if (w->protocol->defect == DEFECT_early_cursor && revision == p->acked[sink] + 1) {
            after.processes[who].acked[sink]++;
        }
        go(w, (struct step){STEP_deliver, who, sink, revision}, &after);
    }
}

static void crash(const struct walk *w, int who)
{
    struct state after = *w->before;
    struct process *p = &after.processes[who];
    p->is_up = false;
    p->position = p->next;
    memcpy(p->acked, p->saved, sizeof(p->saved));
    go(w, (struct step){STEP_crash, who, 0, 0}, &after);
}

static void come_up(const struct walk *w, int who, uint8_t next, uint8_t first, uint8_t second)
{
    struct state after = *w->before;
    after.processes[who] = (struct process){
        .is_up = true,
        .position = next,
        .next = next,
        .saved = {first, second},
        .acked = {first, second},
    };
    go(w, (struct step){STEP_take_over, who, 0, next}, &after);
}

/* From the durable state of one of them, or from one that is no further in anything. */
static void take_over(const struct walk *w, int who, const struct process *from)
{
    for (uint8_t next = 0; next <= from->next; next++) {
        for (uint8_t first = 0; first <= from->saved[0] && first <= next; first++) {
            for (uint8_t second = 0; second <= from->saved[1] && second <= next; second++) {
                come_up(w, who, next, first, second);
            }
        }
    }
    if (w->protocol->defect == DEFECT_start_at_next) {
        come_up(w, who, from->next, from->next, from->next);
    }
}

static struct state applied(const struct walk *w, int sink, int revision)
{
    struct state after = *w->before;
    uint8_t *stored = &after.stored[sink][w->protocol->key_of[revision]];
    if (w->protocol->defect == DEFECT_no_guard || *stored < revision) {
        *stored = (uint8_t)revision;
    }
    return after;
}

/* The answer reaches one that waits for it (ordered: who sent the write), or nobody. */
static void answer(const struct walk *w, int sender, int sink, int revision,
                   const struct state *after)
{
    go(w, (struct step){STEP_apply, 0, sink, revision}, after);
    for (int who = 0; who < PROCESSES; who++) {
        const struct process *p = &w->before->processes[who];
        bool may_hear = !w->protocol->is_ordered || who == sender;
        if (may_hear && p->is_up && p->acked[sink] + 1 == revision && p->next >= revision) {
            struct state heard = *after;
            heard.processes[who].acked[sink] = (uint8_t)revision;
            go(w, (struct step){STEP_hear, who, sink, revision}, &heard);
        }
    }
}

/* It may lie there twice: then one goes and one stays. */
static void move_write(const struct walk *w, int sender, int sink, int revision)
{
    struct state after = applied(w, sink, revision);
    answer(w, sender, sink, revision, &after);
    after.in_flight[sender][sink] &= (uint8_t) ~(1u << revision);
    answer(w, sender, sink, revision, &after);
    after = *w->before;
    after.in_flight[sender][sink] &= (uint8_t) ~(1u << revision);
    go(w, (struct step){STEP_lose, 0, sink, revision}, &after);
}

static void move_network(const struct walk *w, int sender, int sink)
{
    for (int revision = 1; revision <= RECORDS; revision++) {
        if ((w->before->in_flight[sender][sink] & 1u << revision) != 0) {
            move_write(w, sender, sink, revision);
            if (w->protocol->is_ordered) {
                return;
            }
        }
    }
}

void protocol_each_step(const struct protocol *protocol, const struct state *state,
                        protocol_visit_fn *visit, void *context)
{
    struct walk w = {protocol, state, visit, context};
    for (int who = 0; who < PROCESSES; who++) {
        if (!state->processes[who].is_up) {
            take_over(&w, who, &state->processes[0]);
            take_over(&w, who, &state->processes[1]);
            continue;
        }
        read_and_commit(&w, who);
        for (int sink = 0; sink < SINKS; sink++) {
            deliver(&w, who, sink);
        }
        crash(&w, who);
    }
    for (int which = 0; which < PROCESSES * SINKS; which++) {
        move_network(&w, which >> 1, which & 1);
    }
}

/* --- judging --- */

static bool holds(const struct protocol *protocol, const struct state *state, int sink,
                  uint8_t up_to)
{
    for (uint8_t revision = 1; revision <= up_to; revision++) {
        if (state->stored[sink][protocol->key_of[revision]] < revision) {
            return false;
        }
    }
    return true;
}

static bool has_all(const struct protocol *protocol, const struct state *state)
{
    return holds(protocol, state, 0, RECORDS) && holds(protocol, state, 1, RECORDS);
}

static bool is_quiet(const struct state *state)
{
    bool has_finished = false;
    for (int who = 0; who < PROCESSES; who++) {
        const struct process *p = &state->processes[who];
        has_finished =
            has_finished || (p->is_up && p->next == RECORDS && least(p->acked) == RECORDS);
    }
    static const uint8_t none[PROCESSES][SINKS];
    return has_finished && memcmp(state->in_flight, none, sizeof(none)) == 0;
}

/* What is behind a cursor, or trimmed, is not in the outbox: a sink must have it. */
static bool owes_nothing_silently(const struct protocol *protocol, const struct state *state)
{
    for (int who = 0; who < PROCESSES; who++) {
        const struct process *p = &state->processes[who];
        for (int sink = 0; sink < SINKS; sink++) {
            uint8_t gone = trimmed(protocol, p);
            gone = gone > p->saved[sink] ? gone : p->saved[sink];
            gone = gone > p->acked[sink] ? gone : p->acked[sink];
            if (!holds(protocol, state, sink, gone)) {
                return false;
            }
        }
    }
    return true;
}

static bool goes_down(const struct state *before, const struct state *after)
{
    for (int at = 0; at < SINKS * KEYS; at++) {
        if (after->stored[at / KEYS][at % KEYS] < before->stored[at / KEYS][at % KEYS]) {
            return true;
        }
    }
    return false;
}

const char *protocol_judge(const struct protocol *protocol, const struct state *before,
                           const struct state *after)
{
    if (!protocol->only_lasting && goes_down(before, after)) {
        return "a sink's revision goes down";
    }
    if (!protocol->only_lasting && !owes_nothing_silently(protocol, after)) {
        return "a sink is owed what no outbox holds";
    }
    if (is_quiet(after) && !has_all(protocol, after)) {
        return "all is quiet, and a key does not hold its largest revision";
    }
    return NULL;
}

static void give(const struct protocol *protocol, struct state *state, int sink, int revision)
{
    uint8_t *stored = &state->stored[sink][protocol->key_of[revision]];
    *stored = *stored < revision ? (uint8_t)revision : *stored;
}

const char *protocol_judge_healed(const struct protocol *protocol, const struct state *state)
{
    struct state healed = *state;
    for (int sink = 0; sink < SINKS; sink++) {
        for (int revision = healed.processes[0].acked[sink] + 1; revision <= RECORDS; revision++) {
            give(protocol, &healed, sink, revision);
        }
        for (int revision = RECORDS; revision > 0; revision--) {
            if (((healed.in_flight[0][sink] | healed.in_flight[1][sink]) & 1u << revision) != 0) {
                give(protocol, &healed, sink, revision);
            }
        }
    }
    return has_all(protocol, &healed) ? NULL : "left alone, it does not end with what the log says";
}

void protocol_print_step(const struct step *s)
{
    switch (s->kind) {
#define X(name, format, ...)                                                                       \
    case STEP_##name:                                                                              \
        (void)printf(format "\n", __VA_ARGS__);                                                    \
        break;
        STEPS(X)
#undef X
    }
}

/* --- packing --- */

static uint64_t pack_process(const struct state *state, int who, int first_sink)
{
    const struct process *p = &state->processes[who];
    int second_sink = 1 - first_sink;
    uint64_t bits = p->is_up;
    bits = bits << 2 | p->position;
    bits = bits << 2 | p->next;
    bits = bits << 2 | p->saved[first_sink];
    bits = bits << 2 | p->saved[second_sink];
    bits = bits << 2 | p->acked[first_sink];
    return bits << 2 | p->acked[second_sink];
}

static uint64_t pack_sink(const struct state *state, int sink)
{
    uint64_t bits = (uint64_t)state->in_flight[0][sink] >> 1;
    bits = bits << 3 | (uint64_t)state->in_flight[1][sink] >> 1;
    bits = bits << 2 | state->stored[sink][0];
    return bits << 2 | state->stored[sink][1];
}

enum { PROCESS_BITS = 13, SINK_BITS = 10 };

static uint64_t pack_as(const struct state *state, int first_sink, bool is_symmetric)
{
    uint64_t one = pack_process(state, 0, first_sink);
    uint64_t other = pack_process(state, 1, first_sink);
    uint64_t processes =
        is_symmetric && other < one ? other << PROCESS_BITS | one : one << PROCESS_BITS | other;
    uint64_t sinks = pack_sink(state, first_sink) << SINK_BITS | pack_sink(state, 1 - first_sink);
    return processes << 2 * SINK_BITS | sinks;
}

uint64_t protocol_pack(const struct state *state, bool is_symmetric)
{
    uint64_t one = pack_as(state, 0, is_symmetric);
    uint64_t other = is_symmetric ? pack_as(state, 1, true) : one;
    return other < one ? other : one;
}

static uint8_t take_bits(uint64_t *bits, int count)
{
    uint8_t low = (uint8_t)(*bits & ((1u << count) - 1));
    *bits >>= count;
    return low;
}

struct state protocol_unpack(uint64_t bits)
{
    struct state state = {0};
    for (int sink = SINKS - 1; sink >= 0; sink--) {
        state.stored[sink][1] = take_bits(&bits, 2);
        state.stored[sink][0] = take_bits(&bits, 2);
        state.in_flight[1][sink] = (uint8_t)(take_bits(&bits, 3) << 1);
        state.in_flight[0][sink] = (uint8_t)(take_bits(&bits, 3) << 1);
    }
    for (int who = PROCESSES - 1; who >= 0; who--) {
        struct process *p = &state.processes[who];
        p->acked[1] = take_bits(&bits, 2);
        p->acked[0] = take_bits(&bits, 2);
        p->saved[1] = take_bits(&bits, 2);
        p->saved[0] = take_bits(&bits, 2);
        p->next = take_bits(&bits, 2);
        p->position = take_bits(&bits, 2);
        p->is_up = take_bits(&bits, 1) != 0;
    }
    return state;
}
