#include "actors/delivery.h"

#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>

void delivery_reject(struct delivery *delivery, size_t row, const char *error)
{
    const struct outbox_row *source = &delivery->rows->rows[row];
    struct rejections *r = delivery->rejections;

    if (r == NULL) {
        r = delivery->rejections = mem_new(1, sizeof(*r));
    }
    r->items = mem_resize(r->items, r->count + 1, sizeof(*r->items));
    struct rejection *rejection = &r->items[r->count++];
    *rejection = (struct rejection){.row = *source, .bytes = mem_new(1, source->payload.size + 1)};
    memcpy(rejection->bytes, source->payload.bytes, source->payload.size);
    rejection->row.payload.bytes = rejection->bytes;
    snprintf(rejection->error, sizeof(rejection->error), "%s", error);
}

void rejections_destroy(struct rejections **rejections_p)
{
    struct rejections *r = *rejections_p;
    *rejections_p = NULL;
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        mem_free(r->items[i].bytes);
    }
    mem_free(r->items);
    mem_free(r);
}
