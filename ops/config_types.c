#include "ops/config_types.h"

#include "ops/config_secret.h"
#include "ops/rfc3339.h"
#include "runtime/checked.h"
#include "runtime/mem.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *suffix; /* the largest last */
    int64_t factor;
    int64_t least; /* printed from here on: a day is 24h, two are 2d */
};

static const struct unit millis_units[] = {
    {"ms", 1, 0},
    {"s", 1000, 1000},
    {"m", 60000, 60000},
    {"h", 3600000, 3600000},
    {"d", 86400000, 2 * 86400000},
};
static const struct unit bytes_units[] = {
    {"", 1, 0},
    {"KiB", 1ll << 10, 1ll << 10},
    {"MiB", 1ll << 20, 1ll << 20},
    {"GiB", 1ll << 30, 1ll << 30},
    {"TiB", 1ll << 40, 1ll << 40},
};

static bool parse_number(const char *text, const struct unit *units, size_t unit_count,
                         int64_t *out_number)
{
    char *suffix;

    if (!isdigit((unsigned char)text[0])) {
        return false; /* no sign, no space */
    }
    errno = 0;
    int64_t number = strtoll(text, &suffix, 10);
    if (errno == ERANGE) {
        return false;
    }
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(suffix, units[i].suffix) == 0) {
            return checked_multiply(number, units[i].factor, out_number);
        }
    }
    return false;
}

static bool is_within(const struct config_setting *s, int64_t number)
{
    return number >= s->min && number <= s->max;
}

static void print_units(int64_t number, const struct unit *units, size_t unit_count,
                        struct text *out)
{
    size_t unit = unit_count - 1;
    while (unit > 0 && (number % units[unit].factor != 0 || number < units[unit].least)) {
        unit--;
    }
    text_add(out, "%" PRId64 "%s", number / units[unit].factor, units[unit].suffix);
}

void config_print_text(const char *value, enum config_style style, struct text *out)
{
    bool is_plain = isalnum((unsigned char)value[0]) || value[0] == '/' || value[0] == '.';
    for (const char *c = value; *c != '\0' && is_plain; c++) {
        is_plain = isalnum((unsigned char)*c) || strchr("_./@+-", *c) != NULL ||
                   (*c == ':' && c[1] != '\0' && c[1] != ' ');
    }
    if (style == CONFIG_STYLE_yaml && is_plain && strcmp(value, "null") != 0) {
        text_add(out, "%s", value);
    } else {
        text_add_json(out, value);
    }
}

/* count */

static bool parse_count(const struct config_setting *s, const struct config_value *value,
                        void *field)
{
    static const struct unit none[] = {{"", 1, 0}};
    int64_t number;
    if (value->kind != CONFIG_VALUE_text || !parse_number(value->text, none, 1, &number) ||
        !is_within(s, number)) {
        return false;
    }
    *(int64_t *)field = number;
    return true;
}

static void print_count(const struct config_setting *s, const void *field, enum config_style style,
                        struct text *out)
{
    (void)s;
    (void)style;
    text_add(out, "%" PRId64, *(const int64_t *)field);
}

static void describe_count(const struct config_setting *s, struct text *out)
{
    text_add(out, "a number from %" PRId64 " to %" PRId64, s->min, s->max);
}

const struct config_type config_type_count = {
    .name = "number", .parse = parse_count, .print = print_count, .describe = describe_count};

/* millis and period */

bool config_parse_millis(const char *text, int64_t *out_millis)
{
    if (strcmp(text, "0") == 0) {
        *out_millis = 0;
        return true;
    }
    return parse_number(text, millis_units, ARRAY_COUNT(millis_units), out_millis);
}

static bool parse_millis(const struct config_setting *s, const struct config_value *value,
                         void *field)
{
    int64_t number;
    if (value->kind != CONFIG_VALUE_text || !config_parse_millis(value->text, &number) ||
        !is_within(s, number)) {
        return false;
    }
    *(int64_t *)field = number;
    return true;
}

static void print_quoted_in_json(const struct text *printed, enum config_style style,
                                 struct text *out)
{
    if (style == CONFIG_STYLE_json) {
        text_add_json(out, text_get(printed));
    } else {
        text_add(out, "%s", text_get(printed));
    }
}

static void print_millis(const struct config_setting *s, const void *field, enum config_style style,
                         struct text *out)
{
    (void)s;
    struct text printed = {0};
    print_units(*(const int64_t *)field, millis_units, ARRAY_COUNT(millis_units), &printed);
    print_quoted_in_json(&printed, style, out);
    text_deinit(&printed);
}

static void describe_millis(const struct config_setting *s, struct text *out)
{
    text_add(out, "a duration (ms, s, m, h, d) from ");
    print_units(s->min, millis_units, ARRAY_COUNT(millis_units), out);
    text_add(out, " to ");
    print_units(s->max, millis_units, ARRAY_COUNT(millis_units), out);
}

const struct config_type config_type_millis = {
    .name = "duration", .parse = parse_millis, .print = print_millis, .describe = describe_millis};

static bool parse_period(const struct config_setting *s, const struct config_value *value,
                         void *field)
{
    if (value->kind == CONFIG_VALUE_text && value->text[0] == '\0') {
        *(int64_t *)field = 0;
        return true;
    }
    return parse_millis(s, value, field);
}

