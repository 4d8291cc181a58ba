#include "actors/edge/kafka_flight.h"

#include "runtime/mem.h"

#include <assert.h>
#include <uv.h>

struct kafka_flight *kafka_flight_create(struct delivery *delivery, struct actor *from)
{
    size_t count = delivery->rows->count;
    assert(count > 0);
    struct kafka_flight *flight = mem_new(1, sizeof(*flight));
    flight->delivery = delivery;
    flight->from = from;
    flight->rows = mem_new(count, sizeof(*flight->rows));
    flight->began_ns = uv_hrtime();
    for (size_t i = 0; i < count; i++) {
        flight->rows[i].flight = flight;
    }
    return flight;
}

void kafka_flight_destroy(struct kafka_flight **flight_p)
{
    struct kafka_flight *flight = *flight_p;
    *flight_p = NULL;
    mem_free(flight->rows);
    mem_free(flight);
}

void kafka_flight_append(struct kafka_flight **list, struct kafka_flight *flight)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }
    *list = flight;
}

void kafka_flight_unlink(struct kafka_flight **list, const struct kafka_flight *flight)
{
    while (*list != flight) {
        list = &(*list)->next;
    }
    *list = flight->next;
}

size_t kafka_flight_next(struct kafka_flight *flight)
{
    size_t count = flight->delivery->rows->count;
    while (flight->first_waiting < count &&
           flight->rows[flight->first_waiting].state != KAFKA_ROW_waiting) {
        flight->first_waiting++;
    }
    return flight->first_waiting;
}

static bool is_held(const struct kafka_flight *flight)
{
    for (size_t i = 0; i < flight->delivery->rows->count; i++) {
        if (flight->rows[i].state == KAFKA_ROW_sent) {
            return true;
        }
    }
    return false;
}

bool kafka_flight_is_any_held(const struct kafka_flight *list)
{
    while (list != NULL && !is_held(list)) {
        list = list->next;
    }
    return list != NULL;
}

const struct kafka_flight *kafka_flight_find(const struct kafka_flight *list,
                                             const struct actor *to)
{
    while (list != NULL && list->from != to) {
        list = list->next;
    }
    return list;
}

bool kafka_flight_is_over(const struct kafka_flight *flight)
{
    return flight->settled == flight->delivery->rows->count;
}

static void settle(struct kafka_row *row)
{
    assert(row->state == KAFKA_ROW_sent);
    row->state = KAFKA_ROW_settled;
    row->flight->settled++;
}

void kafka_flight_acknowledge(struct kafka_row *row)
{
    row->flight->acked++;
    settle(row);
}

void kafka_flight_fail(struct kafka_row *row)
{
    row->flight->has_failed = true;
    settle(row);
}

static size_t index_of(const struct kafka_row *row)
{
    return (size_t)(row - row->flight->rows);
}

void kafka_flight_reject(struct kafka_row *row, const char *error)
{
    delivery_reject(row->flight->delivery, index_of(row), error);
    settle(row);
}

void kafka_flight_cut(struct kafka_row *row)
{
    row->is_cut = true;
    row->state = KAFKA_ROW_waiting;
    if (index_of(row) < row->flight->first_waiting) {
        row->flight->first_waiting = index_of(row);
    }
}
