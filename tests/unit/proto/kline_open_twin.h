/* The look at open klines held against the decoder that it stands in for. */
#ifndef CANDLED_TESTS_UNIT_PROTO_KLINE_OPEN_TWIN_H
#define CANDLED_TESTS_UNIT_PROTO_KLINE_OPEN_TWIN_H

#include "proto/kline.h"
#include "proto/kline_open.h"

#include <string.h>

enum open_verdict {
    OPEN_left,  /* to the decoder, whatever that says */
    OPEN_taken, /* by both, with the same symbol and times */
    OPEN_differs,
};

static inline bool open_are_same(const struct kline *a, const struct kline *b)
{
    return !a->is_closed && !b->is_closed && a->symbol_size == b->symbol_size &&
           strcmp(a->symbol, b->symbol) == 0 && a->open_ms == b->open_ms &&
           a->event_ms == b->event_ms;
}

static inline enum open_verdict open_judge(struct kline_decoder *decoder, struct slice text)
{
    struct kline scanned;
    struct kline decoded;
    char error[KLINE_ERROR_MAX];

    if (!kline_open_scan(text, &scanned)) {
        return OPEN_left;
    }
    bool is_well_made = kline_decode(decoder, text, &decoded, error) == REASON_none;
    return is_well_made && open_are_same(&scanned, &decoded) ? OPEN_taken : OPEN_differs;
}

#endif
