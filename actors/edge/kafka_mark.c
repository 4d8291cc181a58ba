#include "actors/edge/kafka_mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t kafka_mark_write(struct kafka_mark mark, char text[KAFKA_MARK_BYTES_MAX])
{
    int size = snprintf(text, KAFKA_MARK_BYTES_MAX, "%" PRId64 ",%" PRId64, mark.era, mark.acked);
    if (mark.partitions > 0) {
        size += snprintf(text + size, KAFKA_MARK_BYTES_MAX - (size_t)size, ",%" PRId32,
                         mark.partitions);
    }
    return (size_t)size;
}

/* One of ours has a single spelling, so what is read must be written the same. */
bool kafka_mark_read(struct slice text, struct kafka_mark *out_mark)
{
    char copy[KAFKA_MARK_BYTES_MAX] = "";
    char again[KAFKA_MARK_BYTES_MAX];
    struct kafka_mark mark = {.partitions = 0};
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.bytes, text.size);
    if (sscanf(copy, "%" SCNd64 ",%" SCNd64 ",%" SCNd32, &mark.era, &mark.acked, &mark.partitions) <
            2 ||
        mark.era < 0 || mark.acked < 0) {
        return false;
    }
    size_t size = kafka_mark_write(mark, again);
    if (size != text.size || memcmp(again, copy, size) != 0) {
        return false;
    }
    *out_mark = mark;
    return true;
}
