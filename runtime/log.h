/* One line per event on standard error: logfmt or JSON.
 *
 *   ts=2026-11-21T04:33:00.123Z level=warning event=sink_down msg="a sink ..." sink=redis
 * partition=3
 *   {"ts":"2026-11-21T04:33:00.123Z","level":"warning","event":"sink_down","msg":"a sink ...",...}
 *
 * Fields vary, events do not: alerts are written against them. Texts may be hostile: quotes, line
 * feeds and other control characters are escaped, bytes that are not UTF-8 become U+FFFD. Logging
 * cannot fail, does not allocate and keeps errno; a line that is too long is cut, stays valid, and
 * ends in the field cut=true.
 * Thread: any; a line is one write(). */
#ifndef CANDLED_RUNTIME_LOG_H
#define CANDLED_RUNTIME_LOG_H

#include "runtime/log_events.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_event {
#define X(name, level, message) LOG_##name,
    LOG_EVENTS(X)
#undef X
};

enum log_level { LOG_LEVEL_debug, LOG_LEVEL_info, LOG_LEVEL_warning, LOG_LEVEL_error };

struct log_field {
    const char *key;  /* a name from the code: letters, digits, underscores; NULL ends a list */
    const char *text; /* NULL: it is a number */
    int64_t number;
};

/* Before the first line; the default is text from info on. */
void log_configure(enum log_level lowest, bool is_json);

/* log_event(LOG_sink_down, log_text("sink", "redis"), log_int("partition", 3));
 * At least one field; a name that is also the tag of the enum above, which C keeps apart. */
#define log_event(event, ...)                                                                      \
    log_write(event, (const struct log_field[]){__VA_ARGS__, {.key = NULL}})

void log_write(enum log_event event, const struct log_field *fields);

/* NULL is logged as an empty text. */
static inline struct log_field log_text(const char *key, const char *text)
{
    return (struct log_field){.key = key, .text = text == NULL ? "" : text};
}

static inline struct log_field log_int(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .number = number};
}

#endif
