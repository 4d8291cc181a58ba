/* YYYY-MM-DD.json: what a day's backup holds. */
#include "proto/json_reader.h"
#include "proto/json_text.h"
#include "runtime/mem.h"
#include "state/archive_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Room for one field, symbol or hole, with each byte of a text escaped. */
enum { TEXT_ROOM = 6 * ARCHIVE_TOPIC_MAX + 64, ITEM_ROOM = 6 * SYMBOL_BYTES_MAX + 256 };

/* clang-format off */
#define MANIFEST_FIELDS(X)                       \
    /* kind    member            name         */ \
    X(text,    day.topic,        topic)          \
    X(text,    day.zone,         timezone)       \
    X(text,    day.date,         date)           \
    X(integer, day.open_ms,      openTime)       \
    X(integer, day.next_ms,      nextTime)       \
    X(integer, created_ms,       createdTime)    \
    X(integer, size_bytes,       sizeBytes)      \
    X(text,    sha256,           sha256)         \
    X(text,    replaces,         replaces)       \
    X(crc,     content_crc32c,   contentCrc32c)  \
    X(integer, candles,          candles)        \
    X(integer, minutes,          minutes)

#define SYMBOL_FIELDS(X)                         \
    /* kind    member            name         */ \
    X(text,    symbol,           symbol)         \
    X(integer, candles,          candles)        \
    X(integer, minutes,          minutes)        \
    X(integer, first_open_ms,    firstOpenTime)  \
    X(integer, last_open_ms,     lastOpenTime)

#define HOLE_FIELDS(X)                           \
    /* kind    member            name         */ \
    X(text,    symbol,           symbol)         \
    X(integer, open_ms,          openTime)       \
    X(integer, minutes,          minutes)
/* clang-format on */

enum field_kind { FIELD_text, FIELD_integer, FIELD_crc };

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    size_t size;
};

/* What one kind of object has. */
struct shape {
    const struct field *fields;
    size_t count;
};

#define FIELD(type, kind, member, name)                                                            \
    {                                                                                              \
#name, FIELD_##kind, offsetof(struct type, member), sizeof(((struct type *)0)->member)     \
    }

static const struct field manifest_fields[] = {
#define X(kind, member, name) FIELD(archive_manifest, kind, member, name),
    MANIFEST_FIELDS(X)
#undef X
};

static const struct field symbol_fields[] = {
#define X(kind, member, name) FIELD(archive_symbol, kind, member, name),
    SYMBOL_FIELDS(X)
#undef X
};

static const struct field hole_fields[] = {
#define X(kind, member, name) FIELD(archive_hole, kind, member, name),
    HOLE_FIELDS(X)
#undef X
};

static const struct shape manifest_shape = {manifest_fields, ARRAY_COUNT(manifest_fields)};
static const struct shape symbol_shape = {symbol_fields, ARRAY_COUNT(symbol_fields)};
static const struct shape hole_shape = {hole_fields, ARRAY_COUNT(hole_fields)};

void archive_manifest_deinit(struct archive_manifest *manifest)
{
    mem_free(manifest->symbols);
    mem_free(manifest->holes);
    *manifest = (struct archive_manifest){.created_ms = 0};
}

void archive_manifest_add_symbol(struct archive_manifest *manifest,
                                 const struct archive_symbol *symbol)
{
    manifest->symbols =
        mem_resize(manifest->symbols, manifest->symbol_count + 1, sizeof(*manifest->symbols));
    manifest->symbols[manifest->symbol_count++] = *symbol;
}

void archive_manifest_add_hole(struct archive_manifest *manifest, const struct archive_hole *hole)
{
    manifest->holes =
        mem_resize(manifest->holes, manifest->hole_count + 1, sizeof(*manifest->holes));
    manifest->holes[manifest->hole_count++] = *hole;
}

struct archive_manifest archive_manifest_copy(const struct archive_manifest *manifest)
{
    struct archive_manifest copy = *manifest;
    copy.symbols = NULL;
    copy.symbol_count = 0;
    copy.holes = NULL;
    copy.hole_count = 0;
    for (size_t i = 0; i < manifest->symbol_count; i++) {
        archive_manifest_add_symbol(&copy, &manifest->symbols[i]);
    }
    for (size_t i = 0; i < manifest->hole_count; i++) {
        archive_manifest_add_hole(&copy, &manifest->holes[i]);
    }
    return copy;
}

static void put_value(struct json_text *json, const struct field *field, const void *member)
{
    char hex[9];
    switch (field->kind) {
    case FIELD_text:
        json_text_put_string(json, slice_of_text(member));
        return;
    case FIELD_crc:
        (void)snprintf(hex, sizeof(hex), "%08" PRIx32, *(const uint32_t *)member);
        json_text_put_string(json, slice_of_text(hex));
        return;
    case FIELD_integer:
        json_text_put_integer(json, *(const int64_t *)member);
        return;
    }
}

static void put_fields(struct json_text *json, struct shape shape, const char *between,
                       const void *object)
{
    for (size_t i = 0; i < shape.count; i++) {
        json_text_put(json, i == 0 ? "" : between);
        json_text_put_string(json, slice_of_text(shape.fields[i].name));
        json_text_put(json, ": ");
        put_value(json, &shape.fields[i], (const char *)object + shape.fields[i].offset);
    }
}

static void put_list(struct json_text *json, const char *name, struct shape shape,
                     const void *items, size_t count, size_t item_size)
{
    json_text_put(json, ",\n  ");
    json_text_put_string(json, slice_of_text(name));
    json_text_put(json, ": [");
    for (size_t i = 0; i < count; i++) {
        json_text_put(json, i == 0 ? "\n    {" : ",\n    {");
        put_fields(json, shape, ", ", (const char *)items + i * item_size);
        json_text_put(json, "}");
    }
    json_text_put(json, count == 0 ? "]" : "\n  ]");
}

