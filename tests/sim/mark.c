#include "tests/sim/mark.h"

#include "actors/delivery.h"
#include "actors/messages.h"
#include "runtime/actor.h"

static struct server_mark *there(const struct sim_mark *mark)
{
    return &mark->server->marks[mark->partition];
}

/* A Redis that is emptied once more will be found out by what is left there. */
static void begin_refill(struct sim_mark *mark)
{
    there(mark)->acked = acked_later(there(mark)->acked, (struct acked){.revision = 0});
    there(mark)->acked.life = mark->known.life;
    mark->known.held = there(mark)->acked;
    mark->is_refilling = true;
    mark->loss++;
    faults_count(mark->server->faults, FAULT_refill_begun);
    struct msg msg = {
        .type = MSG_SINK_FORGOT, .from = mark->sink, .as_SINK_FORGOT = {.loss = mark->loss}};
    actor_send(mark->dispatcher, &msg);
}

static void write_mark(struct sim_mark *mark, struct acked value)
{
    value.life = mark->known.life;
    there(mark)->acked = value;
    mark->known.held = value;
}

void sim_mark_read(struct sim_mark *mark)
{
    if (mark->dispatcher == NULL) {
        return;
    }
    mark->is_refilling = false;
    if (!mark_is_whole_at_connect(&mark->known, there(mark)->acked, &mark->server->lives)) {
        begin_refill(mark);
    } else if (mark->known.held.revision < 0) {
        write_mark(mark, (struct acked){.revision = 0});
    }
}

/* Whether it is what we have left there, or later. */
static bool is_as_left(struct sim_mark *mark)
{
    if (acked_equals(there(mark)->acked, mark->known.held)) {
        return true;
    }
    if (!mark_is_whole_when_changed(&mark->known, there(mark)->acked, &mark->server->lives)) {
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
        delivery->acked =
            acked_next(acked_later(mark->known.held, mark->known.acked), delivery->revision);
        delivery->acked.life = mark->known.life;
        write_mark(mark, delivery->acked);
    } else {
        delivery->acked = acked_next(mark->known.acked, delivery->revision);
    }
    mark->known.acked = acked_later(mark->known.acked, delivery->acked);
}

void sim_mark_end_refill(struct sim_mark *mark, int64_t loss)
{
    if (!mark->is_refilling || mark->loss != loss) {
        return;
    }
    mark->is_refilling = false;
    if (is_as_left(mark)) {
        mark_end_refill(&mark->known);
        write_mark(mark, mark->known.acked);
    }
}
