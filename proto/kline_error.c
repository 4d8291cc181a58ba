#include "proto/kline_error.h"

#include <inttypes.h>
#include <stdio.h>

enum { SHOWN_MAX = 60 };

static bool is_shown_as_is(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static size_t show_byte(unsigned char byte, char *shown)
{
    static const char digits[] = "0123456789abcdef";
    if (is_shown_as_is(byte)) {
        shown[0] = (char)byte;
        return 1;
    }
    memcpy(shown, (char[]){'\\', 'x', digits[byte >> 4], digits[byte & 15]}, 4);
    return 4;
}

static void show_string(struct slice string, char shown[SHOWN_MAX])
{
    const unsigned char *bytes = string.bytes;
    size_t room = SHOWN_MAX - sizeof("\\x00\"...");
    size_t size = 0;
    size_t i = 0;

    shown[size++] = '"';
    for (; i < string.size && size <= room; i++) {
        size += show_byte(bytes[i], shown + size);
    }
    snprintf(shown + size, SHOWN_MAX - size, "\"%s", i < string.size ? "..." : "");
}

static void show(const struct value *value, char shown[SHOWN_MAX])
{
    switch (value->kind) {
    case VALUE_integer:
        snprintf(shown, SHOWN_MAX, "%" PRId64, value->integer);
        break;
    case VALUE_boolean:
        snprintf(shown, SHOWN_MAX, "%s", value->boolean ? "true" : "false");
        break;
    case VALUE_string:
        show_string(value->string, shown);
        break;
    default:
        snprintf(shown, SHOWN_MAX, "%s", value_kind_text(value->kind));
        break;
    }
}

enum reason kline_error_set(char error[KLINE_ERROR_MAX], enum reason reason, const char *prefix,
                            const char *name, const struct value *value, const char *what)
{
    char shown[SHOWN_MAX];
    if (value == NULL) {
        snprintf(error, KLINE_ERROR_MAX, "%s%s %s", prefix, name, what);
    } else {
        show(value, shown);
        snprintf(error, KLINE_ERROR_MAX, "%s%s: %s %s", prefix, name, shown, what);
    }
    return reason;
}
