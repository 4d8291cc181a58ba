/* What the exchange says on its market-data WebSocket: klines, answers to our requests in both
 * forms of error, and its wish that we go elsewhere. Raw and combined streams alike.
 *
 * Source of the shapes: github.com/binance/binance-spot-api-docs, web-socket-streams.md; the form
 * of error with `error` and `id` is observed, not documented. */
#ifndef CANDLED_PROTO_EXCHANGE_FRAME_H
#define CANDLED_PROTO_EXCHANGE_FRAME_H

#include "proto/kline.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define EXCHANGE_FRAME_TABLE(X)                                                      \
    /* name      what it is                                                       */ \
    X(kline,     "a kline of one minute, whole and valid")                           \
    X(result,    "the answer to a request, which was granted")                       \
    X(error,     "the answer to a request, which was refused; it may name none")     \
    X(shutdown,  "this connection ends soon")                                        \
    X(other,     "JSON that means nothing to us")                                    \
    X(bad,       "not JSON, or a kline that cannot be")
/* clang-format on */

enum exchange_frame_kind {
#define X(name, what) EXCHANGE_FRAME_##name,
    EXCHANGE_FRAME_TABLE(X)
#undef X
};

enum { EXCHANGE_FRAME_TEXT_MAX = 200 };

struct exchange_frame {
    enum exchange_frame_kind kind;
    struct kline kline; /* of a kline */
    bool has_id;        /* of a result, and of an error that says so */
    int64_t id;
    int64_t code;                       /* of an error */
    char text[EXCHANGE_FRAME_TEXT_MAX]; /* of an error its own words, of a bad frame why */
};

/* Memory that decoding reuses from frame to frame. */
struct exchange_frame_decoder;

struct exchange_frame_decoder *exchange_frame_decoder_create(void);

void exchange_frame_decoder_destroy(struct exchange_frame_decoder **decoder_p);

/* Never reads past the bytes. */
void exchange_frame_decode(struct exchange_frame_decoder *decoder, struct slice bytes,
                           struct exchange_frame *out_frame);

/* {"method":"SUBSCRIBE","params":["btcusdt@kline_1m",...],"id":7}: the symbols in lower case as far
 * as they are ASCII. Returns the length; the text must have room for
 * EXCHANGE_FRAME_REQUEST_MAX(count) bytes. */
#define EXCHANGE_FRAME_REQUEST_MAX(count) ((size_t)(count) * (6 * SYMBOL_BYTES_MAX + 16) + 96)
size_t exchange_frame_print_request(const char *method, const char *const *symbols, size_t count,
                                    int64_t id, char *text);

#endif
