/* The fast path of JSON klines held against the reader that it stands in for. */
#ifndef CANDLED_TESTS_UNIT_PROTO_KLINE_SCAN_TWIN_H
#define CANDLED_TESTS_UNIT_PROTO_KLINE_SCAN_TWIN_H

#include "proto/json_reader.h"
#include "proto/kline_check.h"
#include "proto/kline_json.h"
#include "proto/kline_scan.h"

static inline bool twin_is_same_value(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case VALUE_boolean:
        return a->boolean == b->boolean;
    case VALUE_integer:
        return a->integer == b->integer;
    case VALUE_string:
        return slice_equals(a->string, b->string);
    default:
        return false; /* the scanner gives no other */
    }
}

static inline bool twin_are_same(const struct kline_fields *a, const struct kline_fields *b)
{
    for (size_t i = 0; i < KLINE_FIELD_COUNT; i++) {
        if (!twin_is_same_value(&a->values[i], &b->values[i])) {
            return false;
        }
    }
    return strcmp(a->prefix, b->prefix) == 0 && a->has_event_time == b->has_event_time &&
           !a->has_twice && !b->has_twice;
}

enum twin_verdict {
    TWIN_left,  /* to the reader, whatever that says */
    TWIN_taken, /* by both, with the same fields */
    TWIN_differs,
};

static inline enum twin_verdict twin_judge(struct json_reader *reader, struct slice text)
{
    struct kline_fields scanned;
    struct kline_fields read;
    char error[KLINE_ERROR_MAX];

    if (!kline_scan(text, &scanned)) {
        return TWIN_left;
    }
    bool is_read = kline_json_read(reader, text, &read, error) == REASON_none;
    bool is_same = is_read && twin_are_same(&scanned, &read);
    json_reader_release(reader);
    return is_same ? TWIN_taken : TWIN_differs;
}

#endif