static void print_period(const struct config_setting *s, const void *field, enum config_style style,
                         struct text *out)
{
    if (*(const int64_t *)field == 0) {
        text_add(out, "\"\"");
    } else {
        print_millis(s, field, style, out);
    }
}

static void describe_period(const struct config_setting *s, struct text *out)
{
    text_add(out, "empty, or ");
    describe_millis(s, out);
}

const struct config_type config_type_period = {
    .name = "duration", .parse = parse_period, .print = print_period, .describe = describe_period};

/* bytes */

static bool parse_bytes(const struct config_setting *s, const struct config_value *value,
                        void *field)
{
    int64_t number;
    if (value->kind != CONFIG_VALUE_text ||
        !parse_number(value->text, bytes_units, ARRAY_COUNT(bytes_units), &number) ||
        !is_within(s, number)) {
        return false;
    }
    *(int64_t *)field = number;
    return true;
}

static void print_bytes(const struct config_setting *s, const void *field, enum config_style style,
                        struct text *out)
{
    (void)s;
    struct text printed = {0};
    print_units(*(const int64_t *)field, bytes_units, ARRAY_COUNT(bytes_units), &printed);
    print_quoted_in_json(&printed, style, out);
    text_deinit(&printed);
}

static void describe_bytes(const struct config_setting *s, struct text *out)
{
    text_add(out, "a size (KiB, MiB, GiB, TiB) from ");
    print_units(s->min, bytes_units, ARRAY_COUNT(bytes_units), out);
    text_add(out, " to ");
    print_units(s->max, bytes_units, ARRAY_COUNT(bytes_units), out);
}

const struct config_type config_type_bytes = {
    .name = "size", .parse = parse_bytes, .print = print_bytes, .describe = describe_bytes};

/* boolean */

static bool parse_boolean(const struct config_setting *s, const struct config_value *value,
                          void *field)
{
    (void)s;
    if (value->kind != CONFIG_VALUE_text) {
        return false;
    }
    bool is_true = strcmp(value->text, "true") == 0;
    if (!is_true && strcmp(value->text, "false") != 0) {
        return false;
    }
    *(bool *)field = is_true;
    return true;
}

static void print_boolean(const struct config_setting *s, const void *field,
                          enum config_style style, struct text *out)
{
    (void)s;
    (void)style;
    text_add(out, "%s", *(const bool *)field ? "true" : "false");
}

static void describe_boolean(const struct config_setting *s, struct text *out)
{
    (void)s;
    text_add(out, "true or false");
}

const struct config_type config_type_boolean = {.name = "true or false",
                                                .parse = parse_boolean,
                                                .print = print_boolean,
                                                .describe = describe_boolean};

/* start */

static bool parse_start(const struct config_setting *s, const struct config_value *value,
                        void *field)
{
    (void)s;
    struct config_start start = {.kind = CONFIG_START_time};
    if (value->kind != CONFIG_VALUE_text) {
        return false;
    }
    if (strcmp(value->text, "earliest") == 0) {
        start.kind = CONFIG_START_earliest;
    } else if (strcmp(value->text, "latest") == 0) {
        start.kind = CONFIG_START_latest;
    } else if (rfc3339_parse(value->text, &start.time_ms) != STATUS_OK) {
        return false;
    }
    *(struct config_start *)field = start;
    return true;
}

static void print_start(const struct config_setting *s, const void *field, enum config_style style,
                        struct text *out)
{
    (void)s;
    const struct config_start *start = field;
    char text[RFC3339_TEXT_MAX];
    rfc3339_print(start->time_ms, text);
    static const char *const words[] = {"earliest", "latest"};
    config_print_text(start->kind == CONFIG_START_time ? text : words[start->kind], style, out);
}

static void describe_start(const struct config_setting *s, struct text *out)
{
    (void)s;
    text_add(out, "earliest, latest or a time such as 2026-02-01T00:00:00Z");
}

const struct config_type config_type_start = {
    .name = "start", .parse = parse_start, .print = print_start, .describe = describe_start};

/* choices */

static bool parse_choice(const struct config_setting *s, const struct config_value *value,
                         void *field)
{
    if (value->kind != CONFIG_VALUE_text) {
        return false;
    }
    for (int i = 0; s->type->words[i] != NULL; i++) {
        if (strcmp(value->text, s->type->words[i]) == 0) {
            memcpy(field, &i, sizeof(i));
            return true;
        }
    }
    return false;
}

static void print_choice(const struct config_setting *s, const void *field, enum config_style style,
                         struct text *out)
{
    int index;
    memcpy(&index, field, sizeof(index));
    config_print_text(s->type->words[index], style, out);
}

static void describe_choice(const struct config_setting *s, struct text *out)
{
    for (int i = 0; s->type->words[i] != NULL; i++) {
        bool is_last = s->type->words[i + 1] == NULL;
        text_add(out, "%s%s", i == 0 ? "" : (is_last ? " or " : ", "), s->type->words[i]);
    }
}

#define W(choice, word, text) text,
#define C(choice)                                                                                  \
    static const char *const words_##choice[] = {CONFIG_WORDS_##choice(W) NULL};                   \
    _Static_assert(sizeof(config_##choice) == sizeof(int), #choice ": an enum is an int");         \
    const struct config_type config_type_##choice = {.name = "word",                               \
                                                     .words = words_##choice,                      \
                                                     .parse = parse_choice,                        \
                                                     .print = print_choice,                        \
                                                     .describe = describe_choice};
CONFIG_CHOICES(C)
#undef C
#undef W
