/* The settings as a JSON schema: what helm/candled/values.schema.json says of `config`. It accepts
 * what the YAML file may hold, written in the types that a reader of YAML makes of it. What must
 * hold between settings (config_check.c) is not in it. */
#include "ops/config_load.h"
#include "ops/config_range.h"
#include "ops/config_types.h"
#include "runtime/base.h"

#include <inttypes.h>
#include <string.h>

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit millis_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};
static const struct unit bytes_units[] = {
    {"", 1}, {"KiB", 1ll << 10}, {"MiB", 1ll << 20}, {"GiB", 1ll << 30}, {"TiB", 1ll << 40},
};

/* "0*(1|2|3)s|0*(...)m": for each unit, the numbers that lie within the limits. */
static void add_units(const struct config_setting *s, const struct unit *units, size_t count,
                      struct text *out)
{
    bool is_first = true;
    for (size_t i = 0; i < count; i++) {
        int64_t min = (s->min + units[i].factor - 1) / units[i].factor;
        int64_t max = s->max / units[i].factor;
        if (min > max) {
            continue;
        }
        text_add(out, "%s0*(", is_first ? "" : "|");
        config_range_add(min, max, out);
        text_add(out, ")%s", units[i].suffix);
        is_first = false;
    }
}

static void add_integer(const struct config_setting *s, struct text *out)
{
    text_add(out, "\"type\": \"integer\", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64, s->min,
             s->max);
}

static void add_text(const struct config_setting *s, struct text *out)
{
    text_add(out, "\"type\": \"string\", \"minLength\": %" PRId64 ", \"maxLength\": %" PRId64,
             s->min, s->max);
}

static void add_texts(const struct config_setting *s, struct text *out)
{
    text_add(out,
             "\"type\": \"array\", \"minItems\": %" PRId64 ", \"maxItems\": %" PRId64
             ", \"items\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 1023}",
             s->min, s->max);
}

static void add_duration(const struct config_setting *s, const char *before, struct text *out)
{
    text_add(out, "\"type\": %s, \"pattern\": \"^(%s",
             s->min == 0 ? "[\"string\", \"integer\"], \"maximum\": 0, \"minimum\": 0"
                         : "\"string\"",
             before);
    add_units(s, millis_units, ARRAY_COUNT(millis_units), out);
    text_add(out, ")$\"");
}

static void add_millis(const struct config_setting *s, struct text *out)
{
    add_duration(s, s->min == 0 ? "0|" : "", out);
}

static void add_period(const struct config_setting *s, struct text *out)
{
    add_duration(s, "|", out);
}

static void add_bytes(const struct config_setting *s, struct text *out)
{
    text_add(out,
             "\"type\": [\"string\", \"integer\"], \"minimum\": %" PRId64 ", \"maximum\": %" PRId64
             ", \"pattern\": \"^(",
             s->min, s->max);
    add_units(s, bytes_units, ARRAY_COUNT(bytes_units), out);
    text_add(out, ")$\"");
}

static void add_boolean(const struct config_setting *s, struct text *out)
{
    (void)s;
    text_add(out, "\"type\": \"boolean\"");
}

static void add_interval_names(const char *between, struct text *out)
{
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        text_add(out, "%s%s", i == 0 ? "" : between, interval_name(i));
    }
}

static void add_intervals(const struct config_setting *s, struct text *out)
{
    text_add(out,
             "\"type\": [\"array\", \"string\"], \"minItems\": %" PRId64
             ", \"items\": {\"type\": \"string\", \"enum\": [\"",
             s->min);
    add_interval_names("\", \"", out);
    text_add(out, "\"]}, \"pattern\": \"^((");
    add_interval_names("|", out);
    text_add(out, ")( *, *(");
    add_interval_names("|", out);
    text_add(out, "))*)%s$\"", s->min == 0 ? "?" : "");
}

static void add_map(const struct config_setting *s, struct text *out)
{
    text_add(out,
             "\"type\": \"object\", \"maxProperties\": %" PRId64
             ", \"propertyNames\": {\"minLength\": 1, \"maxLength\": 255}"
             ", \"additionalProperties\": {\"type\": [\"string\", \"number\", \"boolean\"]}",
             s->max);
}

static void add_start(const struct config_setting *s, struct text *out)
{
    (void)s;
    text_add(out, "\"type\": \"string\", \"pattern\": \"^(earliest|latest|"
                  "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\\\.[0-9]+)?"
                  "([Zz]|[+-][0-9]{2}:[0-9]{2}))?)$\"");
}

static void add_zone(const struct config_setting *s, struct text *out)
{
    (void)s;
    text_add(out, "\"type\": \"string\", \"pattern\": \"^[A-Za-z][A-Za-z0-9_+/-]{0,62}$\"");
}

