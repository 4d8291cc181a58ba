/* What a cluster tells about a topic. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_METADATA_H
#define CANDLED_ACTORS_EDGE_KAFKA_METADATA_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* Blocks for timeout_ms at most. UNKNOWN_TOPIC_OR_PART: there is no such topic; a consumer does not
 * make it by asking. */
rd_kafka_resp_err_t kafka_metadata_partition_count(rd_kafka_t *consumer, const char *topic,
                                                   int timeout_ms, int32_t *out_count);

#endif
