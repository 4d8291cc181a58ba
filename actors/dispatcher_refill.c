#include "actors/dispatcher_internal.h"

#include "runtime/status.h"

static void tell_refilled(struct dispatcher *d)
{
    struct msg msg = {
        .type = MSG_SINK_REFILLED,
        .from = &d->actor,
        .as_SINK_REFILLED = {.loss = d->refill.loss, .count = d->refill.count},
    };
    d->refill.is_wanted = false;
    actor_send(d->options.sink_edge, &msg);
}

static void read_page(struct dispatcher *d)
{
    struct msg msg = {
        .type = MSG_REFILL_READ,
        .from = &d->actor,
        .as_REFILL_READ = {&d->refill.page},
    };
    d->state = DISPATCHER_reading;
    actor_send(d->options.store_reader, &msg);
}

/* The end is told when one more page would be due: another partition's refill may follow. */
void dispatcher_take_refill_turn(struct dispatcher *d)
{
    d->is_refill_turn = false;
    if (d->refill.page.is_last) {
        tell_refilled(d);
        dispatcher_go_on(d);
    } else {
        read_page(d);
    }
}

/* A page is done with: delivered, empty, or of a walk that begins anew. */
void dispatcher_end_page(struct dispatcher *d)
{
    if (d->refill.is_anew) {
        refill_begin(&d->refill, d->refill.loss, actor_now_ms(&d->actor));
    } else {
        refill_end_page(&d->refill, actor_now_ms(&d->actor));
    }
    dispatcher_go_on(d);
}

void dispatcher_on_page(struct dispatcher *d, const struct msg_refill_rows *m)
{
    if (m->status != STATUS_OK) {
        d->state = DISPATCHER_idle;
        actor_escalate(&d->actor, m->status);
    } else if (d->is_stopped || d->refill.is_anew || m->page->rows->count == 0) {
        dispatcher_end_page(d);
    } else {
        dispatcher_deliver_rows(d, m->page->rows, true);
    }
}

void dispatcher_on_forgot(struct dispatcher *d, const struct msg_sink_forgot *m)
{
    bool is_page_held = d->state == DISPATCHER_backing_off && d->delivery.is_refill;
    bool is_page_out = d->state != DISPATCHER_idle && !is_page_held &&
                       (d->delivery.rows == NULL ? !d->is_refill_turn : d->delivery.is_refill);

    if (d->is_stopped) {
        return;
    }
    if (is_page_out) { /* it begins when that comes back */
        d->refill.is_anew = true;
        d->refill.loss = m->loss;
        return;
    }
    if (is_page_held) {
        dispatcher_forget_delivery(d);
        d->state = DISPATCHER_idle;
    }
    refill_begin(&d->refill, m->loss, actor_now_ms(&d->actor));
    if (d->state == DISPATCHER_idle) {
        dispatcher_go_on(d);
    }
}
