/* A row of the exchange's archive: 12 columns, times in ms or us.
 *
 * open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,
 * taker_buy_quote_volume,ignore. Source: github.com/binance/binance-public-data, README. */
#ifndef CANDLED_OPS_KLINE_CSV_H
#define CANDLED_OPS_KLINE_CSV_H

#include "proto/kline.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>

/* True for the first line of a file that names its columns. */
bool kline_csv_is_header(struct slice line);

/* A closed kline without trade ids, its event time the minute's last millisecond; the symbol is
 * left alone. STATUS_MALFORMED: `error` says which column, what it held, what was expected. */
MUST_CHECK enum status kline_csv_parse(struct slice line, struct kline *out_kline,
                                       char error[KLINE_ERROR_MAX]);

/* "BTCUSDT-1m-2026-02.csv.zst" and "dir/BTCUSDT_1m.csv" -> "BTCUSDT". False: the name has no such
 * beginning. */
bool kline_csv_symbol_of(const char *path, char symbol[SYMBOL_BYTES_MAX + 1]);

#endif
