/* Writes msgpack into a buffer that the caller knows to be large enough. */
#ifndef CANDLED_PROTO_MSGPACK_WRITER_H
#define CANDLED_PROTO_MSGPACK_WRITER_H

#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct msgpack_writer {
    unsigned char *start; /* borrowed */
    unsigned char *next;
    unsigned char *end;
};

void msgpack_writer_init(struct msgpack_writer *writer, unsigned char *bytes, size_t size_max);

/* The bytes written so far. */
size_t msgpack_writer_size(const struct msgpack_writer *writer);

void msgpack_writer_put_null(struct msgpack_writer *writer);

void msgpack_writer_put_boolean(struct msgpack_writer *writer, bool boolean);

void msgpack_writer_put_integer(struct msgpack_writer *writer, int64_t integer);

void msgpack_writer_put_string(struct msgpack_writer *writer, struct slice string);

void msgpack_writer_put_text(struct msgpack_writer *writer, const char *text);

void msgpack_writer_put_bytes(struct msgpack_writer *writer, struct slice bytes);

/* So many values follow; of a map, so many keys and values in turn. */
void msgpack_writer_put_array(struct msgpack_writer *writer, size_t count);

void msgpack_writer_put_map(struct msgpack_writer *writer, size_t count);

#endif
