#include "ops/dlq_text.h"

#include "proto/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>

enum { DUMP_WIDTH = 16, UTF8_SIZE_MAX = 4, FIRST_C1 = 0x80, LAST_C1 = 0x9f };

/* The size of the UTF-8 character that begins here; 0: none does. */
static size_t character_size(const unsigned char *bytes, size_t size)
{
    for (size_t i = 1; i <= UTF8_SIZE_MAX && i <= size; i++) {
        if (utf8_is_valid((struct slice){bytes, i})) {
            return i;
        }
    }
    return 0;
}

static bool is_control(const unsigned char *bytes, size_t size)
{
    bool is_c1 = size == 2 && bytes[0] == 0xc2 && bytes[1] >= FIRST_C1 && bytes[1] <= LAST_C1;
    return is_c1 || (size == 1 && (bytes[0] < 0x20 || bytes[0] == 0x7f));
}

/* Calls for each character, with a size of 0 for a byte that must not be printed as it is. */
static void each(struct text *out, struct slice bytes,
                 void (*put)(struct text *out, const unsigned char *at, size_t size))
{
    const unsigned char *at = bytes.bytes;
    for (size_t i = 0; i < bytes.size;) {
        size_t size = character_size(at + i, bytes.size - i);
        size = is_control(at + i, size) ? 0 : size;
        put(out, at + i, size);
        i += size == 0 ? 1 : size;
    }
}

static void put_plain(struct text *out, const unsigned char *at, size_t size)
{
    if (size == 0) {
        text_add(out, "\\x%02x", *at);
    } else {
        text_add_bytes(out, at, size);
    }
}

void dlq_text_plain(struct text *out, struct slice bytes)
{
    each(out, bytes, put_plain);
}

static void put_json(struct text *out, const unsigned char *at, size_t size)
{
    if (size == 0 && (*at < 0x20 || *at == 0x7f)) {
        text_add(out, "\\u%04x", *at);
    } else if (size == 0) {
        text_add(out, "\\\\x%02x", *at);
    } else if (*at == '"' || *at == '\\') {
        text_add(out, "\\%c", *at);
    } else {
        text_add_bytes(out, at, size);
    }
}

void dlq_text_json(struct text *out, struct slice bytes)
{
    text_add(out, "\"");
    each(out, bytes, put_json);
    text_add(out, "\"");
}

static void new_line(struct text *out, unsigned depth)
{
    text_add(out, "\n%*s", (int)(depth * 2), "");
}

/* From the quotation mark to the one that closes: how many bytes. */
static size_t string_size(const char *at, size_t size)
{
    size_t i = 1;
    while (i < size && at[i] != '"') {
        i += at[i] == '\\' ? 2 : 1;
    }
    return i + 1 < size ? i + 1 : size;
}

static bool is_empty_container(const char *at, size_t size)
{
    size_t i = 1;
    while (i < size && isspace((unsigned char)at[i])) {
        i++;
    }
    return i < size && (at[i] == '}' || at[i] == ']');
}

/* One token; returns its size. */
static size_t put_token(struct text *out, const char *at, size_t size, unsigned *depth)
{
    switch (*at) {
    case '"': {
        size_t string = string_size(at, size);
        text_add_bytes(out, at, string);
        return string;
    }
    case '{':
    case '[':
        text_add_bytes(out, at, 1);
        if (is_empty_container(at, size)) {
            const char *end = at + 1;
            while (isspace((unsigned char)*end)) {
                end++;
            }
            text_add_bytes(out, end, 1);
            return (size_t)(end - at) + 1;
        }
        (*depth)++;
        new_line(out, *depth);
        return 1;
    case '}':
    case ']':
        (*depth)--;
        new_line(out, *depth);
        break;
    case ',':
        text_add_bytes(out, at, 1);
        new_line(out, *depth);
        return 1;
    case ':':
        text_add(out, ": ");
        return 1;
    default:
        break;
    }
    text_add_bytes(out, at, 1);
    return 1;
}

void dlq_text_indent(struct text *out, struct slice json)
{
    const char *at = json.bytes;
    unsigned depth = 0;
    for (size_t i = 0; i < json.size;) {
        i += isspace((unsigned char)at[i]) ? 1 : put_token(out, at + i, json.size - i, &depth);
    }
    text_add(out, "\n");
}

void dlq_text_dump(struct text *out, struct slice bytes)
{
    const unsigned char *at = bytes.bytes;
    for (size_t line = 0; line < bytes.size; line += DUMP_WIDTH) {
        size_t count = bytes.size - line < DUMP_WIDTH ? bytes.size - line : DUMP_WIDTH;
        text_add(out, "%08zx ", line);
        for (size_t i = 0; i < DUMP_WIDTH; i++) {
            if (i < count) {
                text_add(out, "%s%02x", i == DUMP_WIDTH / 2 ? "  " : " ", at[line + i]);
            } else {
                text_add(out, "%s", i == DUMP_WIDTH / 2 ? "    " : "   ");
            }
        }
        text_add(out, "  |");
        for (size_t i = 0; i < count; i++) {
            unsigned char byte = at[line + i];
            text_add(out, "%c", byte >= 0x20 && byte < 0x7f ? byte : '.');
        }
        text_add(out, "|\n");
    }
}
