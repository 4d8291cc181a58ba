#include "ops/json_frame.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The index after the string that begins at `start`. */
static size_t skip_string(const char *text, size_t size, size_t start)
{
    size_t i = start + 1;
    while (i < size && text[i] != '"') {
        i += text[i] == '\\' ? 2 : 1;
    }
    return i < size ? i + 1 : size;
}

/* The index after the value that begins at `start`: where its level ends or the next member begins.
 */
static size_t skip_value(const char *text, size_t size, size_t start)
{
    size_t depth = 0;
    size_t i = start;
    while (i < size) {
        char c = text[i];
        if (c == '"') {
            i = skip_string(text, size, i);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            return i;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        i++;
    }
    return size;
}

static size_t skip_blanks(const char *text, size_t size, size_t i)
{
    while (i < size && is_blank(text[i])) {
        i++;
    }
    return i;
}

bool json_frame_find(struct slice line, struct slice *out_frame)
{
    static const char name[] = "\"frame\"";
    const char *text = line.bytes;
    size_t i = skip_blanks(text, line.size, 0);

    if (i == line.size || text[i] != '{') {
        return false;
    }
    while (i < line.size && (text[i] == '{' || text[i] == ',')) {
        size_t key = skip_blanks(text, line.size, i + 1);
        if (key == line.size || text[key] != '"') {
            return false;
        }
        size_t key_end = skip_string(text, line.size, key);
        size_t value = skip_blanks(text, line.size, key_end);
        if (value == line.size || text[value] != ':') {
            return false;
        }
        value = skip_blanks(text, line.size, value + 1);
        i = skip_value(text, line.size, value);
        if (key_end - key == strlen(name) && memcmp(text + key, name, strlen(name)) == 0) {
            *out_frame = (struct slice){text + value, i - value};
            return i < line.size;
        }
    }
    return false;
}
