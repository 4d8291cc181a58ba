#include "ops/text.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void reserve(struct text *text, size_t size)
{
    size_t needed = text->size + size + 1;
    if (needed <= text->capacity) {
        return;
    }
    text->capacity = needed < 64 ? 64 : needed + needed / 2;
    text->bytes = mem_resize(text->bytes, text->capacity, 1);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    reserve(text, (size_t)size);
    va_start(arguments, format);
    (void)vsnprintf(text->bytes + text->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)size;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    if (size == 0) {
        return;
    }
    reserve(text, size);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add_json(struct text *text, const char *value)
{
    text_add(text, "\"");
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            text_add(text, "\\%c", *c);
        } else if (*c == '\n') {
            text_add(text, "\\n");
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            text_add(text, "\\u%04x", (unsigned)*c);
        } else {
            text_add_bytes(text, c, 1);
        }
    }
    text_add(text, "\"");
}

const char *text_get(const struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}

void text_deinit(struct text *text)
{
    mem_free(text->bytes);
    *text = (struct text){0};
}

char *text_copy(const char *value)
{
    size_t size = strlen(value) + 1;
    char *copy = mem_new(size, 1);
    memcpy(copy, value, size);
    return copy;
}

size_t text_split(char *copy, const char **parts, size_t parts_max)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *at = strtok_r(copy, ",", &rest); at != NULL && count < parts_max;
         at = strtok_r(NULL, ",", &rest)) {
        parts[count++] = at;
    }
    return count;
}