char *archive_manifest_print(const struct archive_manifest *manifest)
{
    size_t room = manifest_shape.count * TEXT_ROOM +
                  (manifest->symbol_count + manifest->hole_count) * ITEM_ROOM;
    char *text = mem_new(room, 1);
    struct json_text json;
    json_text_init(&json, text, room);
    json_text_put(&json, "{\n  ");
    put_fields(&json, manifest_shape, ",\n  ", manifest);
    put_list(&json, "symbols", symbol_shape, manifest->symbols, manifest->symbol_count,
             sizeof(*manifest->symbols));
    put_list(&json, "holes", hole_shape, manifest->holes, manifest->hole_count,
             sizeof(*manifest->holes));
    json_text_put(&json, "\n}\n");
    (void)json_text_finish(&json);
    return text;
}

static bool take_text(struct slice text, char *member, size_t size)
{
    if (text.size >= size || (text.size > 0 && memchr(text.bytes, 0, text.size) != NULL)) {
        return false;
    }
    memset(member, 0, size);
    if (text.size > 0) {
        memcpy(member, text.bytes, text.size);
    }
    return true;
}

static bool take_crc(struct slice text, uint32_t *crc)
{
    char digits[9];
    int end = 0;
    if (!take_text(text, digits, sizeof(digits)) || text.size != sizeof(digits) - 1 ||
        strspn(digits, "0123456789abcdef") != sizeof(digits) - 1) {
        return false;
    }
    return sscanf(digits, "%8" SCNx32 "%n", crc, &end) == 1 && end == sizeof(digits) - 1;
}

static bool take_value(const struct field *field, const struct value *value, void *member)
{
    switch (field->kind) {
    case FIELD_text:
        return value->kind == VALUE_string && take_text(value->string, member, field->size);
    case FIELD_crc:
        return value->kind == VALUE_string && take_crc(value->string, member);
    case FIELD_integer:
        break;
    }
    if (value->kind != VALUE_integer || value->integer < -1) {
        return false;
    }
    *(int64_t *)member = value->integer;
    return true;
}

/* Whether the member was one of the shape's, and good, is told by `seen`, a bit for each field. */
static bool take_field(struct shape shape, struct slice key, const struct value *value,
                       void *object, unsigned *seen)
{
    for (size_t i = 0; i < shape.count; i++) {
        if (slice_equals(key, slice_of_text(shape.fields[i].name))) {
            bool is_first = (*seen & 1u << i) == 0;
            *seen |= 1u << i;
            return is_first &&
                   take_value(&shape.fields[i], value, (char *)object + shape.fields[i].offset);
        }
    }
    return true; /* a later version may say more */
}

static bool take_object(struct shape shape, const struct value *value, void *object)
{
    unsigned seen = 0;
    struct slice key;
    struct value member;
    if (value->kind != VALUE_object) {
        return false;
    }
    struct json_walk walk = json_reader_walk(value);
    while (json_reader_next_member(&walk, &key, &member)) {
        if (!take_field(shape, key, &member, object, &seen)) {
            return false;
        }
    }
    return seen == (1u << shape.count) - 1;
}

static bool take_symbols(const struct value *list, struct archive_manifest *manifest)
{
    struct archive_symbol symbol;
    struct value item;
    if (list->kind != VALUE_array) {
        return false;
    }
    struct json_walk walk = json_reader_walk(list);
    while (json_reader_next_element(&walk, &item)) {
        if (!take_object(symbol_shape, &item, &symbol)) {
            return false;
        }
        archive_manifest_add_symbol(manifest, &symbol);
    }
    return true;
}

static bool take_holes(const struct value *list, struct archive_manifest *manifest)
{
    struct archive_hole hole;
    struct value item;
    if (list->kind != VALUE_array) {
        return false;
    }
    struct json_walk walk = json_reader_walk(list);
    while (json_reader_next_element(&walk, &item)) {
        if (!take_object(hole_shape, &item, &hole)) {
            return false;
        }
        archive_manifest_add_hole(manifest, &hole);
    }
    return true;
}

static bool take_lists(const struct value *root, struct archive_manifest *manifest)
{
    struct slice key;
    struct value member;
    struct json_walk walk = json_reader_walk(root);
    bool is_good = true;
    while (is_good && json_reader_next_member(&walk, &key, &member)) {
        if (slice_equals(key, slice_of_text("symbols"))) {
            is_good = manifest->symbols == NULL && take_symbols(&member, manifest);
        } else if (slice_equals(key, slice_of_text("holes"))) {
            is_good = manifest->holes == NULL && take_holes(&member, manifest);
        }
    }
    return is_good;
}

enum status archive_manifest_parse(const char *text, size_t size,
                                   struct archive_manifest *out_manifest)
{
    struct json_reader *reader = json_reader_create();
    struct archive_manifest manifest = {.created_ms = 0};
    struct archive_day day;
    struct value root;
    char error[128];

    enum status status =
        json_reader_read(reader, (struct slice){text, size}, &root, error, sizeof(error));
    if (status == STATUS_OK &&
        !(take_object(manifest_shape, &root, &manifest) && take_lists(&root, &manifest))) {
        status = STATUS_MALFORMED;
    }
    json_reader_destroy(&reader);
    if (status == STATUS_OK) {
        const struct archive_day *told = &manifest.day;
        status = archive_day_init(&day, told->topic, told->zone, told->date, told->open_ms,
                                  told->next_ms);
    }
    if (status == STATUS_OK) {
        *out_manifest = manifest;
    } else {
        archive_manifest_deinit(&manifest);
    }
    return status;
}
