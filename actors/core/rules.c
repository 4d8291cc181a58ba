#include "actors/core/rules.h"

#include <inttypes.h>
#include <stdio.h>

static size_t add(char text[RULES_TEXT_MAX], size_t size, const char *piece)
{
    int added = snprintf(text + size, RULES_TEXT_MAX - size, "%s", piece);
    size_t end = size + (size_t)added;
    return end < RULES_TEXT_MAX ? end : RULES_TEXT_MAX - 1;
}

static size_t add_intervals(char text[RULES_TEXT_MAX], size_t size, interval_set set)
{
    size = add(text, size, "intervals=");
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((set & INTERVAL_BIT(i)) != 0) {
            size = add(text, size, interval_name(i));
            size = add(text, size, ",");
        }
    }
    return size;
}

static size_t add_series(char text[RULES_TEXT_MAX], size_t size, const struct series_set *set)
{
    size = add(text, size, " derived=");
    for (size_t i = 0; i < set->count; i++) {
        char name[SERIES_TEXT_MAX];
        series_name(set->items[i], name);
        size = add(text, size, name);
        size = add(text, size, ",");
    }
    return size;
}

void rules_print(const struct candle_rules *rules, char text[RULES_TEXT_MAX])
{
    char numbers[128];
    snprintf(numbers, sizeof(numbers), " grace_ms=%" PRId64 " late_ms=%" PRId64 " trade_ids=%s",
             rules->grace_ms, rules->late_ms, rules->uses_trade_ids ? "spot" : "off");
    size_t size = add_intervals(text, 0, rules->intervals);
    size = add(text, size, numbers);
    size = add(text, size, " timezone=");
    size = add(text, size, rules->zone == NULL ? "UTC" : zone_name(rules->zone));
    (void)add_series(text, size, &rules->derived);
}
