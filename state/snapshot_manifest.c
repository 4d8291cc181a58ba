#include "proto/json_reader.h"
#include "proto/json_text.h"
#include "state/snapshot_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
#define MANIFEST_FIELDS(X)                     \
    /* kind    name                least    */ \
    X(text,    name,               0)          \
    X(text,    cluster,            0)          \
    X(text,    topic,              0)          \
    X(int32,   partition,          0)          \
    X(int64,   format,             0)          \
    X(int64,   era,                0)          \
    X(int64,   next_offset,        0)          \
    X(time,    stream_time_ms,     INT64_MIN)  \
    X(int64,   created_ms,         0)          \
    X(int64,   size_bytes,         0)          \
    X(crc,     crc32c,             0)
/* clang-format on */

enum field_kind { FIELD_text, FIELD_int32, FIELD_int64, FIELD_time, FIELD_crc };

struct field {
    const char *name;
    enum field_kind kind;
    int64_t least;
    size_t offset; /* in struct snapshot */
    size_t size;
};

static const struct field fields[] = {
#define X(kind, name, least)                                                                       \
    {#name, FIELD_##kind, least, offsetof(struct snapshot, name),                                  \
     sizeof(((struct snapshot *)0)->name)},
    MANIFEST_FIELDS(X)
#undef X
};

enum { ALL_FIELDS = (1 << ARRAY_COUNT(fields)) - 1 };

void snapshot_describe(const struct meta *meta, struct snapshot *snapshot)
{
    (void)snprintf(snapshot->name, sizeof(snapshot->name), "%02" PRId64 "-%019" PRId64, meta->era,
                   meta->next_offset);
    memcpy(snapshot->cluster, meta->cluster, sizeof(snapshot->cluster));
    memcpy(snapshot->topic, meta->topic, sizeof(snapshot->topic));
    snapshot->partition = meta->partition;
    snapshot->format = meta->format;
    snapshot->era = meta->era;
    snapshot->next_offset = meta->next_offset;
    snapshot->stream_time_ms = meta->stream_time_ms;
}

bool snapshot_is_of(const struct snapshot *snapshot, const struct meta *meta)
{
    struct snapshot told = {.created_ms = 0};
    snapshot_describe(meta, &told);
    return strcmp(told.name, snapshot->name) == 0 && strcmp(told.cluster, snapshot->cluster) == 0 &&
           strcmp(told.topic, snapshot->topic) == 0 && told.partition == snapshot->partition &&
           told.format == snapshot->format && told.stream_time_ms == snapshot->stream_time_ms;
}

static void put_field(struct json_text *json, const struct field *field, const void *member)
{
    char hex[9];
    const int64_t *wide = member;

    switch (field->kind) {
    case FIELD_text:
        json_text_put_string(json, slice_of_text(member));
        return;
    case FIELD_int32:
        json_text_put_integer(json, *(const int32_t *)member);
        return;
    case FIELD_crc:
        (void)snprintf(hex, sizeof(hex), "%08" PRIx32, *(const uint32_t *)member);
        json_text_put_string(json, slice_of_text(hex));
        return;
    default:
        if (field->kind == FIELD_time && *wide == META_NO_TIME) {
            json_text_put(json, "null");
        } else {
            json_text_put_integer(json, *wide);
        }
    }
}

size_t snapshot_print(const struct snapshot *snapshot, char text[SNAPSHOT_MANIFEST_MAX])
{
    struct json_text json;
    json_text_init(&json, text, SNAPSHOT_MANIFEST_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        json_text_put(&json, i == 0 ? "{\n  \"" : ",\n  \"");
        json_text_put(&json, fields[i].name);
        json_text_put(&json, "\": ");
        put_field(&json, &fields[i], (const char *)snapshot + fields[i].offset);
    }
    json_text_put(&json, "\n}\n");
    return json_text_finish(&json);
}

static bool take_text(struct slice text, char *member, size_t size)
{
    if (text.size >= size || (text.size > 0 && memchr(text.bytes, 0, text.size) != NULL)) {
        return false;
    }
    if (text.size > 0) {
        memcpy(member, text.bytes, text.size);
    }
    return true;
}

static bool take_crc(struct slice text, uint32_t *crc)
{
    enum { DIGITS = 8 };
    static const char digits[] = "0123456789abcdef";
    const char *bytes = text.bytes;
    uint32_t number = 0;

    if (text.size != DIGITS) {
        return false;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        const char *digit = memchr(digits, bytes[i], sizeof(digits) - 1);
        if (digit == NULL) {
            return false;
        }
        number = number << 4 | (uint32_t)(digit - digits);
    }
    *crc = number;
    return true;
}

static bool take_integer(const struct field *field, int64_t integer, void *member)
{
    if (integer < field->least) {
        return false;
    }
    if (field->kind == FIELD_int32) {
        *(int32_t *)member = (int32_t)integer;
        return integer <= INT32_MAX;
    }
    *(int64_t *)member = integer;
    return true;
}

static bool take(const struct field *field, const struct value *value, void *member)
{
    switch (field->kind) {
    case FIELD_text:
        return value->kind == VALUE_string && take_text(value->string, member, field->size);
    case FIELD_crc:
        return value->kind == VALUE_string && take_crc(value->string, member);
    default:
        if (field->kind == FIELD_time && value->kind == VALUE_null) {
            *(int64_t *)member = META_NO_TIME;
            return true;
        }
        return value->kind == VALUE_integer && take_integer(field, value->integer, member);
    }
}

/* A later version may say more: what is not known is passed by. */
static bool take_member(struct slice key, const struct value *value, struct snapshot *snapshot,
                        unsigned *seen)
{
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (slice_equals(key, slice_of_text(fields[i].name))) {
            bool is_first = (*seen & 1u << i) == 0;
            *seen |= 1u << i;
            return is_first && take(&fields[i], value, (char *)snapshot + fields[i].offset);
        }
    }
    return true;
}

static bool take_all(const struct value *root, struct snapshot *snapshot)
{
    unsigned seen = 0;
    struct slice key;
    struct value value;

    if (root->kind != VALUE_object) {
        return false;
    }
    struct json_walk walk = json_reader_walk(root);
    while (json_reader_next_member(&walk, &key, &value)) {
        if (!take_member(key, &value, snapshot, &seen)) {
            return false;
        }
    }
    return seen == ALL_FIELDS;
}

/* A name that is made up could lead out of the folder. */
static bool has_its_name(const struct snapshot *snapshot)
{
    char name[SNAPSHOT_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%02" PRId64 "-%019" PRId64, snapshot->era,
                   snapshot->next_offset);
    return strcmp(name, snapshot->name) == 0;
}

enum status snapshot_parse(const char *text, size_t size, struct snapshot *out_snapshot)
{
    struct json_reader *reader = json_reader_create();
    struct snapshot snapshot = {.created_ms = 0};
    struct value root;
    char error[128];

    enum status status =
        json_reader_read(reader, (struct slice){text, size}, &root, error, sizeof(error));
    if (status == STATUS_OK && !(take_all(&root, &snapshot) && has_its_name(&snapshot))) {
        status = STATUS_MALFORMED;
    }
    json_reader_destroy(&reader);
    if (status == STATUS_OK) {
        *out_snapshot = snapshot;
    }
    return status;
}
