/* What the exchange answers over REST: klines, and which symbols it has. Hostile input.
 *
 * Source of the shapes: github.com/binance/binance-spot-api-docs, rest-api.md. A row of klines is
 * [t,"o","h","l","c","v",T,"q",n,"V","Q","0"]. */
#ifndef CANDLED_PROTO_EXCHANGE_REST_H
#define CANDLED_PROTO_EXCHANGE_REST_H

#include "proto/kline.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stddef.h>
#include <stdint.h>

enum { EXCHANGE_REST_ERROR_MAX = 200, EXCHANGE_REST_STATUS_MAX = 32 };

struct exchange_rest_reader;

struct exchange_rest_reader *exchange_rest_reader_create(void);

void exchange_rest_reader_destroy(struct exchange_rest_reader **reader_p);

/* `text` is the row as the log gets it: the exchange's raw event, closed, E = T, without f and L.
 * Both are borrowed. */
typedef void exchange_rest_kline_fn(void *context, const struct kline *kline, struct slice text);

/* Rows in their order. A row that cannot be a kline is skipped and counted, and `error` says why:
 * one of them must not hide the others. STATUS_MALFORMED: it is no list of rows, `error` says why;
 * some may have been told before. */
MUST_CHECK enum status exchange_rest_read_klines(struct exchange_rest_reader *reader,
                                                 struct slice body, const char *symbol,
                                                 exchange_rest_kline_fn *tell, void *context,
                                                 size_t *out_bad_count,
                                                 char error[EXCHANGE_REST_ERROR_MAX]);

typedef void exchange_rest_symbol_fn(void *context, const char *symbol, const char *status);

/* exchangeInfo. *out_server_ms: the exchange's clock; INT64_MIN: it does not say. */
MUST_CHECK enum status exchange_rest_read_info(struct exchange_rest_reader *reader,
                                               struct slice body, exchange_rest_symbol_fn *tell,
                                               void *context, int64_t *out_server_ms,
                                               char error[EXCHANGE_REST_ERROR_MAX]);

/* {"code":-1121,"msg":"Invalid symbol."}; 0 and an empty text: it is no such thing. */
void exchange_rest_read_error(struct exchange_rest_reader *reader, struct slice body,
                              int64_t *out_code, char text[EXCHANGE_REST_ERROR_MAX]);

#endif
