#include "ops/config.h"

#include "ops/config_load.h"
#include "ops/config_secret.h"
#include "ops/suggest.h"
#include "runtime/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config_setting settings[] = {
#define X(name_, type_, default_, min_, max_, secrecy_, help_)                                     \
    {.name = #name_,                                                                               \
     .key = #name_,                                                                                \
     .type = &config_type_##type_,                                                                 \
     .offset = offsetof(struct config, name_),                                                     \
     .default_value = default_,                                                                    \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .secrecy = CONFIG_SECRECY_##secrecy_,                                                         \
     .help = help_},
    CONFIG_TOP(X)
#undef X
#define X(section_, name_, type_, default_, min_, max_, secrecy_, help_)                           \
    {.section = #section_,                                                                         \
     .name = #section_ "." #name_,                                                                 \
     .key = #name_,                                                                                \
     .type = &config_type_##type_,                                                                 \
     .offset = offsetof(struct config, section_.name_),                                            \
     .default_value = default_,                                                                    \
     .min = min_,                                                                                  \
     .max = max_,                                                                                  \
     .secrecy = CONFIG_SECRECY_##secrecy_,                                                         \
     .help = help_},
#define S(section, rows, help) rows(X)
        CONFIG_SECTIONS(S)
#undef S
#undef X
};

#define X(section, name, type, default_value, min, max, ...)                                       \
    _Static_assert((min) <= (max), #section "." #name ": the limits are the wrong way round");
#define S(section, rows, help) rows(X)
CONFIG_SECTIONS(S)
#undef S
#undef X

const struct config_setting *config_setting(enum config_id id)
{
    return &settings[id];
}

static void set_origin(struct config *config, enum config_id id, const char *origin)
{
    mem_free(config->origins[id]);
    config->origins[id] = text_copy(origin);
}

void config_init(struct config *config)
{
    memset(config, 0, sizeof(*config));
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = &settings[id];
        struct config_value value = {.kind = CONFIG_VALUE_text, .text = s->default_value};
        bool is_valid = s->type->parse(s, &value, config_field(config, s));
        assert(is_valid);
        (void)is_valid;
        set_origin(config, id, "default");
    }
}

void config_deinit(struct config *config)
{
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = &settings[id];
        if (s->type->release != NULL) {
            s->type->release(config_field(config, s));
        }
        mem_free(config->origins[id]);
    }
    mem_free(config->file);
    memset(config, 0, sizeof(*config));
}

bool config_is_default(const struct config *config, enum config_id id)
{
    return !config->is_given[id];
}

void config_problem(struct config_problems *problems, const char *where, const char *format, ...)
{
    char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    int size = vasprintf(&line, format, arguments);
    va_end(arguments);
    text_add(&problems->text, "%s: %s\n", where, size < 0 ? "out of memory" : line);
    problems->count++;
    free(size < 0 ? NULL : line);
}

/* Where a path leads. */
struct target {
    enum config_id id;
    bool is_file;      /* the value is the name of a file that holds it */
    const char *entry; /* of a map; NULL: the whole setting */
};

static bool find(const char *path, struct target *out_target)
{
    size_t size = strlen(path);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = &settings[id];
        size_t name_size = strlen(s->name);
        if (size < name_size || memcmp(path, s->name, name_size) != 0) {
            continue;
        }
        const char *rest = path + name_size;
        bool may_be_file = s->secrecy == CONFIG_SECRECY_url || s->secrecy == CONFIG_SECRECY_all;
        if (rest[0] == '\0') {
            *out_target = (struct target){.id = id};
            return true;
        }
        if (may_be_file && strcmp(rest, "_file") == 0) {
            *out_target = (struct target){.id = id, .is_file = true};
            return true;
        }
        if (s->type == &config_type_map && rest[0] == '.' && rest[1] != '\0') {
            *out_target = (struct target){.id = id, .entry = rest + 1};
            return true;
        }
    }
    return false;
}

static void report_unknown(const struct config_input *input, struct config_problems *problems)
{
    struct suggest suggest;
    suggest_init(&suggest, input->path);
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        suggest_consider(&suggest, settings[i].name);
    }
#define S(section, rows, help) suggest_consider(&suggest, #section);
    CONFIG_SECTIONS(S)
#undef S
    for (size_t i = 0; i < ARRAY_COUNT(settings) && suggest.best == NULL; i++) {
        suggest_consider_as(&suggest, settings[i].key, settings[i].name);
    }
    if (suggest.best == NULL) {
        config_problem(problems, input->where,
                       "%s: there is no such setting; `candled config reference` lists them",
                       input->path);
    } else {
        config_problem(problems, input->where, "%s: there is no such setting; did you mean %s?",
                       input->path, suggest.best);
    }
}

