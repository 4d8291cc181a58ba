#include "proto/kline_open.h"

#include "proto/interval.h"
#include "proto/kline.h"
#include "proto/scan.h"

/* Counts below 10^15: see proto/kline_check.c. */
static const int64_t count_limit = 1000000000000000;

/* A decimal with digits on both sides of its point, and none that goes without saying. */
struct number {
    const char *first;
    size_t integer_digits;
    size_t fraction_digits;
};

struct prices {
    struct number open, close, high, low;
};

/* What follows is found by a jump where it can be guessed (eight digits, or their end), so that the
 * machine need not wait for a count before it looks there. */
static ALWAYS_INLINE size_t scan_digits(struct scan *scan)
{
    const char *first = scan->next;
    while (scan->end - scan->next >= 8 && eight_are_digits(eight_load(scan->next))) {
        scan->next += 8;
    }
    if (scan->end - scan->next >= 8 && scan_is_digit(*scan->next)) {
        scan->next += eight_digits(eight_load(scan->next));
    }
    return (size_t)(scan->next - first);
}

/* Without its quotes. */
static ALWAYS_INLINE bool scan_number(struct scan *scan, struct number *number)
{
    number->first = scan->next;
    number->integer_digits = scan_digits(scan);
    if (!SCAN(scan, ".")) {
        return false;
    }
    number->fraction_digits = scan_digits(scan);
    return number->integer_digits - 1 < DECIMAL_INTEGER_DIGITS_MAX &&
           number->fraction_digits - 1 < DECIMAL_SCALE_MAX &&
           (*number->first != '0' || number->integer_digits == 1);
}

/* Texts of one size, with eight bytes behind them. */
static inline bool is_text_at_most(const char *a, const char *b, size_t size)
{
    for (; size > 8; a += 8, b += 8, size -= 8) {
        if (memcmp(a, b, 8) != 0) {
            return eight_order(eight_load(a)) < eight_order(eight_load(b));
        }
    }
    size_t unused_bits = 8 * (8 - size);
    return eight_order(eight_load(a)) >> unused_bits <= eight_order(eight_load(b)) >> unused_bits;
}

/* Of as many digits after the point. */
static inline bool is_at_most(const struct number *a, const struct number *b)
{
    if (a->integer_digits != b->integer_digits) {
        return a->integer_digits < b->integer_digits;
    }
    return is_text_at_most(a->first, b->first, a->integer_digits + 1 + a->fraction_digits);
}

static bool are_in_order(const struct prices *p)
{
    size_t digits = p->low.fraction_digits;
    return p->high.fraction_digits == digits && p->open.fraction_digits == digits &&
           p->close.fraction_digits == digits && is_at_most(&p->low, &p->open) &&
           is_at_most(&p->open, &p->high) && is_at_most(&p->low, &p->close) &&
           is_at_most(&p->close, &p->high);
}

/* Of a symbol, and one that JSON writes as it is. */
static ALWAYS_INLINE bool is_symbol_byte(char c)
{
    return scan_is_plain(c) && c != ' ' && c != ':' && c != 0x7f;
}

/* With its quotes, which `out_symbol` is without. */
static ALWAYS_INLINE bool scan_symbol(struct scan *scan, struct kline *kline,
                                      struct slice *out_symbol)
{
    size_t size = 0;
    if (!SCAN(scan, "\"")) {
        return false;
    }
    const char *text = scan->next;
    size_t room = (size_t)(scan->end - text);
    while (size < room && text[size] != '"') {
        if (size == SYMBOL_BYTES_MAX || !is_symbol_byte(text[size])) {
            return false;
        }
        kline->symbol[size] = text[size];
        size++;
    }
    kline->symbol[size] = '\0';
    kline->symbol_size = (uint8_t)size;
    *out_symbol = (struct slice){text, size};
    scan->next += size;
    return size > 0 && SCAN(scan, "\"");
}

/* Thirteen digits: any other time is for the decoder to judge. */
static ALWAYS_INLINE bool scan_time(struct scan *scan, int64_t *out_ms)
{
    enum { DIGITS = 8 + 5 };
    if (scan->end - scan->next < DIGITS) {
        return false;
    }
    uint64_t first = eight_load(scan->next);
    uint64_t last = eight_load(scan->next + DIGITS - 8);
    if (!eight_are_digits(first) || !eight_are_digits(last) || *scan->next == '0') {
        return false;
    }
    *out_ms = (int64_t)(eight_value(first) * 100000 + eight_value(last) % 100000);
    scan->next += DIGITS;
    return true;
}

static bool scan_times(struct scan *scan, struct kline *kline)
{
    int64_t open, last;

    if (!SCAN(scan, "{\"t\":") || !scan_time(scan, &open) || !SCAN(scan, ",\"T\":") ||
        !scan_time(scan, &last)) {
        return false;
    }
    kline->open_ms = open;
    return open % MINUTE_MS == 0 && last == open + MINUTE_MS - 1;
}

static bool scan_prices(struct scan *scan)
{
    struct prices prices;
    return SCAN(scan, ",\"o\":\"") && scan_number(scan, &prices.open) &&
           SCAN(scan, "\",\"c\":\"") && scan_number(scan, &prices.close) &&
           SCAN(scan, "\",\"h\":\"") && scan_number(scan, &prices.high) &&
           SCAN(scan, "\",\"l\":\"") && scan_number(scan, &prices.low) &&
           scan->end - scan->next >= 8 && are_in_order(&prices);
}

static bool scan_volumes(struct scan *scan)
{
    struct number unused;
    int64_t trades;
    return SCAN(scan, "\",\"v\":\"") && scan_number(scan, &unused) && SCAN(scan, "\",\"n\":") &&
           scan_integer(scan, &trades) && trades >= 0 && trades < count_limit &&
           SCAN(scan, ",\"x\":false,\"q\":\"") && scan_number(scan, &unused) &&
           SCAN(scan, "\",\"V\":\"") && scan_number(scan, &unused) && SCAN(scan, "\",\"Q\":\"") &&
           scan_number(scan, &unused);
}

static bool scan_kline(struct scan *scan, struct slice symbol, struct kline *kline)
{
    struct slice unused;
    int64_t id;
    return scan_times(scan, kline) && SCAN(scan, ",\"s\":\"") &&
           scan_text(scan, symbol.bytes, symbol.size) && SCAN(scan, "\",\"i\":\"1m\",\"f\":") &&
           scan_integer(scan, &id) && SCAN(scan, ",\"L\":") && scan_integer(scan, &id) &&
           scan_prices(scan) && scan_volumes(scan) && SCAN(scan, "\",\"B\":") &&
           scan_string(scan, &unused) && SCAN(scan, "}");
}

static bool scan_event(struct scan *scan, struct kline *kline)
{
    struct slice symbol;
    return SCAN(scan, "{\"e\":\"kline\",\"E\":") && scan_time(scan, &kline->event_ms) &&
           SCAN(scan, ",\"s\":") && scan_symbol(scan, kline, &symbol) && SCAN(scan, ",\"k\":") &&
           scan_kline(scan, symbol, kline) && SCAN(scan, "}");
}

bool kline_open_scan(struct slice value, struct kline *kline)
{
    struct scan scan = scan_begin(value);
    struct slice stream;

    kline->is_closed = false;
    if (!SCAN(&scan, "{\"stream\":")) {
        return scan_event(&scan, kline) && scan_is_end(&scan);
    }
    return scan_string(&scan, &stream) && SCAN(&scan, ",\"data\":") && scan_event(&scan, kline) &&
           SCAN(&scan, "}") && scan_is_end(&scan);
}
