#include "tests/unit/actors/edge/sink_probe_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_setting(struct sink_probe_settings *s, const char *name, const char *value)
{
#define X(field, default_value)                                                                    \
    if (strcmp(name, #field) == 0) {                                                               \
        s->field = strtoll(value, NULL, 10);                                                       \
        return;                                                                                    \
    }
    SINK_PROBE_SETTINGS(X)
#undef X
#define X(field, default_value)                                                                    \
    if (strcmp(name, #field) == 0) {                                                               \
        s->field = value;                                                                          \
        return;                                                                                    \
    }
    SINK_PROBE_TEXTS(X)
#undef X
    fprintf(stderr, "sink_probe: no setting %s\n", name);
    exit(2);
}

void sink_probe_settings_read(struct sink_probe_settings *s, int count, char **args)
{
#define X(field, default_value) read_setting(s, #field, default_value);
    SINK_PROBE_SETTINGS(X)
    SINK_PROBE_TEXTS(X)
#undef X
    for (int i = 0; i + 1 < count; i += 2) {
        read_setting(s, args[i] + 2, args[i + 1]);
    }
}

size_t sink_probe_settings_split(char *text, const char **items, size_t items_max)
{
    size_t count = 0;
    for (char *at = strtok(text, ","); at != NULL && count < items_max; at = strtok(NULL, ",")) {
        items[count++] = at;
    }
    return count;
}
