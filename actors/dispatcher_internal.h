/* What dispatcher.c and dispatcher_refill.c share. */
#ifndef CANDLED_ACTORS_DISPATCHER_INTERNAL_H
#define CANDLED_ACTORS_DISPATCHER_INTERNAL_H

#include "actors/dispatcher.h"

#include "actors/messages.h"
#include "actors/refill.h"
#include "runtime/backoff.h"

enum dispatcher_state {
    DISPATCHER_idle,
    DISPATCHER_reading,
    DISPATCHER_delivering,
    DISPATCHER_backing_off,
};

struct dispatcher {
    struct actor actor;
    struct dispatcher_options options;
    enum dispatcher_state state;
    bool is_stopped;
    int64_t cursor;
    int64_t last_sequence;
    struct delivery delivery; /* rows NULL: none */
    struct refill refill;
    bool is_refill_turn; /* the outbox had its turn */
    bool is_attached;    /* the sink points to us */
    struct backoff backoff;
};

/* dispatcher.c */
void dispatcher_go_on(struct dispatcher *d);
void dispatcher_deliver_rows(struct dispatcher *d, struct outbox_rows *rows, bool is_refill);
void dispatcher_forget_delivery(struct dispatcher *d);

/* dispatcher_refill.c */
void dispatcher_take_refill_turn(struct dispatcher *d);
void dispatcher_on_page(struct dispatcher *d, const struct msg_refill_rows *m);
void dispatcher_on_forgot(struct dispatcher *d, const struct msg_sink_forgot *m);
void dispatcher_end_page(struct dispatcher *d);

#endif
