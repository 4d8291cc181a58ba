#include "ops/config_load.h"

#include "ops/yaml_file.h"
#include "runtime/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char environment_prefix[] = "CANDLED_";

/* Where candled looks when --config names no file. */
static const char *const usual_files[] = {"candled.yaml", "/etc/candled/candled.yaml"};

/* One pass over the nodes of a YAML text. */
struct walk {
    struct config *config;
    struct config_layer *layer;
    struct config_problems *problems;
    const struct yaml_file *file;
    const char *name; /* before the line numbers */
    bool has_lines;   /* false: it came from the environment or --set, on one line */
    bool may_repeat;
    struct text path;                           /* of the node at hand */
    size_t path_sizes[YAML_FILE_DEPTH_MAX + 1]; /* of the containers it is in, by depth */
};

static const struct config_setting *setting_named(const char *name)
{
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        if (strcmp(config_setting(id)->name, name) == 0) {
            return config_setting(id);
        }
    }
    return NULL;
}

static bool is_section(const char *name)
{
#define S(section, rows, help)                                                                     \
    if (strcmp(name, #section) == 0) {                                                             \
        return true;                                                                               \
    }
    CONFIG_SECTIONS(S)
#undef S
    return false;
}

static void where_is(const struct walk *walk, size_t line, struct text *out)
{
    text_add(out, "%s", walk->name);
    if (walk->has_lines) {
        text_add(out, ":%zu", line);
    }
}

static void put(struct walk *walk, size_t line, const struct config_value *value)
{
    struct text where = {0};
    where_is(walk, line, &where);
    struct config_input input = {.path = text_get(&walk->path),
                                 .where = text_get(&where),
                                 .value = value,
                                 .may_repeat = walk->may_repeat};
    config_put(walk->config, walk->layer, &input, walk->problems);
    text_deinit(&where);
}

static void put_text(struct walk *walk, size_t line, const char *text)
{
    struct config_value value = {.kind = CONFIG_VALUE_text, .text = text};
    put(walk, line, &value);
}

static bool is_null(const struct yaml_file_node *node)
{
    return node->is_plain && (strcmp(node->text, "") == 0 || strcmp(node->text, "~") == 0 ||
                              strcmp(node->text, "null") == 0);
}

static void walk_scalar(struct walk *walk, const struct yaml_file_node *node)
{
    bool is_nothing = is_null(node);
    if (!is_section(text_get(&walk->path))) {
        put_text(walk, node->line, is_nothing ? "" : node->text);
        return;
    }
    if (!is_nothing) {
        struct text where = {0};
        where_is(walk, node->line, &where);
        config_problem(walk->problems, text_get(&where),
                       "%s: found '%.200s', expected settings under it", text_get(&walk->path),
                       node->text);
        text_deinit(&where);
    }
}

static void walk_sequence(struct walk *walk, size_t index)
{
    size_t end = yaml_file_after(walk->file, index);
    const char **items = mem_new(end - index, sizeof(*items));
    struct config_value value = {.kind = CONFIG_VALUE_list, .items = items};

    for (size_t i = index + 1; i < end; i++) {
        const struct yaml_file_node *node = &walk->file->nodes[i];
        /* What is nested cannot be an item: an empty one is refused by every list. */
        items[value.count] = node->kind == YAML_KIND_scalar ? node->text : "";
        value.count++;
    }
    put(walk, walk->file->nodes[index].line, &value);
    mem_free(items);
}

/* Returns the next node to look at: the first inside, or the first after. */
static size_t walk_mapping(struct walk *walk, size_t index)
{
    const struct yaml_file_node *node = &walk->file->nodes[index];
    const struct config_setting *s = setting_named(text_get(&walk->path));

    if (is_section(text_get(&walk->path))) {
        return index + 1;
    }
    if (s != NULL && s->type == &config_type_map) {
        put_text(walk, node->line, "");
        return index + 1;
    }
    struct config_value value = {.kind = CONFIG_VALUE_map};
    put(walk, node->line, &value);
    return yaml_file_after(walk->file, index);
}

/* The root's children are settings and sections; `base` is the depth of their path's first part. */
static void walk_all(struct walk *walk, size_t index)
{
    while (index < walk->file->count) {
        const struct yaml_file_node *node = &walk->file->nodes[index];
        walk->path.size = walk->path_sizes[node->depth - 1];
        text_add(&walk->path, "%s%s", walk->path.size == 0 ? "" : ".",
                 node->key == NULL ? "" : node->key);
        walk->path_sizes[node->depth] = walk->path.size;
        if (node->kind == YAML_KIND_scalar) {
            walk_scalar(walk, node);
            index++;
        } else if (node->kind == YAML_KIND_sequence) {
            walk_sequence(walk, index);
            index = yaml_file_after(walk->file, index);
        } else {
            index = walk_mapping(walk, index);
        }
    }
}

void config_load_yaml(struct config *config, const char *name, struct slice text,
                      struct config_problems *problems)
{
    struct yaml_file file;
    struct yaml_file_error error;
    struct config_layer layer = {0};
    struct text where = {0};

    if (yaml_file_parse(text, &file, &error) != STATUS_OK) {
        text_add(&where, "%s:%zu", name, error.line);
        config_problem(problems, text_get(&where), "%s", error.text);
        text_deinit(&where);
        return;
    }
    struct walk walk = {.config = config,
                        .layer = &layer,
                        .problems = problems,
                        .file = &file,
                        .name = name,
                        .has_lines = true};
    if (file.count > 0 && file.nodes[0].kind == YAML_KIND_mapping) {
        walk_all(&walk, 1);
    } else if (file.count > 0 && !(file.nodes[0].kind == YAML_KIND_scalar && is_null(file.nodes))) {
        text_add(&where, "%s:%zu", name, file.nodes[0].line);
        config_problem(problems, text_get(&where),
                       "expected settings, as `section:` and `key: value`");
    }
    text_deinit(&where);
    text_deinit(&walk.path);
    yaml_file_deinit(&file);
}

/* A value in brackets is YAML: [a, b] or {name: value}. False: it is a plain text. */
static bool put_inline(struct walk *walk, const char *path, const char *text)
{
    struct yaml_file file;
    struct yaml_file_error error;
    const struct config_setting *s = setting_named(path);
    bool is_list = text[0] == '[' && s != NULL &&
                   (s->type == &config_type_texts || s->type == &config_type_intervals ||
                    s->type == &config_type_series);
    bool is_map = text[0] == '{' && s != NULL && s->type == &config_type_map;

    if (!is_list && !is_map) {
        return false;
    }
    if (yaml_file_parse(slice_of_text(text), &file, &error) != STATUS_OK) {
        config_problem(walk->problems, walk->name, "%s: %s", path, error.text);
        return true;
    }
    walk->file = &file;
    walk->path_sizes[0] = walk->path.size;
    if (file.nodes[0].kind == YAML_KIND_sequence) {
        walk_sequence(walk, 0);
    } else if (walk_mapping(walk, 0) == 1) {
        walk_all(walk, 1);
    }
    yaml_file_deinit(&file);
    return true;
}

static void put_assignment(struct walk *walk, const char *path, const char *text)
{
    text_add(&walk->path, "%s", path);
    if (!put_inline(walk, path, text)) {
        put_text(walk, 0, text);
    }
    text_deinit(&walk->path);
}

void config_load_set(struct config *config, const char *assignment, const char *origin,
                     struct config_problems *problems)
{
    struct config_layer layer = {0};
    struct walk walk = {.config = config,
                        .layer = &layer,
                        .problems = problems,
                        .name = origin,
                        .may_repeat = true};
    const char *equals = strchr(assignment, '=');
    if (equals == NULL) {
        config_problem(problems, origin, "found '%.200s', expected section.key=value", assignment);
        return;
    }
    char *path = text_copy(assignment);
    path[equals - assignment] = '\0';
    put_assignment(&walk, path, equals + 1);
    mem_free(path);
}

/* KAFKA__BROKERS -> kafka.brokers, KAFKA__PROPERTIES__SASL_PASSWORD_FILE ->
 * kafka.properties.sasl.password_file (librdkafka's names have points, and no underscores). False:
 * it is not meant as a setting; orchestrators put CANDLED_SERVICE_HOST and the like into
 * environments. */
static bool path_of_variable(const char *name, size_t size, struct text *path)
{
    static const char suffix[] = "_FILE";
    size_t part = 0;
    bool ends_in_file =
        size > strlen(suffix) && memcmp(name + size - strlen(suffix), suffix, strlen(suffix)) == 0;

    for (size_t i = 0; i < size; i++) {
        if (name[i] == '_' && i + 1 < size && name[i + 1] == '_') {
            text_add(path, ".");
            part++;
            i++;
        } else if (name[i] == '_' && part >= 2 && !(ends_in_file && i == size - strlen(suffix))) {
            text_add(path, ".");
        } else {
            text_add(path, "%c", tolower((unsigned char)name[i]));
        }
    }
    return part > 0 || setting_named(text_get(path)) != NULL;
}

static void load_variable(struct config *config, struct config_layer *layer, const char *variable,
                          struct config_problems *problems)
{
    const char *equals = strchr(variable, '=');
    size_t prefix_size = strlen(environment_prefix);
    if (equals == NULL || strncmp(variable, environment_prefix, prefix_size) != 0) {
        return;
    }
    struct text path = {0};
    struct text where = {0};
    const char *name = variable + prefix_size;
    if (equals > name && path_of_variable(name, (size_t)(equals - name), &path)) {
        text_add(&where, "environment %.*s", (int)(equals - variable), variable);
        struct walk walk = {
            .config = config, .layer = layer, .problems = problems, .name = text_get(&where)};
        put_assignment(&walk, text_get(&path), equals + 1);
    }
    text_deinit(&path);
    text_deinit(&where);
}

void config_load_environment(struct config *config, const char *const *environment,
                             struct config_problems *problems)
{
    struct config_layer layer = {0};
    for (size_t i = 0; environment[i] != NULL; i++) {
        load_variable(config, &layer, environment[i], problems);
    }
}

void config_environment_name(const char *setting, struct text *out)
{
    text_add(out, "%s", environment_prefix);
    for (const char *c = setting; *c != '\0'; c++) {
        if (*c == '.') {
            text_add(out, "__");
        } else {
            text_add(out, "%c", toupper((unsigned char)*c));
        }
    }
}

static void load_file(struct config *config, const char *name, struct config_problems *problems)
{
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        config_problem(problems, name, "cannot be read: %s", strerror(errno));
        return;
    }
    char *bytes = mem_new(YAML_FILE_BYTES_MAX + 1, 1);
    size_t size = fread(bytes, 1, YAML_FILE_BYTES_MAX + 1, file);
    if (ferror(file) != 0) {
        config_problem(problems, name, "cannot be read: %s", strerror(errno));
    } else {
        config_load_yaml(config, name, (struct slice){bytes, size}, problems);
    }
    fclose(file);
    mem_free(bytes);
    config->file = text_copy(name);
}

