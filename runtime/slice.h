/* Borrowed bytes: a slice never owns what it points at. */
#ifndef CANDLED_RUNTIME_SLICE_H
#define CANDLED_RUNTIME_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const void *bytes;
    size_t size;
};

#define SLICE_OF(object) ((struct slice){&(object), sizeof(object)})

static inline struct slice slice_of_text(const char *text)
{
    return (struct slice){text, strlen(text)};
}

static inline bool slice_equals(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

#endif
