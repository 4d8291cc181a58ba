#include "ops/yaml_file.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { NODES_MAX = 100000 };

/* A sequence or mapping that is still open; in a mapping a key comes first, then its value. */
struct level {
    enum yaml_kind kind;
    char *key; /* read, and waiting for its value */
};

struct reader {
    struct yaml_file *file;
    struct yaml_file_error *error;
    struct level levels[YAML_FILE_DEPTH_MAX];
    size_t depth;
    size_t document_count;
    bool is_at_end;
};

static enum status refuse(struct reader *reader, yaml_mark_t mark, const char *why)
{
    reader->error->line = mark.line + 1;
    snprintf(reader->error->text, sizeof(reader->error->text), "%s", why);
    return STATUS_MALFORMED;
}

static bool wants_key(const struct reader *reader)
{
    if (reader->depth == 0) {
        return false;
    }
    const struct level *level = &reader->levels[reader->depth - 1];
    return level->kind == YAML_KIND_mapping && level->key == NULL;
}

static char *copy(const yaml_event_t *event)
{
    size_t size = event->data.scalar.length;
    char *text = mem_new(size + 1, 1);
    memcpy(text, event->data.scalar.value, size);
    return text;
}

static char *take_key(struct reader *reader)
{
    if (reader->depth == 0) {
        return NULL;
    }
    char *key = reader->levels[reader->depth - 1].key;
    reader->levels[reader->depth - 1].key = NULL;
    return key;
}

static struct yaml_file_node *add_node(struct reader *reader, enum yaml_kind kind, size_t line)
{
    struct yaml_file *file = reader->file;
    if (file->count == file->capacity) {
        file->capacity = file->capacity == 0 ? 64 : file->capacity * 2;
        file->nodes = mem_resize(file->nodes, file->capacity, sizeof(*file->nodes));
    }
    struct yaml_file_node *node = &file->nodes[file->count];
    file->count++;
    *node = (struct yaml_file_node){
        .kind = kind, .depth = reader->depth, .line = line, .key = take_key(reader)};
    return node;
}

static enum status on_scalar(struct reader *reader, const yaml_event_t *event)
{
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        return refuse(reader, event->start_mark, "anchors and tags are not supported");
    }
    if (memchr(event->data.scalar.value, 0, event->data.scalar.length) != NULL) {
        return refuse(reader, event->start_mark, "a zero byte inside a text");
    }
    if (wants_key(reader)) {
        reader->levels[reader->depth - 1].key = copy(event);
        return STATUS_OK;
    }
    struct yaml_file_node *node = add_node(reader, YAML_KIND_scalar, event->start_mark.line + 1);
    node->text = copy(event);
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return STATUS_OK;
}

static enum status on_start(struct reader *reader, const yaml_event_t *event, enum yaml_kind kind)
{
    bool is_map = kind == YAML_KIND_mapping;
    const void *anchor =
        is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const void *tag = is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;

    if (anchor != NULL || tag != NULL) {
        return refuse(reader, event->start_mark, "anchors and tags are not supported");
    }
    if (wants_key(reader)) {
        return refuse(reader, event->start_mark, "a key must be a plain text");
    }
    if (reader->depth == YAML_FILE_DEPTH_MAX) {
        return refuse(reader, event->start_mark, "nested too deeply");
    }
    (void)add_node(reader, kind, event->start_mark.line + 1);
    reader->levels[reader->depth] = (struct level){.kind = kind};
    reader->depth++;
    return STATUS_OK;
}

static enum status on_end(struct reader *reader)
{
    assert(reader->depth > 0);
    assert(reader->levels[reader->depth - 1].key == NULL);
    reader->depth--;
    return STATUS_OK;
}

static enum status on_event(struct reader *reader, const yaml_event_t *event)
{
    if (reader->file->count > NODES_MAX) {
        return refuse(reader, event->start_mark, "too many values");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(reader, event, YAML_KIND_sequence);
    case YAML_MAPPING_START_EVENT:
        return on_start(reader, event, YAML_KIND_mapping);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(reader);
    case YAML_ALIAS_EVENT:
        return refuse(reader, event->start_mark, "aliases (*name) are not supported");
    case YAML_DOCUMENT_START_EVENT:
        reader->document_count++;
        return reader->document_count == 1
                   ? STATUS_OK
                   : refuse(reader, event->start_mark, "a second document (---) is not supported");
    case YAML_STREAM_END_EVENT:
        reader->is_at_end = true;
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

static enum status explain(struct reader *reader, const yaml_parser_t *parser)
{
    enum status status = refuse(reader, parser->problem_mark,
                                parser->problem == NULL ? "not YAML" : parser->problem);
    if (parser->context != NULL) {
        size_t size = strlen(reader->error->text);
        snprintf(reader->error->text + size, sizeof(reader->error->text) - size, " (%s)",
                 parser->context);
    }
    return status;
}

static enum status read_all(struct reader *reader, yaml_parser_t *parser)
{
    while (!reader->is_at_end) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            return explain(reader, parser);
        }
        enum status status = on_event(reader, &event);
        yaml_event_delete(&event);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status yaml_file_parse(struct slice text, struct yaml_file *out_file,
                            struct yaml_file_error *out_error)
{
    struct yaml_file file = {0};
    struct reader reader = {.file = &file, .error = out_error};
    yaml_parser_t parser;

    if (text.size > YAML_FILE_BYTES_MAX) {
        return refuse(&reader, (yaml_mark_t){0}, "longer than 1 MiB");
    }
    if (!yaml_parser_initialize(&parser)) {
        return refuse(&reader, (yaml_mark_t){0}, "the YAML library has no memory");
    }
    yaml_parser_set_input_string(&parser, text.bytes, text.size);
    enum status status = read_all(&reader, &parser);
    yaml_parser_delete(&parser);
    if (status != STATUS_OK) {
        for (size_t i = 0; i < reader.depth; i++) {
            mem_free(reader.levels[i].key);
        }
        yaml_file_deinit(&file);
        return status;
    }
    *out_file = file;
    return STATUS_OK;
}

size_t yaml_file_after(const struct yaml_file *file, size_t index)
{
    size_t next = index + 1;
    while (next < file->count && file->nodes[next].depth > file->nodes[index].depth) {
        next++;
    }
    return next;
}

void yaml_file_deinit(struct yaml_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        mem_free(file->nodes[i].key);
        mem_free(file->nodes[i].text);
    }
    mem_free(file->nodes);
    *file = (struct yaml_file){0};
}