static const char *usual_file(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(usual_files); i++) {
        if (access(usual_files[i], F_OK) == 0) {
            return usual_files[i];
        }
    }
    return NULL;
}

static void load_layers(const struct config_sources *sources, struct config *config,
                        struct config_problems *problems)
{
    struct text origin = {0};
    text_add(&origin, "default of candled %s", sources->command == NULL ? "" : sources->command);
    for (size_t i = 0; sources->defaults != NULL && sources->defaults[i] != NULL; i++) {
        config_load_set(config, sources->defaults[i], text_get(&origin), problems);
    }
    text_deinit(&origin);
    memset(config->is_given, 0, sizeof(config->is_given));
    const char *file = sources->file != NULL ? sources->file : usual_file();
    if (file != NULL) {
        load_file(config, file, problems);
    }
    if (sources->environment != NULL) {
        config_load_environment(config, sources->environment, problems);
    }
    for (size_t i = 0; i < sources->set_count; i++) {
        config_load_set(config, sources->sets[i], "--set", problems);
    }
}

enum status config_load(const struct config_sources *sources, struct config *out_config,
                        struct config_problems *problems)
{
    struct config config;
    config_init(&config);
    load_layers(sources, &config, problems);
    if (problems->count == 0) {
        config_check(&config, problems);
    }
    if (problems->count > 0) {
        config_deinit(&config);
        return STATUS_BAD_CONFIG;
    }
    *out_config = config;
    return STATUS_OK;
}
