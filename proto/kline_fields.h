/* The fields of a kline as a document gave them, not yet judged. */
#ifndef CANDLED_PROTO_KLINE_FIELDS_H
#define CANDLED_PROTO_KLINE_FIELDS_H

#include "proto/kline.h"
#include "proto/reason.h"
#include "proto/value.h"

#include <stdbool.h>

/* In the order in which they are checked. */
/* clang-format off */
#define KLINE_FIELDS_TABLE(X)                                                   \
    /* name  key   type      presence   meaning */                              \
    X(s,     's',  string,   required,  "symbol")                               \
    X(i,     'i',  string,   required,  "interval")                             \
    X(x,     'x',  boolean,  required,  "is it closed")                         \
    X(t,     't',  integer,  required,  "open time")                            \
    X(T,     'T',  integer,  required,  "close time")                           \
    X(E,     'E',  integer,  required,  "event time; of the event and msgpack") \
    X(o,     'o',  string,   required,  "open")                                 \
    X(h,     'h',  string,   required,  "high")                                 \
    X(l,     'l',  string,   required,  "low")                                  \
    X(c,     'c',  string,   required,  "close")                                \
    X(v,     'v',  string,   required,  "volume")                               \
    X(q,     'q',  string,   required,  "quote volume")                         \
    X(V,     'V',  string,   required,  "taker buy volume")                     \
    X(Q,     'Q',  string,   required,  "taker buy quote volume")               \
    X(n,     'n',  integer,  required,  "number of trades")                     \
    X(f,     'f',  integer,  optional,  "first trade id; null is absent too")   \
    X(L,     'L',  integer,  optional,  "last trade id; null is absent too")
/* clang-format on */

enum kline_field {
#define X(name, key, type, presence, meaning) KLINE_FIELD_##name,
    KLINE_FIELDS_TABLE(X)
#undef X
        KLINE_FIELD_COUNT
};

struct kline_fields {
    const char *prefix; /* of a name in error texts: "k." where the fields are inside an event */
    bool has_event_time;
    bool has_twice;
    enum kline_field twice; /* the first field that was given again */
    struct value values[KLINE_FIELD_COUNT];
};

/* What has no field yet has the kind VALUE_absent. */
void kline_fields_init(struct kline_fields *fields, const char *prefix, bool has_event_time);

/* Unknown keys are ignored; so is E where the shape has no event time of its own. */
void kline_fields_add(struct kline_fields *fields, struct slice key, const struct value *value);

/* A bare object with none of these three is some other message. */
bool kline_fields_is_telling(struct slice key);

const char *kline_fields_name(enum kline_field field);

#endif
