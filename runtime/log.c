#include "runtime/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 2048,
    TAIL_BYTES = 16, /* room that is kept for: "  ,"cut":true  }  \n */
    ESCAPED_BYTES_MAX = 8,
};

static const struct {
    const char *name;
    const char *level_name;
    const char *message;
    enum log_level level;
} infos[] = {
#define X(name, level, message) [LOG_##name] = {#name, #level, message, LOG_LEVEL_##level},
    LOG_EVENTS(X)
#undef X
};

/* The one variable of the process that is not constant: written before the first line only. */
static struct {
    enum log_level lowest;
    bool is_json;
} config = {.lowest = LOG_LEVEL_info};

void log_configure(enum log_level lowest, bool is_json)
{
    config.lowest = lowest;
    config.is_json = is_json;
}

struct line {
    size_t length;
    bool is_json;
    bool is_cut; /* then nothing is added but the tail */
    char bytes[LINE_BYTES_MAX];
};

static bool has_room(const struct line *line, size_t size)
{
    return line->length + size <= LINE_BYTES_MAX - TAIL_BYTES;
}

static void put(struct line *line, const char *bytes, size_t size)
{
    memcpy(line->bytes + line->length, bytes, size);
    line->length += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* How many bytes the UTF-8 character at s has; 0: it is none. */
static size_t utf8_size(const unsigned char *s)
{
    size_t size = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0; /* the zero byte at the end too */
        }
    }
    bool is_overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool is_surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool is_beyond = s[0] == 0xf4 && s[1] > 0x8f;
    return is_overlong || is_surrogate || is_beyond ? 0 : size;
}

static const char *short_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

/* C0, DEL and C1: what a terminal could obey. The code point, or -1. */
static int control_code(const unsigned char *s)
{
    if (s[0] < 0x20 || s[0] == 0x7f) {
        return s[0];
    }
    return s[0] == 0xc2 && s[1] < 0xa0 ? s[1] : -1;
}

/* One character as it stands between quotes, in both formats. Returns how many bytes it was. */
static size_t escape(const unsigned char *s, char out[ESCAPED_BYTES_MAX])
{
    size_t size = utf8_size(s);
    const char *escaped = size == 0 ? "\xef\xbf\xbd" : short_escape(s[0]);
    if (escaped != NULL) {
        (void)snprintf(out, ESCAPED_BYTES_MAX, "%s", escaped);
        return size == 0 ? 1 : size;
    }
    int control = control_code(s);
    if (control >= 0) {
        (void)snprintf(out, ESCAPED_BYTES_MAX, "\\u%04x", (unsigned)control & 0xffU);
        return size;
    }
    memcpy(out, s, size);
    out[size] = '\0';
    return size;
}

static void put_escaped(struct line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s != '\0') {
        char escaped[ESCAPED_BYTES_MAX];
        size_t size = escape(s, escaped);
        if (!has_room(line, strlen(escaped))) {
            line->is_cut = true;
            return;
        }
        put_text(line, escaped);
        s += size;
    }
}

/* False: there is no room left for it. */
static bool put_key(struct line *line, const char *key, size_t value_size)
{
    if (line->is_cut || !has_room(line, strlen(key) + 5 + value_size)) {
        line->is_cut = true;
        return false;
    }
    if (line->is_json) {
        put_text(line, line->length == 0 ? "{\"" : ",\"");
        put_text(line, key);
        put_text(line, "\":");
    } else {
        put_text(line, line->length == 0 ? "" : " ");
        put_text(line, key);
        put_text(line, "=");
    }
    return true;
}

static bool needs_quotes(const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
        if (*s <= ' ' || *s >= 0x7f || *s == '"' || *s == '=' || *s == '\\') {
            return true;
        }
    }
    return text[0] == '\0';
}

static void put_text_field(struct line *line, const char *key, const char *text)
{
    if (!put_key(line, key, 0)) {
        return;
    }
    const char *quote = line->is_json || needs_quotes(text) ? "\"" : "";
    put_text(line, quote);
    put_escaped(line, text);
    put_text(line, quote);
}

static void put_number_field(struct line *line, const char *key, int64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%" PRId64, number);
    if (put_key(line, key, strlen(digits))) {
        put_text(line, digits);
    }
}

static void put_time(struct line *line)
{
    struct timespec now = {0};
    struct tm utc = {0};
    char seconds[64];
    char text[96];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text, sizeof(text), "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
    put_text_field(line, "ts", text);
}

static void put_tail(struct line *line)
{
    if (line->is_cut) {
        put_text(line, line->is_json ? ",\"cut\":true" : " cut=true");
    }
    put_text(line, line->is_json ? "}\n" : "\n");
}

/* Nobody could be told that it failed. */
static void write_line(const struct line *line)
{
    ssize_t written;
    do {
        written = write(STDERR_FILENO, line->bytes, line->length);
    } while (written < 0 && errno == EINTR);
}

void log_write(enum log_event event, const struct log_field *fields)
{
    if (infos[event].level < config.lowest) {
        return;
    }
    int errno_before = errno;
    struct line line;
    line.length = 0;
    line.is_json = config.is_json;
    line.is_cut = false;

    put_time(&line);
    put_text_field(&line, "level", infos[event].level_name);
    put_text_field(&line, "event", infos[event].name);
    put_text_field(&line, "msg", infos[event].message);
    for (const struct log_field *field = fields; field->key != NULL; field++) {
        if (field->text != NULL) {
            put_text_field(&line, field->key, field->text);
        } else {
            put_number_field(&line, field->key, field->number);
        }
    }
    put_tail(&line);
    write_line(&line);
    errno = errno_before;
}
