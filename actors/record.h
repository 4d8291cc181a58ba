/* One record of the log as a source hands it over: bytes that are borrowed, and where they stood.
 */
#ifndef CANDLED_ACTORS_RECORD_H
#define CANDLED_ACTORS_RECORD_H

#include "runtime/slice.h"
#include "state/meta.h"

#include <stdint.h>

struct record {
    struct slice key;   /* bytes NULL: the record has no key */
    struct slice value; /* bytes NULL: no value */
    int64_t offset;
    int64_t timestamp_ms; /* the record's own; -1: none */
};

/* What tells it from another one that might stand at its offset. */
struct record_fingerprint record_fingerprint_of(const struct record *record);

#endif
