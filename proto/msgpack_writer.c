#include "proto/msgpack_writer.h"

#include <assert.h>
#include <msgpack.h>

/* The library's callback. The buffer is never too small, so that no call below can fail. */
static int append(void *context, const char *bytes, size_t size)
{
    struct msgpack_writer *writer = context;
    assert(size <= (size_t)(writer->end - writer->next));
    if (size > 0) {
        memcpy(writer->next, bytes, size);
        writer->next += size;
    }
    return 0;
}

static msgpack_packer packer_of(struct msgpack_writer *writer)
{
    return (msgpack_packer){.data = writer, .callback = append};
}

void msgpack_writer_init(struct msgpack_writer *writer, unsigned char *bytes, size_t size_max)
{
    *writer = (struct msgpack_writer){.start = bytes, .next = bytes, .end = bytes + size_max};
}

size_t msgpack_writer_size(const struct msgpack_writer *writer)
{
    return (size_t)(writer->next - writer->start);
}

void msgpack_writer_put_null(struct msgpack_writer *writer)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_nil(&packer);
}

void msgpack_writer_put_boolean(struct msgpack_writer *writer, bool boolean)
{
    msgpack_packer packer = packer_of(writer);
    (void)(boolean ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void msgpack_writer_put_integer(struct msgpack_writer *writer, int64_t integer)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_int64(&packer, integer);
}

void msgpack_writer_put_string(struct msgpack_writer *writer, struct slice string)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_str(&packer, string.size);
    (void)msgpack_pack_str_body(&packer, string.bytes, string.size);
}

void msgpack_writer_put_text(struct msgpack_writer *writer, const char *text)
{
    msgpack_writer_put_string(writer, slice_of_text(text));
}

void msgpack_writer_put_bytes(struct msgpack_writer *writer, struct slice bytes)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_bin(&packer, bytes.size);
    (void)msgpack_pack_bin_body(&packer, bytes.bytes, bytes.size);
}

void msgpack_writer_put_array(struct msgpack_writer *writer, size_t count)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_array(&packer, count);
}

void msgpack_writer_put_map(struct msgpack_writer *writer, size_t count)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_map(&packer, count);
}
