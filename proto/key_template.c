#include "proto/key_template.h"

#include "proto/interval.h"
#include "proto/kline.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
#define PLACEHOLDER_TABLE(X)                         \
    /* kind       name           bytes at most */    \
    X(symbol,     "{symbol}",    SYMBOL_BYTES_MAX)   \
    X(interval,   "{interval}",  INTERVAL_BYTES_MAX) \
    X(open_time,  "{openTime}",  TIME_BYTES_MAX)
/* clang-format on */

enum { INTERVAL_BYTES_MAX = 3, TIME_BYTES_MAX = 20 };

static const struct placeholder {
    const char *name;
    size_t size_max;
    enum key_part_kind kind;
} placeholders[] = {
#define X(kind, name, size_max) {name, size_max, KEY_PART_##kind},
    PLACEHOLDER_TABLE(X)
#undef X
};

static const struct placeholder *find_placeholder(const char *text)
{
    for (size_t i = 0; i < ARRAY_COUNT(placeholders); i++) {
        if (strncmp(text, placeholders[i].name, strlen(placeholders[i].name)) == 0) {
            return &placeholders[i];
        }
    }
    return NULL;
}

/* What begins at `start` becomes a part. Returns the bytes it took, 0 where there is no such
 * placeholder; *size_max grows by what the part may become. */
static size_t read_part(const char *text, size_t start, struct key_part *part, size_t *size_max)
{
    if (text[start] == '{' || text[start] == '}') {
        const struct placeholder *placeholder = find_placeholder(text + start);
        if (placeholder == NULL) {
            return 0;
        }
        *part = (struct key_part){.kind = placeholder->kind};
        *size_max += placeholder->size_max;
        return strlen(placeholder->name);
    }
    size_t size = strcspn(text + start, "{}");
    *part =
        (struct key_part){.kind = KEY_PART_text, .start = (uint16_t)start, .size = (uint16_t)size};
    *size_max += size;
    return size;
}

static enum status read_parts(struct key_template *template, size_t *size_max, char *error,
                              size_t error_size)
{
    for (size_t next = 0; template->text[next] != '\0';) {
        if (template->part_count == KEY_TEMPLATE_PARTS_MAX) {
            snprintf(error, error_size, "the template has more than %d parts",
                     KEY_TEMPLATE_PARTS_MAX);
            return STATUS_BAD_CONFIG;
        }
        struct key_part *part = &template->parts[template->part_count];
        size_t size = read_part(template->text, next, part, size_max);
        if (size == 0) {
            snprintf(error, error_size,
                     "'%.20s' is none of {symbol}, {interval}, {openTime}, which are the only use "
                     "of braces",
                     template->text + next);
            return STATUS_BAD_CONFIG;
        }
        template->part_count++;
        next += size;
    }
    return STATUS_OK;
}

enum status key_template_parse(const char *text, struct key_template *out_template, char *error,
                               size_t error_size)
{
    struct key_template template = {.part_count = 0};
    size_t size = strlen(text);
    size_t size_max = 0;

    if (size == 0 || size >= sizeof(template.text)) {
        snprintf(error, error_size, "the template has %zu bytes, and 1 to %d are allowed", size,
                 KEY_TEMPLATE_TEXT_MAX - 1);
        return STATUS_BAD_CONFIG;
    }
    memcpy(template.text, text, size);
    enum status status = read_parts(&template, &size_max, error, error_size);
    if (status != STATUS_OK) {
        return status;
    }
    if (size_max >= KEY_MAX) {
        snprintf(error, error_size, "keys could have up to %zu bytes, and %d are allowed", size_max,
                 KEY_MAX - 1);
        return STATUS_BAD_CONFIG;
    }
    *out_template = template;
    return STATUS_OK;
}

bool key_template_has(const struct key_template *template, enum key_part_kind kind)
{
    for (size_t i = 0; i < template->part_count; i++) {
        if (template->parts[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static size_t append(char *key, struct slice part)
{
    memcpy(key, part.bytes, part.size);
    return part.size;
}

static size_t append_time(char *key, int64_t time_ms)
{
    char text[TIME_BYTES_MAX + 1];
    snprintf(text, sizeof(text), "%" PRId64, time_ms);
    return append(key, slice_of_text(text));
}

size_t key_template_render(const struct key_template *template, const char *symbol,
                           const char *interval, int64_t open_ms, char key[KEY_MAX])
{
    assert(strlen(symbol) <= SYMBOL_BYTES_MAX);
    assert(strlen(interval) <= INTERVAL_BYTES_MAX);
    size_t size = 0;

    for (size_t i = 0; i < template->part_count; i++) {
        const struct key_part *part = &template->parts[i];
        switch (part->kind) {
        case KEY_PART_text:
            size += append(key + size, (struct slice){template->text + part->start, part->size});
            break;
        case KEY_PART_symbol:
            size += append(key + size, slice_of_text(symbol));
            break;
        case KEY_PART_interval:
            size += append(key + size, slice_of_text(interval));
            break;
        case KEY_PART_open_time:
            size += append_time(key + size, open_ms);
            break;
        }
    }
    key[size] = '\0';
    return size;
}
