/* The pieces of JSON that the fast paths for the exchange's own event read: without a space, an
 * escape, or anything else that is unusual. False: it is not there, and the place is lost. */
#ifndef CANDLED_PROTO_SCAN_H
#define CANDLED_PROTO_SCAN_H

#include "proto/eight.h"
#include "runtime/base.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SCAN_DIGITS_MAX = 18 }; /* all such numbers fit 63 bits */

struct scan {
    const char *next;
    const char *end;
};

static inline struct scan scan_begin(struct slice text)
{
    return (struct scan){text.bytes, (const char *)text.bytes + text.size};
}

static ALWAYS_INLINE bool scan_is_same_8(const char *a, const char *b)
{
    return eight_load(a) == eight_load(b);
}

static ALWAYS_INLINE bool scan_is_same_4(const char *a, const char *b)
{
    uint32_t words[2];
    memcpy(&words[0], a, sizeof(words[0]));
    memcpy(&words[1], b, sizeof(words[1]));
    return words[0] == words[1];
}

/* memcmp() == 0 in a few words that overlap: compilers call the library for most sizes. */
static ALWAYS_INLINE bool scan_is_same(const char *a, const char *b, size_t size)
{
    if (size > 24) {
        return memcmp(a, b, size) == 0;
    }
    if (size >= 8) {
        return scan_is_same_8(a, b) && (size <= 16 || scan_is_same_8(a + 8, b + 8)) &&
               scan_is_same_8(a + size - 8, b + size - 8);
    }
    if (size >= 4) {
        return scan_is_same_4(a, b) && scan_is_same_4(a + size - 4, b + size - 4);
    }
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

#define SCAN(scan, text) scan_text(scan, text, sizeof(text) - 1)

static ALWAYS_INLINE bool scan_text(struct scan *scan, const char *text, size_t size)
{
    if ((size_t)(scan->end - scan->next) < size || !scan_is_same(scan->next, text, size)) {
        return false;
    }
    scan->next += size;
    return true;
}

static inline bool scan_is_end(const struct scan *scan)
{
    return scan->next == scan->end;
}

static inline bool scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* As JSON has them: no zero before other digits, and no negative zero. */
static ALWAYS_INLINE bool scan_integer(struct scan *scan, int64_t *out_integer)
{
    bool is_negative = SCAN(scan, "-");
    const char *first = scan->next;
    uint64_t number = 0; /* of at most 19 digits: it does not wrap */

    if (scan->end - first >= 8 && eight_are_digits(eight_load(first))) {
        number = eight_value(eight_load(first));
        scan->next += 8;
    }
    while (scan->next < scan->end && scan_is_digit(*scan->next) &&
           scan->next - first <= SCAN_DIGITS_MAX) {
        number = number * 10 + (uint64_t)(*scan->next++ - '0');
    }
    size_t count = (size_t)(scan->next - first);
    if (count == 0 || count > SCAN_DIGITS_MAX || (*first == '0' && (count > 1 || is_negative))) {
        return false;
    }
    *out_integer = is_negative ? -(int64_t)number : (int64_t)number;
    return true;
}

/* Stands for itself inside a string: no quote, no backslash, no control, nothing beyond ASCII. */
static inline bool scan_is_plain(char c)
{
    return c >= ' ' && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

static ALWAYS_INLINE bool scan_string(struct scan *scan, struct slice *out_string)
{
    if (!SCAN(scan, "\"")) {
        return false;
    }
    const char *first = scan->next;
    while (scan->end - scan->next >= 8 && eight_are_plain(eight_load(scan->next))) {
        scan->next += 8;
    }
    while (scan->next < scan->end && scan_is_plain(*scan->next)) {
        scan->next++;
    }
    *out_string = (struct slice){first, (size_t)(scan->next - first)};
    return SCAN(scan, "\"");
}

static ALWAYS_INLINE bool scan_boolean(struct scan *scan, bool *out_boolean)
{
    *out_boolean = SCAN(scan, "true");
    return *out_boolean || SCAN(scan, "false");
}

#endif
