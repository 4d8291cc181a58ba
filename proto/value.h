/* One value out of a foreign document, JSON or msgpack alike: what its readers hand out.
 *
 * Lifetime: strings, bytes and containers point into the document and die with it. */
#ifndef CANDLED_PROTO_VALUE_H
#define CANDLED_PROTO_VALUE_H

#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define VALUE_KIND_TABLE(X)                                  \
    /* kind         text                                  */ \
    X(absent,       "nothing")                               \
    X(null,         "null")                                  \
    X(boolean,      "a boolean")                             \
    X(integer,      "an integer")                            \
    X(big_integer,  "an integer of more than 63 bits")       \
    X(real,         "a number that is no 64-bit integer")    \
    X(string,       "a string")                              \
    X(bytes,        "bytes")                                 \
    X(array,        "an array")                              \
    X(object,       "an object")                             \
    X(other,        "an extension")
/* clang-format on */

enum value_kind {
#define X(kind, text) VALUE_##kind,
    VALUE_KIND_TABLE(X)
#undef X
};

struct value {
    enum value_kind kind;
    union {
        bool boolean;
        int64_t integer;
        struct slice string; /* and bytes; a string is not zero-terminated */
        uint32_t count;      /* of an array or object in msgpack, whose elements come next */
        const void *node;    /* of an array or object in JSON */
    };
};

const char *value_kind_text(enum value_kind kind);

/* A string with these very bytes. */
static inline bool value_is_text(const struct value *value, const char *text)
{
    return value->kind == VALUE_string && slice_equals(value->string, slice_of_text(text));
}

#endif