static void add_series(const struct config_setting *s, struct text *out)
{
    const char *one = "(vwap|(sma|ema)\\\\(([2-9]|[1-9][0-9]|100)\\\\))";
    text_add(out,
             "\"type\": [\"array\", \"string\"], \"maxItems\": %" PRId64
             ", \"uniqueItems\": true, \"items\": {\"type\": \"string\", \"pattern\": \"^%s$\"}"
             ", \"pattern\": \"^(%s( *, *%s){0,%" PRId64 "})?$\"",
             s->max, one, one, one, s->max - 1);
}

static void add_choice(const struct config_setting *s, struct text *out)
{
    text_add(out, "\"type\": \"string\", \"enum\": [");
    for (size_t i = 0; s->type->words[i] != NULL; i++) {
        text_add(out, "%s\"%s\"", i == 0 ? "" : ", ", s->type->words[i]);
    }
    text_add(out, "]");
}

static const struct {
    const struct config_type *type;
    void (*add)(const struct config_setting *s, struct text *out);
} kinds[] = {
    {&config_type_text, add_text},       {&config_type_texts, add_texts},
    {&config_type_count, add_integer},   {&config_type_millis, add_millis},
    {&config_type_period, add_period},   {&config_type_bytes, add_bytes},
    {&config_type_boolean, add_boolean}, {&config_type_intervals, add_intervals},
    {&config_type_map, add_map},         {&config_type_start, add_start},
    {&config_type_zone, add_zone},       {&config_type_series, add_series},
};

static void add_kind(const struct config_setting *s, struct text *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (kinds[i].type == s->type) {
            kinds[i].add(s, out);
            return;
        }
    }
    add_choice(s, out);
}

static void add_description(const struct config_setting *s, struct text *out)
{
    struct text description = {0};
    text_add(&description, "%s Expected: ", s->help);
    s->type->describe(s, &description);
    text_add(&description, ".");
    text_add(out, ", \"description\": ");
    text_add_json(out, text_get(&description));
    text_deinit(&description);
}

static bool may_be_file(const struct config_setting *s)
{
    return s->secrecy == CONFIG_SECRECY_url || s->secrecy == CONFIG_SECRECY_all;
}

static void add_setting(const struct config *defaults, const struct config_setting *s,
                        const char *indent, struct text *out)
{
    text_add(out, "\n%s\"%s\": {", indent, s->key);
    add_kind(s, out);
    text_add(out, ", \"default\": ");
    s->type->print(s, config_field_const(defaults, s), CONFIG_STYLE_json, out);
    add_description(s, out);
    text_add(out, "}");
    if (may_be_file(s)) {
        text_add(out,
                 ",\n%s\"%s_file\": {\"type\": \"string\", \"minLength\": 1, \"description\": "
                 "\"The name of a file that holds %s.\"}",
                 indent, s->key, s->key);
    }
}

/* A setting and its file are not both given. */
static void add_exclusions(const char *section, struct text *out)
{
    const char *comma = "";
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        if (s->section == NULL || strcmp(s->section, section) != 0 || !may_be_file(s)) {
            continue;
        }
        text_add(out, "%s{\"not\": {\"required\": [\"%s\", \"%s_file\"]}}",
                 comma[0] == '\0' ? ", \"allOf\": [" : comma, s->key, s->key);
        comma = ", ";
    }
    text_add(out, "%s", comma[0] == '\0' ? "" : "]");
}

static void begin_section(const char *section, const char *help, struct text *out)
{
    text_add(out, ",\n    \"%s\": {\"type\": \"object\", \"additionalProperties\": false", section);
    add_exclusions(section, out);
    text_add(out, ", \"description\": ");
    text_add_json(out, help);
    text_add(out, ", \"properties\": {");
}

static void add_section(const struct config *defaults, const char *section, const char *help,
                        struct text *out)
{
    const char *comma = "";
    begin_section(section, help, out);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        if (s->section != NULL && strcmp(s->section, section) == 0) {
            text_add(out, "%s", comma);
            add_setting(defaults, s, "      ", out);
            comma = ",";
        }
    }
    text_add(out, "\n    }}");
}

void config_schema(struct text *out)
{
    struct config defaults;
    const char *comma = "";
    config_init(&defaults);
    text_add(out, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                  "  \"title\": \"The settings of candled\",\n  \"type\": \"object\",\n"
                  "  \"additionalProperties\": false,\n  \"properties\": {");
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        if (config_setting(id)->section == NULL) {
            text_add(out, "%s", comma);
            add_setting(&defaults, config_setting(id), "    ", out);
            comma = ",";
        }
    }
#define S(section, rows, help) add_section(&defaults, #section, help, out);
    CONFIG_SECTIONS(S)
#undef S
    text_add(out, "\n  }\n}\n");
    config_deinit(&defaults);
}
