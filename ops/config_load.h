/* The layers of the configuration, each on its own: what config_load() is made of. */
#ifndef CANDLED_OPS_CONFIG_LOAD_H
#define CANDLED_OPS_CONFIG_LOAD_H

#include "ops/config_types.h"

enum { CONFIG_SECRET_FILE_BYTES_MAX = 65536 };

/* One value and the place it comes from. */
struct config_input {
    const char *path;  /* "kafka.brokers", as it was written */
    const char *where; /* "candled.yaml:12": before problems, and the origin */
    const struct config_value *value;
    bool may_repeat; /* the last of several wins (--set); else it is a problem */
};

/* One line of problems: "WHERE: " and what is wrong. */
void config_problem(struct config_problems *problems, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a value where its path leads: a setting, its NAME_file, or an entry of a map. `layer` holds
 * what this layer has already given. What cannot be put is a problem and changes nothing. */
struct config_layer {
    bool has[CONFIG_COUNT];
};
void config_put(struct config *config, struct config_layer *layer, const struct config_input *input,
                struct config_problems *problems);

/* `name` stands before the line in problems and origins. */
void config_load_yaml(struct config *config, const char *name, struct slice text,
                      struct config_problems *problems);

void config_load_environment(struct config *config, const char *const *environment,
                             struct config_problems *problems);

/* "section.key=value"; a value in [] or {} is read as YAML. */
void config_load_set(struct config *config, const char *assignment, const char *origin,
                     struct config_problems *problems);

/* CANDLED_KAFKA__BROKERS for kafka.brokers. */
void config_environment_name(const char *setting, struct text *out);

#endif
