/* Reads msgpack from hostile bytes, one value after the other.
 *
 * It allocates nothing and never recurses, whatever lengths and depths the bytes claim: the
 * library's own decoder allocates by the counts that it is told.
 * Lifetime: strings and bytes point into what is read. */
#ifndef CANDLED_PROTO_MSGPACK_READER_H
#define CANDLED_PROTO_MSGPACK_READER_H

#include "proto/value.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct msgpack_reader {
    const unsigned char *next;
    const unsigned char *end;
};

void msgpack_reader_init(struct msgpack_reader *reader, struct slice bytes);

bool msgpack_reader_is_at_end(const struct msgpack_reader *reader);

/* Of an array or object only the head is read: its elements follow, of an object a key and a value
 * each. STATUS_MALFORMED: the bytes end within the value, or are no msgpack; nothing is consumed.
 */
MUST_CHECK enum status msgpack_reader_next(struct msgpack_reader *reader, struct value *out_value);

/* Passes over so many whole values, with all that is in them. */
MUST_CHECK enum status msgpack_reader_skip(struct msgpack_reader *reader, uint64_t count);

#endif
