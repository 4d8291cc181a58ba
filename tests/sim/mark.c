#include "tests/sim/mark.h"

#include "actors/messages.h"
#include "runtime/actor.h"

static void begin_refill(struct sim_mark *mark)
{
    int64_t *there = &mark->server->marks[mark->partition];
    *there = *there < 0 ? 0 : *there; /* a Redis that is emptied once more will be found out */
    mark->held = *there;
    mark->is_refilling = true;
    mark->loss++;
    faults_count(mark->server->faults, FAULT_refill_begun);
    struct msg msg = {
        .type = MSG_SINK_FORGOT, .from = mark->sink, .as_SINK_FORGOT = {.loss = mark->loss}};
    actor_send(mark->dispatcher, &msg);
}

void sim_mark_read(struct sim_mark *mark)
{
    if (mark->dispatcher == NULL) {
        return;
    }
    mark->held = mark->server->marks[mark->partition];
    mark->is_refilling = false;
    if (mark->held < mark->acked) {
        begin_refill(mark);
    }
}

/* Only forward, and only over what we have left there. */
static void write_mark(struct sim_mark *mark)
{
    int64_t *there = &mark->server->marks[mark->partition];
    if (*there < mark->held) {
        begin_refill(mark);
        return;
    }
    *there = *there < mark->acked ? mark->acked : *there;
    mark->held = *there;
}

void sim_mark_acknowledge(struct sim_mark *mark, int64_t revision)
{
    mark->acked = mark->acked < revision ? revision : mark->acked;
    if (mark->dispatcher != NULL && !mark->is_refilling && mark->held < mark->acked) {
        write_mark(mark);
    }
}

void sim_mark_end_refill(struct sim_mark *mark, int64_t loss)
{
    if (mark->is_refilling && mark->loss == loss) {
        mark->is_refilling = false;
        write_mark(mark);
    }
}
