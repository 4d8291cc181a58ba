#include "proto/kline_scan.h"

#include "proto/scan.h"

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

#define X(type)                                                                                    \
    static ALWAYS_INLINE bool take_##type(struct scan *scan, struct value *out_value)              \
    {                                                                                              \
        *out_value = (struct value){.kind = VALUE_##type};                                         \
        return scan_##type(scan, &out_value->type);                                                \
    }
X(integer)
X(string)
X(boolean)
#undef X

static bool take_kline(struct scan *scan, struct kline_fields *fields)
{
    struct value unused;
#define X(before, type, field)                                                                     \
    if (!SCAN(scan, before) || !take_##type(scan, &fields->values[KLINE_FIELD_##field])) {         \
        return false;                                                                              \
    }
    KLINE_TABLE(X)
#undef X
    return SCAN(scan, ",\"B\":") && take_string(scan, &unused) && SCAN(scan, "}");
}

/* The symbol stands in the event and in the kline: it must be the same. */
static bool take_event(struct scan *scan, struct kline_fields *fields)
{
    struct value symbol;
    const struct value *inner = &fields->values[KLINE_FIELD_s];

    return SCAN(scan, "{\"e\":\"kline\",\"E\":") &&
           take_integer(scan, &fields->values[KLINE_FIELD_E]) && SCAN(scan, ",\"s\":") &&
           take_string(scan, &symbol) && SCAN(scan, ",\"k\":") && take_kline(scan, fields) &&
           slice_equals(symbol.string, inner->string) && SCAN(scan, "}");
}

bool kline_scan(struct slice text, struct kline_fields *fields)
{
    struct scan scan = scan_begin(text);
    struct value stream;

    fields->prefix = "k.";
    fields->has_event_time = true;
    fields->has_twice = false;
    if (!SCAN(&scan, "{\"stream\":")) {
        return take_event(&scan, fields) && scan_is_end(&scan);
    }
    return take_string(&scan, &stream) && SCAN(&scan, ",\"data\":") && take_event(&scan, fields) &&
           SCAN(&scan, "}") && scan_is_end(&scan);
}
