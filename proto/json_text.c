#include "proto/json_text.h"

#include <assert.h>

enum { INTEGER_TEXT_MAX = 20 };

static void put_bytes(struct json_text *text, const char *bytes, size_t size)
{
    assert(size < (size_t)(text->end - text->next)); /* a zero comes at the end */
    memcpy(text->next, bytes, size);
    text->next += size;
}

void json_text_init(struct json_text *text, char *buffer, size_t size_max)
{
    *text = (struct json_text){.start = buffer, .next = buffer, .end = buffer + size_max};
}

void json_text_put(struct json_text *text, const char *raw)
{
    put_bytes(text, raw, strlen(raw));
}

static void put_escaped(struct json_text *text, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;

    if (c == '"' || c == '\\') {
        put_bytes(text, (char[]){'\\', c}, 2);
    } else if (byte < 0x20) {
        put_bytes(text, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
    } else {
        put_bytes(text, &c, 1);
    }
}

void json_text_put_string(struct json_text *text, struct slice string)
{
    const char *bytes = string.bytes;
    put_bytes(text, "\"", 1);
    for (size_t i = 0; i < string.size; i++) {
        put_escaped(text, bytes[i]);
    }
    put_bytes(text, "\"", 1);
}

void json_text_put_integer(struct json_text *text, int64_t integer)
{
    char digits[INTEGER_TEXT_MAX];
    char *end = digits + sizeof(digits);
    char *start = end;
    uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;

    do {
        *--start = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (integer < 0) {
        *--start = '-';
    }
    put_bytes(text, start, (size_t)(end - start));
}

void json_text_put_decimal(struct json_text *text, struct decimal decimal)
{
    char digits[DECIMAL_TEXT_MAX];
    size_t size = decimal_print(decimal, digits);
    put_bytes(text, digits, size);
}

size_t json_text_finish(struct json_text *text)
{
    *text->next = '\0';
    return (size_t)(text->next - text->start);
}
