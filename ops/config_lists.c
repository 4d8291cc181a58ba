/* The types of settings that own memory: texts, lists and maps. */
#include "ops/config_secret.h"
#include "ops/config_types.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* text */

static bool parse_text(const struct config_setting *s, const struct config_value *value,
                       void *field)
{
    char **text = field;
    if (value->kind != CONFIG_VALUE_text) {
        return false;
    }
    int64_t size = (int64_t)strlen(value->text);
    if (size < s->min || size > s->max) {
        return false;
    }
    mem_free(*text);
    *text = text_copy(value->text);
    return true;
}

static void print_text(const struct config_setting *s, const void *field, enum config_style style,
                       struct text *out)
{
    struct text shown = {0};
    config_secret_print(s->secrecy, NULL, *(char *const *)field, &shown);
    config_print_text(text_get(&shown), style, out);
    text_deinit(&shown);
}

static void describe_text(const struct config_setting *s, struct text *out)
{
    text_add(out, "a text of %" PRId64 " to %" PRId64 " bytes", s->min, s->max);
}

static void release_text(void *field)
{
    char **text = field;
    mem_free(*text);
    *text = NULL;
}

const struct config_type config_type_text = {.name = "text",
                                             .parse = parse_text,
                                             .print = print_text,
                                             .describe = describe_text,
                                             .release = release_text};

struct config_items config_items_of(const struct config_value *value)
{
    bool has_some = value->kind == CONFIG_VALUE_text && value->text[0] != '\0';
    return (struct config_items){.value = value, .rest = has_some ? value->text : NULL};
}

bool config_items_next(struct config_items *items, struct slice *out_item)
{
    if (items->value->kind == CONFIG_VALUE_list) {
        if (items->index == items->value->count) {
            return false;
        }
        *out_item = slice_of_text(items->value->items[items->index]);
        items->index++;
        return true;
    }
    if (items->rest == NULL) {
        return false;
    }
    const char *start = items->rest + strspn(items->rest, " \t");
    size_t size = strcspn(start, ",");
    items->rest = start[size] == ',' ? start + size + 1 : NULL;
    while (size > 0 && (start[size - 1] == ' ' || start[size - 1] == '\t')) {
        size--;
    }
    *out_item = (struct slice){start, size};
    return true;
}

/* texts */

static void release_texts(void *field)
{
    struct config_list *list = field;
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i]);
    }
    mem_free(list->items);
    *list = (struct config_list){0};
}

static bool parse_texts(const struct config_setting *s, const struct config_value *value,
                        void *field)
{
    struct config_list list = {0};
    struct config_items items = config_items_of(value);
    struct slice item;

    if (value->kind == CONFIG_VALUE_map) {
        return false;
    }
    while (config_items_next(&items, &item)) {
        if (item.size == 0 || item.size > 1023 || (int64_t)list.count == s->max) {
            release_texts(&list);
            return false;
        }
        list.items = mem_resize(list.items, list.count + 1, sizeof(*list.items));
        list.items[list.count] = mem_new(item.size + 1, 1);
        memcpy(list.items[list.count], item.bytes, item.size);
        list.count++;
    }
    if ((int64_t)list.count < s->min) {
        release_texts(&list);
        return false;
    }
    release_texts(field);
    *(struct config_list *)field = list;
    return true;
}

static void print_texts(const struct config_setting *s, const void *field, enum config_style style,
                        struct text *out)
{
    (void)s;
    const struct config_list *list = field;
    text_add(out, "[");
    for (size_t i = 0; i < list->count; i++) {
        text_add(out, "%s", i == 0 ? "" : ", ");
        config_print_text(list->items[i], style, out);
    }
    text_add(out, "]");
}

static void describe_texts(const struct config_setting *s, struct text *out)
{
    text_add(out, "a list of %" PRId64 " to %" PRId64 " texts", s->min, s->max);
}

const struct config_type config_type_texts = {.name = "list of texts",
                                              .parse = parse_texts,
                                              .print = print_texts,
                                              .describe = describe_texts,
                                              .release = release_texts};

