#include "state/meta_fields.h"

#include "state/bytes.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* clang-format off */
#define META_FIELDS(X)                                                  \
    /* kind    record                     member                     */ \
    X(number,  "format",                  format)                       \
    X(number,  "stream_time_ms",          stream_time_ms)               \
    X(number,  "quiet_until",             quiet_until)                  \
    X(number,  "floor_ms",                floor_ms)                     \
    X(number,  "topic_partitions",        topic_partitions)             \
    X(text,    "cluster",                 cluster)                      \
    X(text,    "topic",                   topic)                        \
    X(number,  "partition",               partition)                    \
    X(number,  "era",                     era)                          \
    X(number,  "next_offset",             next_offset)                  \
    X(number,  "fingerprint.timestamp_ms", fingerprint.timestamp_ms)    \
    X(number,  "fingerprint.size",        fingerprint.size)             \
    X(number,  "fingerprint.crc32c",      fingerprint.crc32c)           \
    X(number,  "fingerprint.is_known",    fingerprint.is_known)         \
    X(text,    "boot_id",                 boot_id)                      \
    X(number,  "is_clean",                is_clean)                     \
    X(number,  "owed_from",               owed_from)                    \
    X(number,  "outbox_next",             outbox_next)                  \
    X(number,  "outbox_bytes",            outbox_bytes)                 \
    X(text,    "settings",                settings)                     \
    X(number,  "settings_offset",         settings_offset)              \
    X(number,  "keep_ms",                 keep_ms)                      \
    X(number,  "short_until_ms",          short_until_ms)               \
    X(number,  "short_keep_ms",           short_keep_ms)
/* clang-format on */

enum field_kind { FIELD_number, FIELD_text };

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset; /* in struct meta */
    size_t size;
};

static const struct field fields[] = {
#define X(kind, name, member)                                                                      \
    {name, FIELD_##kind, offsetof(struct meta, member), sizeof(((struct meta *)0)->member)},
    META_FIELDS(X)
#undef X
#define X(name, what)                                                                              \
    {"cursor." #name, FIELD_number, offsetof(struct meta, cursors[SINK_##name]), sizeof(int64_t)},
        SINK_TABLE(X)
#undef X
#define X(name, what)                                                                              \
    {"acked_revision." #name, FIELD_number, offsetof(struct meta, acked_revisions[SINK_##name]),   \
     sizeof(int64_t)},
            SINK_TABLE(X)
#undef X
#define X(name, what)                                                                              \
    {"acked_count." #name, FIELD_number, offsetof(struct meta, acked_counts[SINK_##name]),         \
     sizeof(int64_t)},
                SINK_TABLE(X)
#undef X
#define X(name, what)                                                                              \
    {"life." #name, FIELD_number, offsetof(struct meta, lives[SINK_##name]), sizeof(int64_t)},
                    SINK_TABLE(X)
#undef X
};

enum { NUMBER_SIZE = 8 };

struct meta meta_fields_default(void)
{
    struct meta meta = {
        .format = STORE_FORMAT,
        .next_offset = -1,
        .stream_time_ms = META_NO_TIME,
        .floor_ms = META_NO_TIME,
        .short_until_ms = META_NO_TIME,
        .outbox_next = 1,
    };
    for (size_t i = 0; i < SINK_COUNT; i++) {
        meta.cursors[i] = META_NO_CURSOR;
        meta.acked_revisions[i] = META_NO_CURSOR;
    }
    return meta;
}

size_t meta_fields_count(void)
{
    return ARRAY_COUNT(fields);
}

struct slice meta_fields_key(size_t field)
{
    assert(field < ARRAY_COUNT(fields));
    return slice_of_text(fields[field].name);
}

static uint64_t load(const unsigned char *member, size_t size)
{
    int32_t narrow;
    uint64_t wide;

    switch (size) {
    case sizeof(bool):
        return *member;
    case sizeof(narrow):
        memcpy(&narrow, member, sizeof(narrow));
        return (uint64_t)(int64_t)narrow;
    default:
        assert(size == sizeof(wide));
        memcpy(&wide, member, sizeof(wide));
        return wide;
    }
}

/* False: the number does not fit the member. */
static bool save(unsigned char *member, size_t size, uint64_t number)
{
    int32_t narrow = (int32_t)(uint32_t)number;

    switch (size) {
    case sizeof(bool):
        *(bool *)member = number == 1;
        return number <= 1;
    case sizeof(narrow):
        memcpy(member, &narrow, sizeof(narrow));
        return (uint64_t)(int64_t)narrow == number;
    default:
        assert(size == sizeof(number));
        memcpy(member, &number, sizeof(number));
        return true;
    }
}

size_t meta_fields_encode(const struct meta *meta, size_t field,
                          unsigned char bytes[META_FIELD_BYTES_MAX])
{
    assert(field < ARRAY_COUNT(fields));
    const struct field *f = &fields[field];
    const unsigned char *member = (const unsigned char *)meta + f->offset;

    if (f->kind == FIELD_number) {
        bytes_put_le(bytes, NUMBER_SIZE, load(member, f->size));
        return NUMBER_SIZE;
    }
    assert(f->size <= META_FIELD_BYTES_MAX);
    size_t size = strnlen((const char *)member, f->size - 1);
    memcpy(bytes, member, size);
    return size;
}

enum status meta_fields_decode(struct meta *meta, size_t field, struct slice bytes)
{
    assert(field < ARRAY_COUNT(fields));
    const struct field *f = &fields[field];
    unsigned char *member = (unsigned char *)meta + f->offset;

    if (f->kind == FIELD_number) {
        if (bytes.size != NUMBER_SIZE ||
            !save(member, f->size, bytes_get_le(bytes.bytes, NUMBER_SIZE))) {
            return STATUS_CORRUPT;
        }
        return STATUS_OK;
    }
    if (bytes.size >= f->size || (bytes.size > 0 && memchr(bytes.bytes, 0, bytes.size) != NULL)) {
        return STATUS_CORRUPT;
    }
    memset(member, 0, f->size);
    if (bytes.size > 0) {
        memcpy(member, bytes.bytes, bytes.size);
    }
    return STATUS_OK;
}
