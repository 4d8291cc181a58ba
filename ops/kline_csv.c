#include "ops/kline_csv.h"

#include "proto/interval.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MIN = 11, COLUMNS_MAX = 12, DIGITS_MAX = 18 };

/* Times past this are microseconds: in milliseconds it would be the year 5138. */
static const int64_t micros_from = 100000000000000;

/* clang-format off */
#define CSV_COLUMNS(X)                         \
    /* name                        kind     */ \
    X(open_time,                   integer)    \
    X(open,                        decimal)    \
    X(high,                        decimal)    \
    X(low,                         decimal)    \
    X(close,                       decimal)    \
    X(volume,                      decimal)    \
    X(close_time,                  integer)    \
    X(quote_volume,                decimal)    \
    X(trades,                      integer)    \
    X(taker_buy_volume,            decimal)    \
    X(taker_buy_quote_volume,      decimal)
/* clang-format on */

struct row {
#define X(name, kind) kind name;
#define integer int64_t
#define decimal struct decimal
    CSV_COLUMNS(X)
#undef decimal
#undef integer
#undef X
};

static bool parse_integer(struct slice text, int64_t *out)
{
    const char *digits = text.bytes;
    int64_t number = 0;
    if (text.size == 0 || text.size > DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (!isdigit((unsigned char)digits[i])) {
            return false;
        }
        number = number * 10 + (digits[i] - '0');
    }
    *out = number;
    return true;
}

static bool parse_decimal(struct slice text, struct decimal *out)
{
    return decimal_parse(text, out) == STATUS_OK;
}

static enum status refuse(char error[KLINE_ERROR_MAX], const char *name, struct slice found,
                          const char *expected)
{
    snprintf(error, KLINE_ERROR_MAX, "%s: found '%.*s', expected %s", name,
             (int)(found.size < 40 ? found.size : 40), (const char *)found.bytes, expected);
    return STATUS_MALFORMED;
}

static size_t split(struct slice line, struct slice columns[COLUMNS_MAX + 1])
{
    size_t count = 0;
    const char *at = line.bytes;
    const char *end = at + line.size;
    while (count <= COLUMNS_MAX) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        columns[count] = (struct slice){at, (size_t)((comma == NULL ? end : comma) - at)};
        count++;
        if (comma == NULL) {
            break;
        }
        at = comma + 1;
    }
    return count;
}

static enum status parse_row(struct slice line, struct row *row, char error[KLINE_ERROR_MAX])
{
    struct slice columns[COLUMNS_MAX + 1];
    size_t count = split(line, columns);
    size_t i = 0;
    if (count < COLUMNS_MIN || count > COLUMNS_MAX) {
        snprintf(error, KLINE_ERROR_MAX, "found %zu columns, expected 12", count);
        return STATUS_MALFORMED;
    }
#define X(name, kind)                                                                              \
    if (!parse_##kind(columns[i], &row->name)) {                                                   \
        return refuse(error, #name, columns[i], "a number of this kind: " #kind);                  \
    }                                                                                              \
    i++;
    CSV_COLUMNS(X)
#undef X
    return STATUS_OK;
}

bool kline_csv_is_header(struct slice line)
{
    const unsigned char *first = line.bytes;
    return line.size > 0 && (isalpha(first[0]) || first[0] == '"' || first[0] == 0xef);
}

enum status kline_csv_parse(struct slice line, struct kline *out_kline, char error[KLINE_ERROR_MAX])
{
    struct row row;
    enum status status = parse_row(line, &row, error);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_micros = row.open_time >= micros_from;
    int64_t open_ms = is_micros ? row.open_time / 1000 : row.open_time;
    int64_t close_ms = is_micros ? row.close_time / 1000 : row.close_time;
    if (open_ms % MINUTE_MS != 0 || (is_micros && row.open_time % 1000 != 0)) {
        snprintf(error, KLINE_ERROR_MAX, "open_time: %lld is not on a minute",
                 (long long)row.open_time);
        return STATUS_MALFORMED;
    }
    if (close_ms != open_ms + MINUTE_MS - 1) {
        snprintf(error, KLINE_ERROR_MAX, "close_time: %lld is not the end of the minute %lld",
                 (long long)row.close_time, (long long)row.open_time);
        return STATUS_MALFORMED;
    }
    out_kline->is_closed = true;
    out_kline->trade_ids = TRADE_IDS_unknown;
    out_kline->open_ms = open_ms;
    out_kline->event_ms = close_ms;
    out_kline->open = row.open;
    out_kline->high = row.high;
    out_kline->low = row.low;
    out_kline->close = row.close;
    out_kline->volume = row.volume;
    out_kline->quote_volume = row.quote_volume;
    out_kline->trades = row.trades;
    out_kline->taker_buy_volume = row.taker_buy_volume;
    out_kline->taker_buy_quote_volume = row.taker_buy_quote_volume;
    return STATUS_OK;
}

bool kline_csv_symbol_of(const char *path, char symbol[SYMBOL_BYTES_MAX + 1])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t size = strcspn(name, "-_.");
    if (size == 0 || size > SYMBOL_BYTES_MAX || (name[size] != '-' && name[size] != '_') ||
        strncmp(name + size + 1, "1m", 2) != 0) {
        return false;
    }
    memcpy(symbol, name, size);
    symbol[size] = '\0';
    return true;
}