/* intervals */

static bool parse_intervals(const struct config_setting *s, const struct config_value *value,
                            void *field)
{
    interval_set set = 0;
    struct config_items items = config_items_of(value);
    struct slice item;

    if (value->kind == CONFIG_VALUE_map) {
        return false;
    }
    while (config_items_next(&items, &item)) {
        enum interval interval;
        if (interval_parse(item, &interval) != STATUS_OK) {
            return false;
        }
        set |= INTERVAL_BIT(interval);
    }
    if (set == 0 && s->min > 0) {
        return false;
    }
    *(interval_set *)field = set;
    return true;
}

static void print_intervals(const struct config_setting *s, const void *field,
                            enum config_style style, struct text *out)
{
    (void)s;
    interval_set set = *(const interval_set *)field;
    const char *comma = "";
    text_add(out, "[");
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((set & INTERVAL_BIT(i)) != 0) {
            text_add(out, "%s", comma);
            config_print_text(interval_name(i), style, out);
            comma = ", ";
        }
    }
    text_add(out, "]");
}

static void describe_intervals(const struct config_setting *s, struct text *out)
{
    text_add(out, "%s of ", s->min > 0 ? "one or more" : "a list");
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        text_add(out, "%s%s", i == 0 ? "" : ", ", interval_name(i));
    }
}

const struct config_type config_type_intervals = {.name = "list of intervals",
                                                  .parse = parse_intervals,
                                                  .print = print_intervals,
                                                  .describe = describe_intervals};

/* map */

static void release_map(void *field)
{
    struct config_map *map = field;
    for (size_t i = 0; i < map->count; i++) {
        mem_free(map->pairs[i].name);
        mem_free(map->pairs[i].value);
        mem_free(map->pairs[i].origin);
    }
    mem_free(map->pairs);
    *map = (struct config_map){0};
}

void config_map_put(struct config_map *map, const char *name, const char *value, const char *origin)
{
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->pairs[i].name, name) == 0) {
            mem_free(map->pairs[i].value);
            map->pairs[i].value = text_copy(value);
            mem_free(map->pairs[i].origin);
            map->pairs[i].origin = text_copy(origin);
            return;
        }
    }
    map->pairs = mem_resize(map->pairs, map->count + 2, sizeof(*map->pairs));
    map->pairs[map->count] =
        (struct config_pair){text_copy(name), text_copy(value), text_copy(origin)};
    map->count++;
    map->pairs[map->count] = (struct config_pair){NULL, NULL, NULL};
}

/* A map is emptied here and filled entry by entry (config_put), so that each has its own line. */
static bool parse_map(const struct config_setting *s, const struct config_value *value, void *field)
{
    (void)s;
    struct config_map *map = field;
    if (value->kind != CONFIG_VALUE_text || value->text[0] != '\0') {
        return false;
    }
    release_map(field);
    map->pairs = mem_new(1, sizeof(*map->pairs));
    return true;
}

static void print_map(const struct config_setting *s, const void *field, enum config_style style,
                      struct text *out)
{
    const struct config_map *map = field;
    text_add(out, "{");
    for (size_t i = 0; i < map->count; i++) {
        struct text shown = {0};
        text_add(out, "%s", i == 0 ? "" : ", ");
        config_print_text(map->pairs[i].name, style, out);
        text_add(out, ": ");
        config_secret_print(s->secrecy, map->pairs[i].name, map->pairs[i].value, &shown);
        config_print_text(text_get(&shown), style, out);
        text_deinit(&shown);
    }
    text_add(out, "}");
}

static void describe_map(const struct config_setting *s, struct text *out)
{
    text_add(out, "a map of up to %" PRId64 " texts, {name: value, ...}", s->max);
}

const struct config_type config_type_map = {.name = "map of texts",
                                            .parse = parse_map,
                                            .print = print_map,
                                            .describe = describe_map,
                                            .release = release_map};
