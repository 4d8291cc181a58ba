/* What the exchange says, over its stream and over REST. A row of klines that is taken is a kline
 * that the log's own decoder takes. */
#include "proto/exchange_frame.h"
#include "proto/exchange_rest.h"
#include "proto/kline.h"
#include "proto/web_url.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_row(void *context, const struct kline *kline, struct slice text)
{
    struct kline again;
    char error[KLINE_ERROR_MAX];
    assert(kline->is_closed && kline->trade_ids == TRADE_IDS_unknown);
    assert(kline_decode(context, text, &again, error) == REASON_none);
    assert(again.open_ms == kline->open_ms);
}

static void check_symbol(void *context, const char *symbol, const char *status)
{
    (void)context;
    assert(strlen(symbol) <= SYMBOL_BYTES_MAX);
    assert(strlen(status) < EXCHANGE_REST_STATUS_MAX);
}

static void check_url(const uint8_t *bytes, size_t size)
{
    char text[600];
    struct web_url url;
    size_t length = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (web_url_parse(text, "ws", "wss", &url) == STATUS_OK) {
        assert(url.host[0] != '\0' && url.port > 0 && url.port < 65536);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct exchange_frame_decoder *decoder;
    static struct exchange_rest_reader *reader;
    static struct kline_decoder *klines;
    struct exchange_frame frame;
    struct slice text = {bytes, size};
    char error[EXCHANGE_REST_ERROR_MAX];
    int64_t number;
    size_t bad_count;

    if (decoder == NULL) {
        decoder = exchange_frame_decoder_create();
        reader = exchange_rest_reader_create();
        klines = kline_decoder_create();
    }
    exchange_frame_decode(decoder, text, &frame);
    (void)!exchange_rest_read_klines(reader, text, "BTCUSDT", check_row, klines, &bad_count, error);
    (void)!exchange_rest_read_info(reader, text, check_symbol, NULL, &number, error);
    exchange_rest_read_error(reader, text, &number, error);
    check_url(bytes, size);
    return 0;
}
