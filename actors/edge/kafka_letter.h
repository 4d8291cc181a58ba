/* One outbox row as a Kafka message: its key, value and headers. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_LETTER_H
#define CANDLED_ACTORS_EDGE_KAFKA_LETTER_H

#include "actors/delivery.h"
#include "runtime/base.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* Puts a row of the delivery into the producer's queue; nothing of it is borrowed afterwards.
 * `opaque` comes back with the delivery report. is_cut: the broker refused its size, so the value
 * of a dead letter is cut to a few kilobytes. __BAD_MSG: the row does not decode. */
MUST_CHECK rd_kafka_resp_err_t kafka_letter_produce(rd_kafka_t *producer, const char *topic,
                                                    const struct delivery *delivery, size_t row,
                                                    bool is_cut, void *opaque);

#endif
