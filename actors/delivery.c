#include "actors/delivery.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct rejection *add_rejection(struct delivery *delivery)
{
    if (delivery->rejections == NULL) {
        delivery->rejections = mem_new(1, sizeof(*delivery->rejections));
    }
    struct rejections *rejections = delivery->rejections;
    rejections->items =
        mem_resize(rejections->items, rejections->count + 1, sizeof(rejections->items[0]));
    return &rejections->items[rejections->count++];
}

void delivery_reject(struct delivery *delivery, size_t row, const char *error)
{
    assert(row < delivery->rows->count);
    const struct outbox_row *rejected = &delivery->rows->rows[row];
    struct rejection *rejection = add_rejection(delivery);
    size_t size = rejected->payload.size;

    rejection->row = *rejected;
    rejection->bytes = mem_new(size > 0 ? size : 1, 1);
    memcpy(rejection->bytes, rejected->payload.bytes, size);
    rejection->row.payload.bytes = rejection->bytes;
    (void)snprintf(rejection->error, sizeof(rejection->error), "%s", error);
}

void delivery_destroy_rejections(struct rejections **rejections_p)
{
    struct rejections *rejections = *rejections_p;
    *rejections_p = NULL;
    if (rejections == NULL) {
        return;
    }
    for (size_t i = 0; i < rejections->count; i++) {
        mem_free(rejections->items[i].bytes);
    }
    mem_free(rejections->items);
    mem_free(rejections);
}
