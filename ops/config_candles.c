/* The types of settings that say what a candle is: zones, and derived series. */
#include "ops/config_types.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* zone */

static bool parse_zone(const struct config_setting *s, const struct config_value *value,
                       void *field)
{
    (void)s;
    struct zone **zone = field;
    struct zone *loaded;
    if (value->kind != CONFIG_VALUE_text || zone_load(value->text, &loaded) != STATUS_OK) {
        return false;
    }
    zone_destroy(zone);
    *zone = loaded;
    return true;
}

static void print_zone(const struct config_setting *s, const void *field, enum config_style style,
                       struct text *out)
{
    (void)s;
    config_print_text(zone_name(*(struct zone *const *)field), style, out);
}

static void describe_zone(const struct config_setting *s, struct text *out)
{
    (void)s;
    text_add(out, "a zone of the tz database, as UTC or Europe/Berlin");
}

static void release_zone(void *field)
{
    zone_destroy(field);
}

const struct config_type config_type_zone = {.name = "time zone",
                                             .parse = parse_zone,
                                             .print = print_zone,
                                             .describe = describe_zone,
                                             .release = release_zone};

/* series */

static bool parse_series(const struct config_setting *s, const struct config_value *value,
                         void *field)
{
    struct series_set set = {.count = 0};
    struct config_items items = config_items_of(value);
    struct slice item;

    if (value->kind == CONFIG_VALUE_map) {
        return false;
    }
    while (config_items_next(&items, &item)) {
        struct series series;
        if (series_parse(item, &series) != STATUS_OK || series_set_has(&set, series) ||
            (int64_t)set.count == s->max) {
            return false;
        }
        set.items[set.count++] = series;
    }
    *(struct series_set *)field = set;
    return true;
}

static void print_series(const struct config_setting *s, const void *field, enum config_style style,
                         struct text *out)
{
    (void)s;
    const struct series_set *set = field;
    text_add(out, "[");
    for (size_t i = 0; i < set->count; i++) {
        char text[SERIES_TEXT_MAX];
        series_print(set->items[i], text);
        text_add(out, "%s", i == 0 ? "" : ", ");
        config_print_text(text, style, out);
    }
    text_add(out, "]");
}

static void describe_series(const struct config_setting *s, struct text *out)
{
    text_add(out,
             "a list of up to %" PRId64 " of vwap, sma(n) and ema(n), n from %d to %d, none twice",
             s->max, SERIES_LENGTH_MIN, SERIES_LENGTH_MAX);
}

const struct config_type config_type_series = {.name = "list of series",
                                               .parse = parse_series,
                                               .print = print_series,
                                               .describe = describe_series};