static void report_value(const struct config_setting *s, const char *entry,
                         const struct config_input *input, struct config_problems *problems)
{
    struct text found = {0};
    struct text expected = {0};
    static const char *const kinds[] = {"", "a list", "a map"};

    if (input->value->kind == CONFIG_VALUE_text) {
        struct text shown = {0};
        config_secret_print(s->secrecy, entry, input->value->text, &shown);
        text_add(&found, "'%.200s'", text_get(&shown));
        text_deinit(&shown);
    } else {
        text_add(&found, "%s", kinds[input->value->kind]);
        for (size_t i = 0; i < input->value->count && i < 20 && s->secrecy == 0; i++) {
            text_add(&found, "%s%.64s", i == 0 ? " (" : ", ", input->value->items[i]);
        }
        text_add(&found, "%s", input->value->count > 0 && s->secrecy == 0 ? ")" : "");
    }
    s->type->describe(s, &expected);
    config_problem(problems, input->where, "%s: found %s, expected %s", input->path,
                   text_get(&found), text_get(&expected));
    text_deinit(&found);
    text_deinit(&expected);
}

/* The file's content without the newlines that end it; false was reported. */
static bool read_secret(const struct config_input *input, char *content, size_t size,
                        struct config_problems *problems)
{
    if (input->value->kind != CONFIG_VALUE_text || input->value->text[0] == '\0') {
        config_problem(problems, input->where, "%s: expected the name of a file", input->path);
        return false;
    }
    FILE *file = fopen(input->value->text, "re");
    if (file == NULL) {
        config_problem(problems, input->where, "%s: cannot read '%s': %s", input->path,
                       input->value->text, strerror(errno));
        return false;
    }
    size_t count = fread(content, 1, size, file);
    bool is_bad = ferror(file) != 0;
    fclose(file);
    if (is_bad || count == size || memchr(content, '\0', count) != NULL) {
        config_problem(problems, input->where, "%s: '%s' is not a text of less than 64 KiB",
                       input->path, input->value->text);
        return false;
    }
    while (count > 0 && (content[count - 1] == '\n' || content[count - 1] == '\r')) {
        count--;
    }
    content[count] = '\0';
    return true;
}

/* An entry of kafka.properties; NAME_file reads a file here too, as no property ends so. */
static bool put_entry(struct config *config, const struct target *target,
                      const struct config_input *input, struct config_problems *problems)
{
    const struct config_setting *s = &settings[target->id];
    struct config_map *map = config_field(config, s);
    const char *value = input->value->text;
    char content[CONFIG_SECRET_FILE_BYTES_MAX];
    char name[256];
    size_t size = strlen(target->entry);

    if (input->value->kind != CONFIG_VALUE_text || size >= sizeof(name) ||
        (int64_t)map->count >= s->max) {
        config_problem(problems, input->where, "%s: expected a text", input->path);
        return false;
    }
    memcpy(name, target->entry, size + 1);
    if (size > strlen("_file") && strcmp(name + size - strlen("_file"), "_file") == 0) {
        if (!read_secret(input, content, sizeof(content), problems)) {
            return false;
        }
        name[size - strlen("_file")] = '\0';
        value = content;
    }
    config_map_put(map, name, value, input->where);
    return true;
}

static bool put_setting(struct config *config, const struct target *target,
                        const struct config_input *input, struct config_problems *problems)
{
    const struct config_setting *s = &settings[target->id];
    char content[CONFIG_SECRET_FILE_BYTES_MAX];
    struct config_value from_file = {.kind = CONFIG_VALUE_text, .text = content};
    const struct config_value *value = input->value;

    if (target->is_file) {
        if (!read_secret(input, content, sizeof(content), problems)) {
            return false;
        }
        value = &from_file;
    }
    if (!s->type->parse(s, value, config_field(config, s))) {
        struct config_input shown = *input;
        shown.value = value;
        report_value(s, target->entry, &shown, problems);
        return false;
    }
    return true;
}

void config_put(struct config *config, struct config_layer *layer, const struct config_input *input,
                struct config_problems *problems)
{
    struct target target;
    if (!find(input->path, &target)) {
        report_unknown(input, problems);
        return;
    }
    if (layer->has[target.id] && !input->may_repeat && target.entry == NULL) {
        config_problem(problems, input->where, "%s: already given by %s", input->path,
                       config->origins[target.id]);
        return;
    }
    bool is_put = target.entry != NULL ? put_entry(config, &target, input, problems)
                                       : put_setting(config, &target, input, problems);
    if (is_put) {
        layer->has[target.id] = true;
        config->is_given[target.id] = true;
        if (!target.is_file) {
            set_origin(config, target.id, input->where);
            return;
        }
        struct text origin = {0};
        text_add(&origin, "%s, from %s", input->where, input->value->text);
        set_origin(config, target.id, text_get(&origin));
        text_deinit(&origin);
    }
}
