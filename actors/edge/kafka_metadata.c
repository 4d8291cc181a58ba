#include "actors/edge/kafka_metadata.h"

#include <stddef.h>

rd_kafka_resp_err_t kafka_metadata_partition_count(rd_kafka_t *consumer, const char *topic,
                                                   int timeout_ms, int32_t *out_count)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    if (handle == NULL) {
        return rd_kafka_last_error();
    }
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return code;
    }
    int32_t count = 0;
    if (metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        count = metadata->topics[0].partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && count <= 0) {
        return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *out_count = count;
    }
    return code;
}
