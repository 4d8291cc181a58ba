#include "tests/sim/mark.h"

#include "actors/delivery.h"
#include "actors/messages.h"
#include "runtime/actor.h"

enum { LIFE_STEP_SHIFT = 28 };

static struct server_mark *there(const struct sim_mark *mark)
{
    return &mark->server->marks[mark->partition];
}

/* A Redis that is emptied once more will be found out by what is left there. */
static void begin_refill(struct sim_mark *mark)
{
    there(mark)->acked = acked_later(there(mark)->acked, (struct acked){.revision = 0});
    there(mark)->acked.life = mark->life;
    mark->held = there(mark)->acked;
    mark->is_refilling = true;
    mark->loss++;
    faults_count(mark->server->faults, FAULT_refill_begun);
    struct msg msg = {
        .type = MSG_SINK_FORGOT, .from = mark->sink, .as_SINK_FORGOT = {.loss = mark->loss}};
    actor_send(mark->dispatcher, &msg);
}

/* Without the dice: what a seed means does not hang on it. */
static int64_t new_life(const struct sim_mark *mark, struct acked known)
{
    uint64_t mixed = (uint64_t)++mark->server->lives * UINT64_C(0x9e3779b97f4a7c15);
    return acked_next_life(mark->held, known, mixed >> LIFE_STEP_SHIFT);
}

/* What is there is not what we know: has it been forgotten? */
static bool is_forgotten(struct sim_mark *mark, struct acked known)
{
    bool is_lost = acked_is_lost(mark->held, known);
    bool is_another = known.life != 0 && mark->held.life != known.life;

    mark->seen = is_lost ? acked_none() : acked_later(mark->seen, mark->held);
    mark->life = is_lost || mark->held.life == 0 ? new_life(mark, known) : mark->held.life;
    return is_lost || is_another;
}

static void write_mark(struct sim_mark *mark, struct acked value)
{
    value.life = mark->life;
    there(mark)->acked = value;
    mark->held = value;
}

void sim_mark_read(struct sim_mark *mark)
{
    if (mark->dispatcher == NULL) {
        return;
    }
    mark->held = there(mark)->acked;
    mark->is_refilling = false;
    if (is_forgotten(mark, acked_known(mark->acked, mark->seen))) {
        begin_refill(mark);
    } else if (mark->held.revision < 0) {
        write_mark(mark, (struct acked){.revision = 0});
    }
}

/* Whether it is what we have left there, or later. */
static bool is_as_left(struct sim_mark *mark)
{
    struct acked known = mark->held;

    if (acked_equals(there(mark)->acked, known)) {
        return true;
    }
    mark->held = there(mark)->acked;
    if (is_forgotten(mark, known)) {
        begin_refill(mark);
        return false;
    }
    return true;
}

void sim_mark_acknowledge(struct sim_mark *mark, struct delivery *delivery)
{
    if (mark->dispatcher == NULL || delivery->is_refill || delivery->revision < 0) {
        return;
    }
    if (!mark->is_refilling && is_as_left(mark)) {
        delivery->acked = acked_next(acked_later(mark->held, mark->acked), delivery->revision);
        delivery->acked.life = mark->life;
        write_mark(mark, delivery->acked);
    } else {
        delivery->acked = acked_next(mark->acked, delivery->revision);
    }
    mark->acked = acked_later(mark->acked, delivery->acked);
}

void sim_mark_end_refill(struct sim_mark *mark, int64_t loss)
{
    if (!mark->is_refilling || mark->loss != loss) {
        return;
    }
    mark->is_refilling = false;
    if (is_as_left(mark)) {
        mark->acked = acked_refilled(mark->held, mark->acked);
        mark->acked.life = mark->life;
        write_mark(mark, mark->acked);
    }
}
