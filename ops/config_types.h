/* The types of settings: how each is read, shown and described. */
#ifndef CANDLED_OPS_CONFIG_TYPES_H
#define CANDLED_OPS_CONFIG_TYPES_H

#include "ops/config.h"

enum config_value_kind { CONFIG_VALUE_text, CONFIG_VALUE_list, CONFIG_VALUE_map };

/* A value as somebody wrote it; borrowed from the YAML nodes or the environment. */
struct config_value {
    enum config_value_kind kind;
    const char *text;         /* of a text */
    const char *const *items; /* of a list */
    size_t count;
};

enum config_style { CONFIG_STYLE_yaml, CONFIG_STYLE_json };

enum config_secrecy {
    CONFIG_SECRECY_none,
    CONFIG_SECRECY_url,
    CONFIG_SECRECY_all,
    CONFIG_SECRECY_named,
};

struct config_setting;

struct config_type {
    const char *name;
    const char *const *words; /* of a choice; NULL ends */
    /* False: not such a value, and the field is as it was. */
    bool (*parse)(const struct config_setting *s, const struct config_value *value, void *field);
    void (*print)(const struct config_setting *s, const void *field, enum config_style style,
                  struct text *out);
    void (*describe)(const struct config_setting *s, struct text *out); /* "a number from 1 to 9" */
    void (*release)(void *field);                                       /* NULL: it owns nothing */
};

struct config_setting {
    const char *section; /* NULL: at the top */
    const char *name;    /* "kafka.brokers" */
    const char *key;     /* "brokers" */
    const struct config_type *type;
    size_t offset;
    const char *default_value;
    int64_t min;
    int64_t max;
    enum config_secrecy secrecy;
    const char *help;
};

/* In the order of the table. */
const struct config_setting *config_setting(enum config_id id);

static inline void *config_field(struct config *config, const struct config_setting *s)
{
    return (char *)config + s->offset;
}

static inline const void *config_field_const(const struct config *config,
                                             const struct config_setting *s)
{
    return (const char *)config + s->offset;
}

/* clang-format off */
#define CONFIG_TYPES(T) \
    T(text) T(texts) T(count) T(millis) T(period) T(bytes) T(boolean) T(intervals) T(map) T(start) \
    T(zone) T(series) \
    CONFIG_CHOICES(T)
/* clang-format on */

#define T(type) extern const struct config_type config_type_##type;
CONFIG_TYPES(T)
#undef T

/* Milliseconds from "5ms", "10s", "2m", "24h", "14d"; a lone 0 needs no unit. */
bool config_parse_millis(const char *text, int64_t *out_millis);

/* A text as YAML or JSON writes it: quoted where it must be. */
void config_print_text(const char *value, enum config_style style, struct text *out);

/* Takes the next of several items off a text or a list; false: there are no more. Commas part a
 * text; blanks around an item do not count; an empty text has no items. */
struct config_items {
    const struct config_value *value;
    size_t index;
    const char *rest;
};
struct config_items config_items_of(const struct config_value *value);
bool config_items_next(struct config_items *items, struct slice *out_item);

/* One entry of a map is put or replaced. */
void config_map_put(struct config_map *map, const char *name, const char *value,
                    const char *origin);

#endif
