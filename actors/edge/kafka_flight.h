/* One delivery on its way through a producer, row by row.
 *
 * Ownership: the sink's; a row is what librdkafka carries as a message's opaque, so that a flight
 * may end only when each of its rows has come back, or the producer is gone. Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_FLIGHT_H
#define CANDLED_ACTORS_EDGE_KAFKA_FLIGHT_H

#include "actors/delivery.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;

enum kafka_row_state { KAFKA_ROW_waiting, KAFKA_ROW_sent, KAFKA_ROW_settled };

struct kafka_row {
    struct kafka_flight *flight;
    enum kafka_row_state state;
    bool is_cut; /* the broker refused its size once */
};

struct kafka_flight {
    struct delivery *delivery; /* borrowed */
    struct actor *from;        /* whom the answer goes to */
    struct kafka_row *rows;
    size_t first_waiting; /* no row before it waits */
    size_t settled;
    size_t acked;
    bool has_failed; /* a row was refused for a reason that may heal */
    uint64_t began_ns;
    struct kafka_flight *next;
};

struct kafka_flight *kafka_flight_create(struct delivery *delivery, struct actor *from);

void kafka_flight_destroy(struct kafka_flight **flight_p);

/* A list of them, oldest first. */
void kafka_flight_append(struct kafka_flight **list, struct kafka_flight *flight);

void kafka_flight_unlink(struct kafka_flight **list, const struct kafka_flight *flight);

/* The first row that waits to be sent, or the count of rows. */
size_t kafka_flight_next(struct kafka_flight *flight);

/* Whether rows of any in the list are with the producer. */
bool kafka_flight_is_any_held(const struct kafka_flight *list);

/* The first one whose answer goes to `to`; NULL: there is none. */
const struct kafka_flight *kafka_flight_find(const struct kafka_flight *list,
                                             const struct actor *to);

bool kafka_flight_is_over(const struct kafka_flight *flight);

void kafka_flight_acknowledge(struct kafka_row *row);

/* For a reason that may heal: the dispatcher repeats the delivery. */
void kafka_flight_fail(struct kafka_row *row);

void kafka_flight_reject(struct kafka_row *row, const char *error);

/* It is to be sent again, cut. */
void kafka_flight_cut(struct kafka_row *row);

#endif
