/* A row of the exchange's archive: what is taken prints as an event that the decoder takes. */
#include "ops/kline_csv.h"
#include "proto/kline.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct kline kline = {.symbol = "BTCUSDT", .symbol_size = 7};
    char error[KLINE_ERROR_MAX];
    char text[KLINE_JSON_MAX];

    (void)kline_csv_is_header((struct slice){bytes, size});
    if (kline_csv_parse((struct slice){bytes, size}, &kline, error) == STATUS_OK) {
        memcpy(kline.symbol, "BTCUSDT", 8);
        kline.symbol_size = 7;
        size_t printed = kline_print_json(&kline, text);
        assert(printed > 0 && printed < KLINE_JSON_MAX);
    }
    return 0;
}
