#include "proto/json_reader.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <yyjson.h>

/* Numbers too large for a double are no syntax error. */
static const yyjson_read_flag read_flags = YYJSON_READ_BIGNUM_AS_RAW;

enum { POOL_BYTES = 64 * 1024 };

struct json_reader {
    yyjson_doc *document; /* NULL: none is open */
    alignas(16) char pool[POOL_BYTES];
};

static void *allocate(void *context, size_t size)
{
    (void)context;
    return mem_resize(NULL, 1, size);
}

static void *reallocate(void *context, void *memory, size_t old_size, size_t size)
{
    (void)context;
    (void)old_size;
    return mem_resize(memory, 1, size);
}

static void release(void *context, void *memory)
{
    (void)context;
    mem_free(memory);
}

/* The pool for what is certain to fit, which is nearly everything. */
static yyjson_alc allocator_for(struct json_reader *reader, size_t size)
{
    yyjson_alc allocator = {.malloc = allocate, .realloc = reallocate, .free = release};
    size_t need = yyjson_read_max_memory_usage(size, read_flags);
    if (need != 0 && need <= POOL_BYTES) {
        bool is_made = yyjson_alc_pool_init(&allocator, reader->pool, POOL_BYTES);
        assert(is_made);
    }
    return allocator;
}

static void take_number(yyjson_val *node, struct value *value)
{
    if (yyjson_is_real(node)) {
        value->kind = VALUE_real;
    } else if (yyjson_is_uint(node) && unsafe_yyjson_get_uint(node) > INT64_MAX) {
        value->kind = VALUE_big_integer;
    } else {
        value->kind = VALUE_integer;
        value->integer = unsafe_yyjson_get_sint(node);
    }
}

static void take(yyjson_val *node, struct value *value)
{
    switch (unsafe_yyjson_get_type(node)) {
    case YYJSON_TYPE_NULL:
        value->kind = VALUE_null;
        break;
    case YYJSON_TYPE_BOOL:
        value->kind = VALUE_boolean;
        value->boolean = unsafe_yyjson_get_bool(node);
        break;
    case YYJSON_TYPE_STR:
        value->kind = VALUE_string;
        value->string = (struct slice){unsafe_yyjson_get_str(node), unsafe_yyjson_get_len(node)};
        break;
    case YYJSON_TYPE_ARR:
        value->kind = VALUE_array;
        value->node = node;
        break;
    case YYJSON_TYPE_OBJ:
        value->kind = VALUE_object;
        value->node = node;
        break;
    case YYJSON_TYPE_NUM:
        take_number(node, value);
        break;
    default: /* a number that was left raw */
        value->kind = VALUE_real;
        break;
    }
}

struct json_reader *json_reader_create(void)
{
    return mem_new(1, sizeof(struct json_reader));
}

void json_reader_destroy(struct json_reader **reader_p)
{
    struct json_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader == NULL) {
        return;
    }
    json_reader_release(reader);
    mem_free(reader);
}

void json_reader_release(struct json_reader *reader)
{
    yyjson_doc_free(reader->document);
    reader->document = NULL;
}

/* Without YYJSON_READ_INSITU the library only reads the text, though its type does not say so. */
static char *not_written(const void *text)
{
    union {
        const void *in;
        char *out;
    } cast = {.in = text};
    return cast.out;
}

enum status json_reader_read(struct json_reader *reader, struct slice text, struct value *out_root,
                             char *error, size_t error_size)
{
    json_reader_release(reader);
    if (text.size == 0) {
        snprintf(error, error_size, "there is no text");
        return STATUS_MALFORMED;
    }
    yyjson_alc allocator = allocator_for(reader, text.size);
    yyjson_read_err failure;
    reader->document =
        yyjson_read_opts(not_written(text.bytes), text.size, read_flags, &allocator, &failure);
    if (reader->document == NULL) {
        snprintf(error, error_size, "%s at byte %zu of %zu", failure.msg, failure.pos, text.size);
        return STATUS_MALFORMED;
    }
    take(yyjson_doc_get_root(reader->document), out_root);
    return STATUS_OK;
}

struct json_walk json_reader_walk(const struct value *container)
{
    assert(container->kind == VALUE_object || container->kind == VALUE_array);
    yyjson_val *node = (yyjson_val *)not_written(container->node);
    return (struct json_walk){
        .next = unsafe_yyjson_get_first(node),
        .left = unsafe_yyjson_get_len(node),
    };
}

bool json_reader_next_member(struct json_walk *walk, struct slice *out_key, struct value *out_value)
{
    if (walk->left == 0) {
        return false;
    }
    yyjson_val *key = (yyjson_val *)not_written(walk->next);
    yyjson_val *value = key + 1;
    *out_key = (struct slice){unsafe_yyjson_get_str(key), unsafe_yyjson_get_len(key)};
    take(value, out_value);
    walk->next = unsafe_yyjson_get_next(value);
    walk->left--;
    return true;
}

bool json_reader_next_element(struct json_walk *walk, struct value *out_value)
{
    if (walk->left == 0) {
        return false;
    }
    yyjson_val *value = (yyjson_val *)not_written(walk->next);
    take(value, out_value);
    walk->next = unsafe_yyjson_get_next(value);
    walk->left--;
    return true;
}
