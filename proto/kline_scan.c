#include "proto/kline_scan.h"

#include "proto/eight.h"
#include "runtime/base.h"

#include <string.h>

/* clang-format off */
#define KLINE_TABLE(X)                       \
    /* before             type     field */  \
    X("{\"t\":",          integer, t)        \
    X(",\"T\":",          integer, T)        \
    X(",\"s\":",          string,  s)        \
    X(",\"i\":",          string,  i)        \
    X(",\"f\":",          integer, f)        \
    X(",\"L\":",          integer, L)        \
    X(",\"o\":",          string,  o)        \
    X(",\"c\":",          string,  c)        \
    X(",\"h\":",          string,  h)        \
    X(",\"l\":",          string,  l)        \
    X(",\"v\":",          string,  v)        \
    X(",\"n\":",          integer, n)        \
    X(",\"x\":",          boolean, x)        \
    X(",\"q\":",          string,  q)        \
    X(",\"V\":",          string,  V)        \
    X(",\"Q\":",          string,  Q)
/* clang-format on */

enum { DIGITS_MAX = 18 }; /* all such numbers fit 63 bits */

struct cursor {
    const char *next;
    const char *end;
};

#define TAKE(cursor, text) take_text(cursor, text, sizeof(text) - 1)

static ALWAYS_INLINE bool take_text(struct cursor *cursor, const char *text, size_t size)
{
    if ((size_t)(cursor->end - cursor->next) < size || memcmp(cursor->next, text, size) != 0) {
        return false;
    }
    cursor->next += size;
    return true;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* As JSON has them: no zero before other digits, and no negative zero. */
static ALWAYS_INLINE bool take_integer(struct cursor *cursor, struct value *out_value)
{
    bool is_negative = TAKE(cursor, "-");
    const char *first = cursor->next;
    uint64_t number = 0; /* of at most 19 digits: it does not wrap */

    while (cursor->next < cursor->end && is_digit(*cursor->next) &&
           cursor->next - first <= DIGITS_MAX) {
        number = number * 10 + (uint64_t)(*cursor->next++ - '0');
    }
    size_t count = (size_t)(cursor->next - first);
    if (count == 0 || count > DIGITS_MAX || (*first == '0' && (count > 1 || is_negative))) {
        return false;
    }
    int64_t integer = (int64_t)number;
    *out_value = (struct value){.kind = VALUE_integer, .integer = is_negative ? -integer : integer};
    return true;
}

/* Stands for itself inside a string: no quote, no backslash, no control, nothing beyond ASCII. */
static inline bool is_plain(char c)
{
    return c >= ' ' && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

static ALWAYS_INLINE bool take_string(struct cursor *cursor, struct value *out_value)
{
    if (!TAKE(cursor, "\"")) {
        return false;
    }
    const char *first = cursor->next;
    while (cursor->end - cursor->next >= 8 && eight_are_plain(eight_load(cursor->next))) {
        cursor->next += 8;
    }
    while (cursor->next < cursor->end && is_plain(*cursor->next)) {
        cursor->next++;
    }
    struct slice string = {first, (size_t)(cursor->next - first)};
    *out_value = (struct value){.kind = VALUE_string, .string = string};
    return TAKE(cursor, "\"");
}

static ALWAYS_INLINE bool take_boolean(struct cursor *cursor, struct value *out_value)
{
    bool is_true = TAKE(cursor, "true");
    *out_value = (struct value){.kind = VALUE_boolean, .boolean = is_true};
    return is_true || TAKE(cursor, "false");
}

static bool take_kline(struct cursor *cursor, struct kline_fields *fields)
{
    struct value unused;
#define X(before, type, field)                                                                     \
    if (!TAKE(cursor, before) || !take_##type(cursor, &fields->values[KLINE_FIELD_##field])) {     \
        return false;                                                                              \
    }
    KLINE_TABLE(X)
#undef X
    return TAKE(cursor, ",\"B\":") && take_string(cursor, &unused) && TAKE(cursor, "}");
}

/* The symbol stands in the event and in the kline: it must be the same. */
static bool take_event(struct cursor *cursor, struct kline_fields *fields)
{
    struct value symbol;
    const struct value *inner = &fields->values[KLINE_FIELD_s];

    return TAKE(cursor, "{\"e\":\"kline\",\"E\":") &&
           take_integer(cursor, &fields->values[KLINE_FIELD_E]) && TAKE(cursor, ",\"s\":") &&
           take_string(cursor, &symbol) && TAKE(cursor, ",\"k\":") && take_kline(cursor, fields) &&
           slice_equals(symbol.string, inner->string) && TAKE(cursor, "}");
}

bool kline_scan(struct slice text, struct kline_fields *fields)
{
    struct cursor cursor = {text.bytes, (const char *)text.bytes + text.size};
    struct value stream;

    fields->prefix = "k.";
    fields->has_event_time = true;
    fields->has_twice = false;
    if (!TAKE(&cursor, "{\"stream\":")) {
        return take_event(&cursor, fields) && cursor.next == cursor.end;
    }
    return take_string(&cursor, &stream) && TAKE(&cursor, ",\"data\":") &&
           take_event(&cursor, fields) && TAKE(&cursor, "}") && cursor.next == cursor.end;
}
