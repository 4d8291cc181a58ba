#include "proto/series.h"

#include "proto/msgpack_reader.h"
#include "proto/msgpack_writer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ELEMENTS_A_VALUE = 4 };

#define ONE INT64_C(100000000000000) /* 10^SERIES_SCALE */

_Static_assert(SERIES_SCALE == 14, "ONE has another scale");

static const struct {
    const char *name;
    int windows;
} kinds[] = {
#define X(name, windows) [SERIES_##name] = {#name, windows},
    SERIES_KINDS(X)
#undef X
};

/* "(20)" -> 20. */
static enum status parse_length(const char *at, const char *end, uint8_t *out_length)
{
    int length = 0;
    if (end - at < 3 || *at != '(' || end[-1] != ')' || at[1] == '0') {
        return STATUS_MALFORMED;
    }
    for (at++; at < end - 1; at++) {
        if (!isdigit((unsigned char)*at)) {
            return STATUS_MALFORMED;
        }
        length = length > SERIES_LENGTH_MAX ? length : length * 10 + (*at - '0');
    }
    if (length < SERIES_LENGTH_MIN || length > SERIES_LENGTH_MAX) {
        return STATUS_RANGE;
    }
    *out_length = (uint8_t)length;
    return STATUS_OK;
}

enum status series_parse(struct slice text, struct series *out_series)
{
    const char *bytes = text.bytes;
    for (uint8_t kind = 0; kind < SERIES_KIND_COUNT; kind++) {
        size_t size = strlen(kinds[kind].name);
        struct series series = {.kind = kind};
        if (text.size < size || memcmp(bytes, kinds[kind].name, size) != 0) {
            continue;
        }
        enum status status = STATUS_OK;
        if (kinds[kind].windows > 0) {
            status = parse_length(bytes + size, bytes + text.size, &series.length);
        } else if (text.size != size) {
            status = STATUS_MALFORMED;
        }
        if (status == STATUS_OK) {
            *out_series = series;
        }
        return status;
    }
    return STATUS_MALFORMED;
}

void series_print(struct series series, char text[SERIES_TEXT_MAX])
{
    if (series.length == 0) {
        snprintf(text, SERIES_TEXT_MAX, "%s", kinds[series.kind].name);
    } else {
        snprintf(text, SERIES_TEXT_MAX, "%s(%d)", kinds[series.kind].name, series.length);
    }
}

void series_name(struct series series, char text[SERIES_TEXT_MAX])
{
    if (series.length == 0) {
        snprintf(text, SERIES_TEXT_MAX, "%s", kinds[series.kind].name);
    } else {
        snprintf(text, SERIES_TEXT_MAX, "%s%d", kinds[series.kind].name, series.length);
    }
}

int64_t series_windows(struct series series)
{
    int64_t windows = (int64_t)kinds[series.kind].windows * series.length;
    return windows > 1 ? windows : 1;
}

int64_t series_set_windows(const struct series_set *set)
{
    int64_t most = 1;
    for (size_t i = 0; i < set->count; i++) {
        int64_t windows = series_windows(set->items[i]);
        most = windows > most ? windows : most;
    }
    return most;
}

bool series_set_has(const struct series_set *set, struct series series)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].kind == series.kind && set->items[i].length == series.length) {
            return true;
        }
    }
    return false;
}

struct decimal series_value(const struct derived *derived, size_t index)
{
    struct decimal value = {.coefficient = derived->values[index], .scale = SERIES_SCALE};
    while (value.scale > 0 && value.coefficient % 10 == 0) {
        value.coefficient /= 10;
        value.scale--;
    }
    return value;
}

bool series_same(const struct derived *a, const struct derived *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->series[i].kind != b->series[i].kind || a->series[i].length != b->series[i].length ||
            a->is_known[i] != b->is_known[i] || a->values[i] != b->values[i]) {
            return false;
        }
    }
    return true;
}

size_t series_element_count(const struct derived *derived)
{
    return 1 + (size_t)derived->count * ELEMENTS_A_VALUE;
}

/* A value is two integers: before the point and after it. */
void series_encode(const struct derived *derived, struct msgpack_writer *writer)
{
    msgpack_writer_put_integer(writer, derived->count);
    for (size_t i = 0; i < derived->count; i++) {
        msgpack_writer_put_integer(writer, derived->series[i].kind);
        msgpack_writer_put_integer(writer, derived->series[i].length);
        if (derived->is_known[i]) {
            msgpack_writer_put_integer(writer, (int64_t)(derived->values[i] / ONE));
        } else {
            msgpack_writer_put_null(writer);
        }
        msgpack_writer_put_integer(writer, (int64_t)(derived->values[i] % ONE));
    }
}

static bool read_within(struct msgpack_reader *reader, int64_t least, int64_t most,
                        int64_t *out_integer)
{
    struct value value;
    if (msgpack_reader_next(reader, &value) != STATUS_OK || value.kind != VALUE_integer ||
        value.integer < least || value.integer > most) {
        return false;
    }
    *out_integer = value.integer;
    return true;
}

static bool is_series(int64_t kind, int64_t length)
{
    return kinds[kind].windows == 0 ? length == 0 : length >= SERIES_LENGTH_MIN;
}

static bool read_value(struct msgpack_reader *reader, struct derived *derived, size_t index)
{
    struct value whole;
    int64_t kind;
    int64_t length;
    int64_t fraction;
    if (!read_within(reader, 0, SERIES_KIND_COUNT - 1, &kind) ||
        !read_within(reader, 0, SERIES_LENGTH_MAX, &length) || !is_series(kind, length) ||
        msgpack_reader_next(reader, &whole) != STATUS_OK ||
        !read_within(reader, 0, ONE - 1, &fraction)) {
        return false;
    }
    derived->series[index] = (struct series){(uint8_t)kind, (uint8_t)length};
    if (whole.kind == VALUE_null) {
        return fraction == 0;
    }
    derived->is_known[index] = true;
    if (whole.kind != VALUE_integer || whole.integer < 0 || whole.integer >= 100 * ONE) {
        return false;
    }
    derived->values[index] = (int128)whole.integer * ONE + fraction;
    return true;
}

bool series_decode(struct msgpack_reader *reader, struct derived *out_derived)
{
    struct derived derived = {.count = 0};
    int64_t count;
    if (!read_within(reader, 0, SERIES_MAX, &count)) {
        return false;
    }
    for (; derived.count < count; derived.count++) {
        if (!read_value(reader, &derived, derived.count)) {
            return false;
        }
    }
    *out_derived = derived;
    return true;
}
